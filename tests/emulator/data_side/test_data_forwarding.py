"""What a container sees of a request that was let in, and what the caller sees of the answer."""

import base64
import gzip
import hashlib
import json
import os
import socket
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from tests.emulator.data_side.conftest import DataSide
    from tests.emulator.data_side.workshop import Workshop

pytestmark = pytest.mark.engine

ANN = "user:ann@example.com"
INVOKE = "run.routes.invoke"
APP = """
import base64, hashlib, http.server, json, os, time

class App(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        size = int(self.headers.get("Content-Length", 0))
        digest = hashlib.sha256()
        while self.path == "/chunked":
            length = int(self.rfile.readline(), 16)
            digest.update(self.rfile.read(length))
            self.rfile.readline()
            if not length:
                break
        while size:
            piece = self.rfile.read(min(size, 65536))
            digest.update(piece)
            size -= len(piece)
        self.answer(digest.hexdigest().encode())

    def do_GET(self):
        if self.path == "/stream":
            return self.stream(3)
        if self.path == "/cut":
            return self.stream(1)
        if self.path == "/slow":
            time.sleep(30)
        if self.path == "/die":
            os._exit(1)
        if self.path == "/socket":
            return self.websocket()
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.send_header("Set-Cookie", "a=1")
            self.send_header("Set-Cookie", "b=2")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        seen = {"path": self.path, "headers": [list(pair) for pair in self.headers.items()]}
        self.answer(json.dumps(seen).encode())

    do_HEAD = do_GET

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "keep-alive, X-Private")
        self.send_header("X-Private", "between us")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def stream(self, pieces):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(pieces):
            self.wfile.write(b"7\\r\\npiece %d\\r\\n" % number)
            self.wfile.flush()
        if pieces == 3:
            self.wfile.write(b"0\\r\\n\\r\\n")
        else:
            self.close_connection = True

    def websocket(self):
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept)
        self.end_headers()
        head = self.rfile.read(2)
        mask, body = self.rfile.read(4), self.rfile.read(head[1] & 127)
        text = bytes(byte ^ mask[place % 4] for place, byte in enumerate(body)).upper()
        self.wfile.write(bytes([0x81, len(text)]) + text + bytes([0x88, 2, 3, 232]))

class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

Server(("0.0.0.0", int(os.environ["PORT"])), App).serve_forever()
"""


@pytest.fixture(scope="module")
def image(workshop: "Workshop") -> str:
    """An image of the program above."""
    return workshop.python("forwarding", APP)


@pytest.fixture
def url(engine_side: "DataSide", image: str) -> str:
    """The address of a service that everybody may invoke."""
    return _start(engine_side, image, invoker_iam_disabled=True)


def _start(side: "DataSide", image: str, **changes: Any) -> str:  # noqa: ANN401 - fields of a route
    side.running(side.revision_of("app", image))
    _, url, _ = side.open_service("app", **changes)
    return url


def _seen(answer: requests.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.json()["headers"]}


def test_path_and_query_arrive_as_they_were_written(url: str) -> None:
    """Nothing is decoded, normalised or reordered on the way."""
    target = "/a%2Fb/../c//d;e?x=%20+&y=1&x=2"
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        request = f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        answer = connection.makefile("rb").read()
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["path"] == target


def test_googles_headers_are_added(url: str) -> None:
    """Host stays, the caller's address is appended, TLS is told of, and there is a trace."""
    answer = requests.get(url, headers={"X-Forwarded-For": "203.0.113.9"}, timeout=30)
    seen = _seen(answer)
    assert seen["host"] == url.removeprefix("http://")
    assert seen["x-forwarded-for"].startswith("203.0.113.9, ")
    assert seen["x-forwarded-proto"] == "https"
    assert seen["x-cloud-trace-context"]
    assert answer.headers["Server"] == "Google Frontend"


def test_headers_for_one_connection_stay_there(url: str) -> None:
    """Hop-by-hop headers, and those that Connection names, are dropped both ways."""
    headers = {"Connection": "keep-alive, X-Secret", "X-Secret": "1", "TE": "trailers"}
    answer = requests.get(url, headers=headers, timeout=30)
    assert not {"x-secret", "te", "keep-alive"} & set(_seen(answer))
    assert "X-Private" not in answer.headers


@pytest.mark.parametrize(
    ("header", "scheme"),
    [("Authorization", "Bearer"), ("X-Serverless-Authorization", "bearer")],
)
def test_the_container_never_sees_a_signature(
    engine_side: "DataSide", image: str, header: str, scheme: str
) -> None:
    """The third part of the checked token is replaced, so that it cannot be used again."""
    url = _start(engine_side, image)
    key = engine_side.revision_of("app", image).service
    engine_side.grants.allow(ANN, INVOKE, key.name)
    token = engine_side.identities.id_token(ANN, url)
    answer = requests.get(url, headers={header: f"Bearer {token}"}, timeout=30)
    unsigned = token.rpartition(".")[0]
    assert _seen(answer)[header.lower()] == f"{scheme} {unsigned}.SIGNATURE_REMOVED_BY_GOOGLE"
    assert token.rpartition(".")[2] not in answer.text


def test_the_apps_own_authorization_passes_untouched(engine_side: "DataSide", image: str) -> None:
    """Beside X-Serverless-Authorization, Authorization belongs to the app."""
    url = _start(engine_side, image)
    key = engine_side.revision_of("app", image).service
    engine_side.grants.allow(ANN, INVOKE, key.name)
    token = engine_side.identities.id_token(ANN, url)
    headers = {"X-Serverless-Authorization": f"Bearer {token}", "Authorization": "Basic YTpi"}
    assert _seen(requests.get(url, headers=headers, timeout=30))["authorization"] == "Basic YTpi"


@pytest.mark.parametrize("expect", [{}, {"Expect": "100-continue"}])
def test_a_large_body_is_passed_on_whole(url: str, expect: dict[str, str]) -> None:
    """Eight megabytes arrive as they were sent, also from clients that ask first."""
    body = os.urandom(8 * 1024 * 1024)
    answer = requests.post(url, data=body, headers=expect, timeout=60)
    assert answer.text == hashlib.sha256(body).hexdigest()


def test_a_compressed_body_is_passed_on_as_it_is(url: str) -> None:
    """Decompressing it is the container's business, which is told how long it is and how packed."""
    body = gzip.compress(b"hello" * 1000)
    answer = requests.post(url, data=body, headers={"Content-Encoding": "gzip"}, timeout=30)
    assert answer.text == hashlib.sha256(body).hexdigest()


def test_an_expectation_is_met_here(url: str) -> None:
    """The container is not asked once more: it may know nothing of it, and wait for the body."""
    assert "expect" not in _seen(requests.get(url, headers={"Expect": "100-continue"}, timeout=30))


def test_a_body_of_unknown_length_is_passed_on(url: str) -> None:
    """A chunked body arrives in chunks, and as it was sent."""
    answer = requests.post(f"{url}/chunked", data=iter([b"one ", b"two"]), timeout=30)
    assert answer.text == hashlib.sha256(b"one two").hexdigest()


def test_answers_are_passed_on_as_they_are(url: str) -> None:
    """Redirects are the caller's to follow, cookies stay two, HEAD has a length and no body."""
    answer = requests.get(f"{url}/redirect", allow_redirects=False, timeout=30)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/elsewhere")
    assert answer.raw.headers.getlist("Set-Cookie") == ["a=1", "b=2"]
    assert requests.get(f"{url}/stream", timeout=30).text == "piece 0piece 1piece 2"
    head = requests.head(url, timeout=30)
    assert int(head.headers["Content-Length"]) > 0
    assert head.content == b""


def test_an_answer_that_breaks_off_is_broken_off(url: str) -> None:
    """A caller never takes half an answer for a whole one."""
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(f"{url}/cut", timeout=30)


def test_a_slow_container_is_given_up(engine_side: "DataSide", image: str) -> None:
    """After the service's timeout the answer is 504."""
    url = _start(engine_side, image, invoker_iam_disabled=True, timeout=0.5)
    assert requests.get(f"{url}/slow", timeout=30).status_code == 504


def test_a_dead_container_is_told_of(engine_side: "DataSide", image: str) -> None:
    """While it dies and after it died: 503."""
    engine_side.running(engine_side.revision_of("mortal", image))
    _, url, _ = engine_side.open_service("mortal", invoker_iam_disabled=True)
    assert requests.get(f"{url}/die", timeout=30).status_code == 503
    assert requests.get(url, timeout=30).status_code == 503


def test_a_websocket_goes_through(url: str) -> None:
    """The upgrade is passed on, and messages both ways."""
    host, _, port = url.removeprefix("http://").partition(":")
    key = base64.b64encode(os.urandom(16)).decode()
    with socket.create_connection((host, int(port)), 10) as connection:
        head = f"GET /socket HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
        head += "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        connection.sendall(f"{head}Sec-WebSocket-Key: {key}\r\n\r\n".encode())
        # A text message of five bytes, masked with zeros.
        connection.sendall(bytes([0x81, 0x85, 0, 0, 0, 0]) + b"hello")
        stream = connection.makefile("rb")
        assert b" 101 " in stream.readline()
        while stream.readline().strip():
            pass
        assert stream.read(7) == bytes([0x81, 5]) + b"HELLO"


@pytest.mark.parametrize(("path", "status"), [("/redirect", b"302"), ("/", b"200")])
def test_a_container_may_refuse_a_websocket(url: str, path: str, status: bytes) -> None:
    """Its answer is the caller's; a redirect leads the emulator nowhere."""
    host, _, port = url.removeprefix("http://").partition(":")
    head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    with socket.create_connection((host, int(port)), 10) as connection:
        rest = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        connection.sendall(f"{head}{rest}".encode())
        assert connection.makefile("rb").readline().split()[1] == status


def test_a_smuggled_second_length_is_refused(url: str) -> None:
    """A request with two ideas of its length never reaches the container."""
    host, _, port = url.removeprefix("http://").partition(":")
    head = f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\n"
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET ".encode())
        assert b" 400 " in connection.makefile("rb").readline()
