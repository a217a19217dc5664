"""Activations: the functions by which a layer's output is bent.

They are the functions of `kcore.ops` under the names, signatures and defaults of Keras's activations, for tensors and
`KerasTensor`s.

    >>> import numpy as np
    >>> from kcore import activations
    >>> activations.get("relu")(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
"""

from __future__ import annotations

from typing import Any

from kcore import _identifiers, ops, registry


def relu(
    x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0, *, alpha: Any = None
) -> Any:
    """`x` from `threshold` up to `max_value`, `max_value` above, and `negative_slope * (x - threshold)` below.

    Args:
        x: a tensor.
        negative_slope: the slope below the threshold.
        max_value: the greatest value, or `None` for no limit.
        threshold: where the function begins to be `x`.
        alpha: Keras 2's name for `negative_slope`.

    Returns:
        A tensor like `x`. The gradient at the threshold is that of the lower side.

    Example:
        >>> import numpy as np
        >>> relu(np.array([-1.0, 2.0, 9.0]), negative_slope=0.5, max_value=6.0).tolist()
        [-0.5, 2.0, 6.0]
    """
    negative_slope = negative_slope if alpha is None else alpha
    if threshold == 0:
        result = ops.leaky_relu(x, negative_slope) if negative_slope else ops.relu(x)
    else:
        result = ops.where(ops.greater(x, threshold), x, negative_slope * (x - threshold))
    return result if max_value is None else ops.minimum(result, max_value)


def relu6(x: Any) -> Any:
    """`min(max(x, 0), 6)`.

    Example:
        >>> import numpy as np
        >>> relu6(np.array([-1.0, 2.0, 9.0])).tolist()
        [0.0, 2.0, 6.0]
    """
    return ops.relu6(x)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """`x` where it is positive, `negative_slope * x` elsewhere.

    Example:
        >>> import numpy as np
        >>> leaky_relu(np.array([-1.0, 2.0])).tolist()
        [-0.2, 2.0]
    """
    return ops.leaky_relu(x, negative_slope)


def linear(x: Any) -> Any:
    """`x` itself.

    Example:
        >>> import numpy as np
        >>> linear(np.array([-1.0, 2.0])).tolist()
        [-1.0, 2.0]
    """
    return x


def sigmoid(x: Any) -> Any:
    """`1 / (1 + exp(-x))`, without overflow.

    Example:
        >>> import numpy as np
        >>> sigmoid(np.array([0.0])).tolist()
        [0.5]
    """
    return ops.sigmoid(x)


def hard_sigmoid(x: Any) -> Any:
    """`min(max(x / 6 + 1 / 2, 0), 1)`.

    Example:
        >>> import numpy as np
        >>> hard_sigmoid(np.array([-3.0, 0.0, 3.0])).tolist()
        [0.0, 0.5, 1.0]
    """
    return ops.hard_sigmoid(x)


def log_sigmoid(x: Any) -> Any:
    """`log(sigmoid(x))`, without overflow.

    Example:
        >>> import numpy as np
        >>> log_sigmoid(np.array([0.0])).round(4).tolist()
        [-0.6931]
    """
    return ops.log_sigmoid(x)


def sparse_sigmoid(x: Any) -> Any:
    """`min(max((x + 1) / 2, 0), 1)`. Source: Correia et al., arXiv 1811.10888.

    Example:
        >>> import numpy as np
        >>> sparse_sigmoid(np.array([-1.0, 0.0, 1.0])).tolist()
        [0.0, 0.5, 1.0]
    """
    return ops.sparse_sigmoid(x)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent.

    Example:
        >>> import numpy as np
        >>> tanh(np.array([0.0])).tolist()
        [0.0]
    """
    return ops.tanh(x)


def hard_tanh(x: Any) -> Any:
    """`min(max(x, -1), 1)`.

    Example:
        >>> import numpy as np
        >>> hard_tanh(np.array([-3.0, 0.5])).tolist()
        [-1.0, 0.5]
    """
    return ops.hard_tanh(x)


def tanh_shrink(x: Any) -> Any:
    """`x - tanh(x)`.

    Example:
        >>> import numpy as np
        >>> tanh_shrink(np.array([0.0])).tolist()
        [0.0]
    """
    return ops.tanh_shrink(x)


def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """`x` where `|x| > threshold`, 0 elsewhere.

    Example:
        >>> import numpy as np
        >>> hard_shrink(np.array([-1.0, 0.5])).tolist()
        [-1.0, 0.0]
    """
    return ops.hard_shrink(x, threshold)


def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """`x` moved towards 0 by `threshold`, and 0 within it.

    Example:
        >>> import numpy as np
        >>> soft_shrink(np.array([-1.0, 0.25])).tolist()
        [-0.5, 0.0]
    """
    return ops.soft_shrink(x, threshold)


def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """`x` where it is greater than `threshold`, `default_value` elsewhere.

    Example:
        >>> import numpy as np
        >>> threshold(np.array([1.0, 3.0]), 2.0, 0.0).tolist()
        [0.0, 3.0]
    """
    return ops.threshold(x, threshold, default_value)


def softmax(x: Any, axis: int = -1) -> Any:
    """`exp(x) / sum(exp(x))` along `axis`: positive numbers that add up to 1.

    Example:
        >>> import numpy as np
        >>> softmax(np.array([[0.0, 0.0]])).tolist()
        [[0.5, 0.5]]
    """
    return ops.softmax(x, axis=axis)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """`log(softmax(x))`, without overflow.

    Example:
        >>> import numpy as np
        >>> log_softmax(np.array([[0.0, 0.0]])).round(4).tolist()
        [[-0.6931, -0.6931]]
    """
    return ops.log_softmax(x, axis=axis)


def sparsemax(x: Any, axis: int = -1) -> Any:
    """The point of the probability simplex nearest to `x`. Source: Martins and Astudillo, arXiv 1602.02068.

    Example:
        >>> import numpy as np
        >>> sparsemax(np.array([[0.5, 0.0, -1.0]])).tolist()
        [[0.75, 0.25, 0.0]]
    """
    return ops.sparsemax(x, axis=axis)


def softplus(x: Any) -> Any:
    """`log(exp(x) + 1)`, without overflow.

    Example:
        >>> import numpy as np
        >>> softplus(np.array([0.0])).round(4).tolist()
        [0.6931]
    """
    return ops.softplus(x)


def sparse_plus(x: Any) -> Any:
    """`x` above 1, `(x + 1)**2 / 4` from -1 to 1, 0 below. Source: Blondel et al., arXiv 1901.02324.

    Example:
        >>> import numpy as np
        >>> sparse_plus(np.array([-1.0, 0.0, 2.0])).tolist()
        [0.0, 0.25, 2.0]
    """
    return ops.sparse_plus(x)


def squareplus(x: Any, b: int = 4) -> Any:
    """`(x + sqrt(x**2 + b)) / 2`. Source: Barron, arXiv 2112.11687.

    Example:
        >>> import numpy as np
        >>> squareplus(np.array([0.0])).tolist()
        [1.0]
    """
    return ops.squareplus(x, b)


def softsign(x: Any) -> Any:
    """`x / (|x| + 1)`.

    Example:
        >>> import numpy as np
        >>> softsign(np.array([1.0])).tolist()
        [0.5]
    """
    return ops.softsign(x)


def silu(x: Any) -> Any:
    """`x * sigmoid(x)`, also called swish.

    Example:
        >>> import numpy as np
        >>> silu(np.array([0.0])).tolist()
        [0.0]
    """
    return ops.silu(x)


def hard_silu(x: Any) -> Any:
    """`x * hard_sigmoid(x)`, also called hard swish.

    Example:
        >>> import numpy as np
        >>> hard_silu(np.array([-3.0, 3.0])).tolist()
        [-0.0, 3.0]
    """
    return ops.hard_silu(x)


def mish(x: Any) -> Any:
    """`x * tanh(softplus(x))`. Source: Misra, arXiv 1908.08681.

    Example:
        >>> import numpy as np
        >>> mish(np.array([0.0])).tolist()
        [0.0]
    """
    return ops.multiply(x, ops.tanh(ops.softplus(x)))


def gelu(x: Any, approximate: bool = False) -> Any:
    """`x` times the normal distribution function of `x`, or its approximation by `tanh`. Source: arXiv 1606.08415.

    Example:
        >>> import numpy as np
        >>> gelu(np.array([1.0])).round(4).tolist()
        [0.8413]
    """
    return ops.gelu(x, approximate=approximate)


def glu(x: Any, axis: int = -1) -> Any:
    """`a * sigmoid(b)`, with `a` and `b` the halves of `x` along `axis`. Source: Dauphin et al., arXiv 1612.08083.

    Example:
        >>> import numpy as np
        >>> glu(np.array([4.0, 0.0])).tolist()
        [2.0]
    """
    return ops.glu(x, axis=axis)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """`x` where it is positive, `alpha * (exp(x) - 1)` elsewhere. Source: Clevert et al., arXiv 1511.07289.

    Example:
        >>> import numpy as np
        >>> elu(np.array([0.0, 2.0])).tolist()
        [0.0, 2.0]
    """
    return ops.elu(x, alpha)


def celu(x: Any, alpha: float = 1.0) -> Any:
    """`max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0)`. Source: Barron, arXiv 1704.07483.

    Example:
        >>> import numpy as np
        >>> celu(np.array([0.0, 2.0])).tolist()
        [0.0, 2.0]
    """
    return ops.celu(x, alpha)


def selu(x: Any) -> Any:
    """`1.0507 * elu(x, 1.67326)`, which keeps mean 0 and variance 1. Source: Klambauer et al., arXiv 1706.02515.

    Example:
        >>> import numpy as np
        >>> selu(np.array([1.0])).round(4).tolist()
        [1.0507]
    """
    return ops.selu(x)


def exponential(x: Any) -> Any:
    """`exp(x)`.

    Example:
        >>> import numpy as np
        >>> exponential(np.array([0.0])).tolist()
        [1.0]
    """
    return ops.exp(x)


_NAMES = """
    celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu linear log_sigmoid log_softmax
    mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid sparsemax
    squareplus tanh tanh_shrink threshold
"""
_ALIASES = {"silu": ("swish",), "hard_silu": ("hard_swish",)}
for _name in _NAMES.split():
    registry.builtin("activations", *_ALIASES.get(_name, ()))(globals()[_name])

swish = silu
hard_swish = hard_silu


def get(identifier: Any) -> Any:
    """The activation that an identifier stands for.

    Args:
        identifier: a name (`"relu"`), a config of a function or of a layer, a callable (returned as it is), or `None`
            for `linear`.

    Returns:
        A callable of one tensor.

    Raises:
        InvalidArgumentError: there is no such activation.

    Example:
        >>> get(None).__name__
        'linear'
    """
    return linear if identifier is None else _identifiers.get("activations", identifier)


def serialize(activation: Any) -> Any:
    """An activation as plain data.

    Args:
        activation: a function of this module, a function known by name, or a layer.

    Returns:
        The name, for a function of this module; else a dict with `class_name` and `config`.

    Raises:
        SerializationError: a lambda.

    Example:
        >>> serialize(swish)
        'silu'
    """
    if registry.lookup_group(activation) == "activations":
        return activation.__name__
    return registry.serialize_keras_object(activation)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The activation that a config or a name describes.

    Args:
        config: what `serialize` returned.
        custom_objects: further classes and functions by name.

    Returns:
        A callable of one tensor.

    Raises:
        InvalidArgumentError: there is no activation of that name.
        SerializationError: the config names an unknown object, or can't be built.

    Example:
        >>> deserialize("tanh").__name__
        'tanh'
    """
    return _identifiers.from_config("activations", config, custom_objects)


__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]
