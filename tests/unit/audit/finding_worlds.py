"""Small organisations for the rules: one shop, with what a rule looks for and nearly with it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from provision.audit import Audit
from provision.audit.answers import Finding
from provision.audit.findings import BY_NAME
from provision.audit.findings.report import findings
from provision.audit.findings.scene import Scene
from provision.audit.settings import Settings
from provision.snapshot import Snapshot
from provision.snapshot.records import (
    VERSION,
    Account,
    AnyRecord,
    Binding,
    Container,
    Group,
    Header,
    Kind,
    Membership,
    Policy,
    Target,
)

AT = datetime(2026, 6, 1, tzinfo=UTC)
ORGANIZATION = "organizations/1"
FOLDER = "folders/2"
PROJECT = "projects/shop-prod"
ORDERS = "//run.googleapis.com/projects/shop-prod/locations/europe-west1/services/orders"
NIGHTLY = "//run.googleapis.com/projects/shop-prod/locations/europe-west1/jobs/nightly"
CALLS = "serviceAccount:caller@shop-prod.iam.gserviceaccount.com"
CALLER = f"//iam.googleapis.com/projects/shop-prod/serviceAccounts/{CALLS.partition(':')[2]}"
ANN = "user:ann@example.com"
INVOKER = "roles/run.invoker"
NARROW = "roles/run.servicesInvoker"


@dataclass(frozen=True)
class World:
    """Records beside those that every world has, and what the team says.

    Args:
        records: those of a name that the common ones have stand for them.
        settings: of the team.
    """

    records: tuple[AnyRecord, ...]
    settings: Settings = field(default_factory=Settings)

    def audit(self) -> Audit:
        """It, at the time of all worlds."""
        return Audit(snapshot(self.records), AT)

    def found(self) -> list[Finding]:
        """What all rules find in it."""
        audit = self.audit()
        return findings(Scene(audit.snapshot, AT, self.settings, audit))

    def of(self, rule: str) -> list[Finding]:
        """What one rule finds in it."""
        assert rule in BY_NAME
        return [one for one in self.found() if one.rule == rule]


def world(*records: AnyRecord, settings: Settings | None = None) -> World:
    """A world with these records."""
    return World(records, settings or Settings())


def policy(resource: str, *bindings: tuple[str, str] | tuple[str, str, str]) -> Policy:
    """A policy; of each binding the role, one member, and a condition where there is one."""
    return Policy(
        resource, tuple(Binding(role, (member,), *rest) for role, member, *rest in bindings)
    )


def snapshot(records: Iterable[AnyRecord]) -> Snapshot:
    """These records and the common ones that they do not replace."""
    found: dict[tuple[str, ...], AnyRecord] = {}
    for record in (*_common(), *records):
        found[_name(record)] = record
    return Snapshot.of(found.values())


def _common() -> Iterable[AnyRecord]:
    yield Header(VERSION, ORGANIZATION, AT, AT)
    yield Container(ORGANIZATION, title="example.com", customer="C01")
    yield Container(FOLDER, ORGANIZATION)
    yield Container(PROJECT, FOLDER, number="111")
    yield Target(
        ORDERS, Kind.SERVICE, ingress="all", account="orders@shop-prod.iam.gserviceaccount.com"
    )
    yield Account(CALLER, CALLS.partition(":")[2])
    for resource in (ORGANIZATION, FOLDER, PROJECT, ORDERS, NIGHTLY, CALLER):
        yield Policy(resource)


def _name(record: AnyRecord) -> tuple[str, ...]:
    """What tells a record from others of its kind."""
    told = [str(getattr(record, field, "")) for field in record.__struct_fields__[:2]]
    first = record.__struct_fields__[0]
    if isinstance(record, Header):
        return ("header",)
    several = first in {"of", "account"} or type(record).__name__ == "DenyPolicy"
    return (type(record).__name__, *(told if several else told[:1]))


def group(name: str, *members: str) -> Group:
    """A group of those."""
    return Group(name, tuple(map(Membership, members)))
