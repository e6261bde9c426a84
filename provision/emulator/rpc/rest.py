"""The REST side: any request line that a service's routes know, answered as Google does."""

import json
from collections.abc import Iterable
from typing import Any

from aiohttp import web
from google.protobuf import json_format

from provision.emulator.rpc import asked_at
from provision.emulator.rpc.calls import Dispatcher, bearer
from provision.emulator.rpc.catalogue import Method
from provision.emulator.rpc.hosts import host_of
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.rpc.transcoding import Match, Router, to_json, to_request

# As recorded from the real services.
_HEADERS = {
    "Content-Type": "application/json; charset=UTF-8",
    "Server": "ESF",
    "Vary": "Origin, X-Origin, Referer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "X-XSS-Protection": "0",
}
_SAYS_NOT_DONE = tuple(
    f"google.cloud.workflows.v1.Workflows/{verb}Workflow" for verb in ("Create", "Update", "Delete")
)
"""Whose operations say ``"done": false`` (recorded since February 2025)."""
_LISTING = "google.iam.admin.v1."
"""The API whose errors have the older list, too (recorded)."""
_REASONS = {
    "NOT_FOUND": "notFound",
    "INVALID_ARGUMENT": "badRequest",
    "ALREADY_EXISTS": "alreadyExists",
    "PERMISSION_DENIED": "forbidden",
    "UNAUTHENTICATED": "required",
    "FAILED_PRECONDITION": "failedPrecondition",
    "RESOURCE_EXHAUSTED": "rateLimitExceeded",
    "ABORTED": "aborted",
    "UNIMPLEMENTED": "notImplemented",
}
"""How the older list calls each code: notFound is recorded, the next six reported."""


class RestApi:
    """Answers the REST form of every RPC.

    Args:
        dispatcher: runs the RPC.
        methods: what there is.
    """

    def __init__(self, dispatcher: Dispatcher, methods: Iterable[Method]) -> None:
        self._dispatcher = dispatcher
        self._router = Router(methods)

    def find(self, request: web.Request) -> Match | None:
        """The RPC that a request means, if any."""
        return self._router.find(request.method, request.rel_url.raw_path)

    async def answer(self, request: web.Request, match: Match) -> web.Response:
        """Run the RPC and answer, with Google's error envelope when it fails."""
        asked_at.set_at_google(value=host_of(request) is not None)
        try:
            message = to_request(match, list(request.query.items()), await _body(request))
            token = bearer(request.headers.get("Authorization")) or request.query.get(
                "access_token"
            )
            result = await self._dispatcher.call(match.method.name, message, token, "rest")
        except ApiError as error:
            return error_response(error, listed=match.method.name.startswith(_LISTING))
        alternative = f"{request.query.get('$alt', '')} {request.query.get('alt', '')}"
        numbers = "enum-encoding=int" in alternative
        answer = to_json(result, enums_as_numbers=numbers)
        if match.method.name.startswith(_SAYS_NOT_DONE):
            answer.setdefault("done", False)
        return json_response(answer)


async def _body(request: web.Request) -> object:
    raw = await request.read()
    if not raw.strip():
        return None
    try:
        return json.loads(raw)
    except ValueError as error:
        raise invalid(f"Invalid JSON payload received. {error}") from error


def json_response(payload: object, status: int = 200) -> web.Response:
    """A JSON answer with the headers that Google's front end sets."""
    text = json.dumps(payload, indent=2, ensure_ascii=False)
    # What was sent may be told again, and may hold halves of surrogate pairs.
    body = (text + "\n").encode("utf-8", "replace")
    return web.Response(body=body, status=status, headers=_HEADERS)


def error_response(error: ApiError, *, listed: bool = False) -> web.Response:
    """Google's JSON error envelope.

    Args:
        error: what went wrong.
        listed: whether the older ``errors`` list stands beside it.
    """
    envelope: dict[str, Any] = {
        "code": error.http_status,
        "message": error.message,
        "status": error.code,
    }
    details = [json_format.MessageToDict(packed) for packed in error.to_status().details]
    if details:
        envelope["details"] = details
    if listed:
        reason = _REASONS.get(error.code, "backendError")
        envelope["errors"] = [{"message": error.message, "domain": "global", "reason": reason}]
    return json_response({"error": envelope}, error.http_status)
