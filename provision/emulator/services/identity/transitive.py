"""Memberships through groups in groups."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from provision.emulator.iam.groups import GroupMember
from provision.emulator.rpc.status import invalid

_QUERY = re.compile(
    r"""\s*member_key_id\s*==\s*(?:'(?P<one>(?:[^'\\]|\\.)*)'|"(?P<two>(?:[^"\\]|\\.)*)")"""
    r"""(?:\s*&&\s*'[^'\\]*'\s+in\s+labels)?\s*"""
)


@dataclass(frozen=True)
class Relation:
    """One member of a group, direct or through others.

    Args:
        member: as in ``user:ann@example.com``.
        relation: ``DIRECT``, ``INDIRECT`` or ``DIRECT_AND_INDIRECT``.
        roles: in the groups that it is a direct member of.
    """

    member: str
    relation: str
    roles: tuple[str, ...]


def member_asked(query: str) -> str:
    """The address that a query asks for, in lower case. Raises `ApiError`."""
    found = _QUERY.fullmatch(query)
    if found is None:
        raise invalid("Request contains an invalid argument.")
    text = found["one"] if found["one"] is not None else found["two"]
    return re.sub(r"\\(.)", r"\1", text).lower()


def relations(group: str, listed: Callable[[str], Iterable[GroupMember]]) -> tuple[Relation, ...]:
    """Everybody who is in a group; groups that hold each other end.

    Args:
        group: ``group:…`` in lower case.
        listed: the direct members of a group.
    """
    direct = {one.member: one for one in listed(group)}
    roles: dict[str, set[str]] = {one.member: {"MEMBER", one.role} for one in direct.values()}
    indirect: set[str] = set()
    waiting = [one.lower() for one in direct if one.startswith("group:")]
    seen = {group}
    while waiting:
        inner = waiting.pop()
        if inner in seen:
            continue
        seen.add(inner)
        for one in listed(inner):
            indirect.add(one.member)
            roles.setdefault(one.member, set()).update({"MEMBER", one.role})
            if one.member.startswith("group:"):
                waiting.append(one.member.lower())
    return tuple(
        Relation(member, _relation(member in direct, member in indirect), tuple(sorted(held)))
        for member, held in roles.items()
    )


def _relation(direct: bool, indirect: bool) -> str:  # noqa: FBT001 - two sides of one answer
    if direct and indirect:
        return "DIRECT_AND_INDIRECT"
    return "DIRECT" if direct else "INDIRECT"
