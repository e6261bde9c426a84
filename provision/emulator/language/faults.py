"""What goes wrong: sources that are refused, and errors that a running workflow raises.

Errors of the platform are maps with a message and tags; the tags name the kind and the kinds above
it, as seen in executions (``["KeyError", "LookupError"]``, ``["TimeoutError", "OSError"]``).
Source of the kinds: https://cloud.google.com/workflows/docs/reference/syntax/error-types.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from provision.emulator.language.values import Value, encoded

_ABOVE = {
    "AuthError": (),
    "ConnectionError": ("OSError",),
    "ConnectionFailedError": ("ConnectionError", "OSError"),
    "HttpError": (),
    "IndexError": ("LookupError",),
    "KeyError": ("LookupError",),
    "OperationError": (),
    "ParallelNestingError": ("RuntimeError",),
    "RecursionError": ("RuntimeError",),
    "ResourceLimitError": (),
    "ResponseTypeError": (),
    "SystemError": (),
    "TimeoutError": ("OSError",),
    "TypeError": (),
    "UnhandledBranchError": ("RuntimeError",),
    "ValueError": (),
    "ZeroDivisionError": ("ArithmeticError",),
}
_NAMED_IN_MESSAGE = frozenset(_ABOVE) - {
    "HttpError",
    "TimeoutError",
    "ConnectionError",
    "ConnectionFailedError",
    "AuthError",
    "OperationError",
}


class SourceError(ValueError):
    """A source that Google would not deploy.

    Args:
        message: why, for the user.
        line: where, counted from 1; 0 where it is no single place.
        column: likewise.
    """

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True)
class Place:
    """Where a step that failed stands; one for each routine on the stack.

    Args:
        routine: the workflow or subworkflow.
        step: its step.
        line: of the step's first field, counted from 1.
        column: likewise.
        length: of what stands there.
    """

    routine: str
    step: str
    line: int
    column: int
    length: int


class Raised(Exception):  # noqa: N818 - the language calls it an error, the class what happened
    """An error of a running workflow: any value, raised by a step or by the platform.

    Args:
        value: what ``except`` gets to see.
        final: whether nothing gets to see it, as the execution is at its end.
    """

    def __init__(self, value: Value, *, final: bool = False) -> None:
        super().__init__("raised")
        self.value = value
        self.final = final
        self.trace: tuple[Place, ...] | None = None
        """The steps it was raised in, innermost first; none before a step has failed of it."""

    @property
    def payload(self) -> str:
        """The value as JSON, as ``Execution.error.payload`` has it."""
        return _json(self.value)

    @property
    def context(self) -> str:
        """What ``Execution.error.context`` says: the message, and the steps on the stack."""
        places = (
            f'in step "{place.step}", routine "{place.routine}", line: {place.line}'
            for place in self.trace or ()
        )
        return "\n".join((self.summary, *places))

    @property
    def summary(self) -> str:
        """The error in one line, for a reader."""
        value = self.value
        if isinstance(value, dict) and "tags" in value and isinstance(value.get("message"), str):
            return str(value["message"])
        return f"RuntimeError: {_json(value)}"


def _json(value: Value) -> str:
    try:
        return encoded(value)
    except (TypeError, ValueError):
        return encoded("a value that JSON cannot tell")


def fault(kind: str, message: str, more: Mapping[str, Value] | None = None) -> Raised:
    """An error of the platform.

    Args:
        kind: one of the documented tags.
        message: in words.
        more: further fields of the map.
    """
    spoken = f"{kind}: {message}" if kind in _NAMED_IN_MESSAGE else message
    tags: list[Value] = [kind, *_ABOVE[kind]]
    return Raised({"message": spoken, "tags": tags, **(more or {})})


def type_fault(message: str) -> Raised:
    """An operation on a value of a type that it does not take."""
    return fault("TypeError", message)


def value_fault(message: str) -> Raised:
    """A value of the right type that cannot be."""
    return fault("ValueError", message)


def key_fault(key: str) -> Raised:
    """A map without that key; in words seen in executions."""
    return fault("KeyError", f"key not found: {key}")


def index_fault(index: int, length: int) -> Raised:
    """A list without that place."""
    return fault("IndexError", f"index {index} is out of range for a list of {length}")


def division_fault() -> Raised:
    """A division by zero."""
    return fault("ZeroDivisionError", "division by zero")


def limit_fault(message: str) -> Raised:
    """Something grew beyond what Workflows allows."""
    return fault("ResourceLimitError", message)


def tags_of(value: Value) -> frozenset[str]:
    """The tags of an error; none where it has none."""
    tags = value.get("tags") if isinstance(value, dict) else None
    return (
        frozenset(tag for tag in tags if isinstance(tag, str))
        if isinstance(tags, list)
        else frozenset()
    )
