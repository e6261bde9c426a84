"""Makes calls, up to 32 at a time, no faster than quotas allow, and again when they failed."""

import random
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from queue import Empty, SimpleQueue

from provision.clients.clock import Clock
from provision.clients.interrupts import HeldBack
from provision.clients.reading import refusals
from provision.clients.reading.quotas import Held, Window, held, usual, window
from provision.clients.reading.steps import Outcome, Step

LANES = 32
"""Calls in flight at most."""

_DRAIN = 5.0
"""Seconds to wait, after Ctrl-C, for the calls in flight: what they bring is kept."""

_SILENT = 4
"""Refusals of one call for too much that name no limit, until the usual one is taken for it."""
_SHORT = 5.0
"""Seconds of waiting for a quota that nobody is told of."""

Report = Callable[[int, int, Step], None]


@dataclass(frozen=True)
class Patience:
    """With calls that fail in a way that passes; as it is, about a minute.

    Args:
        attempts: how often a call is made at most.
        first: seconds to wait before the second attempt; twice as long before each later one.
        longest: seconds to wait at most.
    """

    attempts: int = 8
    first: float = 0.5
    longest: float = 16.0

    def wait(self, attempt: int) -> float:
        """Seconds after the attempt of that number, the first being 1: at least half of it.

        The rest is chance, so that calls which failed together part company.
        """
        longest = min(self.longest, self.first * 2.0 ** (attempt - 1))
        return longest * random.uniform(0.5, 1)  # noqa: S311 - no secret


@dataclass
class _Try:
    """A step on its way.

    Args:
        step: the step.
        quota: the limit that it falls under.
        attempt: the number of this attempt.
        in_vain: how often it failed while nothing else under that limit went well either.
        wins: how many calls under that limit had gone well when it last failed.
    """

    step: Step
    quota: str
    attempt: int = 1
    in_vain: int = 0
    wins: int = 0


_Done = tuple[_Try, Outcome | None, Exception | None]


@dataclass
class Scheduler:
    """Runs steps and those that follow from them until there are none left.

    Everything but the calls themselves happens in the thread that calls `drain`.

    Args:
        run: makes the call of a step.
        quota: the name of the limit that a step falls under.
        accept: takes what a step brought and tells what follows from it.
        refuse: takes a step that cannot be made, and why; tells what follows.
        report: is told what was done and what is known to be left.
        clock: measures.
        patience: with what may pass.
        hold: is told which quota all that is left waits for, or that there is none.
    """

    run: Callable[[Step], Outcome]
    quota: Callable[[Step], str]
    accept: Callable[[Step, Outcome], Iterable[Step]]
    refuse: Callable[[Step, Exception], Iterable[Step]]
    report: Report
    clock: Clock = field(default_factory=Clock)
    patience: Patience = field(default_factory=Patience)
    hold: Callable[[Held | None], None] = lambda _: None
    done: int = 0
    _ready: dict[str, deque[_Try]] = field(default_factory=dict)
    _later: list[tuple[float, int, _Try]] = field(default_factory=list)
    _windows: dict[str, Window] = field(default_factory=dict)
    _todo: "SimpleQueue[_Try | None]" = field(default_factory=SimpleQueue)
    _finished: "SimpleQueue[_Done | None]" = field(default_factory=SimpleQueue)
    _threads: list[threading.Thread] = field(default_factory=list)
    _flying: int = 0
    _waiting: int = 0
    _met: int = 0
    _wins: Counter[str] = field(default_factory=Counter)

    def add(self, steps: Iterable[Step]) -> None:
        """Steps to make; whether one was made before is for the caller to know."""
        for step in steps:
            quota = self.quota(step)
            self._ready.setdefault(quota, deque()).append(_Try(step, quota))
            self._waiting += 1

    def drain(self) -> None:
        """Make all steps, and those that follow.

        Raises:
            Exception: the fault of this program that a step met, or what ends every reading.
        """
        try:
            with HeldBack(lambda: self._finished.put(None)) as interrupts:
                while self._waiting or self._flying:
                    pause = self._start_some()
                    self.hold(self._held())
                    self._take(pause)
                    interrupts.check()
        except KeyboardInterrupt:
            self._drain_flying()
            raise
        finally:
            self._stop()

    def _start_some(self) -> float | None:
        """Start what may start; seconds until more may, None when only an answer changes that."""
        now = self.clock.monotonic()
        while self._later and self._later[0][0] <= now:
            again = heappop(self._later)[2]
            self._ready.setdefault(again.quota, deque()).append(again)
        pauses = [self._later[0][0] - now] if self._later else []
        for quota, waiting in self._ready.items():
            limit = self._windows.setdefault(quota, window(quota))
            while waiting and self._flying < LANES:
                if pause := limit.wait(now):
                    pauses.append(pause)
                    break
                limit.start(now)
                self._start(waiting.popleft())
        return min(pauses) if pauses and self._flying < LANES else None

    def _held(self) -> Held | None:
        """The quota that is waited for longest, where nothing but quotas is waited for."""
        if self._flying >= LANES:
            return None
        waiting = Counter({quota: len(steps) for quota, steps in self._ready.items() if steps})
        waiting.update(one.quota for _, _, one in self._later if one.quota in waiting)
        found = (held(name, self._windows[name].limit, many) for name, many in waiting.items())
        longest = max(found, key=lambda one: one.seconds, default=None)
        return longest if longest and longest.seconds >= _SHORT else None

    def _start(self, one: _Try) -> None:
        self._waiting -= 1
        self._flying += 1
        if len(self._threads) < min(LANES, self._flying):
            thread = threading.Thread(target=self._work, daemon=True, name="reading")
            self._threads.append(thread)
            thread.start()
        self._todo.put(one)

    def _work(self) -> None:
        while (one := self._todo.get()) is not None:
            try:
                self._finished.put((one, self.run(one.step), None))
            except Exception as error:  # noqa: BLE001 - judged by the thread that asked
                self._finished.put((one, None, error))

    def _take(self, pause: float | None) -> None:
        """Wait for an answer, `pause` seconds at most, and take all that are there."""
        try:
            found = self._finished.get(timeout=pause)
            while found is not None:
                self._finish(*found)
                found = self._finished.get_nowait()
        except Empty:
            return

    def _finish(self, one: _Try, outcome: Outcome | None, error: Exception | None) -> None:
        self._flying -= 1
        if error is not None and refusals.is_passing(error) and self._has_hope(one, error):
            self._try_again(one, error)
            return
        self.done += 1
        self._wins[one.quota] += outcome is not None
        if outcome is not None:
            self.add(self.accept(one.step, outcome))
        elif error is not None:
            self.add(self.refuse(one.step, error))
        self.report(self.done, self.done + self._waiting + self._flying, one.step)

    def _has_hope(self, one: _Try, error: Exception) -> bool:
        """Whether to make the call again.

        Where too much is asked at once, and others get through, its turn comes.
        """
        wins = self._wins[one.quota]
        if not refusals.is_too_much(error) or wins == one.wins:
            one.in_vain += 1
        one.wins = wins
        return one.in_vain < self.patience.attempts

    def _try_again(self, one: _Try, error: Exception) -> None:
        now = self.clock.monotonic()
        wait = max(refusals.asked_to_wait(error), self.patience.wait(one.attempt))
        one.attempt += 1
        if refusals.is_too_much(error):
            limit = self._windows[one.quota]
            silent = usual(one.quota) if one.attempt > _SILENT else 0
            if told := refusals.told_limit(error) or silent:
                limit.learn(told)
            else:
                limit.close(now + wait / 2)
        self._met += 1
        heappush(self._later, (now + wait, self._met, one))
        self._waiting += 1

    def _drain_flying(self) -> None:
        until = self.clock.monotonic() + _DRAIN
        while self._flying and (left := until - self.clock.monotonic()) > 0:
            try:
                found = self._finished.get(timeout=left)
            except Empty:
                return
            if found is None:
                continue
            self._flying -= 1
            if found[1] is not None:
                self.accept(found[0].step, found[1])

    def _stop(self) -> None:
        for _ in self._threads:
            self._todo.put(None)
        self._threads.clear()
