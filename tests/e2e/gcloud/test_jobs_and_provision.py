"""A job from a Dockerfile to a finished execution; what gcloud makes of it, and makes itself."""

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.e2e.gcloud.application import Application
from tests.functional.conftest import DOCKERFILE
from tests.functional.jobs.conftest import JOB

if TYPE_CHECKING:
    from tests.e2e.cloud.target import Target
    from tests.e2e.gcloud.conftest import Gcloud

pytestmark = pytest.mark.engine


@pytest.fixture(scope="session")
def made(target: "Target", tmp_path_factory: pytest.TempPathFactory) -> Application:
    """An application whose job `provision up` brought there."""
    path = tmp_path_factory.mktemp("job")
    (path / "app.py").write_text(f"{JOB}\n# {uuid4()}\n")
    (path / "Dockerfile").write_text(DOCKERFILE)
    (path / ".dockerignore").write_text("*.yaml\n")
    application = Application(path, target, target.name("job"))
    declare(application)
    application.provision("up", "--yes", "--wait", target.wait)
    return application


def declare(application: Application, **fields: object) -> None:
    """Declare the job, two tasks without retries."""
    application.write(
        kind="job",
        job=application.service,
        tasks=2,
        max_retries=0,
        **{"image": {"context": ".", "repository": application.target.name("images")}, **fields},
    )


def executed(application: Application, *words: str, code: int = 0) -> dict[str, Any]:
    """What ``provision execute --json`` told."""
    out = application.provision("execute", application.service, "--json", *words, code=code)
    told: dict[str, Any] = json.loads(out)
    return told


def described(gcloud: "Gcloud", application: Application) -> Any:  # noqa: ANN401 - JSON
    """The job as gcloud describes it."""
    region = application.target.region
    return gcloud.json(f"run jobs describe {application.service} --region={region}")


def test_a_job_goes_from_a_dockerfile_to_a_finished_execution(
    gcloud: "Gcloud", made: Application
) -> None:
    """Gcloud sees the job as declared, and the execution as it was told."""
    task = described(gcloud, made)["spec"]["template"]["spec"]
    pod = task["template"]["spec"]
    assert (task["taskCount"], pod["maxRetries"]) == (2, 0)
    assert pod["serviceAccountName"] == made.target.account("run")
    assert "@sha256:" in pod["containers"][0]["image"]
    told = executed(made)
    assert (told["state"], told["tasks"]["succeeded"]) == ("succeeded", 2)
    short = told["execution"].rpartition("/")[2]
    seen = gcloud.json(f"run jobs executions describe {short} --region={made.target.region}")
    assert seen["status"]["succeededCount"] == 2


def test_a_failing_task_is_told_as_gcloud_tells_it(gcloud: "Gcloud", made: Application) -> None:
    """The exit code is the container's; gcloud counts the same failure."""
    told = executed(made, "--env", "FAILING=1", code=1)
    assert [(one["index"], one["exit_code"]) for one in told["failures"]] == [(1, 7)]
    short = told["execution"].rpartition("/")[2]
    seen = gcloud.json(f"run jobs executions describe {short} --region={made.target.region}")
    assert seen["status"]["failedCount"] == 1


def test_a_second_up_sends_no_write(made: Application, gcloud: "Gcloud") -> None:
    """The job keeps its generation, whatever was executed in between."""
    before = described(gcloud, made)["metadata"]["generation"]
    made.provision("up", "--yes", "--wait", made.target.wait)
    made.provision("plan", "--detailed-exitcode")
    assert described(gcloud, made)["metadata"]["generation"] == before


def test_what_gcloud_deployed_anew_needs_nothing(gcloud: "Gcloud", made: Application) -> None:
    """Gcloud's own marks are no difference, and a variable that it sets is one."""
    where = f"--region={made.target.region}"
    image = described(gcloud, made)["spec"]["template"]["spec"]["template"]["spec"]
    gcloud.told(f"run jobs deploy {made.service} {where} --image={image['containers'][0]['image']}")
    made.provision("plan", "--detailed-exitcode")
    gcloud.told(f"run jobs update {made.service} {where} --update-env-vars=EXTRA=1")
    assert "EXTRA" in made.provision("plan", "--detailed-exitcode", code=3)
    made.provision("up", "--yes", "--wait", made.target.wait)
    made.provision("plan", "--detailed-exitcode")


def test_what_gcloud_made_is_seen_as_it_is(gcloud: "Gcloud", made: Application) -> None:
    """A spec that says what gcloud was told wants its own label and its invoker alone."""
    target = made.target
    own = Application(made.path, target, target.name("byhand"))
    image = described(gcloud, made)["spec"]["template"]["spec"]["template"]["spec"]
    gcloud.told(
        f"run jobs deploy {own.service} --region={target.region} --tasks=2 --max-retries=0"
        f" --image={image['containers'][0]['image']} --service-account={target.account('run')}"
    )
    declare(own, image={"reference": image["containers"][0]["image"]})
    try:
        planned = json.loads(own.provision("plan", "--json"))["services"][0]["stages"]
        changes = {one["stage"]: [item["path"] for item in one["changes"]] for one in planned}
        assert changes["deploy"] == ["labels.managed-by"]
        own.provision("up", "--yes", "--wait", target.wait)
        own.provision("destroy", "--yes")
    finally:
        declare(made)
