"""IAM with Google's clients: accounts, keys and roles over gRPC; credentials and deny policies."""

import datetime as dt
import json
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from google.cloud import iam_admin_v1, iam_credentials_v1, iam_v2

from tests.conftest import DEVELOPER
from tests.emulator.clients.scenario import Scenario, Stage
from tests.emulator.clients.scenarios_resources import round_trip

ADMIN = "google.iam.admin.v1.IAM"
ACCOUNT_RPCS = (
    *(f"{verb}ServiceAccount" for verb in ("Create", "Get", "Patch", "Update", "Delete")),
    *(f"{verb}ServiceAccount" for verb in ("Undelete", "Disable", "Enable")),
    "ListServiceAccounts",
    "GetIamPolicy",
    "SetIamPolicy",
    "TestIamPermissions",
    "SignBlob",
    "SignJwt",
)
KEY_RPCS = (
    *(f"{verb}ServiceAccountKey" for verb in ("Create", "Upload", "Get", "Disable", "Enable")),
    "DeleteServiceAccountKey",
    "ListServiceAccountKeys",
)
ROLE_RPCS = (
    *(f"{verb}Role" for verb in ("Create", "Get", "Update", "Delete", "Undelete")),
    "ListRoles",
    "QueryGrantableRoles",
    "QueryTestablePermissions",
    "QueryAuditableServices",
    "LintPolicy",
)
_ACCOUNT_ROLE = "roles/iam.serviceAccountUser"


def certificate() -> bytes:
    """A self-signed certificate of a new key, PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "orders")])
    now = dt.datetime.now(dt.UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    built = built.public_key(key.public_key()).serial_number(1)
    built = built.not_valid_before(now).not_valid_after(now + dt.timedelta(days=2))
    return built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _account(stage: Stage) -> Any:  # noqa: ANN401 - ServiceAccount
    # Accounts are made over gRPC whatever is tried afterwards: the package has nothing else.
    return stage.clients.iam.create_service_account(
        request={"name": stage.project, "account_id": "orders-run"}
    )


def _accounts(stage: Stage) -> None:
    iam, account = stage.clients.iam, _account(stage)
    name = account.name
    assert (
        iam.get_service_account(name=f"projects/-/serviceAccounts/{account.unique_id}") == account
    )
    assert account in list(iam.list_service_accounts(name=stage.project))
    changed = iam_admin_v1.ServiceAccount(name=name, description="runs orders")
    mask = {"paths": ["description"]}
    request = {"service_account": changed, "update_mask": mask}
    assert iam.patch_service_account(request=request).description == "runs orders"
    whole = iam_admin_v1.ServiceAccount(name=name, display_name="Orders")
    assert iam.update_service_account(request=whole).description == ""
    iam.disable_service_account(request={"name": name})
    assert iam.get_service_account(name=name).disabled
    iam.enable_service_account(request={"name": name})
    round_trip(iam, name, _ACCOUNT_ROLE, "iam.serviceAccounts.actAs")
    assert iam.sign_blob(request={"name": name, "bytes_to_sign": b"x"}).signature
    assert iam.sign_jwt(request={"name": name, "payload": "{}"}).signed_jwt.count(".") == 2
    iam.delete_service_account(name=name)
    back = iam.undelete_service_account(
        request={"name": f"{stage.project}/serviceAccounts/{account.unique_id}"}
    )
    assert back.restored_account.email == account.email


def _keys(stage: Stage) -> None:
    iam, owner = stage.clients.iam, _account(stage).name
    made = iam.create_service_account_key(name=owner)
    assert json.loads(made.private_key_data)["type"] == "service_account"
    uploaded = iam.upload_service_account_key(
        request={"name": owner, "public_key_data": certificate()}
    )
    assert uploaded.key_origin == iam_admin_v1.ServiceAccountKeyOrigin.USER_PROVIDED
    listed = {one.name for one in iam.list_service_account_keys(name=owner).keys}
    assert {made.name, uploaded.name} < listed
    iam.disable_service_account_key(request={"name": made.name})
    asked = {"name": made.name, "public_key_type": "TYPE_X509_PEM_FILE"}
    found = iam.get_service_account_key(request=asked)
    assert found.disabled
    assert found.public_key_data.startswith(b"-----BEGIN CERTIFICATE-----")
    iam.enable_service_account_key(request={"name": made.name})
    iam.delete_service_account_key(name=made.name)


def _roles(stage: Stage) -> None:
    iam = stage.clients.iam
    role = {"title": "Reader", "included_permissions": ["run.services.get"]}
    made = iam.create_role(
        request={"parent": stage.project, "role_id": "orders_reader", "role": role}
    )
    assert iam.get_role(request={"name": made.name}) == made
    assert [one.name for one in iam.list_roles(request={"parent": stage.project})] == [made.name]
    renamed = {"title": "Orders reader", "etag": made.etag}
    changed = iam.update_role(
        request={"name": made.name, "role": renamed, "update_mask": {"paths": ["title"]}}
    )
    assert (changed.title, list(changed.included_permissions)) == (
        "Orders reader",
        ["run.services.get"],
    )
    assert iam.delete_role(request={"name": made.name}).deleted
    assert not iam.undelete_role(request={"name": made.name}).deleted
    full_name = f"//cloudresourcemanager.googleapis.com/{stage.project}"
    grantable = iam.query_grantable_roles(full_resource_name=full_name)
    assert {"roles/owner", made.name} < {one.name for one in grantable}
    testable = iam.query_testable_permissions(request={"full_resource_name": full_name})
    assert "run.routes.invoke" in {one.name for one in testable}
    audited = iam.query_auditable_services(request={"full_resource_name": full_name})
    assert "run.googleapis.com" in {one.name for one in audited.services}
    condition = {"title": "broken", "expression": "request.time <"}
    linted = iam.lint_policy(request={"full_resource_name": full_name, "condition": condition})
    assert [one.field_name for one in linted.lint_results] == ["condition.expression"]


def _credentials(stage: Stage) -> None:
    name = f"projects/-/serviceAccounts/{_account(stage).email}"
    credentials = stage.clients.make(iam_credentials_v1.IAMCredentialsClient)
    scope = ["https://www.googleapis.com/auth/cloud-platform"]
    assert credentials.generate_access_token(name=name, scope=scope).access_token
    audience = "https://orders.example.com"
    assert credentials.generate_id_token(name=name, audience=audience).token
    assert credentials.sign_blob(name=name, payload=b"x").signed_blob
    assert credentials.sign_jwt(name=name, payload='{"aud": "orders"}').signed_jwt


def _deny_policies(stage: Stage) -> None:
    stage.emulator.admin(
        "POST",
        "/grants",
        resource="organizations/100000000001",
        member=DEVELOPER,
        role="roles/iam.denyAdmin",
    )
    policies = stage.clients.make(iam_v2.PoliciesClient)
    project = f"cloudresourcemanager.googleapis.com%2Fprojects%2F{stage.emulator.project}"
    parent = f"policies/{project}/denypolicies"
    rule = iam_v2.DenyRule(
        denied_principals=["principalSet://goog/public:all"],
        denied_permissions=["run.googleapis.com/services.delete"],
    )
    policy = iam_v2.Policy(display_name="Nothing goes", rules=[{"deny_rule": rule}])
    request: dict[str, Any] = {"parent": parent, "policy": policy, "policy_id": "nothing-goes"}
    made = policies.create_policy(request=request).result(timeout=30)
    found = policies.get_policy(request={"name": made.name})
    assert found.display_name == "Nothing goes"
    assert [one.name for one in policies.list_policies(request={"parent": parent})] == [made.name]
    found.display_name = "Nothing may go"
    changed = policies.update_policy(request={"policy": found}).result(timeout=30)
    assert changed.display_name == "Nothing may go"
    policies.delete_policy(request={"name": made.name}).result(timeout=30)
    assert list(policies.list_policies(request={"parent": parent})) == []


IAM = (
    Scenario("iam-accounts", _accounts, ADMIN, ACCOUNT_RPCS, ("grpc",)),
    Scenario("iam-keys", _keys, ADMIN, KEY_RPCS, ("grpc",)),
    Scenario("iam-roles", _roles, ADMIN, ROLE_RPCS, ("grpc",)),
    Scenario(
        "iam-credentials",
        _credentials,
        "google.iam.credentials.v1.IAMCredentials",
        ("GenerateAccessToken", "GenerateIdToken", "SignBlob", "SignJwt"),
    ),
    Scenario(
        "iam-deny-policies",
        _deny_policies,
        "google.iam.v2.Policies",
        ("CreatePolicy", "GetPolicy", "ListPolicies", "UpdatePolicy", "DeletePolicy"),
    ),
)
"""Scenarios of IAM, IAM Credentials and deny policies."""
