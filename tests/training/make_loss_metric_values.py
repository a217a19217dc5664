"""Writes `loss_metric_values.json`: what real Keras gives for `loss_metric_cases.py`.

Run with Keras installed: `python make_loss_metric_values.py`.
"""

import json
import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np
from loss_metric_cases import DATA, LOSSES, METRICS, WEIGHTS, case_id


def plain(x):
    return np.asarray(keras.ops.convert_to_numpy(x), "float64").tolist()


def data(name):
    return DATA[name].astype("float32") if DATA[name].dtype == "float64" else DATA[name].astype("int32")


def loss_values(case):
    name, arguments, y_true, y_pred = case
    cls = getattr(keras.losses, name)
    values = {
        "config": cls(**arguments).get_config(),
        "none": plain(cls(**arguments, reduction="none")(data(y_true), data(y_pred))),
    }
    if np.ndim(values["none"]) == 1 and len(values["none"]) == len(WEIGHTS):
        for reduction in ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight"):
            loss = cls(**arguments, reduction=reduction)
            values[reduction] = plain(loss(data(y_true), data(y_pred), sample_weight=WEIGHTS.astype("float32")))
    return values


def metric_values(case):
    name, arguments, y_true, y_pred = case
    metric = getattr(keras.metrics, name)(**arguments)
    metric.update_state(data(y_true)[:4], data(y_pred)[:4])
    metric.update_state(data(y_true)[4:], data(y_pred)[4:])
    values = {
        "config": metric.get_config(),
        "plain": plain(metric.result()),
        "variables": [v.name for v in metric.variables],
    }
    metric.reset_state()
    weights = np.ones_like(WEIGHTS) if "IoU" in name else WEIGHTS
    try:
        metric.update_state(data(y_true), data(y_pred), sample_weight=weights.astype("float32"))
        values["weighted"] = plain(metric.result())
    except ValueError:
        values["weighted"] = None
    return values


if __name__ == "__main__":
    found = {
        "keras": keras.__version__,
        "losses": {case_id(case): loss_values(case) for case in LOSSES},
        "metrics": {case_id(case): metric_values(case) for case in METRICS},
    }
    Path(__file__).with_name("loss_metric_values.json").write_text(json.dumps(found, indent=1, default=plain) + "\n")
