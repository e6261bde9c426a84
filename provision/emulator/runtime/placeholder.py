"""The runtime without an engine: everything starts at once, and nothing runs."""

from provision.emulator.seams import RevisionToRun, ServiceKey, TaskEnd, TaskToRun


class PlaceholderRuntime:
    """Keeps the control side going where no Docker engine is at hand.

    Args:
        reason: why nothing runs, in words.
    """

    gateway: str | None = None
    subnet: str | None = None

    def __init__(self, reason: str) -> None:
        self.reason = reason

    async def start(self, revision: RevisionToRun) -> None:
        """Succeed; there is nothing that could listen or fail to."""

    async def stop(self, service: ServiceKey, revision: str) -> None:
        """Nothing runs."""

    async def run_task(self, task: TaskToRun) -> TaskEnd:  # noqa: ARG002 - the protocol's
        """Succeed at once; nothing ran."""
        return TaskEnd(exit_code=0)

    async def address(self, service: ServiceKey, revision: str) -> tuple[str, int] | None:  # noqa: ARG002 - the protocol's
        """None: the front door answers with a placeholder."""
        return None

    def caller(self, peer: str) -> RevisionToRun | None:  # noqa: ARG002 - the protocol's
        """None: no container exists that could call."""
        return None

    async def close(self) -> None:
        """Nothing to stop."""
