"""Executions of workflows with Google's client and over REST: what they are, and how they end."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from google.api_core import exceptions
from google.cloud.workflows import executions_v1

from tests.conftest import Clients, RunningEmulator
from tests.emulator.callers.kit import (
    LOCATION,
    STRANGER,
    deploy_workflow,
    ended,
    execute,
    executions,
    grant,
    refused,
    workflows,
)

WORKFLOW = f"{LOCATION}/workflows/orders"
STATE = executions_v1.Execution.State
GREETING = """
main:
  params: [args]
  steps:
    - greet:
        assign:
          - words: ${"hello " + args.name}
    - done:
        return: ${words}
"""
FAILING = """
main:
  steps:
    - first:
        call: inner
inner:
  steps:
    - burst:
        raise:
          code: 7
          message: no more orders
"""
SLEEPING = """
main:
  steps:
    - rest:
        call: sys.sleep
        args:
          seconds: 600
"""
ClientsOf = Callable[[str], Clients]


class Rest:
    """Workflow Executions over REST.

    Args:
        emulator: who is asked.
    """

    def __init__(self, emulator: RunningEmulator) -> None:
        self._emulator = emulator

    def __call__(self, method: str, path: str, body: object = None, **query: Any) -> Any:  # noqa: ANN401 - JSON
        """Ask; the answer's JSON."""
        answer = requests.request(
            method,
            f"{self._emulator.http}/v1/{path}",
            params=query,
            json=body,
            headers={
                "Authorization": f"Bearer {self._emulator.token()}",
                "Host": "workflowexecutions.googleapis.com",
            },
            timeout=30,
        )
        return answer.json()


@pytest.fixture
def rest(emulator: RunningEmulator) -> Rest:
    """Workflow Executions over REST."""
    return Rest(emulator)


def test_an_execution_succeeds_with_its_result(grpc_clients: Clients) -> None:
    """Its argument and result are JSON; it tells the revision, the last step and how long."""
    made = deploy_workflow(grpc_clients, GREETING, labels={"team": "one", "env": "test"})
    wanted = executions_v1.Execution(argument='{"name": "ann"}', labels={"env": "prod"})
    begun = executions(grpc_clients).create_execution(parent=WORKFLOW, execution=wanted)
    assert (begun.state, begun.argument) == (STATE.ACTIVE, '{"name": "ann"}')
    assert begun.workflow_revision_id == made.revision_id
    assert dict(begun.labels) == {"team": "one", "env": "prod"}
    done = ended(grpc_clients, begun.name)
    assert (done.state, done.result) == (STATE.SUCCEEDED, '"hello ann"')
    assert [(one.routine, one.step) for one in done.status.current_steps] == [("main", "done")]
    assert done.end_time >= done.start_time
    assert done.duration == done.end_time - done.start_time


def test_rest_tells_what_it_was_recorded_to_tell(grpc_clients: Clients, rest: Rest) -> None:
    """Names have the project's number, what was not given is null, lists show less."""
    deploy_workflow(grpc_clients, "main: {steps: [{done: {return: 1}}]}")
    begun = rest("POST", f"{WORKFLOW}/executions", {})
    assert set(begun) == {
        *("argument", "createTime", "name", "startTime", "state", "status", "workflowRevisionId")
    }
    assert (begun["argument"], begun["status"]) == ("null", {})
    assert begun["name"].split("/")[1].isdecimal()
    ended(grpc_clients, begun["name"])
    done = rest("GET", begun["name"])
    assert set(done) - set(begun) == {"duration", "endTime", "result"}
    by_id = f"{WORKFLOW}/executions/{begun['name'].rpartition('/')[2]}"
    assert rest("GET", by_id) == done
    [listed] = rest("GET", f"{WORKFLOW}/executions")["executions"]
    assert set(done) - set(listed) == {"argument", "result"}
    assert rest("GET", f"{WORKFLOW}/executions", view="FULL")["executions"] == [done]
    assert rest("GET", by_id, view="BASIC") == listed


def test_a_failure_tells_error_context_and_stack(grpc_clients: Clients) -> None:
    """What was raised as JSON, and the steps on the stack with their places in the source."""
    deploy_workflow(grpc_clients, FAILING)
    done = execute(grpc_clients)
    assert (done.state, done.result) == (STATE.FAILED, "")
    assert json.loads(done.error.payload) == {"code": 7, "message": "no more orders"}
    assert 'in step "burst", routine "inner", line: 9' in done.error.context
    frames = [(one.routine, one.step, one.position.line) for one in done.error.stack_trace.elements]
    assert frames == [("inner", "burst", 9), ("main", "first", 5)]


def test_what_is_raised_as_a_text_is_told_so(grpc_clients: Clients) -> None:
    """In the words that Google has for it."""
    deploy_workflow(grpc_clients, "main: {steps: [{stop: {raise: enough}}]}")
    done = execute(grpc_clients)
    assert done.error.payload == '"enough"'
    assert done.error.context.startswith('RuntimeError: "enough"\nin step "stop", routine "main"')


def test_a_cancelled_execution_stops(grpc_clients: Clients) -> None:
    """At once; what has ended cannot be cancelled, in the recorded words."""
    deploy_workflow(grpc_clients, SLEEPING)
    client = executions(grpc_clients)
    begun = client.create_execution(parent=WORKFLOW)
    cancelled = client.cancel_execution(name=begun.name)
    assert cancelled.state == STATE.CANCELLED
    assert client.get_execution(name=begun.name) == cancelled
    words = "cancelling execution in state CANCELLED is not allowed"
    with refused(words, exceptions.FailedPrecondition):
        client.cancel_execution(name=begun.name)


def test_steps_are_told_while_they_run(grpc_clients: Clients, rest: Rest) -> None:
    """The current step, and an entry for each that was begun; the rest is cancelled with it."""
    deploy_workflow(grpc_clients, SLEEPING)
    begun = rest("POST", f"{WORKFLOW}/executions", {})
    client = executions(grpc_clients)
    while not (found := client.get_execution(name=begun["name"])).status.current_steps:
        assert found.state == STATE.ACTIVE
    assert [one.step for one in found.status.current_steps] == ["rest"]
    told = rest("GET", f"{begun['name']}/stepEntries")
    assert told["totalSize"] == 1
    [entry] = told["stepEntries"]
    assert (entry["state"], entry["stepType"]) == ("STATE_IN_PROGRESS", "STEP_STD_LIB_CALL")
    client.cancel_execution(name=begun["name"])
    assert rest("GET", entry["name"])["state"] == "STATE_CANCELLED"


def test_the_history_tells_each_step(grpc_clients: Clients, rest: Rest) -> None:
    """In order, with what is around it; by filter, order and page; until it is deleted."""
    deploy_workflow(grpc_clients, FAILING)
    done = execute(grpc_clients)
    entries = rest("GET", f"{done.name}/stepEntries")["stepEntries"]
    told = [(one["routine"], one["step"], one["stepType"], one["state"]) for one in entries]
    assert told == [
        ("main", "first", "STEP_SUBWORKFLOW_CALL", "STATE_FAILED"),
        ("inner", "burst", "STEP_RAISE", "STATE_FAILED"),
    ]
    assert json.loads(entries[1]["exception"]["payload"])["code"] == 7
    assert entries[1]["navigationInfo"]["parent"] == entries[0]["entryId"]
    assert entries[0]["navigationInfo"]["children"] == [entries[1]["entryId"]]
    steps = f"{done.name}/stepEntries"
    assert rest("GET", steps, filter='routine="inner" AND state="FAILED"')["totalSize"] == 1
    assert rest("GET", steps, orderBy="entryId desc", pageSize=1)["stepEntries"] == [entries[1]]
    assert rest("GET", steps, skip=1)["stepEntries"] == [entries[1]]
    assert rest("GET", f"{steps}/9")["error"]["status"] == "NOT_FOUND"
    assert rest("POST", f"{done.name}:deleteExecutionHistory", {}) == {}
    assert "stepEntries" not in rest("GET", steps)


def test_lists_are_filtered_ordered_and_paged(grpc_clients: Clients) -> None:
    """The newest first; by state, revision, label and step."""
    deploy_workflow(grpc_clients, GREETING, labels={"team": "one"})
    first = execute(grpc_clients, {"name": "a"})
    second = execute(grpc_clients, {})
    client = executions(grpc_clients)

    def names(**asked: Any) -> list[str]:  # noqa: ANN401 - fields of a message
        return [one.name for one in client.list_executions({"parent": WORKFLOW, **asked})]

    assert names() == [second.name, first.name]
    assert names(page_size=1) == [second.name, first.name]
    assert names(order_by="startTime") == [first.name, second.name]
    assert names(filter='state="SUCCEEDED"') == [first.name]
    assert names(filter='label.team="one" AND state!="SUCCEEDED"') == [second.name]
    assert names(filter="stepName:greet") == [second.name]
    assert names(filter='duration > "60s"') == []
    with refused("Invalid filter: colour=red", exceptions.InvalidArgument):
        names(filter="colour=red")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"argument": "{"}, "argument must be a valid JSON value"),
        ({"argument": "NaN"}, "argument must be a valid JSON value"),
        ({"argument": '"' + "a" * 32768 + '"'}, "must not exceed 32 KB"),
        ({"labels": {"Team": "one"}}, "Labels must be at most 64"),
    ],
)
def test_what_an_execution_cannot_be_is_refused(
    grpc_clients: Clients, fields: dict[str, Any], words: str
) -> None:
    """Nothing is executed."""
    deploy_workflow(grpc_clients, GREETING)
    client = executions(grpc_clients)
    with refused(words, exceptions.InvalidArgument):
        client.create_execution(parent=WORKFLOW, execution=executions_v1.Execution(fields))
    assert list(client.list_executions(parent=WORKFLOW)) == []


def test_what_is_not_there_is_told_by_name(grpc_clients: Clients) -> None:
    """A workflow that is not, an execution that is not, and a name that is none."""
    client = executions(grpc_clients)
    with refused(f"Resource '{WORKFLOW}' was not found", exceptions.NotFound):
        client.create_execution(parent=WORKFLOW)
    with refused("/executions/1' was not found", exceptions.NotFound):
        client.get_execution(name=f"{WORKFLOW}/executions/1")
    with refused("Invalid resource field value", exceptions.InvalidArgument):
        client.get_execution(name=f"{WORKFLOW}/1")


def test_each_execution_runs_the_revision_of_its_time(grpc_clients: Clients) -> None:
    """A new source is for executions that come after it."""
    deploy_workflow(grpc_clients, "main: {steps: [{done: {return: old}}]}")
    old = execute(grpc_clients)
    made = deploy_workflow(grpc_clients, "main: {steps: [{done: {return: new}}]}")
    new = execute(grpc_clients)
    assert (old.result, new.result) == ('"old"', '"new"')
    assert new.workflow_revision_id == made.revision_id != old.workflow_revision_id


def test_variables_tell_where_a_workflow_runs(grpc_clients: Clients) -> None:
    """Google's own, and those of the workflow."""
    names = ("PROJECT_ID", "LOCATION", "WORKFLOW_ID", "WORKFLOW_REVISION_ID")
    told = ", ".join(f"'${{sys.get_env(\"GOOGLE_CLOUD_{name}\")}}'" for name in names)
    source = f"main: {{steps: [{{done: {{return: [{told}, '${{sys.get_env(\"own\")}}']}}}}]}}"
    made = deploy_workflow(grpc_clients, source, user_env_vars={"own": "mine"})
    answer = json.loads(execute(grpc_clients).result)
    assert answer == ["demo-project", "us-central1", "orders", made.revision_id, "mine"]


def test_a_deleted_workflow_takes_its_executions_along(grpc_clients: Clients) -> None:
    """Those that run are stopped; under the same name there are none later."""
    deploy_workflow(grpc_clients, SLEEPING)
    begun = executions(grpc_clients).create_execution(parent=WORKFLOW)
    workflows(grpc_clients).delete_workflow(name=WORKFLOW).result(timeout=20)
    deploy_workflow(grpc_clients, SLEEPING)
    assert list(executions(grpc_clients).list_executions(parent=WORKFLOW)) == []
    with refused("was not found", exceptions.NotFound):
        executions(grpc_clients).get_execution(name=begun.name)


def test_executing_takes_the_role_for_it(
    emulator: RunningEmulator, grpc_clients: Clients, clients_of: ClientsOf
) -> None:
    """A viewer looks, an invoker executes and cancels; nobody else does either."""
    deploy_workflow(grpc_clients, SLEEPING)
    begun = executions(grpc_clients).create_execution(parent=WORKFLOW)
    theirs = executions(clients_of(STRANGER))
    full = f"//workflows.googleapis.com/{WORKFLOW}"
    words = f"Permission 'workflows.executions.get' denied on resource '{full}'"
    with refused(words, exceptions.PermissionDenied):
        theirs.get_execution(name=begun.name)
    grant(emulator, "workflows.viewer")
    assert theirs.get_execution(name=begun.name).state == STATE.ACTIVE
    with refused("Permission 'workflows.executions.create' denied", exceptions.PermissionDenied):
        theirs.create_execution(parent=WORKFLOW)
    with refused("Permission 'workflows.executions.cancel' denied", exceptions.PermissionDenied):
        theirs.cancel_execution(name=begun.name)
    grant(emulator, "workflows.invoker")
    assert theirs.cancel_execution(name=begun.name).state == STATE.CANCELLED


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("main: {steps: [{a: {call: googleapis.moon.v1.land}}]}", "googleapis.moon.v1.land"),
        ("main: {steps: [{a: {jump: b}}]}", "jump"),
        ("other: {steps: [{a: {return: 1}}]}", "main"),
        ('main: {steps: [{a: {return: "${1 +}"}}]}', "a"),
    ],
)
def test_a_source_that_cannot_run_is_refused_when_it_is_deployed(
    grpc_clients: Clients, source: str, words: str
) -> None:
    """By name, as the end of the operation; no workflow is made, and none is changed."""
    with refused(words, exceptions.InvalidArgument):
        deploy_workflow(grpc_clients, source)
    assert list(workflows(grpc_clients).list_workflows(parent=LOCATION)) == []
    made = deploy_workflow(grpc_clients, GREETING)
    with refused(words, exceptions.InvalidArgument):
        deploy_workflow(grpc_clients, source)
    assert workflows(grpc_clients).get_workflow(name=WORKFLOW) == made


def test_every_branch_has_its_current_step(grpc_clients: Clients) -> None:
    """While they run at once; the step that holds them is not told beside them."""
    branch = "{steps: [{%s: {call: sys.sleep, args: {seconds: 600}}}]}"
    branches = f"[{{one: {branch % 'rest'}}}, {{two: {branch % 'wait'}}}]"
    deploy_workflow(
        grpc_clients, f"main: {{steps: [{{both: {{parallel: {{branches: {branches}}}}}}}]}}"
    )
    client = executions(grpc_clients)
    begun = client.create_execution(parent=WORKFLOW)
    found: list[str] = []
    while len(found) < 2:
        now = client.get_execution(name=begun.name)
        assert now.state == STATE.ACTIVE
        found = [one.step for one in now.status.current_steps]
    assert found == ["rest", "wait"]
    client.cancel_execution(name=begun.name)


def test_what_a_workflow_logs_can_be_read(emulator: RunningEmulator, grpc_clients: Clients) -> None:
    """Texts and JSON, with their severities; none of what is not there."""
    source = """
- say:
    call: sys.log
    args: {text: hello, severity: WARNING}
- tell:
    call: sys.log
    args: {json: {orders: 7}}
"""
    deploy_workflow(grpc_clients, source)
    logs = f"{emulator.http}/_emulator/logs/"
    done = execute(grpc_clients)
    answer = requests.get(logs + done.name, timeout=10)
    assert answer.text.splitlines()[0] == "WARNING hello"
    assert '{"orders":7}' in answer.text.splitlines()[1]
    assert requests.get(f"{logs}{done.name}0", timeout=10).status_code == 404
