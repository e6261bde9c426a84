"""Names of principals in all policies' spellings, and who is in what."""

from datetime import UTC, datetime, timedelta

import pytest

from provision.audit.forms import Sort, form, normal
from provision.audit.index import Index
from provision.audit.members import Members
from provision.snapshot import Snapshot
from provision.snapshot.records import (
    Account,
    AnyRecord,
    Binding,
    Container,
    Group,
    Header,
    Membership,
    Part,
    Policy,
    Unread,
)

_AT = datetime(2026, 6, 1, tzinfo=UTC)
_POOL = "//iam.googleapis.com/projects/101/locations/global/workloadIdentityPools/ci"
_SETS = "principalSet://cloudresourcemanager.googleapis.com"


_MINE = "serviceAccount:a@one.iam.gserviceaccount.com"
_FAR = "serviceAccount:a@far.iam.gserviceaccount.com"
_AGENT = "serviceAccount:service-101@gcp-sa-x.iam.gserviceaccount.com"
_KUBERNETES = "serviceAccount:one.svc.id.goog[space/web]"
_KUBERNETES_POOL = _POOL.removesuffix("ci") + "one.svc.id.goog"


def _members(*mentioned: str, records: tuple[AnyRecord, ...] = ()) -> Members:
    policy = Policy("projects/one", (Binding("roles/run.invoker", mentioned),))
    given = {one.name for one in records if isinstance(one, Container)}
    containers = [
        one
        for one in (
            Container("organizations/1", title="example.com", customer="C01"),
            Container("projects/one", "organizations/1", "101"),
        )
        if one.name not in given
    ]
    snapshot = Snapshot.of([Header(1, "organizations/1", _AT), policy, *containers, *records])
    return Members(Index(snapshot), _AT)


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("user:Ann@Example.com", "user:ann@example.com"),
        ("principal://goog/subject/Ann@example.com", "user:ann@example.com"),
        ("principalSet://goog/group/Team@example.com", "group:team@example.com"),
        ("principalSet://goog/public:all", "allUsers"),
        ("principalSet://goog/cloudIdentityCustomerId/C01", "cloudIdentityCustomerId:C01"),
        (
            "principal://iam.googleapis.com/projects/-/serviceAccounts/a@p.iam.gserviceaccount.com",
            "serviceAccount:a@p.iam.gserviceaccount.com",
        ),
        ("//iam.googleapis.com/locations/global/workspace/C01", "cloudIdentityCustomerId:C01"),
        (_POOL, f"principalSet:{_POOL}/*"),
        ("//cloudresourcemanager.googleapis.com/projects/one", f"{_SETS}/projects/one"),
    ],
)
def test_one_principal_has_one_spelling(written: str, spelled: str) -> None:
    """Deny policies and boundaries mean the same principals as allow policies do."""
    assert normal(written) == spelled


@pytest.mark.parametrize(
    ("member", "sort"),
    [
        ("serviceAccount:service-101@gcp-sa-iap.iam.gserviceaccount.com", Sort.AGENT),
        ("serviceAccount:101@cloudservices.gserviceaccount.com", Sort.AGENT),
        ("serviceAccount:101-compute@developer.gserviceaccount.com", Sort.ACCOUNT),
        ("serviceAccount:one.svc.id.goog[space/web]", Sort.KUBERNETES),
        (f"principal:{_POOL}/subject/x", Sort.SUBJECT),
        (f"principalSet:{_POOL}/attribute.repo/x", Sort.POOL),
        (f"{_SETS}/folders/2/type/ServiceAgent", Sort.ACCOUNTS),
        ("principal://agents.global.org-1.system.id.goog/resources/x", Sort.TRUSTED),
        ("deleted:user:ann@example.com?uid=1", Sort.DELETED),
        ("projectOwner:one", Sort.BASIC),
        ("robot:x", Sort.OTHER),
        ("principalSet://goog/else", Sort.OTHER),
    ],
)
def test_every_form_is_told_apart(member: str, sort: Sort) -> None:
    """What no page lists is not known, and nothing else."""
    assert form(member).sort is sort


@pytest.mark.parametrize(
    ("principal", "set_", "sure"),
    [
        ("user:ann@example.com", "domain:example.com", True),
        ("user:ann@other.example", "domain:example.com", False),
        ("user:ann@gmail.com", "domain:example.com", None),
        ("user:ann@example.com", "allAuthenticatedUsers", True),
        (f"principal:{_POOL}/subject/x", "allAuthenticatedUsers", None),
        (f"principal:{_POOL}/subject/x", "allUsers", True),
        (f"principal:{_POOL}/subject/x", f"principalSet:{_POOL}/*", True),
        (f"principal:{_POOL}/subject/x", f"principalSet:{_POOL}/attribute.repo/x", False),
        (_MINE, f"{_SETS}/projects/101/type/ServiceAccount", True),
        (_MINE, f"{_SETS}/organizations/1/type/ServiceAccount", True),
        (_FAR, f"{_SETS}/organizations/1/type/ServiceAccount", False),
        (_MINE, f"{_SETS}/projects/101/type/ServiceAgent", None),
        (_AGENT, f"{_SETS}/projects/101/type/ServiceAgent", True),
        (_AGENT, f"{_SETS}/projects/101/type/ServiceAccount", None),
        (_KUBERNETES, f"principal:{_KUBERNETES_POOL}/subject/ns/space/sa/web", True),
        ("user:ann@example.com", "robot:x", False),
        ("deleted:user:ann@example.com?uid=1", "allUsers", None),
        ("group:team@example.com", "domain:example.com", None),
        ("user:ann@example.com", f"{_SETS}/organizations/1", True),
        ("user:ann@other.example", f"{_SETS}/organizations/1", False),
    ],
)  # fmt: skip
def test_sets_hold_whom_they_are_documented_to(
    principal: str, set_: str, sure: bool | None
) -> None:
    """In it (True), perhaps (False) or not (None): the same upward and downward."""
    members = _members(principal, set_)
    one = members.belonging(principal).get(set_)
    assert (one.sure if one else None) is sure
    extent, bit = members.extent(set_), members.universe.mask(principal)
    assert (extent.sure & bit > 0, (extent.maybe | extent.vague) & bit > 0) == (
        sure is True,
        sure is False,
    )


def test_groups_in_a_circle_have_the_same_members() -> None:
    """A group that is in itself ends the search, upward and downward."""
    inner = (Membership("group:a@example.com"), Membership("user:ann@example.com"))
    records = (
        Group("group:a@example.com", (Membership("group:b@example.com"),)),
        Group("group:b@example.com", inner),
    )
    members = _members("group:a@example.com", records=records)
    assert members.belonging("user:ann@example.com")["group:a@example.com"].way == (
        "group:b@example.com",
        "group:a@example.com",
    )
    assert members.extent("group:a@example.com").sure == members.extent("group:b@example.com").sure


@pytest.mark.parametrize(("hours", "inside"), [(1, True), (0, False), (-1, False)])
def test_a_membership_ends_at_its_time(hours: int, inside: bool) -> None:
    """At that very moment it has ended, and what it was in is told as ended."""
    ends = _AT + timedelta(hours=hours)
    group = Group("group:a@example.com", (Membership("user:ann@example.com", ends),))
    members = _members("group:a@example.com", records=(group,))
    one = members.belonging("user:ann@example.com")["group:a@example.com"]
    assert (one.sure, one.expired) == (inside, "" if inside else "group:a@example.com")
    bit = members.universe.mask("user:ann@example.com")
    assert bool(members.extent("group:a@example.com").sure & bit) is inside


_EXTERNAL = (Group("group:a@example.com"), Unread("group:a@example.com", Part.MEMBERS, "external"))


@pytest.mark.parametrize("records", [(), _EXTERNAL], ids=["no record", "unread"])
def test_a_group_that_was_not_read_may_hold_any_google_account(
    records: tuple[AnyRecord, ...],
) -> None:
    """And no federated identity: those are in no group."""
    federated = f"principal:{_POOL}/subject/x"
    members = _members("group:a@example.com", "user:ann@x.example", federated, records=records)
    assert members.belonging("user:ann@x.example")["group:a@example.com"].doubts
    assert "group:a@example.com" not in members.belonging(federated)
    extent = members.extent("group:a@example.com")
    assert extent.rest
    assert extent.vague & members.universe.mask("user:ann@x.example")
    assert not extent.vague & members.universe.mask(federated)


def test_accounts_have_the_lowest_positions() -> None:
    """What is asked of accounts alone stays small."""
    email = _MINE.partition(":")[2]
    account = Account(f"//iam.googleapis.com/projects/one/serviceAccounts/{email}", email)
    universe = _members("user:ann@example.com", records=(account,)).universe
    assert universe.accounts == 1
    assert list(universe.members(universe.all)) == list(universe.names)
    assert [universe.member(place) for place in range(len(universe))] == list(universe.names)
