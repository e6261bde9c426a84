"""Pages of lists, with opaque tokens."""

import base64
from collections.abc import Sequence
from typing import TypeVar

from provision.emulator.rpc.status import invalid

T = TypeVar("T")
_DEFAULT, _MOST = 100, 1000


def page(items: Sequence[T], size: int, token: str, parent: str = "") -> tuple[Sequence[T], str]:
    """One page and the token of the next; empty when there is none. Raises `ApiError`.

    Args:
        items: the whole list, in order.
        size: entries asked for; 0 for the default of 100.
        token: of an earlier answer, or empty.
        parent: whose list it is; a token of another one's is refused.
    """
    if size < 0:
        raise invalid("The page size must not be negative.")
    start = _place(token, parent) if token else 0
    end = start + min(size or _DEFAULT, _MOST)
    more = base64.urlsafe_b64encode(f"{end} {parent}".encode()).decode() if end < len(items) else ""
    return items[start:end], more


def _place(token: str, parent: str) -> int:
    """Where the page of a token begins. Raises `ApiError`."""
    try:
        place, _, whose = base64.urlsafe_b64decode(token).decode().partition(" ")
        if whose == parent and place.isdecimal():
            return int(place)
    except ValueError:  # it is no token of ours at all
        pass
    raise invalid("The page token is not valid.")
