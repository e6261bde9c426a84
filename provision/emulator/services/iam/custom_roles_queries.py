"""IAM admin v1: which roles and permissions go with a resource, and what conditions are worth."""

import re
from typing import Any

from google.cloud import iam_admin_v1

from provision.emulator.iam.conditions import refusal
from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import invalid
from provision.emulator.services.iam.accounts import SERVICE
from provision.emulator.services.iam.custom_roles import predefined, role_message
from provision.emulator.services.paging import page
from provision.emulator.services.policy_checks import is_grantable
from provision.emulator.world import World

_FULL_NAME = re.compile(r"//([a-z]+)\.googleapis\.com/([^/]+)/([^/]+)(/.+)?")
_FULL = int(iam_admin_v1.RoleView.FULL)
_BASIC = ("roles/owner", "roles/editor", "roles/viewer")
_AUDITABLE = ("artifactregistry", "cloudresourcemanager", "iam", "iamcredentials", "run")
_Level, _Severity = iam_admin_v1.LintResult.Level, iam_admin_v1.LintResult.Severity


class RoleQueries:
    """The RPCs that ask about roles, permissions and conditions."""

    def __init__(self, world: World) -> None:
        self._world = world

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{SERVICE}/QueryGrantableRoles": self._grantable,
            f"{SERVICE}/QueryTestablePermissions": self._testable,
            f"{SERVICE}/QueryAuditableServices": self._auditable,
            f"{SERVICE}/LintPolicy": self._lint,
        }

    async def _grantable(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        service, node, kind = _read(request.full_resource_name)
        full, roles = request.view == _FULL, self._world.roles
        found = [
            predefined(self._world, name, full=full)
            for name in roles.predefined()
            if not (service and name in _BASIC)
            and is_grantable(name, roles.permissions(name) or frozenset(), kind)
        ]
        above = self._world.hierarchy.ancestors(self._world.hierarchy.canonical(node))
        found += [
            role_message(role, full=full)
            for role in roles.custom.values()
            if role["name"].partition("/roles/")[0] in above and not role.get("deleted")
        ]
        shown, token = page(found, request.page_size or 300, request.page_token)
        return iam_admin_v1.QueryGrantableRolesResponse.pb()(roles=shown, next_page_token=token)

    async def _testable(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        service, _, _ = _read(request.full_resource_name)
        known = sorted(self._world.roles.known_permissions())
        found = [
            iam_admin_v1.Permission.pb()(
                name=name, stage=iam_admin_v1.Permission.PermissionLaunchStage.GA
            )
            for name in known
            if not service or name.startswith(f"{service}.")
        ]
        shown, token = page(found, request.page_size, request.page_token)
        return iam_admin_v1.QueryTestablePermissionsResponse.pb()(
            permissions=shown, next_page_token=token
        )

    async def _auditable(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        _read(call.request.full_resource_name)
        kind = iam_admin_v1.QueryAuditableServicesResponse.AuditableService.pb()
        return iam_admin_v1.QueryAuditableServicesResponse.pb()(
            services=[kind(name=f"{service}.googleapis.com") for service in _AUDITABLE]
        )

    async def _lint(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        """An expression that cannot be compiled is an error; nothing else is looked at."""
        answer = iam_admin_v1.LintPolicyResponse.pb()()
        found = refusal(call.request.condition)
        if found:
            answer.lint_results.add(
                level=_Level.CONDITION,
                validation_unit_name="LintValidationUnits/ConditionCompileCheck",
                severity=_Severity.ERROR,
                field_name="condition.expression",
                debug_message=found,
            )
        return answer


def _read(full_resource_name: str) -> tuple[str, str, str]:
    """A resource's service, what it stands in, and what its permissions begin with.

    The service is empty for projects, folders and organisations themselves.
    """
    found = _FULL_NAME.fullmatch(full_resource_name)
    if found is None:
        raise invalid(
            "Request contains an invalid argument.",
            ("full_resource_name", "must begin with //SERVICE.googleapis.com/"),
        )
    service, collection, key, rest = found.groups()
    if not rest:
        return "", f"{collection}/{key}", f"resourcemanager.{collection}"
    return service, f"{collection}/{key}", f"{service}.{rest.split('/')[-2]}"
