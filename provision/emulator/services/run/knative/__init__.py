"""Cloud Run Admin v1, the Knative form, over the same services, roll-outs and policies as v2."""

from typing import Any

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.services.permissions import require
from provision.emulator.services.run.knative import policies, words
from provision.emulator.services.run.knative.executions import KnativeExecutions
from provision.emulator.services.run.knative.jobs import KnativeJobs
from provision.emulator.services.run.knative.lists import located
from provision.emulator.services.run.knative.locations import REGIONS
from provision.emulator.services.run.knative.parts import KnativeParts
from provision.emulator.services.run.knative.requests import V1, KnativeRequest
from provision.emulator.services.run.knative.services import KnativeServices
from provision.emulator.services.run.records import RunState
from provision.emulator.services.run.writes import ServiceWrites
from provision.emulator.world import World

_DELETE_REVISION = "google.cloud.run.v2.Revisions/DeleteRevision"
_WITH_POLICIES = ("Services", "Jobs")


class Knative:
    """Every method of v1.

    Args:
        world: projects and policies.
        state: the services.
        writes: makes, replaces and deletes them.
        in_v2: v2's methods by name, for what differs in its path alone.
    """

    def __init__(
        self, world: World, state: RunState, writes: ServiceWrites, in_v2: dict[str, Handler]
    ) -> None:
        self._world = world
        self._state = state
        self._services = KnativeServices(world, state, writes)
        self._parts = KnativeParts(world, state, self._services, in_v2[_DELETE_REVISION])
        self._executions = KnativeExecutions(world, state, in_v2)
        self._jobs = KnativeJobs(world, state, in_v2, self._executions)
        self._in_v2 = in_v2

    def handlers(self) -> dict[str, Handler]:
        """The methods by name; what is not here is refused by its name."""
        found = {
            **self._services.handlers(),
            **self._parts.handlers(),
            f"{V1}.Locations/ListLocations": self._locations,
            **self._jobs.handlers(),
            **self._executions.handlers(),
        }
        for kind in _WITH_POLICIES:
            found |= policies.handlers(kind, self._in_v2)
        return found

    async def _locations(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        request: KnativeRequest = call.request
        require(self._world, call, "run.locations.list", request.parent, words.list_refusal)
        used = {record.key.region: record.key.region for record in self._state.services.values()}
        return located(request, {**used, **REGIONS})
