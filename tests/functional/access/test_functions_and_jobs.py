"""Access to functions of both generations, and to jobs: where it goes, and that it is true."""

from typing import TYPE_CHECKING, Any

import pytest
from google.cloud import run_v2

from tests.emulator.functions.workbench import OLD, deploy, deploy_first

if TYPE_CHECKING:
    from tests.conftest import Clients, RunningEmulator
    from tests.functional.proofs.conftest import Provision

ANN = "user:ann@example.com"
ROBOT = "serviceAccount:checker@demo-project.iam.gserviceaccount.com"
PLACE = ("--region", "us-central1")


@pytest.fixture
def robot(grpc_clients: "Clients") -> str:
    """A service account that may be impersonated."""
    grpc_clients.iam.create_service_account(
        request={"name": "projects/demo-project", "account_id": "checker"}
    )
    return ROBOT


def only(document: dict[str, Any]) -> dict[str, Any]:
    """The one target of a result."""
    (found,) = document["targets"]
    return dict(found)


def test_a_second_generation_function_is_its_service(
    provision: "Provision", grpc_clients: "Clients", robot: str
) -> None:
    """The role goes onto the service, until a time if wanted, and the command says so."""
    deploy(grpc_clients)
    on = ("--on", "function/hello", *PLACE)
    done = provision("grant", robot, *on, "--for", "1h", "--wait", "1m", "--json")
    assert done.code == 0, done.err
    told = only(done.document)
    assert told["resource"].endswith("/services/hello")
    assert "second-generation" in told["said"]
    assert told["principals"][0]["role"] == "roles/run.invoker"
    assert told["effects"][0]["by"] == "asked as the principal"
    assert provision("revoke", robot, *on, "--wait", "1m").code == 0


def test_a_first_generation_function_has_a_policy_of_its_own(
    provision: "Provision", grpc_clients: "Clients", robot: str
) -> None:
    """And a role of its own; it takes no conditions."""
    deploy_first(grpc_clients)
    on = ("--on", "function/Old_one", *PLACE)
    refused = provision("grant", robot, *on, "--for", "1h")
    assert refused.code == 2
    assert "first-generation" in refused.err
    done = provision("grant", robot, *on, "--wait", "1m", "--json")
    assert done.code == 0, done.err
    told = only(done.document)
    assert told["resource"] == OLD
    assert told["principals"][0]["role"] == "roles/cloudfunctions.invoker"
    assert told["effects"][0]["told"].endswith("HTTP 200")
    listed = only(provision("grants", "function/Old_one", *PLACE, "--json").document)
    assert [one["principal"] for one in listed["listing"]["grants"]] == [robot]
    gone = provision("revoke", robot, *on, "--wait", "1m", "--json")
    assert gone.code == 0, gone.err
    assert only(gone.document)["effects"][0]["told"].endswith("HTTP 403")


def test_a_job_is_asked_about_as_the_account(
    provision: "Provision",
    grpc_clients: "Clients",
    robot: str,
    pushed_image: str,
    emulator: "RunningEmulator",
) -> None:
    """By testIamPermissions with a token of its own: nothing is executed."""
    container = run_v2.Container(image=pushed_image)
    template = run_v2.ExecutionTemplate(template=run_v2.TaskTemplate(containers=[container]))
    grpc_clients.make(run_v2.JobsClient).create_job(
        parent="projects/demo-project/locations/asia-east1",
        job_id="nightly",
        job=run_v2.Job(template=template),
    ).result(timeout=30)
    emulator.admin("POST", "/settings", iamDelay=2)
    on = ("--on", "job/nightly")
    role = ("--role", "roles/run.jobsExecutor")
    for words, said in (
        (("grant", robot, *on, *role), "has run.jobs.run"),
        (("revoke", robot, *on), "does not have run.jobs.run"),
    ):
        done = provision(*words, "--wait", "1m", "--json")
        assert done.code == 0, done.err
        (effect,) = only(done.document)["effects"]
        assert effect["by"] == "asked as the principal"
        assert effect["told"].endswith(said)
    assert not [one for one in emulator.requests() if one["method"].endswith("/RunJob")]


def test_two_names_of_one_thing_are_written_once(
    provision: "Provision", grpc_clients: "Clients", emulator: "RunningEmulator"
) -> None:
    """A function of the second generation and its service share a policy."""
    deploy(grpc_clients)
    emulator.admin("DELETE", "/requests")
    both = ("--on", "function/hello", "--on", "service/hello", *PLACE)
    done = provision("grant", ANN, *both, "--for", "1h", "--json")
    assert done.code == 0, done.err
    assert [one["written"] for one in done.document["targets"]] == [True, False]
    written = [one["method"] for one in emulator.requests() if one["write"]]
    assert written == ["google.cloud.run.v2.Services/SetIamPolicy"]
