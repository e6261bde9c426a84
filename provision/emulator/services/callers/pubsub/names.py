"""Names, labels and durations of Pub/Sub, and which of its fields are kept.

Source: the comments of ``google.pubsub.v1``; the words are reported where they are quoted in public
issues (``Invalid resource name given``), assumed elsewhere.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.services.callers.words import not_done

_ID = re.compile(r"[A-Za-z][A-Za-z0-9._~+%-]{2,254}")
_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_MOST_LABELS = 64
_HELP = "https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names"


def check_name(name: str, collection: str) -> None:
    """Raise `ApiError` (INVALID_ARGUMENT) unless it is ``projects/P/COLLECTION/ID``.

    Args:
        name: as sent.
        collection: ``topics`` or ``subscriptions``.
    """
    parts = name.split("/")
    fits = len(parts) == 4 and parts[0] == "projects" and parts[1] and parts[2] == collection  # noqa: PLR2004 - two collections and two ids
    if not fits or not _ID.fullmatch(parts[3]) or parts[3].startswith("goog"):
        raise invalid(
            f"Invalid resource name given (name={name}). Refer to {_HELP} for more information."
        )


def check_project(name: str) -> None:
    """Raise `ApiError` (INVALID_ARGUMENT) unless it is ``projects/P``."""
    if not re.fullmatch(r"projects/[^/]+", name):
        raise invalid(
            f"Invalid resource name given (name={name}). Refer to {_HELP} for more information."
        )


def wrong(argument: str) -> ApiError:
    """INVALID_ARGUMENT as Pub/Sub says it.

    Args:
        argument: as in ``PushConfig::oidc_token::service_account_email``.
    """
    return invalid(f"You have passed an invalid argument to the service (argument={argument}).")


def check_labels(labels: Mapping[str, str], kind: str) -> None:
    """Raise `ApiError` (INVALID_ARGUMENT) for labels that cannot be."""
    fit = all(_LABEL_KEY.fullmatch(key) and _LABEL_VALUE.fullmatch(labels[key]) for key in labels)
    if len(labels) > _MOST_LABELS or not fit:
        raise wrong(f"{kind}::labels")


def check_duration(duration: Any, least: int, most: int, argument: str) -> None:  # noqa: ANN401 - Duration
    """Raise `ApiError` (INVALID_ARGUMENT) outside of a range of seconds."""
    if not least <= duration.seconds + duration.nanos / 1e9 <= most:
        raise wrong(argument)


def check_offered(message: Any, kept: Iterable[str], what: str) -> None:  # noqa: ANN401 - a message
    """Raise `ApiError` (UNIMPLEMENTED) for a field that would be kept for nothing."""
    known = set(kept)
    for field, _ in message.ListFields():
        if field.name not in known:
            raise not_done(f"{what} with {field.name} are")


def check_mask(paths: Iterable[str], kind: str, fixed: Iterable[str]) -> None:
    """Raise `ApiError` (INVALID_ARGUMENT) for a mask that Pub/Sub does not take.

    Args:
        paths: of the update mask.
        kind: ``Topic`` or ``Subscription``.
        fixed: fields that never change.
    """
    named = list(paths)
    if not named:
        raise invalid(
            f"The update_mask in the Update{kind}Request must be set, and must contain a "
            "non-empty paths list."
        )
    for field in fixed:
        if field in named:
            raise invalid(
                f"Invalid update_mask provided in the Update{kind}Request: the '{field}' field in "
                f"the {kind} is not mutable."
            )
