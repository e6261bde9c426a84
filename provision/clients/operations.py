"""Long-running operations: looked at until they are done, with what they do told meanwhile."""

from collections.abc import Callable
from typing import Any

from provision.clients.clock import Clock
from provision.errors import UnavailableError

_LOOK_AGAIN = 0.5
"""Seconds between two looks."""


def wait_until_done(  # noqa: PLR0913, PLR0917 - all of it differs from call to call
    operation: Any,  # noqa: ANN401 - google.api_core.operation.Operation
    doing: str,
    limit: float,
    clock: Clock,
    report: Callable[[str], None],
    told: Callable[[Any], str],
) -> None:
    """Wait for an operation; how it ended is for the caller to ask.

    Args:
        operation: as Google's clients return it.
        doing: what it does, for the error.
        limit: seconds.
        clock: waits.
        report: takes a line of progress.
        told: makes that line of the operation's metadata.

    Raises:
        UnavailableError: it is still under way after `limit`.
    """
    deadline = clock.monotonic() + limit
    while not operation.done():
        report(told(operation.metadata))
        if clock.monotonic() > deadline:
            raise UnavailableError(
                f"{doing}: the operation is still under way after {limit:.0f} s.",
                hint="Run the same command again to go on waiting.",
            )
        clock.sleep(_LOOK_AGAIN)
