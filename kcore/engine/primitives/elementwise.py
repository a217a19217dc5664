"""Elementwise primitives. Operands of one dtype, shapes that broadcast."""

from __future__ import annotations

import math

import numpy as np

from kcore.dtypes import is_float, is_integer
from kcore.engine.spec import Spec, broadcast_shapes
from kcore.errors import DtypeError

from .row import P, Sample, define
from .samples import INT_EXTREMES, SPECIALS, binary, floats, ints, predicates, unary

GROUP = "elementwise"


def _check(name: str, dtype: str, kind: str) -> None:
    allowed = {
        "float": is_float(dtype),
        "number": dtype != "bool",
        "integer": is_integer(dtype),
        "bits": not is_float(dtype),
    }
    if not allowed[kind]:
        wanted = {
            "float": "a floating dtype",
            "number": "a numeric dtype",
            "integer": "an integer dtype",
            "bits": "an integer or bool dtype",
        }
        raise DtypeError(f"`{name}` takes operands of {wanted[kind]}. Received: dtype={dtype}")


def _same_dtype(name: str, *specs: Spec) -> str:
    dtype = specs[0].dtype
    if any(spec.dtype != dtype for spec in specs):
        raise DtypeError(f"`{name}` takes operands of one dtype. Received: dtypes={', '.join(s.dtype for s in specs)}")
    return dtype


def _arithmetic(name: str, kind: str):
    def spec(*operands: Spec) -> Spec:
        dtype = _same_dtype(name, *operands)
        _check(name, dtype, kind)
        return Spec(broadcast_shapes(*(s.shape for s in operands)), dtype)

    return spec


def _comparison(name: str):
    def spec(x: Spec, y: Spec) -> Spec:
        _same_dtype(name, x, y)
        return Spec(broadcast_shapes(x.shape, y.shape), "bool")

    return spec


def _unary(name, kind, vjp, reference, samples, doc):
    return define(
        name, "x", group=GROUP, spec=_arithmetic(name, kind), vjps=(vjp,), reference=reference, samples=samples, doc=doc
    )


def _binary(name, kind, vjps, reference, samples, doc):
    spec = _comparison(name) if kind == "compare" else _arithmetic(name, kind)
    return define(
        name, "x y", group=GROUP, spec=spec, vjps=vjps or (None, None), reference=reference, samples=samples, doc=doc
    )


def _quiet(function):
    def reference(*operands, **params):
        with np.errstate(all="ignore"):
            return function(*operands, **params)

    return reference


def _wide(function):
    """The reference of a transcendental function: computed in float64, rounded once."""

    def reference(x):
        with np.errstate(all="ignore"):
            return function(np.asarray(x, np.float64)).astype(np.asarray(x).dtype)

    return reference


_erf = np.vectorize(math.erf, otypes=[np.float64])


def _sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def mask_like(condition, like):
    """A comparison's result as numbers of `like`'s dtype."""
    return P.cast(condition, dtype=dtype_of(like))


def dtype_of(x) -> str:
    from kcore.engine import active

    return x.dtype if isinstance(getattr(x, "dtype", None), str) else active.current().dtype_of(x)


def _flat(g, out, *operands):
    """The gradient of a step function: 0, which isn't the same as no path at all."""
    from kcore.engine import active

    return P.broadcast_to(active.current().scalar(0, dtype_of(g)), shape=tuple(g.shape))


negative = _unary("negative", "number", lambda g, out, x: P.negative(g), np.negative, unary(integers=True), "-x")
absolute = _unary(
    "absolute",
    "number",
    lambda g, out, x: P.multiply(g, P.sign(x)),
    np.abs,
    unary(integers=True, kinks=(0.0,)),
    "|x|; the gradient at 0 is 0",
)
sign = _unary("sign", "number", _flat, np.sign, unary(integers=True), "-1, 0 or 1; NaN stays NaN; gradient 0")
exp = _unary("exp", "float", lambda g, out, x: P.multiply(g, out), _wide(np.exp), unary(), "e to the power of x")
expm1 = _unary(
    "expm1",
    "float",
    lambda g, out, x: P.multiply(g, P.add(out, 1)),
    _wide(np.expm1),
    unary(),
    "exp(x) - 1, accurate near 0",
)
log = _unary("log", "float", lambda g, out, x: P.divide(g, x), _wide(np.log), unary(0.1, 4), "natural logarithm")
log1p = _unary(
    "log1p",
    "float",
    lambda g, out, x: P.divide(g, P.add(x, 1)),
    _wide(np.log1p),
    unary(-0.9, 3),
    "log(1 + x), accurate near 0",
)
sqrt = _unary(
    "sqrt",
    "float",
    lambda g, out, x: P.divide(P.multiply(g, 0.5), out),
    _wide(np.sqrt),
    unary(0.1, 4),
    "square root; the gradient at 0 is infinite",
)
sin = _unary(
    "sin", "float", lambda g, out, x: P.multiply(g, P.cos(x)), _wide(np.sin), unary(-4, 4), "sine of x in radians"
)
cos = _unary(
    "cos",
    "float",
    lambda g, out, x: P.negative(P.multiply(g, P.sin(x))),
    _wide(np.cos),
    unary(-4, 4),
    "cosine of x in radians",
)
tanh = _unary(
    "tanh",
    "float",
    lambda g, out, x: P.multiply(g, P.subtract(1, P.multiply(out, out))),
    _wide(np.tanh),
    unary(-4, 4),
    "hyperbolic tangent",
)
sigmoid = _unary(
    "sigmoid",
    "float",
    lambda g, out, x: P.multiply(g, P.multiply(out, P.subtract(1, out))),
    _wide(_sigmoid),
    unary(-6, 6),
    "1 / (1 + exp(-x)), accurate in both tails",
)
erf = _unary(
    "erf",
    "float",
    lambda g, out, x: P.multiply(g, P.multiply(P.exp(P.negative(P.multiply(x, x))), 2 / math.sqrt(math.pi))),
    _wide(_erf),
    unary(-3, 3),
    "the error function",
)
floor = _unary("floor", "float", _flat, np.floor, unary(kinks=(1.0,)), "the largest integer not above x; gradient 0")
round = _unary(
    "round",
    "float",
    _flat,
    np.round,
    unary(kinks=(0.5, 1.5, -0.5)),
    "to the nearest integer, halves to even; gradient 0",
)
bitwise_not = _unary("bitwise_not", "bits", None, np.bitwise_not, predicates, "flips every bit; logical not of bools")

add = _binary("add", "number", (lambda g, out, x, y: g,) * 2, _quiet(np.add), binary(integers=True), "x + y")
subtract = _binary(
    "subtract",
    "number",
    (lambda g, out, x, y: g, lambda g, out, x, y: P.negative(g)),
    _quiet(np.subtract),
    binary(integers=True),
    "x - y",
)
multiply = _binary(
    "multiply",
    "number",
    (lambda g, out, x, y: P.multiply(g, y), lambda g, out, x, y: P.multiply(g, x)),
    _quiet(np.multiply),
    binary(integers=True),
    "x * y",
)
divide = _binary(
    "divide",
    "float",
    (lambda g, out, x, y: P.divide(g, y), lambda g, out, x, y: P.negative(P.divide(P.multiply(g, out), y))),
    _quiet(np.divide),
    binary(y=(0.5, 2.0)),
    "x / y of floats",
)


def _integer_safe(function):
    """Integer division: by zero gives 0, and INT_MIN by -1 wraps."""

    def reference(x, y):
        with np.errstate(all="ignore"):
            result = function(x, y)
        return result if np.result_type(x).kind == "f" else np.where(y == 0, 0, result).astype(result.dtype)

    return reference


floor_divide = _binary(
    "floor_divide",
    "number",
    (_flat, _flat),
    _integer_safe(np.floor_divide),
    binary(y=(0.5, 2.0), integers=True),
    "floor(x / y); integers divided by zero give 0; gradient 0",
)
remainder = _binary(
    "remainder",
    "number",
    (lambda g, out, x, y: g, lambda g, out, x, y: P.negative(P.multiply(g, P.floor_divide(x, y)))),
    _integer_safe(np.remainder),
    binary(y=(0.7, 2.0), integers=True),
    "x - y * floor(x / y), of y's sign; integers by zero give 0",
)


def _power_base(g, out, x, y):
    slope = P.multiply(y, P.power(x, P.subtract(y, 1)))
    return P.multiply(g, P.where(P.equal(y, 0), 0, slope))


def _power_exponent(g, out, x, y):
    positive = P.less(0, x)
    return P.multiply(g, P.where(positive, P.multiply(out, P.log(P.where(positive, x, 1))), 0))


def _power(x, y):
    if np.result_type(x).kind == "f":
        with np.errstate(all="ignore"):
            return np.power(x, y)
    if np.result_type(x).kind == "u":
        return np.power(x, y)
    safe = np.power(x, np.maximum(y, 0))
    inverse = np.where(x == 1, 1, np.where(x == -1, np.where(y % 2 == 0, 1, -1), 0))
    return np.where(y < 0, inverse, safe).astype(np.result_type(x))


power = _binary(
    "power",
    "number",
    (_power_base, _power_exponent),
    _power,
    binary(x=(0.3, 2.0), integers=True),
    "x to the power of y; an integer to a negative power is the truncated value (0 but for 1 and -1); the gradient "
    "in y is 0 where x <= 0",
)


def _arctan2_slope(g, x, y):
    return P.divide(g, P.add(P.multiply(x, x), P.multiply(y, y)))


arctan2 = _binary(
    "arctan2",
    "float",
    (
        lambda g, out, x, y: P.multiply(y, _arctan2_slope(g, x, y)),
        lambda g, out, x, y: P.negative(P.multiply(x, _arctan2_slope(g, x, y))),
    ),
    _quiet(np.arctan2),
    binary(),
    "the angle of the point with ordinate x and abscissa y",
)


def _share(g, x, y):
    """The part of g that goes to x where x < y is the winner: 1, a half at a tie, 0. NaN goes nowhere."""
    return P.multiply(g, P.add(mask_like(P.less(x, y), g), P.multiply(mask_like(P.equal(x, y), g), 0.5)))


maximum = _binary(
    "maximum",
    "number",
    (lambda g, out, x, y: _share(g, y, x), lambda g, out, x, y: _share(g, x, y)),
    np.maximum,
    binary(integers=True),
    "the larger one; NaN propagates; a tie halves the gradient",
)
minimum = _binary(
    "minimum",
    "number",
    (lambda g, out, x, y: _share(g, x, y), lambda g, out, x, y: _share(g, y, x)),
    np.minimum,
    binary(integers=True),
    "the smaller one; NaN propagates; a tie halves the gradient",
)
equal = _binary("equal", "compare", None, np.equal, binary(integers=True, bools=True), "x == y; NaN equals nothing")
less = _binary("less", "compare", None, np.less, binary(integers=True), "x < y; false for NaN")
less_equal = _binary("less_equal", "compare", None, np.less_equal, binary(integers=True), "x <= y; false for NaN")
_bits = binary(is_float=False, integers=True, bools=True)
bitwise_and = _binary("bitwise_and", "bits", None, np.bitwise_and, _bits, "bits in both; logical and of bools")
bitwise_or = _binary("bitwise_or", "bits", None, np.bitwise_or, _bits, "bits in either; logical or of bools")
bitwise_xor = _binary("bitwise_xor", "bits", None, np.bitwise_xor, _bits, "bits in one; logical exclusive or of bools")


def _shifts():
    yield Sample(
        "uint32", (np.array([1, 2**31, 0xDEADBEEF, 5], np.uint32), np.array([31, 1, 13, 32], np.uint32)), grad=False
    )
    yield Sample("int32", (np.array([-8, 8, -1, 1], np.int32), np.array([1, 2, 31, 40], np.int32)), grad=False)
    yield Sample("broadcast", (np.arange(6, dtype=np.uint32).reshape(2, 3), np.uint32(3)), grad=False)


shift_left = _binary(
    "shift_left", "integer", None, np.left_shift, _shifts, "x * 2**y in the dtype's width; 0 when y reaches the width"
)
shift_right = _binary(
    "shift_right",
    "integer",
    None,
    np.right_shift,
    _shifts,
    "floor(x / 2**y); 0, or -1 for negative x, when y reaches the width",
)


def _where_spec(condition: Spec, x: Spec, y: Spec) -> Spec:
    if condition.dtype != "bool":
        raise DtypeError(f"`where` takes a bool `condition`. Received: condition.dtype={condition.dtype}")
    return Spec(broadcast_shapes(condition.shape, x.shape, y.shape), _same_dtype("where", x, y))


def _where_samples():
    condition = np.array([[True, False, True]])
    yield Sample("matrices", (condition, floats(2, 3), floats(2, 3, low=3, high=9)))
    yield Sample("scalars", (condition, np.float32(1), np.float32(2)))
    yield Sample("specials", (np.array([True, False] * 3 + [True]), SPECIALS, SPECIALS[::-1].copy()), grad=False)
    yield Sample("integers", (np.array([True, False]), ints(2), ints(2)), grad=False)
    yield Sample("zero size", (np.zeros((0, 1), bool), np.zeros((0, 3), np.float32), np.zeros(3, np.float32)))


where = define(
    "where",
    "condition x y",
    group=GROUP,
    spec=_where_spec,
    reference=np.where,
    samples=_where_samples,
    vjps=(
        None,
        lambda g, out, condition, x, y: P.where(condition, g, 0),
        lambda g, out, condition, x, y: P.where(condition, 0, g),
    ),
    doc="x where the condition holds, else y",
)


def _cast_reference(x, *, dtype):
    x = np.asarray(x)
    if x.dtype.kind != "f" or dtype == "bool" or is_float(dtype):
        with np.errstate(all="ignore"):
            return x.astype(dtype)
    info = np.iinfo(dtype)
    wide = np.clip(np.nan_to_num(np.trunc(x.astype(np.float64)), nan=0.0), float(info.min), float(info.max))
    top = wide >= float(info.max)
    return np.where(top, info.max, np.where(top, 0, wide).astype(dtype)).astype(dtype)


def _casts():
    yield Sample("float to float64", (floats(3, 2),), {"dtype": "float64"})
    yield Sample("same dtype", (floats(3, 2),), {"dtype": "float32"})
    yield Sample("specials to int32", (np.append(SPECIALS, np.float32(3e9)),), {"dtype": "int32"}, grad=False)
    yield Sample(
        "specials to uint8", (np.array([-1.5, 255.9, 256, 1e9, np.nan], np.float32),), {"dtype": "uint8"}, grad=False
    )
    yield Sample("to bool", (SPECIALS,), {"dtype": "bool"}, grad=False)
    yield Sample("integers wrap", (INT_EXTREMES,), {"dtype": "int8"}, grad=False)
    yield Sample("integers to float", (INT_EXTREMES,), {"dtype": "float32"}, grad=False)
    yield Sample("bool to float", (np.array([True, False]),), {"dtype": "float32"}, grad=False)


def _cast_vjp(g, out, x, *, dtype):
    source = dtype_of(x)
    return P.cast(g, dtype=source) if is_float(source) and is_float(dtype) else None


cast = define(
    "cast",
    "x",
    "dtype",
    group=GROUP,
    spec=lambda x, *, dtype: Spec(x.shape, dtype),
    vjps=(_cast_vjp,),
    reference=_cast_reference,
    samples=_casts,
    doc="to another dtype; float to integer truncates, saturates, and takes NaN to 0",
)
