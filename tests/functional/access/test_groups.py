"""What Cloud Identity tells `provision grant` and `provision revoke` of groups."""

from typing import TYPE_CHECKING, Any

import pytest
from google.iam.v1 import policy_pb2

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator
    from tests.functional.proofs.conftest import Orders, Provision

ANN, BOB = "user:ann@example.com", "user:bob@example.com"
ON = ("--on", "service/orders")
TEAM = "group:team@example.com"


def opened_to(orders: "Orders", *members: str) -> None:
    """Make these the whole policy."""
    policy = policy_pb2.Policy(etag=orders.policy().etag, version=3)
    policy.bindings.add(role="roles/run.invoker", members=members)
    orders.set(policy)


def remaining(provision: "Provision", member: str = ANN) -> tuple[int, list[dict[str, Any]]]:
    """The exit code of a revocation, and what it says remains by groups."""
    done = provision("revoke", member, *ON, "--json")
    return done.code, done.document["targets"][0]["remaining"]


def test_a_group_s_address_is_completed_by_cloud_identity(
    provision: "Provision", orders: "Orders", emulator: "RunningEmulator"
) -> None:
    """And it is said how that was told."""
    emulator.admin("POST", "/groups", group=TEAM, members=[])
    done = provision("grant", "Team@example.com", *ON, "--json")
    assert done.code == 0, done.err
    told = done.document["targets"][0]["principals"][0]
    assert told["principal"] == "group:Team@example.com"
    assert told["told_by"] == "Cloud Identity knows a group of that address"
    assert [one.lower() for one in orders.invokers()] == [TEAM]


def test_an_address_of_no_group_that_we_see_is_not_guessed(
    provision: "Provision", orders: "Orders", emulator: "RunningEmulator"
) -> None:
    """Another organisation's group, and nobody's address, are refused alike."""
    emulator.admin("POST", "/groups", group="group:all@partner.com", members=[])
    done = provision("grant", "all@partner.com", "ann@example.com", *ON)
    assert done.code == 2
    assert "group:all@partner.com" in done.err
    assert "user:ann@example.com" in done.err
    assert orders.invokers() == []


@pytest.mark.parametrize("premium", [False, True])
def test_who_is_in_a_group_still_gets_in_through_it(
    provision: "Provision", orders: "Orders", emulator: "RunningEmulator", *, premium: bool
) -> None:
    """Through groups in groups too, over pages, in every edition; a circle of groups ends."""
    many = [f"user:p{number}@example.com" for number in range(501)]
    emulator.admin("POST", "/settings", identityPremium=premium)
    emulator.admin("POST", "/groups", group=TEAM, members=[*many, "group:inner@example.com"])
    emulator.admin("POST", "/groups", group="group:inner@example.com", members=[ANN, TEAM])
    opened_to(orders, ANN, TEAM)
    code, (still,) = remaining(provision)
    assert code == 3
    assert (still["how"], still["by"]) == ("still gets in", TEAM)
    assert still["why"] == "it is in that group"


def test_who_is_in_no_group_is_out(
    provision: "Provision", orders: "Orders", emulator: "RunningEmulator"
) -> None:
    """Groups that were read whole, and a membership that is over, leave no doubt."""
    over = {"member": ANN, "expireTime": "2020-01-01T00:00:00Z"}
    emulator.admin("POST", "/groups", group=TEAM, members=["group:inner@example.com", over])
    emulator.admin("POST", "/groups", group="group:inner@example.com", members=[BOB, TEAM])
    opened_to(orders, ANN, TEAM)
    assert remaining(provision) == (0, [])


@pytest.mark.parametrize("premium", [False, True])
@pytest.mark.parametrize("inner", ["group:them@partner.com", "domain:example.com"])
def test_a_group_with_a_part_that_cannot_be_read_leaves_a_doubt(
    provision: "Provision",
    orders: "Orders",
    emulator: "RunningEmulator",
    inner: str,
    *,
    premium: bool,
) -> None:
    """Another organisation's group within: Cloud Identity's own "no" passes over it."""
    emulator.admin("POST", "/settings", identityPremium=premium)
    emulator.admin("POST", "/groups", group="group:them@partner.com", members=[ANN])
    emulator.admin("POST", "/groups", group=TEAM, members=[BOB, inner])
    opened_to(orders, ANN, TEAM)
    code, (may,) = remaining(provision)
    assert code == 0
    assert (may["how"], may["by"]) == ("may still get in", TEAM)


def test_an_unseen_group_leaves_a_doubt(
    provision: "Provision", orders: "Orders", emulator: "RunningEmulator"
) -> None:
    """It is never taken for an empty one."""
    emulator.admin("POST", "/groups", group=TEAM, members=[ANN], viewers=[BOB])
    opened_to(orders, ANN, TEAM)
    code, (may,) = remaining(provision)
    assert (code, may["how"]) == (0, "may still get in")
