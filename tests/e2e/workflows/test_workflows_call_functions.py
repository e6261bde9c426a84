"""Functions of both generations, called by workflows that `render` printed."""

import json
from typing import TYPE_CHECKING

import pytest

from tests.emulator.callers.kit import CALLER, account_name, deploy_workflow, make_caller
from tests.emulator.functions.workbench import (
    HELLO,
    LOCATION,
    OLD,
    SERVICE,
    bind,
    create,
    create_first,
    first_function,
    function,
    v1,
)
from tests.functional.conftest import project_in

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Clients, RunningEmulator
    from tests.functional.conftest import Project

INTERNAL = {"ingress_settings": "ALLOW_INTERNAL_ONLY"}
MEMBER = f"serviceAccount:{CALLER}"


@pytest.fixture
def project(emulator: "RunningEmulator", tmp_path: "Path") -> "Project":
    """A directory to run commands in, and an account for workflows."""
    return project_in(tmp_path, emulator, region="us-central1")


def answered(project: "Project", clients: "Clients", name: str) -> str:
    """What a workflow of the rendered source came to."""
    rendered = project.run("workflow", "render", name, "--region", "us-central1", "-o", "it.yaml")
    assert rendered.code == 0, rendered.err
    source = (project.path / "it.yaml").read_text()
    parent = LOCATION
    deploy_workflow(clients, source, "asks", parent, service_account=account_name(CALLER))
    told = project.run("workflow", "run", f"{parent}/workflows/asks", "--json").document
    return json.dumps(told["result"] or told["failure"]["code"])


@pytest.mark.parametrize("generation", ["first", "second"])
def test_a_function_of_either_generation_answers(
    generation: str, project: "Project", grpc_clients: "Clients"
) -> None:
    """From inside, as an account with the one role that its generation asks for."""
    make_caller(grpc_clients)
    if generation == "first":
        wanted = {**first_function(grpc_clients), **INTERNAL}
        create_first(grpc_clients, wanted).result(timeout=60)
        bind(v1(grpc_clients), OLD, "roles/cloudfunctions.invoker", MEMBER)
    else:
        create(grpc_clients, {**function(grpc_clients), "service_config": INTERNAL}).result(
            timeout=60
        )
        bind(grpc_clients.services, SERVICE, "roles/run.invoker", MEMBER)
    name = OLD if generation == "first" else HELLO
    assert "let in" in answered(project, grpc_clients, name)
