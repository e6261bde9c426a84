"""Cloud Storage put together."""

from pathlib import Path

from provision.emulator.rpc.calls import Dispatcher, Handler
from provision.emulator.rpc.host_apps import Mount
from provision.emulator.services.storage.asking import Permissions
from provision.emulator.services.storage.bucket_policies import BucketPolicies
from provision.emulator.services.storage.buckets import Buckets
from provision.emulator.services.storage.copying import Copying
from provision.emulator.services.storage.inserting import Inserting
from provision.emulator.services.storage.objects import Objects
from provision.emulator.services.storage.records import StorageState
from provision.emulator.services.storage.routes import StorageRoutes
from provision.emulator.world import World


class CloudStorage:
    """Buckets and objects.

    Args:
        world: projects and policies.
        folder: where objects' contents are kept.
    """

    def __init__(self, world: World, folder: Path) -> None:
        self.state = StorageState(world.store, folder)
        permissions = Permissions(world)
        objects, inserting = Objects(self.state, permissions), Inserting(self.state, permissions)
        self._rooms = (
            Buckets(world, self.state, permissions),
            BucketPolicies(world, self.state, permissions),
            objects,
            inserting,
            Copying(objects, inserting),
        )

    def handlers(self) -> dict[str, Handler]:
        """The methods by name."""
        return {name: handler for room in self._rooms for name, handler in room.handlers().items()}

    @staticmethod
    def mount(dispatcher: Dispatcher) -> Mount:
        """What adds the API's paths to an application."""
        return StorageRoutes(dispatcher).mount

    def clear(self) -> None:
        """Forget every content, for a reset."""
        self.state.clear()
