"""Principal access boundaries for tests: Google's clients, and whoever may use them."""

from typing import Any

from google.cloud import iam_v3

from tests.conftest import DEVELOPER, Clients, RunningEmulator

PROJECT = "projects/demo-project"
FOLDER = "folders/200000000001"
ORGANIZATION = "organizations/100000000001"
PLACE = f"{ORGANIZATION}/locations/global"
RESOURCES = "//cloudresourcemanager.googleapis.com"


def allow_boundaries(emulator: RunningEmulator, member: str = DEVELOPER) -> None:
    """Let somebody write boundaries and bind them to the organisation and all beneath."""
    for role in (
        "roles/iam.principalAccessBoundaryAdmin",
        "roles/resourcemanager.organizationAdmin",
        "roles/resourcemanager.folderAdmin",
    ):
        emulator.admin("POST", "/grants", resource=ORGANIZATION, member=member, role=role)


def boundary(*resources: str, version: str = "") -> iam_v3.PrincipalAccessBoundaryPolicy:
    """A policy of one rule: these resources, as in ``projects/demo-project``."""
    rule = iam_v3.PrincipalAccessBoundaryPolicyRule(
        description="only here",
        resources=[f"{RESOURCES}/{one}" for one in resources],
        effect=iam_v3.PrincipalAccessBoundaryPolicyRule.Effect.ALLOW,
    )
    details = iam_v3.PrincipalAccessBoundaryPolicyDetails(rules=[rule], enforcement_version=version)
    return iam_v3.PrincipalAccessBoundaryPolicy(display_name="narrow", details=details)


class Bounding:
    """Makes policies and bindings over one transport, and waits for them.

    Args:
        clients: of whoever makes them.
    """

    def __init__(self, clients: Clients) -> None:
        self.policies = clients.make(iam_v3.PrincipalAccessBoundaryPoliciesClient)
        self.bindings = clients.make(iam_v3.PolicyBindingsClient)

    def policy(
        self, policy_id: str, *resources: str, version: str = ""
    ) -> iam_v3.PrincipalAccessBoundaryPolicy:
        """A new policy of the organisation."""
        made: iam_v3.PrincipalAccessBoundaryPolicy = (
            self.policies.create_principal_access_boundary_policy(
                request={
                    "parent": PLACE,
                    "principal_access_boundary_policy": boundary(*resources, version=version),
                    "principal_access_boundary_policy_id": policy_id,
                }
            ).result(timeout=30)
        )
        return made

    def bind(
        self,
        policy: str,
        node: str,
        *,
        condition: str = "",
        binding_id: str = "bind",
        **more: Any,  # noqa: ANN401 - fields of a PolicyBinding
    ) -> iam_v3.PolicyBinding:
        """Bind a policy (by id or name) to the principals of a project, folder or organisation."""
        name = policy if "/" in policy else f"{PLACE}/principalAccessBoundaryPolicies/{policy}"
        fields = {"target": {"principal_set": f"{RESOURCES}/{node}"}, "policy": name, **more}
        if condition:
            fields["condition"] = {"expression": condition}
        made: iam_v3.PolicyBinding = self.bindings.create_policy_binding(
            request={
                "parent": f"{node}/locations/global",
                "policy_binding_id": binding_id,
                "policy_binding": fields,
            }
        ).result(timeout=30)
        return made
