"""Control flow: branches and loops that can be captured. See `kcore.engine.control` for how they run."""

from __future__ import annotations

import functools

from kcore import tree
from kcore.engine import control
from kcore.engine import primitives as P
from kcore.errors import InvalidArgumentError

from ._common import cast, convert, dtype_of, require_integer, shape_of
from .operation import op
from .shaping import slice_axis


@op
def cond(pred, true_fn, false_fn):
    """One of two functions, by a condition.

    Args:
        pred: a bool (or a number, true if not 0) of shape `()`.
        true_fn, false_fn: functions without arguments that return the same structure, shapes and dtypes.

    Returns:
        What the chosen function returns.

    Raises:
        ShapeError: in a captured function, the two return different shapes or dtypes.

    Example:
        >>> ops.cond(True, lambda: ops.ones(2), lambda: ops.zeros(2)).tolist()
        [1.0, 1.0]
    """
    pred = convert(pred)
    pred = pred if dtype_of(pred) == "bool" else P.bitwise_not(P.equal(pred, 0))
    return control.cond(P.reshape(pred, shape=()), true_fn, false_fn)


@op
def switch(index, branches, *operands):
    """One of several functions, by a number.

    Args:
        index: an integer of shape `()`; one out of range is moved to the nearest.
        branches: a sequence of functions of the operands that return the same structure, shapes and dtypes.
        *operands: tensors.

    Returns:
        What the chosen function returns.

    Raises:
        InvalidArgumentError: there is no branch.

    Example:
        >>> ops.switch(1, [lambda x: x + 1, lambda x: x * 10], ops.ones(1)).tolist()
        [10.0]
    """
    if not branches:
        raise InvalidArgumentError(f"`branches` must hold at least one function. Received: branches={branches}")
    index = convert(index)
    require_integer(index, "index")
    return _switch(P.reshape(index, shape=()), list(branches), operands)


def _switch(index, branches, operands):
    if len(branches) == 1:
        return branches[0](*operands)
    rest = functools.partial(_switch, P.subtract(index, 1), branches[1:], operands)
    return control.cond(P.less_equal(index, 0), lambda: branches[0](*operands), rest)


@op
def while_loop(cond, body, loop_vars, maximum_iterations=None):
    """A function repeated while a condition holds. It has no gradient: use `scan` where one is needed.

    Args:
        cond: a function of the loop's variables that returns a bool.
        body: a function of the loop's variables that returns their next values, of the same shapes and dtypes.
        loop_vars: their first values: a tuple or list, passed as separate arguments, or one tensor.
        maximum_iterations: how often the body runs at most.

    Returns:
        The last values, in the structure of `loop_vars`.

    Example:
        >>> ops.while_loop(lambda i: i < 10, lambda i: (i * 2,), (ops.array(3),))[0].tolist()
        12
    """
    single = not isinstance(loop_vars, (tuple, list))
    start = tree.map_structure(convert, (loop_vars,) if single else tuple(loop_vars))

    def step(*values):
        result = body(*values)
        result = result if isinstance(result, (tuple, list)) else (result,)
        return tree.map_structure(lambda new, old: cast(convert(new), dtype_of(old)), tuple(result), tuple(values))

    if maximum_iterations is None:
        last = control.while_loop(cond, step, start)
    else:
        last = _limited_loop(cond, step, start, maximum_iterations)
    return last[0] if single else type(loop_vars)(last)


def _limited_loop(cond, step, start, limit: int):
    def proceed(count, *values):
        going = convert(cond(*values), "bool")
        return P.bitwise_and(P.less(count, int(limit)), P.reshape(going, shape=()))

    def count_and_step(count, *values):
        return (P.add(count, 1), *step(*values))

    return control.while_loop(proceed, count_and_step, (convert(0), *start))[1:]


@op
def fori_loop(lower, upper, body_fun, init_val):
    """A function repeated for each integer of a range. It has no gradient: use `scan` where one is needed.

    Args:
        lower: the first integer.
        upper: the end, which isn't reached.
        body_fun: `body_fun(i, value) -> value`, of the same shapes and dtypes.
        init_val: the first value: a tensor, or a structure of tensors.

    Returns:
        The last value.

    Example:
        >>> ops.fori_loop(0, 4, lambda i, total: total + i, ops.array(0)).tolist()
        6
    """
    lower, upper = convert(lower), convert(upper)
    value = tree.map_structure(convert, init_val)

    def step(i, current):
        new = body_fun(i, current)
        return P.add(i, 1), tree.map_structure(lambda n, old: cast(convert(n), dtype_of(old)), new, current)

    return control.while_loop(lambda i, _: P.less(i, upper), step, (lower, value))[1]


@op
def scan(f, init, xs=None, length=None, reverse=False, unroll=1):
    """A function run along the first axis, carrying a state. It has gradients of any order.

    Args:
        f: `f(carry, x) -> (carry, y)`; the carry keeps its shapes and dtypes.
        init: the first carry: a tensor or a structure of tensors.
        xs: tensors of one length along their first axis, in any structure, or `None`.
        length: how many steps; needed where `xs` is `None`.
        reverse: whether to go from the last step to the first.
        unroll: accepted; it makes no difference here.

    Returns:
        `(last carry, ys)`, where `ys` has the steps along the first axis, in the order of `xs`.

    Raises:
        InvalidArgumentError: the lengths differ, or none is known.

    Example:
        >>> total, sums = ops.scan(lambda c, x: (c + x, c + x), ops.array(0), ops.array([1, 2, 3]))
        >>> total.tolist(), sums.tolist()
        (6, [1, 3, 6])
    """
    carry = tree.map_structure(convert, init)
    return control.scan(f, carry, None if xs is None else tree.map_structure(convert, xs), length, reverse)


@op
def map(f, xs):
    """A function applied to each slice along the first axis, one after the other.

    Args:
        f: a function of a slice (in the structure of `xs`) that returns a tensor or a structure of tensors.
        xs: a tensor, or a structure of tensors of one length along their first axis.

    Returns:
        The results, stacked along a new first axis.

    Example:
        >>> ops.map(lambda x: x * 2, ops.array([1, 2])).tolist()
        [2, 4]
    """
    return control.scan(lambda carry, x: (carry, f(x)), convert(0), tree.map_structure(convert, xs))[1]


@op
def vectorized_map(function, elements):
    """A function applied to each slice along the first axis: another name of `map`.

    Args:
        function: a function of a slice that returns a tensor or a structure of tensors.
        elements: a tensor, or a structure of tensors of one length along their first axis.

    Returns:
        The results, stacked along a new first axis.

    Example:
        >>> ops.vectorized_map(lambda x: x * 2, ops.array([1, 2])).tolist()
        [2, 4]
    """
    return map(function, elements)


@op
def associative_scan(f, elems, reverse=False, axis=0):
    """Running results of an associative function along an axis, in log2(n) rounds.

    Args:
        f: `f(a, b)`, associative, elementwise along `axis`; of tensors or structures like `elems`.
        elems: a tensor, or a structure of tensors of one size along `axis`.
        reverse: whether to run from the end.
        axis: an axis.

    Returns:
        The structure of `elems`.

    Source:
        Hillis and Steele, Data parallel algorithms (1986).

    Example:
        >>> ops.associative_scan(lambda a, b: a + b, ops.array([1, 2, 3])).tolist()
        [1, 3, 6]
    """
    elems = tree.map_structure(convert, elems)
    rank = len(shape_of(tree.flatten(elems)[0]))
    axis = axis % rank
    count = shape_of(tree.flatten(elems)[0])[axis]
    elems = tree.map_structure(lambda x: P.flip(x, axes=(axis,)), elems) if reverse else elems
    shift = 1
    while shift < count:
        elems = _combine_shifted(f, elems, axis, shift, count)
        shift *= 2
    return tree.map_structure(lambda x: P.flip(x, axes=(axis,)), elems) if reverse else elems


def _combine_shifted(f, elems, axis: int, shift: int, count: int):
    earlier = tree.map_structure(lambda x: slice_axis(x, axis, 0, count - shift), elems)
    later = tree.map_structure(lambda x: slice_axis(x, axis, shift, count), elems)
    joined = f(earlier, later)
    return tree.map_structure(lambda x, new: P.concat(slice_axis(x, axis, 0, shift), new, axis=axis), elems, joined)
