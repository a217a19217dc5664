"""Layers on inputs that a formula makes: the table for which `keras_values.json` holds what Keras computes.

A case is `(name, make, shapes, options)`: `make(layers)` builds the layer from a namespace of layers, ours or Keras's;
`shapes` are the shapes of its inputs (one, or a list); `options` are arguments of the call. Inputs and weights are
sines, so that nobody has to store them; integers and masks follow from them.
"""

from __future__ import annotations

import numpy as np

MASK = np.array([[1, 1, 0, 1, 0], [0, 1, 1, 0, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], bool)
"""Masks in the middle, at the start and at the end of four sequences of five steps; one masked altogether."""


def wave(shape, phase=0.0, rate=0.7):
    """Numbers between -1 and 1, float32."""
    size = int(np.prod(shape))
    return np.sin(rate * np.arange(size) + phase).reshape(shape).astype("float32")


def inputs_of(shapes, options):
    """The inputs of a case: one array, or a list."""
    several = isinstance(shapes, list)
    arrays = [wave(shape, phase + 0.1) * 2 for phase, shape in enumerate(shapes if several else [shapes])]
    if options.get("integers"):
        arrays = [(np.abs(x) * 3).astype("int32") for x in arrays]
    return arrays if several else arrays[0]


def call_options(options):
    """The keyword arguments of the call."""
    return {name: value for name, value in options.items() if name != "integers"}


def fill(layer):
    """Gives a built layer its weights: sines, and for a variance sines above 0.5."""
    weights = []
    for index, variable in enumerate(layer.weights):
        values = wave(tuple(variable.shape), index + 1.0, 1.3) * 0.5
        weights.append(np.abs(values) + 0.5 if "variance" in variable.path else values)
    layer.set_weights(weights)


def flat(outputs):
    """All tensors of nested outputs, as NumPy arrays."""
    if isinstance(outputs, (list, tuple)):
        return [array for part in outputs for array in flat(part)]
    return [np.asarray(outputs)]


SEQUENCE, IMAGE, VOLUME = (4, 5, 3), (2, 6, 7, 4), (2, 4, 5, 6, 2)
STATES = [wave((4, 2), 5.0), wave((4, 2), 6.0)]

CORE = [
    ("dense", lambda L: L.Dense(3, activation="tanh"), (2, 4), {}),
    ("dense_rank_4", lambda L: L.Dense(3, use_bias=False), (2, 3, 2, 4), {}),
    ("einsum_dense", lambda L: L.EinsumDense("abc,cd->abd", (None, 4), bias_axes="d"), (2, 3, 5), {}),
    ("einsum_dense_ellipsis", lambda L: L.EinsumDense("...x,xy->...y", 4, bias_axes="y"), (2, 3, 5), {}),
    ("einsum_dense_heads", lambda L: L.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de"), (2, 3, 5), {}),
    ("einsum_dense_bias_b", lambda L: L.EinsumDense("abc,cd->abd", (3, 4), bias_axes="b"), (2, 3, 5), {}),
    ("embedding", lambda L: L.Embedding(7, 3), (2, 5), {"integers": True}),
    ("masking", lambda L: L.Masking(0.0), (2, 3, 4), {}),
    ("activation", lambda L: L.Activation("softplus"), (2, 4), {}),
    ("relu", lambda L: L.ReLU(max_value=1.2, negative_slope=0.1, threshold=0.3), (3, 7), {}),
    ("leaky_relu", lambda L: L.LeakyReLU(0.2), (3, 7), {}),
    ("prelu", lambda L: L.PReLU(shared_axes=[1]), (2, 3, 4), {}),
    ("elu", lambda L: L.ELU(1.5), (3, 7), {}),
    ("softmax", lambda L: L.Softmax(axis=1), (2, 3, 4), {}),
    ("softmax_axes", lambda L: L.Softmax(axis=(1, 2)), (2, 3, 4), {}),
    ("softmax_mask", lambda L: L.Softmax(), (4, 5), {"mask": MASK}),
]
RESHAPING = [
    ("flatten", lambda L: L.Flatten(), (2, 3, 4, 2), {}),
    ("flatten_first", lambda L: L.Flatten(data_format="channels_first"), (2, 3, 4, 2), {}),
    ("reshape", lambda L: L.Reshape((2, -1)), (2, 3, 4), {}),
    ("permute", lambda L: L.Permute((3, 1, 2)), (2, 3, 4, 5), {}),
    ("repeat_vector", lambda L: L.RepeatVector(3), (2, 4), {}),
    ("zero_padding1d", lambda L: L.ZeroPadding1D((1, 2)), SEQUENCE, {}),
    ("zero_padding2d", lambda L: L.ZeroPadding2D(((1, 0), (2, 1))), IMAGE, {}),
    ("zero_padding2d_first", lambda L: L.ZeroPadding2D((1, 2), data_format="channels_first"), IMAGE, {}),
    ("zero_padding3d", lambda L: L.ZeroPadding3D(1), VOLUME, {}),
    ("cropping1d", lambda L: L.Cropping1D((1, 0)), SEQUENCE, {}),
    ("cropping2d", lambda L: L.Cropping2D(((1, 2), (0, 1))), IMAGE, {}),
    ("cropping2d_first", lambda L: L.Cropping2D(1, data_format="channels_first"), IMAGE, {}),
    ("cropping3d", lambda L: L.Cropping3D(1), VOLUME, {}),
    ("up_sampling1d", lambda L: L.UpSampling1D(3), SEQUENCE, {}),
    ("up_sampling2d", lambda L: L.UpSampling2D((2, 3)), IMAGE, {}),
    ("up_sampling2d_first", lambda L: L.UpSampling2D(2, data_format="channels_first"), IMAGE, {}),
    ("up_sampling2d_bilinear", lambda L: L.UpSampling2D((2, 3), interpolation="bilinear"), IMAGE, {}),
    ("up_sampling3d", lambda L: L.UpSampling3D((1, 2, 1)), VOLUME, {}),
]
MERGING = [
    *(
        (name.lower(), lambda L, name=name: getattr(L, name)(), [(2, 3, 4), (2, 3, 4), (2, 3, 1)], {})
        for name in ("Add", "Multiply", "Average", "Maximum", "Minimum")
    ),
    ("subtract", lambda L: L.Subtract(), [(2, 3, 4), (2, 3, 4)], {}),
    ("add_ranks", lambda L: L.Add(), [(2, 5, 4), (2, 4)], {}),
    ("concatenate", lambda L: L.Concatenate(), [(2, 3, 4), (2, 3, 1)], {}),
    ("concatenate_1", lambda L: L.Concatenate(axis=1), [(2, 3, 4), (2, 2, 4)], {}),
    ("dot", lambda L: L.Dot(axes=(2, 1)), [(2, 3, 4), (2, 4, 5)], {}),
    ("dot_vectors", lambda L: L.Dot(axes=1), [(2, 3), (2, 3)], {}),
    ("dot_cosine", lambda L: L.Dot(axes=-1, normalize=True), [(2, 3, 4), (2, 2, 4)], {}),
]
CONVOLUTION = [
    ("conv1d", lambda L: L.Conv1D(3, 3, padding="same"), SEQUENCE, {}),
    ("conv1d_causal", lambda L: L.Conv1D(3, 2, padding="causal", dilation_rate=2), SEQUENCE, {}),
    ("conv1d_strides", lambda L: L.Conv1D(3, 2, strides=2, activation="tanh"), SEQUENCE, {}),
    ("conv2d", lambda L: L.Conv2D(3, (2, 3)), IMAGE, {}),
    ("conv2d_same_strides", lambda L: L.Conv2D(3, 3, strides=(2, 3), padding="same"), IMAGE, {}),
    ("conv2d_dilation", lambda L: L.Conv2D(3, 2, dilation_rate=(2, 3), padding="same"), IMAGE, {}),
    ("conv2d_groups", lambda L: L.Conv2D(6, 2, groups=2, use_bias=False), IMAGE, {}),
    ("conv2d_first", lambda L: L.Conv2D(3, 3, data_format="channels_first"), IMAGE, {}),
    ("conv3d", lambda L: L.Conv3D(3, 2, strides=(1, 2, 1)), VOLUME, {}),
    ("conv1d_transpose", lambda L: L.Conv1DTranspose(3, 3, strides=2), SEQUENCE, {}),
    ("conv2d_transpose", lambda L: L.Conv2DTranspose(3, 3, strides=(2, 1), padding="same"), IMAGE, {}),
    ("conv2d_transpose_valid", lambda L: L.Conv2DTranspose(3, (2, 3), strides=(3, 2)), IMAGE, {}),
    ("conv2d_transpose_extra", lambda L: L.Conv2DTranspose(3, 3, strides=2, output_padding=1), IMAGE, {}),
    (
        "conv2d_transpose_same_extra",
        lambda L: L.Conv2DTranspose(3, 3, strides=2, padding="same", output_padding=(0, 1)),
        IMAGE,
        {},
    ),
    ("conv2d_transpose_dilation", lambda L: L.Conv2DTranspose(3, 2, dilation_rate=2, padding="same"), IMAGE, {}),
    ("conv2d_transpose_first", lambda L: L.Conv2DTranspose(3, 2, data_format="channels_first"), IMAGE, {}),
    ("conv3d_transpose", lambda L: L.Conv3DTranspose(2, 2, strides=2, padding="same"), (1, 2, 3, 2, 2), {}),
    ("depthwise_conv1d", lambda L: L.DepthwiseConv1D(2, depth_multiplier=2), SEQUENCE, {}),
    ("depthwise_conv2d", lambda L: L.DepthwiseConv2D(3, strides=2, depth_multiplier=2, padding="same"), IMAGE, {}),
    ("depthwise_conv2d_first", lambda L: L.DepthwiseConv2D(2, data_format="channels_first"), IMAGE, {}),
    ("separable_conv1d", lambda L: L.SeparableConv1D(3, 3, padding="same", depth_multiplier=2), SEQUENCE, {}),
    ("separable_conv2d", lambda L: L.SeparableConv2D(3, 3, padding="same"), IMAGE, {}),
    ("separable_conv2d_first", lambda L: L.SeparableConv2D(3, 2, data_format="channels_first"), IMAGE, {}),
]
POOLING = [
    ("max_pooling1d", lambda L: L.MaxPooling1D(2), SEQUENCE, {}),
    ("max_pooling1d_same", lambda L: L.MaxPooling1D(3, strides=2, padding="same"), SEQUENCE, {}),
    ("max_pooling2d", lambda L: L.MaxPooling2D((2, 3)), IMAGE, {}),
    ("max_pooling2d_first", lambda L: L.MaxPooling2D(2, data_format="channels_first"), IMAGE, {}),
    ("max_pooling3d", lambda L: L.MaxPooling3D(2), VOLUME, {}),
    ("average_pooling1d", lambda L: L.AveragePooling1D(2, strides=1), SEQUENCE, {}),
    ("average_pooling2d", lambda L: L.AveragePooling2D(3, strides=2, padding="same"), IMAGE, {}),
    ("average_pooling2d_first", lambda L: L.AveragePooling2D(2, data_format="channels_first"), IMAGE, {}),
    ("average_pooling3d", lambda L: L.AveragePooling3D(2), VOLUME, {}),
    ("global_max_pooling1d", lambda L: L.GlobalMaxPooling1D(), SEQUENCE, {}),
    ("global_max_pooling2d", lambda L: L.GlobalMaxPooling2D(data_format="channels_first"), IMAGE, {}),
    ("global_max_pooling3d", lambda L: L.GlobalMaxPooling3D(keepdims=True), VOLUME, {}),
    ("global_average_pooling1d", lambda L: L.GlobalAveragePooling1D(), SEQUENCE, {}),
    ("global_average_pooling1d_mask", lambda L: L.GlobalAveragePooling1D(), (3, 5, 3), {"mask": MASK[:3]}),
    ("global_average_pooling2d", lambda L: L.GlobalAveragePooling2D(keepdims=True), IMAGE, {}),
    ("global_average_pooling3d", lambda L: L.GlobalAveragePooling3D(), VOLUME, {}),
]
NORMALIZATION = [
    ("batch_normalization", lambda L: L.BatchNormalization(), (4, 3), {"training": True}),
    ("batch_normalization_inference", lambda L: L.BatchNormalization(), IMAGE, {"training": False}),
    ("batch_normalization_axis", lambda L: L.BatchNormalization(axis=1, scale=False), IMAGE, {"training": True}),
    ("batch_normalization_mask", lambda L: L.BatchNormalization(), SEQUENCE, {"training": True, "mask": MASK}),
    ("batch_normalization_frozen", lambda L: L.BatchNormalization(trainable=False), (4, 3), {"training": True}),
    ("layer_normalization", lambda L: L.LayerNormalization(), SEQUENCE, {}),
    ("layer_normalization_axes", lambda L: L.LayerNormalization(axis=(1, 2)), IMAGE, {}),
    ("layer_normalization_middle", lambda L: L.LayerNormalization(axis=1, center=False), IMAGE, {}),
    ("layer_normalization_rms", lambda L: L.LayerNormalization(rms_scaling=True), SEQUENCE, {}),
    ("rms_normalization", lambda L: L.RMSNormalization(), SEQUENCE, {}),
    ("group_normalization", lambda L: L.GroupNormalization(2), IMAGE, {}),
    ("group_normalization_first", lambda L: L.GroupNormalization(3, axis=1), IMAGE, {}),
    ("unit_normalization", lambda L: L.UnitNormalization(axis=(1, 2)), SEQUENCE, {}),
]
FULL = {"return_sequences": True, "return_state": True}
RECURRENT = [
    *(
        (
            f"{kind.lower()}{suffix}",
            lambda L, kind=kind, layer=layer: getattr(L, kind)(2, **FULL, **layer),
            SEQUENCE,
            options,
        )
        for kind in ("SimpleRNN", "LSTM", "GRU")
        for suffix, layer, options in (
            ("", {}, {}),
            ("_mask", {}, {"mask": MASK}),
            ("_backwards", {"go_backwards": True}, {}),
            ("_backwards_mask", {"go_backwards": True}, {"mask": MASK}),
            ("_zero_output", {"zero_output_for_mask": True}, {"mask": MASK}),
            ("_state", {}, {"initial_state": STATES[: 2 if kind == "LSTM" else 1]}),
            ("_unrolled", {"unroll": True, "activation": "relu"}, {}),
            ("_no_bias", {"use_bias": False}, {}),
        )
    ),
    ("lstm_last", lambda L: L.LSTM(2, recurrent_activation="hard_sigmoid"), SEQUENCE, {}),
    ("lstm_last_mask", lambda L: L.LSTM(2), SEQUENCE, {"mask": MASK}),
    ("gru_reset_before", lambda L: L.GRU(2, reset_after=False, **FULL), SEQUENCE, {}),
    ("gru_reset_before_mask", lambda L: L.GRU(2, reset_after=False, **FULL), SEQUENCE, {"mask": MASK}),
    ("rnn_stacked", lambda L: L.RNN([L.LSTMCell(3), L.GRUCell(2)], **FULL), SEQUENCE, {}),
    ("rnn_stacked_mask", lambda L: L.RNN([L.LSTMCell(3), L.GRUCell(2)], **FULL), SEQUENCE, {"mask": MASK}),
    *(
        (f"bidirectional_{mode}", lambda L, mode=mode: L.Bidirectional(L.GRU(2), merge_mode=mode), SEQUENCE, {})
        for mode in ("concat", "sum", "ave", "mul", None)
    ),
    ("bidirectional_full", lambda L: L.Bidirectional(L.LSTM(2, **FULL)), SEQUENCE, {}),
    ("bidirectional_mask", lambda L: L.Bidirectional(L.LSTM(2, **FULL)), SEQUENCE, {"mask": MASK}),
    ("time_distributed", lambda L: L.TimeDistributed(L.Dense(2)), SEQUENCE, {}),
    ("time_distributed_conv", lambda L: L.TimeDistributed(L.Conv1D(2, 2)), (2, 3, 5, 2), {}),
    ("time_distributed_lstm", lambda L: L.TimeDistributed(L.LSTM(2)), (2, 3, 5, 2), {}),
]
ATTENTION = [
    ("attention", lambda L: L.MultiHeadAttention(2, 3), SEQUENCE, {"value": wave((4, 6, 2), 3.0)}),
    (
        "attention_options",
        lambda L: L.MultiHeadAttention(2, 3, value_dim=2, output_shape=5, use_bias=False),
        SEQUENCE,
        {"value": wave((4, 6, 2), 3.0), "key": wave((4, 6, 3), 4.0), "return_attention_scores": True},
    ),
    (
        "attention_causal",
        lambda L: L.MultiHeadAttention(2, 3),
        SEQUENCE,
        {"value": wave((4, 5, 2), 3.0), "use_causal_mask": True, "return_attention_scores": True},
    ),
    (
        "attention_mask",
        lambda L: L.MultiHeadAttention(2, 3),
        (3, 5, 3),
        {"value": wave((3, 5, 2), 3.0), "value_mask": MASK[:3], "return_attention_scores": True},
    ),
    ("attention_image", lambda L: L.MultiHeadAttention(2, 3), (2, 3, 2, 4), {"value": wave((2, 3, 2, 4), 3.0)}),
]
CASES = CORE + RESHAPING + MERGING + CONVOLUTION + POOLING + NORMALIZATION + RECURRENT + ATTENTION
