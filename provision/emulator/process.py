"""The emulator as a process: its limits, its log, its signals, and its one line of output."""

import asyncio
import contextlib
import gc
import json
import logging
import resource
import signal
import sys

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from provision.emulator.options import Options
from provision.emulator.program import Emulator

_MOST_OPEN_FILES = 65536


def _is_no_bad_request(record: logging.LogRecord) -> bool:
    """Whether a log record is about us: one about a malformed request would show its headers."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError | web.RequestPayloadError)


async def run(options: Options) -> None:
    """Run an emulator until SIGTERM or SIGINT; prints one JSON line when it is ready."""
    logging.getLogger("aiohttp.server").addFilter(_is_no_bad_request)
    gc.freeze()  # what was imported stays: no need to look through it again and again
    _allow_many_open_files()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    emulator = Emulator(options)
    try:
        await emulator.start()
        sys.stdout.write(json.dumps(emulator.describe()) + "\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await emulator.close()


def _allow_many_open_files() -> None:
    """Every address of a service is one; the usual soft limit ends at a thousand."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_OPEN_FILES if hard == resource.RLIM_INFINITY else hard
    with contextlib.suppress(OSError, ValueError):  # macOS has another limit yet
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
