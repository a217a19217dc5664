"""The saved form of an op in a functional model: Keras 3's, an operation class with a configuration and call arguments.

`ops.sum(x, axis=1)` is written as a `Sum` with the configuration `{"axis": 1, ...}` that is called on `x`; `x + 1.0` as
an `Add` without one that is called on `x` and `1.0`. An op's parameters of the names in `CALL_PARAMETERS` are call
arguments, all others configuration.
"""

from __future__ import annotations

import inspect
from typing import Any

from kcore import registry
from kcore.errors import SerializationError
from kcore.ops.operation import OPS, OpCall, any_symbolic

CALL_PARAMETERS = frozenset(
    {
        "arrays",
        "bias",
        "condition",
        "cond",
        "inputs",
        "indices",
        "key",
        "kernel",
        "output",
        "target",
        "updates",
        "value",
        "values",
        "x",
        "x1",
        "x2",
        "xs",
        "y",
    }
)
_MODULES = {
    "nn": (
        "average_pool",
        "batch_normalization",
        "binary_crossentropy",
        "categorical_crossentropy",
        "celu",
        "conv",
        "conv_transpose",
        "depthwise_conv",
        "dot_product_attention",
        "elu",
        "gelu",
        "glu",
        "hard_shrink",
        "hard_sigmoid",
        "hard_silu",
        "hard_tanh",
        "layer_normalization",
        "leaky_relu",
        "log_sigmoid",
        "log_softmax",
        "max_pool",
        "moments",
        "multi_hot",
        "normalize",
        "one_hot",
        "relu",
        "relu6",
        "rms_normalization",
        "selu",
        "separable_conv",
        "sigmoid",
        "silu",
        "soft_shrink",
        "softmax",
        "softplus",
        "softsign",
        "sparse_categorical_crossentropy",
        "sparsemax",
        "squareplus",
        "tanh_shrink",
        "threshold",
    ),
    "math": (
        "erf",
        "erfinv",
        "extract_sequences",
        "fft",
        "fft2",
        "in_top_k",
        "logsumexp",
        "rsqrt",
        "segment_max",
        "segment_sum",
        "top_k",
    ),
    "core": (
        "cast",
        "cond",
        "fori_loop",
        "map",
        "scan",
        "scatter",
        "scatter_update",
        "slice",
        "slice_update",
        "stop_gradient",
        "unstack",
        "vectorized_map",
        "while_loop",
    ),
}
"""The ops that Keras defines elsewhere than in its module `numpy`."""

_CLASSES = {"logsumexp": "Logsumexp", "relu6": "ReLU6", "top_k": "TopK"}


def op_to_config(operation: OpCall, name: str) -> dict[str, Any]:
    """The saved form of an op, without its calls: class, module and configuration."""
    class_name = _class_name(operation.op)
    static = _split(operation, operation._inbound_nodes[0])[2]
    return {
        "module": f"keras.src.ops.{_module(operation.op)}",
        "class_name": class_name,
        "config": {"name": name, **registry.serialize_keras_object(static)},
        "registered_name": class_name,
    }


def call_arguments(operation: OpCall, node: Any) -> tuple[tuple, dict[str, Any]]:
    """The arguments of an op's call that aren't configuration."""
    args, kwargs, _ = _split(operation, node)
    return args, kwargs


def _split(operation: OpCall, node: Any) -> tuple[tuple, dict[str, Any], dict[str, Any]]:
    signature = inspect.signature(OPS[operation.op])
    bound = signature.bind(*node.call_args, **node.call_kwargs)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    static: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            args += value
        elif name in CALL_PARAMETERS or any_symbolic(value):
            if kwargs or kind is inspect.Parameter.KEYWORD_ONLY:
                kwargs[name] = value
            else:
                args.append(value)
        else:
            static[name] = value
    return tuple(args), kwargs, static


def op_from_config(data: dict[str, Any]) -> tuple[OpCall, dict[str, Any]]:
    """The op of a saved form, and the parameters to add to each call.

    Args:
        data: an entry of a functional configuration's `layers`.

    Raises:
        SerializationError: kcore has no such op.
    """
    op = _op_name(data["class_name"])
    config = dict(data.get("config") or {})
    name = config.pop("name", data.get("name"))
    if op not in OPS:
        raise SerializationError(
            f"`class_name` must be that of an op of kcore. Received: class_name={data['class_name']!r}"
        )
    parameters = inspect.signature(OPS[op]).parameters
    config = {key: registry.deserialize_keras_object(value) for key, value in config.items() if key in parameters}
    return OpCall(op, name=name), config


def is_op(data: dict[str, Any]) -> bool:
    """Whether an entry of a functional configuration's `layers` is an op."""
    return str(data.get("module") or "").startswith("keras.src.ops")


def _module(op: str) -> str:
    return next((module for module, ops in _MODULES.items() if op in ops), "numpy")


def _class_name(op: str) -> str:
    return _CLASSES.get(op) or "".join(part.capitalize() for part in op.split("_"))


def _op_name(class_name: str) -> str:
    written = {name: op for op, name in _CLASSES.items()}
    if class_name in written:
        return written[class_name]
    return next((op for op in OPS if _class_name(op) == class_name), registry.snake_case(class_name))
