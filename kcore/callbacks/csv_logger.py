"""`CSVLogger`."""

from __future__ import annotations

import csv
import os
from typing import Any

from kcore.callbacks.callback import Callback, Logs
from kcore.errors import InvalidArgumentError


class CSVLogger(Callback):
    """Writes the logs of every epoch as a line of a CSV file.

    Args:
        filename: path of the file; `epoch` is its first column, and the logs follow in the order of their names.
        separator: what stands between two columns.
        append: whether to keep what the file holds already, for training in several runs.

    Raises:
        InvalidArgumentError: at the beginning of `fit`, if the file can't be written.
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self._file: Any = None
        self._columns: list[str] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open the file."""
        self._columns = self._columns_on_disk() if self.append else None
        try:
            mode = "a" if self.append else "w"
            self._file = open(self.filename, mode, newline="", encoding="utf-8")  # noqa: SIM115 - closed at the end
        except OSError as err:
            raise InvalidArgumentError(
                f"CSVLogger can't write its file: {err.strerror}. Received: filename={self.filename!r}"
            ) from err

    def _columns_on_disk(self) -> list[str] | None:
        if not os.path.exists(self.filename):
            return None
        with open(self.filename, newline="", encoding="utf-8") as file:
            return next(csv.reader(file, delimiter=self.separator), None)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a line; a value that an earlier epoch had and this one hasn't is `NA`."""
        logs = logs or {}
        writer = csv.writer(self._file, delimiter=self.separator)
        if self._columns is None:
            self._columns = ["epoch", *sorted(logs)]
            writer.writerow(self._columns)
        writer.writerow([epoch, *(_cell(logs.get(name, "NA")) for name in self._columns[1:])])
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _cell(value: Any) -> Any:
    if getattr(value, "ndim", 0) or isinstance(value, (list, tuple)):
        return '"[' + ", ".join(map(str, value)) + ']"'
    return value
