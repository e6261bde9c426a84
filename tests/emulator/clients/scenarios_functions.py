"""Cloud Functions with Google's clients, v2 and v1."""

from tests.emulator.clients.scenario import Scenario, Stage
from tests.emulator.clients.scenarios_resources import round_trip
from tests.emulator.functions.workbench import (
    HELLO,
    LOCATION,
    OLD,
    deploy,
    deploy_first,
    update,
    v1,
    v2,
)

_POLICIES = ("GetIamPolicy", "SetIamPolicy", "TestIamPermissions")
_BOTH = tuple(f"{verb}Function" for verb in ("Create", "Get", "Update", "Delete"))
_PERMISSION = "cloudfunctions.functions.get"


def _second(stage: Stage) -> None:
    client, made = v2(stage.clients), deploy(stage.clients)
    assert client.get_function(name=HELLO) == made
    assert [one.name for one in client.list_functions(parent=LOCATION)] == [HELLO]
    changed = update(stage.clients, {"name": HELLO, "labels": {"team": "orders"}}, "labels")
    assert dict(changed.labels) == {"team": "orders"}
    assert client.list_runtimes({"parent": LOCATION}).runtimes
    round_trip(client, HELLO, "roles/cloudfunctions.viewer", _PERMISSION)
    client.delete_function(name=HELLO).result(timeout=60)
    assert list(client.list_functions(parent=LOCATION)) == []


def _policies(stage: Stage) -> None:
    deploy(stage.clients)
    round_trip(v2(stage.clients), HELLO, "roles/cloudfunctions.viewer", _PERMISSION)


def _first(stage: Stage) -> None:
    client, made = v1(stage.clients), deploy_first(stage.clients)
    assert client.get_function(name=OLD) == made
    assert [one.name for one in client.list_functions({"parent": LOCATION})] == [OLD]
    sent = {
        "function": {"name": OLD, "description": "x"},
        "update_mask": {"paths": ["description"]},
    }
    assert client.update_function(sent).result(timeout=60).description == "x"
    assert client.call_function(name=OLD, data="{}").execution_id
    round_trip(client, OLD, "roles/cloudfunctions.invoker", _PERMISSION)
    client.delete_function(name=OLD).result(timeout=60)
    assert list(client.list_functions({"parent": LOCATION})) == []


FUNCTIONS = (
    Scenario(
        "functions-second",
        _second,
        "google.cloud.functions.v2.FunctionService",
        (*_BOTH, "ListFunctions", "GenerateUploadUrl", "ListRuntimes"),
    ),
    Scenario("functions-policies", _policies, "google.iam.v1.IAMPolicy", _POLICIES),
    Scenario(
        "functions-first",
        _first,
        "google.cloud.functions.v1.CloudFunctionsService",
        (*_BOTH, "ListFunctions", "GenerateUploadUrl", "CallFunction", *_POLICIES),
    ),
)
"""Scenarios of both generations."""
