"""What executions and tasks tell of themselves by conditions, from their beginning to their end.

Types, their order and most of the words are quoted from executions on Google Cloud; see
``docs/emulator.md``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from google.cloud import run_v2

from provision.emulator.services.run.outcome import STATE
from provision.emulator.services.run.records import ConditionMessage
from provision.emulator.times import timestamp, to_micros

_OF_EXECUTION = run_v2.Condition.ExecutionReason.__members__
_COMMON = run_v2.Condition.CommonReason.__members__
CANCELLED = "CANCELLED"
NON_ZERO = "NON_ZERO_EXIT_CODE"


@dataclass(frozen=True)
class Failure:
    """Why a task or an execution failed.

    Args:
        message: in words.
        reason: of v2's enums for conditions, as ``NON_ZERO_EXIT_CODE``.
        started: whether a container could be started; without one no other attempt helps.
        code: of the attempt's status, as google.rpc.Code has it.
    """

    message: str
    reason: str = NON_ZERO
    started: bool = True
    code: int = 10


def provisioned(execution: Any) -> None:  # noqa: ANN401 - Execution
    """Resources and image are there, and no task has begun."""
    _replace(
        execution,
        (
            _going("Completed", "Waiting for execution to complete."),
            _true("ResourcesAvailable", "Provisioned imported containers."),
            _going("Started", "Waiting for execution to start."),
            _true("ContainerReady", "Imported container image."),
        ),
    )


def started(execution: Any) -> None:  # noqa: ANN401 - Execution
    """Write down that the first task begins; nothing happens for the others."""
    for one in execution.conditions:
        if one.type_ == "Started" and one.state == STATE.CONDITION_RECONCILING:
            took = _seconds(execution.create_time, timestamp())
            one.CopyFrom(_true("Started", f"Started deployed execution in {took}."))


def ended(execution: Any, failure: Failure | None) -> None:  # noqa: ANN401 - Execution
    """Write down how an execution ended, and when; what was true stays so."""
    now = timestamp()
    execution.completion_time.CopyFrom(now)
    took = _seconds(execution.start_time, now)
    last = _true("Completed", f"Execution completed successfully in {took}.")
    if failure is not None:
        last = _failed("Completed", failure)
    _replace(execution, (last, *_parts(execution, failure)))


def _parts(execution: Any, failure: Failure | None) -> Iterator[Any]:  # noqa: ANN401 - Execution, Condition
    """The other conditions; where no container could start each says why."""
    known = {one.type_: one for one in execution.conditions}
    for kind in ("ResourcesAvailable", "Started", "ContainerReady"):
        found = known.get(kind)
        true = found is not None and found.state == STATE.CONDITION_SUCCEEDED
        if true and (failure is None or failure.started):
            yield found
        else:
            yield _true(kind, "") if failure is None else _failed(kind, failure)


def task_started(task: Any) -> None:  # noqa: ANN401 - Task
    """A task's first attempt begins."""
    task.start_time.CopyFrom(timestamp())
    _replace(task, (_going("Completed", ""), _true("Started", "")))


def task_ended(task: Any, failure: Failure | None) -> None:  # noqa: ANN401 - Task
    """Write down how a task ended, and when."""
    task.completion_time.CopyFrom(timestamp())
    last = _true("Completed", "") if failure is None else _failed("Completed", failure)
    begun = (one for one in task.conditions if one.type_ == "Started")
    _replace(task, (last, *begun))


def completed(message: Any) -> Any:  # noqa: ANN401 - Execution or Task, Condition
    """The condition that tells how an execution or task ended, or that it goes on."""
    return next(one for one in message.conditions if one.type_ == "Completed")


def is_cancelled(message: Any) -> bool:  # noqa: ANN401 - Execution or Task
    """Whether an execution or task was cancelled."""
    return bool(completed(message).execution_reason == _OF_EXECUTION[CANCELLED])


def failure_of(message: Any) -> Failure | None:  # noqa: ANN401 - Execution or Task
    """Why an execution or task failed; None for one that did not, or goes on."""
    last = completed(message)
    if last.state != STATE.CONDITION_FAILED:
        return None
    if last.execution_reason:
        return Failure(last.message, run_v2.Condition.ExecutionReason(last.execution_reason).name)
    return Failure(last.message, run_v2.Condition.CommonReason(last.reason).name, started=False)


def _replace(message: Any, conditions: Iterable[Any]) -> None:  # noqa: ANN401 - Execution or Task
    copies = [ConditionMessage.FromString(one.SerializeToString()) for one in conditions]
    del message.conditions[:]
    message.conditions.extend(copies)


def _failed(kind: str, failure: Failure) -> Any:  # noqa: ANN401 - Condition
    found = _condition(kind, STATE.CONDITION_FAILED, failure.message)
    if failure.reason in _OF_EXECUTION:
        found.execution_reason = _OF_EXECUTION[failure.reason]
    else:
        found.reason = _COMMON.get(failure.reason, _COMMON["UNKNOWN"])
    return found


def _true(kind: str, text: str) -> Any:  # noqa: ANN401 - Condition
    return _condition(kind, STATE.CONDITION_SUCCEEDED, text)


def _going(kind: str, text: str) -> Any:  # noqa: ANN401 - Condition
    return _condition(kind, STATE.CONDITION_RECONCILING, text)


def _condition(kind: str, state: int, text: str) -> Any:  # noqa: ANN401 - Condition
    return ConditionMessage(type_=kind, state=state, message=text, last_transition_time=timestamp())


def _seconds(since: Any, until: Any) -> str:  # noqa: ANN401 - Timestamp
    """``38.22s``, and ``1m3.6s`` past a minute, as Google writes it."""
    total = max(to_micros(until) - to_micros(since), 0) / 1e6
    minutes, seconds = divmod(round(total, 2), 60)
    text = f"{seconds:.2f}".rstrip("0").rstrip(".")
    return f"{int(minutes)}m{text}s" if minutes else f"{text}s"
