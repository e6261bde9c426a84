"""What no client has over REST, with the discovery client.

IAM, Resource Manager v1 and v2, executions of workflows.
"""

import base64
import json
import time
from typing import Any

from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build

from tests.conftest import DEVELOPER, Clients
from tests.emulator.callers.kit import deploy_workflow
from tests.emulator.clients.scenario import Scenario, Stage
from tests.emulator.clients.scenarios_iam import (
    ACCOUNT_RPCS,
    ADMIN,
    KEY_RPCS,
    ROLE_RPCS,
    certificate,
)
from tests.emulator.clients.scenarios_resources import ORGANIZATION, become_administrator

_OLDER = "google.cloudresourcemanager"
_REST = ("rest",)
_POLL_SECONDS = 30


def _discovered(stage: Stage, name: str, version: str) -> Any:  # noqa: ANN401 - made at run time
    return build(
        name,
        version,
        credentials=Credentials(token=stage.emulator.token()),
        client_options={"api_endpoint": stage.emulator.http},
        static_discovery=True,
        cache_discovery=False,
    )


def _accounts_of(stage: Stage) -> tuple[Any, Any]:
    """The collection of accounts and a new one."""
    accounts = _discovered(stage, "iam", "v1").projects().serviceAccounts()
    body = {"accountId": "orders-run", "serviceAccount": {"displayName": "Orders"}}
    return accounts, accounts.create(name=stage.project, body=body).execute()


def _accounts(stage: Stage) -> None:
    accounts, made = _accounts_of(stage)
    name = made["name"]
    assert accounts.get(name=name).execute() == made
    assert made in accounts.list(name=stage.project).execute()["accounts"]
    body: dict[str, Any] = {
        "serviceAccount": {"description": "runs orders"},
        "updateMask": "description",
    }
    patched = accounts.patch(name=name, body=body).execute()
    assert patched == {"name": name, "description": "runs orders"}
    updated = accounts.update(name=name, body={"displayName": "All orders"}).execute()
    assert (updated["displayName"], "description" in updated) == ("All orders", False)
    accounts.disable(name=name, body={}).execute()
    assert accounts.get(name=name).execute()["disabled"] is True
    accounts.enable(name=name, body={}).execute()
    _policy(accounts, name)
    signed = _on_iam(accounts.signBlob(name=name, body={"bytesToSign": "eA=="}))
    assert base64.b64decode(signed["signature"])
    assert _on_iam(accounts.signJwt(name=name, body={"payload": "{}"}))["signedJwt"]
    accounts.delete(name=name).execute()
    deleted = f"{stage.project}/serviceAccounts/{made['uniqueId']}"
    back = accounts.undelete(name=deleted, body={}).execute()["restoredAccount"]
    assert back["email"] == made["email"]


def _on_iam(request: Any) -> Any:  # noqa: ANN401 - made at run time
    """Ask IAM's own host: on the emulator's these two paths are IAM Credentials'."""
    request.headers["Host"] = "iam.googleapis.com"
    return request.execute()


def _policy(accounts: Any, name: str) -> None:  # noqa: ANN401 - made at run time
    policy = accounts.getIamPolicy(resource=name).execute()
    binding = {"role": "roles/iam.serviceAccountUser", "members": ["user:ann@example.com"]}
    policy["bindings"] = [binding]
    set_ = accounts.setIamPolicy(resource=name, body={"policy": policy}).execute()
    assert set_["bindings"] == [binding]
    asked = {"permissions": ["iam.serviceAccounts.actAs"]}
    assert accounts.testIamPermissions(resource=name, body=asked).execute() == asked


def _keys(stage: Stage) -> None:
    accounts, owner = _accounts_of(stage)
    keys = accounts.keys()
    made = keys.create(name=owner["name"], body={}).execute()
    assert json.loads(base64.b64decode(made["privateKeyData"]))["type"] == "service_account"
    data = base64.b64encode(certificate()).decode()
    uploaded = keys.upload(name=owner["name"], body={"publicKeyData": data}).execute()
    assert uploaded["keyOrigin"] == "USER_PROVIDED"
    listed = keys.list(name=owner["name"], keyTypes=["USER_MANAGED"]).execute()["keys"]
    assert {one["name"] for one in listed} == {made["name"], uploaded["name"]}
    keys.disable(name=made["name"], body={}).execute()
    assert keys.get(name=made["name"]).execute()["disabled"] is True
    keys.enable(name=made["name"], body={}).execute()
    keys.delete(name=made["name"]).execute()


def _roles(stage: Stage) -> None:
    iam = _discovered(stage, "iam", "v1")
    roles = iam.projects().roles()
    role = {"title": "Reader", "includedPermissions": ["run.services.get"], "stage": "GA"}
    body = {"roleId": "orders_reader", "role": role}
    made = roles.create(parent=stage.project, body=body).execute()
    assert roles.get(name=made["name"]).execute() == made
    assert [one["name"] for one in roles.list(parent=stage.project).execute()["roles"]] == [
        made["name"]
    ]
    changed = roles.patch(name=made["name"], updateMask="title", body={"title": "X"}).execute()
    assert (changed["title"], changed["stage"]) == ("X", "GA")
    assert roles.delete(name=made["name"]).execute()["deleted"] is True
    assert "deleted" not in roles.undelete(name=made["name"], body={}).execute()
    full_name = {"fullResourceName": f"//cloudresourcemanager.googleapis.com/{stage.project}"}
    assert iam.roles().queryGrantableRoles(body=full_name).execute()["roles"]
    assert iam.permissions().queryTestablePermissions(body=full_name).execute()["permissions"]
    assert iam.iamPolicies().queryAuditableServices(body=full_name).execute()["services"]
    well = {"condition": {"title": "always", "expression": "true"}, **full_name}
    assert iam.iamPolicies().lintPolicy(body=well).execute() == {}


def _done(service: Any, operation: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """What an operation ends with."""
    end = time.monotonic() + _POLL_SECONDS
    while not operation.get("done"):
        assert time.monotonic() < end, f"{operation['name']} does not end"
        operation = service.operations().get(name=operation["name"]).execute()
    return operation["response"]


def _projects_v1(stage: Stage) -> None:
    become_administrator(stage)
    service = _discovered(stage, "cloudresourcemanager", "v1")
    projects = service.projects()
    number = ORGANIZATION.partition("/")[2]
    parent = {"type": "organization", "id": number}
    body = {"projectId": "another-one", "name": "Another one", "parent": parent}
    made = _done(service, projects.create(body=body).execute())
    assert (made["lifecycleState"], made["parent"]) == ("ACTIVE", parent)
    found = projects.list(filter=f"parent.id:{number} name:another*").execute()["projects"]
    assert [one["projectId"] for one in found] == ["another-one"]
    renamed = {**made, "name": "Yet another"}
    renamed.pop("@type")
    assert projects.update(projectId="another-one", body=renamed).execute()["name"] == "Yet another"
    ancestry = projects.getAncestry(projectId="another-one", body={}).execute()["ancestor"]
    assert [one["resourceId"]["type"] for one in ancestry] == ["project", "organization"]
    assert projects.delete(projectId="another-one").execute() == {}
    assert projects.get(projectId="another-one").execute()["lifecycleState"] == "DELETE_REQUESTED"
    assert projects.undelete(projectId="another-one", body={}).execute() == {}


def _organizations_v1(stage: Stage) -> None:
    organizations = _discovered(stage, "cloudresourcemanager", "v1").organizations()
    found = organizations.search(body={"filter": "domain:example.com"}).execute()["organizations"]
    assert [one["name"] for one in found] == [ORGANIZATION]
    assert organizations.get(name=ORGANIZATION).execute() == found[0]


def _folders_v2(stage: Stage) -> None:
    become_administrator(stage)
    service = _discovered(stage, "cloudresourcemanager", "v2")
    folders = service.folders()
    asked = folders.create(parent=ORGANIZATION, body={"displayName": "Team One"}).execute()
    name = _done(service, asked)["name"]
    assert folders.get(name=name).execute()["lifecycleState"] == "ACTIVE"
    listed = folders.list(parent=ORGANIZATION).execute()["folders"]
    assert name in [one["name"] for one in listed]
    found = folders.search(body={"query": "displayName=Team*"}).execute()["folders"]
    assert [one["name"] for one in found] == [name]
    body = {"displayName": "Team Two"}
    changed = folders.patch(name=name, updateMask="displayName", body=body).execute()
    assert changed["displayName"] == "Team Two"
    moved = {"destinationParent": "folders/200000000001"}
    operation = folders.move(name=name, body=moved).execute()
    assert _done(service, operation)["parent"] == "folders/200000000001"
    assert folders.delete(name=name).execute()["lifecycleState"] == "DELETE_REQUESTED"
    assert folders.undelete(name=name, body={}).execute()["lifecycleState"] == "ACTIVE"


def _executions(stage: Stage) -> None:
    source = "main: {steps: [{rest: {call: sys.sleep, args: {seconds: 600}}}]}"
    parent = deploy_workflow(Clients(stage.emulator, "grpc", DEVELOPER), source).name
    service = _discovered(stage, "workflowexecutions", "v1").projects().locations().workflows()
    begun = service.executions().create(parent=parent, body={"argument": "7"}).execute()
    assert service.executions().get(name=begun["name"]).execute()["argument"] == "7"
    [listed] = service.executions().list(parent=parent).execute()["executions"]
    assert listed["name"] == begun["name"]
    ended = service.executions().cancel(name=begun["name"], body={}).execute()
    assert ended["state"] == "CANCELLED"


_EACH = ("Get", "Create", "Update", "Delete", "Undelete")
DISCOVERY = (
    Scenario("iam-accounts-discovered", _accounts, ADMIN, ACCOUNT_RPCS, _REST),
    Scenario("iam-keys-discovered", _keys, ADMIN, KEY_RPCS, _REST),
    Scenario("iam-roles-discovered", _roles, ADMIN, ROLE_RPCS, _REST),
    Scenario(
        "projects-v1",
        _projects_v1,
        f"{_OLDER}.v1.Projects",
        (*(f"{verb}Project" for verb in _EACH), "ListProjects", "GetAncestry"),
        _REST,
    ),
    Scenario(
        "organizations-v1",
        _organizations_v1,
        f"{_OLDER}.v1.Organizations",
        ("GetOrganization", "SearchOrganizations"),
        _REST,
    ),
    Scenario(
        "folders-v2",
        _folders_v2,
        f"{_OLDER}.v2.Folders",
        (*(f"{verb}Folder" for verb in (*_EACH, "Move")), "ListFolders", "SearchFolders"),
        _REST,
    ),
    Scenario(
        "executions-discovered",
        _executions,
        "google.cloud.workflows.executions.v1.Executions",
        ("CreateExecution", "GetExecution", "ListExecutions", "CancelExecution"),
        _REST,
    ),
)
"""Scenarios with the discovery client."""
