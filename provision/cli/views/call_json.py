"""The document of `provision call --json`."""

import base64
from collections.abc import Sequence
from typing import Any

from provision.cli.transfer import Kept, Transfer
from provision.clients.http_exchange import Incoming
from provision.invoke.explain import Asked, Explanation


def document(
    asked: Asked,
    incoming: Incoming,
    transfer: Transfer,
    redirects: Sequence[str],
    explanation: Explanation | None,
    *,
    saved_to: str | None,
    exit_code: int,
) -> dict[str, Any]:
    """What was asked and answered, and why; never a token."""
    return {
        "request": {
            "method": asked.method,
            "url": asked.url.partition("?")[0],
            "as": asked.member or None,
            "header": asked.header or None,
            "audience": asked.claims.get("aud"),
        },
        "status": incoming.status,
        "reason": incoming.reason,
        "headers": [{"name": name, "value": value} for name, value in incoming.headers],
        **_body(transfer, saved_to),
        "redirects": list(redirects),
        "explanation": None if explanation is None else explained(explanation),
        "exit_code": exit_code,
    }


def explained(explanation: Explanation) -> dict[str, Any]:
    """An explanation."""
    return {
        "finding": str(explanation.finding),
        "certain": explanation.certain,
        "answer": explanation.answer,
        "evidence": [{"what": what, "said": said} for what, said in explanation.evidence],
        "next": explanation.next or None,
    }


def _body(transfer: Transfer, saved_to: str | None) -> dict[str, Any]:
    """The body as text where it is some, else in base64, else where it was saved."""
    told: dict[str, Any] = {"body": None, "body_base64": None, "truncated": False}
    told |= {"bytes": transfer.count, "saved_to": saved_to}
    if isinstance(transfer, Kept):
        told["truncated"] = transfer.truncated
        try:
            told["body"] = transfer.content.decode()
        except UnicodeDecodeError:
            told["body_base64"] = base64.b64encode(transfer.content).decode()
    return told
