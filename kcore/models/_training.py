"""A model's methods for training: thin, as the trainer stands on a higher floor and is looked up when it is first
needed."""

from __future__ import annotations

from typing import Any

from kcore import registry


class TrainingMethods:
    """The part of `Model` that trains. `train_step`, `test_step`, `predict_step`, `compute_loss` and `compute_metrics`
    may be overridden."""

    stop_training: bool = False
    """Set to true by a callback to end `fit` after the batch."""

    @property
    def _trainer(self) -> Any:
        """The model's trainer, made when it is first asked for."""
        trainer = vars(self).get("_own_trainer")
        if trainer is None:
            trainer = vars(self)["_own_trainer"] = registry.service("trainer").Trainer(self)
        return trainer

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss=None,
        loss_weights=None,
        metrics=None,
        weighted_metrics=None,
        run_eagerly=False,
        steps_per_execution=1,
        jit_compile: bool | str = "auto",
        auto_scale_loss=True,
        **kwargs,
    ) -> None:
        """Say how to train: which weights are trainable is noted too.

        Args:
            optimizer: an optimizer, or its name.
            loss: a loss, its name, a function of `y_true` and `y_pred`; or a list or dictionary of them, one for each
                output.
            loss_weights: a number for each output, as a list or dictionary.
            metrics: a list of metrics, or names; for several outputs a list of lists or a dictionary.
            weighted_metrics: metrics that take sample weights into account.
            run_eagerly: whether steps run as plain Python.
            steps_per_execution: how many steps pass between the hooks of callbacks.
            jit_compile: whether the backend compiles the step; `"auto"` leaves it to the backend.
            auto_scale_loss: whether the optimizer of a model with the policy `mixed_float16` scales the loss.
            **kwargs: what Keras 2 took: `sample_weight_mode`, `target_tensors`; and kcore's own
                `native_autodiff`: whether gradients come from the engine's own autodiff, for models that call the
                engine directly.
        """
        self._trainer.compile(
            optimizer=optimizer,
            loss=loss,
            loss_weights=loss_weights,
            metrics=metrics,
            weighted_metrics=weighted_metrics,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=jit_compile,
            auto_scale_loss=auto_scale_loss,
            **kwargs,
        )

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose: Any = "auto",
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        class_weight=None,
        sample_weight=None,
        initial_epoch=0,
        steps_per_epoch=None,
        validation_steps=None,
        validation_batch_size=None,
        validation_freq=1,
        **kwargs,
    ) -> Any:
        """Train for some epochs.

        Args:
            x: arrays (a list or dictionary for several inputs), or something that yields batches.
            y: the targets; not given where `x` yields them.
            batch_size: samples a step; 32 if `None`.
            epochs: the number of the last epoch.
            verbose: 0 for silence, 1 for a progress bar, 2 for a line an epoch.
            callbacks: a list of callbacks.
            validation_split: the share of samples, from the end, to validate on.
            validation_data: `(x, y)`, `(x, y, sample_weight)` or something that yields them.
            shuffle: whether samples are shuffled before each epoch; `"batch"` shuffles whole batches.
            class_weight: a dictionary from class index to weight.
            sample_weight: an array of weights.
            initial_epoch: the epoch to start from.
            steps_per_epoch: steps an epoch, for data without an end.
            validation_steps: steps of validation.
            validation_batch_size: samples a step of validation.
            validation_freq: validate every so many epochs, or in the epochs of a list.
            **kwargs: what Keras 2 took: `max_queue_size`, `workers`, `use_multiprocessing`.

        Returns:
            A `History`, whose `history` maps names to lists with a value an epoch.

        Example:
            >>> model.fit(np.ones((8, 2)), np.zeros((8, 1)), epochs=2, verbose=0)  # doctest: +SKIP
        """
        return self._trainer.fit(
            x=x,
            y=y,
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation_split=validation_split,
            validation_data=validation_data,
            shuffle=shuffle,
            class_weight=class_weight,
            sample_weight=sample_weight,
            initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch,
            validation_steps=validation_steps,
            validation_batch_size=validation_batch_size,
            validation_freq=validation_freq,
            **kwargs,
        )

    def evaluate(
        self,
        x=None,
        y=None,
        batch_size=None,
        verbose: Any = "auto",
        sample_weight=None,
        steps=None,
        callbacks=None,
        return_dict=False,
        **kwargs,
    ) -> Any:
        """The loss and the metrics on data, in test mode.

        Args:
            x: arrays, or something that yields batches.
            y: the targets.
            batch_size: samples a step; 32 if `None`.
            verbose: 0 for silence, 1 for a progress bar, 2 for a line.
            sample_weight: an array of weights.
            steps: how many steps, for data without an end.
            callbacks: a list of callbacks.
            return_dict: whether to return a dictionary by name.
            **kwargs: what Keras 2 took.

        Returns:
            A number, a list of numbers in the order of `metrics_names`, or a dictionary.
        """
        return self._trainer.evaluate(
            x=x,
            y=y,
            batch_size=batch_size,
            verbose=verbose,
            sample_weight=sample_weight,
            steps=steps,
            callbacks=callbacks,
            return_dict=return_dict,
            **kwargs,
        )

    def predict(self, x, batch_size=None, verbose: Any = "auto", steps=None, callbacks=None, **kwargs) -> Any:
        """The outputs for data, in test mode.

        Args:
            x: arrays, or something that yields batches.
            batch_size: samples a step; 32 if `None`.
            verbose: 0 for silence, 1 for a progress bar, 2 for a line.
            steps: how many steps, for data without an end.
            callbacks: a list of callbacks.
            **kwargs: what Keras 2 took.

        Returns:
            NumPy arrays in the structure of the model's outputs.
        """
        return self._trainer.predict(
            x, batch_size=batch_size, verbose=verbose, steps=steps, callbacks=callbacks, **kwargs
        )

    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict=False, **kwargs) -> Any:
        """One step of training on one batch.

        Args:
            x: the batch's inputs.
            y: the targets.
            sample_weight: weights of the samples.
            class_weight: a dictionary from class index to weight.
            return_dict: whether to return a dictionary by name.
            **kwargs: Keras 2's `reset_metrics`.

        Returns:
            The loss and the metrics: a number, a list, or a dictionary.
        """
        return self._trainer.train_on_batch(
            x, y=y, sample_weight=sample_weight, class_weight=class_weight, return_dict=return_dict, **kwargs
        )

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False, **kwargs) -> Any:
        """The loss and the metrics on one batch; arguments and result as those of `train_on_batch`."""
        return self._trainer.test_on_batch(x, y=y, sample_weight=sample_weight, return_dict=return_dict, **kwargs)

    def predict_on_batch(self, x) -> Any:
        """The outputs for one batch, as NumPy arrays."""
        return self._trainer.predict_on_batch(x)

    def explain_step(self, x=None, y=None, sample_weight=None, batch_size=None, **kwargs) -> dict[str, Any]:
        """Print what one step of training consists of, and how long its parts take.

        The step is captured, and its plan is run on copies: weights, the optimizer, metrics and random generators
        stay as they are. Calls are timed one by one; where the engine compiles the whole step, that is timed as well.

        Args:
            x: data as for `fit`, of which the first batch is taken. Without, a batch is made up in the shapes of the
                last step of training.
            y: the targets.
            sample_weight: weights of the samples.
            batch_size: samples in a batch of arrays; 32 by default.
            **kwargs: `repeats`, how many runs are timed (10), of which the faster half counts; `rows`, how many calls
                are listed (20); `line_length`, the width in characters; `print_fn`, what is called with the text.

        Returns:
            The same as plain data: `seconds` for the whole step and for all calls one by one, to capture, to plan and
            for the first step; `passes`, the number of calls left after each; `memory` (`None` where the engine
            decides); `layers` and `calls`, lists of dictionaries with the `seconds` of each; `model`, `backend`,
            `device`, `batch`, `made_up`, `compiled`.

        Raises:
            CaptureError: the step can't be captured; the text names the line.
            InvalidArgumentError: the model isn't compiled or built, runs eagerly, or no data is known.
        """
        return self._trainer.explain_step(x, y=y, sample_weight=sample_weight, batch_size=batch_size, **kwargs)

    def fit_generator(self, generator, steps_per_epoch=None, epochs=1, verbose=1, **kwargs) -> Any:
        """Keras 2's name for `fit` on something that yields batches."""
        return self._trainer.fit(generator, steps_per_epoch=steps_per_epoch, epochs=epochs, verbose=verbose, **kwargs)

    def evaluate_generator(self, generator, steps=None, callbacks=None, verbose=0, **kwargs) -> Any:
        """Keras 2's name for `evaluate` on something that yields batches."""
        return self._trainer.evaluate(generator, steps=steps, callbacks=callbacks, verbose=verbose, **kwargs)

    def predict_generator(self, generator, steps=None, callbacks=None, verbose=0, **kwargs) -> Any:
        """Keras 2's name for `predict` on something that yields batches."""
        return self._trainer.predict(generator, steps=steps, callbacks=callbacks, verbose=verbose, **kwargs)

    def train_step(self, data) -> dict[str, Any]:
        """What training does with one batch; may be overridden.

        Args:
            data: what the data yields: `x`, `(x, y)` or `(x, y, sample_weight)`.

        Returns:
            The loss and the metrics by name.
        """
        return self._trainer.train_step(data)

    def test_step(self, data) -> dict[str, Any]:
        """What evaluation does with one batch; may be overridden. Argument and result as those of `train_step`."""
        return self._trainer.test_step(data)

    def predict_step(self, data) -> Any:
        """What `predict` does with one batch; may be overridden.

        Returns:
            The outputs.
        """
        return self._trainer.predict_step(data)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True) -> Any:
        """The total loss of a batch: those of `compile`, and `losses`; may be overridden.

        Args:
            x: the inputs.
            y: the targets.
            y_pred: the outputs.
            sample_weight: weights of the samples.
            training: whether in training.

        Returns:
            A scalar tensor.
        """
        return self._trainer.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None) -> dict[str, Any]:
        """Update the metrics by a batch and return their values by name; may be overridden. Arguments as
        `compute_loss`."""
        return self._trainer.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def make_train_function(self, force=False) -> Any:
        """The function that `fit` calls with an iterator of batches."""
        return self._trainer.make_train_function(force=force)

    def make_test_function(self, force=False) -> Any:
        """The function that `evaluate` calls with an iterator of batches."""
        return self._trainer.make_test_function(force=force)

    def make_predict_function(self, force=False) -> Any:
        """The function that `predict` calls with an iterator of batches."""
        return self._trainer.make_predict_function(force=force)

    def reset_metrics(self) -> None:
        """Start the metrics anew."""
        self._trainer.reset_metrics()

    def get_metrics_result(self) -> dict[str, Any]:
        """The metrics' values by name."""
        return self._trainer.get_metrics_result()

    def get_compile_config(self) -> dict[str, Any] | None:
        """The arguments of `compile` in a form that can be saved; `None` if the model isn't compiled."""
        return self._trainer.get_compile_config() if self.compiled else None

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile by what `get_compile_config` returned."""
        self._trainer.compile_from_config(config)

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return "_own_trainer" in vars(self) and bool(self._trainer.compiled)

    @property
    def optimizer(self) -> Any:
        """The optimizer, or `None` before `compile`."""
        return self._set_or_compiled("optimizer")

    @optimizer.setter
    def optimizer(self, value: Any) -> None:
        vars(self)["_set_optimizer"] = value

    @property
    def loss(self) -> Any:
        """The `loss` that was given to `compile`, or `None`."""
        return self._set_or_compiled("loss")

    @loss.setter
    def loss(self, value: Any) -> None:
        vars(self)["_set_loss"] = value

    def _set_or_compiled(self, name: str) -> Any:
        """What the user's own `compile` set, else what the trainer has."""
        if f"_set_{name}" in vars(self):
            return vars(self)[f"_set_{name}"]
        return getattr(self._trainer, name) if self.compiled else None

    @property
    def metrics(self) -> list[Any]:
        """The loss's mean and the metrics of `compile`, then those of the layers."""
        of_layers = super().metrics  # type: ignore[misc]
        of_trainer = self._trainer.metrics if self.compiled else []
        return list({id(metric): metric for metric in (*of_trainer, *of_layers)}.values())

    @property
    def metrics_names(self) -> list[str]:
        """The names of the values that `evaluate` returns, in order."""
        return list(self._trainer.metrics_names) if self.compiled else [metric.name for metric in self.metrics]

    @property
    def run_eagerly(self) -> bool:
        """Whether steps run as plain Python."""
        return self._trainer.run_eagerly

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        self._trainer.run_eagerly = value

    @property
    def jit_compile(self) -> Any:
        """Whether the backend compiles the step."""
        return self._trainer.jit_compile

    @jit_compile.setter
    def jit_compile(self, value: Any) -> None:
        self._trainer.jit_compile = value
