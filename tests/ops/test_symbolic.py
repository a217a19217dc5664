"""Symbolic calls: what they infer is what eager calls give; nodes, operations, masks."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from kcore import ops
from kcore.errors import InvalidArgumentError, InvalidTypeError, UnsupportedError
from kcore.ops.masks import get_mask, set_mask
from kcore.ops.operation import KerasTensor, OpCall, Operation, auto_name, reset_names, snake_case

from .cases import CASES, as_list, call

INFERABLE = [
    c
    for c in CASES
    if c.name not in {"nonzero", "unique", "bincount"} and any(isinstance(a, np.ndarray) for a in c.args)
]


def described(a):
    return KerasTensor(a.shape, a.dtype.name) if isinstance(a, np.ndarray) else a


@pytest.mark.parametrize("case", INFERABLE, ids=str)
def test_inferred_shapes_and_dtypes_are_the_eager_ones(backend, case):
    symbolic = as_list(call(case, tuple(map(described, case.args))))
    eager = as_list(call(case))
    assert [(s.shape, s.dtype) for s in symbolic] == [(tuple(e.shape), ops.dtype(e)) for e in eager]


def unknown(*shape, dtype="float32"):
    return KerasTensor((None, *shape), dtype)


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        (lambda x: x + 1, (None, 4)),
        (lambda x: ops.mean(x, axis=0), (4,)),
        (lambda x: ops.reshape(x, (-1, 2, 2)), (None, 2, 2)),
        (lambda x: ops.reshape(x, (-1,)), (None,)),
        (lambda x: ops.concatenate([x, x], 0), (None, 4)),
        (lambda x: ops.concatenate([x, x], 1), (None, 8)),
        (lambda x: ops.stack([x, x], 1), (None, 2, 4)),
        (lambda x: ops.expand_dims(x, 1), (None, 1, 4)),
        (lambda x: ops.matmul(x, np.ones((4, 3), "float32")), (None, 3)),
        (lambda x: ops.matmul(x, ops.transpose(x)), (None, None)),
        (lambda x: ops.einsum("ij,kj->ik", x, x), (None, None)),
        (lambda x: ops.pad(x, ((1, 2), (0, 1)), "reflect"), (None, 5)),
        (lambda x: ops.roll(x, 1, 0), (None, 4)),
        (lambda x: ops.tile(x, (2, 2)), (None, 8)),
        (lambda x: ops.repeat(x, 3, 0), (None, 4)),
        (ops.zeros_like, (None, 4)),
        (lambda x: ops.one_hot(ops.cast(x, "int32"), 5), (None, 4, 5)),
        (lambda x: ops.sort(x, 0), (None, 4)),
        (lambda x: ops.cumprod(x, 0), (None, 4)),
        (lambda x: ops.var(x, 0), (4,)),
        (lambda x: x[0], (4,)),
        (lambda x: x[:2], (2, 4)),
        (lambda x: x[::2], (None, 4)),
        (lambda x: x[:, ::-1], (None, 4)),
        (lambda x: x[..., None], (None, 4, 1)),
        (ops.diagonal, (None,)),
        (lambda x: ops.top_k(x, 2)[1], (None, 2)),
        (lambda x: ops.split(x, 2, 1)[0], (None, 2)),
        (ops.softmax, (None, 4)),
        (lambda x: ops.logical_and(x > 0, x < 1), (None, 4)),
        (lambda x: ops.sparse_categorical_crossentropy(ops.argmax(x, -1), x), (None,)),
        (lambda x: ops.map(ops.sum, x), (None,)),
        (lambda x: ops.moments(x, 0)[0], (4,)),
        (np.exp, (None, 4)),
        (lambda x: np.concatenate([x, x], axis=1), (None, 8)),
        (lambda x: 1.0 / x, (None, 4)),
        (lambda x: np.ones(4, "float32") + x, (None, 4)),
    ],
)
def test_unknown_sizes_stay_unknown(backend, call, shape):
    assert call(unknown(4)).shape == shape


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        (lambda x: ops.conv(x, np.ones((3, 3, 3, 5), "float32"), 2, "same"), (None, None, 4, 5)),
        (lambda x: ops.conv(x, np.ones((3, 3, 3, 5), "float32")), (None, None, 6, 5)),
        (lambda x: ops.conv_transpose(x, np.ones((3, 3, 5, 3), "float32"), 2, "same"), (None, None, 16, 5)),
        (lambda x: ops.max_pool(x, 2), (None, None, 4, 3)),
        (lambda x: ops.average_pool(x, 3, 2, "same"), (None, None, 4, 3)),
        (ops.layer_normalization, (None, None, 8, 3)),
        (lambda x: ops.depth_to_space(ops.concatenate([x] * 4, -1), 2), (None, None, 16, 3)),
        (lambda x: ops.dot_product_attention(x, x, x), (None, None, 8, 3)),
    ],
)
def test_two_unknown_sizes(backend, call, shape):
    assert call(KerasTensor((None, None, 8, 3))).shape == shape


def test_a_symbolic_call_leaves_a_node(backend):
    reset_names()
    x, y = KerasTensor((None, 3), name="x"), KerasTensor((None, 3), name="y")
    z = ops.add(x, y)
    operation, node_index, tensor_index = z._keras_history
    node = operation._inbound_nodes[node_index]
    assert (operation.name, node_index, tensor_index) == ("add", 0, 0)
    assert node.input_tensors == [x, y]
    assert node.output_tensors == [z]
    assert node.parent_nodes == []
    w = z * z
    inner = w._keras_history.operation._inbound_nodes[0]
    assert inner.parent_nodes == [node]
    assert operation._outbound_nodes == [inner, inner]


def test_a_node_can_be_run_again_on_values(backend):
    x = KerasTensor((2,))
    node = ops.concatenate([x, np.zeros(1, "float32")], axis=0)._keras_history.operation._inbound_nodes[0]
    args, kwargs = node.fill_in({id(x): ops.ones(2)})
    assert ops.convert_to_numpy(node.operation(*args, **kwargs)).tolist() == [1.0, 1.0, 0.0]


def test_an_op_call_is_saved_by_the_name_of_its_op(backend):
    config = ops.square(KerasTensor((2,)))._keras_history.operation.get_config()
    again = OpCall.from_config(config)
    assert config["op"] == "square"
    assert float(again(np.float32(3))) == 9.0
    with pytest.raises(InvalidArgumentError, match=r"`op` must name a function of kcore\.ops\. Received: op='none'"):
        OpCall("none")


def test_history_can_be_left_out(backend):
    assert ops.exp(KerasTensor((2,), record_history=False))._keras_history is None


class Scale(Operation):
    def __init__(self, factor, offset=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor, self.offset = factor, offset

    def call(self, x):
        return {"scaled": x * self.factor, "moved": [x + self.offset]}


def test_an_operation_runs_and_describes(backend):
    reset_names()
    scale = Scale(2.0)
    out = scale(np.ones(2, "float32"))
    assert ops.convert_to_numpy(out["scaled"]).tolist() == [2.0, 2.0]
    x = KerasTensor((None, 3))
    symbolic = scale(x)
    assert symbolic["moved"][0].shape == (None, 3)
    assert scale.input is x
    assert scale.output == [symbolic["scaled"], symbolic["moved"][0]]
    assert scale.get_config() == {"name": "scale", "factor": 2.0, "offset": 1.0}
    assert Scale.from_config(scale.get_config()).factor == 2.0


def test_input_needs_exactly_one_call(backend):
    scale = Scale(2.0, name="twice")
    with pytest.raises(
        InvalidArgumentError, match=r"`twice\.input` needs exactly one symbolic call of `twice`\. Received: 0 calls"
    ):
        _ = scale.input


def test_an_operation_without_call_says_so():
    with pytest.raises(UnsupportedError, match="Operation must define `call`"):
        Operation()(1)
    with pytest.raises(InvalidArgumentError, match="`name` must be a string without '/'"):
        Operation(name="a/b")


def test_names():
    reset_names()
    assert [auto_name("Conv2D"), auto_name("Conv2D"), auto_name("LayerNormalization")] == [
        "conv2d",
        "conv2d_1",
        "layer_normalization",
    ]
    assert [snake_case(n) for n in ("LSTM", "ZeroPadding2D", "ReLU", "GRUCell")] == [
        "lstm",
        "zero_padding2d",
        "re_lu",
        "gru_cell",
    ]


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (bool, "can't be used as a condition"),
        (float, "can't be converted to a float"),
        (int, "can't be converted to an integer"),
        (np.asarray, "can't be converted to a NumPy array"),
        (ops.convert_to_numpy, "can't be converted to a NumPy array"),
        (list, "can't be iterated over"),
        (len, "has no known length"),
        (range, "can't be converted to an integer"),
    ],
)
def test_a_keras_tensor_has_no_value_and_says_so(use, message):
    with pytest.raises(InvalidTypeError, match=f"KerasTensor shape=\\(None, 2\\).*{message}"):
        use(KerasTensor((None, 2)))


def test_keras_tensors_can_be_searched_and_compared(backend):
    x, y = KerasTensor((2,)), KerasTensor((2,))
    assert [x, y].index(y) == 1
    assert (x == 0).dtype == "bool"
    assert (x != y).dtype == "bool"
    assert len({x, y}) == 2


def test_what_is_no_op_says_so(backend):
    with pytest.raises(UnsupportedError, match=r"`np\.interp` isn't one of kcore's ops"):
        np.interp(KerasTensor((2,)), [0, 1], [0, 1])
    with pytest.raises(UnsupportedError, match=r"`np\.add` on a traced or symbolic tensor must be a plain call"):
        np.add.reduce(KerasTensor((2,)))


def test_numpy_functions_and_operators_on_traced_tensors(backend):
    from kcore.engine.autodiff import grad

    def f(x):
        y = (
            np.exp(x)
            + np.maximum(x, 1.0) * 2
            - abs(-x) ** 2 / 4
            + (x @ x) % 5
            + x[::-1].sum()
            + np.concatenate([x, x]).mean()
        )
        return ops.sum(y.reshape(-1).astype("float64"))

    x = np.array([0.5, 2.0])
    want = [math_slope(f, x, i) for i in range(2)]
    np.testing.assert_allclose(ops.convert_to_numpy(grad(f)(x)), want, rtol=1e-6)


def math_slope(f, x, i, h=1e-6):
    ahead, behind = x.copy(), x.copy()
    ahead[i] += h
    behind[i] -= h
    return (float(f(ahead)) - float(f(behind))) / (2 * h)


def test_masks_live_as_long_as_their_tensor():
    x, mask = np.ones((2, 3)), np.array([[True, False, True]] * 2)
    assert get_mask(x) is None
    set_mask(x, mask)
    assert get_mask(x) is mask
    assert get_mask(x[:]) is None
    set_mask(x, None)
    assert get_mask(x) is None
    set_mask(x, mask)
    key = id(x)
    del x
    gc.collect()
    from kcore.ops import masks

    assert key not in masks._masks


def test_a_number_carries_no_mask():
    with pytest.raises(InvalidTypeError, match="`x` must be a tensor that can carry a mask"):
        set_mask(3, np.ones(1))
