"""Cloud Run put together: what its RPCs, in both forms of the API, and the front door work on."""

from collections.abc import Awaitable, Callable
from typing import Any

from provision.emulator.rpc.calls import Handler
from provision.emulator.seams import Images
from provision.emulator.services.operations import Operations
from provision.emulator.services.run.executions import ExecutionRuns
from provision.emulator.services.run.executions_rpcs import Executions
from provision.emulator.services.run.instances import Instances
from provision.emulator.services.run.jobs import Jobs
from provision.emulator.services.run.jobs_writes import JobWrites
from provision.emulator.services.run.records import ExecutionMessage, JobMessage, RunState
from provision.emulator.services.run.revisions import Revisions
from provision.emulator.services.run.rollout import Rollouts
from provision.emulator.services.run.services import Services
from provision.emulator.services.run.serving import Serving
from provision.emulator.services.run.writes import ServiceWrites
from provision.emulator.world import World

Work = Callable[[str], Awaitable[None]]


class CloudRun:
    """Services, jobs and what runs of them.

    Args:
        world: accounts, policies, settings.
        operations: where work in progress is told.
        images: the registry's images.
        log_address: address of a revision's or task's log, from its full name.
    """

    def __init__(
        self,
        world: World,
        operations: Operations,
        images: Images,
        log_address: Callable[[str], str],
    ) -> None:
        self._world = world
        self._operations = operations
        state = self.state = RunState(world.store)
        self.serving = Serving(world, state, images)
        self.rollouts = Rollouts(world, state, operations, self.serving, log_address)
        self.writes = ServiceWrites(world, state, operations, images, self.rollouts)
        self.executions = ExecutionRuns(
            world, state, operations, images, lambda: self.serving.runtime, log_address
        )
        self._job_writes = JobWrites(world, state, operations, images, self.executions.stop_all)
        self._instances = Instances(world, operations, images)
        self.rollouts.others += (self._work_of_job, self._instances.work_of)

    def handlers(self) -> dict[str, Handler]:
        """The RPCs of v2 by name."""
        rooms = (
            Services(self._world, self.state, self.writes),
            Revisions(self._world, self.state, self._operations),
            Jobs(self._world, self.state, self._job_writes, self.executions),
            Executions(self._world, self.state, self.executions),
            self._instances,
        )
        return {name: handler for room in rooms for name, handler in room.handlers().items()}

    def logs(self, name: str) -> str | None:
        """The last lines of containers: of a revision, a task, or all tasks of an execution.

        None when there is no such thing.
        """
        found = self.state.revisions.get(name)
        if found is not None:
            return found.logs
        if name in self.state.executions:
            names = self.state.tasks.below(f"{name}/tasks")
            return "".join(self.state.task_logs.get(task) or "" for task in names)
        written = self.state.task_logs.get(name)
        return "" if written is None and name in self.state.tasks else written

    async def remove_all(self) -> None:
        """Take down everything that runs, for a reset."""
        await self.executions.stop_all()
        await self.rollouts.remove_all()

    def _work_of_job(self, operation: Any) -> Work | None:  # noqa: ANN401 - Operation
        for kind, room in ((JobMessage, self._job_writes), (ExecutionMessage, self.executions)):
            if operation.metadata.Is(kind.DESCRIPTOR):
                message = kind()
                operation.metadata.Unpack(message)
                return room.work_of(message)
        return None
