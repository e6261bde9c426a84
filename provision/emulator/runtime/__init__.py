"""Running revisions: with a Docker engine for real, or without one as placeholders.

What a container finds and must do: https://cloud.google.com/run/docs/container-contract.
"""

from provision.emulator.runtime.docker import DockerRuntime
from provision.emulator.runtime.engine import DockerEngine, EngineUnavailableError
from provision.emulator.runtime.placeholder import PlaceholderRuntime
from provision.emulator.seams import Identities, Images, Runtime

__all__ = ["DockerRuntime", "EngineUnavailableError", "PlaceholderRuntime", "open_runtime"]


async def open_runtime(
    engine: str, label: str, identities: Identities, images: Images, subnet: str = ""
) -> Runtime:
    """Open the runtime, with a fresh network and nothing of an earlier run left.

    Args:
        engine: ``none``; ``auto`` for the engine that ``DOCKER_HOST`` or the default socket
            reaches, and the placeholder when there is none; or an engine's address.
        label: names this emulator among others on the same engine; whatever carries it is removed.
        identities: issues the containers' tokens.
        images: tells where the engine pulls from.
        subnet: the network of an earlier run, so that addresses stay what they were.

    Raises:
        EngineUnavailableError: the engine at the given address cannot be used.
    """
    if engine == "none":
        return PlaceholderRuntime("the emulator was started without one")
    try:
        connection = await DockerEngine.connect("" if engine == "auto" else engine, label)
        return await DockerRuntime.open(connection, identities, images, subnet)
    except EngineUnavailableError as error:
        if engine != "auto":
            raise
        return PlaceholderRuntime(str(error))
