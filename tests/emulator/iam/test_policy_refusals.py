"""SetIamPolicy refuses what Google refuses: members, roles, conditions, masks."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from google.api_core import exceptions
from google.cloud import artifactregistry_v1, iam_admin_v1, run_v2
from google.iam.v1 import policy_pb2
from google.type import expr_pb2

from tests.conftest import Clients, RunningEmulator

PROJECT = "projects/demo-project"
SERVICE = f"{PROJECT}/locations/asia-east1/services/orders"
REPOSITORY = f"{PROJECT}/locations/asia-east1/repositories/services"
INVOKER = "roles/run.invoker"
ANN = "user:ann@example.com"


@pytest.fixture
def services(grpc_clients: Clients, pushed_image: str) -> run_v2.ServicesClient:
    """The client of services, of which there is `orders`."""
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=pushed_image)])
    grpc_clients.services.create_service(
        parent=SERVICE.rpartition("/services/")[0],
        service_id="orders",
        service=run_v2.Service(template=template),
    ).result(timeout=30)
    return grpc_clients.services


def put(client: Any, resource: str, role: str, *members: str, **more: Any) -> Any:  # noqa: ANN401 - any client, a Policy
    """Set a policy of one binding, over whatever is there; what is answered."""
    policy = policy_pb2.Policy(version=3)
    policy.bindings.add(role=role, members=members, **more)
    return client.set_iam_policy(request={"resource": resource, "policy": policy})


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ("user:1-compute@developer.gserviceaccount.com", 'is of type "serviceAccount"'),
        ("serviceAccount:ann@example.com", 'appear as "user:ann@example.com"'),
        ("user:ops@example.com", 'is of type "group"'),
        ("group:app@demo-project.iam.gserviceaccount.com", 'is of type "serviceAccount"'),
        ("projectOwner:demo-project", "membership type restrictions"),
        ("ann@example.com", "Invalid member"),
        ("User:ann@example.com", "Invalid member"),
        ("user:", "Invalid member"),
        ("user:\N{KELVIN SIGN}en@example.com", "Invalid member"),
        ("user:a\N{ZERO WIDTH SPACE}nn@example.com", "Invalid member"),
        ("user:ann@example..com", "Invalid member"),
        ("principalSet://example.com/x", "Invalid member"),
        ("principal://iam.googleapis.com/anything", "Invalid member"),
        ("deleted:user:ann@example.com", "Invalid member"),
        ("serviceAccount:no@demo-project.iam.gserviceaccount.com", "does not exist"),
    ],
)
def test_a_member_of_the_wrong_form_is_refused(
    emulator: RunningEmulator, services: run_v2.ServicesClient, member: str, words: str
) -> None:
    """INVALID_ARGUMENT; for a wrong kind of member it tells the right one."""
    emulator.admin("POST", "/groups", group="group:ops@example.com", members=[ANN])
    with pytest.raises(exceptions.InvalidArgument, match=words):
        put(services, SERVICE, INVOKER, member)


@pytest.mark.parametrize(
    "member",
    [
        "deleted:user:ann@example.com?uid=123",
        "domain:example.com",
        "serviceAccount:demo-project.svc.id.goog[ns/ksa]",
        "principal://iam.googleapis.com/locations/global/workforcePools/p/subject/ann",
        "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/*",
        "principalSet://cloudresourcemanager.googleapis.com/folders/1/type/ServiceAgent",
    ],
)
def test_the_forms_of_members_are_kept_as_written(
    services: run_v2.ServicesClient, member: str
) -> None:
    """Also those that stand for nobody here."""
    assert list(put(services, SERVICE, INVOKER, member).bindings[0].members) == [member]


def test_a_deleted_member_never_grants(
    services: run_v2.ServicesClient, clients_of: Callable[[str], Clients]
) -> None:
    """Whoever has the address again gets nothing."""
    put(services, SERVICE, INVOKER, "deleted:user:ann@example.com?uid=123")
    wanted = {"resource": SERVICE, "permissions": ["run.routes.invoke"]}
    answer = clients_of(ANN).services.test_iam_permissions(request=wanted)
    assert not answer.permissions


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("roles/nothing", r"Role \(roles/nothing\) does not exist in the resource's hierarchy\."),
        ("roles/artifactregistry.reader", "is not supported for this resource"),
        ("roles/iam.serviceAccountUser", "is not supported for this resource"),
        ("projects/other-project/roles/mine", "does not exist in the resource's hierarchy"),
        ("", "does not exist in the resource's hierarchy"),
    ],
)
def test_a_role_has_to_exist_and_to_suit_the_resource(
    services: run_v2.ServicesClient, role: str, words: str
) -> None:
    """A service takes roles that hold a permission on services."""
    with pytest.raises(exceptions.InvalidArgument, match=words):
        put(services, SERVICE, role, ANN)


def test_deny_admin_is_granted_above_projects_only(grpc_clients: Clients) -> None:
    """As reported for a project."""
    client = grpc_clients.projects
    policy = client.get_iam_policy(
        request={"resource": PROJECT, "options": {"requested_policy_version": 3}}
    )
    policy.bindings.add(role="roles/iam.denyAdmin", members=[ANN])
    with pytest.raises(exceptions.InvalidArgument, match=r"roles/iam\.denyAdmin is not supported"):
        client.set_iam_policy(request={"resource": PROJECT, "policy": policy})


@pytest.mark.parametrize("state", ["deleted", "disabled"])
def test_a_custom_role_grants_only_while_it_is_alive(
    grpc_clients: Clients,
    services: run_v2.ServicesClient,
    clients_of: Callable[[str], Clients],
    state: str,
) -> None:
    """Deleted or disabled it grants nothing, and its binding stays."""
    role = iam_admin_v1.Role(included_permissions=["run.services.get"])
    made = grpc_clients.iam.create_role(
        request={"parent": PROJECT, "role_id": "reader", "role": role}
    )
    put(services, SERVICE, made.name, ANN)
    ann = clients_of(ANN).services
    assert ann.get_service(name=SERVICE).name == SERVICE
    if state == "deleted":
        grpc_clients.iam.delete_role(request={"name": made.name})
    else:
        stage = iam_admin_v1.Role(stage=iam_admin_v1.Role.RoleLaunchStage.DISABLED)
        grpc_clients.iam.update_role(
            request={"name": made.name, "role": stage, "update_mask": {"paths": ["stage"]}}
        )
    with pytest.raises(exceptions.PermissionDenied):
        ann.get_service(name=SERVICE)
    assert services.get_iam_policy(request={"resource": SERVICE}).bindings[0].role == made.name


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"title": "t", "expression": "resource.name.matches('x')"}, "undeclared reference"),
        ({"title": "t", "expression": "request.time <"}, "Syntax error"),
        ({"expression": "true"}, "must have a title"),
        ({"title": "t"}, "must have an expression"),
        ({"title": "t" * 101, "expression": "true"}, "at most 100"),
    ],
)
def test_a_condition_without_sense_is_refused(
    services: run_v2.ServicesClient, condition: dict[str, str], words: str
) -> None:
    """It is read when it is set, not when it is asked."""
    with pytest.raises(exceptions.InvalidArgument, match=words):
        put(services, SERVICE, INVOKER, ANN, condition=expr_pb2.Expr(**condition))


def test_a_role_is_bound_to_a_member_under_twenty_conditions_at_most(
    services: run_v2.ServicesClient,
) -> None:
    """The documented limit."""
    for count, taken in ((20, True), (21, False)):
        policy = policy_pb2.Policy(version=3)
        for number in range(count):
            condition = expr_pb2.Expr(title=f"c{number}", expression="true")
            policy.bindings.add(role=INVOKER, members=[ANN], condition=condition)
        request = {"resource": SERVICE, "policy": policy}
        if taken:
            assert len(services.set_iam_policy(request=request).bindings) == count
        else:
            with pytest.raises(exceptions.InvalidArgument, match="more than 20 bindings"):
                services.set_iam_policy(request=request)


def test_bindings_are_merged_and_the_last_one_leaves_an_etag(
    services: run_v2.ServicesClient,
) -> None:
    """One binding a role, each member once; an empty policy still has version 1 (recorded)."""
    policy = policy_pb2.Policy()
    policy.bindings.add(role=INVOKER, members=[ANN, ANN])
    policy.bindings.add(role=INVOKER, members=["user:bob@example.com"])
    policy.bindings.add(role="roles/run.viewer", members=[])
    request = {"resource": SERVICE, "policy": policy}
    kept = services.set_iam_policy(request=request)
    assert [(one.role, list(one.members)) for one in kept.bindings] == [
        (INVOKER, [ANN, "user:bob@example.com"])
    ]
    emptied = services.set_iam_policy(
        request={"resource": SERVICE, "policy": policy_pb2.Policy(etag=kept.etag)}
    )
    assert (emptied.version, len(emptied.bindings)) == (1, 0)
    assert emptied.etag != kept.etag


def test_an_unknown_field_in_the_mask_is_refused(grpc_clients: Clients) -> None:
    """Bindings, etag, version and audit configurations are all there is."""
    with pytest.raises(exceptions.InvalidArgument, match="update mask"):
        grpc_clients.projects.set_iam_policy(
            request={"resource": PROJECT, "policy": {}, "update_mask": {"paths": ["owner"]}}
        )


def test_audit_configurations_are_kept_where_they_are_known(grpc_clients: Clients) -> None:
    """On projects, when the mask names them; bindings stay then."""
    client = grpc_clients.projects
    before = client.get_iam_policy(request={"resource": PROJECT})
    policy = policy_pb2.Policy()
    policy.audit_configs.add(service="allServices").audit_log_configs.add(log_type=1)
    after = client.set_iam_policy(
        request={"resource": PROJECT, "policy": policy, "update_mask": {"paths": ["audit_configs"]}}
    )
    assert after.audit_configs[0].service == "allServices"
    assert after.bindings == before.bindings


@pytest.mark.parametrize(
    ("permission", "words"),
    [
        ("run.*", "Wildcards"),
        ("run.routes.fly", "not valid for this resource"),
        ("artifactregistry.repositories.get", "not valid for this resource"),
        ("nothing", "not valid for this resource"),
    ],
)
def test_permissions_that_cannot_be_asked_are_refused(
    services: run_v2.ServicesClient, permission: str, words: str
) -> None:
    """Wildcards, unknown ones, and those of another kind of resource."""
    with pytest.raises(exceptions.InvalidArgument, match=words):
        services.test_iam_permissions(request={"resource": SERVICE, "permissions": [permission]})


@pytest.mark.parametrize("permission", ["resourcemanager.projects.list", "run.routes.fly"])
def test_on_a_project_the_permissions_of_what_is_above_cannot_be_asked(
    grpc_clients: Clients, permission: str
) -> None:
    """As reported for creating and listing projects."""
    with pytest.raises(exceptions.InvalidArgument):
        grpc_clients.projects.test_iam_permissions(
            request={"resource": PROJECT, "permissions": [permission]}
        )


def test_nothing_can_be_done_with_what_does_not_exist(grpc_clients: Clients) -> None:
    """An owner too gets an empty answer, no NOT_FOUND."""
    asked = {"resource": REPOSITORY, "permissions": ["artifactregistry.repositories.get"]}
    client = grpc_clients.make(artifactregistry_v1.ArtifactRegistryClient)
    assert not client.test_iam_permissions(request=asked).permissions


def test_a_delegate_may_grant_the_named_role_only(
    grpc_clients: Clients, services: run_v2.ServicesClient, clients_of: Callable[[str], Clients]
) -> None:
    """A condition on ``modifiedGrantsByRole`` looks at what the new policy changes."""
    limit = (
        f"api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(['{INVOKER}'])"
    )
    project = grpc_clients.projects.get_iam_policy(
        request={"resource": PROJECT, "options": {"requested_policy_version": 3}}
    )
    project.version = 3
    condition = expr_pb2.Expr(title="limited", expression=limit)
    project.bindings.add(role="roles/run.admin", members=[ANN], condition=condition)
    grpc_clients.projects.set_iam_policy(request={"resource": PROJECT, "policy": project})
    ann = clients_of(ANN).services
    assert put(ann, SERVICE, INVOKER, "user:bob@example.com").bindings
    with pytest.raises(exceptions.PermissionDenied):
        put(ann, SERVICE, "roles/run.admin", "user:bob@example.com")
    assert services.get_iam_policy(request={"resource": SERVICE}).bindings[0].role == INVOKER


def test_a_policy_cannot_be_asked_by_the_name_of_something_else(
    services: run_v2.ServicesClient,
) -> None:
    """A project's name is refused, by whoever may do everything."""
    with pytest.raises(exceptions.InvalidArgument):
        services.get_iam_policy(request={"resource": PROJECT})


@pytest.mark.parametrize("etag", ["!!!!", "%", "AAAAA", "BwZg 00=="])
def test_a_garbled_etag_does_not_overwrite(emulator: RunningEmulator, etag: str) -> None:
    """It is refused, and not taken for none at all."""
    answer = requests.post(
        f"{emulator.http}/v3/projects/{emulator.project}:setIamPolicy",
        headers={"Authorization": f"Bearer {emulator.token()}"},
        json={"policy": {"etag": etag, "bindings": []}},
        timeout=30,
    )
    assert answer.status_code == 400
    text = f"Invalid value at 'policy.etag' (TYPE_BYTES), Base64 decoding failed for \"{etag}\""
    assert answer.json()["error"]["message"] == text
