"""Something on this machine that is called: it writes down what comes, and answers as it is told."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

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
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {key.lower(): value for key, value in self.headers.items()}
            told.requests.append(Received(self.command, self.path, headers, body))
            self.send_response(told.answers.pop(0) if told.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_PUT = do_DELETE = _answer

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
