"""The dtypes that a layer computes in and keeps its variables in."""

from __future__ import annotations

from typing import Any

from kcore import config, dtypes, registry
from kcore.errors import InvalidArgumentError, UnsupportedError


@registry.builtin("dtype_policies")
class DTypePolicy:
    """The dtypes of a layer, by one name: `float16`, `float32` or `float64` for both its computation and its variables.

    Args:
        name: the name; `config.floatx()` if `None`.

    Raises:
        UnsupportedError: `name` is a mixed policy.
        InvalidArgumentError: `name` isn't a dtype.

    Example:
        >>> DTypePolicy("float64").compute_dtype
        'float64'
    """

    def __init__(self, name: str | None = None):
        name = name or config.floatx()
        if isinstance(name, str) and name.startswith("mixed_"):
            raise UnsupportedError(
                f"`name` must be one dtype; mixed precision isn't available. Received: name={name!r}"
            )
        try:
            self.name: str = dtypes.standardize_dtype(name)
        except (TypeError, ValueError) as err:
            raise InvalidArgumentError(
                f"`dtype` must name a dtype, such as 'float32'. Received: dtype={name!r}"
            ) from err

    @property
    def compute_dtype(self) -> str:
        """The dtype that floating inputs are cast to."""
        return self.name

    @property
    def variable_dtype(self) -> str:
        """The dtype of new variables."""
        return self.name

    def get_config(self) -> dict[str, Any]:
        """`name`."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        """Make one from what `get_config` returned."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'


def get_policy(identifier: Any) -> DTypePolicy:
    """A policy from one, from a name, from a saved form (`{"class_name": "DTypePolicy", "config": {"name": ...}}`), or
    from `None`."""
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        identifier = identifier.get("config", identifier).get("name")
    return DTypePolicy(identifier)
