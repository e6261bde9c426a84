"""A source that was understood: routines of steps, ready to execute."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from provision.emulator.language.faults import Place
from provision.emulator.language.syntax import Tree
from provision.emulator.language.values import Value


@dataclass(frozen=True)
class Constant:
    """A value without expressions."""

    value: Value


@dataclass(frozen=True)
class Computed:
    """What ``${…}`` stands for."""

    tree: Tree


@dataclass(frozen=True)
class Items:
    """A list with expressions somewhere in it."""

    items: tuple["Template", ...]


@dataclass(frozen=True)
class Entries:
    """A map with expressions somewhere in it; keys may be expressions too."""

    entries: tuple[tuple["Template", "Template"], ...]


Template: TypeAlias = Constant | Computed | Items | Entries


@dataclass(frozen=True)
class Block:
    """Steps one after the other; those that ``next`` can go to, by name."""

    steps: tuple["Step", ...]
    order: Mapping[str, int] = field(compare=False, repr=False, default_factory=dict)


@dataclass(frozen=True)
class Assign:
    """Variables, or places in them, and what they become."""

    targets: tuple[tuple[Tree, Template], ...]


@dataclass(frozen=True)
class CallStep:
    """A call by name.

    Args:
        function: of the library, a connector or a subworkflow.
        kind: as ``StepEntry.stepType`` names it.
        named: arguments by name.
        listed: arguments in order; None where they are named.
        result: where the answer goes.
    """

    function: str
    kind: str
    named: tuple[tuple[str, Template], ...]
    listed: tuple[Template, ...] | None
    result: Tree | None


@dataclass(frozen=True)
class Switch:
    """Conditions in order, each with what is done where it holds."""

    conditions: tuple[tuple[Template, "Step"], ...]


@dataclass(frozen=True)
class Loop:
    """A ``for``.

    Args:
        value: the variable of each turn.
        index: the variable that counts, or None.
        items: what is walked over; None where there is a range.
        bounds: two values or one list of both; empty where there are items.
        steps: of each turn.
    """

    value: str
    index: str | None
    items: Template | None
    bounds: tuple[Template, ...]
    steps: Block


@dataclass(frozen=True)
class Parallel:
    """Branches, or turns of a loop, at once.

    Args:
        shared: variables from outside that may be assigned to.
        limit: how many at a time; None is as many as there may be.
        branches: by name; empty where there is a loop.
        loop: whose turns are the branches.
    """

    shared: frozenset[str]
    limit: Template | None
    branches: tuple[tuple[str, Block], ...]
    loop: Loop | None


@dataclass(frozen=True)
class Retry:
    """Which errors are tried again, how often and how fast.

    Args:
        policy: one value with all of it; None where it is written out.
        predicate: a function of the error; None is every error.
        attempts: how many more than the first; None is without end.
        backoff: a map, or one with expressions.
    """

    policy: Template | None
    predicate: Template | None = None
    attempts: Template | None = None
    backoff: Template | None = None


@dataclass(frozen=True)
class Handler:
    """What answers an error, and the variable that holds it."""

    caught: str
    steps: Block


@dataclass(frozen=True)
class Try:
    """Steps whose errors are tried again, or answered."""

    body: "Step"
    retry: Retry | None
    handler: Handler | None


@dataclass(frozen=True)
class Raise:
    """An error of the workflow's own."""

    value: Template


@dataclass(frozen=True)
class Return:
    """The end of the routine, with its result."""

    value: Template


@dataclass(frozen=True)
class Nested:
    """Steps within a step."""

    steps: Block


Action: TypeAlias = (
    Assign | CallStep | Switch | Loop | Parallel | Try | Raise | Return | Nested | None
)


@dataclass(frozen=True)
class Step:
    """One step.

    Args:
        name: its name; of the step around it, for what stands in a condition or a ``try``.
        place: for the stack trace.
        action: what it does; None only goes on elsewhere.
        following: where it goes on; None is the next one.
    """

    name: str
    place: Place
    action: Action
    following: str | None = None


@dataclass(frozen=True)
class Parameter:
    """A parameter of a subworkflow; `default` is None where the caller must give it."""

    name: str
    default: Constant | None = None


@dataclass(frozen=True)
class Routine:
    """The main workflow or a subworkflow."""

    name: str
    parameters: tuple[Parameter, ...]
    steps: Block


@dataclass(frozen=True)
class Program:
    """What a source says.

    Args:
        routines: by name, ``main`` among them.
        connectors: the ones that it calls.
    """

    routines: Mapping[str, Routine]
    connectors: frozenset[str]
