"""`provision execute`: a job run to its end, and what is said where it does not get there."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.functional.jobs.conftest import declare, executed

if TYPE_CHECKING:
    from tests.functional.conftest import Project

pytestmark = pytest.mark.engine


def as_another(project: "Project", role: str) -> dict[str, str]:
    """The environment of somebody who has only `role` on the job."""
    jobs = project.pipeline().google.jobs
    resource = project.spec.resource_name.name
    policy = jobs.get_iam_policy(request={"resource": resource})
    policy.bindings.add(role=role, members=["user:ann@example.com"])
    jobs.set_iam_policy(request={"resource": resource, "policy": policy})
    return project.act_as("user:ann@example.com")


def test_an_execution_is_waited_for_and_counted(nightly: "Project") -> None:
    """The answer is on stdout, how it goes on stderr, and the code is 0."""
    done = executed(nightly)
    assert done.code == 0, done.err
    told = done.document
    assert (told["state"], told["job"], told["error"]) == ("succeeded", "nightly", None)
    assert told["execution"].startswith(f"{nightly.spec.resource_name}/executions/nightly-")
    assert told["tasks"] == {
        "total": 2,
        "succeeded": 2,
        "failed": 0,
        "cancelled": 0,
        "running": 0,
        "retried": 0,
    }
    assert "2/2 succeeded" in done.err
    text = nightly.run("execute", "job/nightly")
    assert text.out.startswith("Succeeded: execution nightly-")


def test_a_task_that_fails_says_why(nightly: "Project") -> None:
    """Which task, its exit code, how often it was tried, and where its log is."""
    done = executed(nightly, "--env", "FAILING=1")
    assert done.code == 1
    (failure,) = done.document["failures"]
    assert (failure["index"], failure["exit_code"], failure["retries"]) == (1, 7, 1)
    assert failure["message"]
    assert failure["log"].startswith("http")
    assert done.document["tasks"]["succeeded"] == 1
    text = nightly.run("execute", "nightly", "--env", "FAILING=1")
    assert text.out.startswith("Failed: execution nightly-")
    assert "task 1: exit code 7 after 1 retry" in text.out


def test_a_task_that_succeeds_when_tried_again_is_told_as_retried(nightly: "Project") -> None:
    """It counts as succeeded, and the retry is counted."""
    done = executed(nightly, "--env", "FAILING=once", "--tasks", "1")
    assert done.code == 0, done.err
    assert (done.document["tasks"]["succeeded"], done.document["tasks"]["retried"]) == (1, 1)


def test_arguments_replace_those_of_the_job_this_once(nightly: "Project") -> None:
    """The next execution has the job's own again."""
    command = ["python3", "app.py"]
    nightly.declare(command=command, max_retries=0, tasks=1)
    assert nightly.run("up", "--yes", "--wait", "3s").code == 0
    failed = executed(nightly, "--args=--fail")
    assert failed.document["failures"][0]["exit_code"] == 3
    assert executed(nightly).code == 0


def test_without_waiting_it_says_where_to_look(nightly: "Project") -> None:
    """It is started, named, and left alone."""
    done = nightly.run("execute", "nightly", "--async")
    assert done.code == 0, done.err
    assert done.out.startswith("Started: execution nightly-")
    assert "gcloud run jobs executions describe nightly-" in done.out
    assert executed(nightly, "--no-wait").document["state"] == "running"


def test_overrides_ask_for_a_permission_of_their_own(nightly: "Project") -> None:
    """Who may only execute is told the permission and the least role that has it."""
    ann = as_another(nightly, "roles/run.jobsExecutor")
    refused = executed(nightly, "--env", "DAY=1", **ann)
    assert refused.code == 1
    assert refused.document["execution"] is None
    assert "run.jobs.runWithOverrides" in refused.err
    assert "roles/run.jobsExecutorWithOverrides" in refused.err


def test_who_may_only_execute_starts_it_and_is_told_what_cannot_be_seen(nightly: "Project") -> None:
    """The execution goes on; how it ends is not known, which is neither success nor failure."""
    ann = as_another(nightly, "roles/run.jobsExecutor")
    unseen = executed(nightly, **ann)
    assert unseen.code == 4, unseen.err
    assert unseen.document["execution"]
    assert "was started" in unseen.err
    assert "roles/run.viewer" in unseen.err
    assert executed(nightly, "--no-wait", **ann).code == 0


def test_an_impersonated_account_executes_in_its_own_name(nightly: "Project") -> None:
    """As in every command; the execution tells who began it."""
    account = "runner@demo-project.iam.gserviceaccount.com"
    project = "projects/demo-project"
    nightly.pipeline().google.iam.create_service_account(
        request={"name": project, "account_id": "runner"}
    )
    for role in ("roles/run.jobsExecutor", "roles/run.viewer"):
        member = f"serviceAccount:{account}"
        nightly.cloud.admin("POST", "/grants", resource=project, role=role, member=member)
    done = executed(nightly, "--impersonate-service-account", account)
    assert done.code == 0, done.err
    assert done.document["identity"] == f"serviceAccount:{account}"
    live = nightly.pipeline().google.executions.get_execution(name=done.document["execution"])
    assert live.creator == account


def test_nobody_else_executes_it(nightly: "Project") -> None:
    """The refusal names the permission and the least role."""
    refused = executed(nightly, **nightly.act_as("user:mallory@example.com"))
    assert refused.code == 1
    assert "run.jobs.run" in refused.err
    assert "roles/run.jobsExecutor" in refused.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("execute", "job/weekly"), "weekly"),
        (("execute", "nightl"), "nightly"),
        (("execute", "service/nightly"), "only jobs are executed"),
        (("execute", "nightly", "--tasks", "0"), "1 to 10,000"),
        (("execute", "nightly", "--task-timeout", "169h"), "168h"),
        (("execute", "nightly", "--env", "A"), "NAME=VALUE"),
        (("execute", "nightly", "--env", "CLOUD_RUN_JOB=x"), "Cloud Run sets it"),
        (("execute", "nightly", "--env", "A=1", "--env", "A=2"), "twice"),
    ],
)
def test_what_cannot_be_is_said_before_anything_starts(
    project: "Project", words: tuple[str, ...], told: str
) -> None:
    """A wrong name, kind or override starts nothing."""
    declare(project)
    project.forget_requests()
    refused = project.run(*words)
    assert refused.code in {1, 2}
    assert told in refused.err
    assert project.writes() in ([], ["google.cloud.run.v2.Jobs/RunJob"])
    assert "weekly" in told or project.writes() == []


Interrupt = Callable[..., tuple[int, str, dict[str, Any]]]


@pytest.fixture
def interrupt(nightly: "Project") -> Iterator[Interrupt]:
    """Executes with more words, sends Ctrl-C once a task runs; code, stderr and JSON."""

    def go(*words: str) -> tuple[int, str, dict[str, Any]]:
        command = [sys.executable, "-m", "provision", "execute", "nightly", "--json"]
        with subprocess.Popen(
            [*command, "--env", "SLEEP=60", "--tasks", "1", *words],
            cwd=nightly.path,
            env=nightly.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            seen = ""
            while "0/1 succeeded" not in seen:
                line = process.stderr.readline()
                assert line, seen
                seen += line
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        return process.returncode, err, json.loads(out)

    yield go
    pipeline = nightly.pipeline()
    for execution in pipeline.google.executions.list_executions(
        parent=nightly.spec.resource_name.name
    ):
        if not execution.completion_time:
            pipeline.google.executions.cancel_execution(name=execution.name).result(timeout=60)


def test_ctrl_c_while_waiting_leaves_the_execution_running(
    interrupt: Interrupt, nightly: "Project"
) -> None:
    """It says so, names it, and says how to look and how to cancel."""
    code, err, told = interrupt()
    assert code == 130
    assert "goes on" in err
    assert "executions cancel nightly-" in err
    assert (told["state"], told["error"]["kind"]) == ("running", "InterruptedByUserError")
    live = nightly.pipeline().google.executions.get_execution(name=told["execution"])
    assert not live.completion_time


def test_ctrl_c_cancels_where_that_was_asked_for(interrupt: Interrupt, nightly: "Project") -> None:
    """The execution ends as cancelled."""
    code, err, told = interrupt("--cancel-on-interrupt")
    assert code == 130
    assert "is being cancelled" in err
    executions = nightly.pipeline().google.executions
    deadline = time.monotonic() + 60
    while not (live := executions.get_execution(name=told["execution"])).completion_time:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert live.cancelled_count == 1
