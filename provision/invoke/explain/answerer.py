"""Who answered: Google's front end, Identity-Aware Proxy, or the application itself. Pure.

The words of the front end's pages are from public reports; on a response of the application they
would have to be copied on purpose. The ``server`` header proves nothing, since the front end puts
its own name on the application's answers too.
"""

from urllib.parse import unquote, urlsplit

from provision.clients.outside import Answer
from provision.tokens.authorization import REFUSED

_PAGES = {
    401: (REFUSED, "The access token could not be verified"),
    403: (REFUSED, "Access is forbidden"),
    404: ("<h1>Error: Page not found</h1>", "<title>Error 404 (Not Found)!!1</title>"),
    429: ("Rate exceeded.",),
    500: (
        "<h1>Error: Server Error</h1>",
        "The request was aborted because there was no available instance",
    ),
    503: ("Service Unavailable", "<h1>Error: Server Error</h1>", "upstream connect error"),
    504: ("upstream request timeout", "<h1>Error: Server Error</h1>"),
}
_SHORT = frozenset({429, 503, 504})
"""Statuses whose plain words an application may use too: only an answer of nothing else counts."""
_LONGEST_PLAIN = 200

_IAP = "x-goog-iap-generated-response"
_SIGN_IN = "accounts.google.com"


def is_front_end(answer: Answer) -> bool:
    """Whether the front end answered, by its words."""
    words = _PAGES.get(answer.status, ())
    if answer.status in _SHORT and len(answer.body) > _LONGEST_PLAIN and "<h1>" not in answer.body:
        return False
    challenge = answer.headers.get("www-authenticate", "")
    return any(one in answer.body or one in challenge for one in words)


def is_iap(answer: Answer) -> bool:
    """Whether Identity-Aware Proxy answered."""
    where = urlsplit(answer.headers.get("location", "")).hostname or ""
    return _IAP in answer.headers or (300 <= answer.status < 400 and where == _SIGN_IN)  # noqa: PLR2004 - redirects


def is_reserved(path: str) -> bool:
    """Whether Cloud Run keeps a path for itself: under ``/_ah/``, or ending in ``z``.

    https://cloud.google.com/run/docs/known-issues says "some paths ending with z", and not which.
    """
    plain = unquote(path)
    return plain.startswith("/_ah/") or plain.endswith("z")
