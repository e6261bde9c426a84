"""A project with a job that does what it is told by its variables and arguments."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from google.cloud import run_v2

from tests.functional.conftest import new_project

if TYPE_CHECKING:
    from tests.conftest import StartEmulator
    from tests.functional.conftest import Project, Result

PARENT = "projects/demo-project/locations/asia-east1"
NIGHTLY = f"{PARENT}/jobs/nightly"

JOB = """
import os, sys, time

index, attempt = (int(os.environ["CLOUD_RUN_TASK_" + word]) for word in ("INDEX", "ATTEMPT"))
if os.environ.get("SLEEP"):
    time.sleep(float(os.environ["SLEEP"]))
failing = os.environ.get("FAILING", "")
if failing == "once" and attempt == 0 or failing == str(index):
    sys.exit(7)
if "--fail" in sys.argv:
    sys.exit(3)
"""


def declare(project: "Project") -> None:
    """Declare the job `nightly` in place of the service."""
    # The same inputs for every test: the engine builds them once.
    (project.path / "app.py").write_text(JOB)
    project.declare(
        kind="job",
        job="nightly",
        service=None,
        ingress=None,
        service_account="nightly-run",
        max_retries=1,
        tasks=2,
    )


def deploy(project: "Project") -> None:
    """Declare the job and bring it up."""
    declare(project)
    done = project.up()
    assert done.code == 0, done.err + done.out


@dataclass(frozen=True)
class Standing:
    """A project whose job was deployed once, and what it was then.

    Args:
        project: the project.
        job: the job.
        policy: who may execute it.
        declared: its spec.
    """

    project: "Project"
    job: run_v2.Job
    policy: Any
    declared: dict[str, Any]

    def restore(self) -> None:
        """Make the job anew, as it was deployed: without executions, changes or faults."""
        cloud, jobs = self.project.cloud, self.project.pipeline().google.jobs
        cloud.admin("DELETE", "/faults")
        cloud.admin("POST", "/settings", iamDelay=0, operationDelay=0)
        jobs.delete_job(name=NIGHTLY).result(timeout=60)
        parts = ("template", "labels", "annotations")
        made = run_v2.Job(**{name: getattr(self.job, name) for name in parts})
        jobs.create_job(parent=PARENT, job_id="nightly", job=made).result(timeout=60)
        policy = type(self.policy)(version=3, bindings=self.policy.bindings)
        jobs.set_iam_policy(request={"resource": NIGHTLY, "policy": policy})
        self.project.declared.clear()
        self.project.declare(**self.declared)


@pytest.fixture(scope="session")
def standing(start_emulator: "StartEmulator", tmp_path_factory: pytest.TempPathFactory) -> Standing:
    """The job, deployed once, on an emulator that is never reset."""
    project = new_project(tmp_path_factory.mktemp("jobs"), start_emulator("--operation-delay", "0"))
    deploy(project)
    jobs = project.pipeline().google.jobs
    policy = jobs.get_iam_policy(request={"resource": NIGHTLY})
    return Standing(project, jobs.get_job(name=NIGHTLY), policy, dict(project.declared))


@pytest.fixture
def nightly(standing: Standing) -> "Project":
    """A project with a job `nightly`, as if just deployed; all above it stays as tests leave it."""
    standing.restore()
    return standing.project


@pytest.fixture
def fresh_nightly(project: "Project") -> "Project":
    """The same where nothing else is: for tests that take away what it stands on."""
    deploy(project)
    return project


def executed(project: "Project", *words: str, **environ: str) -> "Result":
    """``provision execute nightly --json``, with more words."""
    return project.run("execute", "nightly", "--json", *words, **environ)
