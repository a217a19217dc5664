"""Distributions that need one random number each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kcore import config, dtypes, ops
from kcore.engine import random
from kcore.errors import InvalidArgumentError, ShapeError
from kcore.random.seeds import draw

Shape = Sequence[int]


def resolve(shape: Any, dtype: Any) -> tuple[tuple[int, ...], str]:
    """A shape as a tuple, and the name of a float dtype."""
    name = dtypes.standardize_dtype(dtype or config.floatx())
    if not dtypes.is_float(name):
        raise InvalidArgumentError(f"`dtype` must be a floating-point dtype. Received: dtype={dtype!r}")
    return (shape,) if isinstance(shape, int) else tuple(shape), name


def uniform(shape: Shape, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Uniformly distributed numbers in `[minval, maxval)`.

    Args:
        shape: the shape to make.
        minval: the lower end.
        maxval: the upper end.
        dtype: a float dtype; `floatx` if `None`. An integer one gives `randint`.
        seed: an integer, a `SeedGenerator`, or `None`.

    Returns:
        A tensor of this shape and dtype, with 24 random bits a number.

    Example:
        >>> uniform((2, 3), seed=1).shape
        (2, 3)
    """
    if dtype is not None and dtypes.is_integer(dtypes.standardize_dtype(dtype)):
        return randint(shape, int(minval), int(maxval), dtype, seed)
    shape, dtype = resolve(shape, dtype)
    return _moved(random.uniform(draw(seed), shape=shape, dtype=dtype), minval, maxval - minval)


def normal(shape: Shape, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Normally distributed numbers.

    Args:
        shape: the shape to make.
        mean: their mean.
        stddev: their standard deviation.
        dtype: a float dtype; `floatx` if `None`.
        seed: an integer, a `SeedGenerator`, or `None`.

    Returns:
        A tensor of this shape and dtype.

    Example:
        >>> normal((2, 3), seed=1).shape
        (2, 3)
    """
    shape, dtype = resolve(shape, dtype)
    return _moved(random.normal(draw(seed), shape=shape, dtype=dtype), mean, stddev)


def truncated_normal(shape: Shape, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Normally distributed numbers within two standard deviations of the mean.

    Args:
        shape: the shape to make.
        mean: their mean.
        stddev: the standard deviation before truncation.
        dtype: a float dtype; `floatx` if `None`.
        seed: an integer, a `SeedGenerator`, or `None`.

    Returns:
        A tensor of this shape and dtype.

    Example:
        >>> bool((abs(truncated_normal((100,), seed=1)) <= 2.0).all())
        True
    """
    shape, dtype = resolve(shape, dtype)
    return _moved(random.truncated_normal(draw(seed), shape=shape, dtype=dtype), mean, stddev)


def _moved(values: Any, offset: Any, factor: Any) -> Any:
    values = values if isinstance(factor, (int, float)) and factor == 1 else values * factor
    return values if isinstance(offset, (int, float)) and offset == 0 else values + offset


def randint(shape: Shape, minval: int, maxval: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Uniformly distributed integers from `minval` to `maxval - 1`.

    Args:
        shape: the shape to make.
        minval: the least integer.
        maxval: one more than the greatest; at most 2**31 above `minval`.
        dtype: an integer dtype.
        seed: an integer, a `SeedGenerator`, or `None`.

    Returns:
        A tensor of this shape and dtype.

    Raises:
        InvalidArgumentError: `maxval` isn't above `minval`, or too far above, or `dtype` isn't an integer one.

    Example:
        >>> sorted(set(randint((100,), 0, 3, seed=1).tolist()))
        [0, 1, 2]
    """
    name = dtypes.standardize_dtype(dtype)
    if not dtypes.is_integer(name):
        raise InvalidArgumentError(f"`dtype` must be an integer dtype. Received: dtype={dtype!r}")
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return random.randint(draw(seed), shape=shape, low=int(minval), high=int(maxval), dtype=name)


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Class indices, each with the probability that `softmax(logits)` gives it.

    Args:
        logits: `(batch, classes)`.
        num_samples: how many indices to draw for each row.
        dtype: an integer dtype.
        seed: an integer, a `SeedGenerator`, or `None`.

    Returns:
        `(batch, num_samples)`, found in the cumulated probabilities; a class of probability 0 is never drawn.

    Raises:
        ShapeError: `logits` isn't a matrix.

    Example:
        >>> import numpy as np
        >>> categorical(np.array([[0.0, -np.inf]]), 3, seed=1).tolist()
        [[0, 0, 0]]
    """
    logits = ops.convert_to_tensor(logits)
    if len(logits.shape) != 2:
        raise ShapeError(f"`logits` must be of shape (batch, classes). Received: logits.shape={tuple(logits.shape)}")
    cumulated = ops.cumsum(ops.softmax(logits, axis=-1), axis=-1)
    u = random.uniform(draw(seed), shape=(logits.shape[0], num_samples), dtype="float32")
    level = ops.expand_dims(ops.cast(u, cumulated.dtype) * cumulated[:, -1:], -1)
    passed = ops.greater_equal(level, ops.expand_dims(cumulated[:, :-1], 1))
    return ops.sum(ops.cast(passed, dtypes.standardize_dtype(dtype)), axis=-1)


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Zeros in place of a random part of the numbers; the others are divided by `1 - rate`, which keeps the mean.

    Args:
        inputs: a float tensor.
        rate: the part that is dropped, from 0 to 1.
        noise_shape: the shape of the random mask, that of `inputs` with 1 or `None` where axes are to be dropped
            together or not.
        seed: an integer, a `SeedGenerator`, or `None`.

    Returns:
        A tensor like `inputs`.

    Raises:
        InvalidArgumentError: `rate` isn't from 0 to 1.

    Source: Srivastava et al., JMLR 15, 2014.

    Example:
        >>> import numpy as np
        >>> sorted(set(dropout(np.ones(100), 0.5, seed=1).tolist()))
        [0.0, 2.0]
    """
    if not 0 <= rate <= 1:
        raise InvalidArgumentError(f"`rate` must be from 0 to 1. Received: rate={rate!r}")
    inputs = ops.convert_to_tensor(inputs)
    shape = tuple(inputs.shape)
    if noise_shape is not None:
        shape = tuple(own if given is None else given for own, given in zip(shape, noise_shape, strict=True))
    if rate == 0:
        return inputs
    if rate == 1:
        return ops.zeros_like(inputs)
    kept = random.bernoulli(draw(seed), shape=shape, p=1.0 - rate)
    return ops.where(kept, inputs * (1.0 / (1.0 - rate)), 0.0)


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """The slices of a tensor along an axis in a random order.

    Args:
        x: a tensor.
        axis: the axis.
        seed: an integer, a `SeedGenerator`, or `None`.

    Returns:
        A tensor like `x`.

    Example:
        >>> import numpy as np
        >>> sorted(shuffle(np.arange(5), seed=1).tolist())
        [0, 1, 2, 3, 4]
    """
    x = ops.convert_to_tensor(x)
    return ops.take(x, random.permutation(draw(seed), size=x.shape[axis]), axis=axis)
