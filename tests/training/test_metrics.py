"""Metrics: closed forms, values of real Keras, weights and masks, state, captured updates, configs, names, errors."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from loss_metric_cases import DATA, METRICS, WEIGHTS, case_id

import kcore
from kcore import losses, metrics, ops, registry
from kcore.engine.function import Function
from kcore.errors import InvalidArgumentError, InvalidTypeError, ShapeError
from kcore.ops.masks import set_mask
from kcore.ops.operation import reset_names

#: Values of Keras 3.15.1 on JAX in float32; see `make_loss_metric_values.py`.
KERAS = json.loads(Path(__file__).with_name("loss_metric_values.json").read_text())["metrics"]
CASES = pytest.mark.parametrize("case", METRICS, ids=case_id)
CLOSE = {"rtol": 3e-5, "atol": 2e-6}

#: Keras counts places of IoU in integers (`dtype: int32`); kcore in floats, so that weights needn't be whole numbers.
COUNTED_IN_INTEGERS = ("IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU", "BinaryIoU")


@pytest.fixture(autouse=True)
def fresh_names():
    """Names start over for each test."""
    reset_names()


def to_numpy(x):
    return np.asarray(ops.convert_to_numpy(x), "float64")


def tensor(name):
    array = DATA[name]
    return ops.convert_to_tensor(array.astype("float32" if array.dtype == "float64" else "int32"))


def base_name(name):
    """A name without the number that makes it unique."""
    return re.sub(r"_\d+$", "", name)


def make(case):
    return getattr(metrics, case[0])(**case[1])


def batches(case):
    y_true, y_pred = tensor(case[2]), tensor(case[3])
    return [(y_true[:4], y_pred[:4]), (y_true[4:], y_pred[4:])]


@CASES
def test_the_values_over_two_batches_are_those_of_keras(case, backend):
    metric = make(case)
    for y_true, y_pred in batches(case):
        metric.update_state(y_true, y_pred)
    np.testing.assert_allclose(to_numpy(metric.result()), KERAS[case_id(case)]["plain"], **CLOSE)


@CASES
def test_the_weighted_values_are_those_of_keras(case, backend):
    expected = KERAS[case_id(case)]["weighted"]
    weights = np.ones_like(WEIGHTS) if case[0] in COUNTED_IN_INTEGERS else WEIGHTS
    metric = make(case)
    metric.update_state(tensor(case[2]), tensor(case[3]), sample_weight=weights.astype("float32"))
    if expected is None:  # Keras doesn't take weights a sample for these
        assert case[0] in COUNTED_IN_INTEGERS
        expected = KERAS[case_id(case)]["plain"]
    np.testing.assert_allclose(to_numpy(metric.result()), expected, **CLOSE)


@CASES
def test_a_captured_update_is_the_eager_one(case, backend):
    eager, captured = make(case), make(case)
    step = Function(lambda y_true, y_pred, weights: captured.update_state(y_true, y_pred, sample_weight=weights))
    for y_true, y_pred in [*batches(case), *batches(case)]:
        weights = ops.convert_to_tensor(WEIGHTS[: y_true.shape[0]].astype("float32"))
        eager.update_state(y_true, y_pred, sample_weight=weights)
        step(y_true, y_pred, weights)
    np.testing.assert_allclose(to_numpy(captured.result()), to_numpy(eager.result()), rtol=1e-6)


@CASES
def test_a_config_holds_what_that_of_keras_holds_and_makes_the_same_metric(case, backend):
    metric, expected = make(case), dict(KERAS[case_id(case)]["config"])
    if case[0] in COUNTED_IN_INTEGERS:
        expected["dtype"] = "float32"
    data = json.loads(json.dumps(metrics.serialize(metric)))
    assert data["module"] == "keras.metrics"
    assert base_name(data["config"].pop("name")) == base_name(expected.pop("name"))
    assert data["config"].keys() >= expected.keys()
    for name, value in expected.items():
        if isinstance(value, list):
            np.testing.assert_allclose(data["config"][name], value, rtol=1e-6)
        else:
            assert data["config"][name] == value, name
    again = metrics.deserialize(json.loads(json.dumps(metrics.serialize(metric))))
    assert type(again) is type(metric)
    assert again.name == metric.name
    for m in (metric, again):
        m.update_state(tensor(case[2]), tensor(case[3]))
    np.testing.assert_array_equal(to_numpy(again.result()), to_numpy(metric.result()))


@CASES
def test_a_reset_forgets_everything(case, backend):
    metric = make(case)
    for _ in range(2):
        metric.reset_state()
        metric.update_state(tensor(case[2]), tensor(case[3]))
        once = to_numpy(metric.result())
    metric.update_state(tensor(case[2])[:3], tensor(case[3])[:3])
    metric.reset_states()
    assert all((v.numpy() == 0).all() for v in metric.variables)
    metric.update_state(tensor(case[2]), tensor(case[3]))
    np.testing.assert_array_equal(to_numpy(metric.result()), once)


@CASES
def test_the_variables_are_those_of_keras(case, backend):
    metric = make(case)
    metric.update_state(tensor(case[2]), tensor(case[3]))
    expected = set(KERAS[case_id(case)]["variables"]) - {"intermediate_weights"}
    renamed = {"accumulator": metric.name, "total_mse": "residual", "count": "weight"}
    if case[0] == "R2Score":
        assert len(metric.variables) == len(expected)
    elif "accumulator" in expected:
        assert [v.name for v in metric.variables] == [renamed["accumulator"]]
    elif case[0].startswith("F"):
        assert {v.name for v in metric.variables} == {"true_positives", "false_positives", "false_negatives"} | (
            expected - {"true_positives", "false_positives", "false_negatives"}
        )
    else:
        assert {v.name for v in metric.variables} == expected
    assert all(v.path.startswith(f"{metric.name}/") and not v.trainable for v in metric.variables)


# --------------------------------------------------------------------------------------------------------- Mean and Sum


@pytest.mark.parametrize(
    ("values", "weights", "expected"),
    [
        ([1.0, 3.0, 8.0], None, 4),
        ([1.0, 3.0, 8.0], [1.0, 1.0, 0.0], 2),
        ([1.0, 3.0, 8.0], 2.0, 4),
        ([[1.0, 3.0], [5.0, 7.0]], [1.0, 0.0], 2),
        ([[1.0, 3.0], [5.0, 7.0]], [[1.0], [3.0]], (4 + 36) / 8),
        ([[1.0, 3.0], [5.0, 7.0]], [[1.0, 0.0], [0.0, 1.0]], 4),
        (7.0, None, 7),
        (7.0, 3, 7),
        ([1, 2], None, 1.5),
        ([], None, 0),
    ],
)
def test_the_mean_is_weighted(values, weights, expected, backend):
    assert float(metrics.Mean()(values, sample_weight=weights)) == expected


def test_a_mean_counts_each_batch_by_its_weight(backend):
    mean = metrics.Mean()
    mean.update_state(2.0, sample_weight=3)
    mean.update_state(6.0, sample_weight=1)
    assert float(mean.result()) == 3
    assert float(mean.count.value) == 4


def test_the_sum_is_weighted(backend):
    total = metrics.Sum()
    total.update_state([1.0, 2.0, 3.0], sample_weight=[0.0, 1.0, 2.0])
    total.update_state([[1.0, 2.0]])
    assert float(total.result()) == 11


def test_weights_of_another_shape_are_refused(backend):
    with pytest.raises(ShapeError, match=r"`sample_weight` must have the leading dimensions"):
        metrics.Mean()([1.0, 2.0, 3.0], sample_weight=[1.0, 2.0])
    with pytest.raises(ShapeError, match=r"`sample_weight` must have the leading dimensions"):
        metrics.Mean()(np.ones((2, 3)), sample_weight=[1.0, 2.0, 3.0])


@pytest.mark.parametrize("weights", [None, [1.0, 3.0], [[1.0, 1.0, 5.0], [3.0, 5.0, 5.0]]])
@pytest.mark.parametrize("name", ["MeanAbsoluteError", "RootMeanSquaredError", "BinaryIoU", "AUC", "TruePositives"])
def test_masked_steps_count_for_nothing(name, weights, backend):
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.integers(0, 2, (2, 3, 1)).astype("float32"), rng.random((2, 3, 1)).astype("float32")
    mask = np.array([[True, True, False], [True, False, False]])
    masked, kept = getattr(metrics, name)(), getattr(metrics, name)()
    prediction = ops.convert_to_tensor(y_pred)
    set_mask(prediction, ops.convert_to_tensor(mask))
    masked.update_state(y_true, prediction, sample_weight=weights)
    spread = np.ones((2, 3)) if weights is None else np.broadcast_to(np.reshape(weights, (2, -1)), (2, 3))
    kept.update_state(y_true[mask], y_pred[mask], sample_weight=spread[mask].astype("float32"))
    np.testing.assert_allclose(to_numpy(masked.result()), to_numpy(kept.result()), rtol=1e-6)


def test_an_ignored_class_is_left_out_of_a_crossentropy(backend):
    metric = metrics.SparseCategoricalCrossentropy(ignore_class=-1)
    y_pred = np.array([[0.3, 0.7], [0.1, 0.9], [0.6, 0.4]], "float32")
    assert float(metric(np.array([1, -1, 0]), y_pred)) == pytest.approx(-np.log([0.7, 0.6]).mean())
    metric.reset_state()
    result = metric(np.array([1, -1, 0]), y_pred, sample_weight=[1.0, 9.0, 3.0])
    assert float(result) == pytest.approx(-(np.log([0.7, 0.6]) * [1, 3]).sum() / 4)


# ----------------------------------------------------------------------------------------------------- kinds of metrics


def test_accuracies_by_hand(backend):
    y_pred = np.array([[0.1, 0.9, 0.0], [0.4, 0.4, 0.2], [0.3, 0.3, 0.4]])
    labels = np.array([1, 1, 2])
    assert to_numpy(metrics.sparse_categorical_accuracy(labels, y_pred)).tolist() == [1, 0, 1]
    assert to_numpy(metrics.sparse_categorical_accuracy(labels[:, None], y_pred)).tolist() == [1, 0, 1]
    assert to_numpy(metrics.categorical_accuracy(np.eye(3)[labels], y_pred)).tolist() == [1, 0, 1]
    assert to_numpy(metrics.binary_accuracy([1, 0, 1], [0.5, 0.5, 0.51])).tolist() == [0, 1, 1]
    assert to_numpy(metrics.accuracy(np.array([2**24 + 1]), np.array([2**24]))).tolist() == [0]


def test_top_k_counts_ties_and_refuses_nan_and_unknown_classes(backend):
    rows = np.array([[0.1, 0.1, 0.1], [0.5, 0.2, np.nan], [0.5, 0.2, 0.1], [0.5, 0.2, 0.1], [0.5, 0.2, 0.1]], "float32")
    labels = np.array([2, 2, 1, 3, -1])
    assert to_numpy(metrics.sparse_top_k_categorical_accuracy(labels, rows, k=1)).tolist() == [1, 0, 0, 0, 0]
    assert to_numpy(metrics.sparse_top_k_categorical_accuracy(labels, rows, k=2)).tolist() == [1, 0, 1, 0, 0]
    ids = np.array([[3, 0, 1], [0, 1, 2]])
    assert to_numpy(metrics.sparse_top_k_categorical_accuracy([0, 2], ids, k=2, from_sorted_ids=True)).tolist() == [
        1,
        0,
    ]


def auc_by_ranks(y_true, y_pred):
    positive, negative = y_pred[y_true == 1], y_pred[y_true == 0]
    return ((positive[:, None] > negative).mean() + (positive[:, None] == negative).mean() / 2).item()


def test_the_area_under_the_roc_curve_is_the_probability_of_the_right_order(backend):
    rng = np.random.default_rng(1)
    y_true = rng.integers(0, 2, 400)
    y_pred = np.clip(np.round(rng.random(400) * 0.7 + 0.3 * y_true, 2), 0.005, 0.995).astype("float32")
    result = metrics.AUC(num_thresholds=1001)(y_true, y_pred)
    assert float(result) == pytest.approx(auc_by_ranks(y_true, y_pred), abs=1e-6)


def test_precision_and_recall_by_hand(backend):
    y_true, y_pred = [1, 1, 0, 0, 1], [0.9, 0.4, 0.6, 0.1, 0.7]
    assert float(metrics.Precision()(y_true, y_pred)) == pytest.approx(2 / 3)
    assert float(metrics.Recall()(y_true, y_pred)) == pytest.approx(2 / 3)
    assert float(metrics.Precision()(y_true, [0.0] * 5)) == 0


def test_f1_is_the_harmonic_mean_of_precision_and_recall(backend):
    y_true, y_pred = DATA["several"][:, :1], DATA["scores"][:, :1].astype("float32")
    precision, recall = (float(m()(y_true, y_pred)) for m in (metrics.Precision, metrics.Recall))
    expected = 2 * precision * recall / max(precision + recall, 1e-9)
    assert to_numpy(metrics.F1Score(threshold=0.5)(y_true, y_pred)).tolist() == pytest.approx([expected], abs=1e-6)


def test_iou_counts_fractions_of_places(backend):
    metric = metrics.IoU(num_classes=2, target_class_ids=[1])
    result = metric(np.array([1, 1, 0]), np.array([1, 0, 1]), sample_weight=[0.5, 0.25, 0.25])
    assert float(result) == pytest.approx(0.5)


def test_the_score_of_a_perfect_regression_is_1_and_of_the_mean_0(backend):
    t = DATA["real"].astype("float32")
    assert float(metrics.R2Score()(t, t)) == 1
    assert float(metrics.R2Score()(t, np.broadcast_to(t.mean(0), t.shape))) == pytest.approx(0, abs=1e-5)


def test_correlations_of_constants_are_0(backend):
    constant, varying = np.ones((1, 4), "float32"), np.arange(4, dtype="float32")[None]
    assert float(metrics.PearsonCorrelation()(constant, varying)) == 0
    expected = np.corrcoef(DATA["real"][0], DATA["predicted"][0])[0, 1]
    result = metrics.pearson_correlation(DATA["real"][:1], DATA["predicted"][:1])
    np.testing.assert_allclose(to_numpy(result), [expected], rtol=1e-9)


# ------------------------------------------------------------------------------------------------ metrics of the user's


def test_a_function_becomes_a_metric_with_its_name(backend):
    @registry.register_keras_serializable("test_metrics")
    def gap(y_true, y_pred):
        return ops.max(ops.abs(y_true - y_pred), axis=-1)

    metric = metrics.MeanMetricWrapper(gap)
    assert metric.name == "gap"
    assert float(metric([[0.0, 0.0]], [[1.0, 3.0]])) == 3
    assert float(metrics.deserialize(metrics.serialize(metric))([[0.0, 0.0]], [[1.0, 3.0]])) == 3


def test_a_wrapper_of_a_metric_function_is_saved_by_its_name(backend):
    metric = metrics.MeanMetricWrapper(metrics.binary_accuracy, threshold=0.7)
    again = metrics.deserialize(json.loads(json.dumps(metrics.serialize(metric))))
    assert float(again([1, 1], [0.6, 0.8])) == 0.5
    again = metrics.deserialize(metrics.serialize(metrics.MeanMetricWrapper(losses.hinge)))
    assert again._fn is losses.hinge


class Largest(metrics.Metric):
    """A metric in Keras 2's spelling, with a state that doesn't start at 0 and another metric inside."""

    def __init__(self, name="largest", **kwargs):
        super().__init__(name=name, **kwargs)
        self.largest = self.add_weight("top", (), "ones")
        self.inner = metrics.Mean(name="inner")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.largest.assign(ops.maximum(self.largest, ops.max(y_pred)))
        self.inner.update_state(y_pred)

    def result(self):
        return {"largest": self.largest.value, "mean": self.inner.result()}


def test_a_metric_of_metrics_keeps_initial_values(backend):
    metric = Largest()
    assert [v.path for v in metric.variables] == ["largest/top", "inner/total", "inner/count"]
    result = metric(None, np.array([2.0, 4.0]))
    assert (float(result["largest"]), float(result["mean"])) == (4, 3)
    metric.reset_state()
    assert [float(v.numpy()) for v in metric.variables] == [1, 0, 0]


def test_reset_states_of_keras_2_is_what_a_reset_calls(backend):
    class Old(metrics.Mean):
        resets = 0

        def reset_states(self):
            self.resets += 1
            self.total.assign(7.0)

    metric = Old()
    metric.reset_state()
    assert (metric.resets, float(metric.total.numpy())) == (1, 7)


def test_variables_take_both_orders_of_arguments(backend):
    metric = metrics.Metric(name="m")
    old = metric.add_weight("a", (2,), "ones")
    new = metric.add_weight((2,), "ones", "float64", "b")
    assert [(v.name, v.shape, v.dtype, v.numpy().tolist()) for v in (old, new)] == [
        ("a", (2,), "float32", [1, 1]),
        ("b", (2,), "float64", [1, 1]),
    ]
    assert metric.weights == metric.variables == [old, new]


def test_a_metric_without_its_methods_says_so():
    metric = metrics.Metric(name="m")
    for method in (metric.update_state, metric.result):
        with pytest.raises(NotImplementedError, match="Metric must define"):
            method()


# ------------------------------------------------------------------------------------------------------- names, clones


@pytest.mark.parametrize(
    ("names", "cls"),
    [
        ("mse MSE mean_squared_error MeanSquaredError", metrics.MeanSquaredError),
        ("mae MAE mean_absolute_error", metrics.MeanAbsoluteError),
        ("mape MAPE mean_absolute_percentage_error", metrics.MeanAbsolutePercentageError),
        ("msle MSLE mean_squared_logarithmic_error", metrics.MeanSquaredLogarithmicError),
        ("rmse RMSE root_mean_squared_error", metrics.RootMeanSquaredError),
        ("acc accuracy Accuracy", metrics.Accuracy),
        ("binary_accuracy BinaryAccuracy", metrics.BinaryAccuracy),
        ("categorical_accuracy", metrics.CategoricalAccuracy),
        ("sparse_categorical_accuracy", metrics.SparseCategoricalAccuracy),
        ("top_k_categorical_accuracy TopKCategoricalAccuracy", metrics.TopKCategoricalAccuracy),
        ("sparse_top_k_categorical_accuracy", metrics.SparseTopKCategoricalAccuracy),
        ("bce BCE binary_crossentropy", metrics.BinaryCrossentropy),
        ("kld KLD kl_divergence kullback_leibler_divergence", metrics.KLDivergence),
        ("cosine_similarity cosine_proximity cosine", metrics.CosineSimilarity),
        ("logcosh log_cosh", metrics.LogCoshError),
        ("auc AUC", metrics.AUC),
        ("f1_score F1Score", metrics.F1Score),
        ("fbeta_score FBetaScore", metrics.FBetaScore),
        ("precision", metrics.Precision),
        ("binary_io_u BinaryIoU", metrics.BinaryIoU),
    ],
)
def test_a_metric_is_found_by_each_of_its_names(names, cls, backend):
    assert all(type(metrics.get(name)) is cls for name in names.split())


def test_get_takes_what_losses_are_called_instances_and_functions(backend):
    assert metrics.get("huber").name == "huber"
    assert float(metrics.get("huber")([[0.0]], [[3.0]])) == 2.5
    metric = metrics.AUC()
    assert metrics.get(metric) is metric
    assert metrics.get(losses.hinge) is losses.hinge
    assert metrics.get(None) is None
    assert metrics.get(metrics.serialize(metric)).name == metric.name


def test_an_unknown_name_is_refused_with_near_ones():
    with pytest.raises(InvalidArgumentError, match="Did you mean 'BinaryAccuracy'"):
        metrics.get("binary_acuracy")
    with pytest.raises(InvalidArgumentError, match="Received: identifier=3"):
        metrics.get(3)


def test_names_are_numbered_like_those_of_keras(backend):
    assert [metrics.AUC().name, metrics.AUC().name, metrics.Precision().name, metrics.Mean().name] == [
        "auc",
        "auc_1",
        "precision",
        "mean",
    ]


def test_clones_have_a_state_of_their_own(backend):
    metric = metrics.Mean(name="m")
    copies = [metrics.clone_metric(metric), *metrics.clone_metrics([metric]), metrics.clone_metrics({"a": metric})["a"]]
    metric.update_state([3.0])
    assert [float(copy.result()) for copy in copies] == [0, 0, 0]
    assert {copy.name for copy in copies} == {"m"}
    assert metrics.clone_metric(losses.hinge) is losses.hinge


@pytest.mark.parametrize(
    "build",
    [
        lambda: metrics.AUC(num_thresholds=1),
        lambda: metrics.AUC(curve="x"),
        lambda: metrics.AUC(summation_method="x"),
        lambda: metrics.AUC(thresholds=[2.0]),
        lambda: metrics.AUC(multi_label=True, num_labels=2, label_weights=[1.0]),
        lambda: metrics.Precision(thresholds=[-0.1]),
        lambda: metrics.Precision(thresholds=[]),
        lambda: metrics.SensitivityAtSpecificity(1.5),
        lambda: metrics.RecallAtPrecision(0.5, num_thresholds=0),
        lambda: metrics.FBetaScore(average="x"),
        lambda: metrics.FBetaScore(beta=-1.0),
        lambda: metrics.F1Score(threshold=2.0),
        lambda: metrics.IoU(2, [2]),
        lambda: metrics.BinaryIoU(threshold=3),
        lambda: metrics.R2Score(class_aggregation="x"),
        lambda: metrics.R2Score(num_regressors=-1),
    ],
)
def test_an_argument_out_of_range_is_refused(build, backend):
    with pytest.raises(InvalidArgumentError, match="Received: "):
        build()


def test_a_beta_that_is_no_float_is_refused():
    with pytest.raises(InvalidTypeError, match="`beta` must be a float"):
        metrics.FBetaScore(beta=1)


@pytest.mark.parametrize("name", ["F1Score", "R2Score"])
def test_a_vector_is_refused_where_a_matrix_is_needed(name, backend):
    with pytest.raises(ShapeError, match="`y_pred` must be of shape"):
        getattr(metrics, name)()(np.ones(3), np.ones(3))


def test_the_state_takes_the_given_dtype(backend):
    metric = metrics.Mean(dtype="float64")
    metric.update_state([0.1])
    assert [v.dtype for v in metric.variables] == ["float64", "float64"]
    assert float(metric.result()) == 0.1


def test_an_update_makes_few_nodes(backend):
    """Each training step runs them."""
    for metric, data, most in (
        (metrics.Mean(), (np.float32(1), np.float32(2)), 3),
        (metrics.SparseCategoricalAccuracy(), (np.array([1, 0]), np.eye(2, dtype="float32")), 8),
        (metrics.BinaryAccuracy(), (np.ones((4, 1), "float32"), np.ones((4, 1), "float32")), 8),
    ):
        step = Function(metric.update_state)
        step(*(ops.convert_to_tensor(x) for x in data))
        assert node_count(step) <= most, metric


def node_count(function):
    return len(next(iter(function.cache.values())).plan.listing.instructions)


def test_every_public_name_is_a_name_of_kcore():
    assert kcore.Metric is metrics.Metric
    assert kcore.Loss is losses.Loss
    rooms = "losses metrics initializers regularizers constraints activations random"
    for room in (getattr(kcore, name) for name in rooms.split()):
        assert sorted(set(room.__all__), key=lambda n: (not n.isupper(), not n[0].isupper(), n)) == room.__all__
        assert all(hasattr(room, name) for name in room.__all__)
