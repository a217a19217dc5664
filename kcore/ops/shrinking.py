"""Activation functions with straight or cut-off pieces: hard, shrinking and gated ones."""

from __future__ import annotations

from kcore.engine import primitives as P
from kcore.errors import InvalidArgumentError

from ._common import axis_of, convert, dtype_of, is_unknown, shape_of, to_dtype, to_float
from .activation import limited, positive_part
from .movement import split
from .operation import op


@op
def hard_sigmoid(x):
    """`relu6(x + 3) / 6`: 0 up to -3, 1 from 3 on, a straight line between. The gradient at the corners is 0.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.hard_sigmoid([-4.0, 0.0, 4.0]).tolist()
        [0.0, 0.5, 1.0]
    """
    return _hard_sigmoid(to_float(x))


def _hard_sigmoid(x):
    return P.divide(limited(P.add(x, 3), 0, 6), 6)


@op
def hard_silu(x):
    """`x * hard_sigmoid(x)`.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.hard_silu([-3.0, 3.0]).tolist()
        [-0.0, 3.0]
    """
    x = to_float(x)
    return P.multiply(x, _hard_sigmoid(x))


@op
def hard_swish(x):
    """Another name of `hard_silu`."""
    x = to_float(x)
    return P.multiply(x, _hard_sigmoid(x))


@op
def hard_tanh(x):
    """`x` limited to [-1, 1]. The gradient at -1 and 1 is 0.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.hard_tanh([-2.0, 0.5]).tolist()
        [-1.0, 0.5]
    """
    return limited(to_float(x), -1, 1)


@op
def tanh_shrink(x):
    """`x - tanh(x)`.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.
    """
    x = to_float(x)
    return P.subtract(x, P.tanh(x))


@op
def hard_shrink(x, threshold=0.5):
    """0 within `[-threshold, threshold]`, `x` outside; NaN stays NaN.

    Args:
        x: a tensor.
        threshold: a number.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.hard_shrink([0.2, 1.0]).tolist()
        [0.0, 1.0]
    """
    x = to_float(x)
    return P.where(P.less_equal(P.absolute(x), float(threshold)), 0, x)


@op
def soft_shrink(x, threshold=0.5):
    """`x` moved towards 0 by `threshold`, but not beyond it; NaN stays NaN. The gradient at the corners is 0.

    Args:
        x: a tensor.
        threshold: a number.

    Returns:
        A floating tensor of `x`'s shape.

    Example:
        >>> ops.soft_shrink([0.2, 1.0, -1.0]).tolist()
        [0.0, 0.5, -0.5]
    """
    x, width = to_float(x), float(threshold)
    return P.add(positive_part(P.subtract(x, width)), P.negative(positive_part(P.subtract(P.negative(x), width))))


@op
def threshold(x, threshold, default_value):
    """`x` above the threshold, `default_value` elsewhere; NaN stays NaN.

    Args:
        x: a tensor.
        threshold, default_value: numbers.

    Returns:
        A tensor of `x`'s shape and dtype.

    Example:
        >>> ops.threshold([1.0, 3.0], 2.0, 0.0).tolist()
        [0.0, 3.0]
    """
    x = convert(x)
    limit, default = to_dtype(dtype_of(x), threshold, default_value)
    return P.where(P.less_equal(x, limit), default, x)


@op
def squareplus(x, b=4):
    """`(x + sqrt(x**2 + b)) / 2`, a smooth relu.

    Args:
        x: a tensor.
        b: how smooth.

    Returns:
        A floating tensor of `x`'s shape.

    Source:
        Barron, Squareplus: a softplus-like algebraic rectifier (2021).

    Example:
        >>> ops.squareplus([0.0]).tolist()
        [1.0]
    """
    x = to_float(x)
    return P.multiply(P.add(x, P.sqrt(P.add(P.multiply(x, x), float(b)))), 0.5)


@op
def sparse_plus(x):
    """0 up to -1, `(x + 1)**2 / 4` to 1, `x` beyond.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.
    """
    x = to_float(x)
    inner = limited(x, -1, 1)
    bent = P.add(inner, 1)
    return P.add(P.multiply(P.multiply(bent, bent), 0.25), positive_part(P.subtract(x, 1)))


@op
def sparse_sigmoid(x):
    """0 up to -1, `(x + 1) / 2` to 1, 1 beyond. The gradient at the corners is 0.

    Args:
        x: a tensor.

    Returns:
        A floating tensor of `x`'s shape.
    """
    return P.multiply(P.add(limited(to_float(x), -1, 1), 1), 0.5)


@op
def glu(x, axis=-1):
    """One half of the tensor times the sigmoid of the other.

    Args:
        x: a tensor of even size along `axis`.
        axis: an axis.

    Returns:
        A floating tensor of half the size along `axis`.

    Raises:
        InvalidArgumentError: the size is odd.

    Source:
        Dauphin, Fan, Auli and Grangier, Language modeling with gated convolutional networks (2016).

    Example:
        >>> ops.glu([2.0, 0.0]).tolist()
        [1.0]
    """
    x = to_float(x)
    axis = axis_of(axis, len(shape_of(x)))
    if not is_unknown(shape_of(x)[axis]) and shape_of(x)[axis] % 2:
        raise InvalidArgumentError(
            f"`x` must have an even size along `axis`. Received: x.shape={shape_of(x)}, axis={axis}"
        )
    value, gate = split(x, 2, axis)
    return P.multiply(value, P.sigmoid(gate))
