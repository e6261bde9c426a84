"""What a function of the library takes, and how its arguments are looked at."""

from collections.abc import Awaitable, Callable, Sequence
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
        run: what it does, given its surroundings and all arguments; absent ones are null.
        blocks: whether it takes time: then it is not allowed in expressions.
    """

    parameters: tuple[str, ...]
    run: Waiting
    blocks: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters without their marks."""
        return tuple(name.rstrip("?") for name in self.parameters)

    @property
    def required(self) -> tuple[str, ...]:
        """Those that must be given."""
        return tuple(name for name in self.parameters if not name.endswith("?"))

    async def call(self, surroundings: Surroundings, given: Sequence[Value]) -> Value:
        """The result of the arguments that are given, in order. Raises `Raised`."""
        absent: list[Value] = [None] * (len(self.parameters) - len(given))
        return await self.run(surroundings, *given, *absent)


def plain(what: Plain, *parameters: str) -> Entry:
    """A function of its arguments alone."""

    async def run(_: Surroundings, *arguments: Value) -> Value:
        return what(*arguments)

    return Entry(parameters, run)


def knowing(what: Plain, *parameters: str) -> Entry:
    """A function that asks its surroundings, and is answered at once."""

    async def run(*arguments: object) -> Value:
        return what(*arguments)

    return Entry(parameters, run)


def waiting(what: Waiting, *parameters: str) -> Entry:
    """A function that takes time."""
    return Entry(parameters, what, blocks=True)


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
    return value


def wrong_type(function: str, value: Value, expected: str) -> Exception:
    """The error; in words seen in executions."""
    return type_fault(
        f"unsupported operand type for {function}(): '{spoken_type(value)}' (expecting {expected})"
    )
