"""Ctrl-C that waits for a moment at which nothing is lost."""

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self


class HeldBack:
    """The first Ctrl-C within is noted, and raised by `check`; the second one is raised at once.

    Python raises `KeyboardInterrupt` between any two instructions, so also between taking an answer
    out of a queue and keeping it. Outside the main thread, and where somebody else handles the
    signal, nothing changes.

    Args:
        wake: ends a wait of whoever calls `check`; called by the signal's handler.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        """Nothing is held back before `with`."""
        self._wake = wake
        self._pressed = False
        self._is_ours = False

    def __enter__(self) -> Self:
        """Hold Ctrl-C back from here."""
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._note)
            self._is_ours = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let it through again; one that was not raised yet is raised now."""
        if self._is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if error is None:
            self.check()

    def check(self) -> None:
        """Raise what was held back.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed.
        """
        if self._pressed:
            self._pressed = False
            raise KeyboardInterrupt

    def _note(self, _signum: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._pressed = True
        self._wake()
