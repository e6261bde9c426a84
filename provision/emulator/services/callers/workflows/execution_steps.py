"""What is told of an execution's steps: where it is, and the entries of its history.

Source: the public discovery document of the Workflow Executions API (``StepEntry``) and "View
history of execution steps".
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from provision.emulator.language.faults import Raised
from provision.emulator.language.surroundings import Entry
from provision.emulator.rpc.execution_forms import StepEntry
from provision.emulator.times import micros, timestamp

_MOST_ENTRIES = 10_000
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


@dataclass(slots=True)
class Note:
    """What is kept of one entry; the message is made when somebody asks.

    Args:
        number: counted from 1 in the order of beginning.
        parent: the number of the entry around it; 0 for none.
        routine: the workflow or subworkflow.
        step: the step's name.
        kind: the name of its type.
        thread: which of what runs at once.
        progress: which iteration, branch or attempt; 0 for none.
        begun: microseconds since the epoch.
        changed: likewise.
        state: number of its state.
        error: what it failed of, as JSON; empty where it did not.
        before: the number of the entry before it in the same place; 0 for none.
        after: likewise, after it.
        children: the numbers of the entries within it.
    """

    number: int
    parent: int
    routine: str
    step: str
    kind: str
    thread: str
    progress: int
    begun: int
    changed: int
    state: int = _IN_PROGRESS
    error: str = ""
    before: int = 0
    after: int = 0
    children: list[int] = field(default_factory=list)

    def message(self, execution: str) -> Any:  # noqa: ANN401 - StepEntry
        """The entry, as it is told.

        Args:
            execution: its execution's name.
        """
        made = StepEntry(
            name=f"{execution}/stepEntries/{self.number}",
            create_time=timestamp(self.begun),
            update_time=timestamp(self.changed),
            routine=self.routine,
            step=self.step,
            step_type=self.kind,
            state=self.state,
            entry_id=self.number,
        )
        if self.error:
            made.exception.payload = self.error
        way = made.navigation_info
        way.parent, way.previous, way.next = self.parent, self.before, self.after
        way.children.extend(self.children)
        metadata = made.step_entry_metadata
        metadata.thread_id, metadata.progress_number = self.thread, self.progress
        if self.progress:
            metadata.progress_type = _PROGRESS.get(self.kind, "PROGRESS_TYPE_UNSPECIFIED")
        return made


as_kept: Callable[[Note], tuple[Any, ...]] = attrgetter(*(one.name for one in fields(Note)))
"""What a note is made of, in order; quicker than to copy it."""


class History:
    """The entries of one execution (`language.surroundings.Watch`).

    Args:
        execution: the message, whose current steps are kept up.
    """

    def __init__(self, execution: Any) -> None:  # noqa: ANN401 - Execution
        self._execution = execution
        self.notes: list[Note] = []
        self._last: dict[int, int] = {}
        self._open: dict[int, Entry] = {}

    def step_started(self, entry: Entry) -> None:
        """A step begins."""
        self._open[entry.number] = entry
        if entry.kind not in _PARTS:
            self._show_current()
        if len(self.notes) >= _MOST_ENTRIES:
            return
        now = micros()
        around = self._find(entry.parent)
        before = self._find(self._last.get(entry.parent, 0))
        if around is not None:
            around.children.append(entry.number)
        if before is not None:
            before.after = entry.number
        self._last[entry.parent] = entry.number
        self.notes.append(
            Note(
                number=entry.number,
                parent=entry.parent,
                routine=entry.routine,
                step=entry.step,
                kind=entry.kind,
                thread=entry.thread,
                progress=entry.progress,
                begun=now,
                changed=now,
                before=before.number if before else 0,
            )
        )

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

    def _find(self, number: int) -> Note | None:
        """An entry by its number; they are counted from 1 in the order of their beginnings."""
        return self.notes[number - 1] if 0 < number <= len(self.notes) else None

    def step_ended(self, entry: Entry, error: Raised | None) -> None:
        """A step is done, or failed; it stays the current one until another begins."""
        self._open.pop(entry.number, None)
        found = self._find(entry.number)
        if found is None:
            return
        found.changed = micros()
        found.state = _SUCCEEDED if error is None else _FAILED
        if error is not None:
            found.error = error.payload

    def close(self) -> None:
        """What is still in progress is cancelled."""
        for note in self.notes:
            if note.state == _IN_PROGRESS:
                note.state, note.changed = _CANCELLED, micros()
