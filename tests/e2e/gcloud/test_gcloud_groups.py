"""`gcloud identity groups`: who is in a group."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator
    from tests.e2e.gcloud.conftest import Gcloud

TEAM = "team@example.com"


def test_gcloud_reads_a_group_and_its_members(
    local: "RunningEmulator", local_gcloud: "Gcloud"
) -> None:
    """By its address; groups within are searched where the edition has that."""
    inner = "group:inner@example.com"
    local.admin("POST", "/groups", group=inner, members=["user:ann@example.com"])
    local.admin("POST", "/groups", group=f"group:{TEAM}", members=[inner, "user:bob@example.com"])
    assert local_gcloud.json(f"identity groups describe {TEAM}")["groupKey"] == {"id": TEAM}
    on = f"--group-email={TEAM}"
    listed = local_gcloud.json(f"identity groups memberships list {on} --view=full")
    assert [one["type"] for one in listed] == ["GROUP", "USER"]
    search = f"identity groups memberships search-transitive-memberships {on}"
    assert "does not have permission" in local_gcloud.refused(search)
    local.admin("POST", "/settings", identityPremium=True)
    try:
        found = local_gcloud.json(search)
        told = found["memberships"] if isinstance(found, dict) else found
        assert {one["relationType"] for one in told} == {"DIRECT", "INDIRECT"}
    finally:
        local.admin("POST", "/settings", identityPremium=False)
