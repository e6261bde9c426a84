"""What a workflow must be, and when a change makes a new revision of it.

Source: the comments of ``google.cloud.workflows.v1.Workflow``; the words are assumed.
"""

import re
import secrets
from typing import Any

from provision.emulator.rpc.status import invalid
from provision.emulator.services.callers.words import not_done

WRITABLE = (
    "description",
    "labels",
    "service_account",
    "source_contents",
    "crypto_key_name",
    "call_log_level",
    "user_env_vars",
    "execution_history_level",
)
"""The fields that a caller may set."""
_ID = re.compile(r"[A-Za-z]([A-Za-z0-9_-]{0,62}[A-Za-z0-9])?")
_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_LONGEST_DESCRIPTION = 1000
_LARGEST_SOURCE = 128 * 1024
_MOST_LABELS = 64
_MOST_VARIABLES = 20
_VERSIONED = ("source_contents", "service_account", "call_log_level", "user_env_vars")


def check_id(given: str) -> None:
    """Raise `ApiError` (INVALID_ARGUMENT) for a name that no workflow can have."""
    if not _ID.fullmatch(given):
        raise invalid(
            "The workflow ID must contain only letters, numbers, underscores and hyphens, start "
            "with a letter, end with a number or a letter, and have at most 64 characters.",
            ("workflow_id", given[:200]),
        )


def check(workflow: Any) -> None:  # noqa: ANN401 - Workflow
    """Raise `ApiError` for a workflow that cannot be."""
    if workflow.crypto_key_name:
        raise not_done("Workflows with crypto_key_name are")
    if not workflow.source_contents.strip():
        raise invalid("Workflow source code must not be empty.", ("source_contents", "required"))
    if len(workflow.source_contents.encode()) > _LARGEST_SOURCE:
        raise invalid("Workflow source code must not exceed 128 KB.")
    if len(workflow.description) > _LONGEST_DESCRIPTION:
        raise invalid(f"The description must not exceed {_LONGEST_DESCRIPTION} characters.")
    check_labels(workflow.labels)
    if len(workflow.user_env_vars) > _MOST_VARIABLES:
        raise invalid(f"At most {_MOST_VARIABLES} user-defined environment variables are allowed.")


def check_labels(labels: Any) -> None:  # noqa: ANN401 - a map
    """Raise `ApiError` (INVALID_ARGUMENT) for labels of a workflow or execution that cannot be."""
    fit = all(_LABEL_KEY.fullmatch(key) and _LABEL_VALUE.fullmatch(labels[key]) for key in labels)
    if not fit or len(labels) > _MOST_LABELS:
        raise invalid(
            "Labels must be at most 64, of lowercase letters, numbers, underscores and dashes, "
            "with at most 63 characters each."
        )


def is_new_revision(changed: Any, before: Any) -> bool:  # noqa: ANN401 - Workflows
    """Whether what is executed, or as whom, is not what it was."""
    return any(getattr(changed, field) != getattr(before, field) for field in _VERSIONED)


def next_revision(before: str) -> str:
    """The id of the next revision, ``000001-a4d`` (documented form); `before` is empty at first."""
    number = int(before.partition("-")[0]) + 1 if before else 1
    return f"{number:06}-{secrets.token_hex(2)[:3]}"
