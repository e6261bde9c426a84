"""Made-up organisations of any size, to audit: the same seed makes the same records.

    python -m tests.audit_world --services 10000 --bindings 44000 -o org.jsonl.zst

Their shape is that of real ones: an organisation with folders two deep, a project for some
twenty-five services, most bindings on services and projects, few high up; groups in groups; deploy
accounts that may mint tokens; here and there a condition, a deny policy, something not readable.
"""

import argparse
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from provision.snapshot import Snapshot, open_writer
from provision.snapshot.records import (
    VERSION,
    Account,
    AnyRecord,
    Binding,
    Caller,
    CallerKind,
    Container,
    Group,
    Header,
    Key,
    Kind,
    Membership,
    Part,
    Policy,
    Role,
    Tags,
    Target,
    Unread,
)
from tests import audit_sizes as sizes
from tests.audit_guards import ORGANIZATION, TAGS, TAKEN, Guards, condition
from tests.audit_sizes import HUGE, LARGE, Size

__all__ = ["HUGE", "LARGE", "ORGANIZATION", "TAKEN", "Size", "World", "snapshot", "write"]

_CUSTOMER = "C01234567"
_REGIONS = ("asia-east1", "europe-west1", "us-central1")
_FIRST_NUMBER = 100_000_000_000


class World:
    """One organisation; its records come in the order in which a reading finds them.

    Args:
        size: how large, and how odd.
        seed: another one makes another organisation.
        projects: ids to use; empty for as many as `size` asks for.
    """

    def __init__(self, size: Size, seed: int = 1, projects: tuple[str, ...] = ()) -> None:
        self._size = size
        self._random = random.Random(seed)  # noqa: S311 - made up, not secret
        many = max(1, size.services // size.per_project)
        self._projects = projects or tuple(f"team-{place:04d}" for place in range(many))

    def records(self) -> Iterator[AnyRecord]:
        """All of them, the header first."""
        yield Header(VERSION, ORGANIZATION, TAKEN - timedelta(minutes=4), TAKEN, tool="0")
        yield from self._containers
        yield from self._roles
        yield from self._made_groups()
        yield from self._accounts
        yield from self._keys()
        yield from self._targets
        yield from self._callers
        yield from self._tags()
        yield from self._policies()
        guards = Guards(self._random, self._containers, self._people, self._groups)
        yield from guards.denials(self._size.deny)
        yield from guards.boundaries(self._size.boundaries)
        yield from self._unread()

    @cached_property
    def _folders(self) -> tuple[str, ...]:
        many = 2 + len(self._projects) // 12
        return tuple(f"folders/{700_000_000_000 + place}" for place in range(many))

    @cached_property
    def _containers(self) -> tuple[Container, ...]:
        """The organisation, folders in folders, projects in those; few stand right at the top."""
        found = [Container(ORGANIZATION, title="example.com", customer=_CUSTOMER)]
        top = max(1, len(self._folders) // 4)
        for place, name in enumerate(self._folders):
            above = ORGANIZATION if place < top else self._folders[place % top]
            found.append(Container(name, above, title=f"Folder {place}"))
        for place, project in enumerate(self._projects):
            above = ORGANIZATION if self._chance(0.05) else self._random.choice(self._folders)
            found.append(Container(f"projects/{project}", above, str(_FIRST_NUMBER + place)))
        return tuple(found)

    @cached_property
    def _roles(self) -> tuple[Role, ...]:
        found = []
        for place in range(self._size.custom_roles):
            project = f"projects/{self._random.choice(self._projects)}"
            owner = ORGANIZATION if place % 3 == 0 else project
            held = self._some(sizes.IN_CUSTOM_ROLES, self._random.randint(1, 4))
            found.append(Role(f"{owner}/roles/custom{place}", tuple(sorted(set(held)))))
        return tuple(found)

    @cached_property
    def _people(self) -> tuple[str, ...]:
        every = round(1 / self._size.outside) if self._size.outside else 0
        return tuple(
            f"user:u{place}@{'partner.example' if every and place % every == 1 else 'example.com'}"
            for place in range(self._size.users)
        )

    @cached_property
    def _groups(self) -> tuple[str, ...]:
        return tuple(f"group:team{place}@example.com" for place in range(self._size.groups))

    def _made_groups(self) -> Iterator[Group]:
        """A group in five has groups in it; two of them, each other."""
        many = len(self._projects)
        for place, group in enumerate(self._groups):
            team = place % many
            count = 1 + int(self._random.expovariate(1 / 9))
            inside = [self._near(self._people, team) for _ in range(count)]
            if self._chance(0.1):
                inside.append(self._near(self._account_members, team))
            if place >= many and self._chance(0.2):
                inside.append(self._groups[place - many])
            if place == 1:
                inside.append(self._groups[-1])
            if place == len(self._groups) - 1:
                inside.append(self._groups[1 % len(self._groups)])
            apart = sorted({one for one in inside if one != group})
            yield Group(group, tuple(Membership(one, self._ending()) for one in apart))

    def _ending(self) -> datetime | None:
        """When a membership ends: for most, never."""
        days = self._random.randint(-30, 60)
        return TAKEN + timedelta(days=days) if self._chance(0.03) else None

    @cached_property
    def _accounts(self) -> tuple[Account, ...]:
        """One default account for each project first, then those that somebody made."""
        found = []
        for place in range(max(len(self._projects), self._size.accounts)):
            project = self._projects[place % len(self._projects)]
            email = f"robot-{place}@{project}.iam.gserviceaccount.com"
            if place < len(self._projects):
                email = f"{_FIRST_NUMBER + place}-compute@developer.gserviceaccount.com"
            name = f"//iam.googleapis.com/projects/{project}/serviceAccounts/{email}"
            disabled = self._chance(self._size.disabled)
            found.append(Account(name, email, disabled, str(10**20 + place)))
        return tuple(found)

    @cached_property
    def _account_members(self) -> tuple[str, ...]:
        return tuple(f"serviceAccount:{account.email}" for account in self._accounts)

    def _keys(self) -> Iterator[Key]:
        for account in self._accounts:
            if self._chance(self._size.keys):
                made = TAKEN - timedelta(days=self._random.randint(1, 900))
                yield Key(account.name, f"{self._random.getrandbits(80):020x}", made)

    @cached_property
    def _targets(self) -> tuple[Target, ...]:
        """Services, jobs, functions; a second-generation function's service comes with it."""
        found = [self._service(place, f"svc{place}") for place in range(self._size.services)]
        for place in range(self._size.jobs):
            parent = self._parent("run", place)
            account = self._runs_as(place)
            found.append(Target(f"{parent}/jobs/job{place}", Kind.JOB, account=account))
        for place in range(self._size.functions):
            found += self._function(place)
        return tuple(found)

    def _parent(self, api: str, place: int) -> str:
        project = self._projects[place % len(self._projects)]
        region = _REGIONS[place // len(self._projects) % len(_REGIONS)]
        return f"//{api}.googleapis.com/projects/{project}/locations/{region}"

    def _service(self, place: int, name: str) -> Target:
        parent = self._parent("run", place)
        number = _FIRST_NUMBER + place % len(self._projects)
        ingress = ("all", "internal", "internal-and-cloud-load-balancing")
        return Target(
            f"{parent}/services/{name}",
            Kind.SERVICE,
            self._random.choices(ingress, (8, 1, 1))[0],
            (f"https://{name}-{number}.{parent.rpartition('/')[2]}.run.app",),
            default_url=not self._chance(0.03),
            invoker_check=not self._chance(self._size.unchecked),
            iap=self._chance(self._size.iap),
            account=self._runs_as(place),
        )

    def _runs_as(self, place: int) -> str:
        """A third run as the default account of their project, the others as one of its own."""
        many = len(self._projects)
        own = range(place % many, len(self._accounts), many)
        return self._accounts[own[0] if self._chance(0.33) else self._random.choice(own)].email

    def _function(self, place: int) -> list[Target]:
        parent = self._parent("cloudfunctions", place)
        project, region = parent.split("/")[4::2]
        name, url = f"{parent}/functions/fn{place}", f"https://{region}-{project}"
        urls = (f"{url}.cloudfunctions.net/fn{place}",)
        if place % 2 == 0:
            account = self._runs_as(place)
            return [Target(name, Kind.FUNCTION, "all", urls, account=account, generation=1)]
        behind = self._service(place, f"fn{place}")
        return [behind, Target(name, Kind.FUNCTION, "all", urls, generation=2, service=behind.name)]

    @cached_property
    def _callers(self) -> tuple[Caller, ...]:
        """Each calls a service as some account of the same project, by a kind in turn."""
        found = []
        many = len(self._projects)
        for place in range(round(self._size.services * self._size.callers)):
            project = self._projects[place % many]
            as_email = self._runs_as(place)
            services = range(place % many, self._size.services, many)
            url = self._targets[self._random.choice(services)].urls[0]
            found.append(self._caller(place, project, as_email, f"{url}/task"))
        return tuple(found)

    def _caller(self, place: int, project: str, account: str, url: str) -> Caller:
        kind = tuple(CallerKind)[place % len(CallerKind)]
        where = f"projects/{project}/locations/{_REGIONS[0]}"
        topic = f"//pubsub.googleapis.com/projects/{project}/topics/topic{place}"
        name, by = {
            CallerKind.PUSH: (f"//pubsub.googleapis.com/projects/{project}/subscriptions/", topic),
            CallerKind.TRIGGER: (f"//eventarc.googleapis.com/{where}/triggers/", topic),
            CallerKind.SCHEDULER: (f"//cloudscheduler.googleapis.com/{where}/jobs/", ""),
            CallerKind.QUEUE: (f"//cloudtasks.googleapis.com/{where}/queues/", ""),
            CallerKind.WORKFLOW: (f"//workflows.googleapis.com/{where}/workflows/", ""),
        }[kind]
        calls = "" if kind is CallerKind.WORKFLOW else url
        return Caller(f"{name}call{place}", kind, account, calls, by, paused=self._chance(0.05))

    def _tags(self) -> Iterator[Tags]:
        for container in self._containers[1:]:
            if self._chance(0.3):
                yield Tags(container.name, (self._random.choice(TAGS),))
        for target in self._targets[: self._size.services]:
            if self._chance(0.05):
                yield Tags(target.name, (self._random.choice(TAGS),))

    def _policies(self) -> Iterator[Policy]:
        """One for each thing that has one; most bindings stand on targets, then on projects."""
        topics = [caller.by for caller in self._callers if caller.by]
        names = (
            [container.name for container in self._containers],
            [account.name for account in self._accounts],
            [target.name for target in self._targets],
            sorted(set(topics)),
        )
        many = self._shared_out(names)
        kinds = {target.name: target for target in self._targets}
        for name in (one for some in names for one in some):
            made = (self._binding(name, kinds.get(name)) for _ in range(many[name]))
            yield Policy(name, tuple(made))

    def _shared_out(self, names: Sequence[Sequence[str]]) -> Counter[str]:
        """How many bindings stand on each."""
        containers, accounts, targets, topics = names
        above = [name for name in containers if not name.startswith("projects/")]
        projects = containers[len(above) :]
        count = self._size.bindings
        shares = (
            (above, count // 250),
            (projects, count // 5),
            (accounts, round(count * self._size.impersonation)),
            (topics, min(count // 100, len(topics))),
        )
        many: Counter[str] = Counter()
        for some, share in shares:
            many.update(self._some(some, share))
        many.update(self._some(targets, count - many.total()))
        return many

    def _binding(self, name: str, target: Target | None) -> Binding:
        """A binding that is usual on such a thing."""
        role = self._weighted(sizes.usual_on(name, target))
        if self._roles and self._chance(0.03) and "://" not in name and "/serviceA" not in name:
            role = self._custom(name) or role
        team = self._team_of(name)
        public = target is not None and target.kind is not Kind.JOB
        members = self._members(team, public=public)
        conditional = target is None or target.kind is Kind.SERVICE
        if not conditional or "allUsers" in members or not self._chance(self._size.conditional):
            return Binding(role, members)
        return Binding(role, members, condition(self._random), "condition")

    def _custom(self, name: str) -> str:
        """A custom role that may be bound there; empty where there is none."""
        _, within, rest = name.partition("projects/")
        owners = {ORGANIZATION, within + rest.partition("/")[0]}
        role = self._random.choice(self._roles).name
        return role if role.rpartition("/roles/")[0] in owners else ""

    def _members(self, team: int | None, *, public: bool) -> tuple[str, ...]:
        found = {self._member(self._weighted(sizes.MEMBERS), team, public=public)}
        while self._chance(0.3):
            found.add(self._member(self._weighted(sizes.MEMBERS[:3]), team, public=public))
        return tuple(sorted(found))

    def _member(self, kind: str, team: int | None, *, public: bool) -> str:
        number = self._random.randint(1, 10**20)
        place = self._random.randrange(len(self._projects)) if team is None else team
        pool = f"projects/{_FIRST_NUMBER + place}/locations/global/workloadIdentityPools/ci"
        repository = f"attribute.repository/example/app{number % 50}"
        if kind == "public" and not public:
            kind = "user"
        return {
            "user": self._near(self._people, team),
            "group": self._near(self._groups, team),
            "account": self._near(self._account_members, team),
            "pool": f"principalSet://iam.googleapis.com/{pool}/{repository}",
            "accounts": "principalSet://cloudresourcemanager.googleapis.com/projects/"
            f"{_FIRST_NUMBER + place}/type/ServiceAccount",
            "domain": "domain:example.com",
            "deleted": f"deleted:user:gone{number % 99}@example.com?uid={number}",
            "public": "allUsers" if self._chance(0.8) else "allAuthenticatedUsers",
        }[kind]

    def _near(self, choices: Sequence[str], team: int | None) -> str:
        """One of a team, mostly: what is theirs stands as far apart as there are teams."""
        many = len(self._projects)
        if team is None or len(choices) <= many or self._chance(sizes.FAR):
            return self._random.choice(choices)
        return choices[self._random.randrange(team, len(choices), many)]

    def _team_of(self, name: str) -> int | None:
        _, _, rest = name.partition("projects/")
        return self._teams.get(rest.partition("/")[0])

    @cached_property
    def _teams(self) -> dict[str, int]:
        return {project: place for place, project in enumerate(self._projects)}

    def _unread(self) -> Iterator[Unread]:
        share, why = self._size.unread, "403 The caller does not have permission"
        for group in self._groups:
            if self._chance(share):
                yield Unread(group, Part.MEMBERS, why)
        for account in self._accounts:
            if self._chance(share / 10):
                yield Unread(account.name, Part.KEYS, why)
        for project in self._projects:
            if self._chance(share):
                yield Unread(f"projects/{project}", Part.CALLERS, why)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _some(self, choices: Sequence[str], many: int) -> list[str]:
        return self._random.choices(choices, k=many) if choices else []

    def _weighted(self, choices: sizes.Weighted) -> str:
        names, weights = zip(*choices, strict=True)
        return str(self._random.choices(names, weights)[0])


def snapshot(size: Size, seed: int = 1, projects: tuple[str, ...] = ()) -> Snapshot:
    """Such an organisation in memory."""
    return Snapshot.of(World(size, seed, projects).records())


def write(path: Path, size: Size, seed: int = 1) -> int:
    """Such an organisation in a file; how many lines it has."""
    lines = 0
    with open_writer(path) as add:
        for record in World(size, seed).records():
            add(record)
            lines += 1
    return lines


def main() -> None:
    """Write one, as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    for field in fields(Size):
        flag = "--" + field.name.replace("_", "-")
        parser.add_argument(flag, type=type(field.default), default=field.default)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = vars(parser.parse_args())
    path, seed = given.pop("output"), given.pop("seed")
    write(path, Size(**given), seed)


if __name__ == "__main__":
    main()
