"""An allow policy made ready to be asked often."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_INDIRECT = (
    *("group:", "domain:", "principalset:"),
    *("projectowner:", "projecteditor:", "projectviewer:"),
)


@dataclass(frozen=True)
class Grant:
    """One binding.

    Args:
        role: its role.
        condition: the expression of its condition; empty for none.
        named: members that are to be met by name, in lower case.
        indirect: members that stand for others, as written.
    """

    role: str
    condition: str
    named: frozenset[str]
    indirect: tuple[str, ...]


def grants_of(policy: Any) -> tuple[Grant, ...]:  # noqa: ANN401 - Policy
    """The bindings of a policy."""
    return tuple(
        _grant(binding.role, binding.condition.expression, binding.members)
        for binding in policy.bindings
    )


def _grant(role: str, condition: str, members: Iterable[str]) -> Grant:
    indirect = tuple(one for one in members if one.lower().startswith(_INDIRECT))
    return Grant(
        role, condition, frozenset(one.lower() for one in members if one not in indirect), indirect
    )
