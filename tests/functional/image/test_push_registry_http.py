"""The registry client among registries that are slow, broken or hostile."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from provision.clients.registry import Registry
from provision.clients.registry_http import RegistryHttp
from provision.errors import PermissionDeniedError, UnavailableError
from provision.resources import ImageReference

_TOKEN = "token-of-the-caller"


class Server(ThreadingHTTPServer):
    """A server on this machine that answers as told and remembers what it was sent."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.authorizations: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def host(self) -> str:
        """``127.0.0.1:PORT``."""
        return f"127.0.0.1:{self.server_port}"

    @property
    def image(self) -> ImageReference:
        """An image there."""
        return ImageReference.parse(f"{self.host}/a/b:1")


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        """Answer with what comes next; the last answer is given for ever."""
        server = self.server
        server.authorizations.append(self.headers.get("Authorization", ""))
        status, headers, body = server.answers[0]
        server.answers = server.answers[1:] or server.answers
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    """Two servers: the registry, and somebody else."""
    pair = (Server(), Server())
    for server in pair:
        server.answers = [(404, {}, b"")]
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield pair
    for server in pair:
        server.shutdown()
        server.server_close()


def _registry(*, local: bool = True) -> Registry:
    return Registry(RegistryHttp(lambda: _TOKEN, local=local))


def test_the_token_is_not_sent_where_a_challenge_points(servers: tuple[Server, Server]) -> None:
    """A realm at another origin is not asked, over plain HTTP, and gets nothing."""
    mine, other = servers
    challenge = f'Bearer realm="http://{other.host}/token",service="x"'
    mine.answers = [(401, {"WWW-Authenticate": challenge}, b"")]
    with pytest.raises(PermissionDeniedError):
        _registry().find_manifest(mine.image)
    assert other.authorizations == []


def test_the_token_is_not_sent_where_a_redirect_points(servers: tuple[Server, Server]) -> None:
    """A redirect to another origin over plain HTTP ends the reading."""
    mine, other = servers
    mine.answers = [
        (401, {"WWW-Authenticate": "Basic realm=x"}, b""),
        (307, {"Location": f"http://{other.host}/v2/a/b/manifests/1"}, b""),
    ]
    with pytest.raises(UnavailableError, match="redirects to plain HTTP"):
        _registry().find_manifest(mine.image)
    assert mine.authorizations[1].startswith("Basic ")
    assert other.authorizations == []


def test_a_google_token_does_not_go_to_a_registry_of_this_machine(
    servers: tuple[Server, Server],
) -> None:
    """Only the local cloud's tokens do; a real one is for Google's registries."""
    mine, _ = servers
    mine.answers = [(401, {"WWW-Authenticate": "Basic realm=x"}, b"")]
    with pytest.raises(PermissionDeniedError):
        _registry(local=False).find_manifest(mine.image)
    assert set(mine.authorizations) == {""}


@pytest.mark.parametrize(
    ("host", "google", "local"),
    [
        ("asia-east1-docker.pkg.dev", True, False),
        ("eu.gcr.io", True, False),
        ("gcr.io", True, False),
        ("evil-gcr.io", False, False),
        ("pkg.dev.example.com", False, False),
        ("us-docker.pkg.dev:8443", False, False),
        ("docker.io", False, False),
        ("127.0.0.1:5000", False, True),
        ("127.0.0.1.example.com", False, False),
    ],
)
def test_a_token_belongs_to_few_hosts(host: str, *, google: bool, local: bool) -> None:
    """Names that only look like Google's, or like this machine's, get none."""
    assert RegistryHttp(lambda: _TOKEN).takes_token(host) is google
    assert RegistryHttp(lambda: _TOKEN, local=True).takes_token(host) is local


def test_an_answer_that_is_too_long_is_not_read_to_its_end(servers: tuple[Server, Server]) -> None:
    """Four megabytes are the most that a manifest may have."""
    mine, _ = servers
    mine.answers = [(200, {"Content-Type": "application/json"}, b" " * (5 * 1024 * 1024))]
    with pytest.raises(UnavailableError, match="more than 4194304 bytes"):
        _registry().find_manifest(mine.image)


def test_a_busy_registry_is_asked_again(servers: tuple[Server, Server]) -> None:
    """Two refusals for being busy, and then the answer."""
    mine, _ = servers
    mine.answers = [(503, {}, b""), (429, {}, b""), (404, {}, b"")]
    assert _registry().find_manifest(mine.image) is None
    assert len(mine.authorizations) == 3


def test_a_registry_that_stays_busy_is_unavailable(servers: tuple[Server, Server]) -> None:
    """The host and its last answer are told."""
    mine, _ = servers
    mine.answers = [(503, {}, b"")]
    with pytest.raises(UnavailableError, match=rf"{mine.host} answered 503"):
        _registry().find_manifest(mine.image)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"<html>", "text/html"),
        (b"[]", "application/vnd.oci.image.manifest.v1+json"),
        (b'{"schemaVersion": 1}', "application/vnd.docker.distribution.manifest.v1+json"),
    ],
)
def test_what_is_no_manifest_is_refused(
    servers: tuple[Server, Server], body: bytes, media_type: str
) -> None:
    """A log-in page, another document, a manifest of the first scheme."""
    mine, _ = servers
    mine.answers = [(200, {"Content-Type": media_type}, body)]
    with pytest.raises(UnavailableError, match=mine.host):
        _registry().find_manifest(mine.image)


def test_a_manifest_of_another_digest_is_refused(servers: tuple[Server, Server]) -> None:
    """What was asked for by digest has to have it."""
    mine, _ = servers
    mine.answers = [(200, {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}, b"{}")]
    with pytest.raises(UnavailableError, match="digest"):
        _registry().find_manifest(mine.image.with_digest("sha256:" + "0" * 64))
