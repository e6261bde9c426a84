"""Executions: overrides from a command line, how one stands, why a task failed."""

import pytest

from provision.errors import UsageError
from provision.run.execution import (
    Counts,
    Overrides,
    State,
    failure_of,
    message_of,
    overrides_of,
    state_of,
)


def completed(state: str, **more: str) -> dict[str, object]:
    """An execution or task with that condition."""
    return {"conditions": [{"type": "Started"}, {"type": "Completed", "state": state, **more}]}


def test_nothing_overridden_asks_for_no_permission() -> None:
    """Overrides that are empty are none."""
    assert not overrides_of((), (), None, None)
    assert overrides_of((), ("A=",), None, None).of_container
    assert not overrides_of((), (), 2, 60.0).of_container
    assert overrides_of(("-v", ""), ("A=b=c",), 2, 60.0) == Overrides(
        ("-v", ""), {"A": "b=c"}, 2, 60
    )


@pytest.mark.parametrize(
    ("env", "tasks", "timeout"),
    [
        (("1A=b",), None, None),
        (("=b",), None, None),
        (("A",), None, None),
        (("A=1", "A=1"), None, None),
        (("CLOUD_RUN_TASK_COUNT=1",), None, None),
        ((), 0, None),
        ((), 10_001, None),
        ((), None, 0.0),
        ((), None, 1.5),
        ((), None, 604_801.0),
    ],
)
def test_impossible_overrides_are_refused(
    env: tuple[str, ...], tasks: int | None, timeout: float | None
) -> None:
    """Before anything is started."""
    with pytest.raises(UsageError):
        overrides_of((), env, tasks, timeout)


def test_a_value_is_shown_nowhere() -> None:
    """A variable may be a secret, in a message and in a repr."""
    assert "s3cret" not in repr(overrides_of((), ("TOKEN=s3cret",), None, None))
    with pytest.raises(UsageError) as caught:
        overrides_of((), ("TO KEN=s3cret",), None, None)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("execution", "state"),
    [
        ({}, State.RUNNING),
        (completed("CONDITION_PENDING"), State.RUNNING),
        (completed("CONDITION_RECONCILING"), State.RUNNING),
        (completed("CONDITION_SUCCEEDED"), State.SUCCEEDED),
        (completed("CONDITION_FAILED", executionReason="NON_ZERO_EXIT_CODE"), State.FAILED),
        (completed("CONDITION_FAILED", executionReason="CANCELLED"), State.CANCELLED),
    ],
)
def test_the_condition_completed_tells_how_it_stands(
    execution: dict[str, object], state: State
) -> None:
    """And no other condition does."""
    assert state_of(execution) is state


def test_counts_read_as_a_line() -> None:
    """What is none is left out."""
    counts = Counts.of({"taskCount": 10, "succeededCount": 3, "runningCount": 1, "retriedCount": 1})
    assert str(counts) == "3/10 succeeded, 1 running, 1 retried"
    assert str(Counts.of({})) == "0/0 succeeded"


def test_a_failed_task_tells_its_last_try() -> None:
    """The exit code and the service's words; the condition's where there was no try."""
    failed = completed("CONDITION_FAILED", message="no room")
    last = {"exitCode": 7, "status": {"code": 10, "message": "it exited"}}
    assert (
        str(failure_of({**failed, "lastAttemptResult": last, "index": 3, "retried": 2}))
        == "task 3: exit code 7 after 2 retries: it exited"
    )
    killed = {**failed, "lastAttemptResult": {"exitCode": 137, "termSignal": 9}, "retried": 1}
    assert str(failure_of(killed)) == "task 0: killed by signal 9 after 1 retry: no room"
    assert str(failure_of(failed)) == "task 0: no room"
    assert str(failure_of(completed("CONDITION_FAILED"))) == "task 0: no reason is told"
    assert failure_of(completed("CONDITION_SUCCEEDED")) is None
    assert message_of(failed) == "no room"
