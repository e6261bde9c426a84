"""Cloud Run's default startup probe: a TCP connection to the container's port."""

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum, auto

_BETWEEN = 0.05
_LONGEST_CONNECT = 1.0


class Startup(Enum):
    """How a start went."""

    LISTENING = auto()
    ENDED = auto()
    TIMED_OUT = auto()


async def listens(
    address: tuple[str, int], seconds: float, is_running: Callable[[], Awaitable[bool]]
) -> Startup:
    """Wait until something listens at `address`, its process ends, or the time is up.

    Args:
        address: host and port.
        seconds: how long to wait at most.
        is_running: whether the process is alive.
    """
    try:
        async with asyncio.timeout(seconds):
            while not await _connects(address):
                if not await is_running():
                    return Startup.ENDED
                await asyncio.sleep(_BETWEEN)
    except TimeoutError:
        return Startup.TIMED_OUT
    return Startup.LISTENING


async def _connects(address: tuple[str, int]) -> bool:
    try:
        async with asyncio.timeout(_LONGEST_CONNECT):
            _, writer = await asyncio.open_connection(*address)
    except OSError:
        return False
    writer.close()
    return True
