"""Data adapters for what yields batches, and the cutting of batches into epochs."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from kcore import extend, plugins
from kcore.errors import InvalidArgumentError
from kcore.training import DataAdapter, Reading, find_adapter
from kcore.training.adapters import GeneratorAdapter, IterableAdapter, PyDatasetAdapter, is_one_batch
from kcore.training.epochs import Epochs
from kcore.utils import PyDataset, Sequence, pack_x_y_sample_weight, unpack_x_y_sample_weight


class Numbers(Sequence):
    """Batch `i` holds `i`; it doesn't call `super().__init__()`, as many a Keras 2 program."""

    def __init__(self, length=6, delay=0.0):
        self.length, self.delay, self.epochs, self.threads = length, delay, 0, set()

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        self.threads.add(threading.get_ident())
        time.sleep(self.delay * (self.length - index))
        return np.full(2, index, "float64"), [index, index]

    def on_epoch_end(self):
        self.epochs += 1


def firsts(batches):
    return [int(np.asarray(b[0]).ravel()[0]) for b in batches]


def test_a_sequence_is_read_in_order(backend):
    adapter = find_adapter(Numbers())
    assert isinstance(adapter, PyDatasetAdapter)
    assert adapter.num_batches == 6
    assert firsts(adapter.batches()) == [0, 1, 2, 3, 4, 5]
    x, y, sample_weight = adapter.first_batch()
    assert (x.dtype, y.tolist(), sample_weight) == ("float32", [0, 0], None)


def test_a_sequence_is_shuffled_by_batches(backend):
    adapter = find_adapter(Numbers(), reading=Reading(shuffle=True, permutation=lambda n: np.arange(n)[::-1]))
    assert firsts(adapter.batches()) == [5, 4, 3, 2, 1, 0]


def test_threads_keep_the_order_and_share_the_work(backend):
    data = Numbers(delay=0.002)
    adapter = find_adapter(data, reading=Reading(workers={"workers": 3, "max_queue_size": 4}))
    assert firsts(adapter.batches()) == [0, 1, 2, 3, 4, 5]
    assert threading.get_ident() not in data.threads
    assert len(data.threads) > 1


def test_an_error_in_a_worker_is_the_users(backend):
    class Broken(Numbers):
        def __getitem__(self, index):
            raise ZeroDivisionError("in batch")

    with pytest.raises(ZeroDivisionError, match="in batch"):
        next(find_adapter(Broken(), reading=Reading(workers={"workers": 2})).batches())


def test_processes_give_the_same_batches(backend):
    adapter = find_adapter(Squares(workers=2, use_multiprocessing=True))
    assert firsts(adapter.batches()) == [0, 1, 4]


class Squares(PyDataset):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        return np.full((2, 1), index * index), np.zeros(2)


def test_an_endless_data_set_needs_steps(backend):
    class Endless(PyDataset):
        num_batches = None

        def __getitem__(self, index):
            return np.full((1, 1), index)

    data = Epochs(find_adapter(Endless()), steps=3)
    assert [firsts(data.epoch()), firsts(data.epoch())] == [[0, 1, 2], [3, 4, 5]]


def test_the_data_set_hears_of_epochs(backend):
    data = Numbers(length=2)
    epochs = Epochs(find_adapter(data))
    list(epochs.epoch())
    list(epochs.epoch())
    assert data.epochs == 2


def test_a_generator_goes_on_from_epoch_to_epoch(backend):
    adapter = find_adapter((np.full((1, 1), i), np.zeros(1)) for i in range(10))
    assert isinstance(adapter, GeneratorAdapter)
    assert firsts([adapter.first_batch()]) == [0]
    epochs = Epochs(adapter, steps=4)
    assert [firsts(epochs.epoch()), firsts(epochs.epoch())] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    with pytest.warns(UserWarning, match="The data ran out"):
        assert firsts(epochs.epoch()) == [8, 9]
    assert epochs.ran_out


def test_an_iterable_starts_again(backend):
    adapter = find_adapter(Loader(3))
    assert isinstance(adapter, IterableAdapter)
    assert adapter.num_batches == 3
    epochs = Epochs(adapter)
    assert [firsts(epochs.epoch()) for _ in range(2)] == [[0, 1, 2]] * 2
    endless = Epochs(adapter, steps=2)
    assert [firsts(endless.epoch()) for _ in range(2)] == [[0, 1], [2, 0]]
    restarting = Epochs(adapter, steps=2, restarting=True)
    assert [firsts(restarting.epoch()) for _ in range(2)] == [[0, 1], [0, 1]]


class Loader:
    """What a data loader offers: a length and another iteration whenever asked."""

    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length

    def __iter__(self):
        return ((np.full((2, 1), i), np.zeros(2)) for i in range(self.length))


def test_lists_are_inputs_when_predicting_and_pairs_when_training(backend):
    data = [[np.ones((2, 1)), np.zeros((2, 1))]]
    x, y, _ = find_adapter(iter(data)).first_batch()
    assert (x.shape, y.shape) == ((2, 1), (2, 1))
    x, y, _ = find_adapter(iter(data), reading=Reading(counts=(2, 1), inputs_only=True)).first_batch()
    assert len(x) == 2
    assert y is None


def test_batches_of_four_things_are_refused(backend):
    with pytest.raises(InvalidArgumentError, match="a tuple of 4 items"):
        find_adapter(iter([(1, 2, 3, 4)])).first_batch()


@pytest.mark.parametrize("packed", [1, (1, 2), (1, 2, 3), ([1, 2],)])
def test_pack_undoes_unpack(packed):
    assert pack_x_y_sample_weight(*unpack_x_y_sample_weight(packed)) == packed


def test_zero_steps_are_refused(backend):
    with pytest.raises(InvalidArgumentError, match="must be positive"):
        Epochs(find_adapter(Numbers()), steps=0)


class Table:
    """Data of a kind that only a plugin reads."""

    rows = 3


class TableAdapter(DataAdapter):
    def __init__(self, x, y=None, sample_weight=None, reading=None):
        self.table, self.num_batches = x, x.rows

    @staticmethod
    def can_handle(x, y=None):
        return isinstance(x, Table) or getattr(x, "dtype", None) == "complex64"

    def batches(self):
        return ((np.full((1, 1), i, "float32"), None, None) for i in range(self.table.rows))


def test_a_plugin_reads_its_own_kind_of_data(backend):
    class Plugin:
        @staticmethod
        @extend.hookimpl
        def kcore_data_adapters():
            return [TableAdapter]

    name = plugins.register_plugin(Plugin)
    try:
        assert firsts(find_adapter(Table()).batches()) == [0, 1, 2]
        assert not is_one_batch(np.zeros((1, 2), "complex64"), 32)
        assert is_one_batch(np.zeros((1, 2), "float32"), 32)
    finally:
        plugins.unregister_plugin(name)
