"""What is to be read next, by what was read: the walk from a scope to all that decides. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from provision.clients.reading import inventory
from provision.clients.reading.noticed import Noticed
from provision.clients.reading.policies import policy_step
from provision.clients.reading.steps import Outcome, Step
from provision.clients.reading.targets import RUN
from provision.snapshot.records import (
    Account,
    AnyRecord,
    Caller,
    CallerKind,
    Container,
    DenyPolicy,
    Group,
    Kind,
    Part,
    Policy,
    Role,
    Target,
    Unread,
)

IAP = "//iap.googleapis.com/"

_BELOW = ("projects below", "folders below")
_OF_A_PROJECT = ("regions", "functions", "accounts")
_CALLERS = ("subscriptions", "triggers", "workflows", "scheduler places", "queue places")


@dataclass(frozen=True)
class Wanted:
    """What to read.

    Args:
        scope: ``projects/ID``, ``folders/NUMBER`` or ``organizations/NUMBER``.
        groups: whether to read who is in groups; otherwise all of them are unread.
        keys: whether to read keys of service accounts.
        callers: whether to read what calls on its own.
        only: full names of targets; empty for all in the scope.
        inventory: whether Cloud Asset Inventory is asked for what it has, of the whole scope.
    """

    scope: str
    groups: bool = True
    keys: bool = True
    callers: bool = True
    only: tuple[str, ...] = ()
    inventory: bool = False

    @property
    def roots(self) -> tuple[str, ...]:
        """The containers that the walk begins at: the scope, or the projects of the targets."""
        projects = ("/".join(one.split("/")[3:5]) for one in self.only)
        return tuple(dict.fromkeys(projects)) or (self.scope,)


@dataclass
class Follow:
    """Tells each step once.

    Args:
        wanted: what to read.
    """

    wanted: Wanted
    numbers: dict[str, str] = field(default_factory=dict)
    _projects: dict[str, str] = field(default_factory=dict)
    _accounts: dict[str, str] = field(default_factory=dict)
    _searched: dict[str, None] = field(default_factory=dict)
    _policies: set[str] = field(default_factory=set)
    _asked: set[Step] = field(default_factory=set)
    _inside: set[str] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)
    _project_under: dict[str, str] = field(default_factory=dict)
    _tagged: list[Step] = field(default_factory=list)
    _noticed: Noticed = field(default_factory=Noticed)

    def __post_init__(self) -> None:
        """Read groups or not, as wanted."""
        self._noticed.groups = self.wanted.groups

    def first(self) -> tuple[Step, ...]:
        """Where the walk begins."""
        return self._new(Step("container", one) for one in self.wanted.roots)

    def after(self, step: Step, outcome: Outcome) -> tuple[Step, ...]:
        """What follows from what a step brought."""
        found = list(outcome.then)
        for record in outcome.records:
            found += self._after_record(step, record)
        return self._new(found)

    def at_rest(self) -> tuple[Step, ...]:
        """What is left when all else was read, a stage at a time."""
        stages = (self._inventory, self._search, self._without_policy, self._elsewhere, self._tags)
        return next((fresh for stage in stages if (fresh := self._new(stage()))), ())

    def _inventory(self) -> Iterable[Step]:
        """The inventory, once it is known which projects there are."""
        wanted = self.wanted
        if not wanted.inventory:
            return ()
        return inventory.first(wanted.scope, with_keys=wanted.keys, with_callers=wanted.callers)

    def _search(self) -> Iterable[Step]:
        """The policies, once it is known which accounts there are: some go by their numbers."""
        return (inventory.policies_step(self.wanted.scope),) if self.wanted.inventory else ()

    def _without_policy(self) -> Iterable[Step]:
        """Resources of which the inventory told no policy: so they have none.

        Containers nearly always have one. Without one they are new, and the inventory is behind.
        """
        for one in self._searched:
            if one not in self._policies:
                yield Step("no policy", one) if one.startswith("//") else policy_step(one)

    def _elsewhere(self) -> Iterable[Step]:
        """Accounts of other projects."""
        for name, project in self._noticed.elsewhere(frozenset(self._inside)):
            yield Step("account", name)
            yield Step("container", project)

    def _tags(self) -> Iterable[Step]:
        return self._tagged if self._noticed.tags_wanted else ()

    def account(self, unique_id: str) -> str:
        """The full name of an account that was read, by its unique number; else empty."""
        return self._accounts.get(unique_id, "")

    def project(self, text: str) -> str:
        """``projects/ID`` of a project that was read, by its number or id; else empty."""
        return self._projects.get(text, "")

    def is_asked(self, step: Step) -> bool:
        """Whether that very step was told before."""
        return step in self._asked

    def mark(self, done: Iterable[Step]) -> None:
        """Take note of steps that were made before: they are not told again."""
        self._asked.update(done)

    def project_under(self, container: str) -> str:
        """A project that we came from to a folder or organisation; empty when there is none."""
        return self._project_under.get(container, "")

    def _new(self, steps: Iterable[Step]) -> tuple[Step, ...]:
        fresh = tuple(one for one in dict.fromkeys(steps) if one not in self._asked)
        self._asked.update(fresh)
        return fresh

    def _after_record(self, step: Step, record: AnyRecord) -> Iterator[Step]:  # noqa: C901 - one line a kind
        match record:
            case Container():
                yield from self._after_container(step, record)
            case Target():
                yield from self._after_target(record)
            case Policy():
                self._policies.add(record.resource)
                yield from self._noticed.of_policy(record)
            case DenyPolicy():
                yield from self._noticed.of_deny(record)
            case Account():
                yield from self._after_account(record)
            case Group():
                for one in record.members:
                    yield from self._noticed.of_member(one.member)
            case Role():
                yield from self._noticed.of_role(record)
            case Caller():
                yield from self._after_caller(record)
            case Unread(part=Part.ROLE):
                yield from self._noticed.of_unread_role(record.of)
            case _:
                return

    def _after_container(self, step: Step, record: Container) -> Iterator[Step]:
        name = record.name
        is_root = step.kind == "container" and step.of in self.wanted.roots
        inside = is_root or step.kind in _BELOW
        if record.number:
            self.numbers[name] = record.number
            self._projects |= dict.fromkeys((record.number, name.partition("/")[2]), name)
        if name in self._seen:
            return
        self._seen.add(name)
        if inside:
            self._inside |= {name, f"projects/{record.number}"}
        yield from self._policy(name)
        yield Step("deny policies", name)
        self._tagged.append(Step("tags", name, ("",)))
        if record.parent and record.parent not in self._seen:
            under = name if name.startswith("projects/") else self._project_under.get(name, "")
            self._project_under.setdefault(record.parent, under)
            yield Step("container", record.parent)
        if name.startswith("organizations/"):
            yield Step("boundaries", name)
        if inside:
            yield from self._within(name)

    def _within(self, name: str) -> Iterator[Step]:
        if not name.startswith("projects/"):
            yield from (Step(kind, name) for kind in _BELOW)
            return
        if self.wanted.inventory:
            yield Step("functions", name)  # of which the inventory lags behind by hours
            return
        if self.wanted.only:
            yield from (Step("target", one) for one in self.wanted.only if f"/{name}/" in one)
            yield Step("accounts", name)
        else:
            yield from (Step(kind, name) for kind in _OF_A_PROJECT)
        if self.wanted.callers:
            yield from (Step(kind, name) for kind in _CALLERS)

    def _after_target(self, record: Target) -> Iterator[Step]:
        client = _CLIENTS[record.kind]
        if record.kind is Kind.FUNCTION and record.generation == 1:
            client = "first_functions"
        yield from self._policy(record.name, client)
        if record.service and self.wanted.only:
            yield Step("target", record.service)
        place = record.name.split("/")
        if record.kind in (Kind.SERVICE, Kind.JOB):
            self._tagged.append(Step("tags", record.name, (place[6],)))
        if record.iap and record.name.startswith(RUN):
            web = f"{IAP}projects/{place[4]}/iap_web"
            region = f"{web}/cloud_run-{place[6]}"
            for resource in (web, region, f"{region}/services/{place[-1]}"):
                yield policy_step(resource, "iap")

    def _policy(self, resource: str, client: str = "") -> Iterator[Step]:
        """The policy of a resource, unless the inventory tells it with all the others."""
        if (
            self.wanted.inventory
            and self._is_inside(resource)
            and inventory.tells_policy_of(resource)
        ):
            self._searched.setdefault(resource)
        else:
            yield policy_step(resource, client)

    def _is_inside(self, resource: str) -> bool:
        parts = resource.split("/")
        return ("/".join(parts[3:5]) if resource.startswith("//") else resource) in self._inside

    def _after_account(self, record: Account) -> Iterator[Step]:
        self._accounts[record.unique_id] = record.name
        yield from self._policy(record.name, "iam")
        if self.wanted.keys and not (self.wanted.inventory and self._is_inside(record.name)):
            yield Step("keys", record.name)
        self._tagged.append(Step("tags", record.name, ("",)))

    def _after_caller(self, record: Caller) -> Iterator[Step]:
        if record.kind is CallerKind.QUEUE:
            yield from self._policy(record.name, "queues")
        if record.by:
            yield from self._policy(record.by, "topics")
            yield Step("container", "/".join(record.by.split("/")[3:5]))
        if record.account:
            yield from self._noticed.of_member(f"serviceAccount:{record.account}")


_CLIENTS: dict[Any, str] = {
    Kind.SERVICE: "services",
    Kind.JOB: "jobs",
    Kind.INSTANCE: "instances",
    Kind.FUNCTION: "functions",
}
"""Which of Google's clients reads the policy, by kind of target."""
