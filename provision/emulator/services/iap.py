"""Identity-Aware Proxy's admin API, version v1: who may pass, by policies of what it guards.

Names: ``projects/N/iap_web``, beneath it ``cloud_run-REGION`` (or ``compute``, ``appengine-ID``),
``services/NAME`` and ``versions/NAME``; a policy counts for all that is beneath. They are kept
whether there is such a service or not. Words of refusals are assumed.
"""

from typing import Any

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import invalid
from provision.emulator.services.permissions import project_refusal
from provision.emulator.services.policy_rpcs import PolicyKind, PolicyRpcs
from provision.emulator.world import World

SERVICE = "google.cloud.iap.v1.IdentityAwareProxyAdminService"
_LEVELS = {3: "iap.web", 4: "iap.webTypes", 6: "iap.webServices", 8: "iap.webServiceVersions"}
"""What permissions begin with, by the number of parts that a name has."""
_RPCS = ("GetIamPolicy", "SetIamPolicy", "TestIamPermissions")


class IapPolicies:
    """The RPCs about policies of ``IdentityAwareProxyAdminService``.

    Args:
        world: hierarchy and policies.
    """

    def __init__(self, world: World) -> None:
        self._handlers = {
            parts: PolicyRpcs(world, _kind(permission)).handlers()
            for parts, permission in _LEVELS.items()
        }

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {f"{SERVICE}/{rpc}": self._answer for rpc in _RPCS}

    async def _answer(self, call: Call) -> Any:  # noqa: ANN401 - Policy or permissions
        parts = call.request.resource.split("/")
        handlers = self._handlers.get(len(parts))
        if handlers is None or parts[0] != "projects" or parts[2] != "iap_web":
            raise invalid("Request contains an invalid argument.")
        return await handlers[call.method](call)


def _kind(permission: str) -> PolicyKind:
    return PolicyKind(SERVICE, permission, lambda _: None, project_refusal)
