"""Where execution goes on after a step."""

from dataclasses import dataclass
from enum import Enum, auto

from provision.emulator.language.values import Value


class Kind(Enum):
    """How a step leaves."""

    NEXT = auto()
    JUMP = auto()
    BREAK = auto()
    CONTINUE = auto()
    RETURN = auto()


@dataclass(frozen=True)
class Flow:
    """What a step asks for.

    Args:
        kind: how it leaves.
        step: where a jump goes.
        value: what a return gives.
    """

    kind: Kind
    step: str = ""
    value: Value = None


NEXT = Flow(Kind.NEXT)
"""To the step that follows."""
END = Flow(Kind.RETURN)
"""Out of the routine, with nothing."""
BREAK = Flow(Kind.BREAK)
CONTINUE = Flow(Kind.CONTINUE)


def gone_on(following: str | None) -> Flow:
    """Where ``next`` leads."""
    if following is None:
        return NEXT
    named = {"end": END, "break": BREAK, "continue": CONTINUE}
    return named.get(following) or Flow(Kind.JUMP, following)
