"""Cloud Storage put together."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from provision.emulator.rpc.calls import Dispatcher, Handler
from provision.emulator.rpc.host_apps import Mount
from provision.emulator.services.storage.asking import Permissions, StorageRequest
from provision.emulator.services.storage.bucket_policies import BucketPolicies
from provision.emulator.services.storage.buckets import Buckets
from provision.emulator.services.storage.copying import Copying
from provision.emulator.services.storage.inserting import Inserting
from provision.emulator.services.storage.objects import Media, Objects
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

    @staticmethod
    async def ask(  # noqa: PLR0913 - what a request is made of
        dispatcher: Dispatcher,
        token: str,
        rpc: str,
        *,
        bucket: str = "",
        name: str = "",
        query: Mapping[str, str] | None = None,
        body: Any = None,  # noqa: ANN401 - JSON
        content: bytes = b"",
    ) -> Any:  # noqa: ANN401 - JSON, or bytes of a content
        """Ask for something as programs do, without HTTP: for connectors of Workflows.

        Args:
            dispatcher: runs the method, and records it.
            token: an access token of whoever asks.
            rpc: as in ``Objects/InsertObject``.
            bucket: the bucket's name.
            name: the object's name.
            query: query parameters; with ``alt=media`` the content is answered.
            body: the resource that is sent.
            content: of the object that is inserted.

        Raises:
            ApiError: how it is refused.
        """
        asked = StorageRequest(bucket, name, query or {}, body=body, content=_once(content))
        answer = await dispatcher.call(f"google.storage.v1.{rpc}", asked, token, "rest")
        return answer.path.read_bytes() if isinstance(answer, Media) else answer

    def clear(self) -> None:
        """Forget every content, for a reset."""
        self.state.clear()


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
