"""Recurrent layers: paths that have to agree, masks, states, dropout, custom cells, wrappers, errors."""

from __future__ import annotations

import numpy as np
import pytest

from kcore import Function, GradientTape, Sequential, layers, ops
from kcore.conformance.layers import table
from kcore.errors import InvalidArgumentError, InvalidTypeError, ShapeError
from kcore.ops.masks import get_mask

X = table.wave((4, 5, 3))
KINDS = {"SimpleRNN": 1, "LSTM": 2, "GRU": 1}


def filled(layer, shape=X.shape):
    """The layer, built, with the weights of the table."""
    layer.build(shape)
    table.fill(layer)
    return layer


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_an_lstm_is_what_its_formula_says(backend):
    layer = filled(layers.LSTM(2, return_sequences=True))
    kernel, recurrent, bias = (w.astype("float64") for w in layer.get_weights())
    h = c = np.zeros((4, 2))
    for t in range(5):
        i, f, g, o = np.split(X[:, t].astype("float64") @ kernel + h @ recurrent + bias, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        np.testing.assert_allclose(np.asarray(layer(X))[:, t], h, atol=2e-6)


def test_a_gru_is_what_its_formula_says(backend):
    layer = filled(layers.GRU(2))
    kernel, recurrent, (b_in, b_rec) = (w.astype("float64") for w in layer.get_weights())
    h = np.zeros((4, 2))
    for t in range(5):
        x_z, x_r, x_g = np.split(X[:, t].astype("float64") @ kernel + b_in, 3, axis=1)
        p_z, p_r, p_g = np.split(h @ recurrent + b_rec, 3, axis=1)
        z, r = sigmoid(x_z + p_z), sigmoid(x_r + p_r)
        h = z * h + (1 - z) * np.tanh(x_g + r * p_g)
    np.testing.assert_allclose(np.asarray(layer(X)), h, atol=2e-6)


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_fused_looped_unrolled_and_single_cells_agree(backend, kind, go_backwards):
    options = {"return_sequences": True, "return_state": True, "go_backwards": go_backwards}
    fused = filled(getattr(layers, kind)(2, **options))
    expected = table.flat(fused(X))
    everything = np.ones((4, 5), bool)
    others = [fused(X, mask=everything)]
    unrolled = filled(getattr(layers, kind)(2, unroll=True, **options))
    cell = layers.RNN(getattr(layers, f"{kind}Cell")(2), **options)
    stacked = layers.RNN([getattr(layers, f"{kind}Cell")(2)], **options)
    others += [layer(X) for layer in (unrolled, filled(cell), filled(stacked))]
    for outputs in others:
        for x, y in zip(expected, table.flat(outputs), strict=True):
            np.testing.assert_allclose(y, x, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_the_fused_and_the_looped_path_agree(backend, kind):
    layer = filled(getattr(layers, kind)(2, return_sequences=True))

    def gradients(mask):
        with GradientTape() as tape:
            x = tape.watch(ops.convert_to_tensor(X))
            loss = ops.sum(ops.square(layer(x, mask=mask)))
        return [np.asarray(g) for g in tape.gradient(loss, [x, *layer.trainable_variables])]

    for one, two in zip(gradients(None), gradients(np.ones((4, 5), bool)), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_captured_gradients_are_the_eager_ones(backend, kind, masked):
    layer = filled(getattr(layers, kind)(2))
    mask = table.MASK if masked else None

    def gradients(x):
        with GradientTape() as tape:
            loss = ops.sum(ops.square(layer(x, mask=mask)))
        return tape.gradient(loss, layer.trainable_variables)

    for one, two in zip(gradients(X), Function(gradients)(X), strict=True):
        np.testing.assert_allclose(np.asarray(one), np.asarray(two), rtol=1e-4, atol=1e-5)


def test_a_masked_step_repeats_output_and_state(backend):
    layer = filled(layers.LSTM(2, return_sequences=True, return_state=True))
    mask = np.array([[False, True, False, True, False]] * 4)
    y, h, _ = (np.asarray(x) for x in layer(X, mask=mask))
    short = np.asarray(layer(X[:, [1, 3]])[0])
    np.testing.assert_array_equal(y[:, 0], np.zeros((4, 2)))
    np.testing.assert_allclose(y[:, 1:], short[:, [0, 0, 1, 1]], atol=1e-6)
    np.testing.assert_allclose(h, short[:, 1], atol=1e-6)


def test_an_embedding_masks_a_recurrent_layer(backend):
    embedding = layers.Embedding(9, 3, mask_zero=True)
    layer = layers.GRU(2, return_sequences=True)
    y = layer(embedding(np.array([[1, 2, 0, 0]])))
    np.testing.assert_array_equal(np.asarray(y)[:, 3], np.asarray(y)[:, 1])
    assert np.asarray(get_mask(y)).tolist() == [[True, True, False, False]]
    assert get_mask(layers.GRU(2)(embedding(np.array([[1, 0]])))) is None


def test_masks_of_returned_states_are_none():
    output, *states = layers.LSTM(2, return_sequences=True, return_state=True).compute_mask(X, table.MASK)
    assert output is table.MASK
    assert states == [None, None]


@pytest.mark.parametrize("kind", KINDS)
def test_first_states_may_be_given_either_way(backend, kind):
    layer = filled(getattr(layers, kind)(2))
    states = [table.wave((4, 2), phase) for phase in range(KINDS[kind])]
    by_name = np.asarray(layer(X, initial_state=states))
    np.testing.assert_array_equal(np.asarray(layer([X, *states])), by_name)
    assert not np.allclose(np.asarray(layer(X)), by_name)


def test_states_of_an_encoder_start_a_decoder():
    first, second = layers.Input((5, 3)), layers.Input((None, 3))
    _, *states = layers.LSTM(2, return_state=True)(first)
    decoded = layers.LSTM(2, return_sequences=True)(second, initial_state=states)
    assert decoded.shape == (None, None, 2)


def test_a_wrong_number_of_states_is_told():
    with pytest.raises(InvalidArgumentError, match=r"`initial_state` of layer 'r' must hold 2 tensors. Received: 1"):
        layers.LSTM(2, name="r")(X, initial_state=[np.zeros((4, 2), "float32")])


@pytest.mark.parametrize("captured", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_stateful_layer_goes_on_where_it_stopped(backend, kind, captured):
    whole = filled(getattr(layers, kind)(2))
    layer = filled(getattr(layers, kind)(2, stateful=True))
    run = Function(layer) if captured else layer
    expected = np.asarray(whole(X))
    run(X[:, :2])
    run(X[:, 2:4])
    np.testing.assert_allclose(np.asarray(run(X[:, 4:])), expected, atol=1e-6)
    layer.reset_states()
    np.testing.assert_allclose(np.asarray(run(X)), expected, atol=1e-6)


def test_states_can_be_set_and_are_no_weights():
    layer = filled(layers.LSTM(2, stateful=True))
    assert len(layer.weights) == 3
    layer.reset_states([np.ones((4, 2)), np.zeros((4, 2))])
    assert layer.states[0].numpy().tolist() == [[1.0, 1.0]] * 4
    with pytest.raises(InvalidArgumentError, match="must hold 2 arrays"):
        layer.reset_states([np.ones((4, 2))])
    with pytest.raises(InvalidArgumentError, match="isn't stateful"):
        layers.LSTM(2).reset_states()


def test_a_stateful_layer_needs_a_fixed_batch_size():
    with pytest.raises(InvalidArgumentError, match=r"'r' is stateful.*batch size"):
        layers.LSTM(2, stateful=True, name="r")(layers.Input((5, 3)))
    with pytest.raises(ShapeError, match=r"'r' is stateful and was built for batches of 4. Received: 3"):
        filled(layers.LSTM(2, stateful=True, name="r"))(X[:3])
    model = Sequential([layers.LSTM(2, input_shape=(5, 3), batch_size=4, stateful=True)])
    assert model.output_shape == (4, 2)


@pytest.mark.parametrize("options", [{"dropout": 0.5}, {"recurrent_dropout": 0.5}])
@pytest.mark.parametrize("kind", KINDS)
def test_dropout_acts_in_training_only_and_comes_with_a_seed(backend, kind, options):
    one, two = (filled(getattr(layers, kind)(2, seed=3, **options)) for _ in range(2))
    plain = np.asarray(filled(getattr(layers, kind)(2))(X))
    np.testing.assert_allclose(np.asarray(one(X)), plain, atol=1e-6)
    dropped = np.asarray(one(X, training=True))
    assert not np.allclose(dropped, plain)
    np.testing.assert_array_equal(np.asarray(two(X, training=True)), dropped)
    assert not np.allclose(np.asarray(one(X, training=True)), dropped)
    captured = filled(getattr(layers, kind)(2, seed=3, **options))
    step = Function(lambda x: captured(x, training=True))
    np.testing.assert_allclose(np.asarray(step(X)), dropped, atol=1e-6)


def test_dropped_inputs_are_the_same_at_all_steps(backend):
    layer = layers.SimpleRNN(3, dropout=0.5, seed=1, activation="linear", return_sequences=True, use_bias=False)
    layer.build((None, 6, 3))
    layer.set_weights([np.eye(3), np.zeros((3, 3))])
    y = np.asarray(layer(np.ones((20, 6, 3), "float32"), training=True))
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1], y.shape))
    assert set(np.unique(y)) == {0.0, 2.0}


def test_cells_inside_a_stack_drop_with_one_mask_each(backend):
    layer = layers.RNN([layers.LSTMCell(2, dropout=0.5, seed=1), layers.GRUCell(2, recurrent_dropout=0.5, seed=2)])
    filled(layer)
    eager = np.asarray(layer(X, training=True))
    other = filled(
        layers.RNN([layers.LSTMCell(2, dropout=0.5, seed=1), layers.GRUCell(2, recurrent_dropout=0.5, seed=2)])
    )
    step = Function(lambda x: other(x, training=True))
    np.testing.assert_allclose(np.asarray(step(X)), eager, atol=1e-6)


class Sum(layers.Layer):
    """A cell whose output and state are the sum of its inputs."""

    state_size = 3

    def call(self, inputs, states):
        return states[0] + inputs, [states[0] + inputs]


def test_any_layer_with_a_state_size_is_a_cell(backend):
    y = layers.RNN(Sum(), return_sequences=True)(X)
    np.testing.assert_allclose(np.asarray(y), X.cumsum(1), atol=1e-6)
    captured = Function(layers.RNN(Sum(), return_sequences=True, go_backwards=True))(X)
    np.testing.assert_allclose(np.asarray(captured), X[:, ::-1].cumsum(1), atol=1e-6)


def test_what_is_no_cell_is_refused():
    with pytest.raises(InvalidArgumentError, match="`cell` must have `call` and `state_size`"):
        layers.RNN(layers.Dense(2))
    with pytest.raises(InvalidArgumentError, match="`cells` must have"):
        layers.RNN([layers.LSTMCell(2), layers.Dense(2)])


def test_unrolling_needs_a_number_of_steps():
    with pytest.raises(InvalidArgumentError, match=r"`unroll` of layer 'r'"):
        layers.LSTM(2, unroll=True, name="r")(layers.Input((None, 3)))


def test_any_number_of_steps_may_come(backend):
    layer = layers.LSTM(2, return_sequences=True)
    assert layer(layers.Input((None, 3))).shape == (None, None, 2)
    for steps in (1, 4):
        assert layer(X[:, :steps]).shape == (4, steps, 2)


def test_a_wrong_rank_names_the_layer():
    with pytest.raises(ShapeError, match=r"'r'.*ndim=3"):
        layers.LSTM(2, name="r")(X[0])


@pytest.mark.parametrize("options", [{"units": 0}, {"dropout": 2.0}, {"recurrent_dropout": -1.0}])
def test_bad_options_are_named(options):
    with pytest.raises(InvalidArgumentError, match=f"`{next(iter(options))}`"):
        layers.LSTM(**({"units": 2} | options))


def test_a_layer_shows_the_options_of_its_cell_and_takes_those_of_keras_2():
    layer = layers.LSTM(2, recurrent_activation="hard_sigmoid", implementation=2, use_cudnn="auto")
    assert (layer.units, layer.use_bias, layer.unit_forget_bias) == (2, True, True)
    assert layers.GRU.from_config({"units": 2, "reset_after": False, "implementation": 1}).reset_after is False


def test_the_forget_gate_begins_open():
    layer = layers.LSTM(2)
    layer.build((None, 5, 3))
    assert layer.get_weights()[2].tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


def test_weights_have_keras_paths():
    layer = layers.Bidirectional(layers.LSTM(2, name="l"), name="b")
    layer.build((None, 5, 3))
    assert [w.path for w in layer.weights[::3]] == ["b/forward_l/lstm_cell/kernel", "b/backward_l/lstm_cell/kernel"]


def test_a_bidirectional_layer_reads_from_both_ends(backend):
    layer = layers.Bidirectional(layers.GRU(2, return_sequences=True), merge_mode=None)
    ahead, back = (np.asarray(y) for y in layer(X))
    np.testing.assert_allclose(ahead, np.asarray(layer.forward_layer(X)), atol=1e-6)
    layer.backward_layer.set_weights(layer.forward_layer.get_weights())
    _, back = (np.asarray(y) for y in layer(X[:, ::-1]))
    np.testing.assert_allclose(back[:, ::-1], ahead, atol=1e-6)


def test_a_bidirectional_layer_splits_its_first_states(backend):
    layer = filled(layers.Bidirectional(layers.LSTM(2), merge_mode=None))
    states = [table.wave((4, 2), phase) for phase in range(4)]
    ahead, back = layer(X, initial_state=states)
    np.testing.assert_allclose(np.asarray(ahead), np.asarray(layer.forward_layer(X, initial_state=states[:2])))
    np.testing.assert_allclose(np.asarray(back), np.asarray(layer.backward_layer(X, initial_state=states[2:])))


def test_a_bidirectional_layer_is_stateful_when_its_layers_are(backend):
    layer = filled(layers.Bidirectional(layers.LSTM(2, stateful=True)))
    first = np.asarray(layer(X))
    assert not np.allclose(np.asarray(layer(X)), first)
    layer.reset_states()
    np.testing.assert_allclose(np.asarray(layer(X)), first, atol=1e-6)


def test_a_bidirectional_layer_checks_its_arguments():
    with pytest.raises(InvalidArgumentError, match="`merge_mode` must be one of"):
        layers.Bidirectional(layers.LSTM(2), merge_mode="max")
    with pytest.raises(InvalidTypeError, match="`layer` must be a recurrent layer"):
        layers.Bidirectional(layers.Dense(2))
    with pytest.raises(InvalidArgumentError, match="other direction"):
        layers.Bidirectional(layers.LSTM(2), backward_layer=layers.LSTM(2))
    with pytest.raises(InvalidArgumentError, match="agree in `return_sequences`"):
        layers.Bidirectional(layers.LSTM(2), backward_layer=layers.LSTM(2, go_backwards=True, return_sequences=True))


def test_bidirectional_in_a_sequential_of_keras_2():
    model = Sequential([layers.Bidirectional(layers.LSTM(2, return_sequences=True), input_shape=(5, 3))])
    assert model.output_shape == (None, 5, 4)


def test_time_distributed_is_the_layer_at_each_step(backend):
    layer = layers.TimeDistributed(layers.Conv1D(2, 2))
    x = table.wave((2, 3, 5, 2))
    y = np.asarray(layer(x))
    for t in range(3):
        np.testing.assert_allclose(y[:, t], np.asarray(layer.layer(x[:, t])), atol=1e-6)


def test_time_distributed_passes_masks_on(backend):
    steps = np.array([[True, False, True]] * 2)
    assert layers.TimeDistributed(layers.Dense(2)).compute_mask(table.wave((2, 3, 4)), steps) is steps
    inner = np.stack([steps] * 4, -1)
    inner[:, 0, 2:] = False
    layer, x = layers.TimeDistributed(layers.LSTM(2)), table.wave((2, 3, 4, 2))
    y = np.asarray(layer(x, mask=inner))
    np.testing.assert_allclose(y[:, 0], np.asarray(layer.layer(x[:, 0, :2])), atol=1e-6)
    assert np.asarray(layer.compute_mask(x, inner)).tolist() == steps.tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_training_a_model_changes_all_weights(backend, kind):
    model = Sequential(
        [
            layers.Embedding(9, 3, mask_zero=True),
            getattr(layers, kind)(4, return_sequences=True),
            getattr(layers, kind)(2),
        ]
    )
    x, y = np.array([[1, 2, 3, 0], [4, 5, 0, 0]]), table.wave((2, 2))
    model(x)
    before = model.get_weights()
    model.compile("sgd", "mse")
    model.train_on_batch(x, y)
    assert all(np.abs(old - new).max() > 0 for old, new in zip(before, model.get_weights(), strict=True))
