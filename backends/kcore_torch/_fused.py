"""The fast paths of this backend for the core's fused ops."""

from __future__ import annotations

from kcore.extend import Fused

from . import _optimizer, _pooling, _random, _recurrent


def _always(specs, params) -> bool:
    return True


def _floats(specs, params) -> bool:
    return specs[0].dtype in {"float32", "float64"}


def _standard_gates(specs, params) -> bool:
    standard = params["activation"] == "tanh" and params["recurrent_activation"] == "sigmoid"
    return standard and _floats(specs, params) and 0 not in specs[0].shape


def _poolable(specs, params) -> bool:
    spatial = len(params["size"]) <= 3 and 0 not in specs[0].shape
    return spatial and _floats(specs, params) and _pooling.even(params["size"], params["padding"])


FUSED = {
    "adam": Fused(_floats, _optimizer.adam, inplace=_optimizer.adam_inplace, overwrites=(1, 2, 3)),
    "random_bits": Fused(_always, _random.random_bits),
    "max_pool": Fused(_poolable, _pooling.max_pool, _pooling.max_pool_grad),
    "average_pool": Fused(_poolable, _pooling.average_pool, _pooling.average_pool_grad),
    "lstm_layer": Fused(_standard_gates, _recurrent.lstm_layer, _recurrent.pull_back),
    "gru_layer": Fused(_standard_gates, _recurrent.gru_layer, _recurrent.pull_back),
}
