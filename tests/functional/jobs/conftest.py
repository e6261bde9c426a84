"""A project with a job that does what it is told by its variables and arguments."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.functional.conftest import Project, Result

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


@pytest.fixture
def nightly(project: "Project") -> "Project":
    """A project with a job `nightly`, deployed."""
    declare(project)
    done = project.up()
    assert done.code == 0, done.err + done.out
    return project


def executed(project: "Project", *words: str, **environ: str) -> "Result":
    """``provision execute nightly --json``, with more words."""
    return project.run("execute", "nightly", "--json", *words, **environ)
