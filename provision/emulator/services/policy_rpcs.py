"""GetIamPolicy, SetIamPolicy and TestIamPermissions, written once for every kind of resource."""

from typing import Any

from google.iam.v1 import iam_policy_pb2

from provision.emulator.iam.policies import CONDITIONS_VERSION
from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.seams import RequestAttributes
from provision.emulator.services.permissions import require
from provision.emulator.services.policy_checks import DOMAIN_CONSTRAINT, PolicyChecks, PolicyKind
from provision.emulator.services.testable_permissions import check_testable
from provision.emulator.world import World

__all__ = ["DOMAIN_CONSTRAINT", "PolicyKind", "PolicyRpcs"]
_MASKED = frozenset({"bindings", "etag", "version", "audit_configs"})
_DEFAULT_MASK = ("bindings", "etag")


class PolicyRpcs:
    """The three RPCs of one kind of resource."""

    def __init__(self, world: World, kind: PolicyKind) -> None:
        self._world = world
        self._kind = kind
        self._checks = PolicyChecks(world, kind)

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        service = self._kind.service
        return {
            f"{service}/GetIamPolicy": self._get,
            f"{service}/SetIamPolicy": self._set,
            f"{service}/TestIamPermissions": self._test,
        }

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Policy
        resource = self._allowed(call, "getIamPolicy")
        version = call.request.options.requested_policy_version
        if version not in (0, 1, CONDITIONS_VERSION):
            raise invalid(f"Invalid requested policy version {version}: allowed are 0, 1 and 3.")
        return self._world.policies.get(resource, version)

    async def _set(self, call: Call) -> Any:  # noqa: ANN401 - Policy
        resource = self._resource(call)
        policy, mask = call.request.policy, tuple(call.request.update_mask.paths)
        current = self._world.policies.get(resource, CONDITIONS_VERSION)
        changed = RequestAttributes(modified_roles=modified_roles(current, policy))
        resource = self._allowed(call, "setIamPolicy", changed)
        unknown = [path for path in mask if path not in _MASKED]
        if unknown:
            raise invalid(f"Invalid field in the update mask: {unknown[0]}")
        mask = mask or _DEFAULT_MASK
        if "bindings" in mask:
            self._checks.check(resource, policy.bindings)
        if not self._kind.audited:
            mask = tuple(path for path in mask if path != "audit_configs")
        return self._world.policies.set(resource, policy, mask)

    async def _test(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        resource = self._resource(call)
        asked = list(call.request.permissions)
        check_testable(asked, self._kind.permission, self._world.roles.known_permissions())
        try:
            self._kind.check(resource)
        except ApiError as error:
            if error.code != "NOT_FOUND":
                raise
            asked = []  # nothing can be done with what does not exist (documented)
        held = self._world.access.held(call.principal, asked, resource)
        return iam_policy_pb2.TestIamPermissionsResponse(permissions=held)

    def _resource(self, call: Call) -> str:
        resource = self._world.hierarchy.canonical(call.request.resource)
        self._kind.check_name(resource)
        return self._kind.own_name(resource) if self._kind.own_name else resource

    def _allowed(self, call: Call, verb: str, attributes: RequestAttributes | None = None) -> str:
        kind = self._kind
        resource = self._resource(call)
        permission = f"{kind.permission}.{verb}"
        require(self._world, call, permission, resource, kind.refusal, attributes=attributes)
        kind.check(resource)
        return resource


def modified_roles(current: Any, policy: Any) -> frozenset[str]:  # noqa: ANN401 - Policies
    """The roles whose grants are not the same in two policies."""

    def grants(one: Any) -> set[tuple[str, str, bytes]]:  # noqa: ANN401 - Policy
        return {
            (binding.role, member, binding.condition.SerializeToString(deterministic=True))
            for binding in one.bindings
            for member in binding.members
        }

    return frozenset(role for role, _, _ in grants(current) ^ grants(policy))
