"""What Cloud Storage says when it refuses: the older form of errors, with a reason each.

Sources: "HTTP status and error codes for JSON" in its documentation, and what people quote in
public issues. What is downloaded is refused in plain text, all else in JSON.
"""

import json
from http import HTTPStatus

from aiohttp import web

from provision.emulator.rpc.status import ApiError

_HEADERS = {
    "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate",
    "Content-Type": "application/json; charset=UTF-8",
    "Expires": "Mon, 01 Jan 1990 00:00:00 GMT",
    "Pragma": "no-cache",
    "Server": "UploadServer",
    "Vary": "Origin, X-Origin",
}
_REASONS = {
    "NOT_FOUND": "notFound",
    "INVALID_ARGUMENT": "invalid",
    "ALREADY_EXISTS": "conflict",
    "PERMISSION_DENIED": "forbidden",
    "UNAUTHENTICATED": "authError",
    "RESOURCE_EXHAUSTED": "rateLimitExceeded",
    "UNIMPLEMENTED": "notImplemented",
}
ANONYMOUS = "allUsers"
"""Who asks without a token."""
_HELD_ON = {
    "projects": "Google Cloud project",
    "buckets": "Google Cloud Storage bucket",
    "objects": "Google Cloud Storage object",
}


class StorageError(ApiError):
    """A request ends with this.

    Args:
        status: HTTP status.
        code: canonical code by name, for the record of requests.
        reason: as in ``conditionNotMet``.
        message: what Cloud Storage says.
        header: the request's header that is at fault; empty for none.
    """

    def __init__(
        self, status: int, code: str, reason: str, message: str, *, header: str = ""
    ) -> None:
        super().__init__(code, message)
        self.status = status
        self.reason = reason
        self.header = header

    @property
    def http_status(self) -> int:
        """The HTTP status; some codes have another one here than at other APIs."""
        return self.status


def missing(message: str) -> StorageError:
    """404."""
    return StorageError(404, "NOT_FOUND", "notFound", message)


def missing_bucket() -> StorageError:
    """404 of a bucket."""
    return missing("The specified bucket does not exist.")


def wrong(message: str, reason: str = "invalid") -> StorageError:
    """400."""
    return StorageError(400, "INVALID_ARGUMENT", reason, message)


def conflict(message: str) -> StorageError:
    """409."""
    return StorageError(409, "ALREADY_EXISTS", "conflict", message)


def not_met() -> StorageError:
    """412: a condition of the request does not hold."""
    text = "At least one of the pre-conditions you specified did not hold."
    return StorageError(412, "FAILED_PRECONDITION", "conditionNotMet", text, header="If-Match")


def not_here(what: str) -> StorageError:
    """501: what this emulator does not have, in plain words."""
    text = f"{what} not offered by this emulator."
    return StorageError(501, "UNIMPLEMENTED", "notImplemented", text)


def denied(member: str, permission: str, kind: str) -> StorageError:
    """401 for whoever sent no token, else 403.

    Args:
        member: who asked.
        permission: that is missing, ``storage.objects.get``.
        kind: of what it was asked on: ``projects``, ``buckets`` or ``objects``.
    """
    anonymous = member == ANONYMOUS
    who = "Anonymous caller" if anonymous else member.partition(":")[2]
    text = (
        f"{who} does not have {permission} access to the {_HELD_ON[kind]}. Permission "
        f"'{permission}' denied on resource (or it may not exist)."
    )
    if anonymous:
        return StorageError(401, "UNAUTHENTICATED", "required", text, header="Authorization")
    return StorageError(403, "PERMISSION_DENIED", "forbidden", text)


def response(error: ApiError, *, plain: bool = False) -> web.StreamResponse:
    """The answer to a request that is refused.

    Args:
        error: how.
        plain: whether an object's content was asked for.
    """
    if error.http_status == HTTPStatus.NOT_MODIFIED:
        return web.Response(status=error.http_status)
    if plain:
        return web.Response(status=error.http_status, text=error.message, content_type="text/html")
    told = error.message
    reason, header = _REASONS.get(error.code, "backendError"), ""
    if isinstance(error, StorageError):
        reason, header = error.reason, error.header
    elif _is_about_scopes(error):
        told = "Provided scope(s) are not authorized"
    elif error.code == "UNAUTHENTICATED":
        told, header = "Invalid Credentials", "Authorization"
    entry = {"message": told, "domain": "global", "reason": reason}
    if header:
        entry |= {"locationType": "header", "location": header}
    envelope = {"error": {"code": error.http_status, "message": told, "errors": [entry]}}
    return as_json(envelope, error.http_status)


def _is_about_scopes(error: ApiError) -> bool:
    reasons = (getattr(one, "reason", "") for one in error.details)
    return "ACCESS_TOKEN_SCOPE_INSUFFICIENT" in reasons


def as_json(payload: object, status: int = 200) -> web.Response:
    """A JSON answer with the headers of Cloud Storage's own servers (recorded)."""
    text = json.dumps(payload, indent=2, ensure_ascii=False) + "\n"
    # What was sent may be told again, and may hold halves of surrogate pairs.
    body = text.encode("utf-8", "replace")
    return web.Response(body=body, status=status, headers=_HEADERS)
