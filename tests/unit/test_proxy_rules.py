"""What the local door lets through and changes, by tables."""

import io

import pytest

from provision.errors import UsageError
from provision.invoke.proxy.bodies import Body, FramingError
from provision.invoke.proxy.cookies import at_home
from provision.invoke.proxy.rules import Change, malformed, refusal

BASE = "https://orders-123456789012.asia-east1.run.app"
OTHER = "https://orders-abc-de.a.run.app"
HOST = "localhost:8080"
CHANGE = Change(BASE, (BASE, OTHER))


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": HOST},
        {"Host": "127.0.0.1:8080"},
        {"Host": "[::1]:8080"},
        {"Host": "orders.localhost:8080"},
        {"Host": HOST, "Origin": "http://localhost:8080"},
        {"Host": HOST, "Sec-Fetch-Site": "same-origin"},
        {"Host": HOST, "Sec-Fetch-Site": "none"},
        {"Host": HOST, "Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {
            "Host": HOST,
            "Sec-Fetch-Site": "cross-site",
            "Sec-Fetch-Mode": "navigate",
            "Sec-Fetch-Dest": "document",
        },
    ],
)
def test_a_browser_s_own_requests_are_passed_on(headers: dict[str, str]) -> None:
    """And links from elsewhere, into a tab of their own."""
    lowered = tuple((name.lower() if "Sec" in name else name, v) for name, v in headers.items())
    assert refusal("GET", lowered) is None


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {}),
        ("GET", {"Host": "evil.example:8080"}),
        ("GET", {"Host": "localhost.evil.example"}),
        ("GET", {"Host": "192.168.1.5:8080"}),
        ("GET", {"Host": "[::1"}),
        ("GET", {"Host": "evil.example@localhost:8080"}),
        ("GET", {"Host": "localhost/evil.example"}),
        ("GET", {"Host": "0.0.0.0:8080"}),
        ("GET", {"Host": HOST, "Origin": "http://evil.example"}),
        ("GET", {"Host": HOST, "Origin": "null"}),
        ("POST", {"Host": HOST, "Origin": "null", "sec-fetch-site": "cross-site"}),
        ("POST", {"Host": HOST, "Origin": "http://localhost:3000"}),
        ("POST", {"Host": HOST, "sec-fetch-site": "same-site"}),
        ("GET", {"Host": HOST, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}),
        (
            "POST",
            {
                "Host": HOST,
                "sec-fetch-site": "cross-site",
                "sec-fetch-mode": "navigate",
                "sec-fetch-dest": "document",
            },
        ),
        (
            "GET",
            {
                "Host": HOST,
                "sec-fetch-site": "cross-site",
                "sec-fetch-mode": "navigate",
                "sec-fetch-dest": "iframe",
            },
        ),
        ("TRACE", {"Host": HOST}),
        ("CONNECT", {"Host": HOST}),
    ],
)
def test_other_pages_and_names_are_refused(method: str, headers: dict[str, str]) -> None:
    """Whoever reaches the door calls as its owner."""
    assert refusal(method, tuple(headers.items())) is not None


@pytest.mark.parametrize(
    "raw",
    ["@evil.example/", ".evil.example/", ":8443/", "*", "a", "http:@evil.example/", "http://[/"],
)
def test_nothing_but_a_path_is_put_behind_the_address(raw: str) -> None:
    """The token would go to another host otherwise."""
    assert malformed(raw, (("Host", HOST),)) is not None
    with pytest.raises(UsageError):
        CHANGE.target(raw)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/a?b", "/a?b"),
        ("//evil.example/", "//evil.example/"),
        ("http://localhost:8080/a?b", "/a?b"),
        ("http://localhost:8080@evil.example", "/"),
    ],
)
def test_a_path_goes_to_the_service_whatever_is_before_it(raw: str, path: str) -> None:
    """As proxies write a request, too."""
    assert malformed(raw, (("Host", HOST),)) is None
    assert CHANGE.target(raw) == BASE + path


@pytest.mark.parametrize("name", ["Host", "Origin", "Sec-Fetch-Site"])
def test_what_is_decided_by_stands_once(name: str) -> None:
    """Whichever of two were looked at, somebody might look at the other one."""
    headers = (("Host", HOST), (name, HOST), (name.lower(), "evil.example"))
    assert malformed("/", headers) is not None


def test_the_service_is_asked_as_if_directly() -> None:
    """Its own origin, the browser's Authorization and cookies, and our token alone."""
    sent = CHANGE.outward(
        (
            ("Host", HOST),
            ("Origin", f"http://{HOST}"),
            ("Referer", f"http://{HOST}/a"),
            ("Authorization", "Basic own"),
            ("X-Serverless-Authorization", "Bearer smuggled"),
            ("Cookie", "a=b"),
            ("Connection", "keep-alive, X-Hop"),
            ("X-Hop", "1"),
            ("Content-Length", "3"),
        ),
        HOST,
        "ours",
    )
    assert sent == (
        ("Origin", BASE),
        ("Referer", f"{BASE}/a"),
        ("Authorization", "Basic own"),
        ("Cookie", "a=b"),
        ("X-Serverless-Authorization", "Bearer ours"),
    )


def test_a_first_generation_function_takes_the_token_in_authorization() -> None:
    """It knows the other header only beside one of the caller's own."""
    sent = Change(BASE, first_generation=True).outward((("Host", HOST),), HOST, "ours")
    assert sent == (("Authorization", "Bearer ours"),)


@pytest.mark.parametrize(
    ("location", "home"),
    [
        (f"{BASE}/a?b=c", f"http://{HOST}/a?b=c"),
        (BASE.replace("https", "http") + "/a", f"http://{HOST}/a"),
        (f"{OTHER}/a", f"http://{HOST}/a"),
        ("/a", "/a"),
        ("a?next=https://elsewhere.example", "a?next=https://elsewhere.example"),
        ("https://elsewhere.example/a", "https://elsewhere.example/a"),
        (f"{BASE}.elsewhere.example/", f"{BASE}.elsewhere.example/"),
        ("https://[::1", "https://[::1"),
        (f"{BASE}?a", f"http://{HOST}/?a"),
        (BASE.removeprefix("https:") + "/a", f"http://{HOST}/a"),
        ("//elsewhere.example/a", "//elsewhere.example/a"),
    ],
)
def test_redirects_within_the_service_stay_here(location: str, home: str) -> None:
    """By any of its addresses; others are left as they are."""
    assert CHANGE.homeward((("Location", location),), HOST) == (("Location", home),)


@pytest.mark.parametrize(
    ("location", "home"),
    [
        ("/resize/a", "/a"),
        ("/resize", "/"),
        ("/resize?a", "/?a"),
        ("/resizer/a", "/resizer/a"),
        ("https://fns.example/resize/a", f"http://{HOST}/a"),
        ("https://fns.example/other/a", "https://fns.example/other/a"),
    ],
)
def test_redirects_of_a_function_stay_below_its_name(location: str, home: str) -> None:
    """Another function at the same host is another one."""
    change = Change("https://fns.example/resize", first_generation=True)
    assert change.homeward((("Location", location),), HOST) == (("Location", home),)


@pytest.mark.parametrize(
    ("cookie", "home"),
    [
        ("a=b; Path=/; Secure; HttpOnly", "a=b; Path=/; HttpOnly"),
        ("a=b; Domain=run.app; SameSite=None; Secure", "a=b; SameSite=Lax"),
        ("a=b; SameSite=Strict", "a=b; SameSite=Strict"),
        ("__Host-a=b; Secure; Path=/", "__Host-a=b; Secure; Path=/"),
    ],
)
def test_cookies_are_taken_by_a_browser_without_tls(cookie: str, home: str) -> None:
    """Domain and Secure go, unless the name demands the latter."""
    assert at_home(cookie) == home


@pytest.mark.parametrize(
    ("content", "headers", "body"),
    [
        (b"abcdef", {"Content-Length": "3"}, b"abc"),
        (
            b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: r\r\n\r\nnext",
            {"Transfer-Encoding": "chunked"},
            b"abcde",
        ),
        (b"next", {}, b""),
    ],
)
def test_a_body_ends_where_its_framing_says(
    content: bytes, headers: dict[str, str], body: bytes
) -> None:
    """The next request on the connection is left alone."""
    found = Body(io.BytesIO(content), tuple(headers.items()))
    assert b"".join(found.pieces()) == body
    assert found.at_end


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b"", (("Content-Length", "3"), ("Transfer-Encoding", "chunked"))),
        (b"", (("Content-Length", "3"), ("Content-Length", "4"))),
        (b"", (("Content-Length", "+3"),)),
        (b"", (("Transfer-Encoding", "gzip"),)),
        (b"ab", (("Content-Length", "3"),)),
        (b"-3\r\nabc", (("Transfer-Encoding", "chunked"),)),
        (b"0x3\r\nabc\r\n0\r\n\r\n", (("Transfer-Encoding", "chunked"),)),
        (b"3\r\nab", (("Transfer-Encoding", "chunked"),)),
    ],
)
def test_a_body_whose_end_is_unclear_is_refused(
    content: bytes, headers: tuple[tuple[str, str], ...]
) -> None:
    """Two readings of one request would let one smuggle another."""
    with pytest.raises(FramingError):
        list(Body(io.BytesIO(content), headers).pieces())
