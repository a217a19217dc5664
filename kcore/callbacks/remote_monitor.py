"""`RemoteMonitor`."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
import warnings
from typing import Any

import numpy as np

from kcore.callbacks.callback import Callback, Logs


class RemoteMonitor(Callback):
    """Sends the logs of every epoch to a server by HTTP POST.

    Args:
        root: address of the server.
        path: path on it.
        field: name of the form field that holds the JSON, unless `send_as_json`.
        headers: further HTTP headers.
        send_as_json: whether the request's body is the JSON itself.

    A server that doesn't answer gives a warning and doesn't end training.
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: dict[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Send `{"epoch": ..., **logs}`."""
        message = {"epoch": epoch, **{name: _plain(value) for name, value in (logs or {}).items()}}
        request = urllib.request.Request(self.root + self.path, self._body(message), self._headers(), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10):
                return
        except (urllib.error.URLError, OSError) as err:
            warnings.warn(f"RemoteMonitor can't reach {self.root}: {err}", stacklevel=2)

    def _body(self, message: dict[str, Any]) -> bytes:
        text = json.dumps(message)
        return (text if self.send_as_json else urllib.parse.urlencode({self.field: text})).encode()

    def _headers(self) -> dict[str, str]:
        kind = "application/json" if self.send_as_json else "application/x-www-form-urlencoded"
        return {"Content-Type": kind, **(self.headers or {})}


def _plain(value: Any) -> Any:
    return np.asarray(value).tolist()
