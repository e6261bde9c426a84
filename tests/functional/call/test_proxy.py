"""`provision proxy`: a private service for a browser, and for nobody else."""

import base64
import hashlib
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import requests

from provision.clients.clock import Clock
from provision.clients.http_exchange import Http
from provision.clients.id_tokens import Minted
from provision.clients.invoking.source import TokenSource
from provision.invoke.proxy.door import Door, House
from provision.invoke.proxy.rules import Change
from tests.functional.call.conftest import GUEST

if TYPE_CHECKING:
    from tests.functional.call.conftest import Shop

pytestmark = pytest.mark.engine


class Proxy:
    """A running proxy.

    Args:
        shop: whose service.
        words: more arguments.
    """

    def __init__(self, shop: "Shop", *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "provision", "proxy", "orders", "--port", "0", *words],
            cwd=shop.project.path,
            env=shop.project.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline()
        found = re.search(r"http://localhost:(\d+)", self.said)
        assert found, self.process.communicate(timeout=60)
        self.url, self.port = found[0], int(found[1])
        self._told = ""

    def wait_for(self, words: str) -> None:
        """Wait until it has told this on stderr: an answer is there before it is told of."""
        assert self.process.stderr is not None
        while words not in self._told:
            line = self.process.stderr.readline()
            assert line, self._told
            self._told += line

    def end(self) -> str:
        """Press Ctrl-C; what it told on stderr."""
        self.process.send_signal(signal.SIGINT)
        _, told = self.process.communicate(timeout=60)
        return self._told + str(told)


@pytest.fixture
def proxy(shop: "Shop") -> Iterator[Proxy]:
    """A proxy that tells of each request."""
    running = Proxy(shop, "-v")
    yield running
    if running.process.poll() is None:
        running.end()


def test_it_says_what_it_is_and_ctrl_c_ends_it(proxy: Proxy) -> None:
    """The address, the service and as whom; 130, and no token in what it told."""
    assert "service orders, as user:developer@example.com" in proxy.said
    assert requests.get(f"{proxy.url}/a?key=hunter2", timeout=30).status_code == 200
    proxy.wait_for("GET /a 200")
    told = proxy.end()
    assert proxy.process.returncode == 130
    assert "GET /a 200" in told
    assert "Closed." in told
    assert not re.search("eyJ|hunter2|Traceback", told)


def test_requests_go_on_with_a_token(proxy: Proxy) -> None:
    """As if the service had been asked directly, on one connection after the other."""
    with requests.Session() as browser:
        for path in ("/a//b?x=1", "/c"):
            answer = browser.get(proxy.url + path, headers={"Authorization": "Basic x"}, timeout=30)
            told = answer.json()
            assert told["path"] == path
            headers = dict(told["headers"])
            assert headers["authorization"] == "Basic x"
            assert headers["x-serverless-authorization"].endswith("SIGNATURE_REMOVED_BY_GOOGLE")
        sent = browser.post(proxy.url, data=iter([b"one", b" two"]), timeout=30).json()
    assert (sent["method"], sent["body"]) == ("POST", "one two")


def test_it_listens_on_this_machine_alone_by_both_its_addresses(proxy: Proxy) -> None:
    """A browser takes either for localhost."""
    for address in ("127.0.0.1", "[::1]"):
        assert requests.get(f"http://{address}:{proxy.port}/", timeout=30).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
    ],
)
def test_other_pages_are_refused(proxy: Proxy, headers: dict[str, str]) -> None:
    """Nothing of them reaches the service."""
    answer = requests.get(proxy.url, headers=headers, timeout=30)
    assert answer.status_code == 403
    assert answer.text.startswith("provision proxy:")


def test_redirects_and_cookies_lead_back(shop: "Shop", proxy: Proxy) -> None:
    """A redirect to the service's own address stays at the local one."""
    answer = requests.get(f"{proxy.url}/to/302/{shop.url}/b", allow_redirects=False, timeout=30)
    assert answer.headers["Location"] == f"{proxy.url}/b"
    assert answer.headers["Set-Cookie"] == "to=1"


def test_events_come_while_they_are_made(proxy: Proxy) -> None:
    """The second event is not sent before the first was seen."""
    requests.get(f"{proxy.url}/hold", timeout=30)
    with requests.get(f"{proxy.url}/held", stream=True, timeout=60) as answer:
        events = answer.iter_content(None)
        assert next(events) == b"data: first\n\n"
        assert requests.get(f"{proxy.url}/release", timeout=30).text == "released"
        assert b"".join(events) == b"data: second\n\n"


def test_an_answer_that_breaks_off_is_broken_off(proxy: Proxy) -> None:
    """Never rounded off to look whole."""
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(f"{proxy.url}/cut", timeout=30)


def test_two_lengths_of_one_body_are_refused(proxy: Proxy) -> None:
    """So no request can be hidden in another's body."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=30) as raw:
        head = f"POST / HTTP/1.1\r\nHost: localhost:{proxy.port}\r\n"
        raw.sendall(f"{head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        assert raw.recv(4096).startswith(b"HTTP/1.1 400 ")


def test_a_token_goes_to_no_other_host(proxy: Proxy) -> None:
    """Not even when the request line, put behind the address, would name one."""
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0)
        other = f"127.0.0.1:{elsewhere.getsockname()[1]}"
        for asked in (f"@{other}/", f"http:@{other}/", "*"):
            answer = _answer(proxy, f"GET {asked} HTTP/1.1\r\nHost: localhost:{proxy.port}\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 400 "), asked
        with pytest.raises(BlockingIOError):
            elsewhere.accept()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("GE\x01T / HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n", b"502"),
        ("GET / HTTP/1.1\r\nHost: localhost:{port}\r\nHost: evil.example\r\n\r\n", b"400"),
        ("GET / HTTP/1.1\r\nHost: localhost:{port}\r\nX y: z\r\nOrigin: x\r\n\r\n", b"400"),
        ("GET / HTTP/1.1\r\nHost: localhost:{port}\r\nX: {long}\r\n\r\n", b"431"),
    ],
)
def test_odd_requests_are_answered(proxy: Proxy, request_: str, status: bytes) -> None:
    """Refused where they can be read in two ways, and nothing breaks."""
    answer = _answer(proxy, request_.format(port=proxy.port, long="x" * 70_000))
    assert answer.split(b" ")[1] == status
    assert "Traceback" not in proxy.end()


def test_headers_go_on_byte_by_byte(proxy: Proxy) -> None:
    """Also those that are no ASCII."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=30) as raw:
        head = f"GET / HTTP/1.1\r\nHost: localhost:{proxy.port}\r\nConnection: close\r\n"
        raw.sendall(head.encode() + b"X-One: caf\xc3\xa9\r\n\r\n")
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    told = dict(json.loads(answer.partition(b"\r\n\r\n")[2])["headers"])
    assert told["x-one"].encode("latin-1") == b"caf\xc3\xa9"


def test_a_request_that_does_not_come_is_not_waited_for() -> None:
    """Else whoever opens connections and says nothing keeps a thread for each."""

    def mint(*, fresh: bool) -> Minted:
        raise AssertionError(fresh)

    tokens = TokenSource(mint, Clock())
    change = Change("http://127.0.0.1:9")
    with Door("127.0.0.1", 0, House(change, tokens, Http(), lambda _: None)) as door:
        door.patience, port = 0.2, door.server_address[1]
        threading.Thread(target=door.serve_forever, args=(0.05,)).start()
        try:
            for begun in (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: local"):
                with socket.create_connection(("127.0.0.1", port), timeout=30) as raw:
                    raw.sendall(begun)
                    assert raw.recv(100) == b""
        finally:
            door.shutdown()


def _answer(proxy: Proxy, request: str) -> bytes:
    """The beginning of what is answered to a request as it is written."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=30) as raw:
        raw.sendall(request.encode("latin-1"))
        return raw.recv(4096)


def test_why_a_request_was_refused_is_told_once(shop: "Shop") -> None:
    """On stderr, in the words of `provision call`."""
    running = Proxy(shop, "--as", GUEST)
    assert running.process.stderr is not None
    assert requests.get(running.url, timeout=60).status_code == 403
    told = ""
    while "Next:" not in told:
        line = running.process.stderr.readline()
        assert line, told
        told += line
    assert requests.get(running.url, timeout=60).status_code == 403
    told += running.end()
    assert " ".join(told.split()).count("is not allowed to call service orders") == 1


def test_a_token_is_replaced_before_it_ends(shop: "Shop") -> None:
    """Kept while it is good for a while; one that ends within minutes is not used again."""
    shop.cloud.admin("POST", "/settings", idTokenLifetime=200)
    try:
        with shop.with_binding(f"serviceAccount:{GUEST}"):
            running = Proxy(shop, "--as", GUEST)
            shop.project.forget_requests()
            for _ in range(2):
                assert requests.get(running.url, timeout=60).status_code == 200
            minted = [one for one in shop.cloud.requests() if "GenerateIdToken" in one["method"]]
            shop.cloud.admin("POST", "/settings", idTokenLifetime=3600)
            for _ in range(2):
                assert requests.get(running.url, timeout=60).status_code == 200
            kept = [one for one in shop.cloud.requests() if "GenerateIdToken" in one["method"]]
            running.end()
    finally:
        shop.cloud.admin("POST", "/settings", idTokenLifetime=3600)
    assert (len(minted), len(kept)) == (2, 3)


def test_a_port_that_is_taken_is_said(shop: "Shop") -> None:
    """1, with what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = shop.project.run("proxy", "orders", "--port", str(port))
    assert done.code == 1
    assert "something else does so already" in done.err
    assert "--port 0" in done.err


def test_a_websocket_passes_in_both_directions(proxy: Proxy) -> None:
    """The handshake goes on with a token, and what follows as it is."""
    key = base64.b64encode(b"sixteen bytes!!!").decode()
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=60)
    handshake = {
        "Connection": "keep-alive, Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
        "Origin": f"http://127.0.0.1:{proxy.port}",
    }
    connection.request("GET", "/socket", headers=handshake)
    answer = connection.getresponse()
    assert answer.status == 101
    guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    digest = hashlib.sha1(f"{key}{guid}".encode()).digest()  # noqa: S324 - RFC 6455
    assert answer.headers["Sec-WebSocket-Accept"] == base64.b64encode(digest).decode()
    assert connection.sock is not None
    connection.sock.sendall(b"\x81\x85\0\0\0\0hello")
    assert answer.fp.read(7) == b"\x81\x05hello"
    connection.sock.sendall(b"\x88\x80\0\0\0\0")
    assert answer.fp.read(1) == b"\x88"


def test_json_tells_where_it_listens(shop: "Shop") -> None:
    """For scripts: one document, and no token."""
    process = subprocess.Popen(
        [sys.executable, "-m", "provision", "proxy", "orders", "--port", "0", "--json"],
        cwd=shop.project.path,
        env=shop.project.environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    text = ""
    while not text.endswith("}\n"):
        text += process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    told = json.loads(text)
    assert told["as"] == "user:developer@example.com"
    assert sorted(told) == ["address", "as", "audience", "target", "url"]
