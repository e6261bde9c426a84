"""What a function of the library takes, and how its arguments are looked at."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from provision.emulator.language.faults import type_fault
from provision.emulator.language.surroundings import Surroundings
from provision.emulator.language.values import Value, is_number, spoken_type

Plain: TypeAlias = Callable[..., Value]
Waiting: TypeAlias = Callable[..., Awaitable[Value]]


@dataclass(frozen=True)
class Entry:
    """A function.

    Args:
        parameters: names in order; one that may be left out ends with a question mark.
        plain: what it does, given its arguments in order; absent ones are null.
        knowing: the same, for what needs to know its surroundings.
        waiting: the same, for what takes time: not allowed in expressions.
    """

    parameters: tuple[str, ...]
    plain: Plain | None = None
    knowing: Plain | None = None
    waiting: Waiting | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters without their marks."""
        return tuple(name.rstrip("?") for name in self.parameters)

    @property
    def required(self) -> tuple[str, ...]:
        """Those that must be given."""
        return tuple(name for name in self.parameters if not name.endswith("?"))

    async def call(self, surroundings: Surroundings, arguments: list[Value]) -> Value:
        """The result; `arguments` has as many as there are parameters. Raises `Raised`."""
        if self.plain is not None:
            return self.plain(*arguments)
        if self.knowing is not None:
            return self.knowing(surroundings, *arguments)
        assert self.waiting is not None  # noqa: S101 - one of the three is there
        return await self.waiting(surroundings, *arguments)


def plain(what: Plain, *parameters: str) -> Entry:
    """A function of its arguments alone."""
    return Entry(parameters, plain=what)


def text(value: Value, function: str) -> str:
    """A string, or a `TypeError` of the language."""
    if not isinstance(value, str):
        raise wrong_type(function, value, "string")
    return value


def optional_text(value: Value, function: str) -> str | None:
    """A string or null, or a `TypeError` of the language."""
    return None if value is None else text(value, function)


def raw(value: Value, function: str) -> bytes:
    """Bytes, or a `TypeError` of the language."""
    if not isinstance(value, bytes):
        raise wrong_type(function, value, "bytes")
    return value


def table(value: Value, function: str) -> dict[str, Value]:
    """A map, or a `TypeError` of the language."""
    if not isinstance(value, dict):
        raise wrong_type(function, value, "map")
    return value


def listing(value: Value, function: str) -> list[Value]:
    """A list, or a `TypeError` of the language."""
    if not isinstance(value, list):
        raise wrong_type(function, value, "list")
    return value


def whole(value: Value, function: str) -> int:
    """An integer, or a `TypeError` of the language."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type(function, value, "integer")
    return value


def number(value: Value, function: str) -> int | float:
    """An integer or a double, or a `TypeError` of the language."""
    if not is_number(value):
        raise wrong_type(function, value, "number")
    assert isinstance(value, int | float)  # noqa: S101 - what is_number says
    return value


def wrong_type(function: str, value: Value, expected: str) -> Exception:
    """The error; in words seen in executions."""
    return type_fault(
        f"unsupported operand type for {function}(): '{spoken_type(value)}' (expecting {expected})"
    )
