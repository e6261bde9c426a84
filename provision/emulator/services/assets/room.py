"""The asset inventory, put together."""

from provision.emulator.rpc.calls import Handler
from provision.emulator.services.artifacts.repositories import RepositoryRecords
from provision.emulator.services.assets.exports import Exports
from provision.emulator.services.assets.inventory import Inventory
from provision.emulator.services.assets.listing import Listing
from provision.emulator.services.assets.search import Searches
from provision.emulator.services.functions.records import FunctionState
from provision.emulator.services.iam.keys import Keys
from provision.emulator.services.operations import Operations
from provision.emulator.services.run.records import RunState
from provision.emulator.world import World


class Assets:
    """Cloud Asset Inventory.

    Args:
        world: hierarchy, policies, accounts.
        operations: where work in progress is told.
        run: services and jobs.
        functions: functions.
        repositories: repositories of images.
        keys: keys of accounts.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - one collaborator each
        self,
        world: World,
        operations: Operations,
        run: RunState,
        functions: FunctionState,
        repositories: RepositoryRecords,
        keys: Keys,
    ) -> None:
        inventory = Inventory(world, run, functions, repositories, keys.all)
        listing = Listing(world, inventory)
        self.exports = Exports(world, listing, operations)
        self._rooms = (Searches(world, inventory), listing, self.exports)

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {name: one for room in self._rooms for name, one in room.handlers().items()}
