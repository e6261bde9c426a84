"""What can be wrong with one call over HTTP. Pure.

https://cloud.google.com/workflows/docs/authenticate-from-workflow: an ID token (OIDC) for Cloud Run
and functions, an access token (OAuth2) for Google's APIs, and the audience is the root URL.
"""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from provision.errors import UsageError
from provision.tokens.audiences import for_address, origin, require_private_way
from provision.workflows.about import About, Callee, Unread
from provision.workflows.findings import Rule
from provision.workflows.outgoing import Auth, Request

_RUN = ".run.app"
_FUNCTIONS = ".cloudfunctions.net"
Found = tuple[Rule, str, str, str]
"""Rule, the argument that it is about, message and mend."""


def is_google(host: str) -> bool:
    """Whether a host is one of Cloud Run or of functions."""
    bare = host.partition(":")[0]
    return bare.endswith((_RUN, _FUNCTIONS))


def audience_of(call: Request) -> str:
    """The audience that a call names, where it is known whole; empty otherwise."""
    return call.audience.start if call.audience is not None and call.audience.whole else ""


def api(call: Request) -> Found:
    """A Google API that is given an ID token."""
    said = f"{call.host} is a Google API, which takes access tokens, and OIDC sends an ID token"
    return Rule.AUTH_OIDC, "type", said, "Write `type: OAuth2`; connectors do it by themselves."


def _oidc(call: Request) -> str:
    return f"`auth: {{type: OIDC, audience: {call.root or 'its root URL'}}}`"


def _by_hand(call: Request, _: Callee | Unread | None) -> Iterator[Found]:
    if call.auth is Auth.BY_HAND:
        said = "a token is put into a header by hand: it expires, and stands in logs"
        yield Rule.AUTH_BY_HAND, "url", said, f"Take the header out, and write {_oidc(call)}."


def _bare(call: Request, callee: Callee | Unread | None) -> Iterator[Found]:
    if call.auth is not Auth.NONE or (isinstance(callee, Callee) and callee.is_open):
        return
    name = callee.name if isinstance(callee, Callee) else call.root or call.host
    said = f"{name} is called without `auth`: a private one answers 403"
    yield Rule.AUTH_MISSING, "url", said, f"Write {_oidc(call)} beside the URL."


def _access_token(call: Request, _: Callee | Unread | None) -> Iterator[Found]:
    if call.auth is Auth.OAUTH2:
        said = "OAuth2 sends an access token, and services and functions take ID tokens only: 401"
        yield Rule.AUTH_OAUTH2, "type", said, f"Write {_oidc(call)}."


def _way(call: Request, _: Callee | Unread | None) -> Iterator[Found]:
    if call.auth not in (Auth.OIDC, Auth.OAUTH2):
        return
    try:
        require_private_way(origin(call.url.start))
    except UsageError:
        said = f"{call.host} is called by http://, where everybody on the way reads the token"
        yield (
            Rule.NOT_HTTPS,
            "url",
            said,
            "Write https://: Workflows sends tokens over nothing else.",
        )


def _audience(call: Request, callee: Callee | Unread | None) -> Iterator[Found]:
    accepted = _accepted(call, callee)
    if call.auth is not Auth.OIDC or not accepted:
        return
    own = call.root if call.root in accepted else accepted[0]
    mend = f"Write `audience: {own}`."
    if call.audience is None:
        if not (call.url.whole and call.url.start.partition("?")[0] in accepted):
            said = "without `audience` the token is for the whole URL, which is no audience: 401"
            yield Rule.AUDIENCE, "auth", said, mend
        return
    told = audience_of(call)
    if told and told not in accepted and _surely_wrong(told, callee):
        whose = callee.name if isinstance(callee, Callee) else "the target"
        said = f"the token is for {told}, and {whose} accepts {' and '.join(accepted)}: 401"
        yield Rule.AUDIENCE, "audience", said, mend


def _accepted(call: Request, callee: Callee | Unread | None) -> tuple[str, ...]:
    """The audiences that are accepted; none where only somebody else knows."""
    if isinstance(callee, Callee):
        return (*callee.roots, *callee.audiences)
    return (call.root,) if is_google(call.host) and call.root else ()


def _surely_wrong(told: str, callee: Callee | Unread | None) -> bool:
    """Whether an audience is wrong by itself; what is no URL may be a custom one."""
    if isinstance(callee, Callee):
        return True
    if "://" not in told:
        return False
    try:
        return is_google(urlsplit(told).netloc) or for_address(told).value != told
    except (UsageError, ValueError):
        return False


def _reserved(call: Request, _: Callee | Unread | None) -> Iterator[Found]:
    path = call.path
    if not call.host.partition(":")[0].endswith(_FUNCTIONS) and (
        path.startswith("/_ah/") or path.endswith("z")
    ):
        said = f"Google answers {path} by itself: paths under /_ah/, and (some) that end in z"
        yield Rule.RESERVED_PATH, "url", said, "Serve it under another path, as /health."


def shut(call: Request, callee: Callee, about: About) -> Iterator[Found]:
    """What keeps a call from reaching a service, whoever calls."""
    own = callee.serves(call.url.start, call.root)
    if callee.is_off and own:
        said = f"the default address of {callee.name} is off: 404"
        yield Rule.ADDRESS_OFF, "url", said, "Turn it on: nothing else counts as from inside."
        return
    if not callee.is_internal:
        return
    if not own:
        if callee.is_balanced:
            return
        said = (
            f"{call.host} leads to {callee.name}, whose ingress is internal, and only its run.app"
            " address counts as from inside: 404"
        )
        right = callee.roots[0] if callee.roots else "its run.app address"
        yield Rule.CUSTOM_DOMAIN, "url", said, f"Call {right} instead."
    elif about.project and callee.project and callee.project != about.project:
        said = (
            f"{callee.name} is in {callee.project} and its ingress is internal, which is closed to"
            f" workflows of {about.project} unless one perimeter is around both: 404"
        )
        mend = "Run the workflow in the service's project, or open the ingress."
        yield Rule.ANOTHER_PROJECT, "url", said, mend


CALL_RULES: tuple[Callable[[Request, Callee | Unread | None], Iterator[Found]], ...] = (
    _by_hand,
    _bare,
    _access_token,
    _way,
    _audience,
    _reserved,
)
"""The rules for which a call's own words are enough, and better with what is known."""
