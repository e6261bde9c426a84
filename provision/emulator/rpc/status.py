"""Google's error model: a canonical code, a message and details, for gRPC and REST alike."""

from typing import TYPE_CHECKING, Any

from google.rpc import error_details_pb2, status_pb2

from provision.emulator.rpc import wellknown

if TYPE_CHECKING:
    from collections.abc import Sequence

HTTP_STATUS = {
    "OK": 200,
    "CANCELLED": 499,
    "UNKNOWN": 500,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "UNAUTHENTICATED": 401,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DATA_LOSS": 500,
}
"""HTTP status of each canonical code (google/rpc/code.proto)."""


class ApiError(Exception):
    """An RPC ends with this status.

    Args:
        code: canonical code by name, as in ``NOT_FOUND``.
        message: what Google says in this case.
        details: protobuf messages (``google.rpc.*``) that go with it.
    """

    def __init__(self, code: str, message: str, *details: Any) -> None:  # noqa: ANN401 - messages
        super().__init__(message)
        self.code = code
        # It may tell what was sent, halves of surrogate pairs included, which UTF-8 does not have.
        self.message = message.encode("utf-8", "replace").decode()
        self.details: Sequence[Any] = details

    @property
    def http_status(self) -> int:
        """The HTTP status that REST answers with."""
        return HTTP_STATUS[self.code]

    @property
    def number(self) -> int:
        """The canonical code as a number."""
        return int(wellknown.Code.Value(self.code))

    def to_status(self) -> Any:  # noqa: ANN401 - a google.rpc.Status
        """The ``google.rpc.Status`` message."""
        packed = []
        for detail in self.details:
            holder = wellknown.Any()
            holder.Pack(detail)
            packed.append(holder)
        return status_pb2.Status(code=self.number, message=self.message, details=packed)


def not_found(message: str) -> ApiError:
    """The thing does not exist."""
    return ApiError("NOT_FOUND", message)


def invalid(message: str, *violations: tuple[str, str]) -> ApiError:
    """A bad request; `violations` are field and description pairs."""
    if not violations:
        return ApiError("INVALID_ARGUMENT", message)
    detail = error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(field=field, description=text)
            for field, text in violations
        ]
    )
    return ApiError("INVALID_ARGUMENT", message, detail)


def permission_info(permission: str, resource: str) -> Any:  # noqa: ANN401 - an ErrorInfo
    """The ErrorInfo that IAM and Artifact Registry send with a denied permission."""
    return error_details_pb2.ErrorInfo(
        reason="IAM_PERMISSION_DENIED",
        domain="iam.googleapis.com",
        metadata={"permission": permission, "resource": resource},
    )
