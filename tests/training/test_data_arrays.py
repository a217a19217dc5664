"""Data adapters for arrays, in memory and on disk."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from kcore import config, tree
from kcore.engine import random
from kcore.errors import InvalidArgumentError, InvalidTypeError
from kcore.training import Reading, find_adapter
from kcore.training.adapters import ArrayAdapter, arrays


def permutation(size):
    return random.host_permutation(random.draw_key(), size=size)


def read(adapter):
    return list(adapter.batches())


def test_batches_come_in_order_and_the_last_is_smaller(backend):
    x = np.arange(10, dtype="float32").reshape(5, 2)
    batches = read(ArrayAdapter(x, np.arange(5), batch_size=2))
    assert [len(b[0]) for b in batches] == [2, 2, 1]
    np.testing.assert_array_equal(np.concatenate([b[0] for b in batches]), x)
    np.testing.assert_array_equal(np.concatenate([b[1] for b in batches]), np.arange(5))
    assert batches[0][2] is None


def test_shuffling_keeps_x_and_y_together_and_changes_each_pass(backend):
    x = np.arange(50, dtype="float32")[:, None]
    adapter = ArrayAdapter(x, np.arange(50), batch_size=8, shuffle=True, permutation=permutation)
    passes = [np.concatenate([b[1] for b in read(adapter)]) for _ in range(2)]
    for order in passes:
        np.testing.assert_array_equal(np.sort(order), np.arange(50))
    assert (passes[0] != passes[1]).any()
    for bx, by, _ in adapter.batches():
        np.testing.assert_array_equal(bx[:, 0], by)


@pytest.mark.parametrize("weighted", [False, True])
def test_how_many_batches_are_gathered_at_a_time_changes_none(backend, monkeypatch, weighted):
    x = {"a": np.arange(202.0).reshape(101, 2), "b": np.arange(101)}
    order = np.random.default_rng(1).permutation(101)
    adapter = ArrayAdapter(
        x, x["b"] + 1, x["b"] * 0.5 if weighted else None, batch_size=8, shuffle=True, permutation=lambda size: order
    )
    together = read(adapter)
    monkeypatch.setattr(arrays, "GATHERED_BYTES", 1)
    for got, expected in zip(together, read(adapter), strict=True):
        for a, b in zip(tree.flatten(got), tree.flatten(expected), strict=True):
            np.testing.assert_array_equal(a, b)
    assert [len(y) for _, y, _ in together] == [8] * 12 + [5]


def test_the_same_seed_gives_the_same_order(backend):
    orders = []
    for _ in range(2):
        random.set_seed(7)
        orders.append(permutation(100))
    np.testing.assert_array_equal(*orders)


def test_batch_shuffling_keeps_batches_whole_and_the_small_one_last(backend):
    adapter = ArrayAdapter(np.arange(101.0), batch_size=10, shuffle="batch", permutation=permutation)
    firsts = [float(b[0][0]) for b in read(adapter)]
    assert firsts != sorted(firsts)
    assert firsts[-1] == 100.0
    assert sorted(firsts) == list(range(0, 101, 10))
    for batch, _, _ in adapter.batches():
        np.testing.assert_array_equal(np.diff(batch), 1.0)


def test_floats_become_floatx_and_integers_and_booleans_stay(backend):
    x = {"a": np.ones(4, "float64"), "b": np.ones(4, "int64"), "c": np.ones(4, "bool"), "d": np.ones(4, "float16")}
    batch = ArrayAdapter(x).first_batch()[0]
    assert {name: str(leaf.dtype) for name, leaf in batch.items()} == {
        "a": config.floatx(), "b": "int64", "c": "bool", "d": config.floatx(),
    }  # fmt: skip


def test_sample_weights_become_floats(backend):
    weights = ArrayAdapter(np.ones(3), np.ones(3), [1, 2, 3]).first_batch()[2]
    assert weights.dtype == config.floatx()
    np.testing.assert_array_equal(weights, [1, 2, 3])


def test_nested_structures_keep_their_nesting(backend):
    x = {"a": np.zeros((3, 1)), "b": [np.zeros((3, 2)), (np.zeros((3, 3)), np.zeros((3, 4)))]}
    batch = ArrayAdapter(x, batch_size=2).first_batch()[0]
    assert batch["b"][1][1].shape == (2, 4)
    assert isinstance(batch["b"][1], tuple)


@pytest.mark.parametrize(
    ("x", "counts", "shapes"),
    [
        ([[1.0, 2.0], [3.0, 4.0]], (1, 1), [(2, 2)]),
        ([1, 2, 3], (1, 1), [(3,)]),
        ([[1.0, 2.0], [3.0, 4.0]], (2, 1), [(2,), (2,)]),
        ([np.ones(2), np.ones(2)], (1, 1), [(2,), (2,)]),
        ([np.ones((2, 5))], (1, 1), [(2, 5)]),
    ],
)
def test_lists_are_one_array_or_several(backend, x, counts, shapes):
    batch = ArrayAdapter(x, counts=counts).first_batch()[0]
    batch = batch if isinstance(batch, list) else [batch]
    assert [leaf.shape for leaf in batch] == shapes


def test_tensors_of_the_backend_are_read(backend):
    x = backend.asarray(np.arange(6, dtype="float32"))
    adapter = ArrayAdapter(x, batch_size=4, shuffle=True, permutation=permutation)
    joined = np.concatenate([backend.to_numpy(b[0]) for b in read(adapter)])
    np.testing.assert_array_equal(np.sort(joined), np.arange(6))


def test_parts_are_cut_without_copying(backend):
    x = np.arange(10, dtype="float32")
    part = ArrayAdapter(x, batch_size=4).part(7, 10)
    batch = part.first_batch()[0]
    np.testing.assert_array_equal(batch, [7, 8, 9])
    assert np.shares_memory(batch, x)


class CountingDataset:
    """What an HDF5 data set offers, counting the samples that are read."""

    def __init__(self, dataset):
        self.dataset, self.read = dataset, 0
        self.shape, self.dtype = dataset.shape, dataset.dtype

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, key):
        part = self.dataset[key]
        self.read += len(part)
        return part


@pytest.fixture
def h5_file(tmp_path):
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = np.arange(60, dtype="float64").reshape(20, 3)
        file["y"] = np.arange(20)
        yield file


@pytest.mark.parametrize("shuffle", [False, True, "batch"])
def test_hdf5_is_read_batch_by_batch(backend, h5_file, shuffle):
    x = CountingDataset(h5_file["x"])
    adapter = ArrayAdapter(x, h5_file["y"], batch_size=8, shuffle=shuffle, permutation=permutation)
    iterator = adapter.batches()
    next(iterator)
    assert x.read == 8
    rows = [adapter.first_batch(), *iterator]
    for bx, by, _ in rows:
        assert bx.dtype == config.floatx()
        np.testing.assert_array_equal(bx[:, 0], by * 3)
    assert sum(len(b[1]) for b in rows[1:]) == 12


def test_hdf5_is_split_without_reading(backend, h5_file):
    x = CountingDataset(h5_file["x"])
    part = ArrayAdapter(x, batch_size=4).part(15, 20)
    assert x.read == 0
    np.testing.assert_array_equal(np.concatenate([b[0] for b in part.batches()])[:, 0], np.arange(15, 20) * 3)


def test_unequal_lengths_are_named(backend):
    with pytest.raises(InvalidArgumentError, match=r"x\['a'\]: 4, x\['b'\]: 3, y: 4"):
        ArrayAdapter({"a": np.ones(4), "b": np.ones(3)}, np.ones(4))


def test_empty_data_is_refused(backend):
    with pytest.raises(InvalidArgumentError, match="at least one sample"):
        ArrayAdapter(np.ones((0, 3)), np.ones(0))


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, True])
def test_a_bad_batch_size_is_refused(backend, batch_size):
    with pytest.raises(InvalidArgumentError, match="`batch_size` must be a positive integer"):
        ArrayAdapter(np.ones(3), batch_size=batch_size)


def test_strings_are_refused(backend):
    with pytest.raises(InvalidTypeError, match="numbers or booleans"):
        ArrayAdapter(np.array(["a", "b"]))


def test_an_unknown_shuffle_is_refused(backend):
    with pytest.raises(InvalidArgumentError, match="`shuffle` must be True, False or 'batch'"):
        ArrayAdapter(np.ones(3), shuffle="batches")


@pytest.mark.parametrize("x", [3, "text", None])
def test_what_nobody_reads_is_refused(backend, x):
    with pytest.raises(InvalidTypeError, match="`x` must be an array"):
        find_adapter(x)


def test_targets_beside_a_generator_are_refused(backend):
    with pytest.raises(InvalidArgumentError, match="`y` must not be given"):
        find_adapter(iter([]), np.ones(3), reading=Reading())
