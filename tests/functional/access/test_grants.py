"""`provision grants` and `provision prune-expired`."""

from typing import TYPE_CHECKING

from google.iam.v1 import policy_pb2

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator
    from tests.functional.proofs.conftest import Orders, Provision

ANN, BOB = "user:ann@example.com", "user:bob@example.com"
ON = ("--on", "service/orders")
INVOKER = "roles/run.invoker"


def add_expired(orders: "Orders", title: str) -> None:
    """A binding whose time is over."""
    policy = orders.policy()
    binding = policy.bindings.add(role=INVOKER, members=[BOB])
    binding.condition.expression = 'request.time < timestamp("2026-01-01T00:00:00Z")'
    binding.condition.title = title
    binding.condition.description = "Asked by user:ann@example.com until 2026-01-01T00:00:00Z"
    policy.version = 3
    orders.set(policy)


def test_grants_tells_everybody_until_when_and_why(
    provision: "Provision", orders: "Orders", emulator: "RunningEmulator"
) -> None:
    """Of the service's own policy, and of the project's in brief; it reads only."""
    provision("grant", ANN, *ON, "--until", "2099-01-01T00:00Z", "--reason", "OPS-7")
    provision("grant", "group:eng@example.com", *ON)
    add_expired(orders, "provision grant until 2026-01-01T00:00:00Z")
    emulator.admin("DELETE", "/requests")
    done = provision("grants", "service/orders", "--json")
    assert done.code == 0, done.err
    assert [one["method"] for one in emulator.requests() if one["write"]] == []
    listing = done.document["targets"][0]["listing"]
    found = {one["principal"]: one for one in listing["grants"]}
    assert {name: one["state"] for name, one in found.items()} == {
        ANN: "active",
        "group:eng@example.com": "active",
        BOB: "expired",
    }
    assert found[ANN]["until"] == "2099-01-01T00:00:00Z"
    assert (found[ANN]["reason"], found[ANN]["by_provision"]) == ("OPS-7", True)
    assert found[ANN]["asked_by"] == "user:developer@example.com"
    above = {(one["principal"], one["role"]) for one in listing["above"]}
    assert ("user:developer@example.com", "roles/owner") in above


def test_the_listing_for_people_fits_80_columns(provision: "Provision", orders: "Orders") -> None:
    """The count comes first."""
    provision("grant", ANN, *ON, "--for", "8h", "--path", "/reports/*", "--reason", "OPS-7")
    add_expired(orders, "somebody else's")
    lines = provision("grants", "service/orders").out.splitlines()
    assert lines[1].strip() == "1 principal can call it by its own policy; 1 expired."
    # The address of a service agent alone may be longer than a line.
    assert max(len(line) for line in lines if " " in line.strip()) <= 80
    text = "\n".join(lines)
    assert "8 h left" in text
    assert "OPS-7, asked by user:developer@example.com" in text


def test_only_what_provision_granted_is_pruned(provision: "Provision", orders: "Orders") -> None:
    """Others' expired bindings with --all; a second time there is nothing to do."""
    provision("grant", ANN, *ON)
    add_expired(orders, "provision grant until 2026-01-01T00:00:00Z")
    add_expired(orders, "theirs")
    looked = provision("prune-expired", "service/orders", "--dry-run", "--detailed-exitcode")
    assert looked.code == 3
    assert len(orders.policy().bindings) == 3
    done = provision("prune-expired", "service/orders", "--json")
    assert done.code == 0, done.err
    (gone,) = done.document["targets"][0]["principals"]
    assert "1 more ran out" in done.document["targets"][0]["notes"][0]
    assert (gone["principal"], gone["until"]) == (BOB, "2026-01-01T00:00:00Z")
    titles = [one.condition.title for one in orders.policy().bindings]
    assert titles == ["", "theirs"]
    assert "Nothing to change" in provision("prune-expired", "service/orders").out
    assert provision("prune-expired", "service/orders", "--all").code == 0
    assert orders.policy().bindings[:] == [policy_pb2.Binding(role=INVOKER, members=[ANN])]
