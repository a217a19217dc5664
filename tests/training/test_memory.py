"""Memory does not grow from call to call."""

import gc
import tracemalloc

import numpy as np
import pytest

import kcore as keras

CALLS = 1000
ALLOWED = 80_000
"""Bytes over 1,000 calls: an object of 80 bytes kept a call would reach it."""


@pytest.fixture
def model(backend):
    made = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dropout(0.5),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    made.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return made


def growth(call) -> int:
    for _ in range(20):
        call()
    gc.collect()
    tracemalloc.start()
    try:
        call()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(CALLS):
            call()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def test_predict_keeps_nothing(model):
    x = np.ones((3, 4), "float32")
    assert growth(lambda: model.predict(x, verbose=0)) < ALLOWED


def test_train_on_batch_keeps_nothing(model):
    x, y = np.ones((3, 4), "float32"), np.zeros(3, "int64")
    assert growth(lambda: model.train_on_batch(x, y)) < ALLOWED


def test_calling_the_model_keeps_nothing(model):
    x = np.ones((3, 4), "float32")
    assert growth(lambda: model(x)) < ALLOWED
