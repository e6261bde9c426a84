"""gcloud on what is read of access: boundaries, Identity-Aware Proxy, assets, groups made."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator
    from tests.e2e.gcloud.conftest import Gcloud

ORGANIZATION = "100000000001"
DEVELOPER = "user:developer@example.com"
RESOURCES = "//cloudresourcemanager.googleapis.com"
ROLES = (
    "roles/iam.principalAccessBoundaryAdmin",
    "roles/resourcemanager.organizationAdmin",
    "roles/cloudasset.viewer",
)


def granted(local: "RunningEmulator") -> None:
    """Let the developer do what an owner of a project may not."""
    for role in ROLES:
        resource = f"organizations/{ORGANIZATION}"
        local.admin("POST", "/grants", resource=resource, member=DEVELOPER, role=role)


def test_gcloud_makes_binds_and_deletes_a_boundary(
    local: "RunningEmulator", local_gcloud: "Gcloud", tmp_path: Path
) -> None:
    """With its rules in a file; bindings are found from both ends."""
    granted(local)
    rules = tmp_path / "rules.json"
    rule = {"description": "here", "resources": [f"{RESOURCES}/projects/{local.project}"]}
    rules.write_text(json.dumps([{**rule, "effect": "ALLOW"}]))
    where = f"--organization={ORGANIZATION} --location=global"
    policies = "iam principal-access-boundary-policies"
    local_gcloud(
        f"{policies} create here {where} --details-enforcement-version=1 "
        f"--details-rules={rules} --display-name=Here"
    )
    try:
        found = local_gcloud.json(f"{policies} describe here {where}")
        assert found["details"]["enforcementVersion"] == "1"
        assert found["details"]["rules"][0]["effect"] == "ALLOW"
        assert [one["name"] for one in local_gcloud.json(f"{policies} list {where}")] == [
            found["name"]
        ]
        local_gcloud(
            f"iam policy-bindings create all {where} --policy={found['name']} "
            f"--target-principal-set={RESOURCES}/organizations/{ORGANIZATION} "
            "--condition-expression",
            "principal.subject == 'nobody@example.com'",
        )
        bound = local_gcloud.json(f"{policies} search-policy-bindings here {where}")
        target = f"--target={RESOURCES}/organizations/{ORGANIZATION}"
        searched = local_gcloud.json(
            f"iam policy-bindings search-target-policy-bindings {where} {target}"
        )
        assert bound == searched
        assert [one["policyKind"] for one in bound] == ["PRINCIPAL_ACCESS_BOUNDARY"]
    finally:
        local_gcloud(f"{policies} delete here {where} --force --quiet")
    assert local_gcloud.json(f"iam policy-bindings list {where}") == []


def _policy(printed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A policy, which some of these commands print in a list."""
    found: dict[str, Any] = printed[0] if isinstance(printed, list) else printed
    return found


@pytest.mark.usefixtures("local")
def test_gcloud_lets_somebody_past_identity_aware_proxy(local_gcloud: "Gcloud") -> None:
    """Of one service, and of everything."""
    on = "--resource-type=cloud-run --region=asia-east1 --service=orders"
    role = "--role=roles/iap.httpsResourceAccessor"
    for where in (on, ""):
        add = f"beta iap web add-iam-policy-binding {where} --member=user:ann@example.com {role}"
        local_gcloud(f"{add} --condition=None")
        found = _policy(local_gcloud.json(f"beta iap web get-iam-policy {where}"))
        assert found["bindings"][0]["members"] == ["user:ann@example.com"]
        local_gcloud(f"{add.replace('add-iam', 'remove-iam')} --all")
        left = _policy(local_gcloud.json(f"beta iap web get-iam-policy {where}"))
        assert "bindings" not in left


def test_gcloud_searches_lists_and_exports_assets(
    local: "RunningEmulator", local_gcloud: "Gcloud"
) -> None:
    """Resources, policies, effective policies, and an export's operation."""
    granted(local)
    scope = f"--scope=organizations/{ORGANIZATION}"
    kinds = "--asset-types=cloudresourcemanager.googleapis.com/Project"
    project = f"{RESOURCES}/projects/{local.project}"
    found = local_gcloud.json(f"asset search-all-resources {scope} {kinds}")
    assert project in [one["name"] for one in found]
    query = f"--query=policy:{DEVELOPER.partition(':')[2]}"
    policies = local_gcloud.json(f"asset search-all-iam-policies {scope} {query}")
    assert project in [one["resource"] for one in policies]
    listed = local_gcloud.json(f"asset list --project={local.project} --content-type=iam-policy")
    assert any(one["assetType"] == "cloudresourcemanager.googleapis.com/Project" for one in listed)
    effective = local_gcloud.json(f"asset get-effective-iam-policy {scope} --names={project}")
    policies_of = effective["policyResults"] if isinstance(effective, dict) else effective
    assert policies_of[0]["fullResourceName"] == project
    local_gcloud(
        f"asset export --project={local.project} --content-type=resource "
        "--output-path=gs://bucket/all.json"
    )


def test_gcloud_makes_a_group_and_fills_it(local_gcloud: "Gcloud") -> None:
    """A membership that ends; found again by a search; and gone."""
    email = "made@example.com"
    local_gcloud(
        f"identity groups create {email} --organization={ORGANIZATION} --display-name=Made "
        "--with-initial-owner=empty"
    )
    try:
        local_gcloud(
            f"identity groups memberships add --group-email={email} "
            "--member-email=ann@example.com --roles=MEMBER --expiration=1d"
        )
        listed = local_gcloud.json(
            f"identity groups memberships list --group-email={email} --view=full"
        )
        assert "expireTime" in listed[0]["roles"][0]["expiryDetail"]
        found = local_gcloud.json(
            f"identity groups search --organization={ORGANIZATION} "
            "--labels=cloudidentity.googleapis.com/groups.discussion_forum"
        )
        groups = found["groups"] if isinstance(found, dict) else found[0]["groups"]
        assert email in [one["groupKey"]["id"] for one in groups]
    finally:
        local_gcloud(f"identity groups delete {email} --quiet")
