"""Normalisation and statistics."""

from __future__ import annotations

import numpy as np

from kcore import Function, Input, Sequential, layers, ops, optimizers
from kcore.errors import ShapeError

from ._section import count, f32, section, slope, twice

known = section("Normalisation, statistics")


@known(
    13,
    "gradients_of_moments_and_batch_normalization",
    sources=("K#19102",),
    answer="The derivative through mean and variance both: of the variance, `2 (x - mean) / n`.",
)
def _moments(backend, check):
    x = f32(1, 2, 4, 8)
    check.close(slope(lambda x: ops.moments(x, 0)[1], x), 2 * (x - 3.75) / 4)
    check.close(slope(lambda x: ops.moments(x, 0)[0], x), np.full(4, 0.25))
    weights, deviation = f32(1, -2, 3, 5), np.sqrt(np.float64(x.var()) + 1e-3)
    y = (x - 3.75) / deviation
    expected = (weights - weights.mean() - y * np.mean(y * weights)) / deviation
    layer = layers.BatchNormalization()
    got = slope(lambda x: layer(x[:, None], training=True)[:, 0] * weights, x)
    check.close(got, expected, op="layer")


@known(
    14,
    "batch_normalization_of_masked_steps",
    sources=("K#20815",),
    answer="Masked steps don't take part in the mean and the variance, and are normalized like the others.",
    level="inference",
)
def _masked(backend, check):
    layer = layers.BatchNormalization(momentum=0.5)
    x, mask = f32(1, 2, 50).reshape(1, 3, 1), np.array([[True, True, False]])
    got = layer(x, training=True, mask=mask)
    check.close(got, (x - 1.5) / np.sqrt(0.25 + 1e-3, dtype=np.float64), op="layer")
    check.close(layer.moving_mean, f32(0.75))
    check.close(layer.moving_variance, f32(0.5 + 0.5 * 0.25))


@known(
    15,
    "variance_of_numbers_far_from_zero",
    sources=("K#18795", "K#20257"),
    answer="Formed from distances to the mean: 1.0 for mean 1e4 and deviation 1.",
)
def _variance(backend, check):
    x = np.float32(1e4) + f32(-1, 1, -1, 1)
    for got in twice(lambda x: (ops.var(x), ops.std(x), ops.moments(x, 0)[1]), x):
        check.equal(got, (np.float32(1), np.float32(1), np.float32(1)))
    wave = np.sin(np.arange(4096)).astype(np.float32).reshape(64, 64) + np.float32(1e3)
    check.close(ops.var(wave, axis=0), wave.var(axis=0, dtype=np.float64), op="layer")
    check.close(layers.LayerNormalization(epsilon=1e-7)(x[None]), f32([-1, 1, -1, 1]), op="layer")
    check.close(layers.BatchNormalization(epsilon=1e-7)(x[:, None], training=True)[:, 0], f32(-1, 1, -1, 1), op="layer")


@known(
    16,
    "batch_normalization_adds_epsilon_inside_the_root",
    sources=("K#12957",),
    answer="`(x - mean) / sqrt(variance + epsilon)` with the variance of the batch (over `n`), which is also what the "
    "moving variance takes up.",
    level="inference",
)
def _epsilon(backend, check):
    layer = layers.BatchNormalization(momentum=0.5, epsilon=0.5)
    x = f32(1, 2, 3)[:, None]
    check.close(layer(x, training=True), (x - 2) / np.sqrt(2 / 3 + 0.5), op="layer")
    check.close(layer.moving_variance, [0.5 + 0.5 * 2 / 3])
    check.close(layer(x), (x - 1) / np.sqrt(0.5 + 1 / 3 + 0.5), op="layer")


@known(
    17,
    "group_normalization_in_float16",
    sources=("K#22586", "K#23070", "K#22589", "K#20385"),
    answer="Statistics are formed in float32, so that they don't overflow; the result is float16.",
    needs=("dtype:float16",),
    level="inference",
)
def _half(backend, check):
    x = np.array([[1e4, 2e4, 6e4, 3e4]], np.float16)
    got = layers.GroupNormalization(2, dtype="float16")(x)
    check.equal(got, np.array([[-1, 1, 1, -1]], np.float16))
    check.equal(layers.LayerNormalization(dtype="float16")(x[:, :2]), np.array([[-1, 1]], np.float16))


def _half_normalizations(policy: str):
    """Normalizations of inputs whose squares float16 doesn't hold, each with what `moments` are taken over."""
    return (
        (layers.BatchNormalization(dtype=policy), (0,)),
        (layers.LayerNormalization(dtype=policy), (1,)),
        (layers.GroupNormalization(1, dtype=policy), (1,)),
    )


@known(
    17,
    "normalization_under_mixed_precision",
    sources=("K#22586", "K#22589", "K#20385"),
    answer="Statistics, scale and shift are taken in float32, and moving statistics are kept in it; the result, in the "
    "compute dtype, is the exact one to half a unit.",
    needs=("dtype:float16",),
    level="inference",
)
def _mixed(backend, check):
    x = (np.arange(12, dtype=np.float32).reshape(4, 3) ** 2 * 300 + 20000).astype(np.float16)
    wide = x.astype(np.float64)
    for policy in ("float16", "mixed_float16"):
        for layer, axes in _half_normalizations(policy):
            expected = (wide - wide.mean(axes, keepdims=True)) / np.sqrt(wide.var(axes, keepdims=True) + 1e-3)
            got = layer(x, **({"training": True} if axes == (0,) else {}))
            check.close(got, expected, op="add", dtype="float16")
            kept = "float16" if policy == "float16" else "float32"
            check.true({w.dtype for w in layer.weights} == {kept}, f"weights must be in {kept}")
    moving = layers.BatchNormalization(dtype="mixed_float16", momentum=0.5)
    moving(x, training=True)
    check.close(moving.moving_variance, 0.5 + 0.5 * wide.var(0), op="layer")


@known(
    17,
    "training_under_mixed_float16",
    sources=("K#20385",),
    answer="Outputs are float16; variables, losses and gradients are float32. `compile` scales the loss, and a step "
    "whose gradients overflow is left out.",
    needs=("dtype:float16",),
    level="training",
)
def _mixed_training(backend, check):
    model = Sequential([Input((4,)), layers.Dense(2, dtype="mixed_float16", kernel_initializer="ones")], name="mixed")
    model.compile(optimizers.LossScaleOptimizer(optimizers.SGD(0.5), 2.0**20), "mse")
    x = f32([1, 2, 0, -1], [0, 1, 1, 2])
    model.fit(x, np.zeros((2, 2), np.float32), shuffle=False, verbose=0)
    kernel, bias = model.weights
    check.equal(kernel, np.ones((4, 2), np.float32))
    check.equal(model.optimizer.dynamic_scale, np.float32(2.0**19))
    model.optimizer.dynamic_scale.assign(2.0**8)
    model.fit(x, np.zeros((2, 2), np.float32), shuffle=False, verbose=0)
    outputs = x.astype(np.float64) @ np.ones((4, 2))
    check.close(kernel, 1 - 0.5 * x.astype(np.float64).T @ outputs / 2, op="layer")
    check.close(bias, -0.5 * outputs.mean(0), op="layer")


@known(
    18,
    "layer_normalization_over_several_axes",
    sources=("K#22201", "K#22296"),
    answer="Over all of them together, in whatever order they are named.",
    level="inference",
)
def _several_axes(backend, check):
    x = count(2, 2, 3) ** 2
    mean, variance = x.mean(axis=(1, 2), keepdims=True), x.var(axis=(1, 2), keepdims=True, dtype=np.float64)
    for axis in ((1, 2), (2, 1), [-1, 1]):
        check.close(layers.LayerNormalization(axis=axis)(x), (x - mean) / np.sqrt(variance + 1e-3), op="layer")


@known(
    19,
    "median_and_quantile",
    sources=("K#23013", "K#21782"),
    answer="NumPy's: the median of an even count is the mean of the middle two; `nearest` takes the even one of two "
    "places as near.",
)
def _quantiles(backend, check):
    x = f32(10, 1, 3, 2)
    for got in twice(ops.median, x):
        check.equal(got, np.float32(2.5))
    asked = [0.1, 1 / 6, 0.5, 5 / 6, 0.9]
    for method in ("linear", "lower", "higher", "midpoint", "nearest"):
        run = Function(lambda x, method=method: ops.quantile(x, asked, method=method))
        expected = np.quantile(x.astype(np.float64), asked, method=method)
        check.close(run(x), expected)
        check.close(ops.quantile(x, asked, method=method), expected)


@known(
    20,
    "reductions_over_several_axes",
    sources=("K#22907", "K#23249"),
    answer="NumPy's.",
)
def _reductions(backend, check):
    x = count(2, 2, 2)
    for axes in ((0, 1), (-1, 0), [0, 1, 2]):
        plain = tuple(axes)
        check.equal(ops.all(x > 1, axes), np.all(x > 1, plain))
        check.equal(ops.any(x > 5, axes, keepdims=True), np.any(x > 5, plain, keepdims=True))
        check.equal(ops.prod(x + 1, axes), np.prod(x + 1, plain))
        check.close(ops.average(x, axes), np.average(x, plain))
        check.close(ops.average(x, axes, x + 1), np.average(x, plain, x + 1))
    check.close(ops.average(count(2, 3), 1, f32(1, 2, 3)), [8 / 6, 26 / 6])


@known(
    21,
    "reductions_of_nothing",
    sources=("KC#592",),
    answer="The neutral element (0, 1, true, false, minus infinity for `logsumexp`), NaN for means and quantiles, an "
    "error for extremes.",
)
def _nothing(backend, check):
    empty = np.zeros((0,), np.float32)
    for name, value in {"sum": 0, "prod": 1, "norm": 0, "nansum": 0, "logsumexp": -np.inf}.items():
        check.equal(getattr(ops, name)(empty), np.float32(value))
    for name in ("mean", "var", "std", "median", "average", "nanmean"):
        check.equal(getattr(ops, name)(empty), np.float32(np.nan))
    check.equal(ops.median(np.zeros((0, 3), np.float32), 0), f32(np.nan, np.nan, np.nan))
    check.equal([ops.all(empty), ops.any(empty)], [np.True_, np.False_])
    for name in ("max", "min", "argmax", "argmin", "ptp", "nanmax"):
        with check.raises(ShapeError):
            getattr(ops, name)(empty)
    check.equal(ops.max(empty, initial=2.0), np.float32(2))
    check.equal(ops.max(np.zeros((2, 0), np.float32), 0), empty)
