"""What is read of access: boundaries, Identity-Aware Proxy, the asset inventory; their permissions.

Part of `permission_table`.
"""

from typing import Any

PROJECT = "projects/demo-project"
ORGANIZATION = "organizations/100000000001"
_PLACE = f"{ORGANIZATION}/locations/global"
_POLICY = f"{_PLACE}/principalAccessBoundaryPolicies/none"
_HERE = f"{PROJECT}/locations/global"
_TARGET = {"principalSet": f"//cloudresourcemanager.googleapis.com/{PROJECT}"}
_PAB, _BINDINGS = "google.iam.v3.PrincipalAccessBoundaryPolicies", "google.iam.v3.PolicyBindings"
_BOUNDARIES = "iam.principalaccessboundarypolicies"
_MANAGED = "resourcemanager.projects"
_BIND, _UNBIND = f"{_BOUNDARIES}.bind", f"{_BOUNDARIES}.unbind"
_PROXY = "google.cloud.iap.v1.IdentityAwareProxyAdminService"
_WEB = f"{PROJECT}/iap_web/cloud_run-asia-east1/services/orders"
_ASSETS = "google.cloud.asset.v1.AssetService"
_EXPORT = {"gcsDestination": {"uri": "gs://assets/all"}}

AUDIT_ROWS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    f"{_PAB}/CreatePrincipalAccessBoundaryPolicy": (
        (f"{_BOUNDARIES}.create",),
        {"parent": _PLACE, "principalAccessBoundaryPolicyId": "new"},
    ),
    f"{_PAB}/GetPrincipalAccessBoundaryPolicy": ((f"{_BOUNDARIES}.get",), {"name": _POLICY}),
    f"{_PAB}/ListPrincipalAccessBoundaryPolicies": ((f"{_BOUNDARIES}.list",), {"parent": _PLACE}),
    f"{_PAB}/UpdatePrincipalAccessBoundaryPolicy": (
        (f"{_BOUNDARIES}.update",),
        {"principalAccessBoundaryPolicy": {"name": _POLICY}},
    ),
    f"{_PAB}/DeletePrincipalAccessBoundaryPolicy": ((f"{_BOUNDARIES}.delete",), {"name": _POLICY}),
    f"{_PAB}/SearchPrincipalAccessBoundaryPolicyBindings": (
        (f"{_BOUNDARIES}.searchPolicyBindings",),
        {"name": _POLICY},
    ),
    f"{_BINDINGS}/CreatePolicyBinding": (
        (_BIND, f"{_MANAGED}.createPolicyBinding"),
        {
            "parent": _HERE,
            "policyBindingId": "new",
            "policyBinding": {"target": _TARGET, "policy": _POLICY},
        },
    ),
    f"{_BINDINGS}/GetPolicyBinding": (
        ("iam.policybindings.get",),
        {"name": f"{_HERE}/policyBindings/none"},
    ),
    f"{_BINDINGS}/ListPolicyBindings": (("iam.policybindings.list",), {"parent": _HERE}),
    f"{_BINDINGS}/UpdatePolicyBinding": (
        (_BIND, f"{_MANAGED}.updatePolicyBinding"),
        {"policyBinding": {"name": "{binding}"}},
    ),
    f"{_BINDINGS}/DeletePolicyBinding": (
        (_UNBIND, f"{_MANAGED}.deletePolicyBinding"),
        {"name": "{binding}"},
    ),
    f"{_BINDINGS}/SearchTargetPolicyBindings": (
        (f"{_MANAGED}.searchPolicyBindings",),
        {"parent": _HERE, "target": _TARGET["principalSet"]},
    ),
    f"{_PROXY}/GetIamPolicy": (("iap.webServices.getIamPolicy",), {"resource": _WEB}),
    f"{_PROXY}/SetIamPolicy": (
        ("iap.webServices.setIamPolicy",),
        {"resource": _WEB, "policy": {"etag": "AAAA"}},
    ),
    f"{_PROXY}/TestIamPermissions": ((), {"resource": _WEB}),
    f"{_ASSETS}/SearchAllResources": (
        ("cloudasset.assets.searchAllResources",),
        {"scope": PROJECT},
    ),
    f"{_ASSETS}/SearchAllIamPolicies": (
        ("cloudasset.assets.searchAllIamPolicies",),
        {"scope": PROJECT},
    ),
    f"{_ASSETS}/ListAssets": (
        ("cloudasset.assets.listIamPolicy",),
        {"parent": PROJECT, "contentType": "IAM_POLICY"},
    ),
    f"{_ASSETS}/ExportAssets": (
        ("cloudasset.assets.exportResource",),
        {"parent": PROJECT, "contentType": "RESOURCE", "outputConfig": _EXPORT},
    ),
    f"{_ASSETS}/BatchGetEffectiveIamPolicies": (
        tuple(
            f"cloudasset.assets.{one}"
            for one in ("analyzeIamPolicy", "searchAllIamPolicies", "searchAllResources")
        ),
        {"scope": PROJECT, "names": [f"//cloudresourcemanager.googleapis.com/{PROJECT}"]},
    ),
}
"""Permissions and request by RPC."""
