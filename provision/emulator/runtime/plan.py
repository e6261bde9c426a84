"""What a container of a revision is to be, worked out before the engine is asked; pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from provision.emulator.seams import RevisionToRun, TaskToRun


@dataclass(frozen=True)
class ContainerPlan:
    """A container to create.

    Args:
        image: what the engine pulled, by digest.
        address: the address it gets in the emulator's network.
        environment: the user's variables, and the platform's over them.
        labels: whose container it is.
        command: entry point override, or empty.
        args: arguments override, or empty.
        memory_bytes: limit, swap included.
        cpu: limit in CPUs.
    """

    image: str
    address: str
    environment: Mapping[str, str]
    labels: Mapping[str, str]
    command: tuple[str, ...]
    args: tuple[str, ...]
    memory_bytes: int
    cpu: float


def plan_container(
    revision: RevisionToRun, image: str, address: str, metadata: str
) -> ContainerPlan:
    """The container of a revision.

    Args:
        revision: what to run.
        image: reference by digest.
        address: in the emulator's network.
        metadata: ``HOST:PORT`` of the metadata server.
    """
    platform = {
        "PORT": str(revision.port),
        "K_SERVICE": revision.service.service,
        "K_REVISION": revision.revision,
        "K_CONFIGURATION": revision.service.service,
    }
    return _plan(revision, image, address, {**platform, **_metadata(metadata)})


def plan_task(task: TaskToRun, image: str, address: str, metadata: str) -> ContainerPlan:
    """The container of one attempt at a task; the rest as in `plan_container`."""
    return _plan(task.container, image, address, {**task.environment, **_metadata(metadata)})


def _metadata(address: str) -> dict[str, str]:
    # google-auth reads the first, older versions the second, its probe the third.
    names = ("GCE_METADATA_HOST", "GCE_METADATA_ROOT", "GCE_METADATA_IP")
    return dict.fromkeys(names, address)


def _plan(
    revision: RevisionToRun, image: str, address: str, platform: Mapping[str, str]
) -> ContainerPlan:
    return ContainerPlan(
        image=image,
        address=address,
        environment={**revision.env, **platform},
        labels={
            "provision.service": revision.service.name,
            "provision.revision": revision.revision,
        },
        command=revision.command,
        args=revision.args,
        memory_bytes=revision.memory_bytes,
        cpu=revision.cpu,
    )
