"""What a layer asks of its inputs, checked before its `call` runs so that the error names the layer."""

from __future__ import annotations

from typing import Any

from kcore import dtypes, tree
from kcore.engine.spec import public_shape
from kcore.errors import DtypeError, InvalidArgumentError, ShapeError


class InputSpec:
    """Rank, shape, dtype and sizes of axes that an input of a layer must have. A layer sets `self.input_spec` to one,
    or a structure of them.

    Args:
        dtype: the dtype's name, or `None` for any.
        shape: the full shape, `None` for a dimension of any size; sets `ndim`.
        ndim: the exact rank.
        max_ndim: the greatest rank allowed.
        min_ndim: the least rank allowed.
        axes: a dictionary from axis (may be negative) to its size.
        allow_last_axis_squeeze: whether a last axis of size 1 may be missing or extra.
        name: the key of the input where inputs come as a dictionary.
        optional: whether the input may be `None`.

    Raises:
        InvalidArgumentError: an axis lies beyond the rank.

    Example:
        >>> InputSpec(min_ndim=2, axes={-1: 3})
        InputSpec(min_ndim=2, axes={-1: 3})
    """

    _FIELDS = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes", "allow_last_axis_squeeze", "name", "optional")

    def __init__(
        self,
        dtype=None,
        shape=None,
        ndim=None,
        max_ndim=None,
        min_ndim=None,
        axes=None,
        allow_last_axis_squeeze=False,
        name=None,
        optional=False,
    ):
        self.dtype = None if dtype is None else dtypes.standardize_dtype(dtype)
        self.shape = None if shape is None else tuple(shape)
        self.ndim = ndim if shape is None else len(self.shape or ())
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name
        self.optional = optional
        rank = self.ndim if self.ndim is not None else max_ndim
        if rank is not None and any(not -rank <= axis < rank for axis in self.axes):
            raise InvalidArgumentError(f"`axes` must lie within rank {rank}. Received: axes={self.axes}")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again."""
        return {field: getattr(self, field) for field in self._FIELDS}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        """Make one from what `get_config` returned."""
        return cls(**config)

    def __repr__(self) -> str:
        fields = {
            field: getattr(self, field) for field in self._FIELDS if not (field == "ndim" and self.shape is not None)
        }
        return f"InputSpec({', '.join(f'{k}={v!r}' for k, v in fields.items() if v or (v == 0 and v is not False))})"


def check_inputs(input_spec: Any, inputs: Any, layer: Any) -> None:
    """Check the inputs of `layer` against its specs.

    Args:
        input_spec: an `InputSpec`, a list of them, or a dictionary of them by the input's key.
        inputs: the first argument of the layer's call.
        layer: its `name` and class go into the error's text.

    Raises:
        ShapeError: an input's rank or shape isn't what the spec says.
        DtypeError: an input's dtype isn't.
        InvalidArgumentError: inputs are missing, or too many.
    """
    specs = tree.flatten(input_spec)
    values = _matching_values(specs, inputs)
    if len(values) != len(specs):
        raise InvalidArgumentError(
            f"{_title(layer)} expects {len(specs)} input(s). Received: {len(values)} input(s): {inputs}"
        )
    for index, (spec, x) in enumerate(zip(specs, values, strict=True)):
        if spec is not None and not (x is None and spec.optional):
            _check_one(spec, x, f"{_title(layer)}, input {index}{_called(spec)}")


def _matching_values(specs: list[Any], inputs: Any) -> list[Any]:
    names = [getattr(spec, "name", None) for spec in specs]
    if isinstance(inputs, dict) and all(name in inputs for name in names):
        return [inputs[name] for name in names]
    return tree.flatten(inputs)


def _check_one(spec: InputSpec, x: Any, title: str) -> None:
    if not hasattr(x, "shape"):
        raise InvalidArgumentError(f"{title}: expected a tensor. Received: {x!r} of {type(x)}")
    shape = public_shape(tuple(x.shape))
    for expectation in (_rank_problem(spec, len(shape)), _axes_problem(spec, shape), _shape_problem(spec, shape)):
        if expectation:
            raise ShapeError(f"{title}: expected {expectation}. Received: shape={shape}")
    received = dtypes.standardize_dtype(x.dtype) if spec.dtype else None
    if received != spec.dtype:
        raise DtypeError(f"{title}: expected dtype={spec.dtype}. Received: dtype={received}")


def _rank_problem(spec: InputSpec, rank: int) -> str | None:
    if (
        spec.ndim is not None
        and rank != spec.ndim
        and not (spec.allow_last_axis_squeeze and abs(rank - spec.ndim) == 1)
    ):
        return f"ndim={spec.ndim}, found ndim={rank}"
    if spec.max_ndim is not None and rank > spec.max_ndim:
        return f"at most {spec.max_ndim} dimensions (max_ndim={spec.max_ndim}), found ndim={rank}"
    if spec.min_ndim is not None and rank < spec.min_ndim:
        return f"at least {spec.min_ndim} dimensions (min_ndim={spec.min_ndim}), found ndim={rank}"
    return None


def _axes_problem(spec: InputSpec, shape: tuple[int | None, ...]) -> str | None:
    for axis, size in spec.axes.items():
        found = shape[axis] if -len(shape) <= axis < len(shape) else "no such axis"
        if size is not None and found is not None and found != size:
            return f"axis {axis} of size {size}, found {found}"
    return None


def _shape_problem(spec: InputSpec, shape: tuple[int | None, ...]) -> str | None:
    if spec.shape is None:
        return None
    wanted, found = spec.shape, shape
    if spec.allow_last_axis_squeeze and len(wanted) != len(found):
        wanted, found = (
            s[:-1] if len(s) == max(len(wanted), len(found)) and s[-1] in (1, None) else s for s in (wanted, found)
        )
    fits = len(wanted) == len(found) and all(
        a is None or b is None or a == b for a, b in zip(wanted, found, strict=True)
    )
    return None if fits else f"shape={spec.shape}, found shape={shape}"


def _called(spec: InputSpec) -> str:
    return f" ('{spec.name}')" if spec.name else ""


def _title(layer: Any) -> str:
    return f"Layer '{layer.path}' ({type(layer).__name__})"
