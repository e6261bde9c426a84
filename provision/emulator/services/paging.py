"""Pages of lists, with opaque tokens."""

import base64
from collections.abc import Sequence
from typing import TypeVar

from provision.emulator.rpc.status import invalid

T = TypeVar("T")
_DEFAULT, _MOST = 100, 1000


def page(items: Sequence[T], size: int, token: str) -> tuple[Sequence[T], str]:
    """One page and the token of the next; empty when there is none. Raises `ApiError`.

    Args:
        items: the whole list, in order.
        size: entries asked for; 0 for the default of 100.
        token: of an earlier answer, or empty.
    """
    if size < 0:
        raise invalid("The page size must not be negative.")
    try:
        start = int(base64.urlsafe_b64decode(token)) if token else 0
        if start < 0:
            raise ValueError(token)  # noqa: TRY301 - it is no token of ours either
    except ValueError as error:
        raise invalid("The page token is not valid.") from error
    end = start + min(size or _DEFAULT, _MOST)
    more = base64.urlsafe_b64encode(str(end).encode()).decode() if end < len(items) else ""
    return items[start:end], more
