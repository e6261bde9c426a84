"""Which sets somebody is in by what they are: domains, customers, pools, account sets. Pure.

Groups are not told here: who is in those is read, not known by name.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from provision.audit.forms import ANYBODY, AUTHENTICATED, Form, Sort, form
from provision.audit.index import Index

_CONSUMER = frozenset({"gmail.com", "googlemail.com"})
"""Domains of nobody's Workspace."""

_GOOGLE = frozenset(
    {Sort.USER, Sort.ACCOUNT, Sort.AGENT, Sort.GROUP, Sort.DOMAIN, Sort.CUSTOMER, Sort.ACCOUNTS}
)
"""Who signs in at Google, and not at an identity provider of somebody else."""


class Kin(NamedTuple):
    """That somebody is in a set, or may be.

    Args:
        set: normal spelling.
        doubt: why it is not known; empty when it is.
        general: whether the doubt is about a great many, and says little about this one.
    """

    set: str
    doubt: str = ""
    general: bool = False


@dataclass
class Kinship:
    """Sets by what somebody is.

    Args:
        index: of the snapshot.
        mentioned: names of sets in its policies, normal; of others nothing is asked.
    """

    index: Index
    mentioned: Iterable[str]
    _kin: dict[object, tuple[Kin, ...]] = field(default_factory=dict)

    @cached_property
    def _sets(self) -> dict[Sort, list[tuple[str, Form]]]:
        found: dict[Sort, list[tuple[str, Form]]] = {sort: [] for sort in Sort}
        for name in self.mentioned:
            told = form(name)
            found[told.sort].append((name, told))
        return found

    def kind(self, name: str) -> object:
        """Those of one kind are in the same sets."""
        told = form(name)
        sort = told.sort
        if sort is Sort.USER:
            return ("user", told.home)
        if sort is Sort.ACCOUNT or sort is Sort.AGENT:
            return (_type(sort), self._home(told))
        return "group" if sort is Sort.GROUP else name

    def of(self, name: str) -> tuple[Kin, ...]:
        """The sets that somebody is in, or may be; itself and groups are not among them."""
        kind = self.kind(name)
        if kind not in self._kin:
            self._kin[kind] = tuple(kin for kin in self._find(form(name)) if kin.set != name)
        return self._kin[kind]

    def _find(self, told: Form) -> Iterator[Kin]:
        if told.sort is Sort.DELETED:
            return
        yield Kin(ANYBODY)
        for name, _ in self._sets[Sort.OTHER]:
            yield Kin(name, f"{name} is no form of a principal that is known here", general=True)
        if told.sort in _GOOGLE:
            yield Kin(AUTHENTICATED)
        match told.sort:
            case Sort.USER | Sort.DOMAIN:
                yield from self._by_domain(told.home)
            case Sort.CUSTOMER:
                yield from self._by_customer(told.home)
            case Sort.ACCOUNT | Sort.AGENT:
                yield from self._account_sets(self._home(told), _type(told.sort))
            case Sort.ACCOUNTS:
                yield from self._account_sets(self.index.short(told.home), told.value)
            case Sort.SUBJECT | Sort.POOL | Sort.KUBERNETES:
                yield from self._pools(told)
            case Sort.TRUSTED | Sort.TRUST:
                yield from self._trusts(told)

    def _home(self, told: Form) -> str:
        """The container that somebody belongs to, by its short name."""
        known = self.index.accounts.get(told.value)
        if known is not None:
            return self.index.short("/".join(known.name.split("/")[3:5]))
        return self.index.short(told.home)

    def _by_domain(self, domain: str) -> Iterator[Kin]:
        if domain in _CONSUMER:
            return
        for name, other in self._sets[Sort.DOMAIN]:
            if other.home == domain:
                yield Kin(name)
            else:
                why = f"{name} takes in all domains of its customer, and {domain} may be one"
                yield Kin(name, why, general=True)
        for name, other in self._sets[Sort.CUSTOMER]:
            yield from self._customers(name, other.home, domain)
        for name, other in self._sets[Sort.ACCOUNTS]:
            if not other.value and other.home.startswith("organizations/"):
                yield from self._organisation(name, other.home, domain)

    def _organisation(self, name: str, organisation: str, domain: str) -> Iterator[Kin]:
        container = self.index.containers.get(organisation)
        if container is not None and container.title.lower() == domain:
            yield Kin(name)
        else:
            why = f"whether {domain} is a domain of {organisation} was not read"
            yield Kin(name, why, general=True)

    def _customers(self, name: str, customer: str, domain: str) -> Iterator[Kin]:
        primary = {
            one.title.lower() for one in self.index.snapshot.containers if one.customer == customer
        }
        if domain in primary:
            yield Kin(name)
        else:
            why = f"whether {domain} is a domain of customer {customer} was not read"
            yield Kin(name, why, general=True)

    def _by_customer(self, customer: str) -> Iterator[Kin]:
        owned = [one for one in self.index.snapshot.containers if one.customer == customer]
        titles = {one.title.lower() for one in owned}
        for name, other in self._sets[Sort.DOMAIN]:
            if other.home in titles:
                yield Kin(name)
            else:
                yield Kin(name, f"the domains of customer {customer} were not read", general=True)
        names = {one.name for one in owned}
        for name, other in self._sets[Sort.ACCOUNTS]:
            if not other.value and other.home.startswith("organizations/"):
                if other.home in names:
                    yield Kin(name)
                elif not names:
                    why = f"the organisation of customer {customer} was not read"
                    yield Kin(name, why, general=True)

    @cached_property
    def _account_sets_of(self) -> dict[str, list[tuple[str, str]]]:
        """Sets of accounts by container: name and type of account."""
        found: dict[str, list[tuple[str, str]]] = {}
        for name, told in self._sets[Sort.ACCOUNTS]:
            found.setdefault(self.index.short(told.home), []).append((name, told.value))
        return found

    def _account_sets(self, home: str, kind: str) -> Iterator[Kin]:
        """The sets of accounts that those of a container are in.

        Args:
            home: the container, by its short name.
            kind: ``ServiceAccount`` or ``ServiceAgent``; empty for other identities.
        """
        for container, within in self._above(home):
            for name, wanted in self._account_sets_of[container]:
                if wanted not in {"", kind}:
                    continue
                if within:
                    yield Kin(name)
                else:
                    why = f"whether {home or 'its project'} is below {container} is not known"
                    yield Kin(name, why, general=True)

    def _above(self, home: str) -> Iterator[tuple[str, bool]]:
        """Containers with sets of accounts that another one is below, or may be: not known."""
        sets = self._account_sets_of
        if not home:
            yield from ((container, False) for container in sets)
            return
        lineage = self.index.lineage(home)
        yield from ((container, True) for container in lineage.containers if container in sets)
        if lineage.gap:
            yield from (
                (container, False)
                for container in sets
                if container not in lineage.containers and self._may_be_above(home, container)
            )

    def _may_be_above(self, home: str, container: str) -> bool:
        """Whether a container may be above another one of which that was not read."""
        if not container.startswith("projects/"):
            return True
        by_number = [name.partition("/")[2].isdigit() for name in (home, container)]
        known = self.index.containers.get(container if by_number[0] else home)
        return by_number[0] != by_number[1] and (known is None or not known.number)

    def _pools(self, told: Form) -> Iterator[Kin]:
        pool, subject = told.home, told.value
        if told.sort is Sort.KUBERNETES:
            pool = self._kubernetes_pool(told.home)
            yield Kin(f"principal:{pool}/subject/{subject}")
        elif told.sort is Sort.SUBJECT and subject.startswith("ns/"):
            yield from self._kubernetes_name(pool, subject)
        for name, other in self._pool_sets.get(pool, ()):
            if other.value == "*" or f"{subject}/".startswith(f"ns/{_space(other)}/"):
                yield Kin(name)
            elif told.sort is not Sort.POOL:
                yield Kin(name, f"whether {subject} is in {name} is told by its token alone")
        yield from self._pool_owners(pool)

    @cached_property
    def _pool_sets(self) -> dict[str, list[tuple[str, Form]]]:
        found: dict[str, list[tuple[str, Form]]] = {}
        for name, told in self._sets[Sort.POOL]:
            found.setdefault(told.home, []).append((name, told))
        return found

    def _pool_owners(self, pool: str) -> Iterator[Kin]:
        """Whose principals all identities of a pool are: a project's, an organisation's."""
        parts = pool.split("/")
        if parts[3] == "projects":
            yield from self._account_sets(self.index.short(f"projects/{parts[4]}"), "")
            return
        for container, sets in self._account_sets_of.items():
            if container.startswith("organizations/"):
                why = f"whether {pool[2:]} is of {container} is not known"
                yield from (Kin(name, why, general=True) for name, wanted in sets if not wanted)

    def _kubernetes_pool(self, home: str) -> str:
        project = home.partition("/")[2]
        container = self.index.containers.get(home)
        number = container.number if container and container.number else project
        return (
            f"//iam.googleapis.com/projects/{number}/locations/global/workloadIdentityPools/"
            f"{project}.svc.id.goog"
        )

    def _kubernetes_name(self, pool: str, subject: str) -> Iterator[Kin]:
        parts = subject.split("/")
        name = pool.rpartition("/")[2]
        if len(parts) == 4 and name.endswith(".svc.id.goog"):  # noqa: PLR2004 - ns/SPACE/sa/NAME
            yield Kin(f"serviceAccount:{name}[{parts[1]}/{parts[3]}]")

    def _trusts(self, told: Form) -> Iterator[Kin]:
        for name, other in self._sets[Sort.TRUST]:
            if other.home != told.home:
                continue
            if other.value == "*":
                yield Kin(name)
            else:
                yield Kin(name, f"whether it is in {name} is told by its token alone")


def _space(pool: Form) -> str:
    return pool.value.removeprefix("namespace/") if pool.value.startswith("namespace/") else "\0"


def _type(sort: Sort) -> str:
    """Of a service account or agent, as sets of accounts name it."""
    return "ServiceAgent" if sort is Sort.AGENT else "ServiceAccount"
