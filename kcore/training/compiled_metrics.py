"""`CompiledMetrics`: the metrics of all outputs, with the names under which they are logged."""

from __future__ import annotations

from typing import Any

from kcore import losses, metrics, tree
from kcore.errors import InvalidArgumentError
from kcore.training.outputs import Outputs

#: Names that mean another metric for another kind of targets.
_ACCURACY = ("accuracy", "acc")
_CROSSENTROPY = ("crossentropy", "ce")


class CompiledMetrics:
    """The metrics that were given to `compile`.

    Args:
        given: the argument `metrics`, or `weighted_metrics`: a metric (object, function or name) or a list of them
            for the only output; a list with one entry an output, or a dict by output name; another list of metrics
            counts for every output.
        weighted: whether sample weights count.
    """

    def __init__(self, given: Any, weighted: bool = False) -> None:
        self._given = given
        self._weighted = weighted
        self._argument = "weighted_metrics" if weighted else "metrics"
        self._per_output: list[list[tuple[str, Any]]] = []
        self._outputs: Outputs | None = None
        for leaf in tree.flatten(given):
            _check_name(leaf)

    @property
    def metrics(self) -> list[Any]:
        """The metric objects, each once; empty until built."""
        found = {id(metric): metric for row in self._per_output for _, metric in row}
        return list(found.values())

    @property
    def named(self) -> list[tuple[str, Any]]:
        """Pairs of log name and metric object."""
        return [pair for row in self._per_output for pair in row]

    def build(
        self, outputs: Outputs, targets: list[Any], predictions: list[Any], loss: list[Any], taken: list[str]
    ) -> None:
        """Make the metric objects, now that the shapes of targets and predictions are known.

        Args:
            outputs: the model's outputs.
            targets: a target an output (or something with its `shape`), or None.
            predictions: a prediction an output.
            loss: a loss object an output, or None.
            taken: log names in use already.
        """
        self._outputs = outputs
        given = self._split(outputs)
        self._per_output = []
        for name, identifiers, target, prediction, its_loss in zip(
            outputs.names, given, targets, predictions, loss, strict=True
        ):
            prefix = f"{name}_" if len(outputs) > 1 else ""
            row = []
            for identifier in identifiers:
                metric = as_metric(identifier, target, prediction, its_loss)
                key = self._free_name(prefix + metric.name, taken, prefix)
                taken.append(key)
                row.append((key, metric))
            self._per_output.append(row)

    def _free_name(self, name: str, taken: list[str], prefix: str) -> str:
        if name not in taken:
            return name
        if self._weighted and f"{prefix}weighted_{name.removeprefix(prefix)}" not in taken:
            return f"{prefix}weighted_{name.removeprefix(prefix)}"
        number = next(n for n in range(1, len(taken) + 2) if f"{name}_{n}" not in taken)
        return f"{name}_{number}"

    def _split(self, outputs: Outputs) -> list[list[Any]]:
        given = self._given
        if given is None:
            return [[] for _ in outputs.names]
        if isinstance(given, dict):
            if len(outputs) == 1 and not set(given) & set(outputs.names):
                return [[metric for value in given.values() for metric in _as_list(value)]]
            return [_as_list(part) for part in outputs.split(given, self._argument)]
        given = _as_list(given)
        if len(outputs) == 1:
            return [tree.flatten(given)]
        if len(given) == len(outputs):
            return [_as_list(part) for part in given]
        if any(isinstance(part, (list, tuple)) for part in given):
            outputs.split(given, self._argument)
        return [[_fresh(metric) for metric in given] for _ in outputs.names]

    def update(self, y: Any, y_pred: Any, sample_weight: Any) -> None:
        """Count a batch."""
        outputs = self._outputs
        if outputs is None or not any(self._per_output):
            return
        predictions = outputs.flatten(y_pred)
        weights = sample_weight if tree.is_nested(sample_weight) else [sample_weight] * len(outputs)
        rows = zip(
            self._per_output,
            outputs.targets(y, predictions),
            predictions,
            outputs.split(weights, "sample_weight"),
            strict=True,
        )
        for row, target, prediction, sample_weights in rows:
            for _, metric in row if target is not None else ():
                if self._weighted and sample_weights is not None:
                    metric.update_state(target, prediction, sample_weight=sample_weights)
                else:
                    metric.update_state(target, prediction)


def as_metric(identifier: Any, target: Any, prediction: Any, loss: Any) -> Any:
    """A metric object for what the user gave, named as the user wrote it.

    Args:
        identifier: a metric object, a function, a name or a config.
        target: what has the `shape` of the targets, or None.
        prediction: what has the `shape` of the predictions.
        loss: the output's loss, which decides between kinds of accuracy.
    """
    if isinstance(identifier, metrics.Metric):
        return identifier
    if identifier in _ACCURACY or identifier in _CROSSENTROPY:
        family = "Accuracy" if identifier in _ACCURACY else "Crossentropy"
        return getattr(metrics, _kind(target, prediction, loss) + family)(name=identifier)
    found = metrics.get(identifier)
    if isinstance(found, type):
        found = found()
    if not isinstance(found, metrics.Metric):
        name = identifier if isinstance(identifier, str) else getattr(found, "__name__", type(found).__name__)
        found = metrics.MeanMetricWrapper(found, name=name.strip("<>"))
    if isinstance(identifier, str):
        found.name = identifier
    return found


def _kind(target: Any, prediction: Any, loss: Any) -> str:
    function = getattr(loss, "fn", None)
    if prediction.shape[-1] == 1 or function in (losses.binary_crossentropy, losses.binary_focal_crossentropy):
        return "Binary"
    if function is losses.sparse_categorical_crossentropy:
        return "SparseCategorical"
    if function in (losses.categorical_crossentropy, losses.categorical_focal_crossentropy) or target is None:
        return "Categorical"
    is_sparse = len(target.shape) < len(prediction.shape) or target.shape[-1] == 1
    return "SparseCategorical" if is_sparse else "Categorical"


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _fresh(metric: Any) -> Any:
    return type(metric).from_config(metric.get_config()) if isinstance(metric, metrics.Metric) else metric


def _check_name(identifier: Any) -> None:
    if not isinstance(identifier, str) or identifier in _ACCURACY + _CROSSENTROPY:
        return
    if metrics.get(identifier) is None:
        raise InvalidArgumentError(f"`metrics` must hold known names, functions or objects. Received: {identifier!r}")
