"""The base of all metrics: variables on the device, an update a batch, a result when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kcore import config, dtypes, initializers, registry
from kcore.engine.variable import Variable, name_scope
from kcore.errors import UnsupportedError
from kcore.ops.operation import auto_name


@registry.builtin("metrics")
class Metric:
    """Base class of metrics. A subclass makes variables with `add_weight`, and writes `update_state` and `result`.

    An update reads and assigns variables and never looks at a value, so that a training step can be captured with it.

    Args:
        dtype: the dtype of its variables; `floatx` if `None`.
        name: a name; made from the class's if `None`.

    Example:
        >>> import numpy as np
        >>> from kcore import ops
        >>> class Largest(Metric):
        ...     def __init__(self, name=None, dtype=None):
        ...         super().__init__(dtype=dtype, name=name)
        ...         self.largest = self.add_weight(name="largest")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.largest.assign(ops.maximum(self.largest, ops.max(y_pred)))
        ...     def result(self):
        ...         return self.largest.value
        >>> float(Largest()(None, np.array([1.0, 3.0])))
        3.0
    """

    def __init_subclass__(cls, **kwargs: Any):
        """A subclass in Keras 2's spelling overrides `reset_states`; it is what `reset_state` calls then."""
        super().__init_subclass__(**kwargs)
        if "reset_states" in vars(cls) and "reset_state" not in vars(cls):
            cls.reset_state = vars(cls)["reset_states"]  # type: ignore[method-assign]

    def __init__(self, dtype: Any = None, name: str | None = None):
        self.name = name or auto_name(type(self).__name__)
        self._dtype = dtypes.standardize_dtype(getattr(dtype, "compute_dtype", dtype) or config.floatx())
        self._initial: list[tuple[Variable, Any]] = []

    @property
    def dtype(self) -> str:
        """The dtype of its variables."""
        return self._dtype

    def add_weight(self, *args: Any, **kwargs: Any) -> Variable:
        """Make a variable of the metric's state.

        Args:
            shape: its shape; a scalar by default.
            initializer: an initializer's identifier; zeros by default.
            dtype: its dtype; the metric's if `None`.
            name: its name. In Keras 2's order the name comes first, then shape, then initializer.

        Returns:
            The variable.
        """
        names = (
            ("name", "shape", "initializer")
            if args and isinstance(args[0], str)
            else ("shape", "initializer", "dtype", "name")
        )
        return self.add_variable(**{"shape": (), **dict(zip(names, args, strict=False)), **kwargs})

    def add_variable(
        self, shape: Any, initializer: Any = None, dtype: Any = None, aggregation: str = "sum", name: str | None = None
    ) -> Variable:
        """Make a variable of the metric's state; see `add_weight`."""
        initializer = initializers.get("zeros" if initializer is None else initializer)
        dtype = dtypes.standardize_dtype(dtype or self.dtype)
        with name_scope(self.name):
            variable = Variable(
                initializer, shape, dtype, trainable=False, autocast=False, aggregation=aggregation, name=name
            )
        self._initial.append((variable, initializer))
        return variable

    @property
    def variables(self) -> list[Variable]:
        """The variables of the metric, and of the metrics and variables that it holds in attributes."""
        found = [variable for variable, _ in self._initial]
        for value in vars(self).values():
            for part in _parts(value):
                found.extend(part.variables if isinstance(part, Metric) else [part])
        return list({id(variable): variable for variable in found}.values())

    weights = variables

    def reset_state(self) -> None:
        """Give every variable its initial value again."""
        for variable, initializer in self._initial:
            variable.assign(initializer(variable.shape, dtype=variable.dtype))
        for value in vars(self).values():
            for part in _parts(value):
                if isinstance(part, Metric):
                    part.reset_state()

    def reset_states(self) -> None:
        """Keras 2's name for `reset_state`."""
        self.reset_state()

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Take a batch into account; written by each subclass."""
        raise UnsupportedError(f"{type(self).__name__} must define `update_state`.")

    def result(self) -> Any:
        """The metric over all batches since the last reset; written by each subclass.

        Returns:
            A scalar or a tensor, or a dict of them by name.
        """
        raise UnsupportedError(f"{type(self).__name__} must define `result`.")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`update_state` with these arguments, then `result`."""
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """`name` and `dtype`."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """Make one from what `get_config` returned."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _parts(value: Any) -> Iterator[Metric | Variable]:
    if isinstance(value, (Metric, Variable)):
        yield value
    elif isinstance(value, (list, tuple, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            if isinstance(item, (Metric, Variable)):
                yield item
