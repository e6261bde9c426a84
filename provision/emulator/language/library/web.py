"""``http``: what is sent, what is made of the answer, redirects.

Source: https://cloud.google.com/workflows/docs/reference/stdlib/http/request and
https://cloud.google.com/workflows/docs/http-requests. Assumed: how redirects are followed (as Go's
client does), that what is no JSON is a string where it is UTF-8 and bytes elsewhere, and that two
headers of one name are joined by a comma.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from provision.emulator.language.faults import fault, limit_fault, type_fault, value_fault
from provision.emulator.language.library.encodings import encode_json
from provision.emulator.language.library.signature import Entry, number, text, waiting, wrong_type
from provision.emulator.language.surroundings import (
    HttpRequest,
    HttpResponse,
    OAuth2,
    Oidc,
    Surroundings,
)
from provision.emulator.language.values import Value, decoded, measure

AGENT: Final = "GoogleCloudWorkflows; (+https://cloud.google.com/workflows/docs)"
"""What is added to every request's User-Agent."""
_TIMEOUT: Final = 300.0
_LONGEST_TIMEOUT: Final = 1800.0
_LARGEST_ANSWER: Final = 2 * 1024 * 1024
_MOST_REDIRECTS: Final = 10
_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
_REPEATED: Final = frozenset((307, 308))
_FIRST_ERROR: Final = 400
_DEEPEST: Final = 100
_METHODS: Final = frozenset(
    ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
)
_FORM: Final = "application/x-www-form-urlencoded"


async def _request(around: Surroundings, *given: Value) -> Value:
    """``http.request``, with its arguments in the order of the reference."""
    method, url, timeout, body, headers, query, auth = given
    named = text(method, "http.request").upper()
    if named not in _METHODS:
        raise value_fault(f"unknown HTTP method {named[:50]}")
    sent = _headers(headers)
    packed = _body(body, sent)
    request = HttpRequest(
        named,
        _url(url, query),
        tuple(sent.items()),
        packed,
        _auth(auth),
        _seconds(timeout),
    )
    return _answer(await _followed(around, request))


async def _shortcut(method: str, around: Surroundings, *given: Value) -> Value:
    """``http.post`` and its like: a request whose method is known."""
    return await _request(around, method, *given)


async def _bare(method: str, around: Surroundings, *given: Value) -> Value:
    """``http.get``: the same without a body."""
    url, timeout, *rest = given
    return await _request(around, method, url, timeout, None, *rest)


def _url(url: Value, query: Value) -> str:
    given = text(url, "http.request")
    parts = urlsplit(_parsable(given))
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise value_fault(f"'{given[:200]}' is no URL of http or https")
    if query is None:
        return given
    if not isinstance(query, dict):
        raise wrong_type("http.request", query, "map")
    pairs = [(key, _spelled(one)) for key, value in query.items() for one in _listed(value)]
    joined = "&".join(filter(None, (parts.query, urlencode(pairs))))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, joined, parts.fragment))


def _parsable(url: str) -> str:
    """The same. Raises `Raised` where it is no URL at all."""
    try:
        urlsplit(url).port  # noqa: B018 - looking at it is the check
    except ValueError as error:
        raise value_fault(f"'{url[:200]}' is no URL") from error
    return url


def _listed(value: Value) -> list[Value]:
    return value if isinstance(value, list) else [value]


def _spelled(value: Value) -> str:
    """A value as it stands in a query."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, list | dict | bytes):
        raise wrong_type("http.request", value, "string, number, or boolean in query")
    return encode_json(value)


def _headers(given: Value) -> dict[str, str]:
    if given is None:
        given = {}
    if not isinstance(given, dict):
        raise wrong_type("http.request", given, "map")
    sent = {name: _header(name, value) for name, value in given.items()}
    agent = next((name for name in sent if name.lower() == "user-agent"), None)
    own = f"{sent.pop(agent)} {AGENT}" if agent else AGENT
    return {**sent, "User-Agent": own}


def _header(name: str, value: Value) -> str:
    shown = value if isinstance(value, str) else _spelled(value)
    if not name.isascii() or any(sign in f"{name}{shown}" for sign in "\r\n\0"):
        raise value_fault(f"'{name[:50]}' is no header that can be sent")
    return shown


def _body(body: Value, headers: dict[str, str]) -> bytes | None:
    """What is sent; tells its type where the caller did not."""
    if body is None:
        return None
    kind = next((headers[name] for name in headers if name.lower() == "content-type"), None)
    if isinstance(body, bytes):
        headers.update({} if kind else {"Content-Type": "application/octet-stream"})
        return body
    if kind is None:
        headers["Content-Type"] = "application/json; charset=utf-8"
        return encode_json(body).encode()
    return _typed(body, kind.partition(";")[0].strip().lower())


def _typed(body: Value, media: str) -> bytes:
    if isinstance(body, str) and not _is_json(media):
        return body.encode("utf-8", "replace")
    if media == _FORM and isinstance(body, dict):
        pairs = [(key, _spelled(one)) for key, value in body.items() for one in _listed(value)]
        return urlencode(pairs).encode()
    if isinstance(body, str | dict | list) or _is_json(media):
        return encode_json(body).encode()
    return _spelled(body).encode()


def _is_json(media: str) -> bool:
    return media == "application/json" or media.endswith("+json")


def _auth(given: Value) -> Oidc | OAuth2 | None:
    if given is None:
        return None
    if not isinstance(given, dict):
        raise wrong_type("http.request", given, "map")
    unknown = given.keys() - {"type", "audience", "scope", "scopes"}
    if unknown:
        raise value_fault(f"unknown key in auth: {min(unknown)[:50]}")
    if given.get("type") == "OIDC":
        audience = given.get("audience")
        return Oidc(None if audience is None else text(audience, "http.request"))
    if given.get("type") == "OAuth2":
        return OAuth2(_scopes(given))
    raise value_fault("auth.type must be OIDC or OAuth2")


def _scopes(given: Mapping[str, Value]) -> tuple[str, ...]:
    found: list[str] = []
    for key in ("scope", "scopes"):
        value = given.get(key)
        listed = value if isinstance(value, list) else [] if value is None else [value]
        for one in listed:
            found.extend(text(one, "http.request").replace(",", " ").split())
    return tuple(one if "/" in one else f"https://www.googleapis.com/auth/{one}" for one in found)


def _seconds(timeout: Value) -> float:
    if timeout is None:
        return _TIMEOUT
    span = number(timeout, "http.request")
    if not math.isfinite(span) or not 0 < span <= _LONGEST_TIMEOUT:
        raise value_fault("timeout must be more than 0 and at most 1800 seconds")
    return float(span)


async def _followed(around: Surroundings, request: HttpRequest) -> HttpResponse:
    """The answer behind all redirects; a token goes to no other origin than the first."""
    for _ in range(_MOST_REDIRECTS + 1):
        response = await around.http(request)
        to = next((value for name, value in response.headers if name.lower() == "location"), None)
        if response.status not in _REDIRECTS or to is None:
            return response
        request = _redirected(request, response.status, to)
    raise fault("ConnectionError", f"stopped after {_MOST_REDIRECTS} redirects")


def _redirected(request: HttpRequest, status: int, to: str) -> HttpRequest:
    url = _parsable(urljoin(request.url, to))
    there, here = urlsplit(url), urlsplit(request.url)
    if there.scheme not in ("http", "https"):
        raise fault("ConnectionFailedError", f"redirected to {there.scheme}, which is no HTTP")
    moved = replace(request, url=url)
    if (there.scheme, there.netloc) != (here.scheme, here.netloc):
        kept = (
            pair for pair in request.headers if pair[0].lower() not in ("authorization", "cookie")
        )
        moved = replace(moved, auth=None, headers=tuple(kept))
    if status in _REPEATED or request.method in ("GET", "HEAD"):
        return moved
    plain = (pair for pair in moved.headers if pair[0].lower() != "content-type")
    return replace(moved, method="GET", body=None, headers=tuple(plain))


def _answer(response: HttpResponse) -> Value:
    """What the call results in, or raises."""
    if len(response.body) > _LARGEST_ANSWER:
        raise limit_fault("the response is larger than 2 MB")
    headers = _merged(response.headers)
    said: dict[str, Value] = {
        "code": response.status,
        "headers": dict(headers),
        "body": _read(response.body, headers),
    }
    if response.status >= _FIRST_ERROR:
        raise fault("HttpError", f"HTTP server responded with error code {response.status}", said)
    return said


def _merged(pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Headers by the names that Go's client gives them (``Content-Type``), as executions show."""
    found: dict[str, str] = {}
    for name, value in pairs:
        shown = "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))
        found[shown] = f"{found[shown]}, {value}" if shown in found else value
    return found


def _read(body: bytes, headers: Mapping[str, str]) -> Value:
    """A body as its media type says: JSON is the value, anything else a string or bytes."""
    kind = headers.get("Content-Type", "")
    media = kind.partition(";")[0].strip().lower()
    if _is_json(media):
        return _read_json(body)
    try:
        written = body.decode()
    except UnicodeDecodeError:
        return body
    return written


def _read_json(body: bytes) -> Value:
    if not body:
        return None
    try:
        value = decoded(body.decode())
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
    if measure(value, _LARGEST_ANSWER * 8)[1] > _DEEPEST:
        raise type_fault("the response is nested too deeply")
    return value


_REST = ("headers?", "query?", "auth?")
_WITH_BODY = ("url", "timeout?", "body?", *_REST)
FUNCTIONS: Final[dict[str, Entry]] = {
    "http.get": waiting(partial(_bare, "GET"), "url", "timeout?", *_REST),
    "http.delete": waiting(partial(_shortcut, "DELETE"), *_WITH_BODY),
    "http.patch": waiting(partial(_shortcut, "PATCH"), *_WITH_BODY),
    "http.post": waiting(partial(_shortcut, "POST"), *_WITH_BODY),
    "http.put": waiting(partial(_shortcut, "PUT"), *_WITH_BODY),
    "http.request": waiting(_request, "method", *_WITH_BODY),
}
