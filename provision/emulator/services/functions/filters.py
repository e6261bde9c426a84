"""``filter`` of Cloud Functions' lists: ``name=python311 AND environment="GEN_2"``."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from provision.emulator.rpc.status import invalid

T = TypeVar("T")
_TERM = re.compile(r'(\w+)\s*(!?=)\s*(?:"([^"]*)"|([^\s"]+))')


def matching(
    items: Sequence[T], text: str, fields: Mapping[str, Callable[[T], str]]
) -> Sequence[T]:
    """The items that a filter lets through. Raises `ApiError` for a filter that is none.

    Args:
        items: the whole list.
        text: terms with ``=`` or ``!=``, joined by AND; empty for all.
        fields: what can be filtered by, and how it is read from an item.
    """
    found = items
    for part in re.split(r"\s+AND\s+", text.strip()) if text.strip() else ():
        term = _TERM.fullmatch(part.strip())
        read = fields.get(term.group(1)) if term else None
        if term is None or read is None:
            raise invalid(f"Invalid filter: {text[:200]}")
        wanted = term.group(3) if term.group(4) is None else term.group(4)
        equal = term.group(2) == "="
        found = [item for item in found if (read(item) == wanted) is equal]
    return found
