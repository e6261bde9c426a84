"""Resource Manager put together: v3 over gRPC and REST, v1 and v2 over REST."""

from provision.emulator.rpc.calls import Handler
from provision.emulator.services.operations import Operations
from provision.emulator.services.resources.folders import Folders
from provision.emulator.services.resources.older_versions import (
    FoldersV2,
    OrganizationsV1,
    ProjectsV1,
)
from provision.emulator.services.resources.organizations import Organizations
from provision.emulator.services.resources.projects import Projects
from provision.emulator.world import World


class ResourceManager:
    """Every RPC of Resource Manager but those about tags.

    Args:
        world: the hierarchy and its policies.
        operations: where long-running ones are kept.
    """

    def __init__(self, world: World, operations: Operations) -> None:
        projects, folders = Projects(world, operations), Folders(world, operations)
        organizations = Organizations(world)
        self._rooms = (
            projects,
            folders,
            organizations,
            ProjectsV1(world, projects, operations),
            OrganizationsV1(organizations),
            FoldersV2(folders),
        )

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {name: handler for room in self._rooms for name, handler in room.handlers().items()}
