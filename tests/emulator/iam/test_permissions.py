"""Every RPC asks for its permission, and refuses without it in Google's words."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import artifactregistry_v1, iam_admin_v1, resourcemanager_v3, run_v2
from google.protobuf import json_format

from provision.emulator.rpc.catalogue import methods
from tests.conftest import Clients, RunningEmulator
from tests.emulator.iam.boundary_world import Bounding, allow_boundaries
from tests.emulator.iam.permission_rows_callers import refused_so
from tests.emulator.iam.permission_table import ORGANIZATION, PROJECT, SERVICE, TABLE, TAGGED

METHODS = {method.name: method for method in methods()}
PROBE = "user:probe@example.com"
Ask = Callable[[str, dict[str, Any]], tuple[str, str]]
Hold = Callable[[Sequence[str]], None]
GONE_ON = (
    *("OK", "NOT_FOUND", "INVALID_ARGUMENT", "FAILED_PRECONDITION"),
    *("ABORTED", "ALREADY_EXISTS"),
)


@pytest.fixture
def ask(emulator: RunningEmulator) -> Ask:
    """Calls an RPC as the probe; the status and what is said."""
    channel = grpc.insecure_channel(emulator.grpc)
    metadata = (("authorization", f"Bearer {emulator.token(PROBE)}"),)

    def call(name: str, request: dict[str, Any]) -> tuple[str, str]:
        method = METHODS[name]
        message = json_format.ParseDict(request, method.request())
        stub = channel.unary_unary(f"/{name}", request_serializer=type(message).SerializeToString)
        try:
            stub(message, metadata=metadata, timeout=30)
        except grpc.RpcError as error:
            ended: Any = error  # it is the call too, which its type does not tell
            return ended.code().name, ended.details()
        return "OK", ""

    return call


@pytest.fixture
def hold(emulator: RunningEmulator, grpc_clients: Clients) -> Hold:
    """Gives the probe a role on the organisation that holds these permissions and no more."""
    emulator.admin(
        "POST",
        "/grants",
        resource=ORGANIZATION,
        member="user:developer@example.com",
        role="roles/iam.organizationRoleAdmin",
    )

    name = f"{ORGANIZATION}/roles/probe"
    grpc_clients.iam.create_role(request={"parent": ORGANIZATION, "role_id": "probe"})
    emulator.admin("POST", "/grants", resource=ORGANIZATION, member=PROBE, role=name)

    def give(permissions: Sequence[str]) -> None:
        role = iam_admin_v1.Role(included_permissions=permissions)
        grpc_clients.iam.update_role(
            request={"name": name, "role": role, "update_mask": {"paths": ["included_permissions"]}}
        )

    return give


@pytest.fixture
def made(emulator: RunningEmulator, grpc_clients: Clients, pushed_image: str) -> dict[str, str]:
    """A service with its operation, a tag, an account and a bound boundary to speak of."""
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=pushed_image)])
    location, _, service_id = SERVICE.rpartition("/services/")
    running = grpc_clients.services.create_service(
        parent=location, service_id=service_id, service=run_v2.Service(template=template)
    )
    running.result(timeout=30)
    number = grpc_clients.projects.get_project(name=PROJECT).name.partition("/")[2]
    tagged = TAGGED.format(number=number)
    return {
        "image": pushed_image,
        "operation": running.operation.name,
        "number": number,
        "compute": f"{number}-compute@developer.gserviceaccount.com",
        "tagged": tagged.replace("/", "%2F"),
        **make_tag(grpc_clients),
        "binding": make_binding(emulator),
    }


def make_tag(clients: Clients) -> dict[str, str]:
    """The tag `env/prod` of the project; its key and value."""
    key = clients.make(resourcemanager_v3.TagKeysClient).create_tag_key(
        tag_key=resourcemanager_v3.TagKey(parent=PROJECT, short_name="env")
    )
    key_name = key.result(timeout=30).name
    values = clients.make(resourcemanager_v3.TagValuesClient)
    value = values.create_tag_value(
        tag_value=resourcemanager_v3.TagValue(parent=key_name, short_name="prod")
    ).result(timeout=30)
    return {"tag_key": key_name, "tag_value": value.name}


def make_binding(emulator: RunningEmulator) -> str:
    """A boundary that includes the project, bound to its accounts; the binding's name."""
    member = "user:admin@example.net"
    allow_boundaries(emulator, member)
    bounding = Bounding(Clients(emulator, "grpc", member))
    bounding.policy("wide", PROJECT)
    return str(bounding.bind("wide", PROJECT).name)


def filled(request: dict[str, Any], made: dict[str, str]) -> dict[str, Any]:
    """The request with what was made before in the place of its names in braces."""

    def fill(value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, dict):
            return {key: fill(each) for key, each in value.items()}
        if isinstance(value, list):
            return [fill(each) for each in value]
        return value.format(**made) if isinstance(value, str) else value

    found: dict[str, Any] = json.loads(json.dumps(fill(request)))
    return found


def words(method: str, permission: str, said: str) -> bool:
    """Whether a refusal has the words of its API."""
    functions = method.startswith(("google.cloud.functions.", "google.iam.v1.IAMPolicy/"))
    if permission == "iam.serviceAccounts.actAs" and functions:
        first = "Missing necessary permission iam.serviceAccounts.actAs for user:probe@example.com"
        second = "Could not create Cloud Run service hello. Permission 'iam.serviceaccounts.actAs'"
        return said.startswith((first, second))
    if permission == "iam.serviceAccounts.actAs":
        return said.startswith("Permission 'iam.serviceaccounts.actAs' denied on service account ")
    if method.startswith("google.iam.v2."):
        verb = permission.rpartition(".")[2]
        return said == (
            f"Permission iam.googleapis.com/denypolicies.{verb} denied on resource "
            f"cloudresourcemanager.googleapis.com/{PROJECT}"
        )
    if method.startswith(
        ("google.cloud.resourcemanager.", "google.cloudresourcemanager.", "google.cloud.iap.")
    ):
        return said == "The caller does not have permission"
    if method.startswith("google.iam.") and not functions:
        return said == f"Permission '{permission}' denied on resource (or it may not exist)."
    begins = f"Permission '{permission}' denied on resource '"
    run = functions or method.startswith(("google.cloud.run.", "google.longrunning."))
    ends = "' (or resource may not exist)." if run else "' (or it may not exist)."
    return said.startswith(begins) and said.endswith(ends)


def test_the_table_names_every_rpc_that_is_offered(ask: Ask) -> None:
    """A new RPC has to be entered with its permission, an old one to be taken out."""
    offered = {name for name in METHODS if ask(name, {})[0] != "UNIMPLEMENTED"}
    assert sorted(offered ^ set(TABLE)) == []


@pytest.mark.parametrize("method", sorted(TABLE))
def test_its_permissions_are_needed_and_enough(
    ask: Ask, hold: Hold, made: dict[str, str], method: str
) -> None:
    """Without one it is refused in its API's words; with exactly these it comes past the check."""
    row = TABLE[method]
    request = filled(row.request, made)
    for missing in row.permissions:
        hold([one for one in row.permissions if one != missing])
        status, said = ask(method, request)
        assert status == "PERMISSION_DENIED", f"without {missing}: {status} {said}"
        assert refused_so(method, missing, said) or words(method, missing, said), said
    hold(row.permissions)
    status, said = ask(method, request)
    assert status in GONE_ON, f"{status} {said}"


def test_only_operations_of_cloud_run_are_listed_and_deleted(
    grpc_clients: Clients, emulator: RunningEmulator
) -> None:
    """Others have no permissions for it, and so nobody may."""
    parent = f"projects/{emulator.project}/locations/asia-east1"
    made = grpc_clients.repositories.create_repository(
        parent=parent,
        repository_id="images",
        repository=artifactregistry_v1.Repository(format_="DOCKER"),
    )
    made.result(timeout=30)
    operations = grpc_clients.services
    listed = operations.list_operations({"name": parent}).operations
    assert made.operation.name not in [one.name for one in listed]
    with pytest.raises(exceptions.MethodNotImplemented):
        operations.delete_operation({"name": made.operation.name})
    assert operations.get_operation({"name": made.operation.name}).done
