"""Principal access boundaries in force: before deny, before allow, and not for every permission."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import iam_credentials_v1, run_v2

from provision.emulator.iam.boundary_versions import blocked_since
from tests.conftest import DEVELOPER, Clients, RunningEmulator, StartEmulator
from tests.emulator.iam.boundary_world import (
    FOLDER,
    ORGANIZATION,
    PROJECT,
    RESOURCES,
    Bounding,
    allow_boundaries,
)
from tests.emulator.iam.deployed import SERVICE, deploy_bound

ANN, STRANGER = "user:ann@example.com", "user:eve@example.net"
OTHER = "projects/other-project"
JOBS = f"{PROJECT}/locations/asia-east1"


@pytest.fixture
def bounding(emulator: RunningEmulator) -> Bounding:
    """Somebody outside of the organisation's domain keeps the boundaries."""
    allow_boundaries(emulator, "user:admin@example.net")
    emulator.admin("POST", "/projects", projectId="other-project")
    return Bounding(Clients(emulator, "grpc", "user:admin@example.net"))


@pytest.fixture
def holds(clients_of: Callable[[str], Clients]) -> Callable[..., bool]:
    """Whether a member holds a permission on the project."""

    def ask(member: str, permission: str, resource: str = PROJECT) -> bool:
        request = {"resource": resource, "permissions": [permission]}
        client = clients_of(member).projects
        return list(client.test_iam_permissions(request=request).permissions) == [permission]

    return ask


def granted(emulator: RunningEmulator, member: str, role: str = "roles/editor") -> None:
    """A role on the project."""
    emulator.admin("POST", "/grants", resource=PROJECT, member=member, role=role)


def test_a_boundary_elsewhere_takes_access_away_and_its_end_gives_it_back(
    bounding: Bounding, holds: Callable[..., bool], emulator: RunningEmulator
) -> None:
    """Whoever is bound may use what the boundary includes, and nothing else that it blocks."""
    granted(emulator, ANN)
    policy = bounding.policy("narrow", OTHER)
    assert holds(ANN, "run.services.get")
    bounding.bind("narrow", ORGANIZATION)
    assert not holds(ANN, "run.services.get")
    bounding.policies.delete_principal_access_boundary_policy(
        request={"name": policy.name, "force": True}
    ).result(timeout=30)
    assert holds(ANN, "run.services.get")


@pytest.mark.parametrize("included", [PROJECT, FOLDER, ORGANIZATION])
def test_a_boundary_includes_what_is_beneath_its_resources(
    bounding: Bounding, holds: Callable[..., bool], emulator: RunningEmulator, included: str
) -> None:
    """The project itself, by id, its folder, or the organisation."""
    granted(emulator, ANN)
    bounding.policy("wide", included)
    bounding.bind("wide", ORGANIZATION)
    assert holds(ANN, "run.services.get")


def test_a_project_may_be_included_by_its_number(
    bounding: Bounding,
    holds: Callable[..., bool],
    emulator: RunningEmulator,
    grpc_clients: Clients,
) -> None:
    """Documented beside the id."""
    granted(emulator, ANN)
    bounding.policy("wide", grpc_clients.projects.get_project(name=PROJECT).name)
    bounding.bind("wide", ORGANIZATION)
    assert holds(ANN, "run.services.get")


def test_of_several_boundaries_any_may_include(
    bounding: Bounding, holds: Callable[..., bool], emulator: RunningEmulator
) -> None:
    """Whoever has several is eligible for what any of them includes."""
    granted(emulator, ANN)
    bounding.policy("narrow", OTHER)
    bounding.policy("wide", PROJECT)
    bounding.bind("narrow", ORGANIZATION, binding_id="first")
    assert not holds(ANN, "run.services.get")
    bounding.bind("wide", ORGANIZATION, binding_id="second")
    assert holds(ANN, "run.services.get")


def test_a_boundary_never_stops_an_invocation(
    bounding: Bounding,
    grpc_clients: Clients,
    clients_of: Callable[[str], Clients],
    pushed_image: str,
) -> None:
    """``run.routes.invoke`` is listed in no version; reading the same service is."""
    deploy_bound(grpc_clients, pushed_image, "roles/run.developer", ANN)
    bounding.policy("narrow", OTHER)
    bounding.bind("narrow", ORGANIZATION)
    permissions = ["run.routes.invoke", "run.services.get", "run.services.setIamPolicy"]
    tested = clients_of(ANN).services.test_iam_permissions(
        request={"resource": SERVICE, "permissions": permissions}
    )
    assert list(tested.permissions) == ["run.routes.invoke"]


def test_a_boundary_stops_a_job_and_the_minting_of_a_token(
    bounding: Bounding, emulator: RunningEmulator, clients_of: Callable[[str], Clients]
) -> None:
    """What impersonation and executions need is blocked from versions 3 and 1."""
    granted(emulator, ANN, "roles/iam.serviceAccountTokenCreator")
    granted(emulator, ANN, "roles/run.developer")
    credentials = clients_of(ANN).make(iam_credentials_v1.IAMCredentialsClient)
    account = _compute_account(clients_of(DEVELOPER))
    request: Any = {"name": f"projects/-/serviceAccounts/{account}", "audience": "https://x"}
    assert credentials.generate_id_token(request=request).token
    bounding.policy("narrow", OTHER)
    bounding.bind("narrow", ORGANIZATION)
    with pytest.raises(exceptions.PermissionDenied, match="getOpenIdToken"):
        credentials.generate_id_token(request=request)
    with pytest.raises(exceptions.PermissionDenied, match=r"run\.jobs\.run"):
        clients_of(ANN).make(run_v2.JobsClient).run_job(name=f"{JOBS}/jobs/nightly")


def _compute_account(clients: Clients) -> str:
    number = clients.projects.get_project(name=PROJECT).name.partition("/")[2]
    return f"{number}-compute@developer.gserviceaccount.com"


def test_an_older_version_blocks_less(
    bounding: Bounding, holds: Callable[..., bool], emulator: RunningEmulator
) -> None:
    """Version 1 knows of Cloud Run, not of service accounts or of Resource Manager."""
    granted(emulator, ANN)
    bounding.policy("old", OTHER, version="1")
    bounding.bind("old", ORGANIZATION)
    assert not holds(ANN, "run.services.list")
    assert holds(ANN, "resourcemanager.projects.get")
    assert holds(ANN, "iam.serviceAccounts.list")
    bounding.policy("newer", OTHER, version="2")
    bounding.bind("newer", ORGANIZATION, binding_id="newer")
    assert not holds(ANN, "resourcemanager.projects.get")
    assert holds(ANN, "iam.serviceAccounts.list")


def test_a_set_holds_its_own_principals_alone(
    bounding: Bounding, holds: Callable[..., bool], emulator: RunningEmulator
) -> None:
    """A project's are its service accounts; an organisation's its domain's users too."""
    account = f"serviceAccount:{_compute_account(Clients(emulator, 'grpc', DEVELOPER))}"
    for member in (ANN, STRANGER, account):
        granted(emulator, member)
    bounding.policy("narrow", OTHER)
    bounding.bind("narrow", PROJECT, binding_id="project")
    permission = "run.services.get"
    assert [holds(one, permission) for one in (ANN, STRANGER, account)] == [True, True, False]
    bounding.bind("narrow", ORGANIZATION, binding_id="organization")
    assert [holds(one, permission) for one in (ANN, STRANGER, account)] == [False, True, False]


def test_a_workspace_holds_the_users_of_its_domains(
    bounding: Bounding, holds: Callable[..., bool], emulator: RunningEmulator
) -> None:
    """And no service account."""
    admin = "user:admin@example.net"
    clients = Clients(emulator, "grpc", DEVELOPER)
    account = f"serviceAccount:{_compute_account(clients)}"
    for member in (ANN, account):
        granted(emulator, member)
    role = f"{ORGANIZATION}/roles/binder"
    emulator.admin(
        "POST",
        "/grants",
        resource=ORGANIZATION,
        member=DEVELOPER,
        role="roles/iam.organizationRoleAdmin",
    )
    clients.iam.create_role(
        request={
            "parent": ORGANIZATION,
            "role_id": "binder",
            "role": {"included_permissions": ["iam.workspacePools.createPolicyBinding"]},
        }
    )
    bounding.policy("narrow", OTHER)
    workspace = {"principal_set": "//iam.googleapis.com/locations/global/workspace/C01emulator"}
    with pytest.raises(exceptions.PermissionDenied, match="workspacePools"):
        bounding.bind("narrow", ORGANIZATION, target=workspace)
    emulator.admin("POST", "/grants", resource=ORGANIZATION, member=admin, role=role)
    bounding.bind("narrow", ORGANIZATION, target=workspace)
    assert [holds(one, "run.services.get") for one in (ANN, account)] == [False, True]


def test_a_condition_spares_whom_it_excludes(
    bounding: Bounding, holds: Callable[..., bool], emulator: RunningEmulator
) -> None:
    """By the type or the address of the principal."""
    account = f"serviceAccount:{_compute_account(Clients(emulator, 'grpc', DEVELOPER))}"
    for member in (ANN, "user:bob@example.com", account):
        granted(emulator, member)
    bounding.policy("narrow", OTHER)
    bounding.bind(
        "narrow",
        ORGANIZATION,
        condition="principal.type == 'iam.googleapis.com/WorkspaceIdentity' && "
        "principal.subject != 'bob@example.com'",
    )
    found = [holds(one, "run.services.get") for one in (ANN, "user:bob@example.com", account)]
    assert found == [False, True, True]


def test_a_boundary_takes_effect_after_the_delay_of_policies(
    bounding: Bounding, holds: Callable[..., bool], emulator: RunningEmulator
) -> None:
    """It is read at once, and counts later."""
    granted(emulator, ANN)
    bounding.policy("narrow", OTHER)
    emulator.admin("POST", "/settings", iamDelay=3600)
    made = bounding.bind("narrow", ORGANIZATION)
    assert bounding.bindings.get_policy_binding(name=made.name) == made
    assert holds(ANN, "run.services.get")


def test_boundaries_survive_a_restart(start_emulator: StartEmulator, tmp_path: Path) -> None:
    """With their bindings, and they are in force at once."""
    arguments = ("--engine", "none", "--operation-delay", "0", "--data", str(tmp_path))
    first = start_emulator(*arguments)
    allow_boundaries(first, "user:admin@example.net")
    Bounding(Clients(first, "grpc", "user:admin@example.net")).policy("narrow", f"{FOLDER}9")
    made = Bounding(Clients(first, "grpc", "user:admin@example.net")).bind("narrow", ORGANIZATION)
    first.stop()
    again = start_emulator(*arguments)
    clients = Clients(again, "grpc", "user:admin@example.net")
    assert Bounding(clients).bindings.get_policy_binding(name=made.name) == made
    with pytest.raises(exceptions.PermissionDenied):
        Clients(again, "grpc", DEVELOPER).projects.get_project(name=PROJECT)
    again.stop()


BLOCKED = {
    "run.googleapis.com/routes.invoke": None,
    "run.googleapis.com/services.get": 1,
    "run.googleapis.com/services.setIamPolicy": None,
    "run.googleapis.com/jobs.run": 1,
    "run.googleapis.com/jobs.runWithOverrides": None,
    "run.googleapis.com/jobs.update": None,
    "run.googleapis.com/executions.cancel": 1,
    "run.googleapis.com/instances.invoke": None,
    "cloudfunctions.googleapis.com/functions.invoke": 3,
    "cloudfunctions.googleapis.com/functions.call": 3,
    "iam.googleapis.com/serviceAccounts.getOpenIdToken": 3,
    "iam.googleapis.com/serviceAccounts.actAs": 3,
    "iam.googleapis.com/serviceAccounts.createTagBinding": None,
    "iam.googleapis.com/serviceAccounts.getCertificateAs": None,
    "iam.googleapis.com/serviceAccountKeys.create": 3,
    "iap.googleapis.com/webServiceVersions.accessViaIAP": 2,
    "cloudresourcemanager.googleapis.com/projects.get": 2,
    "cloudresourcemanager.googleapis.com/projects.deletePolicyBinding": None,
    "pubsub.googleapis.com/topics.publish": 1,
    "pubsub.googleapis.com/topics.setIamPolicy": 3,
    "pubsub.googleapis.com/subscriptions.consume": 3,
    "workflows.googleapis.com/executions.create": 3,
}


@pytest.mark.parametrize(("permission", "version"), BLOCKED.items(), ids=BLOCKED)
def test_the_table_of_versions_is_google_s(permission: str, version: int | None) -> None:
    """As its page had it on 2026-04-08."""
    assert blocked_since(permission) == version


def test_the_resources_of_a_rule_need_not_exist(bounding: Bounding) -> None:
    """They are names; whoever is bound to such a policy is eligible for nothing."""
    made = bounding.policy("nowhere", "projects/nowhere-at-all")
    assert list(made.details.rules[0].resources) == [f"{RESOURCES}/projects/nowhere-at-all"]
