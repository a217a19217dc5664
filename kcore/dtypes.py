"""Dtypes are canonical strings; here they are recognised and promoted.

Promotion follows Keras 3, which follows JAX's lattice: the kind of the operands decides before their width, and a
Python scalar is *weak*: it takes part with its kind only. The result of two dtypes (`iN` signed, `uN` unsigned):

| operands                        | result                                                   |
| ------------------------------- | -------------------------------------------------------- |
| `bool` with anything            | the other one                                            |
| two unsigned, or two signed     | the wider                                                |
| `uN` with `iM`, M > N           | `iM`                                                     |
| `uN` with `iM`, M <= N < 64     | `i2N`                                                    |
| `u64` with `iM`                 | `floatx()`                                               |
| integer or bool with a float    | the float, as it is                                      |
| two floats                      | the wider; `float16` with `bfloat16` gives `float32`     |
| Python `int` with an integer or float | the other one                                      |
| Python `int` with `bool`, or alone    | `int32`                                            |
| Python `float` with a float     | the other one                                            |
| Python `float` with anything else, or alone | `floatx()`                                   |

Operands of 64 bits keep their 64 bits on every backend.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from kcore import config
from kcore.errors import DtypeError

__all__ = [
    "ALL",
    "FLOATS",
    "INTEGERS",
    "SIGNED",
    "UNSIGNED",
    "finfo",
    "iinfo",
    "is_bool",
    "is_float",
    "is_integer",
    "is_signed",
    "itemsize",
    "result_type",
    "standardize_dtype",
]

UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
SIGNED = ("int8", "int16", "int32", "int64")
INTEGERS = UNSIGNED + SIGNED
FLOATS = ("float16", "bfloat16", "float32", "float64")
ALL = ("bool", *INTEGERS, *FLOATS)

_BITS = {name: int("".join(filter(str.isdigit, name))) for name in INTEGERS + FLOATS}
_KNOWN = frozenset(ALL)
_WEAK = {bool: "bool", int: "int", float: "float"}
_ALIASES = {"int": "int32", "bool_": "bool", "half": "float16", "single": "float32", "double": "float64"}


def standardize_dtype(dtype: Any) -> str:
    """Give the canonical name of a dtype.

    Args:
        dtype: a name, a NumPy dtype or scalar type, an engine's dtype (anything whose `name` or text ends in a known
            name, as `torch.float32`), a Python scalar type, or None for `floatx()`.

    Returns:
        One of `ALL`.

    Raises:
        DtypeError: the dtype is not one of these.

    >>> import numpy as np
    >>> standardize_dtype(np.dtype("int8")), standardize_dtype(bool), standardize_dtype("float")
    ('int8', 'bool', 'float32')
    """
    if isinstance(dtype, str) and dtype in _KNOWN:
        return dtype
    if dtype is None or dtype is float or (isinstance(dtype, str) and dtype == "float"):
        return config.floatx()
    name = _name_of(dtype)
    if name not in _KNOWN:
        raise DtypeError(f"`dtype` must be one of {', '.join(ALL)}, or None for `floatx()`. Received: dtype={dtype!r}")
    return name


def result_type(*dtypes: Any) -> str:
    """Give the dtype in which operands of these dtypes meet (the table is in the module's text).

    Args:
        *dtypes: dtypes as `standardize_dtype` takes them. The Python types `bool`, `int`, `float` and the names `"int"`
            and `"float"` stand for weak Python scalars; None for `floatx()`.

    Returns:
        A canonical name; `floatx()` for no operands at all.

    Raises:
        DtypeError: one of them is no dtype.

    >>> result_type("int8", "uint8"), result_type("float16", "bfloat16"), result_type("int64", float)
    ('int16', 'float32', 'float32')
    """
    try:
        return _result_type(dtypes, config.floatx())
    except TypeError as err:
        if isinstance(err, DtypeError):
            raise
        raise DtypeError(f"`dtypes` must be dtypes. Received: dtypes={dtypes!r}") from err


def is_float(dtype: str) -> bool:
    """Whether a canonical dtype is a floating-point one."""
    return dtype in FLOATS


def is_integer(dtype: str) -> bool:
    """Whether a canonical dtype is a signed or unsigned integer (bool is not)."""
    return dtype in INTEGERS


def is_signed(dtype: str) -> bool:
    """Whether a canonical dtype is a signed integer."""
    return dtype in SIGNED


def is_bool(dtype: str) -> bool:
    """Whether a canonical dtype is bool."""
    return dtype == "bool"


def itemsize(dtype: str) -> int:
    """The bytes of one element.

    >>> itemsize("bfloat16"), itemsize("bool"), itemsize("int64")
    (2, 1, 8)
    """
    name = standardize_dtype(dtype)
    return 1 if name == "bool" else _BITS[name] // 8


class _FloatInfo:
    """The limits of `bfloat16`, which NumPy doesn't know, named as in `numpy.finfo`."""

    bits, nmant, nexp = 16, 7, 8
    eps, max, smallest_normal = 2.0**-7, (2.0 - 2.0**-7) * 2.0**127, 2.0**-126
    min, tiny = -max, smallest_normal


def finfo(dtype: str) -> Any:
    """The limits of a floating-point dtype (`bits`, `eps`, `max`, `min`, `tiny`, ...), as `numpy.finfo`.

    >>> float(finfo("float32").eps) == 2.0**-23, finfo("bfloat16").eps == 2.0**-7
    (True, True)
    """
    name = standardize_dtype(dtype)
    if not is_float(name):
        raise DtypeError(f"`dtype` must be a floating-point dtype. Received: dtype={dtype!r}")
    return _FloatInfo if name == "bfloat16" else np.finfo(name)


def iinfo(dtype: str) -> Any:
    """The limits of an integer dtype (`bits`, `max`, `min`), as `numpy.iinfo`.

    >>> iinfo("int8").max
    127
    """
    name = standardize_dtype(dtype)
    if not is_integer(name):
        raise DtypeError(f"`dtype` must be an integer dtype. Received: dtype={dtype!r}")
    return np.iinfo(name)


def _name_of(dtype: Any) -> str:
    if isinstance(dtype, type) and dtype in _WEAK:
        name = _WEAK[dtype]
    elif isinstance(dtype, str):
        name = dtype
    elif isinstance(dtype, np.dtype) or (isinstance(dtype, type) and issubclass(dtype, np.generic)):
        name = np.dtype(dtype).name
    else:
        name = getattr(dtype, "name", None) or getattr(dtype, "__name__", None) or str(dtype).rpartition(".")[2]
    return _ALIASES.get(name, name)


def _weak_kind(dtype: Any) -> str:
    if isinstance(dtype, str) and dtype in ("int", "float"):
        return dtype
    if dtype is int or dtype is float:
        return _WEAK[dtype]
    return ""


@lru_cache(maxsize=4096)
def _result_type(dtypes: tuple, floatx: str) -> str:
    if not dtypes:
        return floatx
    weak = {_weak_kind(dtype) for dtype in dtypes}
    strong = {standardize_dtype(dtype) for dtype in dtypes if not _weak_kind(dtype)}
    floats = [name for name in strong if is_float(name)]
    if floats:
        return _widest_float(floats)
    if "float" in weak:
        return floatx
    integers = [name for name in strong if is_integer(name)]
    if integers:
        return _widest_integer(integers) or floatx
    return "int32" if "int" in weak else "bool"


def _widest_float(names: list[str]) -> str:
    widest = max(names, key=_BITS.__getitem__)
    return "float32" if _BITS[widest] == 16 and len(names) == 2 else widest


def _widest_integer(names: list[str]) -> str | None:
    signed = max((_BITS[name] for name in names if name in SIGNED), default=0)
    unsigned = max((_BITS[name] for name in names if name in UNSIGNED), default=0)
    if not signed:
        return f"uint{unsigned}"
    if signed > unsigned:
        return f"int{signed}"
    return f"int{2 * unsigned}" if unsigned < 64 else None
