"""`Trainer`: everything that a model does with data."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from kcore import plugins, tree
from kcore.callbacks import CallbackList, History
from kcore.engine import backend, random
from kcore.errors import InvalidArgumentError
from kcore.training import checks, loops
from kcore.training.adapters import (
    ArrayAdapter,
    DataAdapter,
    GeneratorAdapter,
    Reading,
    find_adapter,
    is_one_batch,
)
from kcore.training.adapters.convert import as_leaf
from kcore.training.adapters.iterables import standardized
from kcore.training.compilation import not_compiled
from kcore.training.epochs import Epochs
from kcore.training.logs import on_host
from kcore.training.step_trainer import StepTrainer


class Trainer(StepTrainer):
    """Compiles, fits, evaluates and asks one model. `Model` forwards its methods of these names here.

    Args:
        model: the model. It may override `train_step`, `test_step`, `predict_step`, `compute_loss` and
            `compute_metrics`.
    """

    # ---- over whole data sets

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool | str = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        **workers: Any,
    ) -> History:
        """Train for some epochs.

        Args:
            x: inputs: an array, a tensor, a list, tuple or dict of them, a data set on disk, or something that
                yields batches `(x, y)` or `(x, y, sample_weight)`: a `PyDataset`, a generator, another iterable.
            y: targets, unless `x` yields them. Floats are cast to `floatx`, integers stay.
            batch_size: samples in a batch of arrays; 32 by default.
            epochs: the number of the last epoch.
            verbose: 0 shows nothing, 1 a progress bar, 2 a line an epoch; "auto" is 1. Without a terminal, 1 is
                lines too.
            callbacks: callbacks, alone or in a list.
            validation_split: the part of the samples, taken from the end before any shuffling, to validate on and
                not to train on.
            validation_data: `(x, y)`, `(x, y, sample_weight)` or something that yields batches; never shuffled.
            shuffle: True gives each epoch another order of the samples (of the batches, for a `PyDataset`); "batch"
                another order of the batches, which is faster for data on disk.
            class_weight: a dict from class index to weight; see `ClassWeights`.
            sample_weight: weights of the samples, `(samples,)` or `(samples, steps)`.
            initial_epoch: the number of the first epoch, to go on from an earlier run.
            steps_per_epoch: batches in an epoch; needed for a generator without end.
            validation_steps: batches to validate on.
            validation_batch_size: samples in a batch of validation; `batch_size` by default.
            validation_freq: validate each so many epochs, or at the epochs (counted from 1) in this list.
            workers: `workers`, `use_multiprocessing` and `max_queue_size`, for a `PyDataset`; they override its own.

        Returns:
            The `History`, whose `history` holds a list a log, with an entry an epoch.

        Raises:
            InvalidArgumentError: the model isn't compiled, or arguments or data don't fit each other or the model.
        """
        if not self.compiled:
            raise not_compiled("fit")
        workers = _checked_workers(workers)
        adapter = find_adapter(x, y, sample_weight, self.reading(batch_size, shuffle, **workers))
        adapter, held_out = _split(adapter, validation_split, validation_data, shuffle, validation_batch_size)
        y_pred = self.prepare(adapter, training=True)
        data = Epochs(adapter, steps_per_epoch)
        validation = held_out or self._validation_adapter(validation_data, validation_batch_size or batch_size, workers)
        joined = self._callbacks(callbacks, verbose, epochs=epochs, steps=data.length)
        self.model.stop_training = False
        loops.train_epochs(
            self,
            data,
            joined,
            range(initial_epoch, epochs),
            self._validator(validation, validation_steps, validation_freq, joined),
            self.class_weights(class_weight, y_pred),
        )
        return self.model.history

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **workers: Any,
    ) -> Any:
        """The loss and the metrics on some data.

        Args:
            x: inputs, as in `fit`.
            y: targets, as in `fit`.
            batch_size: samples in a batch of arrays; 32 by default.
            verbose: see `fit`.
            sample_weight: weights of the samples.
            steps: batches to look at; all by default.
            callbacks: callbacks, alone or in a list.
            return_dict: whether to return a dict by name.
            workers: see `fit`.

        Returns:
            The loss, or a list in the order of `metrics_names` if there are metrics; floats.

        Raises:
            InvalidArgumentError: see `fit`.
        """
        adapter = find_adapter(x, y, sample_weight, self.reading(batch_size, **_checked_workers(workers)))
        self.prepare(adapter, training=False)
        data = Epochs(adapter, steps, restarting=True)
        logs = loops.test_epoch(self, data, self._callbacks(callbacks, verbose, steps=data.length, fitting=False))
        return logs if return_dict else _one_or_list(logs)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: str | int = 0,
        steps: int | None = None,
        callbacks: Any = None,
        **workers: Any,
    ) -> Any:
        """The model's outputs for some inputs. The model needn't be compiled.

        Args:
            x: inputs, as in `fit`; targets that come with them are left out.
            batch_size: samples in a batch of arrays; 32 by default.
            verbose: see `fit`.
            steps: batches to ask for; all by default.
            callbacks: callbacks, alone or in a list.
            workers: see `fit`.

        Returns:
            NumPy arrays, nested as the model's outputs are, with a row a sample.

        Raises:
            InvalidArgumentError: the inputs don't fit the model.
        """
        quiet = verbose == 0 and steps is None and not callbacks and not workers
        if quiet and is_one_batch(x, batch_size):
            return self._outputs(as_leaf(x))  # nobody looks on, so there is nothing to do around the step
        adapter = find_adapter(x, reading=self.reading(batch_size, inputs_only=True, **_checked_workers(workers)))
        if isinstance(adapter, ArrayAdapter):
            checks.check_inputs(self.model, adapter.data[0])
        data = Epochs(adapter, steps, restarting=True)
        return loops.predict_epoch(self, data, self._callbacks(callbacks, verbose, steps=data.length, fitting=False))

    # ---- on one batch

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        reset_metrics: bool = True,
        return_dict: bool = False,
    ) -> Any:
        """Train on one batch.

        Args:
            x: inputs.
            y: targets.
            sample_weight: weights of the samples.
            class_weight: a dict from class index to weight.
            reset_metrics: whether the result is that of this batch alone, and not the mean since metrics were last
                reset.
            return_dict: whether to return a dict by name.

        Returns:
            The loss (before the update), or a list in the order of `metrics_names` if there are metrics; floats.

        Raises:
            InvalidArgumentError: see `fit`.
        """
        if not self.compiled:
            raise not_compiled("train_on_batch")
        adapter = self._one_batch(x, y, sample_weight)
        y_pred = self.prepare(adapter, training=True)
        weigh = self.class_weights(class_weight, y_pred)
        batches = loops.weighed([adapter.first_batch()], weigh)
        return self._on_batch(self.train_function, next(iter(batches)), reset_metrics, return_dict)

    def test_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        reset_metrics: bool = True,
        return_dict: bool = False,
    ) -> Any:
        """The loss and the metrics on one batch. See `train_on_batch`."""
        adapter = self._one_batch(x, y, sample_weight)
        self.prepare(adapter, training=False)
        return self._on_batch(self.test_function, adapter.first_batch(), reset_metrics, return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The model's outputs for one batch: NumPy arrays, nested as the outputs are."""
        return self._outputs(as_leaf(x) if is_one_batch(x, sys.maxsize) else self._one_batch(x).first_batch()[0])

    def _outputs(self, batch: Any) -> Any:
        to_numpy = backend.current().to_numpy
        return tree.map_structure(lambda leaf: np.array(to_numpy(leaf)), self.predict_function(batch))

    def explain_step(
        self,
        x: Any = None,
        y: Any = None,
        sample_weight: Any = None,
        batch_size: int | None = None,
        repeats: int = 10,
        line_length: int | None = None,
        rows: int | None = None,
        print_fn: Callable[[str], Any] | None = None,
    ) -> dict[str, Any]:
        """Print what the captured training step consists of and how long its parts take. See `Model.explain_step`."""
        from kcore.training.explain import explain
        from kcore.training.explanation_text import explanation_text

        if not self.compiled:
            raise not_compiled("explain_step")
        told = explain(self, x, y, sample_weight, batch_size, repeats)
        (print_fn or print)(explanation_text(told, line_length, rows))
        return told

    def _one_batch(self, x: Any, y: Any = None, sample_weight: Any = None) -> ArrayAdapter:
        counts = self.reading().counts
        x, y, sample_weight = standardized((x, y, sample_weight), counts)
        sized = ArrayAdapter(x, y, sample_weight, counts=counts)
        sized.batch_size = sized.size
        return sized

    def _on_batch(self, step: Any, batch: Any, reset_metrics: bool, return_dict: bool) -> Any:
        if reset_metrics:
            self.reset_metrics()
        logs = on_host(self.read_logs(step(*batch)))
        return logs if return_dict else _one_or_list(logs)

    # ---- Keras 2's names

    def fit_generator(
        self,
        generator: Any,
        steps_per_epoch: int | None = None,
        epochs: int = 1,
        verbose: Any = 1,
        **options: Any,
    ) -> History:
        """`fit` for something that yields batches, as Keras 2 called it."""
        return self.fit(generator, steps_per_epoch=steps_per_epoch, epochs=epochs, verbose=verbose, **options)

    def evaluate_generator(self, generator: Any, steps: int | None = None, verbose: Any = 0, **options: Any) -> Any:
        """`evaluate` for something that yields batches, as Keras 2 called it."""
        return self.evaluate(generator, steps=steps, verbose=verbose, **options)

    def predict_generator(self, generator: Any, steps: int | None = None, verbose: Any = 0, **options: Any) -> Any:
        """`predict` for something that yields batches, as Keras 2 called it."""
        return self.predict(generator, steps=steps, verbose=verbose, **options)

    # ---- parts of `fit`

    def reading(
        self,
        batch_size: int | None = None,
        shuffle: bool | str = False,
        inputs_only: bool = False,
        **workers: Any,
    ) -> Reading:
        """How data is read for this model."""
        counts = (_count(self.model, "inputs"), _count(self.model, "outputs"))
        return Reading(batch_size, shuffle, _permutation, counts, inputs_only, workers)

    def _callbacks(
        self, callbacks: Any, verbose: Any, steps: int | None, epochs: int = 1, fitting: bool = True
    ) -> CallbackList:
        if isinstance(callbacks, CallbackList):
            return callbacks
        verbose = 1 if verbose == "auto" else int(verbose)
        joined = CallbackList(callbacks, add_history=fitting, add_progbar=verbose != 0)
        if fitting:
            for callback in plugins.collect("kcore_callbacks", model=self.model):
                joined.append(callback)
        joined.set_params({"verbose": verbose, "epochs": epochs, "steps": steps})
        joined.set_model(self.model)
        return joined

    def _validation_adapter(self, data: Any, batch_size: int | None, workers: dict[str, Any]) -> DataAdapter | None:
        if data is None:
            return None
        x, y, sample_weight = data, None, None
        if isinstance(data, (tuple, list)):
            if len(data) not in (2, 3):
                raise InvalidArgumentError(
                    "`validation_data` must be `(x, y)`, `(x, y, sample_weight)` or something that yields batches. "
                    f"Received: a {type(data).__name__} of {len(data)}"
                )
            x, y, sample_weight = (*data, None)[:3]
        return find_adapter(x, y, sample_weight, self.reading(batch_size, **workers))

    def _validator(
        self,
        adapter: DataAdapter | None,
        steps: int | None,
        frequency: Any,
        callbacks: CallbackList,
    ) -> Callable[[int], dict[str, Any]]:
        if adapter is None:
            return lambda epoch: {}
        self.prepare(adapter, training=False)
        data = Epochs(adapter, steps, restarting=True)

        def validate(epoch: int) -> dict[str, Any]:
            due = (epoch + 1) % frequency == 0 if isinstance(frequency, int) else epoch + 1 in frequency
            if not due:
                return {}
            return {f"val_{name}": value for name, value in loops.test_epoch(self, data, callbacks).items()}

        return validate


def _split(
    adapter: DataAdapter,
    fraction: float,
    validation_data: Any,
    shuffle: bool | str,
    batch_size: int | None,
) -> tuple[DataAdapter, DataAdapter | None]:
    """The data to train on, and what `validation_split` holds out."""
    if shuffle is not True and shuffle is not False and isinstance(adapter, GeneratorAdapter):
        warnings.warn("`shuffle` has no effect on a generator, which yields batches in its own order.", stacklevel=3)
    if not fraction or validation_data is not None:
        return adapter, None
    if not isinstance(adapter, ArrayAdapter):
        raise InvalidArgumentError(
            "`validation_split` needs data in arrays; give `validation_data` for other data. "
            f"Received: validation_split={fraction}"
        )
    cut = int(adapter.size * (1.0 - fraction))
    if not 0.0 < fraction < 1.0 or not 0 < cut < adapter.size:
        raise InvalidArgumentError(
            f"`validation_split` must leave samples on both sides of the cut through {adapter.size} samples. "
            f"Received: validation_split={fraction}"
        )
    held_out = adapter.part(cut, adapter.size)
    if batch_size is not None:
        held_out = held_out.part(0, held_out.size, batch_size=batch_size)
    return adapter.part(0, cut, shuffle), held_out


def _permutation(size: int) -> np.ndarray:
    """The next order of `size` things, from the generator that `set_random_seed` seeds: the same on every backend."""
    return random.host_permutation(random.draw_key(), size=size)


def _count(model: Any, what: str) -> int:
    tensors = getattr(model, what, None)
    return len(tree.flatten(tensors)) if tensors is not None else 1


def _checked_workers(workers: dict[str, Any]) -> dict[str, Any]:
    known = ("workers", "use_multiprocessing", "max_queue_size")
    for name, value in workers.items():
        if name not in known:
            raise InvalidArgumentError(
                f"An argument isn't known; further ones may be {', '.join(known)}. Received: {name}={value!r}"
            )
    return workers


def _one_or_list(logs: dict[str, Any]) -> Any:
    values = list(logs.values())
    return values[0] if len(values) == 1 else values
