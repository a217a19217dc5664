"""Calls of ops with what NumPy, in float64, says about them.

An oracle takes the operands, in float64, and returns an array or a list of arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from kcore import ops


class Case(NamedTuple):
    """One call, `ops.<name>(*args, **kwargs)`, and the function that gives the result from the same arguments."""

    name: str
    args: tuple
    kwargs: dict[str, Any]
    oracle: Callable[..., Any]

    def __str__(self) -> str:
        shapes = [str(getattr(a, "shape", a)).replace(" ", "") for a in self.args]
        return f"{self.name}-{'-'.join(shapes)}-{self.kwargs}"[:90]


_rng = np.random.default_rng(5)


def _normal(*shape: int) -> np.ndarray:
    return _rng.normal(size=shape).astype("float32")


X, Y, V, B3 = _normal(3, 4), _normal(3, 4), _normal(5), _normal(2, 3, 4)
UNIT = _rng.uniform(0.05, 0.95, (3, 4)).astype("float32")
POSITIVE = _rng.uniform(0.2, 3, (3, 4)).astype("float32")
INTS = _rng.integers(1, 9, (3, 4)).astype("int32")
MORE = _rng.integers(1, 5, (3, 4)).astype("int32")
FLAGS = _rng.uniform(size=(3, 4)) > 0.5
NANS = np.where(np.eye(3, 4), np.nan, X).astype("float32")
TIES = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 1.0]], "float32")


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _softmax(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def _logsumexp(x, axis=None, keepdims=False):
    return np.log(np.exp(x).sum(axis, keepdims=keepdims))


def _elu(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(x))


_erf = np.vectorize(math.erf)
_erfc = np.vectorize(math.erfc)


def _same(names: str, *args, **kwargs) -> list[Case]:
    """Ops that NumPy has under the same name."""
    return [Case(name, args, kwargs, getattr(np, name)) for name in names.split()]


def _unary() -> list[Case]:
    formulas: dict[str, Callable[..., Any]] = {
        "rsqrt": lambda x: 1 / np.sqrt(np.abs(x)),
        "relu": lambda x: np.maximum(x, 0),
        "relu6": lambda x: np.clip(x, 0, 6),
        "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
        "elu": _elu,
        "celu": _elu,
        "selu": lambda x: 1.0507009873554805 * _elu(x, 1.6732632423543772),
        "sigmoid": _sigmoid,
        "silu": lambda x: x * _sigmoid(x),
        "swish": lambda x: x * _sigmoid(x),
        "softplus": lambda x: np.log1p(np.exp(x)),
        "log_sigmoid": lambda x: np.log(_sigmoid(x)),
        "softsign": lambda x: x / (1 + np.abs(x)),
        "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
        "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
        "hard_silu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
        "hard_tanh": lambda x: np.clip(x, -1, 1),
        "tanh_shrink": lambda x: x - np.tanh(x),
        "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
        "soft_shrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
        "squareplus": lambda x: (x + np.sqrt(x * x + 4)) / 2,
        "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
        "sparse_plus": lambda x: np.where(x >= 1, x, np.where(x <= -1, 0, (x + 1) ** 2 / 4)),
        "softmax": _softmax,
        "log_softmax": lambda x: np.log(_softmax(x)),
        "logsumexp": _logsumexp,
        "glu": lambda x: x[:, :2] * _sigmoid(x[:, 2:]),
        "erf": _erf,
        "erfc": _erfc,
        "logical_not": np.logical_not,
    }
    cases = [Case(name, (POSITIVE if name == "rsqrt" else X * 2,), {}, oracle) for name, oracle in formulas.items()]
    cases += [
        Case("gelu", (X,), {}, lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))),
        Case("gelu", (X,), {"approximate": False}, lambda x, approximate: 0.5 * x * (1 + _erf(x / math.sqrt(2)))),
        Case("threshold", (X, 0.2, -1.0), {}, lambda x, t, d: np.where(x > t, x, d)),
    ]
    return cases


def _elementwise() -> list[Case]:
    return [
        *_same(
            "abs absolute negative sign square exp exp2 expm1 sin cos tan sinh cosh tanh arcsinh arctan sinc floor "
            "ceil trunc round",
            X,
        ),
        *_same(
            "fabs cbrt reciprocal deg2rad rad2deg isnan isinf isfinite isposinf isneginf signbit "
            "isreal real conj angle i0",
            X,
        ),
        *_same("log log1p log2 log10 sqrt arcsin arccos arctanh", UNIT),
        Case("arccosh", (POSITIVE + 1,), {}, np.arccosh),
        *_same(
            "isnan isinf isfinite isposinf isneginf signbit nan_to_num", np.array([0.0, -0.0, np.nan, 1.0], "float32")
        ),
        *_same("isinf isposinf isneginf isfinite", np.array([np.inf, -np.inf, np.nan, 1.0], "float32")),
        *_same(
            "add subtract multiply divide true_divide floor_divide mod fmod maximum minimum fmax fmin arctan2 hypot",
            X,
            Y,
        ),
        *_same("logaddexp logaddexp2 equal not_equal less less_equal greater greater_equal isclose", X, Y),
        *_same("logical_and logical_or logical_xor", FLAGS, INTS > 4),
        *_same(
            "add subtract multiply floor_divide mod fmod power gcd lcm bitwise_and bitwise_or bitwise_xor left_shift",
            INTS,
            MORE,
        ),
        *_same("right_shift maximum minimum less equal divide bitwise_left_shift bitwise_right_shift", INTS, MORE),
        *_same("bitwise_not bitwise_invert", INTS),
        *_same("add multiply maximum", X, Y[:, :1]),
        *_same("power", POSITIVE, Y),
        *_same("heaviside", X, POSITIVE),
        *_same("ldexp", X, MORE),
        *_same("clip", X, -0.5, 0.5),
        *_same("fmax fmin", NANS, Y),
        *_same("maximum minimum", NANS, Y),
        Case("divide_no_nan", (X, np.float32(0) * Y), {}, lambda x, y: np.zeros_like(x)),
        Case("round", (X, 1), {}, np.round),
        Case("clip", (X, 1.0, -1.0), {}, np.clip),
    ]


def _reductions() -> list[Case]:
    cases: list[Case] = []
    for axis in (None, 0, -1, (0, 2), (1, 2)):
        for keepdims in (False, True):
            cases += _same(
                "sum prod mean var std max min amax amin ptp all any median", B3, axis=axis, keepdims=keepdims
            )
            cases.append(Case("logsumexp", (B3,), {"axis": axis, "keepdims": keepdims}, _logsumexp))
    for axis in (None, 0, 1):
        cases += _same("argmax argmin", TIES, axis=axis, keepdims=True)
        cases += _same("argmax argmin cumsum cumprod count_nonzero average", TIES, axis=axis)
        cases += _same("nansum nanprod nanmean nanvar nanstd nancumsum nancumprod", NANS, axis=axis)
        cases += _same("nanmax nanmin nanargmax nanargmin", NANS, axis=axis)
    cases += [Case("average", (X,), {"axis": 1, "weights": V[:4] ** 2}, np.average)]
    for method in ("linear", "lower", "higher", "midpoint"):
        cases += _same("quantile", X, np.array([0.1, 0.5, 0.8], "float32"), axis=1, method=method)
        cases += _same("percentile", X, 30.0, method=method, keepdims=True)
    return [*cases, *_same("median", INTS), *_same("corrcoef", X), *_same("trapezoid", X, axis=0)]


def _movement() -> list[Case]:
    cases = [
        *_same(
            "ravel transpose flip fliplr flipud rot90 squeeze diag diagflat trace diagonal tril triu copy "
            "nonzero diff sort",
            X,
        ),
        *_same("argsort sort", TIES, axis=0),
        *_same("zeros_like ones_like", X),
        *_same("transpose", B3, (1, 2, 0)),
        *_same("moveaxis", B3, (0, 1), (2, 0)),
        *_same("swapaxes", B3, 0, -1),
        *_same("expand_dims", X, (0, -1)),
        *_same("squeeze", X[None], 0),
        *_same("broadcast_to", V, (3, 5)),
        *_same("reshape", X, (2, -1)),
        *_same("roll", X, 2),
        *_same("roll", X, (1, -2), (0, 1)),
        *_same("tile", X, (2, 1, 2)),
        *_same("repeat", X, 2, 1),
        *_same("repeat", V, [1, 0, 2, 3, 1], 0),
        *_same("hsplit", X, 2),
        *_same("split", X, 2, 1),
        *_same("split", X, [1, 3], 1),
        *_same("array_split", V, 3),
        *_same("append", X, Y),
        *_same("take", X, [0, 2, -1], 1),
        *_same("take", X, [[0, 11], [-12, 3]]),
        *_same("take_along_axis", X, INTS % 3, 0),
        *_same("diff", X, 2, 0),
        *_same("vander", V, 3),
        *_same("trace", B3, 1, 1, 2),
        *_same("diagonal", B3, -1, 2, 1),
    ]
    for k in (-2, -1, 1, 3):
        cases += [*_same("rot90", X, k), *_same("diag", V, k), *_same("diag tril triu", X, k)]
    for mode in ("constant", "edge", "reflect", "symmetric", "wrap"):
        cases += _same("pad", X, ((1, 7), (9, 0)), mode)
    return cases


def _joining() -> list[Case]:
    def joined(name):
        return lambda *xs, **kwargs: getattr(np, name)(xs, **kwargs)

    cases = []
    for name, axes in (
        ("concatenate", (0, 1)),
        ("stack", (0, 1, -1)),
        ("hstack", (None,)),
        ("vstack", (None,)),
        ("dstack", (None,)),
    ):
        cases += [Case(f"*{name}", (X, Y), {} if a is None else {"axis": a}, joined(name)) for a in axes]
    cases += [Case(f"*{name}", (V, V), {}, joined(name)) for name in ("hstack", "vstack", "dstack")]
    return cases


def _creation() -> list[Case]:
    return [
        *_same("linspace", 0.0, 1.0, 5),
        *_same("linspace", 0.0, 1.0, 5, endpoint=False),
        *_same("linspace", X, Y, 3, axis=-1),
        *_same("logspace", 0.0, 2.0, 5),
        *_same("geomspace", 1.0, 100.0, 4),
        *_same("arange", 1, 7, 2),
        *_same("arange", 3.0, 0.0, -0.5),
        *_same("full", (2, 3), 4.0),
        *_same("eye tri", 3, 4, 1),
        *_same("identity", 3),
        *_same("zeros ones", (2, 3)),
        *_same("full_like", X, 2.0),
        *_same("meshgrid", V, V[:2], V[:3]),
        *_same("meshgrid", V, V[:2], indexing="ij"),
        *_same("bartlett hanning hamming blackman", 7),
        *_same("kaiser", 7, 4.0),
    ]


def _products() -> list[Case]:
    pairs = [((2, 3, 4), (4, 5)), ((2, 1, 3, 4), (3, 4, 5)), ((4,), (3, 4, 5)), ((3, 4), (4,)), ((4,), (4,))]
    cases = [
        Case(name, (_normal(*a), _normal(*b)), {}, getattr(np, name)) for a, b in pairs for name in ("matmul", "dot")
    ]
    for subscripts, *shapes in (
        ("ij,jk->ki", (2, 3), (3, 4)),
        ("...ij,...jk", (5, 2, 3), (3, 4)),
        ("bthd,bshd->bhts", (2, 3, 2, 5), (2, 4, 2, 5)),
        ("ii->i", (3, 3)),
        ("iij,j->i", (3, 3, 2), (2,)),
        ("ij,jk,kl->il", (2, 3), (3, 4), (4, 5)),
        ("i,j,k", (2,), (3,), (4,)),
    ):
        cases.append(Case("einsum", (subscripts, *(_normal(*s) for s in shapes)), {}, np.einsum))
    return [
        *cases,
        *_same("tensordot", _normal(2, 3, 4), _normal(4, 3, 5), axes=([2, 1], [0, 1])),
        *_same("tensordot", _normal(2, 3, 4), _normal(3, 4, 5)),
        *_same("outer inner vdot kron", X, Y),
        *_same("matmul", INTS, MORE.T),
        *_same("cross", _normal(4, 3), _normal(4, 3)),
        Case("cross", (_normal(3, 4), _normal(3, 4)), {"axis": 0}, np.cross),
        *_same("searchsorted", np.sort(V), X),
        *_same("searchsorted", np.sort(TIES[0]), TIES[0], side="right"),
        *_same("digitize", X, np.sort(V)),
        *_same("isin", INTS, MORE),
        *_same("bincount", INTS.ravel()),
        *_same("unravel_index", INTS, (3, 4)),
        *_same("unique", INTS),
    ]


CASES: list[Case] = [*_unary(), *_elementwise(), *_reductions(), *_movement(), *_joining(), *_creation(), *_products()]


def call(case: Case, args: tuple | None = None) -> Any:
    """The op on the case's arguments, or on others. With a `*` in front of the name they go in as one list."""
    args = case.args if args is None else args
    if case.name.startswith("*"):
        return getattr(ops, case.name[1:])(list(args), **case.kwargs)
    return getattr(ops, case.name)(*args, **case.kwargs)


def expected(case: Case) -> list[np.ndarray]:
    """The oracle's results, from float64 operands."""
    wide = [a.astype("float64") if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in case.args]
    with np.errstate(all="ignore"):
        result = case.oracle(*wide, **case.kwargs)
    return [np.asarray(r) for r in (result if isinstance(result, (list, tuple)) else [result])]


def as_list(result: Any) -> list[Any]:
    """One result as a list of one."""
    return list(result) if isinstance(result, (list, tuple)) else [result]
