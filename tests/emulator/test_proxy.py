"""The proxy that stands in for Google's hosts: TLS of its own, and no way to anywhere else."""

import http.client
import json
import shutil
import socket
import ssl
import stat
import subprocess
import threading
from pathlib import Path

import pytest
from cryptography import x509

from tests.conftest import RunningEmulator, StartEmulator

HOST = "run.googleapis.com"


@pytest.fixture
def proxy(emulator: RunningEmulator) -> tuple[str, int]:
    """Where the proxy listens."""
    host, _, port = str(emulator.about["proxy"]).removeprefix("http://").partition(":")
    return host, int(port)


@pytest.fixture
def trust(emulator: RunningEmulator) -> ssl.SSLContext:
    """Trusts the emulator's own authority and nobody else."""
    return ssl.create_default_context(cadata=emulator.admin("GET", "")["ca"])


def _asked(proxy: tuple[str, int], head: str) -> tuple[int, str]:
    """Status and text of what the proxy answers to a first line by itself."""
    with socket.create_connection(proxy, timeout=30) as connection:
        connection.sendall(f"{head} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.read().decode()


def _through(proxy: tuple[str, int], context: ssl.SSLContext, host: str) -> ssl.SSLSocket:
    connection = socket.create_connection(proxy, timeout=30)
    connection.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    assert head.startswith(b"HTTP/1.1 200 ")
    return context.wrap_socket(connection, server_hostname=host)


@pytest.mark.parametrize(
    "host",
    [
        *("run.googleapis.com", "us-central1-run.googleapis.com", "oauth2.googleapis.com"),
        *("storage.googleapis.com", "us-docker.pkg.dev", "gcr.io", "eu.gcr.io"),
        *("accounts.google.com", "run.us-central1.rep.googleapis.com"),
    ],
)
def test_every_google_host_has_a_certificate(
    proxy: tuple[str, int], trust: ssl.SSLContext, host: str
) -> None:
    """TLS ends here for Google's names, with a chain that a strict client takes."""
    trust.verify_flags |= ssl.VERIFY_X509_STRICT
    with _through(proxy, trust, host) as connection:
        certificate = connection.getpeercert() or {}
        assert certificate["subjectAltName"] == (("DNS", host),)
        assert connection.version() == "TLSv1.3"


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("CONNECT example.com:443", 403),
        ("CONNECT run.googleapis.com:80", 403),
        ("CONNECT run.googleapis.com:22", 403),
        ("CONNECT run.googleapis.com", 403),
        ("CONNECT 127.0.0.1:443", 403),
        ("CONNECT [::1]:443", 403),
        ("CONNECT run.googleapis.com.example.com:443", 403),
        ("CONNECT example.com/.googleapis.com:443", 403),
        ("GET http://example.com/", 403),
        ("GET /_emulator", 400),
        ("GET https://run.googleapis.com/", 400),
        ("CONNECT", 403),
        ("nonsense", 400),
    ],
)
def test_it_leads_nowhere_else(proxy: tuple[str, int], target: str, status: int) -> None:
    """Other hosts, ports and forms are refused in words; the proxy connects to none of them."""
    answered, text = _asked(proxy, target)
    assert answered == status
    assert "Google's hosts" in text or "this is a proxy" in text


def test_a_head_without_end_is_refused(proxy: tuple[str, int]) -> None:
    """A request head of any length is not kept in memory."""
    with socket.create_connection(proxy, timeout=30) as connection:
        connection.sendall(b"CONNECT run.googleapis.com:443 HTTP/1.1\r\nX: " + b"a" * 40_000)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100).startswith(b"HTTP/1.1 431 ")


def test_clients_of_both_protocols_get_http_1(
    proxy: tuple[str, int], emulator: RunningEmulator
) -> None:
    """Who offers HTTP/1.1 gets REST; HTTP/2 alone is gRPC's."""
    for offered, chosen in (
        (["h2", "http/1.1"], "http/1.1"),
        (["h2"], "h2"),
        (["grpc-exp", "h2"], "h2"),
    ):
        context = ssl.create_default_context(cadata=emulator.admin("GET", "")["ca"])
        context.set_alpn_protocols(offered)
        with _through(proxy, context, HOST) as connection:
            assert connection.selected_alpn_protocol() == chosen


def test_certificates_are_for_googles_names_alone(
    emulator: RunningEmulator, tmp_path: Path
) -> None:
    """The authority's certificate itself says what it is not good for."""
    file = tmp_path / "ca.pem"
    file.write_text(emulator.admin("GET", "")["ca"])
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    limits = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical
    permitted = [str(one.value) for one in limits.value.permitted_subtrees or ()]
    names = ["googleapis.com", "pkg.dev", "gcr.io", "accounts.google.com", "cloudfunctions.net"]
    assert permitted == names
    assert len(limits.value.excluded_subtrees or ()) == 2
    lasts = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert lasts.days <= 90


def test_a_foreign_authority_is_not_trusted(proxy: tuple[str, int]) -> None:
    """Nothing but the emulator's own certificate makes its answers pass for Google's."""
    with pytest.raises(ssl.SSLCertVerificationError):
        _through(proxy, ssl.create_default_context(), HOST)


def test_curl_works_through_it(emulator: RunningEmulator, tmp_path: Path) -> None:
    """``curl --proxy … --cacert …`` is all that a request by hand needs."""
    curl = shutil.which("curl")
    assert curl, "curl is not installed"
    authority = tmp_path / "ca.pem"
    authority.write_text(emulator.admin("GET", "")["ca"])
    options = ["--silent", "--proxy", str(emulator.about["proxy"]), "--cacert", str(authority)]
    header = f"Authorization: Bearer {emulator.token()}"
    url = f"https://{HOST}/v1/projects/{emulator.project}/locations"
    done = subprocess.run(
        [curl, *options, "--header", "@-", url],
        check=True,
        capture_output=True,
        text=True,
        input=header,
        env={},
        timeout=60,
    )
    assert json.loads(done.stdout)["locations"]


@pytest.mark.parametrize("target", ["/_emulator", "http://{own}/_emulator"])
def test_the_emulators_own_pages_are_not_behind_it(
    proxy: tuple[str, int], trust: ssl.SSLContext, emulator: RunningEmulator, target: str
) -> None:
    """Neither a Host header nor a whole address within a tunnel leads to ``/_emulator``."""
    own = emulator.http.removeprefix("http://")
    trust.set_alpn_protocols(["http/1.1"])
    with _through(proxy, trust, HOST) as connection:
        connection.sendall(f"GET {target.format(own=own)} HTTP/1.1\r\nHost: {own}\r\n\r\n".encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 403
    assert _asked(proxy, f"GET {emulator.http}/_emulator")[0] == 403


def test_large_bodies_pass_both_ways(
    proxy: tuple[str, int], trust: ssl.SSLContext, emulator: RunningEmulator
) -> None:
    """Bytes pass whole in both directions, also where one side takes them slowly."""
    size = 8 * 1024 * 1024
    trust.set_alpn_protocols(["http/1.1"])
    with _through(proxy, trust, HOST) as connection:
        body = json.dumps({"description": "x" * size}).encode()
        path = f"/v2/projects/{emulator.project}/locations/us-central1/services?serviceId=a"
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {emulator.token()}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        connection.sendall(head.encode() + body)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        told = json.loads(answer.read())
    assert answer.status == 400
    assert told["error"]["status"] == "INVALID_ARGUMENT"


def test_many_clients_at_once_are_served(proxy: tuple[str, int], emulator: RunningEmulator) -> None:
    """Thirty-two connections at once each get their own answer."""
    authority = emulator.admin("GET", "")["ca"]
    token, statuses = emulator.token(), []

    def ask(number: int) -> None:
        trust = ssl.create_default_context(cadata=authority)
        host = HOST if number % 2 else f"us-central1-{HOST}"
        with _through(proxy, trust, host) as connection:
            path = f"/v2/projects/{emulator.project}/locations/us-central1/services"
            line = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n"
            connection.sendall(f"{line}Authorization: Bearer {token}\r\n\r\n".encode())
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            statuses.append(answer.status)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert statuses == [200] * 32


def test_port_and_authority_outlive_a_kill(start_emulator: StartEmulator, tmp_path: Path) -> None:
    """With ``--data``, what was set up once is good for the next run; the key is its owner's."""
    arguments = ("--engine", "none", "--data", str(tmp_path / "data"))
    first = start_emulator(*arguments)
    before, authority = first.about["proxy"], first.admin("GET", "")["ca"]
    first.stop(9)
    second = start_emulator(*arguments)
    assert second.about["proxy"] == before
    assert second.admin("GET", "")["ca"] == authority
    kept = tmp_path / "data" / "proxy" / "authority.pem"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "PRIVATE KEY" in kept.read_text()
    second.stop()
    kept.write_text("damaged")
    third = start_emulator(*arguments)
    assert third.admin("GET", "")["ca"] != authority
    third.stop()
