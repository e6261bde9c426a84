"""Reading by Cloud Asset Inventory: the same snapshot as live, with far fewer calls."""

from collections import Counter
from pathlib import Path

import pytest

from provision.audit import Audit
from provision.clients.google import GoogleClients
from provision.clients.reading import read, write
from provision.errors import PermissionDeniedError
from provision.snapshot import Snapshot, load
from provision.snapshot.records import AnyRecord, Header, Kind, Part, Unread
from tests.conftest import RunningEmulator
from tests.functional.audit import reading_world as world


def known(records: Snapshot) -> Counter[AnyRecord]:
    """What a snapshot holds, in no order, the header and the inventory's own gap aside."""
    return Counter(
        one for one in records if not isinstance(one, Header) and "instances" not in str(one)
    )


@pytest.mark.parametrize("scope", [world.PROJECT, world.FOLDER, world.ORG])
def test_the_inventory_tells_what_the_services_tell(google: GoogleClients, scope: str) -> None:
    """Targets, policies, accounts, keys, callers, and all else; and it says where it is from."""
    found, live = read(google, scope, inventory=True), read(google, scope)
    assert known(found) == known(live)
    assert (found.header.source, live.header.source) == ("inventory", "apis")


def test_what_the_inventory_does_not_have_is_unread(google: GoogleClients) -> None:
    """Instances of Cloud Run, whether or not there are any."""
    found = read(google, world.PROJECT, inventory=True)
    why = "Cloud Asset Inventory does not have instances of Cloud Run"
    assert Unread(world.PROJECT, Part.TARGETS, why, "instances") in found.unread
    assert Kind.INSTANCE not in {one.kind for one in found.targets}


def test_no_service_is_asked_for_what_the_inventory_has(
    cloud: RunningEmulator, google: GoogleClients
) -> None:
    """Functions are, of which it lags behind by hours."""
    read(google, world.PROJECT, inventory=True)
    asked = {(one["method"].split("/")[0], one["resource"]) for one in cloud.requests()}
    services = {method for method, _ in asked}
    assert not [one for one in services if one.startswith("google.cloud.run.")]
    assert not [one for one in services if "pubsub" in one or "scheduler" in one]
    assert any("functions" in one for one in services)
    assert len(cloud.requests()) < 70


def test_keys_and_callers_can_be_left_out(google: GoogleClients) -> None:
    """As live."""
    found = read(google, world.PROJECT, inventory=True, keys=False, callers=False)
    assert (found.keys, found.callers) == ([], [])
    assert found.targets


@pytest.mark.parametrize("method", ["ListAssets", "SearchAllIamPolicies"])
def test_an_inventory_that_may_not_be_read_ends_the_run(
    cloud: RunningEmulator, google: GoogleClients, method: str
) -> None:
    """There would be next to nothing; what is needed is told."""
    refused = {"code": "PERMISSION_DENIED", "message": "The caller does not have permission"}
    cloud.admin("POST", "/faults", method=f"*.AssetService/{method}", times=None, **refused)
    with pytest.raises(PermissionDeniedError) as raised:
        read(google, world.PROJECT, inventory=True)
    assert "cloudasset.assets." in raised.value.hint


def test_it_goes_into_a_file_as_well_and_is_judged_alike(
    google: GoogleClients, tmp_path: Path
) -> None:
    """Offline."""
    written = write(google, world.PROJECT, tmp_path / "org.jsonl.zst", inventory=True)
    assert written.header.source == "inventory"
    found, live = load(tmp_path / "org.jsonl.zst"), read(google, world.PROJECT)
    for target in (world.ORDERS, world.NIGHTLY, world.HELLO, world.OLD):
        one, other = (
            {a.principal: a.verdict for a in Audit(each).who(target)} for each in (found, live)
        )
        assert one == other


def test_an_inventory_that_is_behind_is_taken_at_its_word_but_for_containers(
    cloud: RunningEmulator, google: GoogleClients
) -> None:
    """An hour ago nothing was there; who holds a role on a project is asked of itself then."""
    live = read(google, world.PROJECT)
    cloud.admin("POST", "/settings", assetDelay=3600)
    found = read(google, world.PROJECT, inventory=True)
    assert {one.kind for one in found.targets} == {Kind.FUNCTION}
    assert (found.header.source, found.callers) == ("inventory", [])
    above, told = (
        {one.resource: one for one in each.policies if not one.resource.startswith("//")}
        for each in (live, found)
    )
    assert set(told) == {world.PROJECT, world.FOLDER, world.ORG}
    assert told == {name: above[name] for name in told}
