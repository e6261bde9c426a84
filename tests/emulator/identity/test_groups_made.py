"""Cloud Identity: groups made, searched and changed with the discovery client."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from google.oauth2.credentials import Credentials
from googleapiclient import discovery, errors

from tests.conftest import DEVELOPER, Clients, RunningEmulator

CUSTOMER = "customers/C01emulator"
FORUM = "cloudidentity.googleapis.com/groups.discussion_forum"
ANN, BOB = "user:ann@example.com", "user:bob@example.com"
Identity = Callable[..., Any]


@pytest.fixture
def identity(emulator: RunningEmulator) -> Identity:
    """The discovery client of a member."""

    def make(member: str = DEVELOPER) -> Any:  # noqa: ANN401 - it has no type
        return discovery.build(
            "cloudidentity",
            "v1",
            credentials=Credentials(token=emulator.token(member)),
            client_options={"api_endpoint": emulator.http},
            static_discovery=True,
        ).groups()

    return make


def made(groups: Any, email: str, *, owned: bool = False, **more: str) -> str:  # noqa: ANN401 - a client
    """A new group; its name."""
    body = {"groupKey": {"id": email}, "parent": CUSTOMER, "labels": {FORUM: ""}, **more}
    config = "WITH_INITIAL_OWNER" if owned else "EMPTY"
    answer = groups.create(body=body, initialGroupConfig=config).execute()
    assert answer["done"] is True
    return str(answer["response"]["name"])


def joined(groups: Any, name: str, email: str, *roles: dict[str, object]) -> str:  # noqa: ANN401 - a client
    """A new membership; its name."""
    body = {"preferredMemberKey": {"id": email}, "roles": list(roles) or [{"name": "MEMBER"}]}
    answer = groups.memberships().create(parent=name, body=body).execute()
    return str(answer["response"]["name"])


def refused(status: int, request: Any) -> str:  # noqa: ANN401 - a request
    """What a refusal says."""
    with pytest.raises(errors.HttpError) as caught:
        request.execute()
    assert caught.value.resp.status == status, caught.value
    return str(caught.value.reason)


def test_a_group_is_made_and_filled_and_grants_what_it_is_granted(
    identity: Identity, emulator: RunningEmulator, clients_of: Callable[[str], Clients]
) -> None:
    """Groups in groups too; who leaves has it no more."""
    groups = identity()
    outer = made(groups, "team@example.com", displayName="Team", description="Ours")
    inner = made(groups, "inner@example.com")
    joined(groups, outer, "inner@example.com")
    ann = joined(groups, inner, "ann@example.com")
    shown = groups.get(name=outer).execute()
    assert (shown["displayName"], shown["description"]) == ("Team", "Ours")
    listed = groups.memberships().list(parent=outer, view="FULL").execute()["memberships"]
    assert [(one["preferredMemberKey"]["id"], one["type"]) for one in listed] == [
        ("inner@example.com", "GROUP")
    ]
    emulator.admin(
        "POST",
        "/grants",
        resource="projects/demo-project",
        member="group:team@example.com",
        role="roles/run.viewer",
    )
    asked = {"resource": "projects/demo-project", "permissions": ["run.services.get"]}
    assert clients_of(ANN).projects.test_iam_permissions(request=asked).permissions
    groups.memberships().delete(name=ann).execute()
    assert not clients_of(ANN).projects.test_iam_permissions(request=asked).permissions


def test_a_membership_can_end_and_be_changed(identity: Identity) -> None:
    """Only MEMBER ends; roles are added and taken away."""
    groups = identity()
    name = made(groups, "team@example.com")
    end = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    ann = joined(
        groups, name, "ann@example.com", {"name": "MEMBER", "expiryDetail": {"expireTime": end}}
    )
    shown = groups.memberships().get(name=ann).execute()
    assert shown["roles"][0]["expiryDetail"] == {"expireTime": end}
    bob = joined(groups, name, "bob@example.com")
    change = groups.memberships().modifyMembershipRoles
    answer = change(name=bob, body={"addRoles": [{"name": "MANAGER"}]}).execute()
    assert [one["name"] for one in answer["membership"]["roles"]] == ["MEMBER", "MANAGER"]
    answer = change(name=bob, body={"removeRoles": ["MANAGER"]}).execute()
    assert [one["name"] for one in answer["membership"]["roles"]] == ["MEMBER"]
    owner = {"name": "OWNER", "expiryDetail": {"expireTime": end}}
    refused(400, change(name=bob, body={"addRoles": [owner]}))
    refused(400, change(name=bob, body={"removeRoles": ["MEMBER"]}))
    refused(400, change(name=bob, body={}))


def test_groups_are_listed_and_searched(identity: Identity) -> None:
    """Within the customer, by pages; a search has to name the customer."""
    groups = identity()
    for number in range(5):
        made(groups, f"team-{number}@example.com", displayName=f"Team {number}")
    first = groups.list(parent=CUSTOMER, pageSize=3).execute()
    rest = groups.list(parent=CUSTOMER, pageSize=3, pageToken=first["nextPageToken"]).execute()
    found = [*first["groups"], *rest["groups"]]
    assert [one["groupKey"]["id"] for one in found] == [f"team-{at}@example.com" for at in range(5)]
    wanted = f"parent == '{CUSTOMER}' && '{FORUM}' in labels"
    assert len(groups.search(query=wanted, view="FULL").execute()["groups"]) == 5
    one = groups.search(query=f"{wanted} && display_name.contains('3')").execute()["groups"]
    assert [each["displayName"] for each in one] == ["Team 3"]
    key = groups.search(query=f"{wanted} && group_key.startsWith('team-2')").execute()["groups"]
    assert [each["groupKey"]["id"] for each in key] == ["team-2@example.com"]
    assert "groups" not in groups.search(query="parent == 'customers/C0other'").execute()
    for query in (f"'{FORUM}' in labels", f"parent == '{CUSTOMER}' || true", ""):
        refused(400, groups.search(query=query))
    refused(400, groups.list(parent="customers/C0other"))


def test_who_may_make_and_change_groups(identity: Identity) -> None:
    """Users of the domain make groups of their own; others' are their owners' and managers'."""
    anns, bobs = identity(ANN), identity(BOB)
    name = made(anns, "anns@example.com", owned=True)
    joined(anns, name, "bob@example.com")
    add = {"preferredMemberKey": {"id": "eve@example.com"}, "roles": [{"name": "MEMBER"}]}
    refused(403, bobs.memberships().create(parent=name, body=add))
    refused(403, bobs.delete(name=name))
    body = {"groupKey": {"id": "x@example.com"}, "parent": CUSTOMER, "labels": {FORUM: ""}}
    refused(403, bobs.create(body=body, initialGroupConfig="EMPTY"))
    foreign = {**body, "groupKey": {"id": "x@example.net"}}
    refused(403, bobs.create(body=foreign, initialGroupConfig="WITH_INITIAL_OWNER"))
    anns.delete(name=name).execute()
    refused(403, anns.get(name=name))


def test_what_cannot_be_is_refused(identity: Identity) -> None:
    """Twice the same, a group in itself, no address, no label, another customer."""
    groups = identity()
    name = made(groups, "team@example.com")
    body = {"groupKey": {"id": "team@example.com"}, "parent": CUSTOMER, "labels": {FORUM: ""}}
    refused(409, groups.create(body=body))
    refused(400, groups.create(body={**body, "groupKey": {"id": "no address"}}))
    refused(400, groups.create(body={**body, "labels": {}}))
    refused(400, groups.create(body={**body, "parent": "customers/C0other"}))
    joined(groups, name, "ann@example.com")
    again = {"preferredMemberKey": {"id": "Ann@example.com"}, "roles": [{"name": "MEMBER"}]}
    said = refused(409, groups.memberships().create(parent=name, body=again))
    assert said.startswith("Error(4003): Cannot create membership")
    own = {"preferredMemberKey": {"id": "team@example.com"}, "roles": [{"name": "MEMBER"}]}
    refused(400, groups.memberships().create(parent=name, body=own))
    owner = {"preferredMemberKey": {"id": "bob@example.com"}, "roles": [{"name": "OWNER"}]}
    refused(400, groups.memberships().create(parent=name, body=owner))


@pytest.mark.parametrize(
    "body",
    [
        {"preferredMemberKey": 5},
        {"preferredMemberKey": {"id": ["x"]}},
        {"preferredMemberKey": {"id": "bob@example.com"}, "roles": [5]},
        {"preferredMemberKey": {"id": "bob@example.com"}, "roles": [{"name": {}}]},
        {"preferredMemberKey": {"id": "bob@example.com"}, "roles": [{"name": "ADMIN"}]},
        {
            "preferredMemberKey": {"id": "bob@example.com"},
            "roles": [{"name": "MEMBER", "expiryDetail": {"expireTime": 5}}],
        },
    ],
)
def test_strange_memberships_are_refused(identity: Identity, body: dict[str, object]) -> None:
    """Whatever was sent in the place of keys and roles."""
    groups = identity()
    name = made(groups, "team@example.com")
    refused(400, groups.memberships().create(parent=name, body=body))
    bob = joined(groups, name, "bob@example.com")
    for change in ({"addRoles": [5]}, {"addRoles": 5}, {"updateRolesParams": [{}, 5]}):
        refused(400, groups.memberships().modifyMembershipRoles(name=bob, body=change))
