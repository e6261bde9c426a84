"""What is read of access: boundaries, Identity-Aware Proxy's policies, the asset inventory."""

from google.cloud import asset_v1, iap_v1
from google.iam.v1 import policy_pb2

from tests.conftest import DEVELOPER
from tests.emulator.clients.scenario import Scenario, Stage
from tests.emulator.iam.boundary_world import ORGANIZATION, PLACE, Bounding, allow_boundaries

_RESOURCES = "//cloudresourcemanager.googleapis.com"


def _boundaries(stage: Stage) -> None:
    allow_boundaries(stage.emulator)
    bounding = Bounding(stage.clients)
    made = bounding.policy("wide", ORGANIZATION)
    policies, bindings = bounding.policies, bounding.bindings
    assert policies.get_principal_access_boundary_policy(name=made.name) == made
    assert list(policies.list_principal_access_boundary_policies(parent=PLACE)) == [made]
    made.display_name = "wider"
    policies.update_principal_access_boundary_policy(principal_access_boundary_policy=made).result(
        timeout=30
    )
    bound = bounding.bind("wide", stage.project)
    assert bindings.get_policy_binding(name=bound.name) == bound
    parent = f"{stage.project}/locations/global"
    assert list(bindings.list_policy_bindings(parent=parent)) == [bound]
    target = f"{_RESOURCES}/{stage.project}"
    search = bindings.search_target_policy_bindings
    assert list(search(request={"parent": parent, "target": target})) == [bound]
    of_policy = policies.search_principal_access_boundary_policy_bindings
    assert list(of_policy(name=made.name)) == [bound]
    bound.display_name = "here"
    bindings.update_policy_binding(policy_binding=bound).result(timeout=30)
    bindings.delete_policy_binding(name=bound.name).result(timeout=30)
    policies.delete_principal_access_boundary_policy(name=made.name).result(timeout=30)


def _proxy(stage: Stage) -> None:
    client = stage.clients.make(iap_v1.IdentityAwareProxyAdminServiceClient)
    resource = f"{stage.project}/iap_web/cloud_run-asia-east1/services/orders"
    policy = policy_pb2.Policy()
    policy.bindings.add(role="roles/iap.httpsResourceAccessor", members=["user:ann@example.com"])
    written = client.set_iam_policy(request={"resource": resource, "policy": policy})
    assert client.get_iam_policy(request={"resource": resource}) == written
    permissions = ["iap.webServices.getIamPolicy"]
    tested = client.test_iam_permissions(request={"resource": resource, "permissions": permissions})
    assert list(tested.permissions) == permissions


def _assets(stage: Stage) -> None:
    stage.emulator.admin(
        "POST",
        "/grants",
        resource=ORGANIZATION,
        member=DEVELOPER,
        role="roles/cloudasset.viewer",
    )
    client = stage.clients.make(asset_v1.AssetServiceClient)
    assert list(client.search_all_resources(request={"scope": ORGANIZATION}))
    assert list(client.search_all_iam_policies(request={"scope": ORGANIZATION}))
    listed = client.list_assets(request={"parent": ORGANIZATION, "content_type": "RESOURCE"})
    assert list(listed)
    names = [f"{_RESOURCES}/{stage.project}"]
    request = {"scope": ORGANIZATION, "names": names}
    assert client.batch_get_effective_iam_policies(request=request).policy_results
    output = {"gcs_destination": {"uri": "gs://assets/all"}}
    exported = client.export_assets(request={"parent": ORGANIZATION, "output_config": output})
    assert exported.result(timeout=30).output_result.gcs_result.uris == ["gs://assets/all"]


_POLICIES = "PrincipalAccessBoundaryPolicy"
AUDIT = (
    Scenario(
        "iam-boundaries",
        _boundaries,
        "google.iam.v3.PrincipalAccessBoundaryPolicies",
        (
            *(f"{verb}{_POLICIES}" for verb in ("Create", "Get", "Update", "Delete")),
            "ListPrincipalAccessBoundaryPolicies",
            "SearchPrincipalAccessBoundaryPolicyBindings",
        ),
    ),
    Scenario(
        "iam-boundary-bindings",
        _boundaries,
        "google.iam.v3.PolicyBindings",
        (
            *(f"{verb}PolicyBinding" for verb in ("Create", "Get", "Update", "Delete")),
            "ListPolicyBindings",
            "SearchTargetPolicyBindings",
        ),
    ),
    Scenario(
        "iap-policies",
        _proxy,
        "google.cloud.iap.v1.IdentityAwareProxyAdminService",
        ("GetIamPolicy", "SetIamPolicy", "TestIamPermissions"),
    ),
    Scenario(
        "assets",
        _assets,
        "google.cloud.asset.v1.AssetService",
        (
            *("SearchAllResources", "SearchAllIamPolicies", "ListAssets", "ExportAssets"),
            "BatchGetEffectiveIamPolicies",
        ),
    ),
)
"""Scenarios of boundaries, Identity-Aware Proxy and the asset inventory."""
