"""Workflows that call functions of both generations, by their names at Google, from inside."""

import json

import pytest
import requests

from tests.conftest import Clients
from tests.emulator.callers.kit import CALLER, deploy_workflow, execute, make_caller
from tests.emulator.functions.workbench import (
    HELLO,
    OLD,
    SERVICE,
    bind,
    create,
    create_first,
    first_function,
    function,
    v1,
    v2,
)

GOOGLE = "https://us-central1-demo-project.cloudfunctions.net"
SOURCE = """
main:
  params: [args]
  steps:
    - ask:
        call: http.get
        args:
          url: ${args.root + "/orders"}
          auth: {type: OIDC, audience: '${args.root}'}
        result: answer
    - done:
        return: ${answer.code}
"""


@pytest.fixture(autouse=True)
def _workflow(grpc_clients: Clients) -> None:
    make_caller(grpc_clients)
    deploy_workflow(grpc_clients, SOURCE, service_account=CALLER)


def called(clients: Clients, root: str) -> int:
    """What the workflow was answered."""
    ended = execute(clients, {"root": root})
    return int(json.loads(ended.error.payload)["code"] if ended.error.payload else ended.result)


def test_a_first_generation_function_answers_whoever_has_its_own_role(
    grpc_clients: Clients,
) -> None:
    """By its root, whose audience has the name of the function in it; outsiders find nothing."""
    wanted = {**first_function(grpc_clients), "ingress_settings": "ALLOW_INTERNAL_ONLY"}
    made = create_first(grpc_clients, wanted).result(timeout=60)
    assert called(grpc_clients, f"{GOOGLE}/Old_one") == 403
    bind(v1(grpc_clients), OLD, "roles/cloudfunctions.invoker", f"serviceAccount:{CALLER}")
    assert called(grpc_clients, f"{GOOGLE}/Old_one") == 200
    assert called(grpc_clients, made.https_trigger.url) == 200
    assert called(grpc_clients, GOOGLE) == 404  # there is no function `orders`
    assert requests.get(made.https_trigger.url, timeout=10).status_code == 404


def test_a_second_generation_function_asks_for_the_invoker_of_its_service_alone(
    grpc_clients: Clients,
) -> None:
    """At both of its addresses; the role on the function itself opens neither."""
    wanted = {
        **function(grpc_clients),
        "service_config": {"ingress_settings": "ALLOW_INTERNAL_ONLY"},
    }
    made = create(grpc_clients, wanted).result(timeout=60)
    roots = made.service_config.uri, f"{GOOGLE}/hello"
    bind(v2(grpc_clients), HELLO, "roles/cloudfunctions.invoker", f"serviceAccount:{CALLER}")
    assert [called(grpc_clients, root) for root in roots] == [403, 403]
    bind(grpc_clients.services, SERVICE, "roles/run.invoker", f"serviceAccount:{CALLER}")
    assert [called(grpc_clients, root) for root in roots] == [200, 200]
    assert requests.get(made.service_config.uri, timeout=10).status_code == 404
