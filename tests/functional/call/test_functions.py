"""Calling functions of both generations, and what is no service at all."""

from typing import TYPE_CHECKING, Any

import pytest
from google.cloud import run_v2

from tests.emulator.functions.workbench import deploy, deploy_first

if TYPE_CHECKING:
    from tests.conftest import Clients
    from tests.functional.proofs.conftest import Provision

ROBOT = "checker@demo-project.iam.gserviceaccount.com"
PLACE = ("--region", "us-central1")


@pytest.fixture
def robot(grpc_clients: "Clients") -> str:
    """A service account that may be spoken as, and may call nothing."""
    grpc_clients.iam.create_service_account(
        request={"name": "projects/demo-project", "account_id": "checker"}
    )
    return ROBOT


@pytest.mark.parametrize("generation", [1, 2])
def test_a_function_is_called_and_its_refusal_explained(
    provision: "Provision", grpc_clients: "Clients", robot: str, generation: int
) -> None:
    """One of the first generation by its own permission, one of the second as its service."""
    if generation == 1:
        deploy_first(grpc_clients)
    else:
        deploy(grpc_clients)
    target = "function/Old_one" if generation == 1 else "function/hello"
    refused = provision("call", target, "/a", "--as", robot, "--json", *PLACE)
    assert refused.code == 22, refused.err
    told: dict[str, Any] = refused.document["explanation"]
    assert told["finding"] == "no-role"
    permission = "cloudfunctions.functions" if generation == 1 else "run.routes"
    assert f"{permission}.invoke" in told["evidence"][0]["said"]
    assert f"--on {target}" in told["next"]
    granted = provision("grant", f"serviceAccount:{robot}", "--on", target, *PLACE)
    assert granted.code == 0, granted.err
    called = provision("call", target, "/a", "--as", robot, *PLACE)
    assert called.code == 0, called.err


def test_a_job_is_executed_and_not_called(
    provision: "Provision", grpc_clients: "Clients", pushed_image: str
) -> None:
    """2, with the command that executes it."""
    container = run_v2.Container(image=pushed_image)
    template = run_v2.ExecutionTemplate(template=run_v2.TaskTemplate(containers=[container]))
    grpc_clients.make(run_v2.JobsClient).create_job(
        parent="projects/demo-project/locations/asia-east1",
        job_id="nightly",
        job=run_v2.Job(template=template),
    ).result(timeout=30)
    done = provision("call", "job/nightly")
    assert done.code == 2
    assert "jobs are executed, not called" in done.err
    assert "provision execute nightly" in done.err


def test_what_is_not_there_is_said(provision: "Provision") -> None:
    """1, with where it was looked for."""
    done = provision("call", "service/nowhere", "/")
    assert done.code == 1
    assert "gcloud run services list" in done.err
