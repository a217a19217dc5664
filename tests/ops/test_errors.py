"""Errors name the op, the argument, and the shapes and dtypes it was called with."""

from __future__ import annotations

import re

import numpy as np
import pytest

from kcore import ops
from kcore.errors import InvalidArgumentError, InvalidTypeError, KcoreError, ShapeError

A, B = np.ones((2, 3), "float32"), np.ones((4,), "float32")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: ops.add(A, B),
            ShapeError,
            "Received: shapes=(2, 3), (4,) (in `ops.add` with x1=float32[2, 3], x2=float32[4])",
        ),
        (lambda: A @ ops.KerasTensor((2, 3)), ShapeError, "The last axis of `x1` must match the last but one of `x2`"),
        (lambda: ops.matmul(A, A), ShapeError, "Received: x1.shape=(2, 3), x2.shape=(2, 3) (in `ops.matmul` with"),
        (lambda: ops.matmul(A, 2.0), ShapeError, "`x1` and `x2` must have rank 1 or more"),
        (
            lambda: ops.sum(A, axis=2),
            InvalidArgumentError,
            "`axis` must be in [-2, 2) for a tensor of rank 2. Received: axis=2 (in `ops.sum`",
        ),
        (
            lambda: ops.sum(A, axis=(0, -2)),
            InvalidArgumentError,
            "`axis` must name each axis once. Received: axis=(0, -2)",
        ),
        (lambda: ops.mean(A, axis="x"), InvalidTypeError, "`axis` must be an integer. Received: axis='x'"),
        (
            lambda: ops.reshape(A, (4, -1)),
            ShapeError,
            "`newshape` must have at most one -1 and keep the number of elements",
        ),
        (lambda: ops.reshape(A, (5,)), ShapeError, "`reshape` keeps the number of elements"),
        (lambda: ops.reshape(A, ("a",)), InvalidTypeError, "`newshape` must consist of integers"),
        (lambda: ops.transpose(A, (0, 0)), InvalidArgumentError, "`axes` must name each axis of `x` once"),
        (lambda: ops.squeeze(A, 0), ShapeError, "`axis` must name axes of size 1. Received: x.shape=(2, 3), axis=0"),
        (lambda: ops.concatenate([A, B]), ShapeError, "`concat` takes tensors of one rank"),
        (lambda: ops.concatenate([]), InvalidArgumentError, "`xs` must hold at least one tensor"),
        (lambda: ops.stack([A, B]), ShapeError, "`x` must hold tensors of one shape"),
        (lambda: ops.split(A, 2, 1), ShapeError, "`indices_or_sections` must divide the size of `axis`"),
        (
            lambda: ops.max(np.zeros((0, 2))),
            ShapeError,
            "`x` must have elements along `axis`, or `initial` must be given",
        ),
        (lambda: ops.argmax(np.zeros((0, 2)), 0), ShapeError, "of no elements has no value"),
        (
            lambda: ops.pad(A, ((1, 1),) * 3),
            InvalidArgumentError,
            "`pad_width` must be a pair of non-negative integers for each of 2 axes",
        ),
        (
            lambda: ops.pad(A, 1, "odd"),
            InvalidArgumentError,
            "`mode` must be one of constant, edge, reflect, symmetric, wrap",
        ),
        (lambda: ops.exp("x"), InvalidTypeError, "The argument must be a tensor or numbers. Received: 'x'"),
        (lambda: ops.exp(None), InvalidTypeError, "The argument must be a tensor or numbers. Received: None"),
        (lambda: ops.exp([[1.0], [1.0, 2.0]]), InvalidTypeError, "numbers in rectangular lists"),
        (lambda: ops.where(A > 0, A), InvalidArgumentError, "`x1` and `x2` must be given both, or none"),
        (lambda: ops.einsum("ij,jk", A), InvalidArgumentError, "`subscripts` must have a term an operand"),
        (lambda: ops.einsum("ijk->i", A), InvalidArgumentError, "`subscripts` must have a letter an axis"),
        (lambda: ops.tensordot(A, A, 1), ShapeError, "The axes that are summed over must have equal sizes"),
        (
            lambda: ops.conv(A, A),
            ShapeError,
            "`inputs` must be (batch, spatial..., channels) and `kernel` of the same rank",
        ),
        (
            lambda: ops.conv(np.ones((1, 5, 3)), np.ones((2, 2, 4))),
            ShapeError,
            "The channels of `inputs` must be a multiple of those of `kernel`",
        ),
        (
            lambda: ops.conv(np.ones((1, 5, 2)), np.ones((2, 2, 4)), padding="full"),
            InvalidArgumentError,
            "`padding` must be 'valid' or 'same'",
        ),
        (lambda: ops.max_pool(A, 2), ShapeError, "`inputs` must be (batch, spatial..., channels)"),
        (lambda: ops.max_pool(A[None], 0), InvalidArgumentError, "`pool_size` must be a positive integer"),
        (
            lambda: ops.max_pool(A[None], 2, data_format="nhwc"),
            InvalidArgumentError,
            "`data_format` must be 'channels_last' or 'channels_first'",
        ),
        (lambda: ops.norm(A, "fro", axis=1), InvalidArgumentError, "`ord` of vectors must be a number"),
        (
            lambda: ops.norm(A, 3, axis=(0, 1)),
            InvalidArgumentError,
            "`ord` of matrices must be 'fro', 'nuc', 1, -1, 2, -2, inf or",
        ),
        (lambda: ops.batch_normalization(A, B, B, 1), ShapeError, "`variance` must be as long as `axis`"),
        (lambda: ops.glu(A), InvalidArgumentError, "`x` must have an even size along `axis`"),
        (lambda: ops.tril(B), ShapeError, "`x` must have rank 2 or more"),
        (lambda: ops.arange(3, step=0), InvalidArgumentError, "`step` must not be 0"),
        (
            lambda: ops.quantile(A, 0.5, method="odd"),
            InvalidArgumentError,
            "`method` must be one of higher, linear, lower",
        ),
        (lambda: ops.bitwise_and(A, A), KcoreError, "operands of an integer or bool dtype"),
        (
            lambda: ops.take(A, [0.5]),
            KcoreError,
            "`indices` must have an integer dtype. Received: indices.dtype=float32",
        ),
        (lambda: ops.one_hot([0.5], 3), KcoreError, "`x` must have an integer dtype"),
        (lambda: ops.zeros(2, dtype="float31"), KcoreError, "float31"),
    ],
)
def test_error_text(backend, call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()


def test_the_same_error_symbolically(backend):
    with pytest.raises(ShapeError, match=r"\(in `ops\.add` with x1=float32\[None, 3\], x2=float32\[4\]\)"):
        ops.add(ops.KerasTensor((None, 3)), B)


def test_an_op_inside_an_op_is_named_once(backend):
    with pytest.raises(InvalidArgumentError) as caught:
        ops.psnr(A, A[:, :2], 1.0)
    assert str(caught.value).count("(in `ops.") == 1


def test_wrong_arguments_are_pythons_type_errors(backend):
    with pytest.raises(TypeError, match=r"add\(\) missing 1 required positional argument: 'x2'"):
        ops.add(1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'dim'"):
        ops.sum(A, dim=0)  # type: ignore[call-arg]
