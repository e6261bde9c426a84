"""Deny policies: kept as IAM v2 keeps them, and stronger than any grant."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from google.api_core import exceptions
from google.cloud import iam_admin_v1, iam_v2, resourcemanager_v3
from google.type import expr_pb2

from tests.conftest import Clients, RunningEmulator
from tests.emulator.iam.deployed import SERVICE, deploy_bound

PROJECT = "projects/demo-project"
FOLDER = "folders/200000000001"
ORGANIZATION = "organizations/100000000001"
INVOKE = "run.googleapis.com/routes.invoke"
EVERYONE = "principalSet://goog/public:all"
ANN, BOB = "user:ann@example.com", "user:bob@example.com"
ACCOUNT_V2 = "principal://iam.googleapis.com/projects/-/serviceAccounts"
ANN_V2, BOB_V2 = (f"principal://goog/subject/{one}@example.com" for one in ("ann", "bob"))


def point(node: str) -> str:
    """The collection of a resource's deny policies."""
    full = f"cloudresourcemanager.googleapis.com/{node}".replace("/", "%2F")
    return f"policies/{full}/denypolicies"


def policy(principals: list[str], permissions: list[str], **more: Any) -> iam_v2.Policy:  # noqa: ANN401 - fields of a DenyRule
    """A policy of one rule."""
    rule = iam_v2.DenyRule(denied_principals=principals, denied_permissions=permissions, **more)
    return iam_v2.Policy(display_name="stop", rules=[iam_v2.PolicyRule(deny_rule=rule)])


@pytest.fixture(autouse=True)
def _deny_admin(emulator: RunningEmulator) -> None:
    """The developer may write deny policies, which an owner may not."""
    emulator.admin(
        "POST",
        "/grants",
        resource=ORGANIZATION,
        member="user:developer@example.com",
        role="roles/iam.denyAdmin",
    )


@pytest.fixture
def denials(clients: Clients) -> iam_v2.PoliciesClient:
    """Google's client of deny policies, over both transports."""
    return clients.make(iam_v2.PoliciesClient)


@pytest.fixture
def deny(grpc_clients: Clients) -> Callable[..., iam_v2.Policy]:
    """Attaches a policy to a resource."""
    client = grpc_clients.make(iam_v2.PoliciesClient)

    def attach(node: str, wanted: iam_v2.Policy, policy_id: str = "stop") -> iam_v2.Policy:
        request = {"parent": point(node), "policy": wanted, "policy_id": policy_id}
        made: iam_v2.Policy = client.create_policy(request=request).result(timeout=30)
        return made

    return attach


@pytest.fixture
def orders(grpc_clients: Clients, pushed_image: str) -> str:
    """A service that anybody may call."""
    made = deploy_bound(grpc_clients, pushed_image, "roles/run.invoker", "allUsers")
    return str(made.urls[0])


@pytest.fixture
def tagged(grpc_clients: Clients, orders: str) -> str:
    """That service with the tag ``env/prod`` of its project."""
    key = grpc_clients.make(resourcemanager_v3.TagKeysClient).create_tag_key(
        tag_key=resourcemanager_v3.TagKey(parent=PROJECT, short_name="env")
    )
    value = grpc_clients.make(resourcemanager_v3.TagValuesClient).create_tag_value(
        tag_value=resourcemanager_v3.TagValue(parent=key.result(timeout=30).name, short_name="prod")
    )
    number = grpc_clients.projects.get_project(name=PROJECT).name
    service = SERVICE.replace(PROJECT, number)
    grpc_clients.make(resourcemanager_v3.TagBindingsClient).create_tag_binding(
        tag_binding=resourcemanager_v3.TagBinding(
            parent=f"//run.googleapis.com/{service}", tag_value=value.result(timeout=30).name
        )
    ).result(timeout=30)
    return orders


@pytest.fixture
def invokes(clients_of: Callable[[str], Clients]) -> Callable[[str], bool]:
    """Whether a member holds the right to invoke the service."""

    def ask(member: str) -> bool:
        wanted = {"resource": SERVICE, "permissions": ["run.routes.invoke"]}
        answer = clients_of(member).services.test_iam_permissions(request=wanted)
        return list(answer.permissions) == ["run.routes.invoke"]

    return ask


def test_a_policy_is_made_read_listed_changed_and_deleted(
    denials: iam_v2.PoliciesClient, emulator: RunningEmulator
) -> None:
    """Names carry the project's number; lists leave the rules out; each change is an operation."""
    parent = point(PROJECT)
    request = {"parent": parent, "policy": policy([ANN_V2], [INVOKE]), "policy_id": "stop"}
    running = denials.create_policy(request=request)
    made = running.result(timeout=30)
    assert running.metadata.create_time is not None
    number = made.name.partition("projects%2F")[2].partition("/")[0]
    assert number.isdigit()
    assert made.name == f"{point(f'projects/{number}')}/stop"
    assert (made.kind, made.display_name) == ("DenyPolicy", "stop")
    assert made.uid
    assert running.operation.name.startswith(f"{made.name}/operations/")
    assert denials.get_policy(name=f"{parent}/stop") == made
    listed = list(denials.list_policies(parent=parent))
    assert [(one.name, len(one.rules)) for one in listed] == [(made.name, 0)]
    made.display_name = "other"
    changed = denials.update_policy(request={"policy": made}).result(timeout=30)
    assert changed.display_name == "other"
    assert changed.etag != made.etag
    with pytest.raises((exceptions.Aborted, exceptions.Conflict)):
        denials.delete_policy(request={"name": made.name, "etag": made.etag})
    gone = denials.delete_policy(request={"name": made.name}).result(timeout=30)
    assert gone.delete_time is not None
    with pytest.raises(exceptions.NotFound):
        denials.get_policy(name=made.name)
    assert emulator.about["project"] == "demo-project"


def test_an_attachment_point_may_be_encoded_twice(
    emulator: RunningEmulator, deny: Callable[..., iam_v2.Policy]
) -> None:
    """As gcloud does."""
    made = deny(PROJECT, policy([ANN_V2], [INVOKE]))
    for slash in ("%2F", "%252F"):
        path = f"policies/cloudresourcemanager.googleapis.com{slash}projects{slash}demo-project"
        answer = requests.get(
            f"{emulator.http}/v2/{path}/denypolicies",
            headers={"Authorization": f"Bearer {emulator.token()}"},
            timeout=30,
        )
        assert [one["name"] for one in answer.json()["policies"]] == [made.name]


@pytest.mark.parametrize("node", [PROJECT, FOLDER, ORGANIZATION])
def test_a_denial_anywhere_above_wins_over_every_grant(
    deny: Callable[..., iam_v2.Policy],
    orders: str,
    invokes: Callable[[str], bool],
    node: str,
) -> None:
    """Also over the grant to everybody on the service itself; others are not touched."""
    assert orders
    deny(node, policy([ANN_V2], [INVOKE]))
    assert not invokes(ANN)
    assert invokes(BOB)


def test_a_denial_to_everybody_closes_a_public_service(
    deny: Callable[..., iam_v2.Policy], orders: str
) -> None:
    """The front door turns away who has no token."""
    assert requests.get(orders, timeout=30).status_code == 200
    deny(PROJECT, policy([EVERYONE], [INVOKE]))
    assert requests.get(orders, timeout=30).status_code == 403


@pytest.mark.parametrize(
    ("permission", "denied"),
    [
        (INVOKE, True),
        ("run.googleapis.com/*.*", True),
        ("run.googleapis.com/routes.*", True),
        ("run.googleapis.com/*.invoke", True),
        ("run.googleapis.com/services.*", False),
        ("run.googleapis.com/*.get", False),
        ("iam.googleapis.com/*.*", False),
    ],
)
def test_permissions_may_be_denied_in_groups(
    deny: Callable[..., iam_v2.Policy],
    orders: str,
    invokes: Callable[[str], bool],
    permission: str,
    denied: bool,
) -> None:
    """Of a service, of a kind of resource, or by their verb."""
    assert orders
    deny(PROJECT, policy([ANN_V2], [permission]))
    assert invokes(ANN) is not denied


def test_exceptions_are_left_alone(
    deny: Callable[..., iam_v2.Policy], orders: str, invokes: Callable[[str], bool]
) -> None:
    """Principals and permissions can be taken out of a rule."""
    assert orders
    deny(PROJECT, policy([EVERYONE], [INVOKE], exception_principals=[BOB_V2]))
    assert not invokes(ANN)
    assert invokes(BOB)
    everything = policy(
        [BOB_V2], ["run.googleapis.com/*.*"], exception_permissions=["run.googleapis.com/routes.*"]
    )
    deny(PROJECT, everything, "second")
    assert invokes(BOB)


def test_groups_customers_and_accounts_are_principals(
    emulator: RunningEmulator,
    grpc_clients: Clients,
    deny: Callable[..., iam_v2.Policy],
    orders: str,
    invokes: Callable[[str], bool],
) -> None:
    """Whoever is in a group, of a customer's domain, or a service account beneath a resource."""
    assert orders
    app = grpc_clients.iam.create_service_account(
        request=iam_admin_v1.CreateServiceAccountRequest(name=PROJECT, account_id="app-account")
    ).email
    emulator.admin(
        "POST", "/groups", group="group:ops@example.com", members=["group:in@example.com"]
    )
    emulator.admin("POST", "/groups", group="group:in@example.com", members=[ANN])
    outsider = "user:carol@elsewhere.example"
    cases = {
        "principalSet://goog/group/ops@example.com": (ANN, BOB),
        "principalSet://goog/cloudIdentityCustomerId/C01emulator": (BOB, outsider),
        f"{ACCOUNT_V2}/{app}": (
            f"serviceAccount:{app}",
            BOB,
        ),
        f"principalSet://cloudresourcemanager.googleapis.com/{FOLDER}/type/ServiceAccount": (
            f"serviceAccount:{app}",
            BOB,
        ),
    }
    client = grpc_clients.make(iam_v2.PoliciesClient)
    for principal, (concerned, other) in cases.items():
        made = deny(PROJECT, policy([principal], [INVOKE]))
        assert (invokes(concerned), invokes(other)) == (False, True), principal
        client.delete_policy(request={"name": made.name}).result(timeout=30)
        assert invokes(concerned)


def test_tokens_of_an_account_can_be_denied(
    grpc_clients: Clients, deny: Callable[..., iam_v2.Policy]
) -> None:
    """A token creator gets none any more."""
    app = grpc_clients.iam.create_service_account(
        request=iam_admin_v1.CreateServiceAccountRequest(name=PROJECT, account_id="app-account")
    ).email
    name = f"projects/-/serviceAccounts/{app}"
    assert grpc_clients.credentials.generate_id_token(name=name, audience="a").token
    developer = "principal://goog/subject/developer@example.com"
    deny(PROJECT, policy([developer], ["iam.googleapis.com/serviceAccounts.getOpenIdToken"]))
    with pytest.raises(exceptions.PermissionDenied, match=r"iam\.serviceAccounts\.getOpenIdToken"):
        grpc_clients.credentials.generate_id_token(name=name, audience="a")


def test_a_denial_takes_effect_after_the_delay(
    emulator: RunningEmulator,
    deny: Callable[..., iam_v2.Policy],
    orders: str,
    invokes: Callable[[str], bool],
) -> None:
    """It is read back at once."""
    assert orders
    emulator.admin("POST", "/settings", iamDelay=3600)
    deny(PROJECT, policy([ANN_V2], [INVOKE]))
    assert invokes(ANN)
    emulator.admin("POST", "/settings", iamDelay=0.5)
    deny(PROJECT, policy([BOB_V2], [INVOKE]), "second")
    end = time.monotonic() + 30
    while invokes(BOB) and time.monotonic() < end:
        time.sleep(0.05)
    assert not invokes(BOB)


@pytest.mark.parametrize(
    ("condition", "denied"),
    [
        ("resource.matchTag('demo-project/env', 'prod')", True),
        ("!resource.matchTag('demo-project/env', 'prod')", False),
        ("resource.hasTagKey('demo-project/other')", False),
    ],
)
def test_a_rule_may_depend_on_tags(
    tagged: str,
    deny: Callable[..., iam_v2.Policy],
    invokes: Callable[[str], bool],
    condition: str,
    denied: bool,
) -> None:
    """Those of the service, bound through Resource Manager."""
    assert tagged
    expression = expr_pb2.Expr(title="prod", expression=condition)
    deny(PROJECT, policy([ANN_V2], [INVOKE], denial_condition=expression))
    assert invokes(ANN) is not denied


def test_reading_its_operation_needs_a_permission(
    clients_of: Callable[[str], Clients], deny: Callable[..., iam_v2.Policy], grpc_clients: Clients
) -> None:
    """Nobody else is told of it."""
    made = deny(PROJECT, policy([ANN_V2], [INVOKE]))
    client = grpc_clients.make(iam_v2.PoliciesClient)
    running = client.delete_policy(request={"name": made.name})
    running.result(timeout=30)
    other = clients_of(ANN).make(iam_v2.PoliciesClient)
    with pytest.raises(exceptions.PermissionDenied, match=r"denypolicies\.get denied"):
        other.get_operation({"name": running.operation.name})
    assert client.get_operation({"name": running.operation.name}).done


@pytest.mark.parametrize(
    ("principals", "permissions", "more", "words"),
    [
        ([ANN], [INVOKE], {}, "Invalid principal"),
        (["principal://goog/subject/Ann@example.com"], [INVOKE], {}, "Invalid principal"),
        ([ANN_V2], ["run.routes.invoke"], {}, "not supported in deny policies"),
        ([ANN_V2], ["run.googleapis.com/routes.fly"], {}, "not supported in deny policies"),
        ([], [INVOKE], {}, "needs denied principals"),
        ([ANN_V2], [], {}, "needs denied principals"),
        ([ANN_V2], [INVOKE], {"exception_principals": [EVERYONE]}, "not allowed as an exception"),
        (
            [f"{ACCOUNT_V2}/nobody@demo-project.iam.gserviceaccount.com"],
            [INVOKE],
            {},
            "does not exist",
        ),
        (
            [ANN_V2],
            [INVOKE],
            {"denial_condition": expr_pb2.Expr(expression='resource.name == "x"')},
            "undeclared reference",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    deny: Callable[..., iam_v2.Policy],
    principals: list[str],
    permissions: list[str],
    more: dict[str, Any],
    words: str,
) -> None:
    """INVALID_ARGUMENT tells what is wrong."""
    with pytest.raises(exceptions.InvalidArgument, match=words):
        deny(PROJECT, policy(principals, permissions, **more))


@pytest.mark.parametrize(
    ("parent", "policy_id"),
    [
        (point(PROJECT), "No"),
        (point(PROJECT), "x"),
        (point(SERVICE), "stop"),
        ("policies/run.googleapis.com%2Fprojects%2Fp/denypolicies", "stop"),
    ],
)
def test_a_policy_needs_a_proper_name(grpc_clients: Clients, parent: str, policy_id: str) -> None:
    """An id of 3 to 63 characters, on a project, folder or organisation."""
    client = grpc_clients.make(iam_v2.PoliciesClient)
    request = {"parent": parent, "policy": policy([ANN_V2], [INVOKE]), "policy_id": policy_id}
    with pytest.raises(exceptions.InvalidArgument):
        client.create_policy(request=request)
