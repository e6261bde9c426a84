"""The live reading of a world with everything in it: all of it, and what cannot be read as such."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provision.audit import Audit
from provision.audit.answers import Verdict
from provision.clients.google import GoogleClients
from provision.clients.reading import read, read_for
from provision.clients.reading.walk import KINDS
from provision.errors import ProvisionError
from provision.snapshot import Snapshot
from provision.snapshot.records import Binding, Membership, Part
from tests.conftest import RunningEmulator
from tests.functional.audit import reading_world as world

ANN = "user:ann@example.com"


@pytest.fixture(scope="module")
def whole(google: GoogleClients) -> Snapshot:
    """The project, read once without any trouble."""
    return read(google, world.PROJECT)


def test_what_can_be_invoked_is_read_in_every_region_and_generation(whole: Snapshot) -> None:
    """Services, jobs, instances and functions, with what stands before them beside IAM."""
    targets = {one.name: one for one in whole.targets}
    assert set(targets) == {
        world.ORDERS,
        world.NIGHTLY,
        world.BOX,
        world.HELLO,
        world.FUNCTION,
        world.OLD,
    }
    orders = targets[world.ORDERS]
    assert (orders.ingress, orders.iap, orders.invoker_check) == ("internal", True, True)
    assert (orders.audiences, orders.account) == (("orders",), world.CALLER_EMAIL)
    assert orders.labels == (("team", "shop"),)
    assert orders.urls
    assert (targets[world.FUNCTION].generation, targets[world.OLD].generation) == (2, 1)
    assert targets[world.FUNCTION].service == world.HELLO
    assert targets[world.NIGHTLY].account == world.CALLER_EMAIL


def test_what_stands_above_is_read_up_to_the_organisation(whole: Snapshot) -> None:
    """Its customer id and the project's number as well."""
    containers = {one.name: one for one in whole.containers}
    assert containers[world.PROJECT].parent == world.FOLDER
    assert containers[world.PROJECT].number.isdigit()
    assert containers[world.FOLDER].parent == world.ORG
    assert (containers[world.ORG].parent, containers[world.ORG].customer) == ("", "C01emulator")


def test_every_policy_is_read_with_its_conditions(whole: Snapshot) -> None:
    """Of targets, what stands above, accounts, IAP at each level, topics and queues."""
    policies = {one.resource: one.bindings for one in whole.policies}
    named = {one.name for one in whole.targets} | {one.name for one in whole.accounts}
    named |= {one.name for one in whole.containers}
    region = f"{world.WEB}/cloud_run-asia-east1"
    wanted = {world.WEB, region, f"{region}/services/orders", world.TOPIC, world.QUEUE}
    assert (named | wanted) <= set(policies)
    tagged = Binding("roles/run.invoker", ("user:eve@example.com",), world.TAGGED, "only")
    assert tagged in policies[world.ORDERS]


def test_deny_policies_come_with_their_rules(whole: Snapshot) -> None:
    """Though a list of them has none."""
    (policy,) = whole.deny_policies
    assert (policy.resource, policy.name) == (world.FOLDER, "no-invoke")
    assert policy.rules[0].permissions == ("run.googleapis.com/routes.invoke",)


def test_boundaries_come_with_what_they_are_bound_to(whole: Snapshot) -> None:
    """And the condition."""
    (policy,), (binding,) = whole.boundaries, whole.boundary_bindings
    assert policy.resources == (f"//cloudresourcemanager.googleapis.com/{world.FOLDER}",)
    assert binding.boundary == policy.name
    assert binding.condition == "principal.subject == 'ann@example.com'"


def test_groups_are_read_within_groups_once_each(whole: Snapshot) -> None:
    """In a circle too, with the ends of memberships, and those that only a denial names."""
    groups = {one.member: one.members for one in whole.groups}
    assert set(groups) == {world.OUTER, world.INNER, world.DENIED}
    ends = datetime(2027, 1, 1, tzinfo=UTC)
    assert set(groups[world.INNER]) == {Membership(ANN, ends), Membership(world.OUTER)}


def test_roles_that_are_not_in_the_table_are_asked_of_iam(whole: Snapshot) -> None:
    """A custom one here."""
    assert [(one.name, one.permissions) for one in whole.roles] == [
        (world.CUSTOM, ("run.routes.invoke",))
    ]


def test_accounts_are_read_with_their_keys_and_those_of_other_projects_as_well(
    whole: Snapshot,
) -> None:
    """Whoever can mint a token of an invoker is one, wherever the account is."""
    names = {one.name for one in whole.accounts}
    assert {world.CALLER, world.STRANGER} <= names
    assert world.OTHER in {one.name for one in whole.containers}
    assert [one.account for one in whole.keys] == [world.CALLER]
    assert whole.keys[0].expires is None


def test_what_calls_on_its_own_is_read_with_its_account(whole: Snapshot) -> None:
    """Subscriptions, triggers, Scheduler jobs, queues and workflows."""
    callers = {one.name: one for one in whole.callers}
    wanted = {world.PUSH, world.TRIGGER, world.SCHEDULE, world.QUEUE, world.WORKFLOW}
    assert wanted <= set(callers)
    assert {callers[one].account for one in wanted} == {world.CALLER_EMAIL}
    assert callers[world.PUSH].by == world.TOPIC
    assert callers[world.TRIGGER].calls == world.ORDERS
    assert callers[world.SCHEDULE].calls == "https://orders.example.com/"


def test_tags_are_read_where_a_condition_compares_them(whole: Snapshot) -> None:
    """Those bound to a resource itself; none is a record too."""
    tags = {one.resource: one.tags for one in whole.tags}
    (tag,) = tags[world.PROJECT]
    assert (tag.key, tag.value) == ("100000000001/env", "prod")
    assert tags[world.ORDERS] == tags[world.FOLDER] == ()


def test_a_group_that_nobody_may_see_is_the_only_thing_unread(whole: Snapshot) -> None:
    """With what Cloud Identity said."""
    (unread,) = whole.unread
    assert (unread.of, unread.part) == ("group:custom@example.com", Part.MEMBERS)
    assert "Permission denied" in unread.why
    assert "http" not in unread.why


@pytest.mark.parametrize("scope", [world.FOLDER, world.ORG])
def test_a_folder_and_an_organisation_are_read_with_all_that_is_below(
    google: GoogleClients, whole: Snapshot, scope: str
) -> None:
    """The same as the project, and the other project."""
    found = read(google, scope)
    assert set(whole.targets) <= set(found.targets)
    assert {one.name for one in found.containers} == {
        world.PROJECT,
        world.OTHER,
        world.FOLDER,
        world.ORG,
    }
    assert {one.name for one in whole.accounts} <= {one.name for one in found.accounts}


_UNREADABLE = {
    "services of a region": ("*.Services/ListServices", "asia-east1", Part.TARGETS, world.PROJECT),
    "jobs of a region": ("*.Jobs/ListJobs", "asia-east1", Part.TARGETS, world.PROJECT),
    "instances": ("*.Instances/ListInstances", "asia-east1", Part.TARGETS, world.PROJECT),
    "policy of an instance": ("*.Instances/GetIamPolicy", "box", Part.POLICY, world.BOX),
    "functions": ("*.FunctionService/ListFunctions", "", Part.TARGETS, world.PROJECT),
    "regions": ("*Locations/ListLocations", "", Part.TARGETS, world.PROJECT),
    "policy of a service": ("*.Services/GetIamPolicy", "orders", Part.POLICY, world.ORDERS),
    "policy of a job": ("*.Jobs/GetIamPolicy", "nightly", Part.POLICY, world.NIGHTLY),
    "policy of a project": ("*.Projects/GetIamPolicy", "demo", Part.POLICY, world.PROJECT),
    "policy of a folder": ("*.Folders/GetIamPolicy", "", Part.POLICY, world.FOLDER),
    "policy of an organisation": ("*.Organizations/GetIamPolicy", "", Part.POLICY, world.ORG),
    "policy of an account": ("*.IAM/GetIamPolicy", "caller", Part.POLICY, world.CALLER),
    "policy of a topic": ("*/GetIamPolicy", "topics/events", Part.POLICY, world.TOPIC),
    "policy of a queue": ("*/GetIamPolicy", "queues/later", Part.POLICY, world.QUEUE),
    "policy of IAP": ("*IdentityAware*/GetIamPolicy", "", Part.POLICY, world.WEB),
    "list of deny policies": ("*.Policies/ListPolicies", "folders", Part.DENY, world.FOLDER),
    "a deny policy": ("*.Policies/GetPolicy", "", Part.DENY, world.FOLDER),
    "boundaries": ("*BoundaryPolicies/ListPrincipal*", "", Part.BOUNDARIES, world.ORG),
    "bindings of boundaries": ("*BoundaryPolicies/Search*", "", Part.BOUNDARIES, world.ORG),
    "a role": ("*.IAM/GetRole", "callers", Part.ROLE, world.CUSTOM),
    "an account elsewhere": ("*.IAM/GetServiceAccount", "", Part.ACCOUNTS, world.STRANGER),
    "its policy": ("*.IAM/GetIamPolicy", "robots", Part.POLICY, world.STRANGER),
    "accounts": ("*.IAM/ListServiceAccounts", "demo", Part.ACCOUNTS, world.PROJECT),
    "keys": ("*.IAM/ListServiceAccountKeys", "caller", Part.KEYS, world.CALLER),
    "the name of a group": ("*/LookupGroupName", "", Part.MEMBERS, world.OUTER),
    "members of a group": ("*/ListMemberships", "", Part.MEMBERS, world.OUTER),
    "tags": ("*/ListEffectiveTags", "", Part.TAGS, world.PROJECT),
    "subscriptions": ("*/ListSubscriptions", "", Part.CALLERS, world.PROJECT),
    "triggers": ("*/ListTriggers", "", Part.CALLERS, world.PROJECT),
    "workflows": ("*/ListWorkflows", "", Part.CALLERS, world.PROJECT),
    "Scheduler jobs": ("*CloudScheduler/ListJobs", "asia-east1", Part.CALLERS, world.PROJECT),
    "queues": ("*/ListQueues", "asia-east1", Part.CALLERS, world.PROJECT),
    "a folder": ("*.Folders/GetFolder", "", Part.PARENT, world.FOLDER),
}
"""By what it is: the calls that are refused, and what is unread then."""


@pytest.mark.parametrize("what", _UNREADABLE)
def test_what_cannot_be_read_is_recorded_and_stops_nothing(
    cloud: RunningEmulator, google: GoogleClients, whole: Snapshot, what: str
) -> None:
    """Each thing in turn, refused as by a missing permission."""
    method, resource, part, of = _UNREADABLE[what]
    fault = {"method": method, "resource": resource, "code": "PERMISSION_DENIED", "times": None}
    if what == "a folder":  # what a project's own ancestry tells is refused as well
        cloud.admin("POST", "/faults", **{**fault, "method": "*/GetAncestry"})
    cloud.admin("POST", "/faults", **fault, message="you may not")
    found = read(google, world.PROJECT)
    unread = {(one.part, one.of): one for one in found.unread}
    assert (part, of) in unread
    assert unread[part, of].why.startswith(("you may not", "injected fault"))
    assert {one.name for one in found.containers} >= {world.PROJECT, world.FOLDER}
    # Whatever is not told of it is told of all else: nothing else is missing without a word.
    assert len(found) > len(whole) / 4


_MALLORY, _FINN = "user:mallory@example.com", "user:finn@example.com"
_OWNER = "user:developer@example.com"


@pytest.mark.parametrize(
    ("method", "resource", "who", "target"),
    [
        pytest.param("*.Services/GetIamPolicy", "hello", _MALLORY, world.HELLO, id="policy"),
        pytest.param("*.Folders/GetIamPolicy", "", _MALLORY, world.HELLO, id="policy above"),
        pytest.param("*IdentityAware*/GetIamPolicy", "", _MALLORY, world.ORDERS, id="IAP"),
        pytest.param("*/ListMemberships", "", _MALLORY, world.NIGHTLY, id="group"),
        pytest.param("*.IAM/GetRole", "callers", _FINN, world.HELLO, id="role"),
        pytest.param("*.Policies/GetPolicy", "", _OWNER, world.HELLO, id="deny policy"),
        pytest.param("*.Policies/ListPolicies", "", _OWNER, world.HELLO, id="deny policies"),
    ],
)
def test_what_is_unread_is_unknown_to_the_audit_never_nobody(  # noqa: PLR0913, PLR0917 - a case each
    cloud: RunningEmulator,
    google: GoogleClients,
    whole: Snapshot,
    method: str,
    resource: str,
    who: str,
    target: str,
) -> None:
    """Somebody may stand in what was not read, and a denial may stop whoever else can."""
    assert Audit(whole).why(who, target).verdict in {Verdict.CAN, Verdict.CANNOT}
    refused = {"resource": resource, "code": "PERMISSION_DENIED", "times": None}
    cloud.admin("POST", "/faults", method=method, **refused)
    assert Audit(read(google, world.PROJECT)).why(who, target).verdict is Verdict.UNKNOWN


def test_one_refusal_of_all_regions_is_told_once(
    cloud: RunningEmulator, google: GoogleClients
) -> None:
    """Not forty times."""
    refused = {"code": "PERMISSION_DENIED", "times": None}
    cloud.admin("POST", "/faults", method="*.Services/ListServices", **refused)
    found = [one for one in read(google, world.PROJECT).unread if one.part is Part.TARGETS]
    assert len(found) == 1
    assert found[0].detail.startswith("services in asia-east1, ")


def test_a_region_that_a_list_could_not_reach_is_unread(
    cloud: RunningEmulator, google: GoogleClients
) -> None:
    """One region is down: the others are read."""
    down = {"resource": "europe-west1", "code": "PERMISSION_DENIED", "times": None}
    cloud.admin("POST", "/faults", method="*.Services/ListServices", **down)
    found = read(google, world.PROJECT)
    (unread,) = [one for one in found.unread if one.part is Part.TARGETS]
    assert unread.detail == "services in europe-west1"
    assert world.ORDERS in {one.name for one in found.targets}


def test_an_ancestor_that_may_not_be_seen_is_found_by_the_project_s_ancestry(
    cloud: RunningEmulator, google: GoogleClients
) -> None:
    """So the organisation above the folder is known all the same."""
    refused = {"method": "*.Folders/GetFolder", "code": "PERMISSION_DENIED", "times": None}
    cloud.admin("POST", "/faults", **refused)
    found = read(google, world.PROJECT)
    parents = {one.name: one.parent for one in found.containers}
    assert parents[world.FOLDER] == world.ORG
    assert not [one for one in found.unread if one.part is Part.PARENT]
    assert [one.resource for one in found.deny_policies] == [world.FOLDER]


def test_somebody_who_may_see_little_reads_what_that_is(running: RunningEmulator) -> None:
    """A viewer of Cloud Run in the project: nothing beside it is read, and nothing ends the run."""
    viewer = "user:viewer@example.com"
    grant = {"resource": world.PROJECT, "member": viewer, "role": "roles/run.viewer"}
    running.admin("POST", "/grants", **grant)
    found = read(world.google_of(running, viewer), world.PROJECT)
    assert found.header.reader == viewer
    assert {one.name for one in found.targets} == {
        world.ORDERS,
        world.NIGHTLY,
        world.BOX,
        world.HELLO,
    }
    assert {one.name for one in found.containers} >= {world.PROJECT, world.FOLDER, world.ORG}
    unread = {(one.of, one.part) for one in found.unread}
    above = (world.PROJECT, world.FOLDER, world.ORG)
    assert {(one, part) for one in above for part in (Part.POLICY, Part.DENY)} <= unread
    assert (world.PROJECT, Part.ACCOUNTS) in unread
    assert (world.ORG, Part.BOUNDARIES) in unread
    assert not [one for one in found.unread if one.part is Part.CHILDREN]
    assert Audit(found).why("user:mallory@example.com", world.HELLO).verdict is Verdict.UNKNOWN


_PAGE = Path(__file__).parents[4] / "docs" / "reading.md"


def test_the_roles_that_the_documentation_names_are_enough(
    running: RunningEmulator, whole: Snapshot
) -> None:
    """With them on the organisation an auditor reads all that its administrator reads."""
    roles = re.findall(r"^- `(roles/\S+)`", _PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    auditor = "user:auditor@example.com"
    for role in roles:
        running.admin("POST", "/grants", resource=world.ORG, member=auditor, role=role)
    found = read(world.google_of(running, auditor), world.PROJECT)
    assert found.unread == whole.unread
    assert {one.name for one in found.targets} == {one.name for one in whole.targets}


def test_the_documentation_names_every_permission_that_reading_takes() -> None:
    """Those that an `Unread` may name."""
    page = _PAGE.read_text(encoding="utf-8")
    assert [kind.needs for kind in KINDS.values() if kind.needs not in page] == []


def test_only_a_scope_that_cannot_be_seen_ends_the_reading(google: GoogleClients) -> None:
    """With what is missing."""
    with pytest.raises(ProvisionError, match="Reading projects/not-there-at-all") as raised:
        read(google, "projects/not-there-at-all")
    assert "resourcemanager.projects.get" in raised.value.hint


def test_what_decides_about_one_target_is_read_without_the_others(
    google: GoogleClients, whole: Snapshot
) -> None:
    """Its answers are those of the whole reading."""
    narrow = read_for(google, [world.ORDERS])
    assert [one.name for one in narrow.targets] == [world.ORDERS]
    assert set(narrow.groups) == set(whole.groups)
    for who in (ANN, "user:bob@example.com", "user:dan@example.com", "user:developer@example.com"):
        one, other = (Audit(each).why(who, world.ORDERS) for each in (narrow, whole))
        assert one.verdict == other.verdict


def test_a_function_of_the_second_generation_brings_its_service(google: GoogleClients) -> None:
    """Which is what decides."""
    narrow = read_for(google, [world.FUNCTION])
    assert {one.name for one in narrow.targets} == {world.FUNCTION, world.HELLO}


def test_targets_of_two_projects_and_one_that_is_gone_are_read_together(
    google: GoogleClients,
) -> None:
    """What is not there is left out, without a word of doubt."""
    gone = f"{world.RUN}/{world.OTHER}/locations/asia-east1/services/gone"
    narrow = read_for(google, [world.NIGHTLY, gone])
    assert [one.name for one in narrow.targets] == [world.NIGHTLY]
    assert {world.PROJECT, world.OTHER} <= {one.name for one in narrow.containers}
    assert gone not in {one.of for one in narrow.unread}


def test_groups_keys_and_callers_can_be_left_out(google: GoogleClients) -> None:
    """Then none of them is read."""
    found = read(google, world.PROJECT, groups=False, keys=False, callers=False)
    assert (found.groups, found.keys, found.callers) == ([], [], [])
    assert found.targets


def test_progress_counts_up_to_the_end(google: GoogleClients) -> None:
    """Calls made of calls known, and what is read, in words."""
    told: list[tuple[int, int, str, object]] = []
    read(google, world.PROJECT, progress=lambda *one: told.append(one))
    assert all(done <= known for done, known, _, _ in told)
    assert told[-1][0] == told[-1][1]
    assert [one[0] for one in told] == sorted(one[0] for one in told)
    assert all(words and held is None for _, _, words, held in told)
