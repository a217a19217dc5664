"""Dtypes: names, promotion, limits."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kcore import config, dtypes
from kcore.errors import DtypeError

ANY = st.sampled_from([*dtypes.ALL, int, float, bool, "int", "float", None])

#: The lattice, written out from its published picture: what each dtype turns into next; `int*` and `float*` are weak.
NEXT = {
    "bool": ["int*"],
    "int*": ["uint8", "int8"],
    "uint8": ["uint16", "int16"],
    "uint16": ["uint32", "int32"],
    "uint32": ["uint64", "int64"],
    "uint64": ["float*"],
    "int8": ["int16"],
    "int16": ["int32"],
    "int32": ["int64"],
    "int64": ["float*"],
    "float*": ["float16", "bfloat16"],
    "float16": ["float32"],
    "bfloat16": ["float32"],
    "float32": ["float64"],
    "float64": [],
}


def above(name):
    """All that `name` can turn into, itself included."""
    found = {name}
    for other in NEXT[name]:
        found |= above(other)
    return found


def join(a, b):
    """The least common successor in the lattice."""
    common = above(a) & above(b)
    least = [name for name in common if common <= above(name)]
    assert len(least) == 1
    return {"int*": "int32", "float*": config.floatx()}.get(least[0], least[0])


@pytest.mark.parametrize(("a", "b"), list(itertools.combinations_with_replacement(NEXT, 2)))
def test_two_dtypes_meet_where_the_lattice_says(a, b):
    assert dtypes.result_type(a.replace("*", ""), b.replace("*", "")) == join(a, b)


@given(st.lists(ANY, min_size=1, max_size=4), st.randoms())
def test_promotion_does_not_depend_on_the_order(operands, random):
    shuffled = random.sample(operands, len(operands))
    assert dtypes.result_type(*operands) == dtypes.result_type(*shuffled)


@given(ANY, ANY)
def test_promotion_is_settled_after_one_step(a, b):
    met = dtypes.result_type(a, b)
    assert dtypes.result_type(met, met) == met
    assert met in dtypes.ALL


def test_no_operands_have_the_default_float():
    assert dtypes.result_type() == "float32"


def test_the_default_float_decides_for_python_floats(keras_home):
    config.set_floatx("float64")
    assert dtypes.result_type("int64", float) == "float64"
    assert dtypes.result_type(float) == "float64"
    assert dtypes.standardize_dtype(None) == "float64"
    assert dtypes.result_type("float16", float) == "float16"


class EngineDtype:
    """Prints as torch's dtypes do."""

    def __str__(self):
        return "torch.bfloat16"


@pytest.mark.parametrize(
    ("given_", "name"),
    [
        (None, "float32"),
        (bool, "bool"),
        (int, "int32"),
        (float, "float32"),
        ("float", "float32"),
        ("int", "int32"),
        ("double", "float64"),
        ("half", "float16"),
        (np.float16, "float16"),
        (np.bool_, "bool"),
        (np.dtype(">i4"), "int32"),
        (np.zeros(1, "uint16").dtype, "uint16"),
        (EngineDtype(), "bfloat16"),
    ],
)
def test_a_dtype_has_one_name(given_, name):
    assert dtypes.standardize_dtype(given_) == name


@pytest.mark.parametrize("bad", ["float33", "str", complex, np.complex64, object(), 3, [1]])
def test_an_unknown_dtype_is_refused_by_name(bad):
    with pytest.raises(DtypeError, match=r"`dtypes?` must be .*Received: dtypes?="):
        dtypes.standardize_dtype(bad)
    with pytest.raises(DtypeError, match=r"`dtypes?` must be .*Received: dtypes?="):
        dtypes.result_type("int8", bad)


def test_kinds_divide_the_dtypes():
    kinds = (dtypes.is_bool, dtypes.is_integer, dtypes.is_float)
    assert all(sum(kind(name) for kind in kinds) == 1 for name in dtypes.ALL)
    assert [name for name in dtypes.ALL if dtypes.is_signed(name)] == ["int8", "int16", "int32", "int64"]


@pytest.mark.parametrize("name", [name for name in dtypes.ALL if name != "bfloat16"])
def test_itemsize_agrees_with_numpy(name):
    assert dtypes.itemsize(name) == np.dtype(name).itemsize


def test_limits_agree_with_numpy():
    assert dtypes.iinfo("uint64").max == 2**64 - 1
    assert dtypes.finfo("float64").eps == 2.0**-52
    with pytest.raises(DtypeError, match=r"`dtype` must be an integer dtype. Received: dtype='float32'"):
        dtypes.iinfo("float32")
    with pytest.raises(DtypeError, match=r"`dtype` must be a floating-point dtype. Received: dtype='int8'"):
        dtypes.finfo("int8")


def test_bfloat16_has_the_range_of_float32_and_seven_bits():
    info = dtypes.finfo("bfloat16")
    bits = np.array([0x7F7F0000, 0x00800000], "uint32").view("float32")
    assert (info.max, info.tiny) == (bits[0], bits[1])
    assert (info.min, info.eps, info.bits) == (-info.max, 1 / 128, 16)
