"""Accounts, and clients of the APIs that call services, for the tests of this folder."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from google import pubsub_v1
from google.api_core import exceptions
from google.cloud import eventarc_v1, iam_admin_v1, scheduler_v1, tasks_v2, workflows_v1
from google.cloud.workflows import executions_v1

from tests.conftest import Clients, RunningEmulator

PROJECT = "projects/demo-project"
LOCATION = f"{PROJECT}/locations/us-central1"
EVERYWHERE = f"{PROJECT}/locations/-"
ADDRESS = "https://orders.example.com/work"
STRANGER = "user:ann@example.com"
CALLER = "caller@demo-project.iam.gserviceaccount.com"


def publisher(clients: Clients) -> pubsub_v1.PublisherClient:
    """Pub/Sub's topics."""
    return clients.make(pubsub_v1.PublisherClient)


def subscriber(clients: Clients) -> pubsub_v1.SubscriberClient:
    """Pub/Sub's subscriptions."""
    return clients.make(pubsub_v1.SubscriberClient)


def eventarc(clients: Clients) -> eventarc_v1.EventarcClient:
    """Eventarc."""
    return clients.make(eventarc_v1.EventarcClient)


def scheduler(clients: Clients) -> scheduler_v1.CloudSchedulerClient:
    """Cloud Scheduler."""
    return clients.make(scheduler_v1.CloudSchedulerClient)


def tasks(clients: Clients) -> tasks_v2.CloudTasksClient:
    """Cloud Tasks."""
    return clients.make(tasks_v2.CloudTasksClient)


def workflows(clients: Clients) -> workflows_v1.WorkflowsClient:
    """Workflows."""
    return clients.make(workflows_v1.WorkflowsClient)


def executions(clients: Clients) -> executions_v1.ExecutionsClient:
    """Executions of workflows; Google's client has gRPC alone."""
    return clients.make(executions_v1.ExecutionsClient)


def deploy_workflow(
    clients: Clients,
    source: str,
    name: str = "orders",
    parent: str = LOCATION,
    **fields: Any,  # noqa: ANN401 - fields of a message
) -> workflows_v1.Workflow:
    """Make a workflow, or give it another source."""
    client = workflows(clients)
    wanted = workflows_v1.Workflow(source_contents=source, **fields)
    try:
        wanted.name = client.get_workflow(name=f"{parent}/workflows/{name}").name
    except exceptions.NotFound:
        operation = client.create_workflow(parent=parent, workflow=wanted, workflow_id=name)
    else:
        operation = client.update_workflow(workflow=wanted)
    made: workflows_v1.Workflow = operation.result(timeout=20)
    return made


def execute(
    clients: Clients,
    argument: Any = None,  # noqa: ANN401 - JSON
    name: str = f"{LOCATION}/workflows/orders",
) -> executions_v1.Execution:
    """Execute a workflow to its end."""
    wanted = executions_v1.Execution(argument=json.dumps(argument))
    begun = executions(clients).create_execution(parent=name, execution=wanted)
    return ended(clients, begun.name)


def ended(clients: Clients, name: str) -> executions_v1.Execution:
    """An execution once it has ended."""
    client, deadline = executions(clients), time.monotonic() + 30
    while time.monotonic() < deadline:
        found: executions_v1.Execution = client.get_execution(name=name)
        if found.state != executions_v1.Execution.State.ACTIVE:
            return found
        time.sleep(0.02)
    raise TimeoutError(f"{name} has not ended")


def error_of(execution: executions_v1.Execution) -> dict[str, Any]:
    """The error that an execution failed with."""
    assert execution.state == executions_v1.Execution.State.FAILED
    payload: dict[str, Any] = json.loads(execution.error.payload)
    return payload


def make_caller(clients: Clients, project: str = PROJECT, name: str = "caller") -> str:
    """A service account that something is to call as; its address."""
    request = iam_admin_v1.CreateServiceAccountRequest(name=project, account_id=name)
    return str(clients.iam.create_service_account(request=request).email)


def grant(emulator: RunningEmulator, role: str, *, on: str = PROJECT, to: str = STRANGER) -> None:
    """Grant a role."""
    emulator.admin("POST", "/grants", resource=on, member=to, role=f"roles/{role}")


def pubsub_agent(clients: Clients, project: str = PROJECT) -> str:
    """The project's agent of Pub/Sub, as a member."""
    number = clients.projects.get_project(name=project).name.partition("/")[2]
    return f"serviceAccount:service-{number}@gcp-sa-pubsub.iam.gserviceaccount.com"


def account_name(email: str) -> str:
    """The full name of an account."""
    return f"{PROJECT}/serviceAccounts/{email}"


@contextmanager
def refused(words: str, kind: type[exceptions.GoogleAPICallError]) -> Iterator[Any]:
    """Expect a refusal of a kind whose message holds some words."""
    with pytest.raises(kind) as caught:
        yield caught
    assert words in str(caught.value)
