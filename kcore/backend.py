"""The room that Keras calls `keras.backend`: settings and dtypes, as `from kcore import backend as K` gives them.

The object that computes is another thing: see `kcore.use_backend` and `kcore.extend.Backend`.

>>> from kcore import backend as K
>>> K.backend(), K.floatx(), K.image_data_format()
('numpy', 'float32', 'channels_last')
"""

from __future__ import annotations

from typing import Any

from kcore.config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from kcore.dtypes import is_float, is_integer, result_type, standardize_dtype
from kcore.engine.variable import Variable
from kcore.ops.keras_tensor import KerasTensor
from kcore.utils.session import clear_session

__all__ = [
    "Variable",
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]


def is_float_dtype(dtype: Any) -> bool:
    """Whether a dtype, in any of the forms that `standardize_dtype` takes, is a floating-point one.

    >>> is_float_dtype("bfloat16"), is_float_dtype(int)
    (True, False)
    """
    return is_float(standardize_dtype(dtype))


def is_int_dtype(dtype: Any) -> bool:
    """Whether a dtype, in any of the forms that `standardize_dtype` takes, is an integer (bool is not).

    >>> is_int_dtype("uint8"), is_int_dtype(bool)
    (True, False)
    """
    return is_integer(standardize_dtype(dtype))


def is_keras_tensor(x: Any) -> bool:
    """Whether `x` is symbolic: an input of a functional model, or what was computed from one.

    >>> import kcore
    >>> is_keras_tensor(kcore.Input((3,))), is_keras_tensor([1.0])
    (True, False)
    """
    return isinstance(x, KerasTensor)
