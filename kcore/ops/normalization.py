"""Normalization: batch, layer, RMS, and the moments they need. 16-bit floats are computed in float32."""

from __future__ import annotations

from collections.abc import Sequence

from kcore import config
from kcore.engine import primitives as P
from kcore.engine.fused import fused_op
from kcore.errors import InvalidArgumentError, ShapeError

from ._common import axes_of, axis_of, cast, convert, dtype_of, is_unknown, shape_of, to_float, wide_float
from .operation import op
from .reductions import centered_moments


@op
def moments(x, axes, keepdims=False, synchronized=False):
    """Mean and variance over axes, in two passes.

    Args:
        x: a tensor.
        axes: an axis or several.
        keepdims: whether to keep the reduced axes with size 1.
        synchronized: whether to join the moments of all devices; must be false.

    Returns:
        `(mean, variance)`, floating tensors.

    Raises:
        InvalidArgumentError: `synchronized` is true.

    Example:
        >>> [m.tolist() for m in ops.moments([1.0, 3.0], axes=[0])]
        [2.0, 1.0]
    """
    if synchronized:
        raise InvalidArgumentError("`synchronized` must be false: there is one device. Received: synchronized=True")
    x = to_float(x)
    wide = cast(x, wide_float(dtype_of(x)))
    mean, variance = centered_moments(wide, axes_of(axes, len(shape_of(x)), "axes"), keepdims)
    return cast(mean, dtype_of(x)), cast(variance, dtype_of(x))


@op
def batch_normalization(x, mean, variance, axis, offset=None, scale=None, epsilon=1e-3):
    """`(x - mean) / sqrt(variance + epsilon) * scale + offset`, by channel.

    Args:
        x: a tensor.
        mean, variance: tensors of shape `(channels,)`.
        axis: the axis of the channels.
        offset, scale: tensors of shape `(channels,)`, or `None` for 0 and 1.
        epsilon: added to the variance.

    Returns:
        A floating tensor of `x`'s shape.

    Raises:
        ShapeError: a vector isn't as long as the axis.

    Example:
        >>> ops.batch_normalization([[1.0], [3.0]], [2.0], [1.0], -1, epsilon=0.0).tolist()
        [[-1.0], [1.0]]
    """
    x = to_float(x)
    dtype, shape = dtype_of(x), shape_of(x)
    axis = axis_of(axis, len(shape))
    wide = wide_float(dtype)
    place = tuple(n if i == axis else 1 for i, n in enumerate(shape))

    def channel(vector, name):
        vector = convert(vector, wide)
        if shape_of(vector) != place[axis : axis + 1] and not any(map(is_unknown, (shape[axis], *shape_of(vector)))):
            raise ShapeError(
                f"`{name}` must be as long as `axis`. "
                f"Received: {name}.shape={shape_of(vector)}, x.shape={shape}, axis={axis}"
            )
        return P.reshape(vector, shape=place)

    factor = P.divide(1, P.sqrt(P.add(channel(variance, "variance"), float(epsilon))))
    factor = factor if scale is None else P.multiply(factor, channel(scale, "scale"))
    shift = P.negative(P.multiply(channel(mean, "mean"), factor))
    shift = shift if offset is None else P.add(shift, channel(offset, "offset"))
    return cast(P.add(P.multiply(cast(x, wide), factor), shift), dtype)


@op
def layer_normalization(x, gamma=None, beta=None, axis: int | Sequence[int] = -1, epsilon=None, **kwargs):
    """`(x - mean) / sqrt(variance + epsilon) * gamma + beta`, by sample: mean and variance are over the given axes.

    Args:
        x: a tensor.
        gamma, beta: tensors with the sizes of `axis`, or `None` for 1 and 0.
        axis: an axis or several.
        epsilon: added to the variance; the configured one (1e-7) by default.
        **kwargs: none.

    Returns:
        A floating tensor of `x`'s shape.

    Raises:
        InvalidArgumentError: an unknown argument.

    Source:
        Ba, Kiros and Hinton, Layer normalization (2016).

    Example:
        >>> ops.layer_normalization([[1.0, 3.0]], epsilon=0.0).tolist()
        [[-1.0, 1.0]]
    """
    if kwargs:
        raise InvalidArgumentError(f"`layer_normalization` doesn't take these arguments. Received: {kwargs}")
    x = to_float(x)
    dtype, shape = dtype_of(x), shape_of(x)
    wide = cast(x, wide_float(dtype))
    axes, epsilon = axes_of(axis, len(shape)), float(config.epsilon() if epsilon is None else epsilon)
    if gamma is not None and beta is not None:
        gamma, beta = convert(gamma, dtype_of(wide)), convert(beta, dtype_of(wide))
        return cast(_layer_norm(wide, gamma, beta, axes=axes, epsilon=epsilon), dtype)
    out = _standardized(wide, axes, epsilon)
    out = out if gamma is None else P.multiply(out, _along(gamma, dtype_of(wide), shape, axes, "gamma"))
    out = out if beta is None else P.add(out, _along(beta, dtype_of(wide), shape, axes, "beta"))
    return cast(out, dtype)


@fused_op("layer_norm")
def _layer_norm(x, gamma, beta, *, axes, epsilon):
    """`layer_normalization` of a tensor of floats, with both a scale and a shift of its dtype."""
    dtype, shape = dtype_of(x), shape_of(x)
    out = P.multiply(_standardized(x, axes, epsilon), _along(gamma, dtype, shape, axes, "gamma"))
    return P.add(out, _along(beta, dtype, shape, axes, "beta"))


def _standardized(x, axes, epsilon):
    """(x - mean) / sqrt(variance + epsilon)."""
    center = P.divide(P.sum(x, axes=axes, keepdims=True), float(_count(shape_of(x), axes)))
    distance = P.subtract(x, center)
    return P.multiply(distance, _inverse_size(distance, axes, epsilon))


@op
def rms_normalization(x, scale=None, axis=-1, epsilon=None):
    """`x / sqrt(mean(x**2) + epsilon) * scale`, by sample.

    Args:
        x: a tensor.
        scale: a tensor with the sizes of `axis`, or `None` for 1.
        axis: an axis or several.
        epsilon: added to the mean square; the configured one (1e-7) by default.

    Returns:
        A floating tensor of `x`'s shape.

    Source:
        Zhang and Sennrich, Root mean square layer normalization (2019).

    Example:
        >>> ops.rms_normalization([[3.0, -3.0]], epsilon=0.0).tolist()
        [[1.0, -1.0]]
    """
    x = to_float(x)
    dtype, shape = dtype_of(x), shape_of(x)
    wide = cast(x, wide_float(dtype))
    axes = axes_of(axis, len(shape))
    out = P.multiply(wide, _inverse_size(wide, axes, epsilon))
    return cast(out if scale is None else P.multiply(out, _along(scale, dtype_of(wide), shape, axes, "scale")), dtype)


def _inverse_size(x, axes, epsilon):
    """1 / sqrt(mean(x**2) + epsilon), the reduced axes kept."""
    square = P.divide(P.sum(P.multiply(x, x), axes=axes, keepdims=True), float(_count(shape_of(x), axes)))
    return P.divide(1, P.sqrt(P.add(square, float(config.epsilon() if epsilon is None else epsilon))))


def _count(shape, axes):
    total = 1
    for a in axes:
        total = total * shape[a]
    return total


def _along(vector, dtype, shape, axes, name):
    """A parameter with the sizes of the axes (or a shape that broadcasts), in the tensor's rank."""
    vector = convert(vector, dtype)
    sizes = tuple(shape[a] for a in axes)
    if shape_of(vector) == sizes:
        return P.reshape(vector, shape=tuple(n if i in axes else 1 for i, n in enumerate(shape)))
    if len(shape_of(vector)) > len(shape):
        raise ShapeError(
            f"`{name}` must have the sizes of `axis`. Received: {name}.shape={shape_of(vector)}, x.shape={shape}"
        )
    return vector
