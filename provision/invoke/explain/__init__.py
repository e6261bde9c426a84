"""Why a request was answered as it was: from facts to a finding, with its evidence. Pure.

The order in which Google looks at a request decides what an answer can mean: reserved paths,
ingress and disabled addresses first (404), then Identity-Aware Proxy (302, or a 401 of its own),
then the token (401) and the permission (403), and the container last.
https://cloud.google.com/run/docs/troubleshooting
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from provision.clients.outside import Answer
from provision.invoke.explain.answerer import is_front_end, is_iap, is_reserved
from provision.invoke.explain.elsewhere import broken, iap, no_instance, not_found, timed_out
from provision.invoke.explain.facts import (
    SPREADS,
    Asked,
    Credential,
    Explanation,
    Finding,
    Holds,
    Known,
    Standing,
)
from provision.invoke.explain.forbidden import forbidden
from provision.invoke.explain.unauthorized import unauthorized

__all__ = [
    "SPREADS",
    "Asked",
    "Credential",
    "Explanation",
    "Finding",
    "Holds",
    "Known",
    "Standing",
    "explain",
    "is_front_end",
    "is_iap",
    "is_reserved",
    "needs_policies",
]

Reason = Callable[[Asked, Answer, Known, datetime], Explanation]

_FORBIDDEN = 403
_FRONT_END = "Google Frontend"
_REASONS: Mapping[int, Reason] = {
    401: unauthorized,
    403: lambda asked, _, known, now: forbidden(asked, known, now),
    404: lambda asked, _, known, __: not_found(asked, known),
    429: lambda _, __, known, ___: no_instance(known),
    500: lambda _, __, known, ___: no_instance(known),
    503: lambda _, __, known, ___: broken(known),
    504: lambda _, __, known, ___: timed_out(known),
}
"""What each status means in the front end's words."""


def needs_policies(asked: Asked, answer: Answer) -> bool:
    """Whether only policies can tell why: somebody was recognised and not let in."""
    refused = answer.status == _FORBIDDEN and is_front_end(answer) and not is_iap(answer)
    return refused and asked.credential is not Credential.NOTHING


def explain(asked: Asked, answer: Answer, known: Known, now: datetime) -> Explanation | None:
    """Why `asked` was answered so; None where there is nothing to explain.

    Args:
        asked: the request.
        answer: what came back, with the beginning of its body.
        known: what the control side says; policies are wanted where `needs_policies`.
        now: this machine's time.
    """
    if is_iap(answer):
        return iap(known)
    reason = _REASONS.get(answer.status)
    if reason is None:
        return None
    if not is_front_end(answer):
        return _application(answer)
    return reason(asked, answer, known, now)


def _application(answer: Answer) -> Explanation:
    server = answer.headers.get("server", "")
    return Explanation(
        Finding.APPLICATION,
        "the application itself answered so: the request was let in",
        (
            ("words", "not those of Google's front end"),
            *((("server", server),) if server not in ("", _FRONT_END) else ()),
        ),
    )
