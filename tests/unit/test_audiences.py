"""Which audience opens an address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provision.errors import UsageError
from provision.tokens.audiences import (
    as_given,
    by_default,
    for_address,
    origin,
    require_private_way,
)

URL = "https://orders-123456789012.asia-east1.run.app"
HASH = "https://orders-abcdefghij-de.a.run.app"


@pytest.mark.parametrize(
    ("address", "audience"),
    [
        (URL, URL),
        (f"{URL}/", URL),
        (f"{URL}:443/reports?x=1#y", URL),
        ("HTTPS://Orders-123456789012.Asia-East1.Run.App/", URL),
        ("https://next---orders-123456789012.asia-east1.run.app/reports", URL),
        ("https://next---orders-abcdefghij-de.a.run.app", HASH),
        ("https://a---b.example.com", "https://a---b.example.com"),
        (
            "https://asia-east1-acme.cloudfunctions.net/Resize/x?y",
            "https://asia-east1-acme.cloudfunctions.net/Resize",
        ),
        (
            "https://asia-east1-acme.cloudfunctions.net",
            "https://asia-east1-acme.cloudfunctions.net",
        ),
        ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/x", "http://[::1]:8080"),
    ],
)
def test_address_tells_its_audience(address: str, audience: str) -> None:
    """Origin alone, the service's and not a tag's; with the name of a function."""
    assert for_address(address).value == audience
    assert bool(for_address(address).note) == ("next---" in address)


@given(
    st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True).filter(
        lambda name: "---" not in name
    ),
    st.from_regex(r"(/[a-z0-9/]*)?(\?[a-z=&]*)?", fullmatch=True),
)
def test_no_path_and_no_tag_changes_the_audience(tag: str, rest: str) -> None:
    """Whatever is asked for, under whatever tag, the audience is the service's."""
    assert for_address(f"https://{tag}---{URL.removeprefix('https://')}{rest}").value == URL
    assert for_address(URL + rest).value == URL


@pytest.mark.parametrize(
    "text",
    [
        "",
        "orders",
        "//orders",
        "ftp://orders",
        "https://",
        "https://[",
        "https://a:b",
        "https://a@b",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """Also what carries a password."""
    with pytest.raises(UsageError):
        origin(text)


def test_custom_audience_goes_before_the_address() -> None:
    """What was taken is told, and what else is accepted."""
    chosen = by_default([URL, HASH], ["orders", "other"])
    assert chosen.value == "orders"
    assert URL in chosen.note
    assert by_default([f"{URL}/"], []).value == URL
    with pytest.raises(UsageError):
        by_default([], [])


def test_given_audience_that_is_accepted_is_left_alone() -> None:
    """Either form of the address, a custom one, or a function's own address."""
    function = "https://asia-east1-acme.cloudfunctions.net/resize"
    for text, urls in ((URL, [URL, HASH]), (HASH, [URL, HASH]), (function, [function])):
        assert as_given(text, urls).value == text
        assert not as_given(text, urls).note
    assert not as_given("https://orders.example.com/", [URL], ["https://orders.example.com/"]).note


def test_given_audience_is_put_right_where_it_never_could_be_accepted() -> None:
    """A slash, a path or a tag at Cloud Run's own hosts is taken off, and told."""
    for text in (f"{URL}/", f"{URL}/reports", URL.replace("//", "//next---")):
        right = as_given(text, [URL, HASH])
        assert right.value == URL
        assert right.note
        assert as_given(text).value == URL


def test_given_audience_that_is_not_accepted_is_warned_about() -> None:
    """The choice stays the user's; a 401 is foretold."""
    right = as_given("orders", [URL], ["other"])
    assert right.value == "orders"
    assert "401" in right.note
    elsewhere = as_given("https://example.com/")
    assert elsewhere.value == "https://example.com/"
    assert "compared exactly" in elsewhere.note
    assert not as_given("https://example.com").note


@pytest.mark.parametrize(
    ("url", "private"),
    [
        (URL, True),
        ("http://localhost:1", True),
        ("http://127.1.2.3", True),
        ("http://[::1]/", True),
        ("http://10.0.0.1", False),
        ("http://localhost.example.com", False),
        ("http://orders.run.app", False),
        ("http://0.0.0.0", False),
    ],
)
def test_tokens_go_over_tls_or_not_at_all(url: str, private: bool) -> None:
    """Only this machine's own addresses may do without."""
    try:
        require_private_way(url)
    except UsageError:
        assert not private
    else:
        assert private
