"""Callbacks by themselves: what they decide from the logs they are given."""

from __future__ import annotations

import csv
import http.server
import json
import math
import threading
import urllib.parse

import numpy as np
import pytest

from kcore import callbacks as C
from kcore.errors import InvalidArgumentError, InvalidTypeError


class Owner:
    """The part of a model that callbacks look at."""

    def __init__(self, rate=1.0):
        self.stop_training = False
        self.metrics = []
        self.optimizer = type("Optimizer", (), {"learning_rate": rate})()
        self.weights, self.saved = [0.0], []

    def get_weights(self):
        return list(self.weights)

    def set_weights(self, weights):
        self.weights = list(weights)

    def save(self, path, overwrite=True):
        self.saved.append(path)

    def save_weights(self, path, overwrite=True):
        self.saved.append(("weights", path))


def run(callback, values, name="val_loss", model=None):
    """Feed one value an epoch; returns the model and the epochs that ran."""
    model = model or Owner()
    callback.set_model(model)
    callback.on_train_begin()
    epochs = 0
    for epoch, value in enumerate(values):
        model.weights = [float(epoch)]
        callback.on_epoch_begin(epoch)
        logs = {} if value is None else {name: value}
        callback.on_epoch_end(epoch, logs)
        epochs += 1
        if model.stop_training:
            break
    callback.on_train_end()
    return model, epochs


# ---- CallbackList


def test_only_overridden_hooks_are_called():
    class Quiet(C.Callback):
        pass

    class Old(C.Callback):
        def on_batch_end(self, batch, logs=None):
            seen.append(batch)

    seen = []
    joined = C.CallbackList([Quiet(), [Old()]])
    assert joined.called("on_train_batch_begin") == []
    assert len(joined.called("on_train_batch_end")) == 1
    joined.on_train_batch_end(3, {})
    joined.on_batch_end(4, {})
    assert seen == [3, 4]


def test_a_list_adds_history_and_progress_bar_once():
    joined = C.CallbackList([C.History()], add_history=True, add_progbar=True)
    assert [type(c) for c in joined] == [C.History, C.ProgbarLogger]


def test_params_and_model_reach_every_callback():
    first, second, model = C.Callback(), C.History(), Owner()
    C.CallbackList([first, second], model=model, epochs=3)
    assert first.params == second.params == {"epochs": 3}
    assert first.model is model
    assert model.history is second


def test_what_is_no_callback_is_refused():
    with pytest.raises(InvalidTypeError, match="`callbacks` must hold"):
        C.CallbackList([3])


# ---- History, LambdaCallback


def test_history_records_each_log():
    history = C.History()
    run(history, [3.0, 2.0])
    assert history.history == {"val_loss": [3.0, 2.0]}
    assert history.epoch == [0, 1]


def test_lambdas_are_called_at_their_hooks():
    seen = []
    callback = C.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(("epoch", epoch, logs)),
        on_batch_end=lambda batch, logs: seen.append(("batch", batch)),
        on_test_begin=lambda logs: seen.append("test"),
    )
    joined = C.CallbackList(callback)
    joined.on_train_batch_end(1, {})
    joined.on_test_begin()
    joined.on_epoch_end(0, {"loss": 1})
    assert seen == [("batch", 1), "test", ("epoch", 0, {"loss": 1})]


def test_an_unknown_hook_is_refused():
    with pytest.raises(InvalidArgumentError, match="on_epoch_finish"):
        C.LambdaCallback(on_epoch_finish=print)


# ---- EarlyStopping


@pytest.mark.parametrize(
    ("options", "values", "epochs", "best_epoch"),
    [
        ({}, [3.0, 2.0, 2.0, 1.0], 3, 1),
        ({"patience": 2}, [3.0, 2.0, 2.5, 2.1, 1.0], 4, 1),
        ({"patience": 2}, [3.0, 2.0, 2.5, 1.9, 2.0, 2.0, 1.0], 6, 3),
        ({"min_delta": 0.5}, [3.0, 2.8, 1.0], 2, 0),
        ({"mode": "max"}, [1.0, 2.0, 1.5], 3, 1),
        ({"start_from_epoch": 2}, [1.0, 5.0, 4.0, 4.5, 0.0], 4, 2),
        ({"baseline": 1.0, "patience": 2}, [3.0, 2.9, 2.8, 2.9], 4, 2),
        ({"patience": 3}, [3.0, math.nan, math.nan, math.nan, 0.0], 4, 0),
    ],
)
def test_early_stopping_stops_after_its_patience(options, values, epochs, best_epoch):
    callback = C.EarlyStopping(restore_best_weights=True, **options)
    model, ran = run(callback, values)
    assert ran == epochs
    assert callback.best_epoch == best_epoch
    assert model.weights == [float(best_epoch)]
    assert callback.stopped_epoch == (epochs - 1 if model.stop_training else 0)


def test_early_stopping_leaves_the_last_weights_unless_asked():
    model, _ = run(C.EarlyStopping(), [1.0, 2.0])
    assert model.weights == [1.0]


def test_the_direction_comes_from_the_metric_or_its_name():
    values = [0.5, 0.6, 0.7]
    assert run(C.EarlyStopping("val_acc"), values, "val_acc")[1] == 3
    assert run(C.EarlyStopping("val_loss"), values)[1] == 2
    model = Owner()
    model.metrics = [type("Metric", (), {"name": "quality", "_direction": "up"})()]
    assert run(C.EarlyStopping("val_quality"), values, "val_quality", model)[1] == 3


def test_a_missing_value_is_warned_about():
    with pytest.warns(UserWarning, match="'val_loss', which isn't in the logs"):
        run(C.EarlyStopping(), [None])


def test_a_bad_mode_is_refused():
    with pytest.raises(InvalidArgumentError, match="`mode` must be"):
        C.EarlyStopping(mode="up")


# ---- learning rates


def test_a_schedule_sets_the_rate_of_each_epoch():
    rates = []
    model = Owner(rate=0.8)
    callback = C.LearningRateScheduler(lambda epoch, rate: rate / 2)
    for epoch in range(2):
        callback.set_model(model)
        callback.on_epoch_begin(epoch)
        logs = {}
        callback.on_epoch_end(epoch, logs)
        rates.append(logs["learning_rate"])
    assert rates == [0.4, 0.2]


def test_a_schedule_may_take_the_epoch_alone():
    assert C.LearningRateScheduler(lambda epoch: 0.1 * epoch).rate_for(3, 9.0) == pytest.approx(0.3)


def test_a_schedule_must_return_a_number():
    callback = C.LearningRateScheduler(lambda epoch: "fast")
    callback.set_model(Owner())
    with pytest.raises(InvalidTypeError, match="`schedule` must return a number"):
        callback.on_epoch_begin(0)


@pytest.mark.parametrize(
    ("options", "values", "rate"),
    [
        ({"patience": 2, "factor": 0.5}, [1.0, 1.0, 1.0], 0.5),
        ({"patience": 2, "factor": 0.5}, [1.0, 1.0, 0.9, 1.0], 1.0),
        ({"patience": 1, "factor": 0.5}, [1.0, 1.0, 1.0], 0.25),
        ({"patience": 1, "factor": 0.5, "cooldown": 2}, [1.0, 1.0, 1.0, 1.0, 1.0], 0.25),
        ({"patience": 1, "factor": 0.1, "min_lr": 0.05}, [1.0] * 4, 0.05),
        ({"patience": 1, "factor": 0.5, "epsilon": 0.2}, [1.0, 0.9], 0.5),
    ],
)
def test_a_plateau_lowers_the_rate(options, values, rate):
    model, _ = run(C.ReduceLROnPlateau(**options), values)
    assert model.optimizer.learning_rate == pytest.approx(rate)


def test_a_factor_of_one_is_refused():
    with pytest.raises(InvalidArgumentError, match="`factor` must be less than 1"):
        C.ReduceLROnPlateau(factor=1.0)


# ---- TerminateOnNaN


@pytest.mark.parametrize(("loss", "stops"), [(1.0, False), (math.nan, True), (math.inf, True), (None, False)])
def test_terminate_on_nan(loss, stops, capsys):
    callback, model = C.TerminateOnNaN(), Owner()
    callback.set_model(model)
    callback.on_train_batch_end(4, {} if loss is None else {"loss": loss})
    assert model.stop_training is stops
    assert ("terminating" in capsys.readouterr().out) is stops


def test_terminate_on_nan_may_raise():
    with pytest.raises(RuntimeError, match="nan after batch 4"):
        C.TerminateOnNaN(raise_error=True).on_train_batch_end(4, {"loss": math.nan})


# ---- files


def read_csv(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def test_csv_logger_writes_a_line_an_epoch(tmp_path):
    path = tmp_path / "log.csv"
    callback = C.CSVLogger(path)
    callback.on_train_begin()
    callback.on_epoch_end(0, {"val_loss": 1.5, "loss": 2.0})
    callback.on_epoch_end(1, {"loss": 1.0})
    callback.on_train_end()
    assert read_csv(path) == [["epoch", "loss", "val_loss"], ["0", "2.0", "1.5"], ["1", "1.0", "NA"]]


def test_csv_logger_appends(tmp_path):
    path = tmp_path / "log.csv"
    for start in (0, 2):
        run_from = C.CSVLogger(path, separator=";", append=True)
        run_from.on_train_begin()
        run_from.on_epoch_end(start, {"loss": 1.0})
        run_from.on_train_end()
    assert path.read_text().split() == ["epoch;loss", "0;1.0", "2;1.0"]


def test_csv_logger_names_a_path_that_cannot_be_written(tmp_path):
    with pytest.raises(InvalidArgumentError, match="filename="):
        C.CSVLogger(tmp_path / "missing" / "log.csv").on_train_begin()


def test_checkpoints_are_named_after_epoch_and_logs(tmp_path):
    model, _ = run(C.ModelCheckpoint(tmp_path / "{epoch:02d}-{val_loss:.2f}.keras"), [0.5, 0.25])
    assert [path.rsplit("/", 1)[1] for path in model.saved] == ["01-0.50.keras", "02-0.25.keras"]


def test_only_the_best_is_saved(tmp_path):
    callback = C.ModelCheckpoint(tmp_path / "{epoch}.h5", save_best_only=True, save_weights_only=True)
    model, _ = run(callback, [3.0, 4.0, 2.0])
    assert model.saved == [("weights", str(tmp_path / "1.h5")), ("weights", str(tmp_path / "3.h5"))]
    assert callback.best == 2.0


def test_a_threshold_must_be_beaten(tmp_path):
    callback = C.ModelCheckpoint(tmp_path / "{epoch}", save_best_only=True, initial_value_threshold=1.0)
    model, _ = run(callback, [3.0, 0.5])
    assert model.saved == [str(tmp_path / "2")]


def test_checkpoints_by_batches(tmp_path):
    callback, model = C.ModelCheckpoint(tmp_path / "{epoch}-{batch}", save_freq=2), Owner()
    callback.set_model(model)
    callback.on_epoch_begin(0)
    for batch in range(5):
        callback.on_train_batch_end(batch, {})
    assert model.saved == [str(tmp_path / "1-2"), str(tmp_path / "1-4")]


def test_a_checkpoint_path_below_a_file_is_refused_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    callback = C.ModelCheckpoint(tmp_path / "file" / "model.h5")
    with pytest.raises(InvalidArgumentError, match="ModelCheckpoint can't write to"):
        run(callback, [1.0])


def test_a_name_that_is_not_logged_is_refused(tmp_path):
    with pytest.raises(InvalidArgumentError, match=r"\{val_acc\}, which isn't in the logs"):
        run(C.ModelCheckpoint(tmp_path / "{val_acc}.h5"), [1.0])


# ---- RemoteMonitor


class Inbox(http.server.BaseHTTPRequestHandler):
    received: list = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.received.append((self.path, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args):
        pass


def test_remote_monitor_posts_the_logs():
    with http.server.HTTPServer(("127.0.0.1", 0), Inbox) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        C.RemoteMonitor(root=f"http://127.0.0.1:{server.server_port}").on_epoch_end(2, {"loss": np.float32(0.5)})
        thread.join()
    path, body = Inbox.received[-1]
    assert path == "/publish/epoch/end/"
    assert json.loads(urllib.parse.parse_qs(body)["data"][0]) == {"epoch": 2, "loss": 0.5}


def test_remote_monitor_goes_on_without_a_server():
    with pytest.warns(UserWarning, match="can't reach"):
        C.RemoteMonitor(root="http://127.0.0.1:9").on_epoch_end(0, {"loss": 1.0})
