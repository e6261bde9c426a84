"""Operations that are done do not pile up for ever."""

import asyncio
import contextlib

from google.longrunning import operations_pb2

from provision.emulator.rpc.calls import Call
from provision.emulator.rpc.status import ApiError
from provision.emulator.rpc.wellknown import Empty
from provision.emulator.services.operations import Operations
from provision.emulator.world import DEVELOPER, Settings, World


def test_the_oldest_that_are_done_are_forgotten() -> None:
    """Those that are still pending are kept, however old they are."""
    assert asyncio.run(_found(6, most=3)) == ["o/0", "o/3", "o/4", "o/5"]


async def _found(count: int, most: int) -> list[str]:
    operations = Operations(World(None, Settings(), ("demo-project",)), most)

    async def succeed(name: str) -> None:
        operations.succeed(name, Empty(), Empty())

    async def last(_: str) -> None:
        await asyncio.Event().wait()

    for number in range(count):
        work = succeed if number else last
        operations.start("", Empty(), work, name=f"o/{number}")
        await asyncio.sleep(0)
    get = operations.handlers()["google.longrunning.Operations/GetOperation"]
    found = []
    for number in range(count):
        request = operations_pb2.GetOperationRequest(name=f"o/{number}")
        with contextlib.suppress(ApiError):
            found.append((await get(Call("GetOperation", DEVELOPER, request))).name)
    await operations.close()
    return found
