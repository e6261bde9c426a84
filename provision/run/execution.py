"""An execution of a job: what it is to have otherwise, how it stands, why it failed. Pure.

Executions and tasks are Google's JSON (Cloud Run Admin API v2).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from provision.errors import UsageError
from provision.spec.kinds import MAX_TASK_TIMEOUT, MAX_TASKS, RESERVED_ENV, VARIABLE
from provision.spec.model import Kind

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Overrides:
    """What one execution has otherwise than the job says; nothing where all is empty.

    Args:
        args: all arguments of the container.
        env: variables put over those of the same names; may hold secrets.
        tasks: how many tasks.
        timeout: seconds that a try of a task may take.
    """

    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    tasks: int | None = None
    timeout: int | None = None

    def __bool__(self) -> bool:
        """Whether there is anything; overrides ask for a permission of their own."""
        return bool(self.args or self.env or self.tasks or self.timeout)

    @property
    def of_container(self) -> bool:
        """Whether something is for the container, which has to be named among several."""
        return bool(self.args or self.env)


def overrides_of(
    args: Sequence[str], env: Sequence[str], tasks: int | None, timeout: float | None
) -> Overrides:
    """Overrides from a command line.

    Args:
        args: the arguments, one each.
        env: ``NAME=VALUE``, one each.
        tasks: how many.
        timeout: seconds.

    Raises:
        UsageError: one of them is not possible.
    """
    if tasks is not None and not 1 <= tasks <= MAX_TASKS:
        raise UsageError(f"--tasks {tasks}: an execution has 1 to {MAX_TASKS:,} tasks.")
    if timeout is not None and not (timeout.is_integer() and 1 <= timeout <= MAX_TASK_TIMEOUT):
        raise UsageError(
            f"--task-timeout of {timeout:g} s: allowed are whole seconds from 1s to 168h."
        )
    whole = int(timeout) if timeout is not None else None
    return Overrides(tuple(args), _variables(env), tasks, whole)


def _variables(env: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in env:
        name, equals, value = item.partition("=")
        if not equals or not VARIABLE.fullmatch(name):
            raise UsageError(
                f"--env {name}: that is no variable.",  # what follows may be a secret
                hint="Write --env NAME=VALUE, once for each variable.",
            )
        if name in RESERVED_ENV[Kind.JOB]:
            raise UsageError(f"--env {name}: Cloud Run sets it itself.")
        if name in found:
            raise UsageError(f"--env {name} is given twice.")
        found[name] = value
    return found


class State(StrEnum):
    """How an execution stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


def state_of(execution: Json) -> State:
    """How it stands, by its condition ``Completed``."""
    told = _completed(execution)
    if told.get("state") == "CONDITION_SUCCEEDED":
        return State.SUCCEEDED
    if told.get("state") != "CONDITION_FAILED":
        return State.RUNNING
    cancelled = told.get("executionReason") in {"CANCELLED", "CANCELLING"}
    return State.CANCELLED if cancelled else State.FAILED


def message_of(execution: Json) -> str:
    """What it says of itself; empty where it says nothing."""
    return str(_completed(execution).get("message", ""))


def _completed(resource: Json) -> Json:
    conditions: Iterable[Json] = resource.get("conditions", ())
    return next((one for one in conditions if one.get("type") == "Completed"), {})


@dataclass(frozen=True)
class Counts:
    """How many of an execution's tasks stand how."""

    total: int
    succeeded: int
    failed: int
    cancelled: int
    running: int
    retried: int

    @classmethod
    def of(cls, execution: Json) -> "Counts":
        """Those that the execution tells."""
        told = [int(execution.get(f"{name}Count", 0)) for name in _COUNTED]
        return cls(int(execution.get("taskCount", 0)), *told)

    def __str__(self) -> str:
        """As progress shows it: ``3/10 succeeded, 1 running, 1 retried``."""
        others = {
            "running": self.running,
            "failed": self.failed,
            "cancelled": self.cancelled,
            "retried": self.retried,
        }
        parts = [f"{self.succeeded}/{self.total} succeeded"]
        parts += [f"{count} {word}" for word, count in others.items() if count]
        return ", ".join(parts)


_COUNTED = ("succeeded", "failed", "cancelled", "running", "retried")


@dataclass(frozen=True)
class TaskFailure:
    """A task that failed.

    Args:
        index: which of them, from 0.
        message: in Cloud Run's words.
        exit_code: of the last try; None where none is told.
        signal: that ended the container of the last try; None where it ended by itself.
        retries: tries after the first.
        log: address of its log; may be empty.
    """

    index: int
    message: str
    exit_code: int | None
    signal: int | None
    retries: int
    log: str

    def __str__(self) -> str:
        """In a line, the log left out."""
        code = f"exit code {self.exit_code}" if self.exit_code is not None else ""
        if self.signal is not None:
            code = f"killed by signal {self.signal}"
        many = "retry" if self.retries == 1 else "retries"
        again = f"after {self.retries} {many}" if self.retries else ""
        short = " ".join(part for part in (code, again) if part)
        told = ": ".join(part for part in (short, self.message) if part)
        return f"task {self.index}: {told or 'no reason is told'}"


def failure_of(task: Json) -> TaskFailure | None:
    """Why a task failed; None for one that did not."""
    told = _completed(task)
    if told.get("state") != "CONDITION_FAILED":
        return None
    last = task.get("lastAttemptResult", {})
    message = last.get("status", {}).get("message") or told.get("message", "")
    code, signal = (int(last[name]) if last.get(name) else None for name in _ENDS)
    index, retries = int(task.get("index", 0)), int(task.get("retried", 0))
    return TaskFailure(index, str(message), code, signal, retries, str(task.get("logUri", "")))


_ENDS = ("exitCode", "termSignal")
