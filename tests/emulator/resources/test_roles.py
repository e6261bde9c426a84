"""IAM: custom roles, their rules, and what is told of roles."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import iam_admin_v1

from tests.conftest import Clients
from tests.emulator.resources.conftest import ORGANIZATION

PROJECT = "projects/demo-project"
NAME = f"{PROJECT}/roles/reader"
ANN = "user:ann@example.com"


def make_role(
    clients: Clients, role_id: str = "reader", parent: str = PROJECT, **fields: object
) -> iam_admin_v1.Role:
    """A custom role."""
    role = {"title": "Reader", "included_permissions": ["run.services.get"], **fields}
    request = {"parent": parent, "role_id": role_id, "role": role}
    made: iam_admin_v1.Role = clients.iam.create_role(request=request)
    return made


@pytest.mark.parametrize("role_id", ["ab", "a" * 65, "with-dash", "with space"])
def test_impossible_role_ids_are_refused(grpc_clients: Clients, role_id: str) -> None:
    """3 to 64 letters, digits, dots and underscores."""
    with pytest.raises(exceptions.InvalidArgument):
        make_role(grpc_clients, role_id)


@pytest.mark.parametrize(
    "permission",
    [
        "run.services.nothing",
        "run.services",
        "run.services.*",
        "resourcemanager.projects.list",
        "resourcemanager.folders.get",
        "resourcemanager.tagKeys.list",
    ],
)
def test_what_a_project_s_role_cannot_hold_is_refused(
    grpc_clients: Clients, permission: str
) -> None:
    """Unknown permissions, wildcards, and those of what stands above projects."""
    with pytest.raises(exceptions.InvalidArgument, match="is not valid"):
        make_role(grpc_clients, included_permissions=[permission])


def test_an_organization_s_role_may_hold_what_a_project_s_may_not(
    administrator: Clients,
) -> None:
    """It is named beneath the organisation, and listed there alone."""
    held = ["resourcemanager.projects.list"]
    made = make_role(administrator, parent=ORGANIZATION, included_permissions=held)
    assert made.name == f"{ORGANIZATION}/roles/reader"
    listed = administrator.iam.list_roles
    assert [one.name for one in listed(request={"parent": ORGANIZATION})] == [made.name]
    assert list(listed(request={"parent": PROJECT})) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "t" * 101},
        {"description": "d" * 301},
        {"included_permissions": [f"iam.things{number}.get" for number in range(3001)]},
    ],
    ids=["title", "description", "permissions"],
)
def test_roles_have_limits(grpc_clients: Clients, fields: dict[str, Any]) -> None:
    """Of texts and permissions."""
    with pytest.raises(exceptions.InvalidArgument):
        make_role(grpc_clients, **fields)


def test_a_deleted_role_keeps_its_id_and_can_be_restored(grpc_clients: Clients) -> None:
    """It is shown as deleted, listed on demand, and refuses what Google refuses, in its words."""
    made, iam = make_role(grpc_clients), grpc_clients.iam
    assert iam.delete_role(request={"name": NAME}).deleted
    assert iam.get_role(request={"name": NAME}).deleted
    assert list(iam.list_roles(request={"parent": PROJECT})) == []
    assert len(list(iam.list_roles(request={"parent": PROJECT, "show_deleted": True}))) == 1
    refusals: tuple[tuple[Callable[[], object], str], ...] = (
        (lambda: make_role(grpc_clients), r"can't create a role_id \(reader\) which has been"),
        (lambda: iam.delete_role(request={"name": NAME}), "as it is already deleted"),
        (lambda: iam.update_role(request={"name": NAME, "role": {"title": "x"}}), "can't update"),
    )
    for refused, words in refusals:
        with pytest.raises(exceptions.FailedPrecondition, match=words):
            refused()
    restored = iam.undelete_role(request={"name": NAME})
    assert (restored.deleted, restored.title) == (False, made.title)
    with pytest.raises(exceptions.FailedPrecondition, match="not deleted"):
        iam.undelete_role(request={"name": NAME})
    with pytest.raises(exceptions.AlreadyExists, match="A role named reader in"):
        make_role(grpc_clients)


def test_a_stale_etag_changes_no_role(grpc_clients: Clients) -> None:
    """Neither an update, nor a deletion; without an etag the last one wins."""
    made, iam = make_role(grpc_clients), grpc_clients.iam
    mask = {"paths": ["title"]}
    iam.update_role(request={"name": NAME, "role": {"title": "Two"}, "update_mask": mask})
    stale = {"title": "Three", "etag": made.etag}
    with pytest.raises(exceptions.Aborted):
        iam.update_role(request={"name": NAME, "role": stale, "update_mask": mask})
    with pytest.raises(exceptions.Aborted):
        iam.delete_role(request={"name": NAME, "etag": made.etag})
    assert iam.get_role(request={"name": NAME}).title == "Two"


def test_a_role_that_is_switched_off_grants_nothing(
    grpc_clients: Clients, clients_of: Callable[[str], Clients]
) -> None:
    """Launch stage DISABLED: the binding stays, what it granted is gone."""
    make_role(grpc_clients, included_permissions=["resourcemanager.projects.get"])
    policy = grpc_clients.projects.get_iam_policy(resource=PROJECT)
    policy.bindings.add(role=NAME, members=[ANN])
    grpc_clients.projects.set_iam_policy(request={"resource": PROJECT, "policy": policy})
    read = clients_of(ANN).projects.get_project
    assert read(name=PROJECT).project_id == "demo-project"
    off = {"stage": iam_admin_v1.Role.RoleLaunchStage.DISABLED}
    mask = {"paths": ["stage"]}
    grpc_clients.iam.update_role(request={"name": NAME, "role": off, "update_mask": mask})
    with pytest.raises(exceptions.PermissionDenied):
        read(name=PROJECT)


def test_views_of_roles(grpc_clients: Clients) -> None:
    """Lists have the permissions in the full view only, of predefined and custom roles alike."""
    make_role(grpc_clients)
    for parent in ("", PROJECT):
        for view, told in (
            (iam_admin_v1.RoleView.BASIC, False),
            (iam_admin_v1.RoleView.FULL, True),
        ):
            request = {"parent": parent, "view": view, "page_size": 50}
            page = next(iter(grpc_clients.iam.list_roles(request=request).pages))
            assert any(one.included_permissions for one in page.roles) is told


def test_grantable_roles_go_with_the_resource(grpc_clients: Clients) -> None:
    """On a service its invokers and the project's own roles; owners on the project alone."""
    make_role(grpc_clients)
    service = f"//run.googleapis.com/{PROJECT}/locations/asia-east1/services/orders"
    project = f"//cloudresourcemanager.googleapis.com/{PROJECT}"

    def grantable(full_name: str) -> set[str]:
        found = grpc_clients.iam.query_grantable_roles(full_resource_name=full_name)
        return {one.name for one in found}

    assert {"roles/run.invoker", NAME} < grantable(service)
    assert not {"roles/owner", "roles/artifactregistry.reader"} & grantable(service)
    assert {"roles/owner", "roles/artifactregistry.reader"} < grantable(project)
    with pytest.raises(exceptions.InvalidArgument):
        grantable(PROJECT)


@pytest.mark.parametrize(
    ("expression", "faulty"),
    [
        ("request.time < timestamp('2030-01-01T00:00:00Z')", False),
        ("request.time <", True),
        ("request.nothing == 1", True),
        ("1 + 1", True),
    ],
)
def test_conditions_are_linted(grpc_clients: Clients, expression: str, *, faulty: bool) -> None:
    """What cannot be compiled to a yes or no is an error of the expression."""
    condition = {"title": "until then", "expression": expression}
    linted = grpc_clients.iam.lint_policy(request={"condition": condition})
    severities = [one.severity for one in linted.lint_results]
    assert severities == ([iam_admin_v1.LintResult.Severity.ERROR] if faulty else [])


def test_etags_of_roles_tell_a_moment(grpc_clients: Clients) -> None:
    """0x07 and seven bytes of microseconds, as policies have them."""
    etag = make_role(grpc_clients).etag
    assert etag[:1] == b"\x07"
    moment = dt.datetime.fromtimestamp(int.from_bytes(etag[1:], "big") / 1e6, dt.UTC)
    assert abs(moment - dt.datetime.now(dt.UTC)) < dt.timedelta(hours=1)
