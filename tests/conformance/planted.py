"""Faults to plant in the NumPy backend: name -> the case that must catch it, and what the broken backend overrides."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from spoiled import (
    after,
    always_forwards,
    backward_of,
    blind_to_the_stream,
    body_first,
    broadcast_shape,
    clipped_add,
    clipped_matmul,
    counted_padding,
    fused,
    gaps,
    half_away,
    in_core,
    instead,
    last_of_equals,
    max_pool_without_nan,
    nan_first_order,
    nan_skipped,
    one_buffer,
    other_bits,
    other_error,
    otherwise,
    quiet,
    raises,
    random_order_scatter,
    random_order_sum,
    remembered,
    right,
    scan_forwards,
    scan_out_of_place,
    shared_among_equals,
    signed_shift,
    spoiled_operand,
    swapped_decays,
    truncated_division,
    unstable_order,
    used_up,
    without_last_grad,
    wrapped_cast,
    written_adam,
)

from kcore.extend import Fused, Gap
from kcore_numpy import NumpyBackend


class Fault(NamedTuple):
    """A fault.

    Attributes:
        case: the name of the case that must catch it.
        overrides: attributes of the broken class; functions take what the backend's methods take, without `self`.
        says: a pattern that the failure's message must match.
    """

    case: str
    overrides: dict[str, Any]
    says: str = ""


FIRST = {"padding": lambda pairs: tuple((lo + 1, hi - 1) if hi else (lo, hi) for lo, hi in pairs)}
SWAPPED = {"padding": lambda pairs: tuple((hi, lo) for lo, hi in pairs)}

Faults = dict[str, Fault]

WRONG_VALUE: Faults = {
    "add subtracts": Fault("value/add/matrices", instead("add", np.subtract), "off by"),
    "exp in half precision": Fault(
        "value/exp/matrix", instead("exp", lambda x: np.exp(x.astype(np.float16)).astype(x.dtype)), "off by"
    ),
    "log1p as log(1 + x)": Fault(
        "value/log1p/float16",
        instead("log1p", quiet(lambda x: np.log(np.round(x.astype(np.float64), 3) + 1).astype(x.dtype))),
        "off by",
    ),
    "round half away from zero": Fault("value/round/kink at 0.5", instead("round", half_away), "got 1.0, expected 0.0"),
    "integer division truncates": Fault("value/floor_divide/integers", instead("floor_divide", truncated_division)),
    "remainder with the dividend's sign": Fault("value/remainder/integers", instead("remainder", quiet(np.fmod))),
    "division by zero gives -1": Fault(
        "value/floor_divide/integer extremes",
        instead("floor_divide", lambda x, y: np.where(y == 0, -1, right.floor_divide(x, y)).astype(x.dtype)),
        "got -1, expected 0",
    ),
    "cast wraps": Fault("value/cast/specials to uint8", instead("cast", wrapped_cast)),
    "shift by the width isn't 0": Fault(
        "value/shift_left/uint32", instead("shift_left", lambda x, y: np.left_shift(x, y & (x.itemsize * 8 - 1)))
    ),
    "broadcast repeats a row of another place": Fault(
        "value/broadcast_to/column", instead("broadcast_to", lambda x, *, shape: np.resize(x, shape))
    ),
    "reshape in column order": Fault(
        "value/reshape/flatten", instead("reshape", lambda x, *, shape: np.reshape(x, shape, order="F"))
    ),
    "scatter keeps the first of equals": Fault(
        "value/scatter/repeated",
        instead("scatter", lambda x, i, u, *, axis: right.scatter(x, np.flip(i), np.flip(u, axis), axis=axis)),
    ),
    "scatter_add forgets repeats": Fault(
        "value/scatter_add/repeated",
        instead(
            "scatter_add", lambda x, i, u, *, axis: right.scatter(x, i, right.take(x, i, axis=axis) + u, axis=axis)
        ),
    ),
    "power through logarithms": Fault(
        "value/power/specials", instead("power", quiet(lambda x, y: np.exp(y * np.log(x)).astype(x.dtype)))
    ),
    "minus zero is lost": Fault(
        "value/negative/specials", instead("negative", lambda x: (0 - x).astype(x.dtype)), "signs of zeros"
    ),
}
MISSING_RETURN: Faults = {
    "multiply returns nothing": Fault(
        "value/multiply/matrices", instead("multiply", lambda x, y: None), "no tensor.*NoneType"
    ),
    "a copy returns nothing": Fault("conversion/a copy is apart", instead("copy", lambda x: None)),
    "concat returns a list": Fault("value/concat/two", after("concat", lambda x: x.tolist()), "no tensor.*list"),
}
SWAPPED_AXIS: Faults = {
    "permute_dims inverts its axes": Fault(
        "value/permute_dims/cycle", otherwise("permute_dims", axes=lambda axes: tuple(np.argsort(axes))), "shape"
    ),
    "concat along another axis": Fault("value/concat/two", otherwise("concat", axis=lambda axis: 1 - axis)),
    "cumsum along another axis": Fault("value/cumsum/axis 0", otherwise("cumsum", axis=lambda axis: (axis + 1) % 3)),
    "argmax along another axis": Fault(
        "value/argmax/axis 1", instead("argmax", lambda x, *, axis: np.argmax(x, (axis + 1) % x.ndim).astype(np.int32))
    ),
    "matmul transposes": Fault(
        "value/matmul/float64", instead("matmul", lambda x, y: np.matmul(x, np.swapaxes(y, -1, -2)))
    ),
    "conv flips the kernel": Fault(
        "value/conv/valid",
        instead("conv", lambda x, k, **params: right.conv(x, np.ascontiguousarray(k[::-1, ::-1]), **params)),
    ),
    "flip of the wrong axis": Fault(
        "value/flip/one axis", instead("flip", lambda x, *, axes: np.flip(x, tuple((a + 1) % x.ndim for a in axes)))
    ),
}
WRONG_DTYPE: Faults = {
    "sum widens integers": Fault("value/sum/integers", after("sum", lambda x: x.astype(np.int64)), "dtype is int64"),
    "equal gives integers": Fault(
        "value/equal/matrices", after("equal", lambda x: x.astype(np.uint8)), "dtype is uint8"
    ),
    "argmax of 64 bits": Fault("value/argmax/axis 0", after("argmax", lambda x: x.astype(np.int64)), "dtype is int64"),
    "exp in float64": Fault("value/exp/matrix", after("exp", lambda x: x.astype(np.float64)), "dtype is float64"),
    "float16 is widened": Fault(
        "value/tanh/float16", after("tanh", lambda x: x.astype(np.float32) if x.dtype == np.float16 else x), "dtype"
    ),
    "asarray ignores the dtype": Fault(
        "dtype/float16", instead("asarray", lambda x, dtype=None: np.asarray(x)), "the dtype is"
    ),
    "to_numpy widens": Fault(
        "conversion/shape (2, 3, 4)", instead("to_numpy", lambda x: np.asarray(x, np.float64)), "dtype is float64"
    ),
}
ZERO_SIZE: Faults = {
    "sum of nothing is a scalar": Fault(
        "value/sum/zero size result",
        instead("sum", lambda x, **p: right.sum(x, **p) if x.size else np.zeros((), x.dtype)),
        "the shape is",
    ),
    "zero-size product drops an axis": Fault(
        "value/matmul/empty batch",
        instead("matmul", lambda x, y: np.matmul(x, y) if x.size else x[..., 0]),
        "the shape",
    ),
    "no windows where none fits": Fault(
        "value/windows/no window fits",
        after("windows", lambda y: y if y.size else np.zeros((1,), y.dtype)),
        "the shape is",
    ),
}
WRONG_SHAPE: Faults = {
    "scalars get an axis": Fault("value/negative/scalar", after("negative", np.atleast_1d), "the shape is"),
    "keepdims is ignored": Fault("value/max/keepdims", otherwise("max", keepdims=lambda keep: False), "the shape is"),
}
WRITES_INTO_AN_INPUT: Faults = {
    "negative writes into x": Fault(
        "operands/negative/matrix", spoiled_operand("negative", 0), "operand 0 was written"
    ),
    "scatter writes into x": Fault("operands/scatter/rows", spoiled_operand("scatter", 0), "operand 0 was written"),
    "matmul writes into y": Fault("operands/matmul/matrices", spoiled_operand("matmul", 1), "operand 1 was written"),
    "adam writes into the value": Fault("fused/adam/vector", fused("adam", forward=written_adam), "operand 1 was"),
}
WRONG_GRADIENT: Faults = {
    "max pool's pullback is doubled": Fault(
        "fused gradient/max_pool/apart",
        fused("max_pool", backward=lambda *a, **p: tuple(2 * g for g in backward_of("max_pool")(*a, **p))),
        "directional derivative",
    ),
    "average pool's pullback is of another dtype": Fault(
        "fused gradient/average_pool/apart",
        fused("average_pool", backward=lambda *a, **p: (backward_of("average_pool")(*a, **p)[0].astype(np.float32),)),
        "dtype is float32",
    ),
    "lstm's pullback forgets the kernel": Fault(
        "fused gradient/lstm/forwards", fused("lstm", backward=without_last_grad("lstm")), "directional derivative"
    ),
    "gru's pullback forgets the bias": Fault(
        "fused gradient/gru/forwards", fused("gru", backward=without_last_grad("gru")), "directional derivative"
    ),
    "conv's kernel gradient is flipped": Fault(
        "gradient/conv/valid", after("conv_kernel_grad", lambda k: k[::-1, ::-1].copy()), "directional derivative"
    ),
    "windows' gradient forgets overlaps": Fault(
        "gradient/windows/overlapping", after("fold", lambda x: x / 2), "directional derivative"
    ),
    "layer gradient through a wrong scatter": Fault(
        "gradient/take/matrix of indices", after("scatter_add", lambda x: -x), "directional derivative"
    ),
    "the second gradient alone is wrong": Fault(
        "second gradient/tanh/matrix",
        instead("negative", lambda x: np.negative(x) if x.dtype != np.float64 else np.zeros_like(x)),
        "order 2",
    ),
}
GRADIENT_WRONG_ONLY_AT_A_KINK_OR_A_TIE: Faults = {
    "max pool shares among equals": Fault("kink/max pool of equals", fused("max_pool", backward=shared_among_equals)),
    "the sign of 0 is 1": Fault(
        "kink/absolute at 0", instead("sign", lambda x: np.where(x == 0, 1, np.sign(x)).astype(x.dtype))
    ),
    "equals aren't equal": Fault(
        "kink/largest of equals", instead("equal", lambda x, y: np.zeros(broadcast_shape(x, y), bool))
    ),
    "where turns at equality": Fault("kink/maximum of equals", instead("less", np.less_equal)),
}
NAN_SWALLOWED: Faults = {
    "max skips nan": Fault(
        "value/max/specials", instead("max", lambda x, *, axes, keepdims: np.fmax.reduce(x, axes, keepdims=keepdims))
    ),
    "maximum swallows nan": Fault("value/maximum/specials", instead("maximum", np.fmax)),
    "max pool swallows nan": Fault("special/max pool of nan", fused("max_pool", forward=max_pool_without_nan)),
    "argmax skips nan": Fault("value/argmax/specials", instead("argmax", nan_skipped)),
    "the sign of nan is 0": Fault("value/sign/specials", after("sign", np.nan_to_num)),
}
OFF_BY_ONE_PADDING: Faults = {
    "pad is off by one": Fault(
        "value/pad/both sides",
        otherwise("pad", widths=lambda widths: tuple((lo + 1, hi - 1) if hi else (lo, hi) for lo, hi in widths)),
    ),
    "conv swaps the sides of padding": Fault("value/conv/padding", otherwise("conv", **SWAPPED)),
    "conv's padding is off by one": Fault("value/conv/one axis", otherwise("conv", **FIRST)),
    "average pool counts padding": Fault(
        "fused/average_pool/padding", fused("average_pool", forward=counted_padding, backward=None), "off by"
    ),
}
UNSTABLE_SORT: Faults = {
    "argsort is unstable": Fault("value/argsort/ties", instead("argsort", unstable_order)),
    "nan comes first": Fault("value/argsort/specials", instead("argsort", nan_first_order)),
    "argmax takes the last of equals": Fault("value/argmax/ties", instead("argmax", last_of_equals)),
}
STALE_STATE: Faults = {
    "a result is remembered": Fault("fresh/exp", instead("exp", remembered(np.exp))),
    "results share a buffer": Fault("fresh/sqrt", instead("sqrt", one_buffer(np.sqrt))),
    "a pullback writes into what was kept": Fault(
        "fused gradient twice/softmax/matrix", fused("softmax", backward=used_up("softmax"))
    ),
    "a copy is a view": Fault("conversion/a copy is apart", instead("copy", lambda x: x)),
}
CONTROL_FLOW: Faults = {
    "scan always runs forwards": Fault("control/scan backwards", {"scan": scan_forwards}),
    "scan writes rows out of place": Fault("control/scan backwards", {"scan": scan_out_of_place}),
    "while_loop runs once too often": Fault("control/while_loop counts its rounds", {"while_loop": body_first}),
    "cond takes the other branch": Fault(
        "control/cond takes one branch", {"cond": lambda self, pred, yes, no: no() if bool(pred) else yes()}
    ),
    "lstm ignores the direction": Fault(
        "fused/lstm/backwards", fused("lstm", forward=always_forwards("lstm"), backward=None), "off by"
    ),
}
RANDOM_BITS_THAT_DIFFER: Faults = {
    "unsigned shift keeps the sign": Fault(
        "random/threefry of ones",
        instead("shift_right", signed_shift),
    ),
    "random bits ignore the stream": Fault(
        "random/bits of shape (7,)",
        {"fused": {**NumpyBackend.fused, "random_bits": Fused(lambda specs, params: True, blind_to_the_stream)}},
    ),
    "random bits of its own": Fault(
        "random/stored bits",
        fused("random_bits", forward=other_bits),
    ),
    "iota starts at 1": Fault("value/iota/uint32", after("iota", lambda x: x + x.dtype.type(1))),
}
NON_DETERMINISM: Faults = {
    "sum in any order": Fault("determinism/sum", instead("sum", random_order_sum), "differ"),
    "scatter_add in any order": Fault(
        "determinism/scatter_add", instead("scatter_add", random_order_scatter), "differ"
    ),
}
MISSING_ERROR: Faults = {
    "matmul takes shapes that don't meet": Fault(
        "error/matmul of shapes that don't meet", instead("matmul", clipped_matmul), "nothing was raised"
    ),
    "add takes shapes that don't broadcast": Fault(
        "error/add of shapes that don't broadcast", instead("add", clipped_add), "nothing was raised"
    ),
}
WRONG_ERROR_TYPE: Faults = {
    "a gap raises another error": Fault(
        "value/argsort/axis 0",
        {**instead("argsort", raises(KeyError("x"))), **gaps(Gap("argsort", "notimpl", "later"))},
        "is to raise NotImplementedError",
    ),
    "a gap of a dtype raises another error": Fault(
        "value/exp/float64",
        {**instead("exp", raises(KeyError("x"))), **gaps(Gap("dtype:float64", "never", "narrow", TypeError))},
        "is to raise TypeError",
    ),
    "a layer raises a TypeError for a bad value": Fault(
        "known/output_padding_is_below_the_stride",
        in_core("Conv1DTranspose", "__init__", other_error(TypeError)),
        "raised TypeError .*expected InvalidArgumentError",
    ),
}
GAPS: Faults = {
    "an undeclared gap": Fault(
        "value/argsort/axis 0",
        instead("argsort", raises(NotImplementedError("no sort"))),
        "NotImplementedError: no sort",
    ),
    "a gap works": Fault("value/argsort/axis 0", gaps(Gap("argsort", "notimpl", "later")), "it works, though"),
    "a gap gives a wrong result": Fault(
        "value/argsort/ties",
        {**instead("argsort", unstable_order), **gaps(Gap("argsort", "notyet", "unstable"))},
        "is to raise NotImplementedError",
    ),
}
TRAINING: Faults = {
    "adam swaps its decays": Fault("training/mlp, Adam", fused("adam", forward=swapped_decays, inplace=None), "off by"),
}
DROPOUT_IN_INFERENCE: Faults = {
    "dropout is active in inference": Fault(
        "inference/Dropout does nothing",
        in_core("Dropout", "call", lambda call: lambda self, inputs, training=False: call(self, inputs, True)),
        "values differ",
    ),
    "whole channels are dropped in inference": Fault(
        "inference/SpatialDropout1D does nothing",
        in_core("SpatialDropout1D", "call", lambda call: lambda self, inputs, training=False: call(self, inputs, True)),
        "values differ",
    ),
    "noise is added in inference": Fault(
        "inference/GaussianNoise does nothing",
        in_core("GaussianNoise", "call", lambda call: lambda self, inputs, training=False: call(self, inputs, True)),
        "values differ",
    ),
}
LAYERS: Faults = {
    "a masked step is averaged": Fault(
        "mask/GlobalAveragePooling1D ends where the mask does",
        in_core("GlobalAveragePooling1D", "call", lambda call: lambda self, inputs, mask=None: call(self, inputs)),
        "off by",
    ),
    "an embedding has no mask": Fault(
        "mask/of an embedding reaches the recurrent layer",
        in_core("Embedding", "compute_mask", lambda compute_mask: lambda self, inputs, mask=None: None),
        "off by",
    ),
    "moving statistics stand still": Fault(
        "layer/batch normalization learns in training alone",
        in_core("BatchNormalization", "_follow", lambda follow: lambda self, moving, value: None),
        "off by",
    ),
    "a config forgets the padding": Fault(
        "layer config/conv2d_same_strides",
        in_core("Conv2D", "get_config", lambda get: lambda self: {**get(self), "padding": "valid"}),
        "shape",
    ),
    "channels first is read as channels last": Fault(
        "layer format/ZeroPadding2D",
        in_core("ZeroPadding2D", "__init__", lambda init: lambda self, padding, data_format=None: init(self, padding)),
        "shape",
    ),
}

RARE: Faults = {
    "concat leaves the fourth part out": Fault(
        "property/concat",
        instead("concat", lambda *xs, axis: right.concat(*xs[:3], axis=axis)),
        r"the shape is.*The smallest call found: concat\(",
    ),
    "sum of axes that are no neighbours": Fault(
        "property/sum",
        otherwise("sum", axes=lambda axes: axes[:-1] if axes and axes[-1] - axes[0] >= len(axes) else axes),
        "the shape is.*The smallest call found",
    ),
    "conv forgets dilation where it strides": Fault(
        "property/conv",
        instead(
            "conv",
            lambda x, k, **p: right.conv(
                x,
                k,
                **{
                    **p,
                    "dilation": tuple(1 if s == 3 else d for s, d in zip(p["strides"], p["dilation"], strict=True)),
                },
            ),
        ),
        "the shape is|values differ|off by",
    ),
    "the fourth axis is taken for the third": Fault(
        "property/take", otherwise("take", axis=lambda axis: min(axis, 2)), "The smallest call found"
    ),
}
"""What no sample of the table asks, and a call that is made up does."""

KINDS: dict[str, Faults] = {
    "wrong value": WRONG_VALUE,
    "missing return": MISSING_RETURN,
    "swapped axis": SWAPPED_AXIS,
    "wrong dtype": WRONG_DTYPE,
    "wrong shape for zero-size input": ZERO_SIZE,
    "wrong shape": WRONG_SHAPE,
    "writes into an input": WRITES_INTO_AN_INPUT,
    "wrong gradient": WRONG_GRADIENT,
    "gradient wrong only at a kink or a tie": GRADIENT_WRONG_ONLY_AT_A_KINK_OR_A_TIE,
    "NaN swallowed": NAN_SWALLOWED,
    "off-by-one padding": OFF_BY_ONE_PADDING,
    "unstable sort": UNSTABLE_SORT,
    "stale state": STALE_STATE,
    "control flow": CONTROL_FLOW,
    "random bits that differ": RANDOM_BITS_THAT_DIFFER,
    "non-determinism": NON_DETERMINISM,
    "missing error": MISSING_ERROR,
    "wrong error type": WRONG_ERROR_TYPE,
    "gaps": GAPS,
    "training": TRAINING,
    "dropout active in inference": DROPOUT_IN_INFERENCE,
    "layers": LAYERS,
    "of rare calls": RARE,
}
FAULTS = {name: fault for faults in KINDS.values() for name, fault in faults.items()}
