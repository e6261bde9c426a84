"""A private service with internal ingress, and workflows that call it as an account of theirs."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from google.cloud import run_v2
from google.cloud.workflows import executions_v1

from provision.clients.credentials import load_caller
from provision.clients.google import GoogleClients
from provision.clients.local_cloud import find_local_cloud
from provision.clients.workflow_executions import WorkflowExecutions
from provision.invoke.callees import Callees
from provision.invoke.failed_step import FailedStep, Told
from provision.resources import WorkflowName
from provision.workflows.execution import Execution
from tests.conftest import Clients, RunningEmulator
from tests.emulator.callers.kit import account_name, deploy_workflow, executions, make_caller
from tests.functional.conftest import Result
from tests.functional.proofs.conftest import INVOKER, REGION, Orders, Provision, orders, provision

__all__ = ["Bench", "bench", "job", "orders", "provision"]

PARENT = f"projects/demo-project/locations/{REGION}"


@dataclass(frozen=True)
class Bench:
    """What the commands are tried on.

    Args:
        emulator: where all of it is.
        clients: Google's clients, as the developer.
        provision: the command, in an empty directory.
        orders: the service.
        url: its address.
        caller: the e-mail of the workflow's account, which may call nothing.
    """

    emulator: RunningEmulator
    clients: Clients
    provision: Provision
    orders: Orders
    url: str
    caller: str

    def file(self, text: str, name: str = "flow.yaml") -> Path:
        """A file in the directory of the command."""
        path = self.provision.directory / name
        path.write_text(text)
        return path

    def lint(self, text: str, *words: str) -> Result:
        """Lint a source as the workflow of the account."""
        name = self.file(text).name
        return self.provision("workflow", "lint", name, "--service-account", self.caller, *words)

    def deploy(self, source: str, name: str = "nightly") -> None:
        """Make a workflow that runs as the account."""
        whose = account_name(self.caller)
        deploy_workflow(self.clients, source, name, PARENT, service_account=whose)

    def run(self, *words: str) -> Result:
        """Run the workflow."""
        return self.provision("workflow", "run", *(words or ("nightly", "--json")))

    def act_as(self, member: str) -> dict[str, str]:
        """The environment in which commands act as another identity."""
        made = self.emulator.admin("POST", "/identities", member=member)
        file = self.file(json.dumps(made["adc"]), "adc.json")
        return {"GOOGLE_APPLICATION_CREDENTIALS": str(file)}

    @cached_property
    def google(self) -> GoogleClients:
        """The clients of the product, as the developer."""
        local = find_local_cloud(self.provision.environ)
        return GoogleClients(load_caller(self.provision.environ, local, None), local)

    def execute(self, argument: object = None) -> Execution:
        """Execute the workflow to its end."""
        made = WorkflowExecutions(self.google)
        name = WorkflowName.parse(f"{PARENT}/workflows/nightly")
        return made.follow(made.start(name, argument).name, lambda _: None, 30)

    def told(self, source: str) -> Told:
        """Deploy this source, execute it, and have its failure explained."""
        self.deploy(source)
        ended = self.execute()
        assert ended.failure is not None
        callees = Callees(self.google, self.emulator.project, lambda _: None, self.caller)
        return FailedStep(callees, source, {}).told(ended.failure)

    def executions(self, workflow: str) -> list[executions_v1.Execution]:
        """All executions of a workflow."""
        return list(executions(self.clients).list_executions(parent=workflow))

    def let_in(self) -> None:
        """Make the account an invoker of the service."""
        policy = self.orders.policy()
        policy.bindings.add(role=INVOKER, members=[f"serviceAccount:{self.caller}"])
        self.orders.set(policy)

    def switch_off(self) -> None:
        """Take the service's default address off."""
        self._set("default_uri_disabled", value=True)

    def accept(self, audience: str) -> None:
        """Give the service a custom audience."""
        self._set("custom_audiences", value=[audience])

    def _set(self, field: str, *, value: object) -> None:
        changed = run_v2.Service({"name": self.orders.name, field: value})
        request = {"service": changed, "update_mask": {"paths": [field]}}
        self.clients.services.update_service(request=request).result(timeout=30)

    def call(self, **changes: Any) -> str:  # noqa: ANN401 - whatever auth may be
        """A workflow with one call of the service, right but for `changes`."""
        words = {"url": f"{self.url}/day", "type": "OIDC", "audience": self.url, **changes}
        auth = "".join(
            f"            {name}: {words[name]}\n" for name in ("type", "audience") if words[name]
        )
        return _CALL.format(url=words["url"], auth=f"          auth:\n{auth}" if auth else "")


_CALL = """main:
  params: [args]
  steps:
    - ask:
        call: http.get
        args:
          url: {url}
{auth}        result: answer
    - give_back:
        return: ${{answer.body}}
"""


@pytest.fixture
def bench(
    grpc_clients: Clients, emulator: RunningEmulator, provision: Provision, orders: Orders
) -> Bench:
    """All of it; the ingress is internal."""
    services = grpc_clients.services
    closed = run_v2.Service(
        name=orders.name, ingress=run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY
    )
    request = {"service": closed, "update_mask": {"paths": ["ingress"]}}
    changed = services.update_service(request=request).result(timeout=30)
    return Bench(emulator, grpc_clients, provision, orders, changed.uri, make_caller(grpc_clients))


@pytest.fixture
def job(grpc_clients: Clients, pushed_image: str) -> str:
    """A job beside the service; its full name."""
    container = run_v2.Container(image=pushed_image)
    template = run_v2.ExecutionTemplate(template=run_v2.TaskTemplate(containers=[container]))
    made = grpc_clients.make(run_v2.JobsClient).create_job(
        parent=PARENT, job_id="nightly", job=run_v2.Job(template=template)
    )
    return str(made.result(timeout=30).name)
