"""``order_by`` of lists: ``name desc, create_time``."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from provision.emulator.rpc.status import invalid

Keys = Mapping[str, Callable[[Any], Any]]


def in_order(items: Sequence[Any], text: str, keys: Keys) -> list[Any]:
    """The items as they are asked for. Raises `ApiError` (INVALID_ARGUMENT).

    Args:
        items: the whole list.
        text: fields, each with ``asc`` or ``desc``; empty for the order that they are in.
        keys: what can be ordered by, in snake case, and how it is read from an item.
    """
    found = list(items)
    for part in reversed([one for one in text.split(",") if one.strip()]):
        words = part.split()
        snake = "".join(f"_{one.lower()}" if one.isupper() else one for one in words[0])
        direction = words[1].lower() if len(words) > 1 else "asc"
        if snake not in keys or direction not in ("asc", "desc") or len(words) > 2:  # noqa: PLR2004 - a field and a direction
            raise invalid(f"Invalid order_by: {text[:200]}")
        found.sort(key=keys[snake], reverse=direction == "desc")
    return found
