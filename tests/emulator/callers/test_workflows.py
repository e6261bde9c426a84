"""Workflows with Google's clients: sources, accounts and revisions are kept, nothing runs."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import workflows_v1

from tests.conftest import Clients, RunningEmulator
from tests.emulator.callers.kit import (
    EVERYWHERE,
    LOCATION,
    STRANGER,
    account_name,
    grant,
    make_caller,
    refused,
    workflows,
)

NAME = f"{LOCATION}/workflows/orders"
SOURCE = "main:\n  steps:\n    - done:\n        return: 1\n"
ClientsOf = Callable[[str], Clients]


def create(clients: Clients, **fields: Any) -> workflows_v1.Workflow:  # noqa: ANN401 - fields of a message
    """Make the workflow ``orders``."""
    wanted = workflows_v1.Workflow({"source_contents": SOURCE, **fields})
    operation = workflows(clients).create_workflow(
        parent=LOCATION, workflow=wanted, workflow_id="orders"
    )
    made: workflows_v1.Workflow = operation.result(timeout=20)
    return made


def update(clients: Clients, *paths: str, **fields: Any) -> workflows_v1.Workflow:  # noqa: ANN401 - fields of a message
    """Change fields of the workflow ``orders``."""
    wanted = workflows_v1.Workflow({"name": NAME, **fields})
    operation = workflows(clients).update_workflow(
        workflow=wanted, update_mask={"paths": list(paths)}
    )
    made: workflows_v1.Workflow = operation.result(timeout=20)
    return made


def test_a_workflow_lives_until_it_is_deleted(clients: Clients) -> None:
    """By operations with metadata, as recorded; listed in its location and in all of them."""
    client = workflows(clients)
    wanted = workflows_v1.Workflow(source_contents=SOURCE, labels={"env": "test"})
    operation = client.create_workflow(parent=LOCATION, workflow=wanted, workflow_id="orders")
    made = operation.result(timeout=20)
    told = operation.metadata
    assert (told.target, told.verb, told.api_version) == (NAME, "create", "v1")
    assert told.end_time >= told.create_time
    assert (made.name, made.source_contents) == (NAME, SOURCE)
    assert made.state == workflows_v1.Workflow.State.ACTIVE
    assert client.get_workflow(name=NAME) == made
    for parent in (LOCATION, EVERYWHERE):
        assert [one.name for one in client.list_workflows(parent=parent)] == [NAME]
    assert client.delete_workflow(name=NAME).result(timeout=20) is not None
    with refused(f"Resource '{NAME}' was not found", exceptions.NotFound):
        client.get_workflow(name=NAME)


def test_the_account_is_the_compute_account_unless_said_otherwise(clients: Clients) -> None:
    """It is shown by its full name, however it was given."""
    assert create(clients).service_account.endswith("-compute@developer.gserviceaccount.com")
    email = make_caller(clients)
    for named in (email, account_name(email), f"projects/-/serviceAccounts/{email}"):
        changed = update(clients, "service_account", service_account=named)
        assert changed.service_account == account_name(email)


def test_revisions_are_made_by_what_runs_alone(clients: Clients) -> None:
    """A new source or account is a new revision, a description is none; old ones can be read."""
    first = create(clients)
    assert re.fullmatch(r"000001-[0-9a-f]{3}", first.revision_id)
    described = update(clients, "description", description="orders")
    assert described.revision_id == first.revision_id
    second = update(clients, "source_contents", source_contents=SOURCE + "# more\n")
    assert second.revision_id.startswith("000002-")
    assert second.description == "orders"
    client = workflows(clients)
    listed = client.list_workflow_revisions(request={"name": NAME})
    assert [one.revision_id for one in listed] == [second.revision_id, first.revision_id]
    request = {"name": NAME, "revision_id": first.revision_id}
    assert client.get_workflow(request=request).source_contents == SOURCE


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"source_contents": " "}, "source code must not be empty"),
        ({"source_contents": "a" * (128 * 1024 + 1)}, "must not exceed 128 KB"),
        ({"labels": {"Team": "one"}}, "Labels must be at most 64"),
        ({"description": "a" * 1001}, "must not exceed 1000 characters"),
        ({"user_env_vars": {f"v{n}": "1" for n in range(21)}}, "At most 20 user-defined"),
    ],
)
def test_what_a_workflow_cannot_be_is_refused(
    grpc_clients: Clients, fields: dict[str, Any], words: str
) -> None:
    """Each rule by itself; nothing is made."""
    with refused(words, exceptions.InvalidArgument):
        create(grpc_clients, **fields)
    assert list(workflows(grpc_clients).list_workflows(parent=LOCATION)) == []


@pytest.mark.parametrize("workflow_id", ["1orders", "orders-", "or.ders", "a" * 65, ""])
def test_names_that_no_workflow_can_have_are_refused(
    grpc_clients: Clients, workflow_id: str
) -> None:
    """A letter first, a letter or digit last, 64 at most."""
    wanted = workflows_v1.Workflow(source_contents=SOURCE)
    with refused("The workflow ID must contain only", exceptions.InvalidArgument):
        workflows(grpc_clients).create_workflow(
            parent=LOCATION, workflow=wanted, workflow_id=workflow_id
        )


def test_what_exists_cannot_be_made_again(grpc_clients: Clients) -> None:
    """And is as it was."""
    made = create(grpc_clients)
    with refused(f"Resource '{NAME}' already exists", exceptions.AlreadyExists):
        create(grpc_clients, description="another")
    assert workflows(grpc_clients).get_workflow(name=NAME) == made


def test_lists_are_ordered_as_asked(grpc_clients: Clients) -> None:
    """By name, downwards; an order by something else is refused."""
    client = workflows(grpc_clients)
    wanted = workflows_v1.Workflow(source_contents=SOURCE)
    for one in ("b", "c", "a"):
        client.create_workflow(parent=LOCATION, workflow=wanted, workflow_id=one).result(timeout=20)
    listed = client.list_workflows(request={"parent": LOCATION, "order_by": "name desc"})
    assert [one.name[-1] for one in listed] == ["c", "b", "a"]
    with refused("Invalid order_by: colour", exceptions.InvalidArgument):
        client.list_workflows(request={"parent": LOCATION, "order_by": "colour"})


def test_a_filter_is_not_taken_for_applied(grpc_clients: Clients) -> None:
    """It is refused by the RPC's name."""
    with refused("ListWorkflows with filter is not", exceptions.MethodNotImplemented):
        workflows(grpc_clients).list_workflows(request={"parent": LOCATION, "filter": "a=b"})


def test_whoever_deploys_must_be_allowed_to_act_as_the_account(
    emulator: RunningEmulator, grpc_clients: Clients, clients_of: ClientsOf
) -> None:
    """For a new workflow and for a new source of one, which runs as the account, too."""
    email = make_caller(grpc_clients)
    theirs = clients_of(STRANGER)
    full = f"//workflows.googleapis.com/{LOCATION}"
    words = f"Permission 'workflows.workflows.create' denied on resource '{full}'"
    with refused(words, exceptions.PermissionDenied):
        create(theirs, service_account=email)
    grant(emulator, "workflows.editor")
    words = f"Permission 'iam.serviceAccounts.actAs' denied on service account {email}"
    with refused(words, exceptions.PermissionDenied):
        create(theirs, service_account=email)
    create(grpc_clients, service_account=email)
    with refused(words, exceptions.PermissionDenied):
        update(theirs, "source_contents", source_contents=SOURCE + "#")
    assert update(theirs, "labels", labels={"team": "one"}).labels == {"team": "one"}
    grant(emulator, "iam.serviceAccountUser", on=account_name(email))
    assert update(theirs, "source_contents", source_contents=SOURCE + "#").revision_id


def test_operations_take_a_permission(
    emulator: RunningEmulator, grpc_clients: Clients, clients_of: ClientsOf
) -> None:
    """A stranger cannot look at how a deployment goes; a viewer can."""
    wanted = workflows_v1.Workflow(source_contents=SOURCE)
    begun = workflows(grpc_clients).create_workflow(
        parent=LOCATION, workflow=wanted, workflow_id="orders"
    )
    request = {"name": begun.operation.name}
    theirs = workflows(clients_of(STRANGER))
    with refused("workflows.operations.get", exceptions.PermissionDenied):
        theirs.get_operation(request=request)
    grant(emulator, "workflows.viewer")
    assert theirs.get_operation(request=request).name == begun.operation.name
