"""What an execution may be asked to be.

Sources: the comments of ``google.cloud.workflows.executions.v1`` and the quotas of Workflows; the
words are assumed.
"""

import json
from typing import Any

from provision.emulator.rpc.status import invalid
from provision.emulator.services.callers.workflows.rules import check_labels

_LARGEST_ARGUMENT = 32 * 1024
NO_ARGUMENT = "null"


def checked_argument(text: str) -> Any:  # noqa: ANN401 - JSON
    """The value of an argument, JSON; null without one. Raises `ApiError` (INVALID_ARGUMENT)."""
    if len(text.encode()) > _LARGEST_ARGUMENT:
        raise invalid("The execution argument must not exceed 32 KB.", ("execution.argument", ""))
    try:
        return json.loads(text or NO_ARGUMENT, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise invalid(
            f"The execution argument must be a valid JSON value: {error}",
            ("execution.argument", "invalid JSON"),
        ) from error


def _refused(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def check_execution(execution: Any) -> None:  # noqa: ANN401 - Execution
    """Raise `ApiError` (INVALID_ARGUMENT) for what an execution cannot have."""
    check_labels(execution.labels)
