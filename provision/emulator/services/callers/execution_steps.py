"""What is told of an execution's steps: where it is, and the entries of its history.

Source: the public discovery document of the Workflow Executions API (``StepEntry``) and "View
history of execution steps".
"""

from typing import Any

from provision.emulator.language.faults import Raised
from provision.emulator.language.surroundings import Entry
from provision.emulator.rpc.execution_forms import StepEntry
from provision.emulator.times import timestamp

_MOST_ENTRIES = 100_000
_IN_PROGRESS, _SUCCEEDED, _FAILED, _CANCELLED = range(1, 5)
_PROGRESS = {
    "STEP_FOR_ITERATION": "PROGRESS_TYPE_FOR",
    "STEP_CONDITION": "PROGRESS_TYPE_SWITCH",
    "STEP_TRY": "PROGRESS_TYPE_RETRY",
    "STEP_RETRY": "PROGRESS_TYPE_RETRY",
    "STEP_PARALLEL_FOR": "PROGRESS_TYPE_PARALLEL_FOR",
    "STEP_PARALLEL_BRANCH_ENTRY": "PROGRESS_TYPE_PARALLEL_BRANCH",
}
_PARTS = frozenset(
    {
        "STEP_CONDITION",
        "STEP_FOR_ITERATION",
        "STEP_PARALLEL_BRANCH_ENTRY",
        "STEP_TRY",
        "STEP_RETRY",
        "STEP_EXCEPT",
    }
)
"""Parts of steps, which have no name of their own in the source."""


class History:
    """The entries of one execution (`language.surroundings.Watch`).

    Args:
        execution: the message, whose current steps are kept up.
    """

    def __init__(self, execution: Any) -> None:  # noqa: ANN401 - Execution
        self._execution = execution
        self.entries: list[Any] = []
        self._last: dict[int, int] = {}
        self._open: dict[int, Entry] = {}

    def step_started(self, entry: Entry) -> None:
        """A step begins."""
        self._open[entry.number] = entry
        if entry.kind not in _PARTS:
            self._show_current()
        if len(self.entries) >= _MOST_ENTRIES:
            return
        now = timestamp()
        made = StepEntry(
            name=f"{self._execution.name}/stepEntries/{entry.number}",
            create_time=now,
            update_time=now,
            routine=entry.routine,
            step=entry.step,
            step_type=entry.kind,
            state=_IN_PROGRESS,
            entry_id=entry.number,
        )
        self._place(made, entry)
        self.entries.append(made)

    def _show_current(self) -> None:
        """Tell of the steps that are under way; of one that holds others, of those alone."""
        around: set[int] = set()
        for entry in self._open.values():
            above = self._open.get(entry.parent) if entry.kind not in _PARTS else None
            while above is not None and above.number not in around:
                around.add(above.number)
                above = self._open.get(above.parent)
        current = self._execution.status.current_steps
        del current[:]
        for number, entry in self._open.items():
            if number not in around and entry.kind not in _PARTS:
                current.add(routine=entry.routine, step=entry.step)

    def _place(self, made: Any, entry: Entry) -> None:  # noqa: ANN401 - StepEntry
        """Tell where an entry stands: what is before, around and within it."""
        metadata = made.step_entry_metadata
        if entry.thread:
            metadata.thread_id = entry.thread
        if entry.progress:
            metadata.progress_number = entry.progress
            metadata.progress_type = _PROGRESS.get(entry.kind, "PROGRESS_TYPE_UNSPECIFIED")
        around = self._find(entry.parent)
        if around is not None:
            made.navigation_info.parent = entry.parent
            around.navigation_info.children.append(entry.number)
        previous = self._find(self._last.get(entry.parent, 0))
        if previous is not None:
            made.navigation_info.previous = previous.entry_id
            previous.navigation_info.next = entry.number
        self._last[entry.parent] = entry.number

    def _find(self, number: int) -> Any:  # noqa: ANN401 - StepEntry or None
        """An entry by its number; they are counted from 1 in the order of their beginnings."""
        return self.entries[number - 1] if 0 < number <= len(self.entries) else None

    def step_ended(self, entry: Entry, error: Raised | None) -> None:
        """A step is done, or failed; it stays the current one until another begins."""
        self._open.pop(entry.number, None)
        made = self._find(entry.number)
        if made is None:
            return
        made.update_time.CopyFrom(timestamp())
        made.state = _SUCCEEDED if error is None else _FAILED
        if error is not None:
            made.exception.payload = error.payload

    def close(self) -> None:
        """What is still in progress is cancelled."""
        for made in self.entries:
            if made.state == _IN_PROGRESS:
                made.state = _CANCELLED
                made.update_time.CopyFrom(timestamp())
