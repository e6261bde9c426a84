"""Service accounts, their keys, custom roles, and tokens minted for them."""

import json
from collections.abc import Callable

import pytest
import requests
from google.api_core import exceptions
from google.auth import jwt
from google.auth.transport.requests import Request
from google.cloud import iam_admin_v1
from google.oauth2 import service_account

from tests.conftest import Clients, RunningEmulator

PROJECT = "projects/demo-project"
ANN = "user:ann@example.com"


def make_account(clients: Clients, account_id: str = "orders-run") -> str:
    """A service account; its e-mail."""
    made = clients.iam.create_service_account(
        request={
            "name": PROJECT,
            "account_id": account_id,
            "service_account": {"display_name": "Orders"},
        }
    )
    return str(made.email)


def name_of(email: str) -> str:
    """The name by which IAM Credentials knows an account."""
    return f"projects/-/serviceAccounts/{email}"


def allow(clients: Clients, email: str, role: str, member: str) -> None:
    """Bind a role on an account."""
    resource = f"{PROJECT}/serviceAccounts/{email}"
    policy = clients.iam.get_iam_policy(request={"resource": resource})
    policy.bindings.add(role=role, members=[member])
    clients.iam.set_iam_policy(request={"resource": resource, "policy": policy})


def test_an_account_is_made_found_and_taken_away(grpc_clients: Clients) -> None:
    """Found by e-mail, by the wildcard project and in the list; gone after deletion."""
    email = make_account(grpc_clients)
    assert email == "orders-run@demo-project.iam.gserviceaccount.com"
    found = grpc_clients.iam.get_service_account(name=name_of(email))
    assert found.display_name == "Orders"
    assert found.unique_id.isdigit()
    listed = {one.email for one in grpc_clients.iam.list_service_accounts(name=PROJECT)}
    assert email in listed
    assert any(one.endswith("-compute@developer.gserviceaccount.com") for one in listed)
    grpc_clients.iam.delete_service_account(name=found.name)
    with pytest.raises(exceptions.NotFound, match="does not exist"):
        grpc_clients.iam.get_service_account(name=found.name)


def test_an_account_exists_once(grpc_clients: Clients) -> None:
    """A second one of that name is refused, with the project named."""
    make_account(grpc_clients)
    with pytest.raises(exceptions.AlreadyExists, match="already exists within project"):
        make_account(grpc_clients)


@pytest.mark.parametrize("account_id", ["abc", "Orders-run", "1orders", "o" * 31, "orders-"])
def test_impossible_account_ids_are_refused(grpc_clients: Clients, account_id: str) -> None:
    """6 to 30 characters, lower case, a letter first."""
    with pytest.raises(exceptions.InvalidArgument):
        make_account(grpc_clients, account_id)


def test_an_account_is_described_anew(grpc_clients: Clients) -> None:
    """A patch changes what its mask names, nothing else, and answers with that alone."""
    email = make_account(grpc_clients)
    account = iam_admin_v1.ServiceAccount(name=name_of(email), description="runs orders")
    patched = grpc_clients.iam.patch_service_account(
        request={"service_account": account, "update_mask": "description"}
    )
    assert patched.description == "runs orders"
    assert patched.display_name == ""
    found = grpc_clients.iam.get_service_account(name=name_of(email))
    assert (found.display_name, found.description) == ("Orders", "runs orders")


def test_minting_needs_token_creator_on_the_account(
    grpc_clients: Clients, clients_of: Callable[[str], Clients]
) -> None:
    """Owner alone would not do; the role on the account does."""
    email = make_account(grpc_clients)
    ann = clients_of(ANN)
    request = {"name": name_of(email), "audience": "https://orders.example.com"}
    with pytest.raises(exceptions.PermissionDenied, match=r"iam\.serviceAccounts\.getOpenIdToken"):
        ann.credentials.generate_id_token(request=request)
    allow(grpc_clients, email, "roles/iam.serviceAccountTokenCreator", ANN)
    token = ann.credentials.generate_id_token(request={**request, "include_email": True}).token
    claims = jwt.decode(token, verify=False)
    assert claims["aud"] == "https://orders.example.com"
    assert claims["email"] == email
    assert claims["iss"] == "https://accounts.google.com"
    bare = ann.credentials.generate_id_token(request=request).token
    assert "email" not in jwt.decode(bare, verify=False)


def test_a_delegation_chain_holds_only_link_by_link(
    grpc_clients: Clients, clients_of: Callable[[str], Clients]
) -> None:
    """The caller on the first account, the first on the second, and no shortcut."""
    first, second = (
        make_account(grpc_clients, "first-one"),
        make_account(grpc_clients, "second-one"),
    )
    creator = "roles/iam.serviceAccountTokenCreator"
    ann = clients_of(ANN).credentials
    request = {
        "name": name_of(second),
        "delegates": [name_of(first)],
        "scope": ["https://www.googleapis.com/auth/cloud-platform"],
    }
    allow(grpc_clients, first, creator, ANN)
    with pytest.raises(exceptions.PermissionDenied):
        ann.generate_access_token(request=request)
    allow(grpc_clients, second, creator, f"serviceAccount:{first}")
    assert ann.generate_access_token(request=request).access_token.startswith("ya29.")
    del request["delegates"]
    with pytest.raises(exceptions.PermissionDenied):
        ann.generate_access_token(request=request)


def test_a_minted_access_token_acts_as_the_account(
    grpc_clients: Clients, emulator: RunningEmulator
) -> None:
    """The token says whose it is, and a disabled account's token is none."""
    email = make_account(grpc_clients)
    token = grpc_clients.credentials.generate_access_token(
        name=name_of(email), scope=["https://www.googleapis.com/auth/cloud-platform"]
    ).access_token
    url = f"{emulator.http}/tokeninfo"
    info = requests.get(url, params={"access_token": token}, timeout=30)
    assert info.json()["email"] == email
    grpc_clients.iam.disable_service_account(request={"name": name_of(email)})
    assert requests.get(url, params={"access_token": token}, timeout=30).status_code == 400


def test_a_key_file_works_with_google_s_own_library(
    grpc_clients: Clients, emulator: RunningEmulator
) -> None:
    """Access and ID tokens are had for a key's signature, and not after its deletion."""
    email = make_account(grpc_clients)
    key = grpc_clients.iam.create_service_account_key(name=name_of(email))
    info = json.loads(key.private_key_data)
    assert info["token_uri"] == f"{emulator.http}/token"
    scoped = service_account.Credentials.from_service_account_info(
        info, scopes=["https://www.googleapis.com/auth/cloud-platform"]
    )
    scoped.refresh(Request())
    answer = requests.get(
        f"{emulator.http}/v1/userinfo",
        headers={"Authorization": f"Bearer {scoped.token}"},
        timeout=30,
    )
    assert answer.json()["email"] == email
    identity = service_account.IDTokenCredentials.from_service_account_info(
        info, target_audience="https://orders.example.com"
    )
    identity.refresh(Request())
    assert jwt.decode(identity.token, verify=False)["email"] == email
    kinds = [iam_admin_v1.ListServiceAccountKeysRequest.KeyType.USER_MANAGED]
    asked = {"name": name_of(email), "key_types": kinds}
    listed = grpc_clients.iam.list_service_account_keys(request=asked).keys
    assert [one.name for one in listed] == [key.name]
    assert not listed[0].private_key_data
    grpc_clients.iam.delete_service_account_key(name=key.name)
    with pytest.raises(Exception, match="Invalid JWT Signature"):
        scoped.refresh(Request())


def test_a_custom_role_grants_its_permissions_until_it_is_deleted(
    grpc_clients: Clients, clients_of: Callable[[str], Clients]
) -> None:
    """Made on the project, bound there, read by name, deleted."""
    role = grpc_clients.iam.create_role(
        request={
            "parent": PROJECT,
            "role_id": "accountReader",
            "role": {"title": "Reader", "included_permissions": ["iam.serviceAccounts.get"]},
        }
    )
    assert role.name == f"{PROJECT}/roles/accountReader"
    email = make_account(grpc_clients)
    allow(grpc_clients, email, role.name, ANN)
    ann = clients_of(ANN).iam
    assert ann.get_service_account(name=name_of(email)).email == email
    with pytest.raises(exceptions.PermissionDenied, match=r"iam\.serviceAccounts\.delete"):
        ann.delete_service_account(name=name_of(email))
    assert grpc_clients.iam.delete_role(request={"name": role.name}).deleted
    with pytest.raises(exceptions.PermissionDenied):
        ann.get_service_account(name=name_of(email))


def test_predefined_roles_are_as_google_publishes_them(grpc_clients: Clients) -> None:
    """Owner and editor mint nothing; servicesInvoker is the narrowest invoker."""
    get = grpc_clients.iam.get_role
    narrow = get(request={"name": "roles/run.servicesInvoker"})
    assert list(narrow.included_permissions) == ["run.routes.invoke"]
    for basic in ("roles/owner", "roles/editor"):
        permissions = set(get(request={"name": basic}).included_permissions)
        assert "run.routes.invoke" in permissions
        assert "iam.serviceAccounts.getOpenIdToken" not in permissions
    with pytest.raises(exceptions.NotFound):
        get(request={"name": "roles/run.nothing"})


def test_a_namesake_of_a_deleted_account_inherits_nothing(
    emulator: RunningEmulator, grpc_clients: Clients, clients_of: Callable[[str], Clients]
) -> None:
    """The binding shows the deleted account, and the new one of that name has no role."""
    email = make_account(grpc_clients)
    policy = grpc_clients.projects.get_iam_policy(resource=PROJECT)
    policy.bindings.add(role="roles/run.viewer", members=[f"serviceAccount:{email}"])
    grpc_clients.projects.set_iam_policy(request={"resource": PROJECT, "policy": policy})
    parent = f"{PROJECT}/locations/asia-east1"
    assert not list(clients_of(f"serviceAccount:{email}").services.list_services(parent=parent))
    grpc_clients.iam.delete_service_account(name=name_of(email))
    make_account(grpc_clients)
    after = grpc_clients.projects.get_iam_policy(resource=PROJECT)
    members = [one for binding in after.bindings for one in binding.members]
    assert any(one.startswith(f"deleted:serviceAccount:{email}?uid=") for one in members)
    emulator.tokens.clear()  # the first account's
    with pytest.raises(exceptions.PermissionDenied):
        list(clients_of(f"serviceAccount:{email}").services.list_services(parent=parent))
