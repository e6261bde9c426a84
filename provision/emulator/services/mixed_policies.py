"""``google.iam.v1.IAMPolicy``: one service of RPCs by which several APIs offer their policies.

Whose policy is meant is told by the resource's name alone.
"""

from collections.abc import Mapping
from typing import Any

from provision.emulator.rpc.calls import Call, Handler

_SERVICE = "google.iam.v1.IAMPolicy"
_RPCS = ("GetIamPolicy", "SetIamPolicy", "TestIamPermissions")


class MixedPolicies:
    """Hands each call to the API that the resource is of.

    Args:
        rooms: the three RPCs, by their names, of each collection, as in ``topics``.
        other: those that answer for names of any other form.
    """

    def __init__(
        self, rooms: Mapping[str, Mapping[str, Handler]], other: Mapping[str, Handler]
    ) -> None:
        self._rooms = rooms
        self._other = other

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {f"{_SERVICE}/{rpc}": self._answer for rpc in _RPCS}

    async def _answer(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        parts = call.request.resource.split("/")
        collection = parts[-2] if len(parts) > 1 else ""
        return await self._rooms.get(collection, self._other)[call.method](call)
