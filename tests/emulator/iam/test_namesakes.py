"""An account that is deleted and made anew under its name is another one, wherever it is named."""

import json
import time
from typing import Any, NamedTuple

import pytest
import requests
from google.auth import crypt, jwt
from google.cloud import iam_admin_v1, iam_v2
from google.iam.v1 import policy_pb2

from tests.conftest import DEVELOPER, Clients, RunningEmulator

EMAIL = "worker@demo-project.iam.gserviceaccount.com"
MEMBER = f"serviceAccount:{EMAIL}"
PROJECT = "projects/demo-project"
REPOSITORIES = f"/v1/{PROJECT}/locations/asia-east1/repositories"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class World(NamedTuple):
    """The emulator and what is asked of it.

    Args:
        emulator: the process.
        clients: the developer's.
    """

    emulator: RunningEmulator
    clients: Clients

    def make(self, account_id: str = "worker") -> iam_admin_v1.ServiceAccount:
        """A new account."""
        return self.clients.iam.create_service_account(
            request={"name": PROJECT, "account_id": account_id}
        )

    def renew(self) -> None:
        """Delete the account and make another of its name."""
        self.clients.iam.delete_service_account(name=f"projects/-/serviceAccounts/{EMAIL}")
        self.make()

    def grant(self, member: str, role: str, resource: str = PROJECT) -> None:
        """Bind a role."""
        self.emulator.admin("POST", "/grants", resource=resource, member=member, role=role)

    def token(self, member: str = MEMBER) -> str:
        """A new access token."""
        return str(self.emulator.admin("POST", "/identities", member=member)["access_token"])

    def status(self, token: str, path: str = REPOSITORIES) -> int:
        """What a token gets at Artifact Registry."""
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(self.emulator.http + path, headers=headers, timeout=30).status_code

    def exchanged(self, key: dict[str, Any], **changes: object) -> requests.Response:
        """What the token endpoint says to an assertion."""
        now = int(time.time())
        claims = {"iss": EMAIL, "scope": SCOPE, "aud": key["token_uri"], "iat": now}
        signer = crypt.RSASigner.from_service_account_info(key)
        made = jwt.encode(signer, {**claims, "exp": now + 3600, **changes}).decode()
        grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        form = {"grant_type": grant, "assertion": made}
        return requests.post(key["token_uri"], data=form, timeout=30)


@pytest.fixture
def world(emulator: RunningEmulator, grpc_clients: Clients) -> World:
    """An emulator with the account."""
    found = World(emulator, grpc_clients)
    found.make()
    return found


@pytest.fixture
def key(world: World) -> dict[str, Any]:
    """A key file of the account."""
    made = world.clients.iam.create_service_account_key(name=f"projects/-/serviceAccounts/{EMAIL}")
    content: dict[str, Any] = json.loads(made.private_key_data)
    return content


def test_an_access_token_ends_with_its_account(world: World) -> None:
    """What the first account had does not become the second one's."""
    world.grant(MEMBER, "roles/artifactregistry.reader")
    token = world.token()
    assert world.status(token) == 200
    world.renew()
    world.grant(MEMBER, "roles/artifactregistry.reader")
    assert world.status(token) == 401
    assert world.status(world.token()) == 200


def test_a_registry_token_ends_with_its_account(world: World) -> None:
    """Neither a namesake's rights nor a disabled account's stay with it."""
    basic = ("oauth2accesstoken", world.token())
    bought = requests.get(f"{world.emulator.http}/v2/token", auth=basic, timeout=30).json()["token"]
    assert world.status(bought, "/v2/") == 200
    name = f"projects/-/serviceAccounts/{EMAIL}"
    world.clients.iam.disable_service_account(request={"name": name})
    assert world.status(bought, "/v2/") == 401
    world.clients.iam.enable_service_account(request={"name": name})
    assert world.status(bought, "/v2/") == 200
    world.renew()
    assert world.status(bought, "/v2/") == 401


def test_a_group_does_not_take_a_namesake_in(world: World) -> None:
    """Membership was the first account's, and is its again when it is restored."""
    world.emulator.admin("POST", "/groups", group="group:team@example.com", members=[MEMBER])
    world.grant("group:team@example.com", "roles/artifactregistry.reader")
    assert world.status(world.token()) == 200
    world.renew()
    assert world.status(world.token()) == 403


def test_a_restored_policy_does_not_name_a_namesake(world: World) -> None:
    """The policy of a deleted account follows what became of those in it meanwhile."""
    holder = world.make("holder")
    world.grant(MEMBER, "roles/iam.serviceAccountTokenCreator", holder.name)
    world.clients.iam.delete_service_account(name=holder.name)
    world.renew()
    world.clients.iam.undelete_service_account(
        request={"name": f"projects/-/serviceAccounts/{holder.unique_id}"}
    )
    policy = world.clients.iam.get_iam_policy(request={"resource": holder.name})
    [[member]] = [binding.members for binding in policy.bindings]
    assert member.startswith(f"deleted:{MEMBER}?uid=")


def test_an_exception_from_a_denial_is_not_a_namesakes(world: World) -> None:
    """Deny policies show the deleted account as such, too."""
    node = "organizations/100000000001"
    world.grant(DEVELOPER, "roles/iam.denyAdmin", node)
    principal = f"principal://iam.googleapis.com/projects/-/serviceAccounts/{EMAIL}"
    rule = iam_v2.DenyRule(
        denied_principals=["principalSet://goog/public:all"],
        exception_principals=[principal],
        denied_permissions=["artifactregistry.googleapis.com/repositories.list"],
    )
    policies = world.clients.make(iam_v2.PoliciesClient)
    parent = f"policies/cloudresourcemanager.googleapis.com%2F{node.replace('/', '%2F')}"
    made = policies.create_policy(
        parent=f"{parent}/denypolicies",
        policy=iam_v2.Policy(rules=[iam_v2.PolicyRule(deny_rule=rule)]),
        policy_id="closed",
    ).result(timeout=30)
    world.grant(MEMBER, "roles/artifactregistry.reader")
    assert world.status(world.token()) == 200
    world.renew()
    world.grant(MEMBER, "roles/artifactregistry.reader")
    assert world.status(world.token()) == 403
    [shown] = policies.get_policy(name=made.name).rules[0].deny_rule.exception_principals
    assert shown.startswith(f"deleted:{principal}?uid=")


def test_a_disabled_or_deleted_account_gets_no_tokens(world: World, key: dict[str, Any]) -> None:
    """Its key is good for neither access nor ID tokens (googleapis/google-cloud-php#3622)."""
    name = f"projects/-/serviceAccounts/{EMAIL}"
    refused = {"error": "invalid_grant", "error_description": "Invalid grant: account not found"}
    world.clients.iam.disable_service_account(request={"name": name})
    assert world.exchanged(key).json() == refused
    assert world.exchanged(key, target_audience="https://orders.example.com").json() == refused
    world.clients.iam.delete_service_account(name=name)
    assert world.exchanged(key).json() == refused


def test_an_id_token_ends_with_its_account(world: World, key: dict[str, Any]) -> None:
    """One that a disabled account, or another of its name, holds is not valid any more."""
    answer = world.exchanged(key, target_audience="https://orders.example.com")
    params = {"id_token": answer.json()["id_token"]}
    url = f"{world.emulator.http}/tokeninfo"
    assert requests.get(url, params=params, timeout=30).status_code == 200
    world.renew()
    assert requests.get(url, params=params, timeout=30).status_code == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"iat": "soon"}, "invalid_grant"),
        ({"exp": [1]}, "invalid_grant"),
        ({"exp": 10**400}, "invalid_grant"),
        ({"sub": "developer@example.com"}, "unauthorized_client"),
    ],
)
def test_an_assertion_that_cannot_be_is_refused(
    world: World, key: dict[str, Any], changes: dict[str, object], error: str
) -> None:
    """Times that are none; and no account here may speak for the users of a domain."""
    answer = world.exchanged(key, **changes)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_shorter_delay_overtakes_what_was_still_to_come(world: World) -> None:
    """A policy that was written before the one that counts never takes effect after it."""
    projects, reader = world.clients.projects, "user:reader@example.com"
    policy = projects.get_iam_policy(request={"resource": PROJECT})
    owner = policy_pb2.Policy(bindings=policy.bindings)
    world.emulator.admin("POST", "/settings", iamDelay=0.2)
    wider = policy_pb2.Policy(
        bindings=[
            *policy.bindings,
            policy_pb2.Binding(role="roles/artifactregistry.reader", members=[reader]),
        ]
    )
    projects.set_iam_policy(request={"resource": PROJECT, "policy": wider})
    world.emulator.admin("POST", "/settings", iamDelay=0)
    projects.set_iam_policy(request={"resource": PROJECT, "policy": owner})
    world.emulator.admin("POST", "/settings", iamDelay=3600)
    projects.set_iam_policy(request={"resource": PROJECT, "policy": owner})
    until = time.monotonic() + 0.4
    while time.monotonic() < until:
        assert world.status(world.token(reader)) == 403
