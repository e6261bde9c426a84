"""Work that another process does meanwhile, on another core, from what this one has in memory."""

import os
import pickle
import signal
from collections.abc import Callable
from functools import cache
from typing import NoReturn, TypeVar

T = TypeVar("T")


def beside(work: Callable[[], T]) -> Callable[[], T]:
    """Begin some work in a copy of this process; what is returned waits for its result.

    Only what the work returns comes back, so it must change nothing that is needed later. Where no
    copy can be made or it ends without a result, the work is done here, when its result is wanted.
    Not for a process that has threads of libraries, such as open connections: a copy has none.

    Args:
        work: prints nothing; its result can be pickled.
    """
    if not hasattr(os, "fork") or _cores() == 1:
        return work
    reader, writer = os.pipe()
    try:
        process = os.fork()
    except OSError:
        os.close(reader)
        os.close(writer)
        return work
    if not process:
        os.close(reader)
        _do(work, writer)
    os.close(writer)
    return cache(lambda: _awaited(process, reader, work))


def _cores() -> int:
    """How many this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def _do(work: Callable[[], T], writer: int) -> NoReturn:
    """In the copy: it ends here whatever happens, and quietly, for the other one tells all."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        with os.fdopen(writer, "wb") as out:
            pickle.dump(work(), out, pickle.HIGHEST_PROTOCOL)
        code = 0
    finally:
        os._exit(code)


def _awaited(process: int, reader: int, work: Callable[[], T]) -> T:
    with os.fdopen(reader, "rb") as coming:
        told = coming.read()
    _, status = os.waitpid(process, 0)
    if status:
        return work()
    result: T = pickle.loads(told)  # noqa: S301 - from a copy of this very process
    return result
