"""What goes on by itself after the request that began it: one task of the event loop a name."""

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable

from provision.emulator.database import NotKeptError

_log = logging.getLogger(__name__)
Work = Callable[[], Awaitable[None]]


class Turns:
    """Tasks by name.

    Args:
        keep: sees to it that what was written survives a kill.
    """

    def __init__(self, keep: Callable[[], None]) -> None:
        self._keep = keep
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, work: Work) -> None:
        """Do something from now on; what was going on under that name is given up."""
        self.stop(name)
        # Faults and stale reads of the request that began it are not its own.
        loop, nothing = asyncio.get_running_loop(), contextvars.Context()
        task = loop.create_task(self._done(name, work), context=nothing)
        self._tasks[name] = task
        task.add_done_callback(lambda _: self._forget(name, task))

    def stop(self, name: str) -> None:
        """Give up what goes on under a name; nothing happens when there is nothing."""
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()

    def going(self, name: str) -> bool:
        """Whether something goes on under a name."""
        return name in self._tasks

    async def stop_all(self) -> None:
        """Give up everything, and wait until it has ended."""
        tasks = tuple(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def keep(self) -> None:
        """What was written so far is to survive a kill; a full disk ends nothing."""
        try:
            self._keep()
        except NotKeptError:
            _log.warning("what was done could not be kept", exc_info=True)

    async def _done(self, name: str, work: Work) -> None:
        try:
            await work()
        except Exception:  # noqa: BLE001 - a bug: nobody waits for it, the log tells
            _log.exception("%s broke", name)

    def _forget(self, name: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(name) is task:
            del self._tasks[name]
