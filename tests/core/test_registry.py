"""Named objects and their configs."""

import json

import numpy as np
import pytest

from kcore import registry
from kcore.errors import InvalidArgumentError, InvalidTypeError, SerializationError


class Box:
    """An object with a config that may hold others."""

    def __init__(self, content=None, size=1):
        self.content = content
        self.size = size

    def get_config(self):
        return {"content": registry.serialize_keras_object(self.content), "size": self.size}

    @classmethod
    def from_config(cls, config):
        return cls(registry.deserialize_keras_object(config["content"]), config["size"])

    def __eq__(self, other):
        return type(self) is type(other) and (self.content, self.size) == (other.content, other.size)

    __hash__ = None


def half(x):
    return x / 2


@pytest.fixture
def registered():
    """`Box` and `half`, registered for one test."""
    before = dict(registry.get_custom_objects())
    registry.register_keras_serializable("tests")(Box)
    registry.register_keras_serializable("tests", "halve")(half)
    yield
    registry.get_custom_objects().clear()
    registry.get_custom_objects().update(before)


@pytest.fixture
def group():
    """A group of built-ins that isn't a room."""
    from kcore.registry import builtins

    @registry.builtin("shapes", "disc", "o")
    class RoundThing(Box):
        pass

    @registry.builtin("shapes")
    def round_thing(x):
        return x

    yield RoundThing, round_thing
    for table in (builtins._exact, builtins._derived):
        table.pop("shapes")
    for obj in (RoundThing, round_thing):
        builtins._builtin_groups.pop(obj)


@pytest.mark.parametrize(
    ("name", "snake"),
    [("Dense", "dense"), ("MaxPooling2D", "max_pooling2d"), ("LSTM", "lstm"), ("ReLU", "re_lu"), ("L1L2", "l1_l2")],
)
def test_class_names_have_keras_snake_case(name, snake):
    assert registry.snake_case(name) == snake


def test_a_builtin_is_found_by_class_name_alias_and_exact_name_first(group):
    cls, function = group
    assert registry.lookup("shapes", "RoundThing") is cls
    assert registry.lookup("shapes", "disc") is registry.lookup("shapes", "o") is cls
    assert registry.lookup("shapes", "round_thing") is function
    assert registry.builtin_names("shapes") == ["RoundThing", "disc", "o", "round_thing"]
    assert (registry.lookup_group(cls), registry.lookup_group(Box), registry.lookup_group([])) == ("shapes", None, None)


def test_a_builtin_is_found_by_snake_case(group):
    @registry.builtin("shapes")
    class FlatThing:
        pass

    assert registry.lookup("shapes", "flat_thing") is FlatThing


def test_two_builtins_cannot_share_a_name(group):
    with pytest.raises(InvalidArgumentError, match=r"`name` must be free in 'shapes'. Received: name='disc'"):

        @registry.builtin("shapes", "disc")
        class Other:
            pass


def test_a_name_that_is_unknown_comes_with_near_misses(group):
    with pytest.raises(
        InvalidArgumentError, match=r"one of `keras.shapes`.*Did you mean 'RoundThing'.*identifier='RoundThin'"
    ):
        registry.lookup("shapes", "RoundThin")


def test_custom_objects_go_before_builtins(group):
    assert registry.lookup("shapes", "disc", {"disc": Box}) is Box
    with registry.custom_object_scope({"disc": half}):
        assert registry.lookup("shapes", "disc") is half
    assert registry.lookup("shapes", "disc") is group[0]


def test_scopes_nest_and_end():
    with registry.CustomObjectScope({"a": 1}, {"b": 2}):
        with registry.CustomObjectScope({"a": 3}):
            assert [registry.get_registered_object(name) for name in "abc"] == [3, 2, None]
        assert registry.get_registered_object("a") == 1
    assert registry.get_registered_object("a") is None
    assert registry.get_registered_object("a", module_objects={"a": 4}) == 4


def test_registered_objects_have_their_package_in_their_name(registered):
    assert registry.get_registered_name(Box) == "tests>Box"
    assert registry.get_registered_name(half) == "tests>halve"
    assert registry.get_registered_object("tests>halve") is half
    assert registry.get_registered_name(test_scopes_nest_and_end) == "test_scopes_nest_and_end"


def test_a_class_without_a_config_cannot_be_registered():
    with pytest.raises(InvalidTypeError, match=r"must have `get_config` to be registered. Received: int"):
        registry.register_keras_serializable()(int)


PLAIN = [None, True, 3, 2.5, "text", [1, [2]], {"a": {"b": None}}, b"\x00\xff", slice(1, None, 2), Ellipsis]


@pytest.mark.parametrize("value", PLAIN, ids=repr)
def test_plain_values_come_back_through_json(value):
    stored = json.loads(json.dumps(registry.serialize_keras_object(value)))
    assert registry.deserialize_keras_object(stored) == value


def test_an_array_comes_back_with_its_dtype():
    stored = json.loads(json.dumps(registry.serialize_keras_object(np.arange(6, dtype="uint8").reshape(2, 3))))
    back = registry.deserialize_keras_object(stored)
    np.testing.assert_array_equal(back, [[0, 1, 2], [3, 4, 5]])
    assert back.dtype == "uint8"
    assert registry.serialize_keras_object(np.float32(0.5)) == 0.5


def test_objects_nest_and_come_back(registered):
    box = Box([Box(size=3), {"f": half}], 2)
    stored = json.loads(json.dumps(registry.serialize_keras_object(box)))
    assert registry.deserialize_keras_object(stored) == box
    assert stored["registered_name"] == "tests>Box"
    assert stored["module"] is None
    assert stored["config"]["content"][1]["f"]["config"] == "tests>halve"


def test_a_builtin_names_its_room_and_no_registered_name(group):
    stored = registry.serialize_keras_object(group[0](size=4))
    config = {"content": None, "size": 4}
    assert stored == {
        "module": "keras.shapes",
        "class_name": "RoundThing",
        "config": config,
        "registered_name": None,
    }
    function = registry.serialize_keras_object(group[1])
    assert function["class_name"] == "function"
    assert function["config"] == "round_thing"


def test_keras_2_configs_are_read(registered):
    stored = {"class_name": "Box", "config": {"content": None, "size": 7}}
    assert registry.deserialize_keras_object(stored, custom_objects={"Box": Box}).size == 7
    assert registry.deserialize_keras_object(stored, module_objects={"Box": Box}).size == 7


def test_custom_objects_reach_nested_configs():
    inner = {"class_name": "Box", "config": {"content": None, "size": 1}}
    outer = {"class_name": "Box", "config": {"content": [inner], "size": 2}}
    assert registry.deserialize_keras_object(outer, {"Box": Box}) == Box([Box()], 2)
    with registry.CustomObjectScope({"Box": Box}):
        assert registry.deserialize_keras_object([outer]) == [Box([Box()], 2)]


def test_a_build_config_builds_the_loaded_object(registered):
    class Built(Box):
        def get_build_config(self):
            return {"input_shape": [None, 2]}

        def build_from_config(self, config):
            self.built_with = config["input_shape"]

    stored = json.loads(json.dumps(registry.serialize_keras_object(Built())))
    assert registry.deserialize_keras_object(stored, {"Built": Built}).built_with == [None, 2]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"class_name": "Nope", "config": {}},
            r"'Nope' is neither .*`custom_objects=\{'Nope': \.\.\.\}`.*class_name='Nope'",
        ),
        ({"module": "os", "class_name": "system", "config": {}}, r"'system' is neither .*module='os'"),
        ({"module": "builtins", "class_name": "function", "config": "eval"}, "'eval' is neither"),
        ({"module": "builtins", "class_name": "function", "config": ["x"]}, "must be given by its name"),
        ({"class_name": "__lambda__", "config": {"value": "4wEA"}}, "never executes code from a file"),
        ({"class_name": "__import__", "config": {"value": "os"}}, "`class_name` is unknown"),
        ({"class_name": "__numpy__", "config": {"value": [1]}}, "can't be built from its config"),
        ({"class_name": "__numpy__", "config": {"value": ["a"], "dtype": "int8"}}, "can't be built from its config"),
        ({"class_name": 3, "config": {}}, "`class_name` must be a string. Received: class_name=3"),
        (
            {"class_name": "Box", "config": {"size": 1}},
            r"Box can't be built from its config.*Received: config=\{'size': 1\}",
        ),
    ],
)
@pytest.mark.parametrize("safe_mode", [True, False])
def test_what_a_config_may_not_bring_is_refused(config, message, safe_mode):
    with pytest.raises(SerializationError, match=message):
        registry.deserialize_keras_object(config, {"Box": Box}, safe_mode=safe_mode)


def test_what_cannot_be_saved_says_why():
    with pytest.raises(SerializationError, match=r"a `lambda` can't be saved.*Write a named function"):
        registry.serialize_keras_object(lambda x: x)
    with pytest.raises(SerializationError, match=r"`obj` must have `get_config`"):
        registry.serialize_keras_object(object())
    with pytest.raises(InvalidTypeError, match=r"unexpected arguments. Received: colour"):
        registry.deserialize_keras_object({}, colour=1)


def test_a_service_is_imported_when_it_is_asked_for():
    registry.provide_service("numbers", "fractions")
    assert registry.service("numbers").Fraction(1, 2) == 0.5
    with pytest.raises(InvalidArgumentError, match=r"`name` must be one of .*numbers.*Received: name='nobody'"):
        registry.service("nobody")
