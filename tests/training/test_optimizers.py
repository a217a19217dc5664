"""Optimizers: rules against float64 recurrences and against trajectories of real Keras; and all around a step."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import kcore as keras
from kcore import config, ops, optimizers
from kcore.engine import variable as engine_variable
from kcore.engine.function import Function
from kcore.errors import InvalidArgumentError, InvalidTypeError, SerializationError, ShapeError

KERAS = json.loads(Path(__file__).with_name("optimizer_trajectories.json").read_text())
KERNEL, BIAS = np.array(KERAS["kernel"]), np.array(KERAS["bias"])
GRADIENTS = [(np.array(k), np.array(b)) for k, b in KERAS["gradients"]]
TOLERANCE = {"float64": 1e-12, "float32": 2e-6}
CLIPPED_BY_KERAS_IN_FLOAT32 = {"clipnorm": 5e-8, "global_clipnorm": 5e-8, "accumulate": 5e-8}


@pytest.fixture
def double():
    """`floatx` is float64 while the test runs."""
    before = config.floatx()
    config.set_floatx("float64")
    yield
    config.set_floatx(before)


def make_variables(dtype="float64"):
    return [
        keras.Variable(KERNEL, dtype=dtype, name="kernel"),
        keras.Variable(BIAS, dtype=dtype, name="bias"),
    ]


def make_optimizer(name, arguments):
    arguments = dict(arguments)
    if isinstance(arguments["learning_rate"], list):
        schedule, inner = arguments["learning_rate"]
        arguments["learning_rate"] = getattr(optimizers.schedules, schedule)(**inner)
    return getattr(optimizers, name)(**arguments)


def values(variables):
    return np.concatenate([v.numpy().astype("float64").ravel() for v in variables])


def tensors(arrays, dtype="float64"):
    return [None if a is None else ops.convert_to_tensor(np.asarray(a, dtype)) for a in arrays]


def trajectory(optimizer, variables, gradients=GRADIENTS):
    rows = []
    for step in gradients:
        optimizer.apply(tensors(step, variables[0].dtype), variables)
        rows.append(values(variables))
    return np.array(rows)


# ---- the rules, as recurrences on one float64 vector: rule(g, x, state, t, lr) -> x; state starts empty


def _mean(state, name, value, decay):
    state[name] = decay * state.get(name, 0.0) + (1 - decay) * value
    return state[name]


def sgd(g, x, state, t, lr):
    return x - lr * g


def sgd_momentum(g, x, state, t, lr):
    state["v"] = 0.9 * state.get("v", 0.0) - lr * g
    return x + state["v"]


def sgd_nesterov(g, x, state, t, lr):
    state["v"] = 0.9 * state.get("v", 0.0) - lr * g
    return x + 0.9 * state["v"] - lr * g


def rmsprop(g, x, state, t, lr):
    return x - lr * g / np.sqrt(_mean(state, "v", g**2, 0.9) + 1e-7)


def rmsprop_momentum_centered(g, x, state, t, lr):
    variance = _mean(state, "v", g**2, 0.8) - _mean(state, "a", g, 0.8) ** 2
    state["m"] = 0.5 * state.get("m", 0.0) + lr * g / np.sqrt(variance + 1e-7)
    return x - state["m"]


def adam(g, x, state, t, lr):
    m, v = _mean(state, "m", g, 0.9), _mean(state, "v", g**2, 0.999)
    return x - lr * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-7)


def adam_amsgrad(g, x, state, t, lr):
    m, v = _mean(state, "m", g, 0.8), _mean(state, "v", g**2, 0.7)
    state["h"] = np.maximum(state.get("h", 0.0), v)
    return x - lr * np.sqrt(1 - 0.7**t) / (1 - 0.8**t) * m / (np.sqrt(state["h"]) + 1e-3)


def adamw(g, x, state, t, lr):
    return adam(g, x - lr * 0.1 * x, state, t, lr)


def adagrad(g, x, state, t, lr):
    state["a"] = state.get("a", 0.1) + g**2
    return x - lr * g / np.sqrt(state["a"] + 1e-7)


def adadelta(g, x, state, t, lr):
    size = np.sqrt(state.get("s", 0.0) + 1e-7) / np.sqrt(_mean(state, "a", g**2, 0.95) + 1e-7)
    _mean(state, "s", (size * g) ** 2, 0.95)
    return x - lr * size * g


def adamax(g, x, state, t, lr):
    m = _mean(state, "m", g, 0.9)
    state["u"] = np.maximum(0.999 * state.get("u", 0.0), np.abs(g))
    return x - lr / (1 - 0.9**t) * m / (state["u"] + 1e-7)


def nadam(g, x, state, t, lr):
    def decay(i):
        return 0.9 * (1 - 0.5 * 0.96**i)

    product = np.prod([decay(i) for i in range(1, t + 1)])
    m, v = _mean(state, "m", g, 0.9), _mean(state, "v", g**2, 0.999)
    ahead = decay(t + 1) * m / (1 - product * decay(t + 1)) + (1 - decay(t)) * g / (1 - product)
    return x - lr * ahead / (np.sqrt(v / (1 - 0.999**t)) + 1e-7)


def lion(g, x, state, t, lr):
    direction = np.sign(0.9 * state.get("m", 0.0) + 0.1 * g)
    _mean(state, "m", g, 0.99)
    return x - lr * direction


def _leader(g, x, state, lr, power=0.5, start=0.1, l1=0.0, l2=0.0, shrinkage=0.0, beta=0.0):
    before = state.get("n", start)
    after = state["n"] = before + g**2
    z = state["z"] = state.get("z", 0.0) + g + 2 * shrinkage * x - (after**power - before**power) / lr * x
    return (np.clip(z, -l1, l1) - z) / ((after**power + beta) / lr + 2 * l2)


def ftrl(g, x, state, t, lr):
    return _leader(g, x, state, lr)


def ftrl_regularized(g, x, state, t, lr):
    return _leader(g, x, state, lr, power=0.7, start=0.2, l1=0.3, l2=0.2, shrinkage=0.1, beta=0.5)


RULES = {
    rule.__name__: rule
    for rule in (
        *(sgd, sgd_momentum, sgd_nesterov, rmsprop, rmsprop_momentum_centered, adagrad, adadelta),
        *(adam, adam_amsgrad, adamw, adamax, nadam, lion, ftrl, ftrl_regularized),
    )
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", RULES)
def test_trajectory_follows_the_recurrence(backend, double, name, dtype):
    case = KERAS["cases"][name]
    variables = make_variables(dtype)
    got = trajectory(make_optimizer(case["class"], case["arguments"]), variables)
    x, state = np.concatenate([KERNEL.ravel(), BIAS]), {}
    for t, step in enumerate(GRADIENTS, start=1):
        x = RULES[name](np.concatenate([g.ravel() for g in step]), x, state, t, case["arguments"]["learning_rate"])
        np.testing.assert_allclose(got[t - 1], x, rtol=0, atol=TOLERANCE[dtype])


@pytest.mark.parametrize("name", KERAS["cases"])
def test_trajectory_and_state_are_those_of_real_keras(backend, double, name):
    case = KERAS["cases"][name]
    optimizer, variables = make_optimizer(case["class"], case["arguments"]), make_variables()
    got = trajectory(optimizer, variables)
    atol = CLIPPED_BY_KERAS_IN_FLOAT32.get(name, 1e-12)
    np.testing.assert_allclose(got, case["trajectory"], rtol=0, atol=atol)
    for variable, (path, shape), state in zip(optimizer.variables, case["variables"], case["state"], strict=True):
        assert (variable.path.split("/")[-1], list(variable.shape)) == (path.split("/")[-1], shape)
        np.testing.assert_allclose(variable.numpy().ravel(), state, rtol=0, atol=atol, err_msg=path)


@pytest.mark.parametrize("name", KERAS["cases"])
def test_captured_step_equals_eager_step(backend, double, name):
    case = KERAS["cases"][name]
    variables, eager_variables = make_variables(), make_variables()
    optimizer = make_optimizer(case["class"], case["arguments"])
    optimizer.build(variables)
    step = Function(lambda kernel, bias: optimizer.apply([kernel, bias], variables))
    expected = trajectory(make_optimizer(case["class"], case["arguments"]), eager_variables)
    for row, gradients in zip(expected, GRADIENTS, strict=True):
        step(*tensors(gradients))
        np.testing.assert_allclose(values(variables), row, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", KERAS["cases"])
def test_variables_of_another_pack_get_the_same_numbers(backend, double, name):
    case = KERAS["cases"][name]
    together, apart = make_variables(), make_variables()
    assert engine_variable.pack([*apart, keras.Variable(np.zeros(2))]) is not None
    expected = trajectory(make_optimizer(case["class"], case["arguments"]), together)
    got = trajectory(make_optimizer(case["class"], case["arguments"]), apart)
    np.testing.assert_array_equal(got, expected)


def test_mixed_dtypes_train_in_groups(backend):
    wide, narrow = keras.Variable(KERNEL, dtype="float64"), keras.Variable(BIAS, dtype="float32")
    optimizer = optimizers.Adam(0.1, global_clipnorm=1.0)
    optimizer.apply([*tensors([np.ones((2, 3))]), *tensors([np.ones(3)], "float32")], [wide, narrow])
    np.testing.assert_allclose(wide.numpy(), KERNEL - 0.1, atol=1e-6)
    np.testing.assert_allclose(narrow.numpy(), BIAS - 0.1, atol=1e-6)
    assert [v.dtype for v in optimizer.variables[2:]] == ["float64", "float64", "float32", "float32"]


# ---- a step


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "bfloat16"])
def test_new_slots_are_zeros_of_the_variables_shape_and_dtype(backend, dtype):
    if dtype not in backend.capabilities.dtypes:
        pytest.skip(f"not run: no {dtype}")
    variables = [keras.Variable(np.ones(shape), dtype=dtype) for shape in ((3, 2), (4,), (0, 2))]
    optimizer = optimizers.Adam()
    optimizer.build(variables)
    slots = optimizer.variables[2:]
    assert [(slot.shape, slot.dtype) for slot in slots] == [(v.shape, dtype) for v in variables for _ in range(2)]
    assert all(not slot.numpy().astype("float32").any() for slot in slots)
    slots[0].assign(np.full((3, 2), 2.0))
    assert [float(slot.numpy().astype("float32").sum()) for slot in slots] == [12.0, 0.0, 0.0, 0.0, 0.0, 0.0]


def test_missing_gradient_leaves_variable_and_slots_alone_and_warns_once(backend):
    variables = make_variables()
    optimizer = optimizers.SGD(0.1, momentum=0.9, weight_decay=0.5)
    trajectory(optimizer, variables, GRADIENTS[:1])
    bias, slot = variables[1].numpy(), optimizer.variables[3].numpy()
    kernel = variables[0].numpy()
    with pytest.warns(UserWarning, match=r"no gradient of the loss for these variables.*'bias'"):
        trajectory(optimizer, variables, [(GRADIENTS[1][0], None)])
    trajectory(optimizer, variables, [(GRADIENTS[1][0], None)])
    np.testing.assert_array_equal(variables[1].numpy(), bias)
    np.testing.assert_array_equal(optimizer.variables[3].numpy(), slot)
    assert np.abs(variables[0].numpy() - kernel).min() > 1e-3


def test_some_of_the_variables_can_be_applied(backend, double):
    variables, alone = make_variables(), make_variables()
    optimizer = optimizers.Adam(0.1)
    optimizer.build(variables)
    optimizer.apply(tensors([GRADIENTS[0][1]]), [variables[1]])
    trajectory(optimizers.Adam(0.1), alone, GRADIENTS[:1])
    np.testing.assert_allclose(variables[1].numpy(), alone[1].numpy(), atol=1e-15)
    np.testing.assert_array_equal(variables[0].numpy(), KERNEL)


def test_excluded_variables_do_not_decay(backend):
    variables = make_variables()
    optimizer = optimizers.SGD(0.5, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.apply(tensors([np.zeros((2, 3)), np.zeros(3)]), variables)
    np.testing.assert_allclose(variables[0].numpy(), KERNEL * 0.75)
    np.testing.assert_array_equal(variables[1].numpy(), BIAS)
    with pytest.raises(InvalidArgumentError, match="before the optimizer's first step"):
        optimizer.exclude_from_weight_decay(var_list=[variables[0]])


def test_constraints_are_applied_after_the_update(backend):
    variables = make_variables()
    variables[0].constraint = lambda value: ops.maximum(value, 0.0)
    optimizers.SGD(1.0).apply(tensors([np.ones((2, 3)), np.ones(3)]), variables)
    np.testing.assert_allclose(variables[0].numpy(), np.maximum(KERNEL - 1, 0))
    np.testing.assert_allclose(variables[1].numpy(), BIAS - 1)


def test_overwrite_with_gradient_takes_the_gradient_as_it_is(backend):
    variables = make_variables()
    variables[1].overwrite_with_gradient = True
    optimizer = optimizers.Adam(0.1, loss_scale_factor=4.0, use_ema=True)
    optimizer.apply(tensors([np.ones((2, 3)), [7.0, 8.0, 9.0]]), variables)
    optimizer.finalize_variable_values(variables)
    assert variables[1].numpy().tolist() == [7.0, 8.0, 9.0]


def test_finalize_puts_the_averages_in_place(backend, double):
    variables = make_variables()
    optimizer = optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    trajectory(optimizer, variables, [(np.ones((2, 3)), np.ones(3))] * 2)
    optimizer.finalize_variable_values(variables)
    np.testing.assert_allclose(variables[1].numpy(), BIAS - 1.5)


def test_scaled_loss(backend):
    assert optimizers.SGD(loss_scale_factor=8.0).scale_loss(ops.convert_to_tensor(2.0)).item() == 16.0
    assert optimizers.SGD().scale_loss(3.0) == 3.0


def test_learning_rate_and_iterations_change_without_another_capture(backend, double):
    variables = make_variables()
    optimizer = optimizers.SGD(0.5, decay=1.0)
    optimizer.build(variables)
    step = Function(lambda kernel, bias: optimizer.apply([kernel, bias], variables))
    ones = tensors([np.ones((2, 3)), np.ones(3)])
    step(*ones)
    optimizer.learning_rate = 2.0
    step(*ones)
    optimizer.iterations.assign(3)
    step(*ones)
    np.testing.assert_allclose(variables[1].numpy(), BIAS - 0.5 - 1.0 - 0.5)
    assert step.stats()["size"] == 1


def test_zero_gradients_keep_adam_still(backend):
    variables = make_variables()
    trajectory(optimizers.Adam(0.1), variables, [(np.zeros((2, 3)), np.zeros(3))] * 3)
    np.testing.assert_array_equal(values(variables), np.concatenate([KERNEL.ravel(), BIAS]))


def _shrunk(g, limit):
    return g * min(1.0, limit / np.linalg.norm(g))


@pytest.mark.parametrize(
    ("limits", "clip"),
    [
        ({"clipnorm": 0.5}, lambda k, b: (_shrunk(k, 0.5), _shrunk(b, 0.5))),
        ({"clipnorm": 100.0}, lambda k, b: (k, b)),
        ({"global_clipnorm": 0.5}, lambda k, b: np.split(_shrunk(np.concatenate([k.ravel(), b]), 0.5), [6])),
        ({"clipvalue": 0.25}, lambda k, b: (np.clip(k, -0.25, 0.25), np.clip(b, -0.25, 0.25))),
    ],
)
def test_clipping_follows_its_definition(backend, double, limits, clip):
    variables = make_variables()
    trajectory(optimizers.SGD(1.0, **limits), variables, GRADIENTS[:1])
    kernel, bias = clip(*GRADIENTS[0])
    np.testing.assert_allclose(variables[0].numpy(), KERNEL - kernel.reshape(2, 3), atol=1e-14)
    np.testing.assert_allclose(variables[1].numpy(), BIAS - bias, atol=1e-14)


@pytest.mark.parametrize("limits", [{"clipnorm": 1.0}, {"global_clipnorm": 1.0}])
def test_clipping_of_zero_gradients_is_zero(backend, limits):
    variables = make_variables()
    trajectory(optimizers.SGD(0.1, **limits), variables, [(np.zeros((2, 3)), np.zeros(3))])
    np.testing.assert_array_equal(values(variables), np.concatenate([KERNEL.ravel(), BIAS]))


def test_stateless_apply_changes_nothing(backend, double):
    variables, twins = make_variables(), make_variables()
    optimizer, twin = optimizers.Adam(0.1), optimizers.Adam(0.1)
    optimizer.build(variables)
    before = optimizer.get_weights()
    state = ([v.value for v in variables], [v.value for v in optimizer.variables])
    for step in GRADIENTS[:3]:
        state = optimizer.stateless_apply(state[1], tensors(step), state[0])
    trajectory(twin, twins, GRADIENTS[:3])
    for got, expected in zip([*state[0], *state[1]], [*twins, *twin.variables], strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(got), expected.numpy(), atol=1e-15)
    assert all(np.array_equal(a, b) for a, b in zip(optimizer.get_weights(), before, strict=True))
    np.testing.assert_array_equal(variables[0].numpy(), KERNEL)


def test_apply_gradients_takes_pairs(backend):
    variables = make_variables()
    optimizers.SGD(1.0).apply_gradients(zip(tensors([np.ones((2, 3)), np.ones(3)]), variables, strict=True))
    np.testing.assert_allclose(variables[1].numpy(), BIAS - 1)


# ---- rules of users


class PerVariable(optimizers.Optimizer):
    """Moves each variable by its normalized gradient; keeps a momentum, in Keras's way."""

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.momentums = [self.add_variable_from_reference(v, name="momentum") for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        slot = self.momentums[self._get_variable_index(variable)]
        norm = ops.sqrt(ops.sum(ops.square(gradient)))
        self.assign(slot, ops.add(ops.multiply(slot, 0.5), ops.divide(gradient, norm)))
        self.assign_sub(variable, ops.multiply(learning_rate, slot))


class Flat(optimizers.Optimizer):
    """Momentum, in Keras's way, on flat vectors."""

    elementwise = True

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient, variable, learning_rate):
        self.seen = variable.shape
        slot = self.momentums[self._get_variable_index(variable)]
        self.assign(slot, ops.subtract(ops.multiply(slot, 0.9), ops.multiply(gradient, learning_rate)))
        self.assign_add(variable, slot)


def test_rule_that_looks_at_whole_variables_gets_them(backend, double):
    variables = make_variables()
    optimizer = PerVariable(learning_rate=0.5)
    got = trajectory(optimizer, variables, GRADIENTS[:2])
    slots = [0.0, 0.0]
    x = [KERNEL, BIAS]
    for step in GRADIENTS[:2]:
        slots = [0.5 * s + g / np.linalg.norm(g) for s, g in zip(slots, step, strict=True)]
        x = [a - 0.5 * s for a, s in zip(x, slots, strict=True)]
    np.testing.assert_allclose(got[-1], np.concatenate([a.ravel() for a in x]), atol=1e-12)


def test_elementwise_rule_of_a_user_runs_once_on_the_flat_vector_where_the_backend_packs(backend, double):
    variables = make_variables()
    optimizer = Flat(learning_rate=0.1)
    got = trajectory(optimizer, variables)
    assert optimizer.seen == ((9,) if backend.packs else (3,))
    np.testing.assert_allclose(got, KERAS["cases"]["sgd_momentum"]["trajectory"], atol=1e-12)
    assert [v.shape for v in optimizer.variables[2:]] == [(2, 3), (3,)]


def test_overriding_a_rule_turns_flat_vectors_off():
    class Mine(optimizers.Adam):
        def update_step(self, gradient, variable, learning_rate):
            pass

    class Same(optimizers.Adam):
        pass

    assert (optimizers.Adam.elementwise, Mine.elementwise, Same.elementwise) == (True, False, True)


def test_rule_of_a_user_sits_out_the_steps_that_only_accumulate(backend, double):
    variables = make_variables()
    optimizer = PerVariable(learning_rate=0.5, gradient_accumulation_steps=2)
    optimizer.build(variables)
    step = Function(lambda kernel, bias: optimizer.apply([kernel, bias], variables))
    gradients = tensors([np.ones((2, 3)), np.ones(3)])
    step(*gradients)
    np.testing.assert_array_equal(variables[1].numpy(), BIAS)
    step(*gradients)
    np.testing.assert_allclose(variables[1].numpy(), BIAS - 0.5 / np.sqrt(3))


# ---- state, configuration, errors


def test_state_goes_out_and_comes_back_exactly(backend):
    variables, others = make_variables("float32"), make_variables("float32")
    first, second = optimizers.Nadam(0.01), optimizers.Nadam(0.5)
    trajectory(first, variables, GRADIENTS[:3])
    second.build(others)
    store = {}
    first.save_own_variables(store)
    assert list(store) == [str(i) for i in range(7)]
    second.load_own_variables(store)
    for a, b in zip(variables, others, strict=True):
        b.assign(a.numpy())
    np.testing.assert_array_equal(
        trajectory(second, others, GRADIENTS[3:]), trajectory(first, variables, GRADIENTS[3:])
    )


def test_wrong_state_is_refused_whole(backend):
    optimizer = optimizers.SGD(momentum=0.9)
    with pytest.raises(InvalidArgumentError, match="needs a built optimizer"):
        optimizer.set_weights([1])
    optimizer.build(make_variables())
    with pytest.raises(InvalidArgumentError, match=r"has 4 variables. Received: 1 weights"):
        optimizer.set_weights([np.int32(1)])
    weights = optimizer.get_weights()
    with pytest.raises(
        InvalidArgumentError, match=r"bias_momentum' has shape \(3,\). Received: a weight of shape \(2,\)"
    ):
        optimizer.set_weights([np.int32(5), *weights[1:3], np.zeros(2)])
    assert int(optimizer.iterations) == 0


CLASSES = ["SGD", "RMSprop", "Adam", "AdamW", "Adagrad", "Adadelta", "Adamax", "Nadam", "Lion", "Ftrl"]


@pytest.mark.parametrize("name", CLASSES)
def test_configuration_round_trip(backend, name):
    optimizer = getattr(optimizers, name)(learning_rate=0.25, clipnorm=2.0, name="mine")
    config = optimizer.get_config()
    assert (config["learning_rate"], config["clipnorm"], config["name"]) == (0.25, 2.0, "mine")
    again = optimizers.deserialize(json.loads(json.dumps(optimizers.serialize(optimizer))))
    assert type(again) is type(optimizer)
    assert again.get_config() == config


def test_schedule_survives_the_round_trip(backend):
    optimizer = optimizers.Adam(optimizers.schedules.ExponentialDecay(0.5, 10, 0.5))
    described = optimizers.serialize(optimizer)
    assert described["config"]["learning_rate"]["module"] == "keras.optimizers.schedules"
    again = optimizers.deserialize(described)
    assert again.get_config() == optimizer.get_config()
    assert again.learning_rate.item() == 0.5


def test_keras_2_spellings(backend):
    optimizer = optimizers.deserialize(
        {"class_name": "SGD", "config": {"lr": 0.5, "momentum": 0.9, "decay": 0.1, "nesterov": True}}
    )
    assert (float(optimizer.lr), optimizer.decay, optimizer.nesterov) == (0.5, 0.1, True)
    optimizer.lr = 0.25
    assert float(optimizer.learning_rate) == 0.25
    assert optimizer.get_config()["decay"] == 0.1
    assert optimizers.adam(lr=0.5, epsilon=None).epsilon == config.epsilon()


@pytest.mark.parametrize(
    ("identifier", "name"),
    [("adam", "Adam"), ("RMSprop", "RMSprop"), ("rmsprop", "RMSprop"), ("adamw", "AdamW"), ("sgd", "SGD")],
)
def test_get_by_name(backend, identifier, name):
    assert type(optimizers.get(identifier)).__name__ == name


@pytest.mark.parametrize("identifier", ["nothing", 3, None])
def test_get_refuses_what_it_does_not_know(backend, identifier):
    with pytest.raises(InvalidArgumentError, match="identifier"):
        optimizers.get(identifier)


def test_unknown_class_is_not_loaded(backend):
    with pytest.raises(SerializationError, match="Unknown"):
        optimizers.deserialize({"class_name": "Unknown", "config": {}})


BAD_ARGUMENTS = [
    ({"clipnorm": 1.0, "clipvalue": 1.0}, "Only one of"),
    ({"clipnorm": -1.0}, "`clipnorm` must be positive"),
    ({"global_clipnorm": 0}, "`global_clipnorm` must be positive"),
    ({"gradient_accumulation_steps": 1}, "`gradient_accumulation_steps` must be an integer of at least 2"),
    ({"use_ema": True, "ema_momentum": 2.0}, r"`ema_momentum` must be a number in \[0, 1\]"),
    ({"use_ema": True, "ema_overwrite_frequency": 0}, "`ema_overwrite_frequency`"),
    ({"loss_scale_factor": 0.0}, "`loss_scale_factor` must be positive"),
    ({"learning_rate": "fast"}, "Received: learning_rate='fast'"),
    ({"beta_1": 1.0}, r"`beta_1` must be a number in \[0, 1\)"),
    ({"momentum_typo": 1}, "momentum_typo"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_ARGUMENTS)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(InvalidArgumentError, match=message):
        optimizers.Adam(**arguments)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimizers.SGD(momentum=1.5), r"`momentum` must be a number in \[0, 1\]"),
        (lambda: optimizers.AdamW(weight_decay=None), "`weight_decay` must be a number"),
        (
            lambda: optimizers.Adagrad(initial_accumulator_value=-1.0),
            "`initial_accumulator_value` must not be negative",
        ),
        (lambda: optimizers.Ftrl(learning_rate_power=0.5), "`learning_rate_power` must not be positive"),
        (lambda: optimizers.Ftrl(l1_regularization_strength=-1.0), "`l1_regularization_strength` must not be negative"),
    ],
)
def test_bad_arguments_of_one_optimizer_are_refused(make, message):
    with pytest.raises(InvalidArgumentError, match=message):
        make()


def test_bad_gradients_are_refused(backend):
    variables = make_variables()
    optimizer = optimizers.SGD()
    with pytest.raises(InvalidArgumentError, match="until the optimizer is built"):
        optimizer.apply(tensors([np.ones(3)]))
    optimizer.build(variables)
    with pytest.raises(InvalidArgumentError, match="one gradient for each of the 2"):
        optimizer.apply(tensors([np.ones(3)]))
    with pytest.raises(InvalidArgumentError, match="at least one gradient"):
        optimizer.apply([None, None])
    with pytest.raises(ShapeError, match=r"shape \(2,\) for variable 'bias' of shape \(3,\)"):
        optimizer.apply(tensors([np.ones((2, 3)), np.ones(2)]))
    with pytest.raises(InvalidArgumentError, match="only be called for the variables it was built with"):
        optimizer.apply(tensors([np.ones(3)]), [keras.Variable(np.zeros(3))])
    with pytest.raises(InvalidArgumentError, match="at least one pair"):
        optimizer.apply_gradients([])
    np.testing.assert_array_equal(values(variables), np.concatenate([KERNEL.ravel(), BIAS]))


def test_scheduled_rate_can_not_be_set_to_a_number(backend):
    optimizer = optimizers.SGD(optimizers.schedules.ExponentialDecay(0.5, 10, 0.5))
    with pytest.raises(InvalidTypeError, match="comes from a schedule"):
        optimizer.learning_rate = 0.1


def test_number_can_become_a_schedule_until_it_is_built(backend, double):
    optimizer = optimizers.SGD(0.5)
    optimizer.learning_rate = optimizers.schedules.ExponentialDecay(1.0, 1, 0.5)
    variables = make_variables()
    trajectory(optimizer, variables, [(np.ones((2, 3)), np.ones(3))] * 2)
    np.testing.assert_allclose(variables[1].numpy(), BIAS - 1.5)


def test_callable_learning_rate_gets_the_iteration(backend, double):
    variables = make_variables()
    optimizer = optimizers.SGD(lambda step: ops.divide(1.0, ops.add(ops.cast(step, "float64"), 1.0)))
    trajectory(optimizer, variables, [(np.ones((2, 3)), np.ones(3))] * 2)
    np.testing.assert_allclose(variables[1].numpy(), BIAS - 1.5)
