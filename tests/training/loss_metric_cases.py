"""Losses and metrics on fixed numbers: the cases whose values `make_loss_metric_values.py` takes from real Keras.

A case is the name of a class, its arguments, and the names of its targets and predictions in `DATA`.
"""

import numpy as np

_rng = np.random.default_rng(7)
_logits = _rng.normal(size=(6, 4))
_vectors = _rng.normal(size=(6, 4))
_probabilities = np.exp(_logits) / np.exp(_logits).sum(axis=1, keepdims=True)

DATA = {
    "real": _rng.normal(size=(6, 4)),
    "predicted": _rng.normal(size=(6, 4)),
    "units": _vectors / np.linalg.norm(_vectors, axis=1, keepdims=True),
    "positive": _rng.uniform(0.2, 3.0, size=(6, 4)),
    "rates": _rng.uniform(0.2, 3.0, size=(6, 4)),
    "logits": _logits,
    "probabilities": _probabilities,
    "scores": _rng.uniform(0.02, 0.98, size=(6, 4)),
    "one_hot": np.eye(4)[[0, 2, 1, 3, 0, 2]],
    "labels": np.array([0, 2, 1, 3, 0, 2]),
    "several": np.array(
        [[0, 1, 0, 1], [1, 1, 0, 0], [0, 0, 0, 1], [1, 0, 1, 0], [1, 1, 1, 0], [0, 0, 1, 1]], "float64"
    ),
    "signs": np.array([[-1, 1, -1, 1], [1, 1, -1, -1], [-1, -1, -1, 1], [1, -1, 1, -1], [1, 1, 1, -1], [-1, -1, 1, 1]]),
    "indices": np.array([[0, 1, 2, 2], [1, 1, 0, 0], [2, 2, 1, 1], [0, 0, 0, 2], [1, 2, 1, 0], [2, 1, 2, 0]]),
    "guesses": np.array([[0, 1, 1, 2], [1, 0, 0, 0], [2, 2, 1, 2], [0, 1, 0, 2], [1, 2, 1, 0], [0, 1, 2, 0]]),
}
WEIGHTS = np.array([1.0, 0.5, 2.0, 0.0, 1.5, 3.0])

LOSSES = [
    ("MeanSquaredError", {}, "real", "predicted"),
    ("MeanAbsoluteError", {}, "real", "predicted"),
    ("MeanAbsolutePercentageError", {}, "real", "predicted"),
    ("MeanSquaredLogarithmicError", {}, "positive", "rates"),
    ("Huber", {"delta": 0.7}, "real", "predicted"),
    ("LogCosh", {}, "real", "predicted"),
    ("CosineSimilarity", {}, "real", "predicted"),
    ("CosineSimilarity", {"axis": 0}, "real", "predicted"),
    ("KLDivergence", {}, "one_hot", "probabilities"),
    ("Poisson", {}, "positive", "rates"),
    ("BinaryCrossentropy", {}, "several", "scores"),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, "several", "logits"),
    ("BinaryFocalCrossentropy", {"gamma": 1.5}, "several", "scores"),
    (
        "BinaryFocalCrossentropy",
        {"apply_class_balancing": True, "alpha": 0.3, "label_smoothing": 0.1},
        "several",
        "scores",
    ),
    ("BinaryFocalCrossentropy", {"from_logits": True}, "several", "logits"),
    ("CategoricalCrossentropy", {}, "one_hot", "probabilities"),
    ("CategoricalCrossentropy", {}, "one_hot", "scores"),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, "one_hot", "logits"),
    ("CategoricalFocalCrossentropy", {}, "one_hot", "probabilities"),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "gamma": 1.0, "alpha": 0.4}, "one_hot", "logits"),
    ("SparseCategoricalCrossentropy", {}, "labels", "probabilities"),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, "labels", "logits"),
    ("SparseCategoricalCrossentropy", {"from_logits": True, "ignore_class": 2}, "labels", "logits"),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.6}, "labels", "probabilities"),
    ("Hinge", {}, "signs", "predicted"),
    ("Hinge", {}, "several", "predicted"),
    ("SquaredHinge", {}, "several", "predicted"),
    ("CategoricalHinge", {}, "one_hot", "predicted"),
    ("Tversky", {"alpha": 0.3, "beta": 0.6, "axis": [1]}, "several", "scores"),
    ("Tversky", {}, "several", "scores"),
    ("Dice", {"axis": [1]}, "several", "scores"),
    ("Dice", {}, "several", "scores"),
    ("Circle", {"gamma": 10.0, "margin": 0.2}, "labels", "units"),
]

METRICS = [
    ("Accuracy", {}, "indices", "guesses"),
    ("BinaryAccuracy", {"threshold": 0.4}, "several", "scores"),
    ("CategoricalAccuracy", {}, "one_hot", "logits"),
    ("SparseCategoricalAccuracy", {}, "labels", "logits"),
    ("TopKCategoricalAccuracy", {"k": 2}, "one_hot", "logits"),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, "labels", "logits"),
    ("MeanSquaredError", {}, "real", "predicted"),
    ("MeanAbsoluteError", {}, "real", "predicted"),
    ("MeanAbsolutePercentageError", {}, "real", "predicted"),
    ("MeanSquaredLogarithmicError", {}, "positive", "rates"),
    ("RootMeanSquaredError", {}, "real", "predicted"),
    ("CosineSimilarity", {}, "real", "predicted"),
    ("LogCoshError", {}, "real", "predicted"),
    ("R2Score", {}, "real", "predicted"),
    ("R2Score", {"class_aggregation": None}, "real", "predicted"),
    ("R2Score", {"class_aggregation": "variance_weighted_average", "num_regressors": 2}, "real", "predicted"),
    ("PearsonCorrelation", {}, "real", "predicted"),
    ("ConcordanceCorrelation", {}, "real", "predicted"),
    ("KLDivergence", {}, "one_hot", "probabilities"),
    ("Poisson", {}, "positive", "rates"),
    ("BinaryCrossentropy", {}, "several", "scores"),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, "one_hot", "probabilities"),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, "labels", "logits"),
    ("Hinge", {}, "several", "predicted"),
    ("SquaredHinge", {}, "several", "predicted"),
    ("CategoricalHinge", {}, "one_hot", "predicted"),
    ("TruePositives", {}, "several", "scores"),
    ("FalsePositives", {"thresholds": [0.2, 0.7]}, "several", "scores"),
    ("TrueNegatives", {}, "several", "scores"),
    ("FalseNegatives", {}, "several", "scores"),
    ("Precision", {"thresholds": [0.2, 0.5, 0.8]}, "several", "scores"),
    ("Precision", {"top_k": 2}, "several", "scores"),
    ("Precision", {"class_id": 1}, "several", "scores"),
    ("Recall", {}, "several", "scores"),
    ("Recall", {"top_k": 1, "class_id": 3}, "several", "scores"),
    ("AUC", {}, "several", "scores"),
    ("AUC", {"curve": "PR"}, "several", "scores"),
    ("AUC", {"curve": "PR", "summation_method": "minoring", "num_thresholds": 20}, "several", "scores"),
    ("AUC", {"curve": "PRGAIN", "num_thresholds": 20}, "several", "scores"),
    ("AUC", {"summation_method": "majoring", "num_thresholds": 20}, "several", "scores"),
    ("AUC", {"thresholds": [0.3, 0.6]}, "several", "scores"),
    ("AUC", {"multi_label": True, "num_labels": 4}, "several", "scores"),
    ("AUC", {"multi_label": True, "num_labels": 4, "label_weights": [0.1, 0.2, 0.3, 0.4]}, "several", "scores"),
    ("AUC", {"from_logits": True}, "several", "logits"),
    ("SensitivityAtSpecificity", {"specificity": 0.6}, "several", "scores"),
    ("SpecificityAtSensitivity", {"sensitivity": 0.6}, "several", "scores"),
    ("PrecisionAtRecall", {"recall": 0.6}, "several", "scores"),
    ("RecallAtPrecision", {"precision": 0.5, "num_thresholds": 30}, "several", "scores"),
    ("F1Score", {}, "several", "scores"),
    ("F1Score", {"average": "weighted", "threshold": 0.5}, "several", "scores"),
    ("FBetaScore", {"average": "micro", "beta": 2.0, "threshold": 0.4}, "several", "scores"),
    ("FBetaScore", {"average": "macro", "beta": 0.5}, "several", "scores"),
    ("IoU", {"num_classes": 3, "target_class_ids": [0, 2]}, "indices", "guesses"),
    ("IoU", {"num_classes": 3, "target_class_ids": [0, 2], "ignore_class": 1}, "indices", "guesses"),
    ("MeanIoU", {"num_classes": 3}, "indices", "guesses"),
    ("OneHotIoU", {"num_classes": 4, "target_class_ids": [1, 2]}, "one_hot", "logits"),
    ("OneHotMeanIoU", {"num_classes": 4}, "one_hot", "logits"),
    ("BinaryIoU", {"target_class_ids": [1], "threshold": 0.4}, "several", "scores"),
]


def case_id(case):
    """A case as pytest shows it."""
    name, arguments, _, y_pred = case
    return "-".join([name, *(f"{key}={value}" for key, value in arguments.items()), y_pred]).replace(" ", "")
