"""Connectors: jobs with overrides, objects, other workflows, as the account; and schedules."""

import json
from collections.abc import Callable

import pytest
import requests
from google.cloud import run_v2, scheduler_v1
from google.cloud.workflows import executions_v1

from tests.conftest import Clients, RunningEmulator
from tests.emulator.callers.kit import (
    CALLER,
    PROJECT,
    deploy_workflow,
    ended,
    error_of,
    execute,
    executions,
    make_caller,
    scheduler,
)
from tests.emulator.callers.receiver import eventually

PLACE = f"{PROJECT}/locations/asia-east1"
STATE = executions_v1.Execution.State
V1 = """
main:
  steps:
    - run:
        call: googleapis.run.v1.namespaces.jobs.run
        args:
          name: namespaces/demo-project/jobs/nightly
          location: asia-east1
          connector_params: {params}
          body: {body}
        result: execution
    - done:
        return: ${{execution.metadata.name}}
"""
V2 = """
main:
  steps:
    - run:
        call: googleapis.run.v2.projects.locations.jobs.run
        args:
          name: projects/demo-project/locations/asia-east1/jobs/nightly
          connector_params: {params}
          body: {body}
        result: execution
    - done:
        return: ${{execution.name}}
"""
SOON = "{polling_policy: {initial_delay: 0.05}}"
INPUT = "[{name: INPUT, value: first}]"
OVERRIDDEN = f"{{overrides: {{taskCount: 2, containerOverrides: [{{env: {INPUT}}}]}}}}"
ALONE = f"{{overrides: {{taskCount: 2, containerOverrides: {{env: {INPUT}}}}}}}"


@pytest.fixture
def job(grpc_clients: Clients, pushed_image: str) -> str:
    """The job ``nightly``, and the account that is to execute it."""
    make_caller(grpc_clients)
    template = run_v2.ExecutionTemplate(
        template=run_v2.TaskTemplate(containers=[run_v2.Container(image=pushed_image)])
    )
    made = grpc_clients.make(run_v2.JobsClient).create_job(
        parent=PLACE, job_id="nightly", job=run_v2.Job(template=template)
    )
    return str(made.result(timeout=30).name)


@pytest.fixture
def allowed(emulator: RunningEmulator) -> Callable[[str], None]:
    """Grants the account a role on the project."""

    def grant(role: str) -> None:
        member = f"serviceAccount:{CALLER}"
        emulator.admin("POST", "/grants", resource=PROJECT, member=member, role=f"roles/{role}")

    return grant


@pytest.mark.parametrize(
    ("source", "body"), [(V1, OVERRIDDEN), (V1, ALONE), (V2, OVERRIDDEN)], ids=["v1", "alone", "v2"]
)
def test_a_job_runs_with_overrides(
    grpc_clients: Clients, allowed: Callable[[str], None], job: str, source: str, body: str
) -> None:
    """The connector waits for its end, and tells the execution that it became."""
    allowed("run.developer")
    source = source.format(params=SOON, body=body)
    deploy_workflow(grpc_clients, source, service_account=CALLER)
    name = json.loads(execute(grpc_clients).result).rpartition("/")[2]
    made = grpc_clients.make(run_v2.ExecutionsClient).get_execution(name=f"{job}/executions/{name}")
    assert (made.task_count, made.succeeded_count) == (2, 2)
    [variable] = made.template.containers[0].env
    assert (variable.name, variable.value) == ("INPUT", "first")


@pytest.mark.parametrize(("source", "polled"), [(V1, "executions"), (V2, "operations")])
def test_waiting_for_a_job_takes_more_than_executing_it(
    grpc_clients: Clients, allowed: Callable[[str], None], job: str, source: str, polled: str
) -> None:
    """An invoker may start it, and not look how far it is: that is for whoever may view."""
    deploy_workflow(grpc_clients, source.format(params=SOON, body="{}"), service_account=CALLER)
    assert "run.jobs.run" in json.dumps(error_of(execute(grpc_clients)))
    allowed("run.invoker")
    error = error_of(execute(grpc_clients))
    assert (error["code"], error["tags"]) == (403, ["HttpError"])
    assert f"run.{polled}.get" in error["body"]["error"]["message"]
    assert grpc_clients.make(run_v2.JobsClient).get_job(name=job).execution_count == 1
    skipping = source.format(params="{skip_polling: true}", body="{}")
    skipping = skipping.replace(".name}", "}").replace("execution.metadata}", "execution}")
    deploy_workflow(grpc_clients, skipping, service_account=CALLER)
    assert execute(grpc_clients).state == STATE.SUCCEEDED


def test_a_job_that_fails_fails_the_step(
    emulator: RunningEmulator, grpc_clients: Clients, allowed: Callable[[str], None], job: str
) -> None:
    """With the operation in the error."""
    allowed("run.developer")
    deploy_workflow(grpc_clients, V2.format(params=SOON, body="{}"), service_account=CALLER)
    fault = {"kind": "failed-operation", "method": "*Jobs/RunJob", "code": "INTERNAL"}
    emulator.admin("POST", "/faults", **fault)
    error = error_of(execute(grpc_clients))
    assert error["tags"] == ["OperationError"]
    assert error["operation"]["done"] is True
    assert error["message"] == error["operation"]["error"]["message"]
    assert grpc_clients.make(run_v2.JobsClient).get_job(name=job).execution_count == 1


def test_one_workflow_runs_another(grpc_clients: Clients, allowed: Callable[[str], None]) -> None:
    """With an argument; it gets its result, or the error it ended with."""
    make_caller(grpc_clients)
    allowed("workflows.invoker")
    child = "main: {params: [n], steps: [{done: {return: '${10 / n}'}}]}"
    deploy_workflow(grpc_clients, child, "child", service_account=CALLER)
    parent = """
main:
  params: [n]
  steps:
    - run:
        call: googleapis.workflowexecutions.v1.projects.locations.workflows.executions.run
        args:
          project_id: demo-project
          location: us-central1
          workflow_id: child
          argument: ${n}
          connector_params: {polling_policy: {initial_delay: 0.05}}
        result: half
    - done:
        return: ${half}
"""
    deploy_workflow(grpc_clients, parent, service_account=CALLER)
    assert json.loads(execute(grpc_clients, 2).result) == 5
    error = error_of(execute(grpc_clients, 0))
    assert (error["message"], error["tags"]) == (
        "Execution failed or cancelled.",
        ["OperationError"],
    )
    assert "ZeroDivisionError" in error["operation"]["error"]["payload"]


def test_what_a_call_needs_is_told(grpc_clients: Clients) -> None:
    """An argument that is missing, and one of the wrong type."""
    for args in ("{}", "{name: 7}", "{name: x, connector_params: 7}"):
        source = (
            "main: {steps: [{a: {call: googleapis.run.v2.projects.locations.jobs.get, "
            f"args: {args}}}}}]}}"
        )
        deploy_workflow(grpc_clients, source)
        assert error_of(execute(grpc_clients))["tags"] == ["TypeError"]


OBJECTS = """
main:
  params: [args]
  steps:
    - keep:
        call: googleapis.storage.v1.objects.insert
        args:
          bucket: demo-orders
          name: day one/orders.json
          body: {orders: [1, 2]}
        result: kept
    - read:
        call: googleapis.storage.v1.objects.get
        args:
          bucket: demo-orders
          object: ${text.url_encode("day one/orders.json")}
          alt: media
        result: content
    - look:
        call: googleapis.storage.v1.objects.get
        args:
          bucket: demo-orders
          object: ${text.url_encode("day one/orders.json")}
        result: about
    - done:
        return: ['${kept.name}', '${content.orders[1]}', '${about.contentType}']
"""


def test_objects_are_kept_and_read(
    emulator: RunningEmulator, grpc_clients: Clients, allowed: Callable[[str], None]
) -> None:
    """A body as JSON, a name that is encoded; refused in Cloud Storage's words without a role."""
    make_caller(grpc_clients)
    made = requests.post(
        f"{emulator.http}/storage/v1/b?project=demo-project",
        json={"name": "demo-orders"},
        headers={"Authorization": f"Bearer {emulator.token()}", "Host": "storage.googleapis.com"},
        timeout=10,
    )
    assert made.status_code == 200
    deploy_workflow(grpc_clients, OBJECTS, service_account=CALLER)
    error = error_of(execute(grpc_clients))
    assert error["code"] == 403
    assert "storage.objects.create" in error["body"]["error"]["message"]
    allowed("storage.objectUser")
    assert json.loads(execute(grpc_clients).result) == [
        "day one/orders.json",
        2,
        "application/json",
    ]


def test_what_may_pass_is_asked_again(
    emulator: RunningEmulator, grpc_clients: Clients, allowed: Callable[[str], None], job: str
) -> None:
    """An API that cannot be had for a moment; one that breaks is for the workflow to see."""
    allowed("run.developer")
    source = (
        "main: {steps: [{a: {call: googleapis.run.v2.projects.locations.jobs.get, "
        f"args: {{name: {job}}}, result: r}}}}, {{b: {{return: '${{r.name}}'}}}}]}}"
    )
    deploy_workflow(grpc_clients, source, service_account=CALLER)
    fault = {"method": "*Jobs/GetJob", "code": "UNAVAILABLE"}
    emulator.admin("POST", "/faults", **fault)
    assert json.loads(execute(grpc_clients).result) == job
    emulator.admin("POST", "/faults", **{**fault, "code": "INTERNAL"})
    assert error_of(execute(grpc_clients))["code"] == 500


def test_a_schedule_executes_a_workflow(
    grpc_clients: Clients, allowed: Callable[[str], None]
) -> None:
    """By the API of executions, with an access token of an account that may."""
    make_caller(grpc_clients)
    allowed("workflows.invoker")
    made = deploy_workflow(grpc_clients, "main: {params: [n], steps: [{done: {return: '${n}'}}]}")
    target = {
        "uri": f"https://workflowexecutions.googleapis.com/v1/{made.name}/executions",
        "oauth_token": {"service_account_email": CALLER},
        "body": json.dumps({"argument": "7"}).encode(),
    }
    client, parent = scheduler(grpc_clients), made.name.partition("/workflows/")[0]
    name = f"{parent}/jobs/nightly"
    job = {"name": name, "schedule": "0 3 * * *", "http_target": target}
    client.create_job(parent=parent, job=scheduler_v1.Job(job))
    client.run_job(name=name)
    running = executions(grpc_clients)
    eventually(lambda: any(running.list_executions(parent=made.name)))
    [begun] = running.list_executions(parent=made.name)
    assert ended(grpc_clients, begun.name).result == "7"
