"""`StepTrainer`: `compile`, and the step that follows from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kcore import tree
from kcore.dtypes import standardize_dtype
from kcore.engine import tracing
from kcore.engine.variable import check_home
from kcore.errors import InvalidArgumentError
from kcore.ops.operation import KerasTensor
from kcore.training import checks, steps
from kcore.training.adapters import ArrayAdapter, DataAdapter
from kcore.training.adapters.iterables import pack_x_y_sample_weight, standardized, unpack_x_y_sample_weight
from kcore.training.class_weights import ClassWeights
from kcore.training.compilation import (
    Compilation,
    arguments_from_config,
    batch_count,
    metric_results,
    not_compiled,
)
from kcore.training.model_view import ModelView
from kcore.training.steps import NO_LOGS, Step


class StepTrainer:
    """What a model does with one batch. `Trainer` adds the loops.

    Args:
        model: the model. It may override `train_step`, `test_step`, `predict_step`, `compute_loss` and
            `compute_metrics`.

    Attributes:
        run_eagerly: whether steps run as plain Python; taken up by the next `fit`, `evaluate` or `predict`.
        steps_per_execution: how many steps pass between the hooks of callbacks.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.run_eagerly = False
        self.jit_compile: Any = "auto"
        self.steps_per_execution = 1
        self._view = ModelView(model)
        self._compilation: Compilation | None = None
        self._functions: dict[str, Step] = {}
        self._functions_for: Any = None
        self._announced: set[Any] = set()

    def __getstate__(self) -> dict[str, Any]:
        """What is copied and pickled: everything but the captured steps."""
        return {**vars(self), "_functions": {}, "_functions_for": None}

    # ---- compile

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
        sample_weight_mode: Any = None,
        target_tensors: Any = None,
        native_autodiff: bool = False,
    ) -> None:
        """Say how the model is to be trained. Which weights are trainable is decided here.

        Args:
            optimizer: an optimizer or its name.
            loss: a loss (object, function or name), or a list or dict with one an output.
            loss_weights: a list or dict with a factor an output.
            metrics: metrics (objects, functions or names; "accuracy" is the kind that fits the output and the loss)
                in a list; for several outputs, a list or dict with such a list an output.
            weighted_metrics: the same, for metrics that sample weights count in.
            run_eagerly: whether to run steps as plain Python and not to capture them.
            steps_per_execution: how many steps pass between the hooks of callbacks.
            jit_compile: accepted for Keras; a backend compiles what it can.
            auto_scale_loss: whether the optimizer of a model with the policy `mixed_float16` is put into a
                `LossScaleOptimizer`, unless it scales the loss already.
            sample_weight_mode: accepted for Keras 2; weights may have the shape of steps anyway.
            target_tensors: accepted for Keras 2 if None.
            native_autodiff: whether gradients come from the engine's own autodiff (`kcore.NativeGradientTape`), for
                models that call the engine directly; steps are then not captured.

        Raises:
            InvalidArgumentError: an unknown name, or `target_tensors` that aren't None.
        """
        if target_tensors is not None:
            raise InvalidArgumentError(
                f"`target_tensors` must be None; give targets to `fit`. Received: {target_tensors!r}"
            )
        del sample_weight_mode
        if steps_per_execution < 1:
            raise InvalidArgumentError(
                f"`steps_per_execution` must be positive. Received: steps_per_execution={steps_per_execution}"
            )
        arguments = {
            "optimizer": optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "native_autodiff": native_autodiff,
            "auto_scale_loss": auto_scale_loss,
        }
        self._compilation = Compilation(self.model, self._view, arguments)
        self.run_eagerly = run_eagerly or native_autodiff
        self.jit_compile = jit_compile
        self.steps_per_execution = steps_per_execution
        self.model.stop_training = False
        self._announced.clear()
        self.forget_functions()

    def get_compile_config(self) -> dict[str, Any] | None:
        """The arguments of `compile` as plain data that JSON can hold; None if the model isn't compiled."""
        return None if self._compilation is None else self._compilation.config()

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as `get_compile_config` said."""
        self.compile(**arguments_from_config(config))
        if self.model.built and self.optimizer is not None:
            self.optimizer.build(self.compilation.trainable_weights())

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compilation is not None

    @property
    def compilation(self) -> Compilation:
        """What the last `compile` decided.

        Raises:
            InvalidArgumentError: the model isn't compiled.
        """
        if self._compilation is None:
            raise not_compiled("training or evaluating")
        return self._compilation

    @property
    def optimizer(self) -> Any:
        """The optimizer, or None."""
        return self._compilation.optimizer if self._compilation else None

    @property
    def loss(self) -> Any:
        """What was given to `compile` as `loss`, or None."""
        return self._compilation.arguments["loss"] if self._compilation else None

    @property
    def metrics(self) -> list[Any]:
        """The metric objects: the loss's mean, those of single outputs, those of `compile`, those that layers hold."""
        if self._compilation is None:
            return list(self._view.metrics)
        return list({id(metric): metric for _, metric in self._compilation.named_metrics()}.values())

    @property
    def metrics_names(self) -> list[str]:
        """What `evaluate` returns, in this order; metrics of `compile` are known once data was seen."""
        return [name for name, _ in self._compilation.named_metrics()] if self._compilation else []

    def reset_metrics(self) -> None:
        """Start all metrics anew."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """What each metric says now, on the device, by log name."""
        if self._compilation is None:
            return metric_results([(metric.name, metric) for metric in self.metrics])
        return self._compilation.results()

    # ---- the default step

    def train_step(self, data: Any) -> dict[str, Any]:
        """Train on a batch: forward, loss, gradients, optimizer, metrics.

        Args:
            data: `x`, `(x, y)` or `(x, y, sample_weight)`.

        Returns:
            Results by name, on the device.
        """
        data = unpack_x_y_sample_weight(data)
        y_pred = steps.train_on(self.model, self.compilation, data)
        x, y, sample_weight = data
        return self.model.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Evaluate a batch: forward, loss, metrics. See `train_step`."""
        data = unpack_x_y_sample_weight(data)
        y_pred = steps.test_on(self.model, self.compilation, data, self._has_loss())
        x, y, sample_weight = data
        return self.model.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """The model's outputs for a batch."""
        x, _, _ = unpack_x_y_sample_weight(data)
        return self.model(x, training=False)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The loss of a batch: the outputs' losses, plus those that layers added.

        Args:
            x: the inputs.
            y: the targets.
            y_pred: what the model predicted for `x`.
            sample_weight: weights, or None.
            training: whether the model is being trained.

        Returns:
            A scalar tensor.

        Raises:
            InvalidArgumentError: there is neither a loss nor an added one.
        """
        compiled = self.compilation
        compiled.build(y, y_pred)
        terms = list(self.model.losses)
        if compiled.loss is not None:
            terms.insert(0, compiled.loss(y, y_pred, sample_weight, batch_count(x)))
        if not terms:
            raise InvalidArgumentError(
                "There is nothing to minimize: give a `loss` to `compile`, or add one with `add_loss` in a layer. "
                "Received: loss=None"
            )
        return sum(terms[1:], terms[0])

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Count a batch in the metrics of `compile`.

        Returns:
            Results by name, on the device.
        """
        self._count(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def _count(self, y: Any, y_pred: Any, sample_weight: Any) -> None:
        self.compilation.build(y, y_pred)
        self.compilation.update_metrics(y, y_pred, sample_weight)

    # ---- captured steps

    @property
    def train_function(self) -> Step:
        """The captured training step, of `(x, y, sample_weight)`."""
        return self._function("train_step", self.captured_step)

    @property
    def test_function(self) -> Step:
        """The captured evaluation step, of `(x, y, sample_weight)`."""
        return self._function("test_step", self._test)

    @property
    def predict_function(self) -> Step:
        """The captured prediction step, of `x`."""
        return self._function("predict_step", self._predict)

    def make_train_function(self, force: bool = False) -> Callable[[Any], dict[str, Any]]:
        """A function that takes an iterator of batches and trains on the next; `force` captures the step anew."""
        return self._from_iterator("train_function", force)

    def make_test_function(self, force: bool = False) -> Callable[[Any], dict[str, Any]]:
        """A function that takes an iterator of batches and evaluates the next; `force` captures the step anew."""
        return self._from_iterator("test_function", force)

    def make_predict_function(self, force: bool = False) -> Callable[[Any], Any]:
        """A function that takes an iterator of batches and gives the outputs for the next; `force` captures anew."""
        return self._from_iterator("predict_function", force)

    def _from_iterator(self, name: str, force: bool) -> Callable[[Any], Any]:
        if force:
            self.forget_functions()

        def run_next(iterator: Any) -> Any:
            batch = standardized(next(iterator))
            if name == "predict_function":
                return self.predict_function(batch[0])
            return self.read_logs(getattr(self, name)(*batch))

        return run_next

    def forget_functions(self) -> None:
        """Capture the steps anew at their next use."""
        self._functions = {}

    def _function(self, name: str, function: Any) -> Step:
        weights = [id(v) for v in self._view.weights]
        if self._functions_for != (weights, self.run_eagerly):
            # A layer was added or removed, or built since: what was captured has other weights.
            self.forget_functions()
        if name not in self._functions:
            self._functions_for = (weights, self.run_eagerly)
            self._functions[name] = Step(
                function, eager=self.run_eagerly, warm_up=not self._is_built(name), announced=self._announced
            )
        return self._functions[name]

    def _is_built(self, name: str) -> bool:
        optimizer = self.optimizer
        return self.model.built and (name != "train_step" or optimizer is None or optimizer.built)

    def captured_step(self, x: Any, y: Any, sample_weight: Any) -> Any:
        """What `train_function` captures."""
        if self._overridden("train_step") or self._overridden("compute_metrics"):
            return self.model.train_step(pack_x_y_sample_weight(x, y, sample_weight))
        y_pred = steps.train_on(self.model, self.compilation, (x, y, sample_weight))
        self._count(y, y_pred, sample_weight)
        return NO_LOGS

    def _test(self, x: Any, y: Any, sample_weight: Any) -> Any:
        if self._overridden("test_step") or self._overridden("compute_metrics"):
            return self.model.test_step(pack_x_y_sample_weight(x, y, sample_weight))
        y_pred = steps.test_on(self.model, self.compilation, (x, y, sample_weight), self._has_loss())
        self._count(y, y_pred, sample_weight)
        return NO_LOGS

    def _predict(self, x: Any, y: Any, sample_weight: Any) -> Any:
        checks.check_inputs(self.model, x)
        return self.model.predict_step(pack_x_y_sample_weight(x))

    def _has_loss(self) -> bool:
        return self.compilation.loss is not None or self._overridden("compute_loss")

    def _overridden(self, method: str) -> bool:
        from kcore.models import Model

        return getattr(type(self.model), method) is not getattr(Model, method)

    def read_logs(self, result: Any) -> dict[str, Any]:
        """The logs after a step that returned `result`: the metrics' results, or what the user's own step returned."""
        if not result:
            return self.get_metrics_result()
        metrics = self.get_metrics_result()
        return metrics if set(metrics) == set(result) else result

    # ---- getting ready

    def prepare(self, adapter: DataAdapter, training: bool) -> Any:
        """Compare the data with the model, and build what isn't built, on a first batch.

        Returns:
            What describes the model's outputs (their shapes), or None if that isn't known before a real step.

        Raises:
            BackendMismatchError: the model lives on another backend than the active one.
            InvalidArgumentError: there is no batch, or inputs, targets or labels don't fit.
        """
        for weight in self._view.weights[:1]:
            check_home(weight)
        batch = adapter.first_batch()
        if batch is None:
            raise InvalidArgumentError("The data must hold at least one batch. Received: none")
        x, y, _ = batch
        checks.check_inputs(self.model, x)
        compiled = self.compilation
        if compiled.described is None:
            compiled.described = self._described_outputs(x, "train_step" if training else "test_step")
        y_pred = compiled.described
        if y_pred is None:
            return None
        compiled.build(y, y_pred)
        if compiled.loss is not None and isinstance(adapter, ArrayAdapter) and compiled.outputs is not None:
            checks.check_labels(adapter.data[1], compiled.outputs, compiled.loss.losses, y_pred)
        if training and compiled.optimizer is not None and not compiled.optimizer.built:
            compiled.optimizer.build(compiled.trainable_weights())
        return y_pred

    def _described_outputs(self, x: Any, step: str) -> Any:
        """The specs of the outputs, by calling the model without computing anything.

        A model that can't be called so (its `call` wants values, or it has none) is built by its first real step,
        which then reports what is wrong, if anything is.
        """
        if self._overridden(step) and not self.model.built:
            return None
        inputs = tree.map_structure(_described, x)
        try:
            return tracing.infer(lambda x: self.model(x, training=False), inputs)
        except Exception:
            return None

    def class_weights(self, class_weight: Any, y_pred: Any) -> ClassWeights | None:
        """What turns targets into sample weights, or None without `class_weight`."""
        if class_weight is None:
            return None
        outputs = self.compilation.outputs
        if outputs is None or y_pred is None:
            raise InvalidArgumentError(
                "`class_weight` needs a model whose outputs are known before it is trained; build it first."
            )
        return ClassWeights(class_weight, outputs, checks.class_counts(y_pred, outputs))


def _described(x: Any) -> KerasTensor | None:
    if x is None:
        return None
    return KerasTensor((None, *x.shape[1:]), dtype=standardize_dtype(x.dtype), record_history=False)
