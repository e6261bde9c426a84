"""Cloud Identity v1: groups and memberships, for those who may see them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator

ANN, BOB = "user:ann@example.com", "user:bob@example.com"
ROBOT = "serviceAccount:robot@demo-project.iam.gserviceaccount.com"
TEAM = "group:team@example.com"
UNSEEN = "Error(2028): Permission denied for resource {} (or it may not exist)."


@dataclass(frozen=True)
class Identity:
    """Cloud Identity, asked over the wire."""

    emulator: "RunningEmulator"

    def put(self, group: str, *members: object, **more: object) -> str:
        """Make a group; its name, which is empty when we may not see it."""
        self.emulator.admin("POST", "/groups", group=group, members=list(members), **more)
        return str(self.lookup(group.partition(":")[2])[1].get("name", ""))

    def get(self, path: str, member: str = ANN, **query: object) -> tuple[int, dict[str, Any]]:
        """Status and JSON of an answer."""
        headers = {"Authorization": f"Bearer {self.emulator.token(member)}"}
        url = f"{self.emulator.http}/v1/{path}"
        params = {key: str(value) for key, value in query.items()}
        answer = requests.get(url, params=params, headers=headers, timeout=30)
        return answer.status_code, answer.json()

    def lookup(self, email: str, member: str = ANN) -> tuple[int, dict[str, Any]]:
        """A group's name by its address."""
        return self.get("groups:lookup", member, **{"groupKey.id": email})


@pytest.fixture
def identity(emulator: "RunningEmulator") -> Identity:
    """Without any group yet."""
    return Identity(emulator)


def test_a_group_is_found_and_read(identity: Identity) -> None:
    """By its address in any case; its name stays when its members change."""
    name = identity.put(TEAM, BOB)
    assert identity.lookup("Team@Example.com") == (200, {"name": name})
    _, group = identity.get(name)
    assert group["groupKey"] == {"id": "team@example.com"}
    assert group["parent"].startswith("customers/C")
    assert "cloudidentity.googleapis.com/groups.discussion_forum" in group["labels"]
    assert identity.put(TEAM, ANN) == name
    changed = identity.get(name)[1]
    assert changed["createTime"] == group["createTime"]
    assert changed["updateTime"] > group["updateTime"]


def test_what_may_not_be_seen_is_refused_as_what_is_not_there(identity: Identity) -> None:
    """In Google's words, with the resource in a detail."""
    identity.put(TEAM, BOB, viewers=[BOB])
    seen = identity.lookup("team@example.com", BOB)[1]["name"]
    for asked in (seen, "groups/0nothing", f"{seen}/memberships"):
        status, answer = identity.get(asked)
        named = "/".join(asked.split("/")[:2])
        assert (status, answer["error"]["message"]) == (403, UNSEEN.format(named))
        (detail,) = answer["error"]["details"]
        assert detail["resourceName"] == named
    words = [identity.lookup(email) for email in ("team@example.com", "none@example.com")]
    assert [one[0] for one in words] == [403, 403]
    assert words[0][1]["error"]["message"] == UNSEEN.format("groups/team@example.com")


def test_accounts_and_other_organisations_see_only_what_they_are_in(identity: Identity) -> None:
    """A service account that is a member; never a user of another domain."""
    inside, outside = (
        identity.emulator.admin("POST", "/projects", projectId=project)["projectNumber"]
        for project in ("first-project", "second-project")
    )
    account = "serviceAccount:{}-compute@developer.gserviceaccount.com".format
    name = identity.put(TEAM, account(inside), "user:guest@partner.com")
    assert identity.get(name, account(inside))[0] == 200
    assert identity.get(name, account(outside))[0] == 403
    assert identity.get(name, "user:guest@partner.com")[0] == 403
    assert identity.put("group:them@partner.com", ANN) == ""


def test_memberships_come_in_pages(identity: Identity) -> None:
    """Each once; a page may not be larger than the view allows."""
    people = [f"user:p{number}@example.com" for number in range(7)]
    name = identity.put(TEAM, *people)
    found: list[str] = []
    token = ""
    while True:
        _, page = identity.get(f"{name}/memberships", pageSize=3, pageToken=token)
        found += [one["preferredMemberKey"]["id"] for one in page["memberships"]]
        token = page.get("nextPageToken", "")
        if not token:
            break
    assert found == [one.partition(":")[2] for one in people]
    assert identity.get(f"{name}/memberships", pageSize=501, view="FULL")[0] == 400
    assert identity.get(f"{name}/memberships", pageSize=501)[0] == 200
    for wrong in ({"pageSize": "x"}, {"pageSize": -1}, {"view": "SOME"}, {"pageToken": "x"}):
        assert identity.get(f"{name}/memberships", **wrong)[0] == 400


def test_the_full_view_tells_kinds_roles_and_ends(identity: Identity) -> None:
    """The basic one names and roles alone; an empty group is an empty object."""
    ends = "2099-01-01T00:00:00Z"
    name = identity.put(
        TEAM,
        {"member": ANN, "role": "OWNER"},
        {"member": BOB, "expireTime": ends},
        ROBOT,
        "group:inner@example.com",
        "domain:example.com",
        "deleted:serviceAccount:gone@demo-project.iam.gserviceaccount.com?uid=1",
    )
    full = identity.get(f"{name}/memberships", view="FULL")[1]["memberships"]
    kinds = [one["type"] for one in full]
    assert kinds == ["USER", "USER", "SERVICE_ACCOUNT", "GROUP", "OTHER"]
    assert full[0]["roles"] == [{"name": "MEMBER"}, {"name": "OWNER"}]
    assert full[1]["roles"] == [{"name": "MEMBER", "expiryDetail": {"expireTime": ends}}]
    basic = identity.get(f"{name}/memberships")[1]["memberships"]
    assert all(set(one) == {"name", "preferredMemberKey", "roles"} for one in basic)
    assert identity.get(full[1]["name"]) == (200, full[1])
    empty = identity.put("group:empty@example.com")
    assert identity.get(f"{empty}/memberships") == (200, {})


def test_a_membership_is_looked_up_by_its_address(identity: Identity) -> None:
    """Direct ones alone; one that is over is not there."""
    over = {"member": BOB, "expireTime": "2020-01-01T00:00:00Z"}
    name = identity.put(TEAM, ANN, over)
    found = identity.get(f"{name}/memberships:lookup", **{"memberKey.id": "Ann@example.com"})
    assert found[1]["name"].startswith(f"{name}/memberships/")
    status, answer = identity.get(
        f"{name}/memberships:lookup", **{"memberKey.id": "bob@example.com"}
    )
    message = answer["error"]["message"]
    assert (status, message) == (404, "Error(4006): Membership does not exist.")
    assert identity.get(f"{name}/memberships/1")[0] == 404


def test_transitive_memberships_are_for_some_editions(identity: Identity) -> None:
    """403 in the others, once the group itself may be seen."""
    name = identity.put(TEAM, ANN)
    paths = {
        f"{name}/memberships:checkTransitiveMembership": {
            "query": "member_key_id == 'ann@example.com'"
        },
        f"{name}/memberships:searchTransitiveMemberships": {},
    }
    for path, query in paths.items():
        status, answer = identity.get(path, **query)
        assert (status, answer["error"]["status"]) == (403, "PERMISSION_DENIED")
        assert "Cloud Identity Premium" in answer["error"]["message"]
    identity.emulator.admin("POST", "/settings", identityPremium=True)
    assert [identity.get(path, **query)[0] for path, query in paths.items()] == [200, 200]
    identity.emulator.admin("POST", "/reset")
    name = identity.put(TEAM, ANN)
    assert identity.get(f"{name}/memberships:searchTransitiveMemberships")[0] == 403


def test_groups_in_groups_are_looked_into(identity: Identity) -> None:
    """Direct, indirect or both; what may not be seen is passed over, or refuses the whole."""
    identity.emulator.admin("POST", "/settings", identityPremium=True)
    identity.put("group:inner@example.com", ANN, BOB, TEAM)
    name = identity.put(TEAM, BOB, {"member": "group:inner@example.com", "role": "MANAGER"})
    every = identity.get(f"{name}/memberships:searchTransitiveMemberships")[1]["memberships"]
    told = {one["preferredMemberKey"][0]["id"]: one["relationType"] for one in every}
    assert told == {
        "bob@example.com": "DIRECT_AND_INDIRECT",
        "inner@example.com": "DIRECT",
        "ann@example.com": "INDIRECT",
        "team@example.com": "INDIRECT",
    }

    def has(member: str) -> object:
        query = f"member_key_id == '{member}'"
        return identity.get(f"{name}/memberships:checkTransitiveMembership", query=query)[1]

    assert has("ann@example.com") == {"hasMembership": True}
    assert has("eve@example.com") == {"hasMembership": False}
    identity.put("group:inner@example.com", ANN, viewers=[])
    assert has("ann@example.com") == {"hasMembership": False}
    assert identity.get(f"{name}/memberships:searchTransitiveMemberships")[0] == 403
    wrong = identity.get(f"{name}/memberships:checkTransitiveMembership", query="x == 'y'")
    assert wrong[0] == 400


def test_cloud_identity_is_met_with_faults_and_recorded(identity: Identity) -> None:
    """As every API is; it takes its own scopes and never counts as a write."""
    emulator = identity.emulator
    identity.put(TEAM, ANN)
    method = "google.apps.cloudidentity.groups.v1.GroupsService/LookupGroupName"
    emulator.admin("POST", "/faults", method=method, code="UNAVAILABLE", message="later")
    assert identity.lookup("team@example.com")[0] == 503
    last = emulator.requests()[-1]
    assert (last["method"], last["resource"]) == (method, "team@example.com")
    assert (last["status"], last["write"]) == ("UNAVAILABLE", False)
    anonymous = requests.get(f"{emulator.http}/v1/groups:lookup", timeout=30)
    assert anonymous.status_code == 401
    assert identity.get("groups:lookup")[0] == 400


def test_it_answers_at_its_own_host_alone(identity: Identity) -> None:
    """A path of Cloud Identity's means nothing to IAM."""
    identity.put(TEAM, ANN)
    token = {"Authorization": f"Bearer {identity.emulator.token()}"}
    url = f"{identity.emulator.http}/v1/groups:lookup?groupKey.id=team@example.com"
    for host, status in (("cloudidentity", 200), ("iam", 404)):
        headers = {**token, "Host": f"{host}.googleapis.com"}
        assert requests.get(url, headers=headers, timeout=30).status_code == status


@pytest.mark.parametrize(
    "wrong",
    [
        {"members": [1]},
        {"members": "ann"},
        {"members": [{"role": "OWNER"}]},
        {"members": [{"member": ANN, "role": "BOSS"}]},
        {"members": [{"member": ANN, "role": "OWNER", "expireTime": "2099-01-01T00:00:00Z"}]},
        {"members": [{"member": ANN, "expireTime": "soon"}]},
        {"members": [{"member": ANN, "expireTime": 5}]},
        {"viewers": "ann"},
        {"viewers": [1]},
    ],
)
def test_a_group_that_makes_no_sense_is_not_made(
    identity: Identity, wrong: dict[str, object]
) -> None:
    """It is refused, and nothing of it is kept."""
    with pytest.raises(requests.HTTPError, match="400"):
        identity.emulator.admin("POST", "/groups", **{"group": TEAM, "members": [], **wrong})
    assert identity.lookup("team@example.com")[0] == 403
