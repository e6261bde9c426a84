"""A small organisation as a snapshot: one of everything that an audit tells apart."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from provision.snapshot import open_writer
from provision.snapshot.records import (
    VERSION,
    Account,
    AnyRecord,
    Binding,
    Container,
    DenyPolicy,
    DenyRule,
    Group,
    Header,
    Kind,
    Membership,
    Part,
    Policy,
    Target,
    Unread,
)

READ = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
"""When it was read."""
ORG, FOLDER = "organizations/123456789012", "folders/345678901234"
PROJECT, LAB = "projects/acme-prod", "projects/acme-lab"
RUN = "//run.googleapis.com"
FUNCTIONS = "//cloudfunctions.googleapis.com"
PLACE = f"{PROJECT}/locations/europe-west1"

ORDERS = f"{RUN}/{PLACE}/services/orders"
SHOP = f"{RUN}/{PLACE}/services/shop"
LEDGER = f"{RUN}/{PLACE}/services/ledger"
REPORTS = f"{RUN}/{PLACE}/services/reports"
REPORTS_FUNCTION = f"{FUNCTIONS}/{PLACE}/functions/reports"
NIGHTLY = f"{RUN}/{PLACE}/jobs/nightly"
LAB_ORDERS = f"{RUN}/{LAB}/locations/us-central1/services/orders"
SERVICES = (ORDERS, SHOP, REPORTS, LAB_ORDERS)
"""Those that ask for an invoker."""

ANN, BOB, CY, DEE = (f"user:{name}@example.com" for name in ("ann", "bob", "cy", "dee"))
DEVS, PARTNERS = "group:devs@example.com", "group:partners@example.org"
WEB = "web@acme-prod.iam.gserviceaccount.com"
INVOKER = "roles/run.invoker"


def write(path: Path, *changes: AnyRecord, at: datetime = READ) -> Path:
    """Write the organisation as a snapshot.

    Args:
        path: where to.
        changes: policies, groups and so on that take the place of those of the same name.
        at: when it was read.
    """
    names = {_name(one) for one in changes}
    kept = [one for one in _records() if _name(one) not in names]
    with open_writer(path) as add:
        add(Header(VERSION, ORG, at, at, reader="user:auditor@example.com", tool="0.1.0"))
        for record in (*kept, *changes):
            add(record)
    return path


def _name(record: AnyRecord) -> tuple[str, str]:
    for name in ("name", "resource", "member", "of"):
        if hasattr(record, name):
            return type(record).__name__, getattr(record, name)
    return type(record).__name__, ""


def _records() -> Iterator[AnyRecord]:
    yield Container(ORG, "", title="example.com", customer="C01234567")
    yield Container(FOLDER, ORG, title="Production")
    yield Container(PROJECT, FOLDER, number="111111111111")
    yield Container(LAB, ORG, number="222222222222")
    yield from _targets()
    yield from _policies()
    yield from _identities()


def _targets() -> Iterator[AnyRecord]:
    for name in (ORDERS, SHOP, LEDGER, REPORTS, LAB_ORDERS):
        yield _service(name)
    yield Target(
        REPORTS_FUNCTION,
        Kind.FUNCTION,
        ingress="all",
        urls=("https://europe-west1-acme-prod.cloudfunctions.net/reports",),
        account=WEB,
        generation=2,
        service=REPORTS,
    )
    yield Target(NIGHTLY, Kind.JOB, account=WEB)


def _service(name: str) -> Target:
    own, region = name.rpartition("/")[2], name.split("/")[6]
    number = "111111111111" if "acme-prod" in name else "222222222222"
    return Target(
        name,
        Kind.SERVICE,
        ingress="internal" if name == LEDGER else "all",
        urls=(f"https://{own}-{number}.{region}.run.app",),
        invoker_check=name != LEDGER,
        account=WEB,
    )


def _policies() -> Iterator[AnyRecord]:
    only_v1 = 'request.path.startsWith("/v1/")'
    yield Policy(ORG, (Binding("roles/iam.securityAdmin", (DEE,)),))
    yield Policy(FOLDER)
    yield Policy(PROJECT, (Binding(INVOKER, (DEVS,)), Binding("roles/editor", (BOB,))))
    yield Policy(LAB)
    yield Policy(
        ORDERS,
        (
            Binding(INVOKER, (f"serviceAccount:{WEB}", PARTNERS)),
            Binding(INVOKER, (CY,), only_v1, "version 1 alone"),
        ),
    )
    yield Policy(SHOP, (Binding(INVOKER, ("allUsers",)),))
    for name in (LEDGER, REPORTS, NIGHTLY, LAB_ORDERS):
        yield Policy(name)
    rule = DenyRule(
        ("principalSet://goog/group/contractors@example.com",),
        ("run.googleapis.com/routes.invoke",),
    )
    yield DenyPolicy(FOLDER, "no-contractors", (rule,))


def _identities() -> Iterator[AnyRecord]:
    account = f"//iam.googleapis.com/{PROJECT}/serviceAccounts/{WEB}"
    yield Account(account, WEB, unique_id="100000000000000000001")
    yield Policy(
        account,
        (Binding("roles/iam.serviceAccountOpenIdTokenCreator", ("user:eve@example.com",)),),
    )
    yield Group(DEVS, (Membership(ANN), Membership("user:con@example.com")))
    yield Group("group:contractors@example.com", (Membership("user:con@example.com"),))
    yield Group(PARTNERS)
    yield Unread(PARTNERS, Part.MEMBERS, "403 PERMISSION_DENIED: it belongs to another customer")
