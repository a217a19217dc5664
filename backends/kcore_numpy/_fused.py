"""The fast paths of this backend for the core's fused ops."""

from __future__ import annotations

from kcore.extend import Fused

from . import _activation, _normalization, _optimizer, _pooling, _random, _recurrent


def _always(specs, params) -> bool:
    return True


def _floats(specs, params) -> bool:
    return specs[0].dtype in {"float32", "float64"}


def _standard_gates(specs, params) -> bool:
    standard = params["activation"] == "tanh" and params["recurrent_activation"] == "sigmoid"
    return standard and _floats(specs, params) and 0 not in specs[0].shape


def _random_bits(key, *, shape):
    return (_random.random_bits(key, shape=shape),), None


def _decaying(specs, params) -> bool:
    return _floats(specs, params) and min(params["beta_1"], params["beta_2"]) > 0


def _filled_floats(specs, params) -> bool:
    return _floats(specs, params) and 0 not in specs[0].shape


def _last_axis(specs, params) -> bool:
    return params["axis"] == len(specs[0].shape) - 1 and _filled_floats(specs, params)


FUSED = {
    "relu": Fused(
        _floats, _activation.relu, _activation.relu_grad, inplace=_activation.relu_inplace, overwrites=(0,), reads=()
    ),
    "softmax": Fused(_filled_floats, _activation.softmax, _activation.softmax_grad, reads=()),
    "crossentropy_of_logits": Fused(
        _last_axis, _activation.crossentropy_of_logits, _activation.crossentropy_of_logits_grad, reads=(1,)
    ),
    "layer_norm": Fused(_normalization.last_axis, _normalization.layer_norm, _normalization.layer_norm_grad),
    "adam": Fused(_decaying, _optimizer.adam, inplace=_optimizer.adam_inplace, overwrites=(1, 2, 3)),
    "random_bits": Fused(_always, _random_bits),
    "max_pool": Fused(_floats, _pooling.max_pool, _pooling.max_pool_grad),
    "average_pool": Fused(_floats, _pooling.average_pool, _pooling.average_pool_grad),
    "lstm": Fused(_standard_gates, _recurrent.lstm, _recurrent.lstm_grad),
    "gru": Fused(_standard_gates, _recurrent.gru, _recurrent.gru_grad),
}
