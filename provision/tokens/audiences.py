"""Which audience an ID token needs to open an address. Pure.

Cloud Run compares ``aud`` exactly: with the service's own URLs, without a path or a slash at the
end, and with its custom audiences. The address of a traffic tag is none of them.
https://cloud.google.com/run/docs/authenticating/service-to-service
https://cloud.google.com/run/docs/configuring/custom-audiences
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from provision.errors import UsageError

GCLOUD_CLIENT_ID = "32555940559.apps.googleusercontent.com"
"""The audience of ID tokens that gcloud gets for its user."""
ADC_CLIENT_ID = "764086051850-6qr4p6gpi6hn506pt8ejuq83di341hur.apps.googleusercontent.com"
"""The audience of ID tokens from a user's Application Default Credentials."""

_DEFAULT_PORTS = {"https": 443, "http": 80}
_TAG_ENDS = "---"
_RUN = ".run.app"
_FUNCTIONS = ".cloudfunctions.net"


@dataclass(frozen=True)
class Audience:
    """An audience, and what is to be said about it.

    Args:
        value: what ``aud`` is to be.
        note: what was corrected or chosen, or what will not work; empty when there is nothing.
    """

    value: str
    note: str = ""


def origin(url: str) -> str:
    """Scheme, host and port of `url` as they are compared: lower case, no default port, no slash.

    Raises:
        UsageError: it is no http or https address.
    """
    parts = _split(url)
    host = (parts.hostname or "").lower()
    shown = f"[{host}]" if ":" in host else host
    port = parts.port
    named = f":{port}" if port and port != _DEFAULT_PORTS[parts.scheme] else ""
    return f"{parts.scheme}://{shown}{named}"


def require_private_way(url: str) -> None:
    """Refuse to send a token where others could read it.

    Raises:
        UsageError: the address is neither https nor on this machine.
    """
    parts = _split(url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise UsageError(
            f"{origin(url)} is not https: a token would cross the network for everybody to read.",
            hint="Cloud Run answers on https:// at the same host; http:// is for this machine's"
            " own addresses only.",
        )


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine's own, whatever a resolver says."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def for_address(url: str) -> Audience:
    """The audience that opens `url`, by the address alone.

    A tag's address becomes its service's. A function's address at cloudfunctions.net is its
    audience up to the function's name.

    Raises:
        UsageError: it is no http or https address.
    """
    parts, start = _split(url), origin(url)
    host = (parts.hostname or "").lower()
    if host.endswith(_FUNCTIONS):
        name = parts.path.lstrip("/").partition("/")[0]
        return Audience(f"{start}/{name}" if name else start)
    tag, ends, rest = host.partition(_TAG_ENDS)
    if host.endswith(_RUN) and ends and tag and rest:
        return Audience(
            start.replace(f"//{tag}{_TAG_ENDS}", "//", 1),
            f"{host} is the address of traffic tag {tag!r}, which is never an audience:"
            " the service's own URL was taken.",
        )
    return Audience(start)


def by_default(urls: Sequence[str], custom: Sequence[str]) -> Audience:
    """The audience for a service: its first custom audience, else its first URL.

    Args:
        urls: addresses of the service, the main one first; never a tag's.
        custom: its custom audiences.

    Raises:
        UsageError: it has neither.
    """
    if custom:
        besides = f"; its own URL {plain(urls[0])} is accepted as well" if urls else ""
        return Audience(custom[0], f"{custom[0]} is a custom audience of the service{besides}.")
    if not urls:
        raise UsageError(
            "The service has no address and no custom audience, so no token can be for it.",
            hint="Its default address may be off: name an --audience that it accepts.",
        )
    return Audience(plain(urls[0]))


def plain(url: str) -> str:
    """A service's own URL, as Google told it, in the form in which it is an audience."""
    return url.rstrip("/")


def as_given(text: str, urls: Sequence[str] = (), custom: Sequence[str] = ()) -> Audience:
    """The audience that somebody asked for, put right where it could never be accepted.

    Args:
        text: what was given.
        urls: addresses of the service it is for, where that is known.
        custom: its custom audiences.

    Raises:
        UsageError: it is empty.
    """
    given = text.strip()
    if not given:
        raise UsageError("The audience is empty.", hint="It is the service's URL, as a rule.")
    accepted = (*map(plain, urls), *custom)
    if given in accepted:
        return Audience(given)
    right = _put_right(given)
    if right.value in accepted or not accepted:
        return right
    told = f"{right.value} is none of the audiences that this target accepts: {', '.join(accepted)}"
    return Audience(right.value, " ".join(filter(None, (right.note, f"{told}. Expect a 401."))))


def _put_right(given: str) -> Audience:
    """The URL of a service from one of its addresses; anything else as it is, with a warning."""
    if "://" not in given:
        return Audience(given)
    right = for_address(given)
    if right.value == given or right.note:
        return right
    if (urlsplit(given).hostname or "").lower().endswith((_RUN, _FUNCTIONS)):
        return Audience(
            right.value,
            f"{given} is not how Cloud Run compares audiences: {right.value} was taken, exactly"
            " and without what follows.",
        )
    return Audience(
        given, f"Audiences are compared exactly, so {given} is another one than {right.value}."
    )


def _split(url: str) -> SplitResult:
    problem = UsageError(
        f"{url!r} is no address.", hint="Write it whole, as in https://orders-abc-uc.a.run.app."
    )
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError for what is no port
    except ValueError:
        raise problem from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise problem
    if parts.username or parts.password is not None:
        raise UsageError(
            "The address carries a user name or a password.",
            hint="Leave them out: the token says who calls.",
        )
    return parts
