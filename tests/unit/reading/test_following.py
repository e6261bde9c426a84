"""What is read next by what was read, and how single answers become a snapshot: pure parts."""

import pytest

from provision.clients.credentials import Caller
from provision.clients.google import GoogleClients
from provision.clients.reading.assembly import Assembly
from provision.clients.reading.follow import Follow, Wanted
from provision.clients.reading.inventory import named
from provision.clients.reading.noticed import Noticed
from provision.clients.reading.steps import Desk, Outcome, Step
from provision.snapshot.records import (
    Account,
    AnyRecord,
    Binding,
    Container,
    Group,
    Kind,
    Membership,
    Part,
    Policy,
    Role,
    Target,
    Unread,
)

ON = "//run.googleapis.com/projects/acme-prod/locations/us-central1/services/orders"
ACCOUNTS = "//iam.googleapis.com/projects/acme-prod/serviceAccounts"
CUSTOM = "projects/acme-prod/roles/mine"
TEAM = "group:team@example.com"


def noticed_in(*bindings: Binding) -> set[Step]:
    """The steps that a policy of these bindings asks for."""
    return set(Noticed().of_policy(Policy(ON, bindings)))


@pytest.mark.parametrize(
    ("member", "project"),
    [
        ("a-b@acme-lab.iam.gserviceaccount.com", "projects/acme-lab"),
        ("a@lab.example.com.iam.gserviceaccount.com", "projects/example.com:lab"),
        ("123-compute@developer.gserviceaccount.com", "projects/123"),
        ("acme-lab@appspot.gserviceaccount.com", "projects/acme-lab"),
        ("service-123@gcp-sa-iap.iam.gserviceaccount.com", ""),
        ("service-123@serverless-robot-prod.iam.gserviceaccount.com", ""),
        ("service-123@gcf-admin-robot.iam.gserviceaccount.com", ""),
        ("123@cloudservices.gserviceaccount.com", ""),
    ],
)
def test_the_home_of_an_account_is_told_by_its_address(member: str, project: str) -> None:
    """Google's own agents have none that could be read."""
    noticed = Noticed()
    binding = Binding("roles/run.invoker", (f"serviceAccount:{member}",))
    list(noticed.of_policy(Policy(ON, (binding,))))
    assert [one for _, one in noticed.elsewhere(frozenset())] == ([project] if project else [])


def test_members_of_a_role_that_leads_nowhere_are_not_looked_at() -> None:
    """One that is not in the table is asked of IAM first."""
    assert noticed_in(Binding("roles/storage.objectViewer", (TEAM,))) == set()
    binding = Binding("roles/newer.thanTheTable", (TEAM,))
    noticed = Noticed()
    assert set(noticed.of_policy(Policy(ON, (binding,)))) == {Step("role", binding.role)}
    assert not list(noticed.of_role(Role(binding.role, ("storage.objects.get",))))


@pytest.mark.parametrize("how", ["includes", "unread"])
def test_members_of_an_unknown_role_are_looked_at_once_it_is_known_or_never_will_be(
    how: str,
) -> None:
    """Whoever may be let in counts; later policies with that role are followed at once."""
    noticed = Noticed()
    policy = Policy(ON, (Binding(CUSTOM, (TEAM,)),))
    assert set(noticed.of_policy(policy)) == {Step("role", CUSTOM)}
    if how == "includes":
        assert list(noticed.of_role(Role(CUSTOM, ("run.routes.invoke",)))) == [Step("group", TEAM)]
    else:
        assert list(noticed.of_unread_role(CUSTOM)) == [Step("group", TEAM)]
    assert set(noticed.of_policy(policy)) == {Step("group", TEAM)}


@pytest.mark.parametrize("spelling", ["group:Team@Example.com", TEAM])
def test_a_group_is_one_however_it_is_spelled(spelling: str) -> None:
    """In lower case."""
    assert noticed_in(Binding("roles/run.invoker", (spelling,))) == {Step("group", TEAM)}


def test_no_step_is_told_twice() -> None:
    """However many policies ask for it."""
    follow = Follow(Wanted("projects/acme-prod"))
    policy = Policy(ON, (Binding("roles/run.invoker", (TEAM,)),))
    step = Step("policy by services", ON)
    assert follow.after(step, Outcome((policy, policy))) == (Step("group", TEAM),)
    assert follow.after(step, Outcome((policy,))) == ()


def test_a_parent_that_a_list_told_of_is_not_asked_for_again() -> None:
    """So a walk down an organisation asks for its top alone."""
    follow = Follow(Wanted("organizations/1"))
    (first,) = follow.first()
    follow.after(first, Outcome((Container("organizations/1"),)))
    below = Step("folders below", "organizations/1")
    found = follow.after(below, Outcome((Container("folders/2", parent="organizations/1"),)))
    assert Step("container", "organizations/1") not in found
    assert Step("projects below", "folders/2") in found


def test_a_project_of_another_scope_is_read_without_what_is_in_it() -> None:
    """Its policies decide about an account; its services are nobody's question."""
    follow = Follow(Wanted("projects/acme-prod"))
    step = Step("container", "projects/acme-lab")
    found = {one.kind for one in follow.after(step, Outcome((Container("projects/acme-lab"),)))}
    assert found == {"policy by projects", "deny policies"}


def test_accounts_of_a_project_elsewhere_are_read_whenever_they_are_noticed() -> None:
    """Also when another account had it read before; those of the scope come with its list."""

    def noticing(email: str) -> Policy:
        return Policy(email, (Binding("roles/run.invoker", (f"serviceAccount:{email}",)),))

    follow = Follow(Wanted("projects/acme-prod"))
    scope = Container("projects/acme-prod", number="1")
    (top,) = follow.first()
    follow.after(top, Outcome((scope,)))
    home = "acme-lab.iam.gserviceaccount.com"
    for email in (f"first@{home}", "own@acme-prod.iam.gserviceaccount.com"):
        follow.after(Step("policy by services", email), Outcome((noticing(email),)))
    first, project = follow.at_rest()
    assert first.of.endswith(f"/first@{home}")
    lab = Container("projects/acme-lab", number="2")
    follow.after(project, Outcome((lab,)))
    follow.after(Step("policy by iam", "x"), Outcome((noticing(f"second@{home}"),)))
    (second,) = follow.at_rest()
    assert second.of.endswith(f"/second@{home}")
    assert follow.at_rest() == ()


@pytest.mark.parametrize(
    ("asset", "name"),
    [
        ("//cloudresourcemanager.googleapis.com/projects/1", "projects/acme-prod"),
        ("//cloudresourcemanager.googleapis.com/folders/2", "folders/2"),
        ("//run.googleapis.com/projects/1/locations/us-central1/services/orders", ON),
        (ON, ON),
        (f"{ACCOUNTS}/117", f"{ACCOUNTS}/caller@example.com"),
        (f"{ACCOUNTS}/117/keys/1a2b", f"{ACCOUNTS}/caller@example.com/keys/1a2b"),
        (f"{ACCOUNTS}/118", f"{ACCOUNTS}/118"),
    ],
)
def test_what_the_inventory_names_by_numbers_gets_its_own_name(asset: str, name: str) -> None:
    """Projects their ids and accounts their addresses; what is not known stays as it is."""
    follow = Follow(Wanted("projects/acme-prod", inventory=True))
    (top,) = follow.first()
    account = Account(f"{ACCOUNTS}/caller@example.com", "caller@example.com", unique_id="117")
    follow.after(top, Outcome((Container("projects/acme-prod", number="1"), account)))
    google = GoogleClients(Caller(None, "user", "ann@example.com", "a test"))
    desk = Desk(google, lambda _: "", follow.project, follow.account)
    assert named(desk, asset) == name


def test_what_the_inventory_s_search_does_not_tell_of_has_no_policy() -> None:
    """It is asked once all that is there is known; a container is asked for its own then."""
    follow = Follow(Wanted("projects/acme-prod", inventory=True))
    (top,) = follow.first()
    follow.after(top, Outcome((Container("projects/acme-prod", number="1"),)))
    assert {one.kind for one in follow.at_rest()} == {"inventory"}
    (search,) = follow.at_rest()
    follow.after(search, Outcome((Policy("projects/acme-prod"),)))
    assert follow.at_rest() == ()
    other = Follow(Wanted("projects/acme-prod", inventory=True))
    other.after(top, Outcome((Container("projects/acme-prod", number="1"),)))
    service = "//run.googleapis.com/projects/acme-prod/locations/asia-east1/services/hello"
    (listed, *_) = other.at_rest()
    other.after(listed, Outcome((Target(service, Kind.SERVICE),)))
    other.at_rest()
    assert other.at_rest() == (
        Step("policy by projects", "projects/acme-prod"),
        Step("no policy", service),
    )


def test_what_only_an_ancestry_told_of_is_not_walked_down() -> None:
    """It stands above the scope."""
    follow = Follow(Wanted("projects/acme-prod"))
    step = Step("ancestry", "projects/acme-prod")
    found = {one.kind for one in follow.after(step, Outcome((Container("folders/2"),)))}
    assert found == {"policy by folders", "deny policies"}


def assembled(*records: AnyRecord) -> list[AnyRecord]:
    """What becomes of them."""
    assembly = Assembly()
    found = [ready for one in records for ready in assembly.take(one)]
    return [*found, *assembly.rest()]


def test_the_pages_of_a_group_become_one() -> None:
    """In the order in which they came."""
    ann, bob = Membership("user:ann@example.com"), Membership("user:bob@example.com")
    assert assembled(Group(TEAM, (ann,)), Group(TEAM, (bob,))) == [Group(TEAM, (ann, bob))]


def test_what_was_listed_twice_counts_once() -> None:
    """Lists shift while they are read."""
    policy = Policy(ON)
    assert assembled(policy, policy) == [policy]


def test_a_parent_that_another_way_told_of_is_not_unread() -> None:
    """And one that no way told of has none that is known."""
    hidden = Unread("folders/2", Part.PARENT, "you may not")
    told = Container("folders/2", parent="organizations/1")
    assert assembled(hidden, told) == [told]
    assert assembled(hidden) == [Container("folders/2", parent=None), hidden]


def test_the_same_refusal_of_many_regions_is_one() -> None:
    """A different one stands for itself."""
    regions = ("asia-east1", "europe-west1")
    refused = [
        Unread("projects/p", Part.TARGETS, f"no 'run.jobs.list' in {one}", f"jobs in {one}")
        for one in regions
    ]
    down = Unread("projects/p", Part.TARGETS, "down", "jobs in us-east1")
    one, other = (one for one in assembled(*refused, down) if isinstance(one, Unread))
    assert one.detail == "jobs in asia-east1, europe-west1"
    assert other == down
