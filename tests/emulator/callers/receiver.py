"""Something on this machine that is called: it writes down what comes and answers as told."""

import json
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_PATIENCE = 20.0


@dataclass(frozen=True)
class Received:
    """A request that came.

    Args:
        method: HTTP method.
        path: with its query.
        headers: by their names in lower case.
        body: as it was sent.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def claims(self) -> dict[str, Any]:
        """What the ID token that came along says."""
        payload = self.headers["authorization"].removeprefix("Bearer ").split(".")[1]
        told: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return told

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON
        """The body, decoded."""
        return json.loads(self.body)


@dataclass
class Receiver:
    """What came so far.

    Args:
        address: its own, ``http://127.0.0.1:PORT``.
        answers: statuses of the next answers; 200 once they are used up.
        requests: what came.
    """

    address: str
    answers: list[int] = field(default_factory=list)
    requests: list[Received] = field(default_factory=list)

    def wait(self, count: int) -> list[Received]:
        """The requests, once there are so many."""
        eventually(lambda: len(self.requests) >= count)
        return self.requests


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds that goes on by itself; what never does fails the test."""
    end = time.monotonic() + _PATIENCE
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.02)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver, as long as it is needed."""
    told = Receiver("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Note a request and answer it."""
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {key.lower(): value for key, value in self.headers.items()}
            told.requests.append(Received(self.command, self.path, headers, body))
            self.send_response(told.answers.pop(0) if told.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            """Likewise."""
            self.do_POST()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            """Nothing is printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join()
