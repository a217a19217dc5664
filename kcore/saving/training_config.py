"""What a file says of `compile`: optimizer, losses, metrics; in the form of Keras's `training_config`."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from kcore import registry
from kcore.errors import InvalidArgumentError, SerializationError

_GROUPS = {"loss": "losses", "metrics": "metrics", "weighted_metrics": "metrics"}
_PLAIN = (
    *("loss_weights", "run_eagerly", "steps_per_execution", "sample_weight_mode"),
    *("auto_scale_loss", "native_autodiff"),
)


def training_config(model: Any) -> dict[str, Any] | None:
    """The arguments of `compile` as plain data; `None` for a model that isn't compiled."""
    config = model.get_compile_config()
    if not config:
        return None
    config = dict(config)
    optimizer = config.pop("optimizer")
    return {**config, "loss": _full_names(config.get("loss")), "jit_compile": False, "optimizer_config": optimizer}


def _full_names(loss: Any) -> Any:
    """Losses with abbreviations spelled out: Keras 3.15 can't load a file that says `mse`."""
    if isinstance(loss, dict) and "class_name" not in loss:
        return {key: _full_names(item) for key, item in loss.items()}
    if isinstance(loss, list):
        return [_full_names(item) for item in loss]
    if isinstance(loss, str) and loss in registry.builtin_names("losses"):
        return registry.snake_case(registry.lookup("losses", loss).__name__)
    return loss


def compile_model(model: Any, config: dict[str, Any]) -> None:
    """Compile a model as `training_config` said.

    Args:
        model: the model.
        config: what `training_config` returned, or what Keras wrote.

    Raises:
        SerializationError: something in it is unknown.
    """
    if not isinstance(config, dict) or "optimizer_config" not in config:
        raise SerializationError(
            f"The file's `training_config` must be a dict with `optimizer_config`. Received: {config!r}"
        )
    optimizer = registry.deserialize_keras_object(config["optimizer_config"], group="optimizers")
    arguments = {key: config[key] for key in _PLAIN if config.get(key) is not None}
    for key, group in _GROUPS.items():
        arguments[key] = _revived(config.get(key), group)
    model.compile(optimizer=optimizer, **arguments)


def _revived(value: Any, group: str) -> Any:
    """Losses or metrics from their descriptions; names stay names."""
    if isinstance(value, dict) and "class_name" in value and "config" in value:
        return registry.deserialize_keras_object(value, group=group)
    if isinstance(value, dict):
        return {key: _revived(item, group) for key, item in value.items()}
    return [_revived(item, group) for item in value] if isinstance(value, list) else value


def restore_optimizer(model: Any, arrays: list[Any]) -> None:
    """Give a compiled model's optimizer its saved state. If that doesn't fit, it starts afresh, with a warning.

    Args:
        model: a compiled, built model.
        arrays: the state, in the order of the optimizer's `variables`.
    """
    optimizer = model.optimizer
    try:
        optimizer.build(model.trainable_variables)
        shapes = [tuple(v.shape) for v in optimizer.variables]
        if shapes != [tuple(array.shape) for array in arrays]:
            raise InvalidArgumentError(
                f"it has {len(shapes)} variables, the file has {len(arrays)}, or their shapes differ"
            )
        optimizer.set_weights([np.asarray(array) for array in arrays])
    except InvalidArgumentError as err:
        warnings.warn(
            f"The saved state of optimizer '{optimizer.name}' doesn't fit, so it starts afresh: {err}", stacklevel=4
        )
