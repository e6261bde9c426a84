"""Whom policies name that has to be read as well: groups, roles, accounts elsewhere. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from provision.clients.reading.identities import IAM
from provision.clients.reading.steps import Step
from provision.principals import canonical
from provision.resources import project_in
from provision.roles import included, permissions
from provision.snapshot.records import Binding, DenyPolicy, Policy, Role

_TAGS = re.compile(r"\b(?:matchTag|matchTagId|hasTagKey|hasTagKeyId)\s*\(")
_DENIED_GROUP = "principalSet://goog/group/"
_ACCOUNT = re.compile(
    r"serviceAccount:(?P<email>(?P<local>[a-z0-9.-]+)@(?P<home>[a-z0-9.:-]+)\.gserviceaccount\.com)"
)
_NUMBERED = re.compile(r"(?P<number>[0-9]+)-compute")
_GOOGLE_S = re.compile(r"gcp-sa-.*|.*-robot(?:-prod)?|.*\.svc")
"""Projects of Google's own service agents, which nobody outside can look into."""

_MOST_ELSEWHERE = 2000
"""Accounts of other projects that are looked at; an organisation with more is read as a whole."""


@dataclass
class Noticed:
    """What policies name, each thing once.

    Args:
        groups: whether groups are to be read.
    """

    groups: bool = True
    tags_wanted: bool = False
    _accounts: dict[str, str] = field(default_factory=dict)
    _parked: dict[str, set[str]] = field(default_factory=dict)
    _matters: dict[str, bool | None] = field(default_factory=dict)

    def of_policy(self, policy: Policy) -> Iterator[Step]:
        """What an allow policy names."""
        for binding in policy.bindings:
            yield from self._of_binding(binding)

    def of_deny(self, policy: DenyPolicy) -> Iterator[Step]:
        """What a deny policy names."""
        for rule in policy.rules:
            self._look_for_tags(rule.condition)
            for one in (*rule.principals, *rule.except_principals):
                if one.startswith(_DENIED_GROUP):
                    yield from self.of_member(f"group:{one.removeprefix(_DENIED_GROUP)}")

    def of_role(self, role: Role) -> Iterator[Step]:
        """Whom a role lets in that was not in our table, now that it was read."""
        ways = set(permissions())
        matters = not role.deleted and not ways.isdisjoint(role.permissions)
        yield from self._release(role.name, matters=matters)

    def of_unread_role(self, name: str) -> Iterator[Step]:
        """Whom a role may let in that cannot be read."""
        yield from self._release(name, matters=True)

    def of_member(self, member: str) -> Iterator[Step]:
        """A group to read; an account is kept for `elsewhere`."""
        if member.startswith("group:"):
            if self.groups:
                yield Step("group", canonical(member))
        elif member.startswith("serviceAccount:"):
            self._note_account(canonical(member))

    def elsewhere(self, known: frozenset[str]) -> tuple[tuple[str, str], ...]:
        """Accounts outside of the projects that are `known`, as ``(full name, project)``."""
        found = ((name, project) for name, project in self._accounts.items())
        return tuple(one for one in found if one[1] not in known)[:_MOST_ELSEWHERE]

    def _of_binding(self, binding: Binding) -> Iterator[Step]:
        self._look_for_tags(binding.condition)
        if binding.role not in self._matters:
            told = included(binding.role)
            self._matters[binding.role] = None if told is None else bool(told)
            if told is None:
                yield Step("role", binding.role)
        matters = self._matters[binding.role]
        if matters is None:
            self._parked.setdefault(binding.role, set()).update(binding.members)
        elif matters:
            for member in binding.members:
                yield from self.of_member(member)

    def _release(self, role: str, *, matters: bool) -> Iterator[Step]:
        self._matters[role] = matters
        parked = self._parked.pop(role, set())
        for member in sorted(parked) if matters else ():
            yield from self.of_member(member)

    def _look_for_tags(self, condition: str) -> None:
        self.tags_wanted = self.tags_wanted or bool(condition and _TAGS.search(condition))

    def _note_account(self, member: str) -> None:
        found = _ACCOUNT.fullmatch(member)
        project = _home(found["local"], found["home"]) if found else ""
        if found and project:
            name = f"{IAM}projects/{project}/serviceAccounts/{found['email']}"
            self._accounts[name] = f"projects/{project}"


def _home(local: str, home: str) -> str:
    """The project that an account is in, id or number; empty for Google's own agents."""
    if home == "appspot":
        return local
    if home == "developer":
        found = _NUMBERED.fullmatch(local)
        return found["number"] if found else ""
    project, _, rest = home.rpartition(".")
    if rest != "iam" or _GOOGLE_S.fullmatch(project) or re.fullmatch(r"service-[0-9]+", local):
        return ""
    return project_in(project)
