"""Cloud Functions put together: what its RPCs, its addresses and its operations work on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from provision.emulator.rpc.calls import Dispatcher, Handler
from provision.emulator.rpc.host_apps import Mount
from provision.emulator.seams import Images, ServiceKey
from provision.emulator.services.artifacts.repositories import RepositoryRecords
from provision.emulator.services.functions.builds import Builds
from provision.emulator.services.functions.calling import Caller
from provision.emulator.services.functions.deployments import Deployments
from provision.emulator.services.functions.first import FirstRpcs
from provision.emulator.services.functions.keeping import Keeping
from provision.emulator.services.functions.locations import FunctionLocations
from provision.emulator.services.functions.records import FunctionState
from provision.emulator.services.functions.second import SecondRpcs
from provision.emulator.services.functions.serving import FunctionServing
from provision.emulator.services.functions.uploads import Uploads
from provision.emulator.services.operations import Operations
from provision.emulator.services.run.room import CloudRun
from provision.emulator.world import World

DEFAULT_BASE = "python:3.12-slim"
BASE_VARIABLE = "PROVISION_EMULATOR_FUNCTION_BASE"
"""The environment variable that names another base image."""


@dataclass(frozen=True)
class Surroundings:
    """Where functions are.

    Args:
        folder: where their sources are kept.
        base_url: the emulator's own address.
        public_host: the registry's own ``127.0.0.1:PORT``.
        base: the base image of functions.
    """

    folder: Path
    base_url: Callable[[], str]
    public_host: Callable[[], str]
    base: str


class CloudFunctions:
    """Functions of both generations.

    Args:
        world: accounts, policies, settings.
        operations: where work in progress is told.
        run: where the second generation runs.
        records: the repositories of images.
        images: the registry's images.
        around: where they are.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what the room is put together from
        self,
        world: World,
        operations: Operations,
        run: CloudRun,
        records: RepositoryRecords,
        images: Images,
        around: Surroundings,
    ) -> None:
        state = self.state = FunctionState(world.store)
        self.uploads = Uploads(world, around.folder, around.base_url, self._used)
        self.serving = FunctionServing(world, state, images)
        builds = Builds(world, records, images, self.uploads, around.public_host, around.base)
        self._deployments = Deployments(world, state, operations, builds, self.serving, run)
        keeping = Keeping(world, state, self.uploads, lambda key: _exists(run, key))
        self._second = SecondRpcs(keeping, self._deployments)
        self._locations = FunctionLocations(world)
        self._first = FirstRpcs(keeping, self._deployments, Caller(self.serving))

    def handlers(self) -> dict[str, Handler]:
        """The RPCs of both versions by name."""
        rooms = (self._first, self._second, self._locations)
        return {name: handler for room in rooms for name, handler in room.handlers().items()}

    def mounts(self, dispatcher: Dispatcher) -> dict[str, tuple[Mount, ...]]:
        """What these APIs have beside their RPCs: uploads, lists of locations, who builds."""
        locations = self._locations
        return {
            "storage": (self.uploads.mount,),
            "cloudfunctions": (partial(locations.mount, dispatcher),),
            "cloudbuild": (partial(locations.mount_builder, dispatcher),),
        }

    def work_of(self, operation: Any) -> Callable[[str], Awaitable[None]] | None:  # noqa: ANN401 - Operation
        """The work of an operation that a restart broke off; None when it is none of ours."""
        return self._deployments.work_of(operation)

    async def remove_all(self) -> None:
        """Take everything down, for a reset."""
        await self.serving.close_all()
        self.uploads.clear()

    def _used(self) -> set[tuple[str, str]]:
        found = map(self.state.functions.get, list(self.state.functions))
        return {one.source for one in found if one is not None}


def _exists(run: CloudRun, key: ServiceKey) -> bool:
    return key.name in run.state.services
