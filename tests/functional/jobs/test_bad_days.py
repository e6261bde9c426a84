"""Jobs on bad days: not ready, out of quota, gone, out of sight; each told in clear words."""

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from provision.clients.cloud_run_jobs import CloudRunJobs
from provision.clients.executions import Executions
from provision.invoke.execute import Execute
from provision.resources import JobName
from provision.run.execution import Overrides
from tests.functional.jobs.conftest import NIGHTLY, declare, executed

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator
    from tests.functional.conftest import Project

pytestmark = pytest.mark.engine

JOBS = "google.cloud.run.v2.Jobs"
EXECUTIONS = "google.cloud.run.v2.Executions"


def fault(cloud: "RunningEmulator", method: str, **what: object) -> None:
    """Make something go wrong with requests of `method`."""
    cloud.admin("POST", "/faults", method=method, **what)


def test_a_job_whose_deployment_failed_is_not_executed_and_heals_by_up(
    project: "Project", cloud: "RunningEmulator"
) -> None:
    """What it says of its failure is told; `up` tries it again."""
    declare(project)
    what = {"kind": "failed-operation", "code": "INTERNAL", "message": "no room for it", "times": 1}
    fault(cloud, f"{JOBS}/CreateJob", **what)
    failed = project.up()
    assert failed.code == 1
    assert "no room for it" in failed.err
    refused = executed(project)
    assert refused.code == 1
    assert "its last deployment failed. no room for it" in refused.err
    assert "provision up" in refused.err
    healed = project.up()
    assert healed.code == 0, healed.err
    assert executed(project).code == 0


def test_a_job_that_is_changing_is_waited_for(nightly: "Project") -> None:
    """A change that is under way ends before the execution begins."""
    google, said = nightly.pipeline().google, list[str]()
    executing = Execute(CloudRunJobs(google), Executions(google), said.append)
    job = google.jobs.get_job(name=NIGHTLY)
    job.template.task_count = 1
    nightly.cloud.admin("POST", "/settings", operationDelay=3)
    changing = google.jobs.update_job(job=job)
    nightly.cloud.admin("POST", "/settings", operationDelay=0)  # for the execution
    assert not changing.done()
    started = executing.start(JobName.parse(NIGHTLY), Overrides())
    assert executing.wait(started["name"])["taskCount"] == 1
    assert any("a change of job nightly is under way" in one for one in said)


def test_a_used_up_quota_started_nothing(nightly: "Project") -> None:
    """It says so: trying again is safe."""
    fault(
        nightly.cloud,
        f"{JOBS}/RunJob",
        code="RESOURCE_EXHAUSTED",
        message="Quota exceeded",
        times=9,
    )
    refused = executed(nightly)
    assert refused.code == 1
    assert "Quota exceeded" in refused.err
    assert "No execution was started" in refused.err


def test_a_lost_answer_may_have_started_it(nightly: "Project") -> None:
    """Running the command again could execute it twice, so looking comes first."""
    fault(
        nightly.cloud,
        f"{JOBS}/RunJob",
        code="UNAVAILABLE",
        message="try later",
        when="after",
        times=9,
    )
    refused = executed(nightly)
    assert refused.code == 1
    assert "may have been started all the same" in refused.err
    live = nightly.pipeline().google.jobs.get_job(name=nightly.spec.resource_name.name)
    assert live.execution_count == 1


def test_looks_that_fail_for_a_while_are_no_matter(nightly: "Project") -> None:
    """The execution goes on meanwhile, and so does the wait."""
    fault(nightly.cloud, f"{EXECUTIONS}/GetExecution", code="UNAVAILABLE", message="away", times=3)
    done = executed(nightly)
    assert done.code == 0, done.err
    assert "it goes on" in done.err


def test_looks_that_go_on_failing_end_the_wait(nightly: "Project") -> None:
    """The execution is named, and it is said that it goes on."""
    fault(
        nightly.cloud, f"{EXECUTIONS}/GetExecution", code="UNAVAILABLE", message="away", times=None
    )
    lost = executed(nightly)
    assert lost.code == 1
    assert "The execution goes on" in lost.err
    assert lost.document["execution"]
    assert lost.document["state"] == "running"


@pytest.mark.parametrize(
    ("act", "told"),
    [
        ("delete_execution", "was deleted while it was waited for"),
        ("cancel_execution", "Cancelled: execution nightly-"),
    ],
)
def test_an_execution_that_somebody_else_ends_is_told(
    nightly: "Project", act: str, told: str
) -> None:
    """Deleted or cancelled under us, it has not succeeded."""
    command = [sys.executable, "-m", "provision", "execute", "nightly", "--env", "SLEEP=60"]
    with subprocess.Popen(
        [*command, "--tasks", "1"],
        cwd=nightly.path,
        env=nightly.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        while "0/1 succeeded" not in (line := process.stderr.readline()):
            assert line
        executions = nightly.pipeline().google.executions
        (one,) = executions.list_executions(parent=nightly.spec.resource_name.name)
        getattr(executions, act)(name=one.name).result(timeout=60)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert told in out + err


def test_a_public_member_above_a_job_is_found(
    fresh_nightly: "Project", cloud: "RunningEmulator"
) -> None:
    """A job takes none itself; a folder does, in any role that executes jobs."""
    folder, member = "folders/200000000001", "allAuthenticatedUsers"
    cloud.admin("POST", "/grants", resource=folder, role="roles/run.jobsExecutor", member=member)
    found = fresh_nightly.run("verify", "--json", "--wait", "0s")
    assert found.code == 1
    assert f"public by {folder}" in found.check("no-public-member-above")["summary"]
