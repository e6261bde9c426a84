"""Policies of Identity-Aware Proxy: of everything, of a region's services, of one service."""

from collections.abc import Callable

import pytest
from google.api_core import exceptions
from google.cloud import iap_v1
from google.iam.v1 import options_pb2, policy_pb2
from google.type import expr_pb2

from tests.conftest import Clients, RunningEmulator

ANN = "user:ann@example.com"
ACCESSOR = "roles/iap.httpsResourceAccessor"
PROJECT = "projects/demo-project"
WEB = f"{PROJECT}/iap_web"
REGION = f"{WEB}/cloud_run-asia-east1"
SERVICE = f"{REGION}/services/orders"


@pytest.fixture
def iap(clients: Clients) -> iap_v1.IdentityAwareProxyAdminServiceClient:
    """Google's client, over both transports, of the project's owner."""
    return clients.make(iap_v1.IdentityAwareProxyAdminServiceClient)


def accessors(*members: str, condition: str = "") -> policy_pb2.Policy:
    """A policy by which the members may pass."""
    policy = policy_pb2.Policy(version=3 if condition else 0)
    binding = policy.bindings.add(role=ACCESSOR, members=members)
    if condition:
        binding.condition.CopyFrom(expr_pb2.Expr(title="only", expression=condition))
    return policy


@pytest.mark.parametrize("resource", [WEB, REGION, SERVICE])
def test_a_policy_is_written_and_read_at_every_level(
    iap: iap_v1.IdentityAwareProxyAdminServiceClient, resource: str
) -> None:
    """By the project's id or number; a stale etag is a conflict."""
    empty = iap.get_iam_policy(request={"resource": resource})
    assert not empty.bindings
    written = iap.set_iam_policy(request={"resource": resource, "policy": accessors(ANN)})
    assert iap.get_iam_policy(request={"resource": resource}) == written
    stale = accessors("user:bob@example.com")
    stale.etag = empty.etag
    with pytest.raises((exceptions.Aborted, exceptions.Conflict)):
        iap.set_iam_policy(request={"resource": resource, "policy": stale})


def test_conditions_on_path_and_host_are_kept(
    iap: iap_v1.IdentityAwareProxyAdminServiceClient,
) -> None:
    """They are shown to whoever asks for version 3."""
    policy = accessors(ANN, condition="request.path.startsWith('/admin')")
    iap.set_iam_policy(request={"resource": SERVICE, "policy": policy})
    options = options_pb2.GetPolicyOptions(requested_policy_version=3)
    found = iap.get_iam_policy(request={"resource": SERVICE, "options": options})
    assert found.bindings[0].condition.expression == "request.path.startsWith('/admin')"


@pytest.mark.parametrize("role", ["roles/run.invoker", "roles/iap.nothing"])
def test_roles_of_others_are_refused(
    iap: iap_v1.IdentityAwareProxyAdminServiceClient, role: str
) -> None:
    """As on every kind of resource."""
    policy = policy_pb2.Policy()
    policy.bindings.add(role=role, members=[ANN])
    with pytest.raises(exceptions.BadRequest):
        iap.set_iam_policy(request={"resource": SERVICE, "policy": policy})


@pytest.mark.parametrize("resource", [PROJECT, f"{REGION}/services", f"{PROJECT}/iap_tunnel/x/y/z"])
def test_other_names_are_refused(grpc_clients: Clients, resource: str) -> None:
    """Only what IAP guards on the web has a policy here."""
    client = grpc_clients.make(iap_v1.IdentityAwareProxyAdminServiceClient)
    with pytest.raises(exceptions.InvalidArgument):
        client.get_iam_policy(request={"resource": resource})


@pytest.mark.parametrize(
    ("resource", "permission"),
    [
        (WEB, "iap.web.getIamPolicy"),
        (REGION, "iap.webTypes.getIamPolicy"),
        (SERVICE, "iap.webServices.getIamPolicy"),
    ],
)
def test_each_level_has_its_own_permissions(
    emulator: RunningEmulator,
    grpc_clients: Clients,
    clients_of: Callable[[str], Clients],
    resource: str,
    permission: str,
) -> None:
    """An editor may not read them; a role with the level's permission lets one."""
    client = clients_of(ANN).make(iap_v1.IdentityAwareProxyAdminServiceClient)
    emulator.admin("POST", "/grants", resource=PROJECT, member=ANN, role="roles/editor")
    with pytest.raises(exceptions.PermissionDenied):
        client.get_iam_policy(request={"resource": resource})
    grpc_clients.iam.create_role(
        request={
            "parent": PROJECT,
            "role_id": "reader",
            "role": {"included_permissions": [permission]},
        }
    )
    emulator.admin("POST", "/grants", resource=PROJECT, member=ANN, role=f"{PROJECT}/roles/reader")
    assert not client.get_iam_policy(request={"resource": resource}).bindings


def test_access_is_inherited_from_every_level(
    emulator: RunningEmulator, clients_of: Callable[[str], Clients]
) -> None:
    """From the project, all of IAP, the region's services, and the service itself."""
    permission = "iap.webServiceVersions.accessViaIAP"
    for number, resource in enumerate((PROJECT, WEB, REGION, SERVICE)):
        member = f"user:ann-{number}@example.com"
        emulator.admin("POST", "/grants", resource=resource, member=member, role=ACCESSOR)
        client = clients_of(member).make(iap_v1.IdentityAwareProxyAdminServiceClient)
        asked = {"resource": SERVICE, "permissions": [permission]}
        assert list(client.test_iam_permissions(request=asked).permissions) == [permission]
        elsewhere = {**asked, "resource": SERVICE.replace("asia-east1", "europe-west1")}
        inherits = number < 2
        assert bool(client.test_iam_permissions(request=elsewhere).permissions) is inherits
