"""One file and one command: workflows and others call what is private, and all else stays."""

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
from google.cloud import tasks_v2
from google.pubsub_v1 import PublisherClient

if TYPE_CHECKING:
    from tests.e2e.gcloud.conftest import Gcloud
    from tests.e2e.workflows.conftest import Private

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]


@pytest.fixture(scope="session")
def brought(private: "Private") -> list[dict[str, Any]]:
    """What the first `up` told of the service and of the job."""
    return private.up()


def checks(told: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    """The checks of that name, by the summary's first two words."""
    found = [check for check in told["checks"] if check["check"] == name]
    return {" ".join(check["summary"].split()[:2]).rstrip(":"): check for check in found}


def test_up_brings_it_about_executes_it_and_shows_the_result(
    private: "Private", brought: list[dict[str, Any]]
) -> None:
    """Stages in their order; the answer of the service is the result of the workflow."""
    service, job = brought
    names = ["build", "push", "deploy", "workflow", "callers", "bind"]
    assert [stage["stage"] for stage in service["stages"]] == names
    executed = checks(service, "workflow-executed")[f"workflow {private.name('reconcile')}"]
    assert executed["verdict"] == "passed"
    result = json.loads(executed["summary"].partition(" returned ")[2])
    assert (result["path"], result["query"]) == ("/reconcile", {"day": ["today"]})
    assert json.loads(result["body"]) == {"dry": False}
    executed = checks(job, "workflow-executed")[f"workflow {private.name('execution')}"]
    assert executed["verdict"] == "passed"
    admitted = checks(service, "caller-admitted")[f"schedule {private.name('tick')}"]
    assert admitted["verdict"] == "passed"


def test_an_outsider_finds_nothing_there(private: "Private", brought: list[dict[str, Any]]) -> None:
    """With the token of an invoker, from outside of the project's networks: 404."""
    address = brought[0]["url"]
    token = private.app.provision("token", f"service/{private.app.service}").strip()
    answer = requests.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert answer.status_code == 404


@pytest.mark.usefixtures("brought")
def test_without_the_role_it_fails_with_the_advice_and_with_it_again_it_works(
    private: "Private",
) -> None:
    """A 403 at the step that calls, and the command that mends it."""
    member = f"serviceAccount:{private.target.account('reconcile')}"
    on = (member, "--on", f"service/{private.app.service}")
    private.app.provision("revoke", *on)
    failed = private.run("reconcile", "FAILED")
    assert failed["failure"]["code"] == 403
    assert "provision grant" in json.dumps(failed)
    private.app.provision("grant", *on)
    assert private.run("reconcile")["result"]["path"] == "/reconcile"


@pytest.mark.usefixtures("brought")
def test_a_job_runs_with_what_the_workflow_overrides(private: "Private") -> None:
    """Executed as it is, this job fails; `up` saw the workflow's execution succeed."""
    told = private.app.provision("execute", private.name("job"), "--json", code=1)
    assert json.loads(told)["failures"][0]["exit_code"] == 7


@pytest.mark.usefixtures("brought")
def test_schedules_messages_and_tasks_arrive_with_their_accounts(private: "Private") -> None:
    """All three at the internal service, which another workflow asks what it has seen."""
    target = private.target
    topic = f"projects/{target.project}/topics/{private.name('topic')}"
    target.client(PublisherClient).publish(topic=topic, messages=[{"data": b"hello"}])
    queue = f"{target.location}/queues/{private.name('queue')}"
    task = {"http_request": {"url": "https://elsewhere.example.com/"}}
    target.client(tasks_v2.CloudTasksClient).create_task(parent=queue, task=task)
    wanted, deadline = {"/tick", "/push", "/work"}, time.monotonic() + 60
    while not wanted <= (seen := set(private.run("seen")["result"])):
        assert time.monotonic() < deadline, f"never arrived: {wanted - seen}"


@pytest.mark.usefixtures("brought")
def test_an_answer_that_is_not_json_is_decoded(private: "Private") -> None:
    """By a source of one's own, as `render` printed it."""
    source = private.app.path / "count.yaml"
    target = f"service/{private.app.service}"
    words = ("--path", "/count", "--decode", "-o", source.name)
    private.app.provision("workflow", "render", target, *words)
    private.service["workflows"].append(private.calling("count", source=source.name))
    private.write()
    executed = checks(private.up()[0], "workflow-executed")
    summary = executed[f"workflow {private.name('count')}"]["summary"]
    assert json.loads(summary.partition(" returned ")[2]) == {"count": 3}


@pytest.mark.usefixtures("brought")
def test_gcloud_describes_and_runs_what_we_made(private: "Private", gcloud: "Gcloud") -> None:
    """Account, mark and source, and what an execution comes to."""
    name, where = private.name("reconcile"), f"--location={private.target.region}"
    made = gcloud.json(f"workflows describe {name} {where}")
    assert made["serviceAccount"].endswith(private.target.account("reconcile"))
    assert made["labels"] == {"managed-by": "provision"}
    ran = gcloud.json(f"workflows run {name} {where}")
    assert (ran["state"], json.loads(ran["result"])["path"]) == ("SUCCEEDED", "/reconcile")
    own = ran["name"].rpartition("/")[2]
    assert gcloud.json(f"workflows executions describe {own} --workflow={name} {where}") == ran


@pytest.mark.usefixtures("brought")
def test_what_gcloud_deployed_differs_in_our_mark_alone(
    private: "Private", gcloud: "Gcloud"
) -> None:
    """We plan over it cleanly: everything else needs nothing."""
    source = private.app.path / "theirs.yaml"
    private.app.provision(
        *("workflow", "render", f"service/{private.app.service}", "--path", "/theirs"),
        *("-o", source.name),
    )
    name, account = private.name("theirs"), private.target.account("reconcile")
    where = f"--location={private.target.region} --service-account={account}"
    gcloud.told(f"workflows deploy {name} {where} --source={source}")
    theirs = {"name": name, "service_account": private.name("reconcile"), "source": source.name}
    private.service["workflows"].append(theirs)
    private.write()
    told = json.loads(private.app.provision("plan", "--detailed-exitcode", "--json", code=3))
    stages = [stage for service in told["services"] for stage in service["stages"]]
    changes = [change for stage in stages for change in stage["changes"]]
    assert changes == [{"path": f"{name}.labels.managed-by", "before": None, "after": "provision"}]
