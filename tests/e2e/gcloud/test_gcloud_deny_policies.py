"""`gcloud iam policies`: deny policies, whose attachment points gcloud encodes twice."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator
    from tests.e2e.gcloud.conftest import Gcloud

POINT = "cloudresourcemanager.googleapis.com/projects/demo-project"
ON_PROJECT = f"--attachment-point={POINT} --kind=denypolicies"
RULE = {
    "denyRule": {
        "deniedPrincipals": ["principal://goog/subject/ann@example.com"],
        "deniedPermissions": ["run.googleapis.com/routes.invoke"],
    }
}


@pytest.fixture
def deny_admin(local: "RunningEmulator", local_gcloud: "Gcloud") -> "Gcloud":
    """The real gcloud as an identity that may write deny policies."""
    local.admin(
        "POST",
        "/grants",
        resource="organizations/100000000001",
        member="user:developer@example.com",
        role="roles/iam.denyAdmin",
    )
    return local_gcloud


def test_a_deny_policy_is_made_listed_read_changed_and_deleted(
    deny_admin: "Gcloud", tmp_path: Path
) -> None:
    """What gcloud wrote, gcloud reads; a file that it read is written back with its etag."""
    file = tmp_path / "policy.json"
    file.write_text(json.dumps({"displayName": "stop", "rules": [RULE]}))
    made = deny_admin.told(f"iam policies create stop {ON_PROJECT} --policy-file={file}")
    assert "denyPolicy" in made
    listed = deny_admin.json(f"iam policies list {ON_PROJECT}")
    assert [(one["displayName"], "rules" in one) for one in listed["policies"]] == [("stop", False)]
    read = deny_admin.json(f"iam policies get stop {ON_PROJECT}")
    assert read["rules"] == [RULE]
    file.write_text(json.dumps({**read, "displayName": "other"}))
    deny_admin(f"iam policies update stop {ON_PROJECT} --policy-file={file}")
    assert deny_admin.json(f"iam policies get stop {ON_PROJECT}")["displayName"] == "other"
    assert "concurrent policy changes" in deny_admin.refused(
        f"iam policies update stop {ON_PROJECT} --policy-file={file}"
    )
    deny_admin(f"iam policies delete stop {ON_PROJECT}")
    assert "NOT_FOUND" in deny_admin.refused(f"iam policies get stop {ON_PROJECT}")


def test_a_policy_without_sense_is_refused(deny_admin: "Gcloud", tmp_path: Path) -> None:
    """What is wrong is shown."""
    file = tmp_path / "policy.json"
    rule = {"denyRule": {**RULE["denyRule"], "deniedPermissions": ["run.routes.invoke"]}}
    file.write_text(json.dumps({"rules": [rule]}))
    said = deny_admin.refused(f"iam policies create stop {ON_PROJECT} --policy-file={file}")
    assert "Permission run.routes.invoke is not supported in deny policies." in said
