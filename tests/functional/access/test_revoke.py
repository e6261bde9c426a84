"""`provision revoke`, and what it says remains."""

from typing import TYPE_CHECKING

import pytest
from google.cloud import run_v2
from google.iam.v1 import policy_pb2

if TYPE_CHECKING:
    from tests.conftest import Clients, RunningEmulator
    from tests.functional.proofs.conftest import Orders, Provision

ANN, BOB = "user:ann@example.com", "user:bob@example.com"
OWNER = "user:developer@example.com"
ON = ("--on", "service/orders")
INVOKER = "roles/run.invoker"


def bind(orders: "Orders", *bindings: tuple[str, list[str]]) -> None:
    """Make these the whole policy."""
    policy = policy_pb2.Policy(etag=orders.policy().etag, version=3)
    for role, members in bindings:
        policy.bindings.add(role=role, members=members)
    orders.set(policy)


def written(emulator: "RunningEmulator") -> list[str]:
    """The writes since the log was emptied."""
    return [one["method"] for one in emulator.requests() if one["write"]]


def test_a_principal_is_taken_out_of_all_that_lets_it_in(
    provision: "Provision", orders: "Orders", emulator: "RunningEmulator"
) -> None:
    """Several bindings, one write; others and harmless roles stay."""
    bind(
        orders,
        (INVOKER, [ANN, BOB]),
        ("roles/run.developer", [ANN]),
        ("roles/run.viewer", [ANN]),
    )
    provision("grant", "user:Ann@example.com", *ON, "--for", "1h", "--role", "roles/run.admin")
    emulator.admin("DELETE", "/requests")
    done = provision("revoke", ANN, *ON, "--json")
    assert done.code == 0, done.err
    assert written(emulator) == ["google.cloud.run.v2.Services/SetIamPolicy"]
    left = {(one.role, *one.members) for one in orders.policy().bindings}
    assert left == {(INVOKER, BOB), ("roles/run.viewer", ANN)}
    taken = done.document["targets"][0]["principals"][0]["taken"]
    assert [one["role"] for one in taken] == [INVOKER, "roles/run.developer", "roles/run.admin"]
    (note,) = done.document["targets"][0]["notes"]
    assert note.startswith("roles/run.developer, roles/run.admin may allow more than calling")


def test_revoking_what_is_not_there_writes_nothing(
    provision: "Provision", orders: "Orders", emulator: "RunningEmulator"
) -> None:
    """And is no failure."""
    bind(orders, (INVOKER, [BOB]))
    emulator.admin("DELETE", "/requests")
    done = provision("revoke", ANN, *ON)
    assert done.code == 0, done.err
    assert "more than calling" not in done.out
    assert "not there" in done.out
    assert written(emulator) == []
    assert orders.invokers() == [BOB]


def test_what_surely_still_lets_somebody_in_exits_3(
    provision: "Provision", orders: "Orders"
) -> None:
    """A project-level role: the write is done, and the purpose of it is not reached."""
    bind(orders, (INVOKER, [OWNER, ANN, "group:eng@example.com"]))
    done = provision("revoke", OWNER, *ON, "--json")
    assert done.code == 3
    told = done.document["targets"][0]
    assert told["written"] is True
    still, may = told["remaining"]
    assert (still["how"], still["role"]) == ("still gets in", "roles/owner")
    assert still["resource"] == "projects/demo-project"
    assert (may["how"], may["by"]) == ("may still get in", "group:eng@example.com")
    assert orders.invokers() == [ANN, "group:eng@example.com"]


def test_a_check_that_is_off_makes_a_revocation_mean_nothing(
    provision: "Provision", orders: "Orders", grpc_clients: "Clients"
) -> None:
    """Which is said, by `grants` and `grant` as well."""
    service = grpc_clients.services.get_service(name=orders.name)
    service.invoker_iam_disabled = True
    grpc_clients.services.update_service(service=service).result(timeout=30)
    assert "invoker check" in provision("grant", ANN, *ON).out
    assert "invoker check" in provision("grants", "service/orders").out
    done = provision("revoke", ANN, *ON)
    assert done.code == 3
    assert "anybody gets in" in done.out


def test_policies_that_cannot_be_read_are_not_known(
    provision: "Provision", orders: "Orders", emulator: "RunningEmulator"
) -> None:
    """They are told, by `grants` too, and the revocation is done."""
    bind(orders, (INVOKER, [ANN]))
    fault = {"code": "PERMISSION_DENIED", "message": "no", "times": 9}
    method = "google.cloud.resourcemanager.v3.Projects/GetIamPolicy"
    emulator.admin("POST", "/faults", method=method, **fault)
    done = provision("revoke", ANN, *ON, "--json")
    assert done.code == 0, done.err
    assert [one["how"] for one in done.document["targets"][0]["remaining"]] == ["not known"]
    listed = provision("grants", "service/orders")
    assert listed.code == 0
    assert "cannot be read: projects/demo-project" in listed.out


@pytest.mark.usefixtures("orders")
def test_every_target_is_told_apart(
    provision: "Provision", grpc_clients: "Clients", pushed_image: str
) -> None:
    """Two targets, one of which the principal could call."""
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=pushed_image)])
    grpc_clients.services.create_service(
        parent="projects/demo-project/locations/asia-east1",
        service_id="billing",
        service=run_v2.Service(template=template),
    ).result(timeout=30)
    provision("grant", ANN, "--on", "service/billing")
    both = ("--on", "service/orders", "--on", "service/billing")
    targets = provision("revoke", ANN, *both, "--json").document["targets"]
    assert [one["principals"][0]["outcome"] for one in targets] == ["nothing there", "revoked"]
