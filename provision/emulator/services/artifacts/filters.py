"""``filter`` and ``order_by`` of Artifact Registry's lists.

A filter is ``field="value"`` without regard to case; ``*`` stands for any characters
(https://cloud.google.com/artifact-registry/docs/reference/rest).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from provision.emulator.rpc.status import invalid

T = TypeVar("T")
_FILTER = re.compile(r'\s*(\w+)\s*=\s*"([^"]*)"\s*')
_ORDER = re.compile(r"\s*(\w+)(?:\s+(asc|desc))?\s*", re.IGNORECASE)


def matching(
    items: Sequence[T], text: str, fields: Mapping[str, Callable[[T], str]]
) -> Sequence[T]:
    """The items that a filter lets through. Raises `ApiError` for a filter that is none.

    Args:
        items: the whole list.
        text: the filter; empty for all.
        fields: what can be filtered by, and how it is read from an item.
    """
    if not text.strip():
        return items
    match = _FILTER.fullmatch(text)
    read = fields.get(match.group(1).lower()) if match else None
    if match is None or read is None:
        raise invalid("invalid filter expression")
    wanted = ".*".join(re.escape(part) for part in match.group(2).split("*"))
    pattern = re.compile(wanted, re.IGNORECASE)
    return [item for item in items if pattern.fullmatch(read(item))]


def ordered(
    items: Sequence[T], text: str, fields: Mapping[str, Callable[[T], str | float]]
) -> Sequence[T]:
    """The items in the order asked for. Raises `ApiError` for a field that is none.

    Args:
        items: the whole list, in its usual order.
        text: a field and ``asc`` or ``desc``; empty for the usual order.
        fields: what can be ordered by, in snake case, and how it is read from an item.
    """
    if not text.strip():
        return items
    match = _ORDER.fullmatch(text)
    field = re.sub(r"(?<=[a-z])([A-Z])", r"_\1", match.group(1)).lower() if match else ""
    read = fields.get(field)
    if match is None or read is None:
        raise invalid("invalid order_by expression")
    return sorted(items, key=read, reverse=(match.group(2) or "").lower() == "desc")
