"""Nested structures."""

from collections import OrderedDict, namedtuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kcore import tree
from kcore.errors import InvalidArgumentError, InvalidTypeError

Point = namedtuple("Point", "x y")

TREES = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.tuples(inner, inner).map(lambda pair: Point(*pair))
        | st.dictionaries(st.text(max_size=3), inner, max_size=3).map(OrderedDict)
    ),
    max_leaves=12,
)


@given(TREES)
def test_a_tree_is_what_its_structure_and_leaves_rebuild(example):
    leaves, treedef = tree.flatten_with_structure(example)
    assert tree.unflatten(treedef, leaves) == example
    assert tree.structure(example) == treedef
    assert treedef.size == len(leaves)
    assert hash(treedef) == hash(tree.structure(example))


@given(TREES)
def test_mapping_the_identity_changes_nothing(example):
    mapped = tree.map_structure(lambda leaf: leaf, example)
    assert mapped == example
    assert type(mapped) is type(example)


@given(TREES)
def test_paths_lead_to_the_leaves_in_order(example):
    def follow(path):
        node = example
        for key in path:
            node = node[key]
        return node

    paths = tree.flatten_with_path(example)
    assert [leaf for _, leaf in paths] == tree.flatten(example)
    assert all(follow(path) == leaf for path, leaf in paths)


def test_leaves_come_in_the_order_of_sorted_keys():
    assert tree.flatten({"b": 1, "a": [2, (3, None)], "c": Point(4, 5)}) == [2, 3, None, 1, 4, 5]


def test_keys_that_cannot_be_compared_still_have_an_order():
    assert tree.flatten({1: "one", "a": "two"}) == tree.flatten({"a": "two", 1: "one"})


def test_a_list_is_no_tuple_and_a_leaf_is_no_list():
    assert tree.structure([1]) != tree.structure((1,))
    assert tree.structure([1]) != tree.structure(1)
    assert tree.structure({"a": 1}) != tree.structure({"b": 1})
    assert tree.structure(Point(1, 2)) != tree.structure((1, 2))


def test_a_structure_prints_as_what_it_describes():
    assert repr(tree.structure({"a": [1, (2,)], "b": Point(3, ())})) == "{'a': [*, (*,)], 'b': Point(*, ())}"


def test_subclasses_come_back_as_their_base():
    class Tracked(list):
        pass

    assert type(tree.map_structure(str, Tracked([1]))) is list


def test_mapping_takes_the_leaves_of_several_trees_by_key():
    result = tree.map_structure(lambda x, y: x - y, {"b": 1, "a": [2]}, {"a": [20], "b": 10})
    assert result == {"b": -9, "a": [-18]}
    assert list(result) == ["b", "a"]


def test_a_flat_sequence_takes_the_shape_of_an_example():
    assert tree.pack_sequence_as({"a": 0, "b": (0, 0)}, [1, 2, 3]) == {"a": 1, "b": (2, 3)}
    assert tree.pack_sequence_as(tree.structure([0, 0]), [1, 2]) == [1, 2]


def test_too_few_leaves_are_refused():
    with pytest.raises(
        InvalidArgumentError, match=r"as many items as the structure has leaves \(2 in .*\). Received: 1 leaves"
    ):
        tree.pack_sequence_as([0, 0], [1])


def test_trees_that_differ_are_refused_with_both_structures():
    with pytest.raises(InvalidArgumentError, match=r"nested in the same way. Received: \[\*\] and \(\*,\)"):
        tree.map_structure(lambda x, y: x, [1], (1,))
    with pytest.raises(InvalidArgumentError, match="at least one structure"):
        tree.map_structure(lambda: None)


def test_a_structure_is_not_taken_for_a_tree():
    with pytest.raises(InvalidTypeError, match="`TreeDef`"):
        tree.flatten([tree.structure([1])])


def test_lists_become_tuples_at_every_depth():
    assert tree.lists_to_tuples([1, {"a": [2]}, ([3],)]) == (1, {"a": (2,)}, ((3,),))


def test_traversal_replaces_nodes_from_the_top_or_from_the_leaves():
    def double(node):
        return 2 * node if isinstance(node, int) else None

    def count(node):
        return len(node) if isinstance(node, list) else None

    assert tree.traverse(double, [1, (2, "x")]) == [2, (4, "x")]
    assert tree.traverse(count, {"a": [[1], 2]}) == {"a": 2}
    assert tree.traverse(count, [[[1]], [2]], top_down=False) == 2
