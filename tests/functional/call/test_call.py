"""`provision call`: what goes out, what comes back, and how it ends."""

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.functional.call.conftest import Shop
    from tests.functional.conftest import Result

pytestmark = pytest.mark.engine

SIGNED_OFF = "SIGNATURE_REMOVED_BY_GOOGLE"


def arrived(done: "Result") -> dict[str, Any]:
    """What the application says it got."""
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def header(told: dict[str, Any], name: str) -> list[str]:
    """Every value of a header, as the application got it."""
    return [value for key, value in told["headers"] if key == name]


def test_path_and_query_arrive_as_they_were_written(shop: "Shop") -> None:
    """Nothing is added, squashed or decoded."""
    assert arrived(shop.call("/a//b/../c?x=1&y=%2F;z"))["path"] == "/a//b/../c?x=1&y=%2F;z"
    assert arrived(shop.call("orders"))["path"] == "/orders"
    assert arrived(shop.call("?q=1"))["path"] == "/?q=1"


def test_the_token_makes_room_for_an_authorization_of_ones_own(shop: "Shop") -> None:
    """Authorization by default, X-Serverless-Authorization beside the caller's own."""
    alone = arrived(shop.call("/"))
    assert header(alone, "authorization")[0].endswith(SIGNED_OFF)
    beside = arrived(shop.call("/", "-H", "authorization: Basic bXk6b3du"))
    assert header(beside, "authorization") == ["Basic bXk6b3du"]
    assert header(beside, "x-serverless-authorization")[0].endswith(SIGNED_OFF)


def test_a_body_is_posted_as_curl_posts_it(shop: "Shop", tmp_path: "Path") -> None:
    """Several are joined, files are sent byte for byte, JSON is declared as such."""
    form = arrived(shop.call("/", "-d", "a=1", "-d", "b=2"))
    assert (form["method"], form["body"]) == ("POST", "a=1&b=2")
    assert header(form, "content-type") == ["application/x-www-form-urlencoded"]
    (tmp_path / "lines").write_bytes(b"one\r\ntwo\n")
    sent = arrived(shop.call("/", "-X", "PUT", "-d", f"@{tmp_path}/lines", "-H", "Content-Type:"))
    assert (sent["method"], sent["body"]) == ("PUT", "one\r\ntwo\n")
    assert header(sent, "content-type") == []
    told = arrived(shop.call("/", "--data-json", '{"a": 1}'))
    assert header(told, "content-type") == header(told, "accept") == ["application/json"]


def start(shop: "Shop", *words: str) -> "subprocess.Popen[bytes]":
    """Start a call whose streams are ours."""
    return subprocess.Popen(
        [sys.executable, "-m", "provision", "call", "orders", *words],
        cwd=shop.project.path,
        env=shop.project.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_an_answer_is_shown_while_it_comes(shop: "Shop") -> None:
    """The first event is there before the second one is allowed to be sent."""
    shop.call("/hold")
    with start(shop, "/held") as running:
        assert running.stdout is not None
        assert os.read(running.stdout.fileno(), 100) == b"data: first\n\n"
        assert shop.call("/release").out == "released"
        assert running.stdout.read() == b"data: second\n\n"
    assert running.returncode == 0


def test_a_body_is_sent_while_it_is_written(shop: "Shop") -> None:
    """The application has the first piece while stdin is still open."""
    with start(shop, "/upload", "-d", "@-") as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(b"first")
        running.stdin.flush()
        while shop.call("/received").out != "first":
            assert running.poll() is None
        running.stdin.write(b" second")
        running.stdin.close()
        assert running.stdout.read() == b"12"


def test_ctrl_c_ends_a_call_and_says_so(shop: "Shop") -> None:
    """130, and no traceback."""
    with start(shop, "/never", "-v") as running:
        assert running.stderr is not None
        while b"Host:" not in running.stderr.readline():
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=60)
    assert running.returncode == 130
    assert b"Interrupted" in told
    assert b"Traceback" not in told


def test_whoever_stops_reading_is_left_in_peace(shop: "Shop") -> None:
    """As in `provision call … | head`: no traceback, and not 0."""
    shop.call("/hold")
    with start(shop, "/held") as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert shop.call("/release").code == 0
        assert running.stderr.read() == b""
    assert running.returncode == 141


def test_a_call_has_the_time_that_it_is_given(shop: "Shop") -> None:
    """1, with the way to allow more."""
    done = shop.call("/never", "--max-time", "1s")
    assert done.code == 1
    assert "not done within 1 s" in done.err
    assert "--max-time" in done.err


def test_an_answer_that_breaks_off_is_a_failure(shop: "Shop") -> None:
    """What came is shown, and the exit code tells that it is not all."""
    done = shop.call("/cut")
    assert (done.code, done.out) == (1, "half")
    assert "broke off" in done.err


def test_redirects_are_followed_on_request_only(shop: "Shop") -> None:
    """The token stays with the service's origin."""
    left = shop.call("/to/302//orders")
    assert (left.code, left.out) == (0, "")
    assert "-L follows it" in left.err
    told = arrived(shop.call("-L", "/to/302//orders", "-d", "a=1"))
    assert (told["method"], told["body"]) == ("GET", "")
    assert header(told, "authorization")[0].endswith(SIGNED_OFF)
    again = arrived(shop.call("-L", "/to/307//orders", "-d", "a=1"))
    assert (again["method"], again["body"]) == ("POST", "a=1")


def test_no_credential_leaves_the_origin(shop: "Shop") -> None:
    """The same service at its other address is another origin: it refuses for want of a token."""
    other = shop.url.replace("127.0.0.1", "localhost")
    done = shop.call(
        "-L", f"/to/302/{other}/orders", "--json", "-H", "Authorization: Basic bXk6b3du"
    )
    assert done.document["status"] == 403
    assert done.document["request"]["header"] is None
    assert "another origin: no Authorization and no token went along" in " ".join(done.err.split())
    assert done.document["redirects"]


def test_a_named_pipe_is_opened_once(shop: "Shop", tmp_path: "Path") -> None:
    """Whoever writes into it would be told otherwise that nobody reads."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with start(shop, "/orders", "-d", f"@{pipe}") as running:
        pipe.write_bytes(b"through a pipe")
        told, _ = running.communicate(timeout=60)
    assert json.loads(told)["body"] == "through a pipe"


def test_a_pipe_cannot_be_sent_twice(shop: "Shop") -> None:
    """A 307 wants the body again, which is gone; said, not sent empty."""
    with start(shop, "-L", "/to/307//orders", "-d", "@-") as running:
        _, told = running.communicate(b"once", timeout=60)
    assert running.returncode == 1
    assert b"came from a pipe and is gone" in told


def test_json_tells_everything_but_the_token(shop: "Shop", tmp_path: "Path") -> None:
    """Status, headers, body; bytes that are no text in base64; or where they were saved."""
    done = shop.call("/binary", "--json").document
    assert (done["status"], done["body"], done["bytes"]) == (200, None, 256)
    assert done["body_base64"]
    assert done["request"]["as"] == "user:developer@example.com"
    saved = shop.call("/binary", "--json", "-o", str(tmp_path / "body")).document
    assert (tmp_path / "body").read_bytes() == bytes(range(256))
    assert (saved["saved_to"], saved["body_base64"]) == (str(tmp_path / "body"), None)


def test_headers_are_shown_without_what_is_secret(shop: "Shop") -> None:
    """-v tells what goes out, and no token of ours or secret of the caller's."""
    done = shop.call("/?key=hunter2", "-v", "-i", "-H", "X-Api-Key: hunter2", "-H", "Cookie: h=2")
    assert "> X-Api-Key: …" in done.err
    assert "> Authorization: Bearer …" in done.err
    assert "hunter2" not in done.err
    assert "eyJ" not in done.err
    assert done.out.startswith("HTTP/1.1 200 OK\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-H", "hunter2"], "no colon"),
        (["-H", "Bad Name: hunter2"], "no name"),
        (["-H", "Host: elsewhere.example"], "follows from the request itself"),
        (["-H", "X: a\nb"], "line break"),
        (["-d", "@/nowhere"], "No such file"),
        (["-d", "a", "--data-json", "{}"], "two bodies"),
        (["https://elsewhere.example/"], "is not service orders"),
        (["--tag", "blue"], "no traffic tag 'blue'"),
        (["-X", "GET / HTTP/1.1\r\nX: y"], "is no method"),
    ],
)
def test_what_cannot_be_sent_is_refused_before(shop: "Shop", words: list[str], said: str) -> None:
    """2, with what was wrong and never the value of a header."""
    done = shop.call(*words)
    assert done.code == 2
    assert said in done.err
    assert "hunter2" not in done.err


def test_an_address_is_enough_for_whoever_may_not_look_it_up(shop: "Shop") -> None:
    """Nothing is asked of Cloud Run but the call itself."""
    url = shop.url
    shop.project.forget_requests()
    done = shop.project.run("call", url, "/orders")
    assert arrived(done)["path"] == "/orders"
    assert not [one for one in shop.cloud.requests() if "run.v2" in one["method"]]
