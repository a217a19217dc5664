"""Dtype policies: the dtypes that a layer computes in and keeps its variables in, by one name.

| name                                            | computes in         | keeps variables in  |
| ----------------------------------------------- | ------------------- | ------------------- |
| `float32`, `float64`, `float16`, `bfloat16`     | that dtype          | that dtype          |
| `mixed_float16`                                 | `float16`           | `float32`           |
| `mixed_bfloat16`                                | `bfloat16`          | `float32`           |

Under a mixed policy a layer's floating inputs are cast to the short dtype, and so are its variables where its `call`
reads them: an update that is too small for a short float isn't lost.
"""

from __future__ import annotations

from typing import Any

from kcore import config, dtypes, registry
from kcore.errors import InvalidArgumentError

__all__ = ["DTypePolicy", "FloatDTypePolicy", "deserialize", "get", "serialize"]

MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}
"""What each mixed policy computes in."""


@registry.builtin("dtype_policies", "FloatDTypePolicy", "Policy")
class DTypePolicy:
    """The dtypes of a layer.

    Args:
        name: a dtype's name for both computation and variables, `"mixed_float16"` or `"mixed_bfloat16"`; that of
            `config.dtype_policy()` if `None`.

    Raises:
        InvalidArgumentError: `name` is none of these.

    Example:
        >>> policy = DTypePolicy("mixed_float16")
        >>> policy.compute_dtype, policy.variable_dtype
        ('float16', 'float32')
    """

    quantization_mode = None
    """How weights are quantized: never."""

    def __init__(self, name: str | None = None):
        self._name = _checked(_default_name() if name is None else name)
        self._compute_dtype = MIXED.get(self._name, self._name)
        self._variable_dtype = "float32" if self._name in MIXED else self._name

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """The dtype that floating inputs are cast to, and that variables are read in."""
        return self._compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of new variables."""
        return self._variable_dtype

    def get_config(self) -> dict[str, Any]:
        """`name`."""
        return {"name": self._name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        """Make one from what `get_config` returned."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self._name}">'


FloatDTypePolicy = DTypePolicy

_chosen: list[DTypePolicy] = []


def dtype_policy() -> DTypePolicy:
    """The policy of layers that are made without one: what `set_dtype_policy` set, else that of `floatx()`.

    Example:
        >>> dtype_policy()
        <DTypePolicy "float32">
    """
    return chosen_policy() or DTypePolicy(config.floatx())


def chosen_policy() -> DTypePolicy | None:
    """What `set_dtype_policy` set, `None` where it set nothing."""
    return _chosen[0] if _chosen else None


def set_dtype_policy(policy: Any) -> None:
    """Set the policy of layers that are made without one.

    Args:
        policy: a `DTypePolicy` or its name; `None` for that of `floatx()`, whatever it is.

    Raises:
        InvalidArgumentError: the name is no policy's.
    """
    _chosen[:] = [] if policy is None else [get(policy)]


def get(identifier: Any) -> DTypePolicy:
    """A policy.

    Args:
        identifier: a policy, a name, what `serialize` returned (Keras 2's form too), or `None` for `dtype_policy()`.

    Raises:
        InvalidArgumentError: the name is no policy's.

    Example:
        >>> get("mixed_bfloat16")
        <DTypePolicy "mixed_bfloat16">
    """
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        identifier = identifier.get("config", identifier).get("name")
    return dtype_policy() if identifier is None else DTypePolicy(identifier)


def serialize(dtype_policy: DTypePolicy) -> dict[str, Any]:
    """Describe a policy as plain data; `deserialize` is its inverse."""
    return registry.serialize_keras_object(dtype_policy)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> DTypePolicy:
    """Make a policy from its description.

    Args:
        config: what `serialize` returned.
        custom_objects: classes of the user's own by name.

    Raises:
        SerializationError: the class isn't known, or can't be built from the description.
    """
    return registry.deserialize_keras_object(config, custom_objects=custom_objects, group="dtype_policies")


def saved_form(policy: DTypePolicy) -> Any:
    """What a layer's configuration says of its policy: the name of a dtype, which every Keras reads; for a mixed
    policy, its description."""
    return serialize(policy) if policy.name in MIXED else policy.name


def _default_name() -> str:
    return dtype_policy().name


def _checked(name: Any) -> str:
    if isinstance(name, str) and name in MIXED:
        return name
    try:
        return dtypes.standardize_dtype(name)
    except (TypeError, ValueError) as err:
        raise InvalidArgumentError(
            f"`dtype` must be a policy, or the name of a dtype, such as 'float32', or of a mixed policy "
            f"({', '.join(MIXED)}). Received: dtype={name!r}"
        ) from err
