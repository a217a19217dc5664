"""The constructor arguments that all optimizers share: their checks."""

from __future__ import annotations

from kcore.errors import InvalidArgumentError

IGNORED = frozenset({"jit_compile", "is_legacy_optimizer"})
"""Arguments that files of Keras 2.11 and later carry, and that mean nothing here."""


def check_arguments(optimizer, unknown: dict) -> None:
    """Check the arguments that `Optimizer.__init__` has stored.

    Args:
        optimizer: the optimizer.
        unknown: keyword arguments that nobody has taken.

    Raises:
        InvalidArgumentError: an argument is out of its range, two exclude each other, or one isn't known.
    """
    extra = {k: v for k, v in unknown.items() if k not in IGNORED}
    if extra:
        raise InvalidArgumentError(
            f"Argument(s) not recognized by optimizer {type(optimizer).__name__}. Received: {extra}"
        )
    _check_clipping(optimizer)
    if optimizer.use_ema:
        check_range("ema_momentum", optimizer.ema_momentum, 0, 1)
        _check_count("ema_overwrite_frequency", optimizer.ema_overwrite_frequency, 1)
    _check_count("gradient_accumulation_steps", optimizer.gradient_accumulation_steps, 2)
    if optimizer.loss_scale_factor is not None and not optimizer.loss_scale_factor > 0:
        raise InvalidArgumentError(
            f"`loss_scale_factor` must be positive. Received: loss_scale_factor={optimizer.loss_scale_factor!r}"
        )


def _check_clipping(optimizer) -> None:
    limits = {name: getattr(optimizer, name) for name in ("clipnorm", "clipvalue", "global_clipnorm")}
    given = {name: limit for name, limit in limits.items() if limit is not None}
    if len(given) > 1:
        raise InvalidArgumentError(
            f"Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set. Received: {given}"
        )
    for name, limit in given.items():
        if not limit > 0:
            raise InvalidArgumentError(f"`{name}` must be positive. Received: {name}={limit!r}")


def _check_count(name: str, value, least: int) -> None:
    if value is not None and (not isinstance(value, int) or value < least):
        raise InvalidArgumentError(f"`{name}` must be an integer of at least {least}. Received: {name}={value!r}")


def check_range(name: str, value, low: float, high: float, open_end: bool = False) -> None:
    """Check that `low <= value <= high` (or `value < high` with `open_end`).

    Raises:
        InvalidArgumentError: it isn't, or isn't a number.
    """
    inside = isinstance(value, (int, float)) and low <= value and (value < high if open_end else value <= high)
    if not inside:
        bracket = ")" if open_end else "]"
        raise InvalidArgumentError(f"`{name}` must be a number in [{low}, {high}{bracket}. Received: {name}={value!r}")
