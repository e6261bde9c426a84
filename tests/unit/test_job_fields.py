"""What the spec asserts of a job, and what differs from what is."""

from pathlib import Path
from typing import Any

import pytest

from provision.plan import Unknown
from provision.run.job_fields import (
    desired_fields,
    is_ready,
    observed_fields,
    task_containers,
    task_image,
    to_write,
)
from provision.run.resource_json import OwnedMapping
from provision.spec import JobSpec, load

IMAGE = "asia-east1-docker.pkg.dev/acme-prod/services/nightly@sha256:" + "0" * 64
DOCUMENT = """\
kind: job
project: acme-prod
region: asia-east1
job: nightly
image: {reference: gcr.io/acme/nightly:v1}
"""
LIVE: dict[str, Any] = {
    "name": "projects/acme-prod/locations/asia-east1/jobs/nightly",
    "etag": "e",
    "uid": "u",
    "generation": "2",
    "executionCount": 3,
    "latestCreatedExecution": {"name": "nightly-x"},
    "client": "gcloud",
    "labels": {"managed-by": "provision", "team": "theirs"},
    "startExecutionToken": "once",
    "template": {
        "taskCount": 1,
        "template": {
            "containers": [
                {
                    "image": IMAGE,
                    "env": [{"name": "A", "value": "1"}],
                    "resources": {"limits": {"cpu": "1000m", "memory": "512Mi"}},
                }
            ],
            "maxRetries": 3,
            "timeout": "600s",
            "serviceAccount": "nightly-run@acme-prod.iam.gserviceaccount.com",
            "executionEnvironment": "EXECUTION_ENVIRONMENT_GEN2",
        },
    },
}


@pytest.fixture
def spec(tmp_path: Path) -> JobSpec:
    """A job that says little."""
    return declared(tmp_path)


def declared(directory: Path, more: str = "") -> JobSpec:
    """The job with more fields."""
    path = directory / "provision.yaml"
    path.write_text(DOCUMENT + more)
    (found,) = load([path])
    assert isinstance(found, JobSpec)
    return found


def test_a_job_as_declared_has_no_difference(tmp_path: Path) -> None:
    """Amounts in other spellings, and what the spec does not speak of, are none."""
    spec = declared(tmp_path, "env: {A: '1'}\ncpu: 1\nmemory: 512Mi\n")
    asserted = desired_fields(spec, IMAGE)
    assert observed_fields(LIVE, asserted) == asserted


@pytest.mark.parametrize(
    "more",
    ["max_retries: 0", "tasks: 2", "timeout: 601s", "args: [a]", "env: {A: '2'}", "env: {}"],
)
def test_what_the_spec_says_otherwise_is_a_difference(tmp_path: Path, more: str) -> None:
    """Zero retries are not the same as nothing said."""
    text = more if more.startswith("env") else f"{more}\nenv: {{A: '1'}}"
    asserted = desired_fields(declared(tmp_path, text + "\n"), IMAGE)
    assert observed_fields(LIVE, asserted) != asserted


def test_nothing_is_asserted_that_the_spec_does_not_say(spec: JobSpec) -> None:
    """The account, the image and the variables are always."""
    asserted = desired_fields(spec, Unknown("push"))
    task = asserted["template"].pop("template")
    assert asserted == {"labels": {"managed-by": "provision"}, "template": {}}
    assert set(task) == {"serviceAccount", "containers"}
    assert task["containers"] == [{"image": Unknown("push"), "env": OwnedMapping()}]


def test_writing_keeps_what_others_set_and_executes_nothing(spec: JobSpec) -> None:
    """The whole job is sent, as v2 has no masks for jobs; a token would start an execution."""
    written = to_write(LIVE, desired_fields(spec, IMAGE))
    assert written["client"] == "gcloud"
    assert written["labels"] == {"managed-by": "provision", "team": "theirs"}
    assert written["etag"] == "e"
    gone = {"uid", "generation", "executionCount", "latestCreatedExecution", "startExecutionToken"}
    assert not gone & set(written)
    task = written["template"]["template"]
    assert (task["maxRetries"], task["executionEnvironment"]) == (3, "EXECUTION_ENVIRONMENT_GEN2")
    assert task["containers"][0]["env"] == []
    assert "startExecutionToken" in LIVE


def test_a_new_job_is_written_with_its_variables_as_a_list(tmp_path: Path) -> None:
    """As the API has them, secrets as references."""
    spec = declared(tmp_path, "env: {A: '1'}\nsecrets: {B: 's:2'}\n")
    task = to_write({}, desired_fields(spec, IMAGE))["template"]["template"]
    reference = {"secret": "projects/acme-prod/secrets/s", "version": "2"}
    assert task["containers"][0]["env"] == [
        {"name": "A", "value": "1"},
        {"name": "B", "valueSource": {"secretKeyRef": reference}},
    ]


@pytest.mark.parametrize(
    ("change", "ready"),
    [({}, True), ({"reconciling": True}, False), ({"observedGeneration": "1"}, False)],
)
def test_ready_is_the_documented_test(change: dict[str, object], ready: bool) -> None:
    """The condition, no change under way, and the last generation observed."""
    live = {
        "terminalCondition": {"state": "CONDITION_SUCCEEDED"},
        "generation": "2",
        "observedGeneration": "2",
    }
    assert is_ready({**live, **change}) is ready


def test_parts_of_a_job_are_found_where_they_are_missing() -> None:
    """A job without tasks has neither image nor containers."""
    assert task_image(LIVE) == IMAGE
    assert (task_image({}), task_containers({})) == ("", ())
    assert task_containers(LIVE) == ("",)
