#!/usr/bin/env python3
"""Sixty-four readers at once, each with a connection of its own: answers a second."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import grpc

READERS = 64


@dataclass(frozen=True)
class Target:
    """What is read over and over.

    Args:
        http: the URL.
        grpc: host and port.
        method: the RPC's path.
        request: its request's bytes.
        token: the access token.
    """

    http: str
    grpc: str
    method: str
    request: bytes
    token: str


def http_rate(target: Target, reads: int) -> float:
    """Answers a second over HTTP; every reader reads so often. Raises when one is no answer."""
    return asyncio.run(_http(target, reads))


def grpc_rate(target: Target, reads: int) -> float:
    """Answers a second over gRPC; every reader reads so often. Raises when one is no answer."""
    return asyncio.run(_grpc(target, reads))


async def _http(target: Target, reads: int) -> float:
    headers = {"Authorization": f"Bearer {target.token}"}
    connector = aiohttp.TCPConnector(limit=READERS)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def read() -> None:
            async with session.get(target.http) as answer:
                answer.raise_for_status()
                await answer.read()

        return await _rate([read] * READERS, reads)


async def _grpc(target: Target, reads: int) -> float:
    metadata = (("authorization", f"Bearer {target.token}"),)
    options = [("grpc.use_local_subchannel_pool", 1)]  # a connection each
    channels = [grpc.aio.insecure_channel(target.grpc, options=options) for _ in range(READERS)]
    calls: list[Any] = [channel.unary_unary(target.method) for channel in channels]

    def reader(call: Callable[..., Awaitable[bytes]]) -> Callable[[], Awaitable[None]]:
        async def read() -> None:
            await call(target.request, metadata=metadata, timeout=60)

        return read

    try:
        return await _rate([reader(call) for call in calls], reads)
    finally:
        await asyncio.gather(*(channel.close() for channel in channels))


async def _rate(readers: list[Callable[[], Awaitable[None]]], reads: int) -> float:
    async def work(read: Callable[[], Awaitable[None]]) -> None:
        for _ in range(reads):
            await read()

    await asyncio.gather(*(read() for read in readers))  # connections are made beforehand
    begun = time.perf_counter()
    await asyncio.gather(*(work(read) for read in readers))
    return len(readers) * reads / (time.perf_counter() - begun)
