"""Allow policies: etags, versions, members, limits, and when they take effect."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import run_v2
from google.iam.v1 import policy_pb2
from google.type import expr_pb2

from tests.conftest import Clients, RunningEmulator

PROJECT = "projects/demo-project"
ORDERS = f"{PROJECT}/locations/asia-east1/services/orders"
INVOKER = "roles/run.invoker"
ANN = "user:ann@example.com"


@pytest.fixture
def orders(grpc_clients: Clients, pushed_image: str) -> str:
    """The service `orders`; its name."""
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=pushed_image)])
    grpc_clients.services.create_service(
        parent=f"{PROJECT}/locations/asia-east1",
        service_id="orders",
        service=run_v2.Service(template=template),
    ).result(timeout=30)
    return ORDERS


def read(client: Any, resource: str, version: int = 3) -> Any:  # noqa: ANN401 - any client, a Policy
    """The policy, in the form asked for."""
    options = {"requested_policy_version": version}
    return client.get_iam_policy(request={"resource": resource, "options": options})


def write(client: Any, resource: str, policy: Any) -> Any:  # noqa: ANN401 - any client, a Policy
    """Set the policy; what is answered."""
    return client.set_iam_policy(request={"resource": resource, "policy": policy})


def bind(client: Any, resource: str, role: str, *members: str) -> Any:  # noqa: ANN401 - any client, a Policy
    """Add a binding in a read-modify-write; what is answered."""
    policy = read(client, resource)
    policy.bindings.add(role=role, members=members)
    return write(client, resource, policy)


def until(expression: str) -> Any:  # noqa: ANN401 - an Expr
    """A condition."""
    return expr_pb2.Expr(title="limited", expression=expression)


def test_a_policy_that_was_never_set_has_the_etag_acab(clients: Clients, orders: str) -> None:
    """Nothing but the etag is answered."""
    policy = read(clients.services, orders)
    assert policy.etag == b"\x00\x20\x01"
    assert policy.version == 0
    assert not policy.bindings


def test_a_policy_without_conditions_has_version_1(clients: Clients, orders: str) -> None:
    """Even if 3 was sent; the etag is 0x07 and seven bytes."""
    policy = policy_pb2.Policy(version=3)
    policy.bindings.add(role=INVOKER, members=[ANN])
    written = write(clients.services, orders, policy)
    assert written.version == 1
    assert len(written.etag) == 8
    assert written.etag[0] == 7


def test_a_stale_etag_is_refused_in_google_s_words(clients: Clients, orders: str) -> None:
    """The second of two writers from one read has to start over."""
    first, second = read(clients.services, orders), read(clients.services, orders)
    first.bindings.add(role=INVOKER, members=[ANN])
    write(clients.services, orders, first)
    second.bindings.add(role=INVOKER, members=["user:bob@example.com"])
    with pytest.raises((exceptions.Aborted, exceptions.Conflict)) as caught:
        write(clients.services, orders, second)
    assert "There were concurrent policy changes." in caught.value.message
    assert "ETag '\\000 \\001' did not match" in caught.value.message


def test_conditions_need_version_3(grpc_clients: Clients, orders: str) -> None:
    """A conditional binding in a lower version is refused."""
    policy = policy_pb2.Policy(version=1)
    policy.bindings.add(role=INVOKER, members=[ANN], condition=until("true"))
    with pytest.raises(exceptions.InvalidArgument, match="version 3"):
        write(grpc_clients.services, orders, policy)


def test_conditions_are_shown_only_to_those_who_ask_for_version_3(
    grpc_clients: Clients, orders: str
) -> None:
    """Otherwise the role's name tells that there is one, and the policy cannot be written back."""
    policy = policy_pb2.Policy(version=3)
    policy.bindings.add(role=INVOKER, members=[ANN], condition=until("true"))
    assert write(grpc_clients.services, orders, policy).version == 3
    shown = read(grpc_clients.services, orders, version=1)
    assert shown.version == 1
    assert shown.bindings[0].role.startswith(f"{INVOKER}_withcond_")
    with pytest.raises(exceptions.InvalidArgument):
        write(grpc_clients.services, orders, shown)


def test_a_write_without_an_etag_loses_conditions(grpc_clients: Clients, orders: str) -> None:
    """As documented: a version 1 policy without an etag overwrites."""
    policy = policy_pb2.Policy(version=3)
    policy.bindings.add(role=INVOKER, members=[ANN], condition=until("true"))
    write(grpc_clients.services, orders, policy)
    blind = policy_pb2.Policy()
    blind.bindings.add(role=INVOKER, members=["user:bob@example.com"])
    written = write(grpc_clients.services, orders, blind)
    assert [list(one.members) for one in written.bindings] == [["user:bob@example.com"]]


@pytest.mark.parametrize(
    "member",
    [
        "ann@example.com",
        "user:ann",
        "user:",
        "everyone",
        "serviceAccount:x",
        "group:a b@example.com",
        "domain:localhost",
        "user:ann@example.com,user:bob@example.com",
    ],
)
def test_members_of_impossible_form_are_refused(
    grpc_clients: Clients, orders: str, member: str
) -> None:
    """Each form that IAM does not know."""
    with pytest.raises(exceptions.InvalidArgument, match="Invalid member"):
        bind(grpc_clients.services, orders, INVOKER, member)


@pytest.mark.parametrize(
    "member",
    [
        ANN,
        "group:staff@example.com",
        "domain:example.com",
        "allUsers",
        "allAuthenticatedUsers",
        "serviceAccount:service-1@gcp-sa-iap.iam.gserviceaccount.com",
        "serviceAccount:demo-project.svc.id.goog[default/orders]",
        "principal://iam.googleapis.com/locations/global/workforcePools/p/subject/ann",
        "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/*",
        "deleted:user:ann@example.com?uid=123",
    ],
)
def test_members_of_known_forms_are_taken(grpc_clients: Clients, orders: str, member: str) -> None:
    """Each form of the principal identifiers page."""
    written = bind(grpc_clients.services, orders, INVOKER, member)
    assert list(written.bindings[0].members) == [member]


def test_a_service_account_that_does_not_exist_is_refused(
    grpc_clients: Clients, orders: str
) -> None:
    """An account of a project of ours must be there."""
    member = "serviceAccount:nobody@demo-project.iam.gserviceaccount.com"
    with pytest.raises(exceptions.InvalidArgument, match="does not exist"):
        bind(grpc_clients.services, orders, INVOKER, member)


@pytest.mark.parametrize("member", ["allUsers", "allAuthenticatedUsers"])
def test_a_project_takes_no_public_members(clients: Clients, member: str) -> None:
    """Public members are refused on a project's policy."""
    with pytest.raises(exceptions.BadRequest, match="membership type restrictions"):
        bind(clients.projects, PROJECT, INVOKER, member)


def test_an_unknown_role_is_refused(grpc_clients: Clients, orders: str) -> None:
    """Neither predefined nor custom."""
    with pytest.raises(exceptions.InvalidArgument, match=r"run\.nothing\) does not exist"):
        bind(grpc_clients.services, orders, "roles/run.nothing", ANN)


def test_a_policy_holds_1500_principals_and_no_more(grpc_clients: Clients, orders: str) -> None:
    """Each occurrence counts."""
    members = [f"user:u{number}@example.com" for number in range(1500)]
    bind(grpc_clients.services, orders, INVOKER, *members)
    with pytest.raises(exceptions.InvalidArgument, match="1500"):
        bind(grpc_clients.services, orders, "roles/run.viewer", "user:one@example.com")


def test_bindings_of_one_role_are_merged(grpc_clients: Clients, orders: str) -> None:
    """One binding a role, each member once."""
    policy = policy_pb2.Policy()
    policy.bindings.add(role=INVOKER, members=[ANN])
    policy.bindings.add(role=INVOKER, members=[ANN, "user:bob@example.com"])
    written = write(grpc_clients.services, orders, policy)
    assert [list(one.members) for one in written.bindings] == [[ANN, "user:bob@example.com"]]


def test_organization_policy_refuses_outsiders_by_name(
    grpc_clients: Clients, emulator: RunningEmulator, orders: str
) -> None:
    """Domain restricted sharing refuses with FAILED_PRECONDITION and names the member."""
    emulator.admin(
        "POST", "/orgpolicy", constraint="iam.allowedPolicyMemberDomains", allowed=["example.com"]
    )
    bind(grpc_clients.services, orders, INVOKER, ANN)
    with pytest.raises(exceptions.FailedPrecondition) as caught:
        bind(grpc_clients.services, orders, INVOKER, "user:eve@example.org")
    violation = caught.value.details[0].violations[0]
    assert violation.type == "constraints/iam.allowedPolicyMemberDomains"
    assert "user:eve@example.org" in violation.description


def holds(clients: Clients, permission: str, resource: str) -> bool:
    """Whether the member of the clients holds a permission on a service, as the API tells."""
    answer = clients.services.test_iam_permissions(
        request={"resource": resource, "permissions": [permission]}
    )
    return list(answer.permissions) == [permission]


@pytest.mark.parametrize(
    ("expression", "granted"),
    [
        ('request.time < timestamp("2999-01-01T00:00:00Z")', True),
        ('request.time < timestamp("2001-01-01T00:00:00Z")', False),
        ('!(request.time < timestamp("2001-01-01T00:00:00Z"))', True),
        ('resource.name.startsWith("projects/")', False),
        ('resource.name == "x" || request.time > timestamp("2001-01-01T00:00:00Z")', True),
        ('resource.name == "x" && request.time > timestamp("2001-01-01T00:00:00Z")', False),
    ],
)
def test_conditions_on_time_count_and_what_cannot_be_told_never_grants(
    grpc_clients: Clients,
    clients_of: Callable[[str], Clients],
    orders: str,
    expression: str,
    granted: bool,
) -> None:
    """A member holds a permission exactly as the condition says."""
    policy = read(grpc_clients.services, orders)
    policy.version = 3
    policy.bindings.add(role=INVOKER, members=[ANN], condition=until(expression))
    write(grpc_clients.services, orders, policy)
    assert holds(clients_of(ANN), "run.routes.invoke", orders) is granted


@pytest.mark.parametrize("where", [PROJECT, "folders/200000000001", "organizations/100000000001"])
def test_roles_are_inherited_from_above(
    emulator: RunningEmulator,
    grpc_clients: Clients,
    clients_of: Callable[[str], Clients],
    orders: str,
    where: str,
) -> None:
    """A binding on the project, the folder or the organisation opens the service."""
    admin = "user:admin@example.com"
    emulator.admin("POST", "/grants", resource=where, member=admin, role="roles/run.invoker")
    assert holds(clients_of(admin), "run.routes.invoke", orders)
    assert not holds(clients_of(ANN), "run.routes.invoke", orders)
    assert read(grpc_clients.services, orders).etag == b"\x00\x20\x01"


def test_groups_are_looked_into_even_if_they_hold_each_other(
    emulator: RunningEmulator,
    grpc_clients: Clients,
    clients_of: Callable[[str], Clients],
    orders: str,
) -> None:
    """Nested groups count; a circle ends."""
    emulator.admin(
        "POST", "/groups", group="group:all@example.com", members=["group:staff@example.com"]
    )
    emulator.admin(
        "POST", "/groups", group="group:staff@example.com", members=[ANN, "group:all@example.com"]
    )
    bind(grpc_clients.services, orders, INVOKER, "group:All@example.com")
    assert holds(clients_of("user:Ann@Example.com"), "run.routes.invoke", orders)
    assert not holds(clients_of("user:bob@example.com"), "run.routes.invoke", orders)


def test_a_policy_is_read_at_once_and_in_effect_later(
    emulator: RunningEmulator,
    grpc_clients: Clients,
    clients_of: Callable[[str], Clients],
    orders: str,
) -> None:
    """Propagation: the new policy is shown immediately, and counts after the delay."""
    emulator.admin("POST", "/settings", iamDelay=3)
    bind(grpc_clients.services, orders, INVOKER, ANN)
    ann = clients_of(ANN)
    assert not holds(ann, "run.routes.invoke", orders)
    assert len(read(grpc_clients.services, orders).bindings) == 1
    deadline = time.monotonic() + 30
    while not holds(ann, "run.routes.invoke", orders) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert holds(ann, "run.routes.invoke", orders)
