"""Two backends that forgive nothing: one whose tensors can't be written to, one that checks what it is called with."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from kcore.engine.primitives import TABLE
from kcore.extend import Spec
from kcore_numpy import NumpyBackend

ANY_DTYPES = {"where": 1, "take": 2, "take_along_axis": 2, "scatter": 3, "scatter_add": 3, "scatter_add_along_axis": 3}
"""Rows whose operands aren't all of one dtype: the condition, or the indices at place 1."""


class Wrapped(NumpyBackend):
    """A backend that stands between every call and NumPy, in plans too."""

    inplace = {}

    def bind(self, name, params, specs, into=False):
        return functools.partial(self.functions[name], **params)

    def __init__(self):
        super().__init__()
        self.functions = {name: self.wrapped(TABLE[name], function) for name, function in self.functions.items()}


class ReadOnly(Wrapped):
    """NumPy whose tensors can't be written to: whoever writes into an operand gets an error."""

    name = "read-only"
    immutable = True
    fused = {name: dataclasses.replace(entry, inplace=None) for name, entry in NumpyBackend.fused.items()}

    def wrapped(self, row, function):
        @functools.wraps(function)
        def run(*operands, **params):
            return self._frozen(function(*operands, **params))

        return run

    def asarray(self, x, dtype=None):
        return self._frozen(np.array(super().asarray(x, dtype)))

    def copy(self, x):
        return self._frozen(np.array(x))

    def _frozen(self, x):
        if isinstance(x, np.ndarray):
            x = x.view()
            x.flags.writeable = False
        return x


class Strict(Wrapped):
    """NumPy that takes canonical arguments only: tensors of one dtype, sorted axes, parameters of the right types."""

    name = "strict"

    def wrapped(self, row, function):
        @functools.wraps(function)
        def run(*operands, **params):
            specs = self._specs(row, operands)
            self._check_params(row, params)
            expected = row.spec(*specs, **params)
            result = function(*operands, **params)
            found = Spec(result.shape, result.dtype.name)
            if found != expected:
                raise AssertionError(f"{row.name} gives {found}, its rule says {expected}")
            return result

        return run

    def _specs(self, row, operands):
        for x in operands:
            if not self.is_tensor(x):
                raise TypeError(f"{row.name} was called with {x!r}, which is no tensor")
        first = 1 if row.name == "where" else 0
        alike = [
            x.dtype for i, x in enumerate(operands) if i >= first and not (row.name in ANY_DTYPES and i == 1 > first)
        ]
        if len(set(alike)) > 1:
            raise TypeError(f"{row.name} was called with the dtypes {alike}")
        return [Spec(x.shape, x.dtype.name) for x in operands]

    def _check_params(self, row, params):
        if set(params) != set(row.params):
            raise TypeError(f"{row.name} takes {row.params}. Received: {sorted(params)}")
        for name, value in params.items():
            if not CANONICAL[name](value):
                raise TypeError(f"{row.name} was called with {name}={value!r}")


def _is_size(x):
    return isinstance(x, int) and not isinstance(x, bool) and x >= 0


def _sizes(x):
    return type(x) is tuple and all(map(_is_size, x))


def _axes(x):
    return _sizes(x) and len(set(x)) == len(x)


def _pairs(x):
    return type(x) is tuple and all(_sizes(pair) and len(pair) == 2 for pair in x)


CANONICAL = {
    **dict.fromkeys(("shape", "strides", "dilation", "start", "stop", "step"), _sizes),
    **dict.fromkeys(("axis", "groups"), _is_size),
    **dict.fromkeys(("widths", "padding"), _pairs),
    "axes": _axes,
    "size": lambda x: _is_size(x) or _sizes(x),
    "dtype": lambda x: isinstance(x, str) and np.dtype(x).name == x,
    **dict.fromkeys(("keepdims", "lower", "inverse"), lambda x: type(x) is bool),
}
"""What each parameter must be, by name."""
