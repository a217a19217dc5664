"""Losses: closed forms in float64, values of real Keras, reductions, weights, masks, configs, gradients, errors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from loss_metric_cases import DATA, LOSSES, WEIGHTS, case_id

from kcore import config, losses, ops, registry
from kcore.engine import autodiff
from kcore.engine.function import Function
from kcore.errors import InvalidArgumentError, SerializationError, ShapeError
from kcore.ops.masks import set_mask

KERAS = json.loads(Path(__file__).with_name("loss_metric_values.json").read_text())["losses"]
CASES = pytest.mark.parametrize("case", LOSSES, ids=case_id)
"""Values of Keras 3.15.1 on JAX in float32; see `make_loss_metric_values.py`."""


def logsumexp(x):
    top = x.max(-1)
    return top + np.log(np.exp(x - top[..., None]).sum(-1))


def softmax(x):
    return np.exp(x - logsumexp(x)[..., None])


def to_numpy(x):
    return np.asarray(ops.convert_to_numpy(x), "float64")


def tensor(name, dtype="float32"):
    array = DATA[name]
    return ops.convert_to_tensor(array.astype(dtype) if array.dtype == "float64" else array.astype("int32"))


@CASES
def test_the_values_are_those_of_keras(case, backend):
    name, arguments, y_true, y_pred = case
    loss = getattr(losses, name)(**arguments, reduction="none")
    np.testing.assert_allclose(
        to_numpy(loss(tensor(y_true), tensor(y_pred))), KERAS[case_id(case)]["none"], rtol=3e-5, atol=2e-6
    )


@CASES
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight"])
def test_the_reductions_are_those_of_keras(case, reduction, backend):
    name, arguments, y_true, y_pred = case
    expected = KERAS[case_id(case)].get(reduction)
    if expected is None:
        assert np.shape(KERAS[case_id(case)]["none"]) != WEIGHTS.shape
        return
    loss = getattr(losses, name)(**arguments, reduction=reduction)
    result = loss(tensor(y_true), tensor(y_pred), sample_weight=WEIGHTS.astype("float32"))
    np.testing.assert_allclose(to_numpy(result), expected, rtol=3e-5, atol=2e-6)


@CASES
def test_a_config_holds_what_that_of_keras_holds_and_makes_the_same_loss(case, backend):
    name, arguments, y_true, y_pred = case
    loss = getattr(losses, name)(**arguments, dtype="float64")
    data = json.loads(json.dumps(losses.serialize(loss)))
    assert data["module"] == "keras.losses"
    assert data["config"].items() >= {**KERAS[case_id(case)]["config"], **arguments, "dtype": "float64"}.items()
    again = losses.deserialize(data)
    assert type(again) is type(loss)
    x = tensor(y_true), tensor(y_pred)
    np.testing.assert_array_equal(to_numpy(again(*x)), to_numpy(loss(*x)))


t, p, k, q = (DATA[name] for name in ("real", "predicted", "positive", "rates"))
h, u, z, b = (DATA[name] for name in ("one_hot", "probabilities", "logits", "several"))
s, y = DATA["scores"], DATA["labels"]
_smooth = 0.9 * h + 0.1 / 4
CLOSED_FORMS = {
    "mean_squared_error": (losses.mean_squared_error, (t, p), ((p - t) ** 2).mean(-1)),
    "mean_absolute_error": (losses.mean_absolute_error, (t, p), abs(p - t).mean(-1)),
    "mean_absolute_percentage_error": (
        losses.mean_absolute_percentage_error, (t, p), 100 * (abs(p - t) / abs(t)).mean(-1)),
    "mean_squared_logarithmic_error": (
        losses.mean_squared_logarithmic_error, (k, q), ((np.log1p(q) - np.log1p(k)) ** 2).mean(-1)),
    "huber": (
        losses.huber, (t, p, 0.7), np.where(abs(p - t) <= 0.7, (p - t) ** 2 / 2, 0.7 * abs(p - t) - 0.245).mean(-1)),
    "log_cosh": (losses.log_cosh, (t, p), np.log(np.cosh(p - t)).mean(-1)),
    "cosine_similarity": (
        losses.cosine_similarity, (t, p), -(t * p).sum(-1) / np.linalg.norm(t, axis=-1) / np.linalg.norm(p, axis=-1)),
    "kl_divergence": (losses.kl_divergence, (u, u[::-1]), (u * np.log(u / u[::-1])).sum(-1)),
    "poisson": (losses.poisson, (k, q), (q - k * np.log(q)).mean(-1)),
    "binary_crossentropy": (losses.binary_crossentropy, (b, s), -np.where(b == 1, np.log(s), np.log(1 - s)).mean(-1)),
    "binary_crossentropy of logits": (
        losses.binary_crossentropy, (b, 30 * z, True), (np.logaddexp(0, 30 * z) - b * 30 * z).mean(-1)),
    "categorical_crossentropy": (losses.categorical_crossentropy, (h, u), -(h * np.log(u)).sum(-1)),
    "categorical_crossentropy of logits": (
        losses.categorical_crossentropy, (h, 30 * z, True), logsumexp(30 * z) - (h * 30 * z).sum(-1)),
    "categorical_crossentropy, smoothed": (
        losses.categorical_crossentropy, (h, u, False, 0.1), -(_smooth * np.log(u)).sum(-1)),
    "sparse_categorical_crossentropy": (losses.sparse_categorical_crossentropy, (y, u), -np.log(u[np.arange(6), y])),
    "sparse_categorical_crossentropy of logits": (
        losses.sparse_categorical_crossentropy, (y, 30 * z, True), logsumexp(30 * z) - 30 * z[np.arange(6), y]),
    "binary_focal_crossentropy": (
        losses.binary_focal_crossentropy, (b, s),
        np.where(b == 1, -((1 - s) ** 2) * np.log(s), -(s**2) * np.log(1 - s)).mean(-1)),
    "categorical_focal_crossentropy": (
        losses.categorical_focal_crossentropy, (h, z, 0.25, 2.0, True),
        -(0.25 * h * (1 - softmax(z)) ** 2 * np.log(softmax(z))).sum(-1)),
    "categorical_generalized_cross_entropy": (
        losses.categorical_generalized_cross_entropy, (y, u, 0.6), (1 - u[np.arange(6), y] ** 0.6) / 0.6),
    "hinge": (losses.hinge, (2 * b - 1, p), np.maximum(1 - (2 * b - 1) * p, 0).mean(-1)),
    "squared_hinge": (losses.squared_hinge, (b, p), (np.maximum(1 - (2 * b - 1) * p, 0) ** 2).mean(-1)),
    "categorical_hinge": (
        losses.categorical_hinge, (h, p), np.maximum(((1 - h) * p).max(-1) - (h * p).sum(-1) + 1, 0)),
    "dice": (losses.dice, (b, s, 1), 1 - 2 * (b * s).sum(1) / (b.sum(1) + s.sum(1))),
    "tversky": (
        losses.tversky, (b, s, 0.3, 0.6),
        1 - (b * s).sum() / ((b * s).sum() + 0.3 * (b * (1 - s)).sum() + 0.6 * ((1 - b) * s).sum())),
}  # fmt: skip


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_the_values_are_the_closed_form(name, backend):
    function, arguments, expected = CLOSED_FORMS[name]
    result = to_numpy(function(*arguments))
    assert result.shape == expected.shape
    np.testing.assert_allclose(result, expected, rtol=1e-6, atol=1e-7)


def circle_by_loops(labels, embeddings, gamma, margin):
    similarity = embeddings @ embeddings.T
    values = []
    for i in range(len(labels)):
        same = [similarity[i, j] for j in range(len(labels)) if labels[j] == labels[i] and j != i]
        other = [similarity[i, j] for j in range(len(labels)) if labels[j] != labels[i]]
        pull = [-gamma * max(1 + margin - x, 0) * (x - 1 + margin) for x in same]
        push = [gamma * max(x + margin, 0) * (x - margin) for x in other]
        values.append(
            np.log1p(np.exp(logsumexp(np.array(pull)) + logsumexp(np.array(push)))) if same and other else 0.0
        )
    return np.array(values)


def test_circle_is_its_definition_by_loops(backend):
    embeddings = p / np.linalg.norm(p, axis=1, keepdims=True)
    result = losses.circle(y, embeddings, gamma=8.0, margin=0.25)
    np.testing.assert_allclose(to_numpy(result), circle_by_loops(y, embeddings, 8.0, 0.25), rtol=1e-9)


GRADIENTS = {
    "mean_squared_error": (t, p),
    "mean_absolute_error": (t, p),
    "mean_absolute_percentage_error": (t, p),
    "mean_squared_logarithmic_error": (k, q),
    "huber": (t, p),
    "log_cosh": (t, p),
    "cosine_similarity": (t, p),
    "kl_divergence": (u[::-1].copy(), u),
    "poisson": (k, q),
    "binary_crossentropy": (b, s),
    "categorical_crossentropy": (h, u),
    "sparse_categorical_crossentropy": (y, u),
    "binary_focal_crossentropy": (b, s),
    "categorical_focal_crossentropy": (h, u),
    "hinge": (b, p),
    "squared_hinge": (b, p),
    "categorical_hinge": (h, p),
    "dice": (b, s),
    "tversky": (b, s),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_the_gradient_agrees_with_finite_differences(name, backend):
    y_true, y_pred = GRADIENTS[name]
    rng = np.random.default_rng(3)
    weights = rng.uniform(0.5, 1.5, size=np.shape(to_numpy(getattr(losses, name)(y_true, y_pred))))
    target = ops.convert_to_tensor(y_true)

    def total(x):
        return ops.sum(ops.multiply(getattr(losses, name)(target, x), weights))

    gradient = to_numpy(autodiff.grad(total)(ops.convert_to_tensor(y_pred)))
    for _ in range(4):
        direction = rng.normal(size=y_pred.shape)
        step = 1e-6
        ends = [float(to_numpy(total(ops.convert_to_tensor(y_pred + sign * step * direction)))) for sign in (1, -1)]
        np.testing.assert_allclose((gradient * direction).sum(), (ends[0] - ends[1]) / (2 * step), rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("name", ["binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_the_gradient_of_a_crossentropy_of_logits_is_prediction_minus_target(name, backend):
    target = {"binary_crossentropy": b, "categorical_crossentropy": h, "sparse_categorical_crossentropy": y}[name]
    loss = lambda x: ops.sum(getattr(losses, name)(ops.convert_to_tensor(target), x, from_logits=True))
    gradient = to_numpy(autodiff.grad(loss)(ops.convert_to_tensor(40 * z)))
    if name == "binary_crossentropy":
        expected = (1 / (1 + np.exp(-40 * z)) - b) / 4
    else:
        expected = softmax(40 * z) - h
    np.testing.assert_allclose(gradient, expected, atol=1e-12)


def test_the_gradient_of_the_mean_absolute_error_at_the_target_is_0(backend):
    loss = lambda x: ops.sum(losses.mean_absolute_error(np.zeros((2, 2)), x))
    assert to_numpy(autodiff.grad(loss)(ops.convert_to_tensor(np.zeros((2, 2))))).tolist() == [[0, 0], [0, 0]]


def test_cosine_similarity_with_a_zero_vector_is_0_with_a_finite_gradient(backend):
    zero, other = np.zeros((1, 3), "float32"), np.ones((1, 3), "float32")
    assert to_numpy(losses.cosine_similarity(zero, other)).tolist() == [0]
    loss = lambda x: ops.sum(losses.cosine_similarity(other, x))
    assert np.isfinite(to_numpy(autodiff.grad(loss)(ops.convert_to_tensor(zero)))).all()


def test_a_probability_of_0_gives_minus_the_logarithm_of_epsilon(backend):
    epsilon = config.epsilon()
    wrong = np.array([[1.0, 0.0]])
    for result in (
        losses.categorical_crossentropy(np.array([[0.0, 1.0]]), wrong),
        losses.sparse_categorical_crossentropy(np.array([1]), wrong),
        losses.binary_crossentropy(np.array([[0.0, 1.0]]), wrong),
    ):
        np.testing.assert_allclose(to_numpy(result), [-np.log(epsilon)], rtol=1e-6)


def test_a_binary_crossentropy_of_large_logits_is_not_clipped(backend):
    result = losses.binary_crossentropy(np.array([[1.0]], "float32"), np.array([[-200.0]], "float32"), from_logits=True)
    assert to_numpy(result).tolist() == [200]


def test_label_smoothing_counts_the_classes_of_its_axis(backend):
    ones = np.ones((2, 3, 4), "float64")
    result = losses.categorical_crossentropy(ones, ones / 3, label_smoothing=0.2, axis=1)
    np.testing.assert_allclose(to_numpy(result), np.full((2, 4), 3 * (0.8 + 0.2 / 3) * np.log(3)), rtol=1e-6)


def test_sparse_equals_dense_on_probabilities_that_do_not_add_up_to_1(backend):
    unnormalised = np.array([[0.3, 0.75]])
    dense = losses.categorical_crossentropy(np.array([[0.0, 1.0]]), unnormalised)
    sparse = losses.sparse_categorical_crossentropy(np.array([1]), unnormalised)
    np.testing.assert_allclose(to_numpy(dense), [-np.log(0.75 / 1.05)], rtol=1e-6)
    np.testing.assert_allclose(to_numpy(sparse), to_numpy(dense), rtol=1e-6)


# ------------------------------------------------------------------------------------------------- reductions and masks


def test_an_ignored_class_is_left_out_of_the_mean(backend):
    logits = np.array([[0.3, 0.7], [0.1, 0.9], [0.6, 0.4]])
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1, dtype="float64")
    np.testing.assert_allclose(to_numpy(loss(np.array([1, -1, 0]), logits)), -np.log([0.7, 0.6]).mean(), rtol=1e-6)
    values = losses.sparse_categorical_crossentropy(np.array([1, -1, 0]), logits, ignore_class=-1)
    np.testing.assert_allclose(to_numpy(values), [-np.log(0.7), 0, -np.log(0.6)], rtol=1e-6)


MASK = np.array([[True, True, False], [True, False, False]])


@pytest.mark.parametrize(
    ("reduction", "weight", "expected"),
    [
        ("sum_over_batch_size", None, (1 + 2 + 4) / 3),
        ("sum_over_batch_size", [1.0, 3.0], (1 + 2 + 12) / 3),
        ("sum", [1.0, 3.0], 15.0),
        ("mean_with_sample_weight", [1.0, 3.0], 15 / 5),
        ("mean_with_sample_weight", None, 7 / 3),
        ("none", [1.0, 3.0], [[1, 2, 0], [12, 0, 0]]),
    ],
)
def test_masked_steps_count_for_nothing(reduction, weight, expected, backend):
    y_pred = ops.convert_to_tensor(np.array([[[1.0], [2.0], [np.inf]], [[4.0], [5.0], [6.0]]], "float32"))
    set_mask(y_pred, ops.convert_to_tensor(MASK))
    loss = losses.MeanAbsoluteError(reduction=reduction)
    result = loss(np.zeros((2, 3, 1)), y_pred, sample_weight=weight)
    np.testing.assert_allclose(to_numpy(result), expected, rtol=1e-6)


def test_the_mean_of_nothing_is_0(backend):
    y_pred = ops.convert_to_tensor(np.ones((2, 3, 1), "float32"))
    set_mask(y_pred, ops.convert_to_tensor(np.zeros((2, 3), bool)))
    assert float(losses.MeanSquaredError()(np.zeros((2, 3, 1)), y_pred)) == 0
    weighted = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    assert float(weighted(np.zeros((2, 2)), np.ones((2, 2)), sample_weight=[0.0, 0.0])) == 0


@pytest.mark.parametrize("shape", [(2,), (2, 1), (2, 3), (2, 3, 1), (1, 3), ()])
def test_weights_belong_to_the_leading_dimensions(shape, backend):
    values = np.arange(6.0).reshape(2, 3)
    weights = np.arange(1.0, 1 + np.prod(shape, dtype=int)).reshape(shape)
    loss = losses.MeanAbsoluteError(reduction="none")
    aligned = {(2,): (2, 1), (2, 3, 1): (2, 3)}.get(shape, shape)
    expected = weights.reshape(aligned) * values
    result = to_numpy(loss(np.zeros((2, 3, 1)), values[..., None], sample_weight=weights))
    np.testing.assert_allclose(result, expected)


@pytest.mark.parametrize("shape", [(3,), (2, 2), (2, 3, 2)])
def test_weights_of_another_shape_are_refused(shape, backend):
    with pytest.raises(ShapeError, match=r"`sample_weight` must have the leading dimensions .* values.shape=\(2, 3\)"):
        losses.MeanAbsoluteError()(np.zeros((2, 3, 1)), np.zeros((2, 3, 1)), sample_weight=np.ones(shape))


@pytest.mark.parametrize(
    ("target", "prediction", "result"),
    [
        ((4,), (4, 1), ()),
        ((4, 1), (4,), ()),
        ((4, 3), (4, 3, 1), (4,)),
        ((4, 3, 1), (4, 3), (4,)),
        ((2, 1), (2, 3), (2,)),
    ],
)
def test_a_superfluous_last_dimension_of_1_is_dropped(target, prediction, result, backend):
    values = losses.mean_squared_error(np.zeros(target), np.ones(prediction))
    assert tuple(values.shape) == result
    assert (to_numpy(values) == 1).all()


@pytest.mark.parametrize(("target", "prediction"), [((3,), (3, 3)), ((2, 4), (2, 3)), ((2, 3, 4), (3, 4))])
def test_shapes_that_only_broadcasting_would_join_are_refused(target, prediction, backend):
    with pytest.raises(ShapeError, match=r"`y_true` must have the shape of `y_pred`.*Received: y_true.shape="):
        losses.mean_squared_error(np.zeros(target), np.ones(prediction))


def test_class_indices_for_a_dense_crossentropy_are_refused_with_a_hint(backend):
    with pytest.raises(ShapeError, match="sparse_categorical_crossentropy"):
        losses.CategoricalCrossentropy()(np.array([0, 1]), np.full((2, 3), 1 / 3))
    with pytest.raises(ShapeError, match="one class index a sample"):
        losses.SparseCategoricalCrossentropy()(np.eye(3), np.full((3, 3), 1 / 3))


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_that_no_class_has_is_refused(label, backend):
    for loss in (losses.SparseCategoricalCrossentropy(), losses.SparseCategoricalCrossentropy(from_logits=True)):
        with pytest.raises(InvalidArgumentError, match=rf"class numbers in \[0, 3\). Received: target with {label}"):
            loss(np.array([1, label]), np.full((2, 3), 1 / 3))


def test_a_categorical_crossentropy_over_one_class_warns(backend):
    with pytest.warns(UserWarning, match="use `binary_crossentropy`"):
        losses.categorical_crossentropy(np.ones((2, 1)), np.ones((2, 1)))


def test_large_class_indices_stay_integers(backend):
    seen = []

    def spy(y_true, y_pred):
        seen.append(ops.convert_to_numpy(y_true))
        return ops.sum(y_pred, axis=-1)

    spy.takes_class_indices = True
    losses.LossFunctionWrapper(spy)(np.array([2**24 + 1]), np.zeros((1, 2)))
    assert seen[0].tolist() == [2**24 + 1]


# --------------------------------------------------------------------------------------------------------- names, forms


@pytest.mark.parametrize(
    ("names", "function"),
    [
        ("mse MSE mean_squared_error", losses.mean_squared_error),
        ("mae MAE mean_absolute_error", losses.mean_absolute_error),
        ("mape MAPE mean_absolute_percentage_error", losses.mean_absolute_percentage_error),
        ("msle MSLE mean_squared_logarithmic_error", losses.mean_squared_logarithmic_error),
        ("kld KLD kl_divergence kullback_leibler_divergence", losses.kl_divergence),
        ("bce BCE binary_crossentropy", losses.binary_crossentropy),
        ("huber huber_loss", losses.huber),
        ("log_cosh logcosh", losses.log_cosh),
        ("cosine_similarity cosine_proximity cosine", losses.cosine_similarity),
        ("categorical_crossentropy", losses.categorical_crossentropy),
        ("sparse_categorical_crossentropy", losses.sparse_categorical_crossentropy),
        ("poisson", losses.poisson),
        ("hinge", losses.hinge),
    ],
)
def test_a_function_is_found_by_each_of_its_names(names, function):
    assert all(losses.get(name) is function for name in names.split())
    assert all(getattr(losses, name) is function for name in names.split())


def test_get_takes_classes_instances_functions_and_configs(backend):
    assert isinstance(losses.get("MeanSquaredError"), losses.MeanSquaredError)
    assert isinstance(losses.get(losses.Huber), losses.Huber)
    loss = losses.Huber(delta=3.0)
    assert losses.get(loss) is loss
    assert losses.get(losses.serialize(loss)).get_config()["delta"] == 3
    assert losses.get({"class_name": "Huber", "config": {"delta": 3.0}}).get_config()["delta"] == 3
    assert losses.get(losses.serialize(losses.hinge)) is losses.hinge
    assert losses.get(None) is None


def test_an_unknown_name_is_refused_with_near_ones():
    with pytest.raises(InvalidArgumentError, match="Did you mean 'mean_squared_error'"):
        losses.get("mean_squared_eror")
    with pytest.raises(InvalidArgumentError, match="Received: identifier=3"):
        losses.get(3)
    with pytest.raises(SerializationError, match="NoSuchLoss"):
        losses.deserialize({"class_name": "NoSuchLoss", "config": {}})


def test_a_function_of_the_user_becomes_a_loss_that_is_saved_by_its_registered_name(backend):
    @registry.register_keras_serializable("test_losses")
    def half(y_true, y_pred):
        return ops.mean(y_true - y_pred, axis=-1) / 2

    loss = losses.LossFunctionWrapper(half)
    assert loss.name == "half"
    assert float(loss([[3.0]], [[1.0]])) == 1
    assert losses.deserialize(losses.serialize(loss)).fn is half


def test_a_loss_of_several_outputs_gets_the_structure(backend):
    class Pair(losses.Loss):
        def call(self, y_true, y_pred):
            return ops.abs(y_true["a"] - y_pred["a"]) + ops.abs(y_true["b"] - y_pred["b"])

    one, two = np.ones(3), np.full(3, 2.0)
    assert float(Pair()({"a": one, "b": one}, {"a": two, "b": one})) == 1


def test_lists_of_numbers_are_tensors(backend):
    assert float(losses.MeanSquaredError()([[0.0, 1.0], [0, 0]], [[1, 1], [1, 0]])) == 0.5


@pytest.mark.parametrize("reduction", ["average", 3])
def test_an_unknown_reduction_is_refused(reduction):
    with pytest.raises(InvalidArgumentError, match=f"`reduction` must be one of .* Received: reduction={reduction!r}"):
        losses.MeanSquaredError(reduction=reduction)


def test_the_reduction_auto_of_keras_2_is_the_mean():
    assert losses.MeanSquaredError(reduction="auto").reduction == "sum_over_batch_size"


@pytest.mark.parametrize(
    "make",
    [
        lambda: losses.binary_crossentropy([[1.0]], [[0.5]], label_smoothing=1.5),
        lambda: losses.CategoricalGeneralizedCrossEntropy(q=0),
        lambda: losses.categorical_generalized_cross_entropy([1], [[0.5, 0.5]], q=2),
        lambda: losses.circle([1], [0.5]),
    ],
)
def test_an_argument_out_of_range_is_refused(make):
    with pytest.raises(InvalidArgumentError, match="Received: "):
        make()


def test_a_loss_without_call_says_so():
    class Empty(losses.Loss):
        pass

    with pytest.raises(NotImplementedError, match="Empty must define `call"):
        Empty()([1.0], [1.0])


def test_the_dtype_is_floatx_or_the_given_one(backend):
    x = np.ones((2, 2))
    dtype = lambda tensor: ops.convert_to_numpy(tensor).dtype
    assert dtype(losses.MeanSquaredError()(x, x)) == "float32"
    assert dtype(losses.MeanSquaredError(dtype="float64")(x.astype("float16"), x)) == "float64"
    assert dtype(losses.mean_squared_error(x, x)) == "float64"
    assert dtype(losses.mean_squared_error(x.astype("int32"), x.astype("int32"))) == "float32"


@CASES
def test_a_captured_loss_is_the_eager_one(case, backend):
    name, arguments, y_true, y_pred = case
    loss = getattr(losses, name)(**arguments)
    x = tensor(y_true), tensor(y_pred)
    captured = Function(loss)
    np.testing.assert_allclose(to_numpy(captured(*x)), to_numpy(loss(*x)), rtol=1e-6)


def test_losses_are_called_symbolically():
    from kcore.ops.operation import KerasTensor

    x = KerasTensor((None, 4))
    assert losses.mean_squared_error(x, x).shape == (None,)
    assert losses.categorical_crossentropy(x, x).shape == (None,)
    assert losses.sparse_categorical_crossentropy(KerasTensor((None,), "int32"), x).shape == (None,)
