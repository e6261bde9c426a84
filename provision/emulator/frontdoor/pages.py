"""What Google's front end answers by itself, before or instead of the container.

The forms and the words of the 401 and 403 pages, the 404's title and heading and the ``Found``
redirect were seen in public reports; `docs/emulator.md` says which are certain.
"""

import html
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

_PAGE = (
    "<html><head>\n"
    '<meta http-equiv="content-type" content="text/html;charset=utf-8">\n'
    "<title>{title}</title>\n"
    "</head>\n"
    "<body text=#000000 bgcolor=#ffffff>\n"
    "<h1>Error: {heading}</h1>\n"
    "<h2>{text}</h2>\n"
    "<h2></h2>\n"
    "</body></html>\n"
)
_HTML = "text/html; charset=UTF-8"
_BY_IAP = {"X-Goog-IAP-Generated-Response": "true"}
_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Page:
    """An answer that no container gave."""

    status: int
    body: str
    content_type: str = _HTML
    headers: dict[str, str] = field(default_factory=dict)


def forbidden(path: str) -> Page:
    """403: nobody was named, or somebody without ``run.routes.invoke``."""
    text = (
        "Your client does not have permission to get URL "
        f"<code>{html.escape(path)}</code> from this server."
    )
    return _html(403, "403 Forbidden", "Forbidden", text)


def unauthorized(path: str) -> Page:
    """401: somebody was named by something that cannot be verified."""
    text = (
        "Your client does not have permission to the requested URL "
        f"<code>{html.escape(path)}</code>."
    )
    challenge = (
        'Bearer error="invalid_token" error_description="The access token could not be verified"'
    )
    page = _html(401, "401 Unauthorized", "Unauthorized", text)
    return Page(page.status, page.body, headers={"WWW-Authenticate": challenge})


def not_found() -> Page:
    """404: no such address, or one that this caller cannot reach."""
    text = "The requested URL was not found on this server."
    return _html(404, "404 Page not found", "Page not found", text)


def sign_in(url: str, client: str) -> Page:
    """302: Identity-Aware Proxy sends whoever brings nothing to sign in.

    Args:
        url: what was asked for.
        client: the OAuth client that tokens have to be for.
    """
    back = f"https://iap.googleapis.com/v1/oauth/clientIds/{client}:handleRedirect"
    asked = {
        "client_id": client,
        "response_type": "code",
        "scope": "openid email",
        "redirect_uri": back,
        "state": url,
    }
    target = f"https://accounts.google.com/o/oauth2/v2/auth?{urlencode(asked, quote_via=quote)}"
    return Page(302, "", headers={"Location": target, **_BY_IAP})


def iap_refusal(why: str) -> Page:
    """401: Identity-Aware Proxy wants a token for its own OAuth client, not for the service."""
    return Page(401, f"Invalid IAP credentials: {why}\n", _TEXT, _BY_IAP)


def iap_forbidden() -> Page:
    """403: somebody who may not pass Identity-Aware Proxy."""
    page = _html(403, "403 Forbidden", "Forbidden", "You don't have access")
    return Page(page.status, page.body, headers=_BY_IAP)


def moved(target: str) -> Page:
    """302: what came by plain HTTP is to come by HTTPS."""
    return Page(302, "", headers={"Location": target})


def unavailable() -> Page:
    """503: the container broke off or is gone."""
    return Page(503, "Service Unavailable", _TEXT)


def timed_out() -> Page:
    """504: the request took longer than the service's timeout."""
    return Page(504, "upstream request timeout", _TEXT)


def placeholder(service: str, revision: str) -> Page:
    """200, where no engine runs the container: says so in so many words."""
    body = (
        f"This is a placeholder: the emulator has no Docker engine, so revision {revision} of "
        f"{service} does not really run. The request was let in.\n"
    )
    return Page(200, body, _TEXT, {"X-Provision-Emulator": "placeholder"})


def _html(status: int, title: str, heading: str, text: str) -> Page:
    return Page(status, _PAGE.format(title=title, heading=heading, text=text))
