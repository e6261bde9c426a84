"""Variables at run time: scopes within scopes, one stack of them a routine that runs.

Values are never changed in place: an assignment to a part makes a new whole, so that what another
variable holds stays what it was, as if it had been copied.
Source: https://cloud.google.com/workflows/docs/reference/syntax/variables ("Passing by value").
"""

from collections.abc import Mapping

from provision.emulator.language.faults import Place, fault, limit_fault
from provision.emulator.language.values import Value, measure

MOST_MEMORY = 512 * 1024
"""Bytes of all variables. Source: https://cloud.google.com/workflows/quotas."""
_DEEPEST_VALUE = 100


class Memory:
    """How much the variables of an execution take."""

    def __init__(self) -> None:
        self._used = 0

    def change(self, before: int, value: Value) -> int:
        """Count a value in place of what took `before` bytes. Raises `Raised`."""
        taken, depth = measure(value, MOST_MEMORY)
        if depth > _DEEPEST_VALUE:
            raise limit_fault("a value is nested too deeply")
        if self._used - before + taken > MOST_MEMORY:
            raise limit_fault("Memory usage limit exceeded")
        self._used += taken - before
        return taken

    def free(self, taken: int) -> None:
        """A variable is gone."""
        self._used -= taken


class Scope:
    """Variables of a block.

    Args:
        memory: of the execution.
        outer: the scope around it.
    """

    def __init__(self, memory: Memory, outer: "Scope | None" = None) -> None:
        self._memory = memory
        self.outer = outer
        self.values: dict[str, Value] = {}
        self._sizes: dict[str, int] = {}

    def inner(self, values: Mapping[str, Value] | None = None) -> "Scope":
        """A scope in this one, with variables of its own."""
        scope = Scope(self._memory, self)
        for name, value in (values or {}).items():
            scope.declare(name, value)
        return scope

    def find(self, name: str) -> "Scope | None":
        """The scope that has a variable."""
        scope: Scope | None = self
        while scope is not None and name not in scope.values:
            scope = scope.outer
        return scope

    def get(self, name: str) -> Value:
        """A variable. Raises `Raised` for one that was never assigned."""
        scope = self.find(name)
        if scope is None:
            raise fault("KeyError", f"variable '{name}' was not assigned")
        return scope.values[name]

    def has(self, name: str) -> bool:
        """Whether a variable was assigned."""
        return self.find(name) is not None

    def assign(self, name: str, value: Value) -> None:
        """Give a variable a value, where it is; here, where it is nowhere. Raises `Raised`."""
        (self.find(name) or self).declare(name, value)

    def declare(self, name: str, value: Value) -> None:
        """Give a variable of this very scope a value. Raises `Raised`."""
        self._sizes[name] = self._memory.change(self._sizes.get(name, 0), value)
        self.values[name] = value

    def close(self) -> None:
        """Forget all variables."""
        self._memory.free(sum(self._sizes.values()))
        self.values.clear()
        self._sizes.clear()


class Frame:
    """A routine that runs: where it is, and who called it.

    Args:
        routine: its name.
        caller: the frame of the call; None for main.
        entry: the number of the entry of the step that called.
        thread: which branch it runs in.
    """

    def __init__(
        self, routine: str, caller: "Frame | None" = None, entry: int = 0, thread: str = ""
    ) -> None:
        self.routine = routine
        self.caller = caller
        self.entry = entry
        self.thread = thread
        self.place: Place | None = None
        self.depth: int = 1 if caller is None else caller.depth + 1

    def branch(self, thread: str) -> "Frame":
        """The same routine, gone on with in a branch."""
        frame = Frame(self.routine, self.caller, self.entry, thread)
        frame.place, frame.depth = self.place, self.depth
        return frame

    def trace(self) -> tuple[Place, ...]:
        """Where each routine on the stack is, innermost first."""
        found: list[Place] = []
        frame: Frame | None = self
        while frame is not None:
            if frame.place is not None:
                found.append(frame.place)
            frame = frame.caller
        return tuple(found)
