"""How a roll-out ended: conditions and messages, in Google's words."""

from collections.abc import Mapping
from typing import Any

from google.cloud import run_v2

from provision.emulator.seams import StartError
from provision.emulator.services.run.records import ConditionMessage, RevisionRecord
from provision.emulator.times import run_etag, timestamp, to_micros

STATE = run_v2.Condition.State
_KEPT_AFTER_DELETION = 30 * 24 * 3600 * 1_000_000  # µs
_COMMON = run_v2.Condition.CommonReason
_REVISION = run_v2.Condition.RevisionReason


class RolloutError(Exception):
    """The revision did not become ready.

    Args:
        code: canonical code of the operation's error.
        message: Google's words.
        reason: name of the condition's reason.
        logs: the last lines of the container.
    """

    def __init__(self, code: str, message: str, reason: str, logs: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason
        self.logs = logs


def as_rollout_error(
    revision: str, cause: RolloutError | StartError, logs_url: str = ""
) -> RolloutError:
    """The failure with the revision named and its log's address added, where Google adds them."""
    text = str(cause)
    if not text.startswith("Revision '"):
        text = f"Revision '{revision}' is not ready and cannot serve traffic. {text}"
    if isinstance(cause, RolloutError):
        return RolloutError(cause.code, text, cause.reason)
    if logs_url and "Logs URL" not in text:
        if "Logs for this revision" not in text:
            text += " Logs for this revision might contain more information."
        text += f"\n\nLogs URL: {logs_url}"
    return RolloutError("FAILED_PRECONDITION", text, cause.reason, cause.logs)


def condition(kind: str, state: int, now: Any, error: RolloutError | None = None) -> Any:  # noqa: ANN401 - Condition
    """A condition; a failed one carries message and reason."""
    made = ConditionMessage(type_=kind, state=state, last_transition_time=now)
    if error is not None:
        made.message = error.message
        if error.reason in _REVISION.__members__:
            made.revision_reason = _REVISION.__members__[error.reason]
        else:
            reason = error.reason if error.reason in _COMMON.__members__ else "UNKNOWN"
            made.reason = _COMMON.__members__[reason]
    return made


def set_conditions(message: Any, terminal: Any, conditions: list[Any]) -> None:  # noqa: ANN401 - messages
    """Replace a service's conditions; Ready is the terminal one alone."""
    message.terminal_condition.CopyFrom(terminal)
    del message.conditions[:]
    message.conditions.extend(conditions)


def conclude(revision: RevisionRecord, error: RolloutError | None) -> None:
    """Write a revision's own conditions and end its reconciling."""
    message, now = revision.message, timestamp()
    state = STATE.CONDITION_SUCCEEDED if error is None else STATE.CONDITION_FAILED
    message.reconciling = False
    message.observed_generation = message.generation
    message.update_time.CopyFrom(now)
    message.etag = run_etag(now, message.name)
    missing = error is not None and error.reason == "CONTAINER_MISSING"
    parts = {
        "Ready": error,
        "ContainerReady": error if missing else None,
        "ResourcesAvailable": None if missing else error,
    }
    del message.conditions[:]
    message.conditions.extend(
        condition(kind, state if found else STATE.CONDITION_SUCCEEDED, now, found)
        for kind, found in parts.items()
    )


def stamp(email: str, message: Any, now: Any, *, reconciling: bool = True) -> None:  # noqa: ANN401 - messages
    """Write down who wrote a service or job, and when; its etag follows."""
    message.update_time.CopyFrom(now)
    message.last_modifier = email
    message.reconciling = reconciling
    message.etag = run_etag(now, message.name)


def make_pending(terminal: Any) -> None:  # noqa: ANN401 - Condition
    """The terminal condition of what is there already; it keeps its time (recorded)."""
    terminal.type_ = "Ready"
    terminal.state = STATE.CONDITION_PENDING
    for field in ("message", "reason", "revision_reason"):
        terminal.ClearField(field)


def begin_deletion(message: Any, email: str) -> None:  # noqa: ANN401 - Service or Job
    """Show a service or job as being deleted, all at one moment (recorded)."""
    now = timestamp()
    message.delete_time.CopyFrom(now)
    message.expire_time.CopyFrom(timestamp(to_micros(now) + _KEPT_AFTER_DELETION))
    message.generation += 1
    make_pending(message.terminal_condition)
    stamp(email, message, now)


def conclude_deletion(message: Any) -> None:  # noqa: ANN401 - Service or Job
    """Show a service or job as deleted: written once more, at the moment it is ready (recorded)."""
    now = timestamp()
    message.observed_generation = message.generation
    message.reconciling = False
    message.update_time.CopyFrom(now)
    message.etag = run_etag(now, message.name)
    message.terminal_condition.CopyFrom(condition("Ready", STATE.CONDITION_SUCCEEDED, now))


def show_urls(message: Any, urls: tuple[str, ...]) -> None:  # noqa: ANN401 - Service
    """Show a service's addresses; `uri` is the second of the two (recorded)."""
    del message.urls[:]
    message.urls.extend(urls)
    message.uri = urls[-1]


def show_traffic(message: Any, addresses: Mapping[str, str]) -> None:  # noqa: ANN401 - Service
    """Show where traffic goes: as it was asked for, with the address of each tag."""
    del message.traffic_statuses[:]
    for target in message.traffic:
        message.traffic_statuses.add(
            type_=target.type_,
            revision=target.revision,
            percent=target.percent,
            tag=target.tag,
            uri=addresses.get(target.tag, ""),
        )
