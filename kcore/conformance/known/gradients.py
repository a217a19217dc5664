"""Gradients: at kinks, at singular points, and through state."""

from __future__ import annotations

import numpy as np

from kcore import GradientTape, layers, losses, ops

from ._section import f32, f64, section, slope, twice

known = section("Gradients")


def _kinks(check, f, points, expected):
    """The gradient of an elementwise function at several points, eagerly and captured."""
    for got in twice(lambda x: slope(f, x), f32(*points)):
        check.close(got, f64(*expected))


@known(33, "gradient_of_abs_at_0", answer="0.")
def _abs(backend, check):
    _kinks(check, ops.abs, (0, -0.0, 2), (0, 0, 1))
    _kinks(check, ops.sign, (0, 1), (0, 0))


@known(33, "gradient_of_clip_at_its_limits", answer="1 at both, as inside.")
def _clip(backend, check):
    _kinks(check, lambda x: ops.clip(x, -1, 1), (-1.5, -1, 0, 1, 1.5), (0, 1, 1, 1, 0))


@known(33, "gradient_of_maximum_at_a_tie", answer="Half to each side; of `max` and `min`, in equal parts to all that "
       "tie; of pooling, to the first.")  # fmt: skip
def _maximum(backend, check):
    one = f32(1)
    for f in (ops.maximum, ops.minimum):
        for of in (0, 1):
            check.equal(slope(f, one, one, of=of), f32(0.5))
    for f in (ops.max, ops.min):
        check.equal(slope(f, f32(1, 1, 1, 1)), f32(0.25, 0.25, 0.25, 0.25))
    check.equal(slope(lambda x: ops.max_pool(x, 2), f32(1, 1).reshape(1, 2, 1)), f32(1, 0).reshape(1, 2, 1))


@known(33, "gradient_of_relu_and_its_kin_at_kinks", answer="That of the side below: 0 for `relu`, the slope for "
       "`leaky_relu`; 0 at both ends of `relu6`, `hard_tanh` and `hard_sigmoid`.")  # fmt: skip
def _relu(backend, check):
    _kinks(check, ops.relu, (-1, 0, 1), (0, 0, 1))
    _kinks(check, ops.relu6, (0, 3, 6), (0, 1, 0))
    _kinks(check, lambda x: ops.leaky_relu(x, 0.25), (-1, 0, 1), (0.25, 0.25, 1))
    _kinks(check, ops.hard_tanh, (-1, 0, 1), (0, 1, 0))
    _kinks(check, ops.hard_sigmoid, (-3, 0, 3), (0, 1 / 6, 0))
    _kinks(check, ops.hard_shrink, (-0.5, 0.5, 1), (0, 0, 1))
    _kinks(check, ops.soft_shrink, (-0.5, 0.5, 1), (0, 0, 1))


@known(33, "gradient_of_celu_elu_and_selu_at_0", answer="That of the side below: 1 for `celu`, `alpha` for `elu`, "
       "1.7581 for `selu`.")  # fmt: skip
def _celu(backend, check):
    _kinks(check, ops.celu, (0, 1), (1, 1))
    _kinks(check, lambda x: ops.celu(x, 2.0), (0, -2), (1, np.exp(-1)))
    _kinks(check, lambda x: ops.elu(x, 2.0), (0, 1), (2, 1))
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    _kinks(check, ops.selu, (0, 1), (scale * alpha, scale))


@known(33, "gradient_of_losses_at_kinks", answer="0 for the absolute error at 0; half the slope at the edge of a "
       "hinge, which is a tie of `maximum`.")  # fmt: skip
def _losses(backend, check):
    one = f32([1])
    check.equal(slope(lambda p: losses.mean_absolute_error(one, p), one), f32([0]))
    check.equal(slope(lambda p: losses.hinge(one, p), one), f32([-0.5]))
    check.equal(slope(lambda p: losses.squared_hinge(one, p), one), f32([0]))
    check.equal(slope(lambda p: losses.huber(0 * one, p), one), f32([1]))


@known(34, "gradient_of_norm_and_std_at_0", answer="0, as the least of the subgradients is.")
def _norm(backend, check):
    zero = f32(0, 0)
    for f in (ops.norm, ops.std, lambda x: ops.norm(x, axis=-1), *(_norm_of(order) for order in (1, 2, 3, np.inf))):
        check.equal(slope(f, zero), zero)
    check.equal(slope(ops.std, f32(1, 1)), zero)


def _norm_of(order):
    return lambda x: ops.norm(x, ord=order)


@known(
    35,
    "normalize_and_cosine_similarity_of_a_zero_vector",
    sources=("K#23093",),
    answer="0, with a finite gradient.",
)
def _normalize(backend, check):
    zero = f32(0, 0)
    calls = (ops.normalize, lambda x: losses.cosine_similarity(f32(1, 1), x), layers.UnitNormalization())
    for f in calls:
        check.true(not np.any(check.numpy(f(zero))), "the value isn't 0")
        check.true(np.all(np.isfinite(check.numpy(slope(f, zero)))), "the gradient isn't finite")
    check.close(ops.normalize(f32(3, 4)), [0.6, 0.8])


@known(
    36,
    "gradient_of_divide_no_nan",
    sources=("K#23064", "K#20110"),
    answer="0 in both arguments where the divisor is 0.",
)
def _divide(backend, check):
    x, y = f32(1, 2), f32(0, 2)
    for got in twice(lambda x, y: (slope(ops.divide_no_nan, x, y), slope(ops.divide_no_nan, x, y, of=1)), x, y):
        check.equal(got, (f32(0, 0.5), f32(0, -0.5)))


@known(37, "gradient_of_cumprod_through_a_zero", answer="The derivative itself, without dividing by the zero.")
def _cumprod(backend, check):
    x = f32(3, 0, 3)
    for got in twice(lambda x: (slope(lambda x: ops.cumprod(x)[2], x), slope(ops.prod, x)), x):
        check.equal(got, (f32(0, 9, 0), f32(0, 9, 0)))
    check.equal(slope(ops.cumprod, x), f32(1, 3 + 9, 0))
    check.equal(slope(ops.prod, f32(0, 0, 3)), f32(0, 0, 0))


@known(38, "gradient_of_floor_and_round", answer="0, not None.")
def _floor(backend, check):
    for f in (ops.floor, ops.ceil, ops.round, ops.trunc, ops.sign):
        check.equal(slope(f, f32(1.5, 2)), f32(0, 0))
    with GradientTape() as tape:
        x = tape.watch(f32(1.5))
        y = ops.floor(x)
    check.equal(tape.gradient(y, x), f32(0))


@known(39, "gradient_of_hypot_at_the_origin", answer="0 in both arguments.")
def _hypot(backend, check):
    for of, expected in ((0, 0.6), (1, 0.8)):
        check.close(slope(ops.hypot, f32(0, 3), f32(0, 4), of=of), [0, expected])


@known(
    40,
    "gradients_of_a_stateful_rnn",
    sources=("K#20875", "K#20916", "K#19010"),
    answer="Through the steps of the batch; the state that the last batch left is a constant.",
    level="training",
)
def _stateful(backend, check):
    layer = layers.SimpleRNN(1, stateful=True, use_bias=False)
    layer.build((1, 2, 1))
    layer.set_weights([f32([0.5]), f32([-0.75])])
    w, u, h = 0.5, -0.75, 0.0
    for steps in ((1.0, 2.0), (-1.0, 0.5)):
        dw = du = 0.0
        for x in steps:
            before, h = h, np.tanh(w * x + u * h)
            dw, du = (1 - h * h) * (x + u * dw), (1 - h * h) * (before + u * du)
        with GradientTape() as tape:
            total = ops.sum(layer(f32(*steps).reshape(1, 2, 1)))
        kernel, recurrent = layer.trainable_variables
        check.close(total, h, op="lstm")
        check.close(tape.gradient(total, [kernel, recurrent]), [f64([dw]), f64([du])], op="lstm")


@known(
    41,
    "outputs_and_gradients_of_recurrent_layers",
    sources=("K#22697", "K#14992"),
    answer="Those of the equations, by float64 arithmetic and finite differences.",
    level="training",
)
def _recurrent(backend, check):
    for layer, equations in ((layers.LSTM(2), _lstm), (layers.GRU(2), _gru)):
        _recurrent_layer(check, layer, equations)


def _recurrent_layer(check, layer, equations):
    rng = np.random.default_rng(3)
    layer.build((2, 4, 3))
    layer.set_weights([rng.normal(size=tuple(w.shape)).astype(np.float32) / 2 for w in layer.weights])
    weights = [np.float64(check.numpy(w)) for w in layer.weights]
    x = rng.normal(size=(2, 4, 3)).astype(np.float32)
    with GradientTape() as tape:
        outputs = layer(x)
        total = ops.sum(outputs)
    check.close(outputs, equations(x, *weights), op="lstm")
    for i, got in enumerate(tape.gradient(total, layer.trainable_variables)):

        def along(w, i=i):
            return equations(x, *weights[:i], w, *weights[i + 1 :])

        check.close(got, _difference(along, weights[i]), op="training")


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _lstm(x, kernel, recurrent, bias):
    """The last output; gates in the order input, forget, cell, output."""
    h = c = np.zeros((len(x), recurrent.shape[0]))
    for t in range(x.shape[1]):
        i, f, g, o = np.split(x[:, t] @ kernel + h @ recurrent + bias, 4, axis=1)
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        h = _sigmoid(o) * np.tanh(c)
    return h


def _gru(x, kernel, recurrent, bias):
    """The last output; gates in the order update, reset, candidate; the reset gate applies after the product."""
    h = np.zeros((len(x), recurrent.shape[0]))
    for t in range(x.shape[1]):
        z, r, n = np.split(x[:, t] @ kernel + bias[0], 3, axis=1)
        hz, hr, hn = np.split(h @ recurrent + bias[1], 3, axis=1)
        z = _sigmoid(z + hz)
        h = z * h + (1 - z) * np.tanh(n + _sigmoid(r + hr) * hn)
    return h


def _difference(f, w):
    """The gradient of `sum(f(w))` by central differences."""
    result = np.zeros_like(w)
    for place in np.ndindex(*w.shape):
        step = np.zeros_like(w)
        step[place] = 1e-5
        result[place] = (f(w + step).sum() - f(w - step).sum()) / 2e-5
    return result
