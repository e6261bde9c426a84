"""The parts of a call: where it goes, what redirects make of it, and what is shown of it."""

from pathlib import Path
from typing import Any

import pytest

from provision.clients.targets import Resolved
from provision.errors import NotFoundError, ProvisionError, UsageError
from provision.invoke.addressing import is_address, way_by_address, way_to
from provision.invoke.hops import Hop
from provision.invoke.request_parts import parse_body, parse_headers, shown
from provision.resources import JobName, ServiceName
from provision.targets import Target, TargetKind

MAIN = "https://orders-123456789012.asia-east1.run.app"
HASHED = "https://orders-abc-de.a.run.app"
BLUE = "https://blue---orders-abc-de.a.run.app"
SECRETS = (
    ("Authorization", "Bearer a.b.c"),
    ("X-Serverless-Authorization", "Bearer a.b.c"),
    ("Cookie", "session=1"),
)


def resolved(kind: TargetKind = TargetKind.SERVICE, **fields: Any) -> Resolved:  # noqa: ANN401 - fields
    """A target that was looked up."""
    place = ("demo-project", "asia-east1", "orders")
    name = JobName(*place) if kind is TargetKind.JOB else ServiceName(*place)
    told: dict[str, Any] = {
        "target": Target(kind, name),
        "resource": name.name,
        "policies": None,
        "role": "roles/run.invoker",
        "permission": "run.routes.invoke",
        "takes_conditions": True,
        "live": {"trafficStatuses": [{"tag": "blue", "uri": BLUE}, {"percent": 100}]},
        "urls": (MAIN, HASHED),
    }
    return Resolved(**{**told, **fields})


def test_a_tag_is_asked_with_the_service_s_own_audience() -> None:
    """Its address is never one."""
    way = way_to(resolved(), "blue")
    assert (way.base, way.audience.value) == (BLUE, MAIN)


def test_a_custom_audience_goes_first_and_every_one_is_accepted() -> None:
    """Where one is set, it is what callers are told to use."""
    way = way_to(resolved(audiences=("orders",)))
    assert way.audience.value == "orders"
    assert way.accepted == (MAIN, HASHED, "orders")


def test_what_has_no_address_cannot_be_called() -> None:
    """A job is executed; a service may have its address off; a tag may not be there."""
    with pytest.raises(UsageError) as job:
        way_to(resolved(TargetKind.JOB, urls=()))
    assert "provision execute orders" in job.value.hint
    with pytest.raises(NotFoundError, match="its default address is off"):
        way_to(resolved(urls=(), live={"defaultUriDisabled": True}))
    with pytest.raises(UsageError, match="its tags are blue"):
        way_to(resolved(), "green")


@pytest.mark.parametrize(
    ("path", "whole"),
    [
        ("", MAIN),
        ("/", f"{MAIN}/"),
        ("/a//b/../c?x=%2F", f"{MAIN}/a//b/../c?x=%2F"),
        ("a", f"{MAIN}/a"),
        ("?a=b", f"{MAIN}?a=b"),
        ("//elsewhere.example/a", f"{MAIN}//elsewhere.example/a"),
        ("@elsewhere.example", f"{MAIN}/@elsewhere.example"),
        (f"{MAIN}/a", f"{MAIN}/a"),
    ],
)
def test_nothing_but_the_first_slash_is_added(path: str, whole: str) -> None:
    """And no path leads to another host."""
    assert way_to(resolved()).whole(path) == whole


@pytest.mark.parametrize(
    "url", ["https://elsewhere.example/", f"{MAIN}.elsewhere.example/", "http://[::1", BLUE]
)
def test_a_whole_address_is_the_target_s_own(url: str) -> None:
    """A token for one service is sent to no other."""
    with pytest.raises(UsageError):
        way_to(resolved()).whole(url)


def test_an_address_stands_for_a_target() -> None:
    """With the audience that it tells; not over a network without TLS, nor with a tag."""
    assert way_by_address(f"{BLUE}/").audience.value == HASHED
    assert is_address(MAIN)
    assert not is_address("https://run.googleapis.com/v2/projects/p/locations/r/services/s")
    for arguments in (("http://orders.example",), (f"{MAIN}/?a",), (MAIN, "blue")):
        with pytest.raises(UsageError):
            way_by_address(*arguments)


@pytest.mark.parametrize(
    ("location", "own"),
    [
        ("/b", True),
        ("b", True),
        (f"{MAIN}:443/b", True),
        (f"{MAIN.upper()}/b", True),
        (HASHED, False),
        (MAIN.replace("https", "http"), False),
        (f"{MAIN}:8443/", False),
        ("//elsewhere.example/", False),
        (f"{MAIN}@elsewhere.example/", False),
    ],
)
def test_credentials_stay_with_their_origin(location: str, own: bool) -> None:
    """All of them: the token, an Authorization of one's own, and cookies."""
    hop = Hop("GET", f"{MAIN}/a", (*SECRETS, ("Accept", "*/*")))
    if "@" in location:
        with pytest.raises(UsageError):
            hop.onward(302, location)
        return
    following = hop.onward(302, location)
    assert following.own is own
    assert following.headers == (hop.headers if own else (("Accept", "*/*"),))


def test_an_origin_that_was_left_gets_nothing_when_it_is_come_back_to() -> None:
    """Whoever stood between could have chosen where it leads."""
    hop = Hop("GET", f"{MAIN}/a", SECRETS).onward(302, HASHED).onward(302, f"{MAIN}/b")
    assert (hop.own, hop.headers) == (False, ())


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (302, "PUT", "PUT"),
        (303, "PUT", "GET"),
        (303, "HEAD", "HEAD"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
    ],
)
def test_redirects_keep_or_drop_the_body_with_the_method(
    tmp_path: Path, status: int, method: str, then: str
) -> None:
    """As RFC 9110 has it, and browsers do."""
    body = parse_body(["a=b"], "text/plain", (tmp_path / "x").open("w+b"))
    hop = Hop(method, MAIN, (("Content-Type", "text/plain"),), body).onward(status, "/b")
    assert hop.method == then
    assert (hop.body is body) is (then == method)


def test_bodies_are_joined_and_their_length_is_known(tmp_path: Path) -> None:
    """As curl joins them; a pipe's is not known, and it cannot be sent again."""
    (tmp_path / "file").write_bytes(b"b\n")
    with (tmp_path / "in").open("w+b") as stdin:
        stdin.write(b"in")
        stdin.seek(0)
        known = parse_body(["a", f"@{tmp_path}/file"], "text/plain", stdin)
        unknown = parse_body(["@-"], "text/plain", stdin)
        assert known is not None
        assert unknown is not None
        assert (b"".join(known.pieces()), known.length, known.again) == (b"a&b\n", 4, True)
        assert b"".join(known.pieces()) == b"a&b\n"
        assert (b"".join(unknown.pieces()), unknown.length, unknown.again) == (b"in", None, False)


def test_a_file_that_becomes_shorter_is_not_padded(tmp_path: Path) -> None:
    """Its length was announced already."""
    (tmp_path / "file").write_bytes(b"12345")
    body = parse_body([f"@{tmp_path}/file"], "text/plain", (tmp_path / "in").open("w+b"))
    (tmp_path / "file").write_bytes(b"123")
    assert body is not None
    with pytest.raises(ProvisionError, match="2 bytes shorter"):
        list(body.pieces())


def test_headers_are_read_as_curl_reads_them(tmp_path: Path) -> None:
    """With a value, empty, taken away, and from a file."""
    (tmp_path / "headers").write_text("X-One: 1\n\nX-Two: 2\n")
    headers, dropped = parse_headers(["A: b: c", "B;", "Accept:", f"@{tmp_path}/headers"])
    assert headers == (("A", "b: c"), ("B", ""), ("X-One", "1"), ("X-Two", "2"))
    assert dropped == {"accept"}


def test_what_may_be_secret_is_not_shown() -> None:
    """By the header's name; the scheme of an Authorization is none."""
    lines = list(shown((*SECRETS, ("X-Api-Key", "k"), ("Accept", "text/html"))))
    assert lines == [
        "Authorization: Bearer …",
        "X-Serverless-Authorization: Bearer …",
        "Cookie: …",
        "X-Api-Key: …",
        "Accept: text/html",
    ]
