"""``python -m provision.emulator``: run the local Google Cloud in the foreground."""

import argparse
import asyncio
import ipaddress
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from provision.emulator.admin import is_project_id
from provision.emulator.options import Options
from provision.emulator.place import is_port
from provision.emulator.process import run
from provision.emulator.rpc.answers import VARIABLE
from provision.emulator.rpc.fault_forms import LONGEST
from provision.emulator.services.functions.room import BASE_VARIABLE, DEFAULT_BASE
from provision.emulator.world import Settings


def _loopback(text: str) -> str:
    try:
        found = ipaddress.IPv4Address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no IPv4 address") from error
    if not found.is_loopback:
        raise argparse.ArgumentTypeError("the emulator listens on loopback only")
    return text


def _port(text: str) -> int:
    if not text.isdecimal() or not (text == "0" or is_port(int(text))):
        raise argparse.ArgumentTypeError(f"{text} is no port")
    return int(text)


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("the folder has no name")
    return Path(text)


def _project(text: str) -> str:
    if not is_project_id(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no project id")
    return text


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds") from error
    if not 0 <= value <= LONGEST:  # which NaN is not, either
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds up to {LONGEST:.0f}")
    return value


def parse(arguments: Sequence[str] | None = None) -> Options:
    """The options of a command line."""
    parser = argparse.ArgumentParser(
        prog="python -m provision.emulator", description="A local Google Cloud for provision."
    )
    add = parser.add_argument
    add("--host", type=_loopback, default="127.0.0.1", help="loopback address to listen on")
    add("--port", type=_port, default=0, help="HTTP port; 0 for a free one")
    add("--grpc-port", type=_port, default=0, help="gRPC port; 0 for a free one")
    add("--proxy-port", type=_port, default=0, help="port of the proxy; 0 for a free one")
    add("--data", type=_folder, help="folder in which state survives a restart")
    add("--project", type=_project, action="append", help="id of a project; may be repeated")
    add("--iam-delay", type=_seconds, default=0.0, help="seconds until a policy takes effect")
    add("--operation-delay", type=_seconds, default=0.3, help="seconds a roll-out waits at least")
    add("--engine", default="auto", help="Docker engine: auto, none or its address")
    add("--function-base", help=f"base image of functions, with Python ({DEFAULT_BASE})")
    add("--answers", type=Path, help="for tests: file to which every REST answer is appended")
    given = parser.parse_args(arguments)
    kept_answers = given.answers or os.environ.get(VARIABLE)
    return Options(
        host=given.host,
        port=given.port,
        grpc_port=given.grpc_port,
        proxy_port=given.proxy_port,
        data=given.data,
        projects=tuple(given.project or ("demo-project",)),
        settings=Settings(iam_delay=given.iam_delay, operation_delay=given.operation_delay),
        engine=given.engine,
        function_base=given.function_base or os.environ.get(BASE_VARIABLE) or DEFAULT_BASE,
        answers=Path(kept_answers) if kept_answers else None,
    )


def main() -> int:
    """Run until told to stop; 1 when a port is taken or the engine cannot be used."""
    try:
        asyncio.run(run(parse()))
    except (OSError, RuntimeError) as error:
        sys.stderr.write(f"the emulator cannot start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
