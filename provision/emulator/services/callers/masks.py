"""Updates: the fields of a mask taken over, and no others."""

from collections.abc import Sequence
from typing import Any

from provision.emulator.rpc.status import invalid
from provision.emulator.rpc.wellknown import FieldMask


def taken_over(current: Any, sent: Any, paths: Sequence[str], writable: Sequence[str]) -> Any:  # noqa: ANN401 - messages
    """`current`, changed in place to what was sent. Raises `ApiError` (INVALID_ARGUMENT).

    Args:
        current: a copy of what is.
        sent: the message of the request.
        paths: of the update mask; none or ``*`` for every writable field.
        writable: the fields that a caller may set.
    """
    wanted = [path for path in paths if path != "*"]
    for path in wanted:
        if not FieldMask(paths=[path]).IsValidForDescriptor(current.DESCRIPTOR):
            raise invalid(f"Invalid field in the update mask: {path}")
        if path.partition(".")[0] not in writable:
            raise invalid(f"The field {path} cannot be updated.")
    for path in wanted or writable:
        _take(current, sent, path)
    return current


def _take(current: Any, sent: Any, path: str) -> None:  # noqa: ANN401 - messages
    head, _, rest = path.partition(".")
    if rest:
        _take(getattr(current, head), getattr(sent, head), rest)
        return
    current.ClearField(head)
    part = type(sent)()
    part.CopyFrom(sent)
    for field, _ in sent.ListFields():
        if field.name != head:
            part.ClearField(field.name)
    current.MergeFrom(part)
