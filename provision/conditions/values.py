"""The values of the condition language, and what stands for a value that is not known. Pure."""

from dataclasses import dataclass
from enum import StrEnum

SECOND = 1_000_000_000
"""Nanoseconds."""


_SHOWN = 100


def shown(text: str) -> str:
    """Text of a condition as reasons quote it: the beginning, when it is long."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


class Type(StrEnum):
    """CEL's types, as its checker names them; ANY stands for all of them."""

    BOOL = "bool"
    INT = "int"
    DOUBLE = "double"
    STRING = "string"
    NULL = "null"
    TIMESTAMP = "timestamp"
    DURATION = "duration"
    LIST = "list"
    MAP = "map"
    ANY = "any"


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """A timestamp, in nanoseconds since 1970 (UTC)."""

    nanos: int


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A duration, in nanoseconds."""

    nanos: int


@dataclass(frozen=True, slots=True)
class Map:
    """A map, as its entries in the order written."""

    entries: tuple[tuple["Value", "Value"], ...]


@dataclass(frozen=True, slots=True)
class Range:
    """A timestamp, duration or int that is not known but lies between two, both included."""

    type: Type
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value of which at most the type is known.

    Args:
        type: of the value.
        why: in words, what is not known.
        names: the attributes or functions behind it.
    """

    type: Type
    why: str
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Absent:
    """An attribute that the target does not have, or what was made of it.

    IAM: the part of a condition that uses it "is never interpreted as granting access".

    Args:
        type: of the value that it would have.
        name: of the attribute.
        why: in words.
        made: whether a function was applied to it.
    """

    type: Type
    name: str
    why: str
    made: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """What CEL cannot evaluate, whatever the rest of the request: it never grants."""

    why: str


Known = bool | int | float | str | Instant | Span | tuple["Value", ...] | Map | None
Value = Known | Range | Unknown | Absent | Failed


def type_of(value: Value) -> Type:  # noqa: C901, PLR0911 - a table of types
    """The type of a value; ANY for what failed."""
    match value:
        case bool():
            return Type.BOOL
        case int():
            return Type.INT
        case float():
            return Type.DOUBLE
        case str():
            return Type.STRING
        case None:
            return Type.NULL
        case Instant():
            return Type.TIMESTAMP
        case Span():
            return Type.DURATION
        case tuple():
            return Type.LIST
        case Range() | Unknown() | Absent():
            return value.type
        case Failed():
            return Type.ANY
    return Type.MAP
