"""The table of `Model.summary`."""

from __future__ import annotations

import numpy as np
import pytest

from kcore.errors import InvalidArgumentError
from kcore.layers import Add, Dense, Input
from kcore.models import Model, Sequential
from kcore.ops.operation import reset_names


def summary(model, **options):
    texts: list[str] = []
    model.summary(print_fn=texts.append, **options)
    assert len(texts) == 1
    return texts[0]


def cells(text):
    return [
        [cell.strip() for cell in line.strip("│┃").replace("┃", "│").split("│")]
        for line in text.splitlines()
        if line[0] in "│┃"
    ]


@pytest.fixture
def chain():
    return Sequential([Input((4,)), Dense(3, name="first"), Dense(2, name="second", trainable=False)], name="chain")


def test_rows_and_totals(chain):
    text = summary(chain)
    assert text.splitlines()[0] == 'Model: "chain"'
    assert cells(text) == [
        ["Layer (type)", "Output Shape", "Param #"],
        ["first (Dense)", "(None, 3)", "15"],
        ["second (Dense)", "(None, 2)", "8"],
    ]
    assert text.splitlines()[-3:] == [
        " Total params: 23 (92.00 B)",
        " Trainable params: 15 (60.00 B)",
        " Non-trainable params: 8 (32.00 B)",
    ]


def test_all_lines_of_the_table_are_of_one_length(chain):
    for length in (50, 80):
        lines = [line for line in summary(chain, line_length=length).splitlines() if line[0] in "┏┃┡│├└"]
        assert {len(line) for line in lines} == {length}


def test_standard_output(chain, capsys):
    chain.summary()
    assert capsys.readouterr().out == summary(chain) + "\n"


def test_connections_of_a_graph():
    a, b = Input((4,), name="a"), Input((4,), name="b")
    shared = Dense(3, name="shared")
    model = Model([a, b], Add(name="both")([shared(a), shared(b)]))
    assert cells(summary(model)) == [
        ["Layer (type)", "Output Shape", "Param #", "Connected to"],
        ["a (InputLayer)", "(None, 4)", "0", "-"],
        ["b (InputLayer)", "(None, 4)", "0", "-"],
        ["shared (Dense)", "(None, 3)", "15", "a[0][0], b[0][0]"],
        ["both (Add)", "(None, 3)", "0", "shared[0][0],"],
        ["", "", "", "shared[1][0]"],
    ]


def test_ops_are_listed():
    reset_names()
    x = Input((4,), name="x")
    model = Model(x, x * 2.0 + x)
    assert [row[0] for row in cells(summary(model))[1:]] == ["x (InputLayer)", "multiply (Multiply)", "add (Add)"]


def test_trainable_column(chain):
    assert [row[-1] for row in cells(summary(chain, show_trainable=True))] == ["Trainable", "Y", "N"]


def test_nested_layers(chain):
    outer = Sequential([chain, Dense(1, name="head")])
    assert [row[0] for row in cells(summary(outer))] == ["Layer (type)", "chain (Sequential)", "head (Dense)"]
    assert [row[0] for row in cells(summary(outer, expand_nested=True))] == [
        "Layer (type)",
        "chain (Sequential)",
        "└ first (Dense)",
        "└ second (Dense)",
        "head (Dense)",
    ]


def test_unbuilt():
    text = summary(Sequential([Dense(3, name="d")]))
    assert cells(text)[1] == ["d (Dense)", "?", "0 (unbuilt)"]
    assert " Total params: 0 (0.00 B)" in text


def test_subclass_after_a_call():
    class Mine(Model):
        def __init__(self):
            super().__init__()
            self.dense = Dense(3, name="d")

        def call(self, x):
            return self.dense(x)

    model = Mine()
    model(np.ones((2, 4)))
    assert cells(summary(model))[1] == ["d (Dense)", "(2, 3)", "15"]


def test_long_names_go_on_in_the_next_line():
    model = Sequential([Input((4,)), Dense(2, name="a_name_that_is_much_too_long_for_its_column")])
    rows = cells(summary(model, line_length=40))
    assert "".join(row[0] for row in rows[1:]).replace(" ", "") == "a_name_that_is_much_too_long_for_its_column(Dense)"


def test_range_of_layers(chain):
    assert [row[0] for row in cells(summary(chain, layer_range=["sec.*", "second"]))[1:]] == ["second (Dense)"]
    with pytest.raises(InvalidArgumentError, match="must name layers"):
        summary(chain, layer_range=["nope", "second"])
    with pytest.raises(InvalidArgumentError, match="two names"):
        summary(chain, layer_range=["first"])


def test_positions(chain):
    header = summary(chain, line_length=64, positions=[0.5, 0.75, 1.0]).splitlines()[1]
    assert [len(part) for part in header.strip("┏┓").split("┳")] == [30, 15, 15]
    with pytest.raises(InvalidArgumentError, match="`positions` must hold 3 numbers"):
        summary(chain, positions=[1.0])


def test_large_counts_have_separators_and_units():
    model = Sequential([Input((1000,)), Dense(1024, name="d")])
    assert " Total params: 1,025,024 (3.91 MB)" in summary(model)
