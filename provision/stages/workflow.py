"""Workflow: the workflows that call the service or execute the job, as accounts of their own."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provision.clients.clock import Clock
from provision.clients.iam import Iam
from provision.clients.workflows import Workflows
from provision.errors import UsageError
from provision.plan import Change, Check, Known, Unknown
from provision.run.resource_json import MARK
from provision.spec import JobSpec, Spec
from provision.spec.calls import HttpCall, JobCall, WorkflowSpec
from provision.stages import Progress
from provision.stages.accounts import Accounts
from provision.workflows import HttpCall as RenderedCall
from provision.workflows import JobRun, render

Json = Mapping[str, Any]

Prove = Callable[[WorkflowSpec], Iterable[Check]]
"""Executes a workflow and looks at what comes of it."""

_MOST = 128 * 1024
"""Bytes of a source. https://cloud.google.com/workflows/quotas"""


@dataclass(frozen=True)
class Flows:
    """The workflows of a service or job, as far as the spec speaks of them.

    Args:
        fields: by name; of each its account (once that exists), source and mark.
    """

    fields: Mapping[str, Json]


@dataclass(frozen=True)
class Workflow:
    """The stage.

    Args:
        spec: what is declared.
        workflows: those of Workflows.
        iam: service accounts.
        prove: executes one.
        progress: told what is being done.
    """

    spec: Spec
    workflows: Workflows
    iam: Iam
    prove: Prove
    progress: Progress
    clock: Clock = field(default_factory=Clock)
    name: str = "workflow"

    @property
    def subject(self) -> str:
        """The workflows, in words."""
        named = ", ".join(one.name for one in self.spec.workflows)
        several = "s" if len(self.spec.workflows) > 1 else ""
        return f"workflow{several} {named} in {self.spec.region.value}"

    def desired(self, known: Known) -> Flows:
        """Each with its source, which holds the address that the service has got."""
        return Flows({one.name: self._wanted(one, known) for one in self.spec.workflows})

    def observe(self) -> Flows | None:
        """Those that are there; None when there is none."""
        found = {one.name: self._seen(one) for one in self.spec.workflows}
        there = {name: seen for name, seen in found.items() if seen is not None}
        return Flows(there) if there else None

    def apply(self, change: Change[Flows]) -> Flows:
        """Create and update those that differ, each with its account."""
        before = change.observed.fields if change.observed else {}
        for one in self.spec.workflows:
            wanted, seen = change.desired.fields[one.name], before.get(one.name)
            if seen != wanted:
                self._accounts.bring(one.account, f"calls {self.spec} by workflow {one.name}")
                self._accounts.patiently(one.account, self._writing(one, seen, wanted))
        return self.observe() or Flows({})

    def learn(self, known: Known, state: Flows) -> Known:  # noqa: ARG002 - nothing later needs it
        """Nothing: who calls stands in the spec."""
        return known

    def verify(self, state: Flows) -> Iterable[Check]:
        """Each of them is executed, unless the spec says that it is not to be."""
        for one in self.spec.workflows:
            if one.name in state.fields:
                yield from self.prove(one)

    @property
    def _accounts(self) -> Accounts:
        return Accounts(self.spec, self.iam, self.progress, self.clock)

    def _wanted(self, workflow: WorkflowSpec, known: Known) -> Json:
        return {
            "serviceAccount": workflow.account.email,
            "sourceContents": self._source(workflow, known),
            "labels": {MARK[0]: MARK[1]},
        }

    def _seen(self, workflow: WorkflowSpec) -> Json | None:
        live = self.workflows.find(self.spec.workflow_name(workflow))
        if live is None:
            return None
        account = str(live.get("serviceAccount", "")).rpartition("/")[2]
        is_there = account != workflow.account.email or self._accounts.find(workflow.account)
        return {
            "serviceAccount": account if is_there else None,
            "sourceContents": live.get("sourceContents", ""),
            "labels": {MARK[0]: live.get("labels", {}).get(MARK[0])},
        }

    def _writing(
        self, workflow: WorkflowSpec, seen: Json | None, wanted: Json
    ) -> Callable[[], None]:
        name = self.spec.workflow_name(workflow)
        live = self.workflows.find(name) if seen is not None else None
        body = {
            **wanted,
            "serviceAccount": workflow.account.name,
            "labels": {**(live or {}).get("labels", {}), **wanted["labels"]},
        }
        if live is None:
            body["description"] = f"Calls {self.spec}."
            return lambda: self.workflows.create(name, body, self.progress)
        mask = [key for key in wanted if (seen or {}).get(key) != wanted[key]]
        return lambda: self.workflows.update(name, body, mask, self.progress)

    def _source(self, workflow: WorkflowSpec, known: Known) -> str | Unknown:
        call = workflow.call
        if isinstance(call, JobCall) and isinstance(self.spec, JobSpec):
            return render(_run(self.spec, call))
        if not isinstance(call, HttpCall):
            return _read(workflow)
        if isinstance(known.urls, Unknown):
            return known.urls
        return render(_request(self.spec, known.urls[0], call))


def _request(spec: Spec, root: str, call: HttpCall) -> RenderedCall:
    return RenderedCall(
        what=str(spec),
        url=root,
        method=call.method,
        path="" if call.path == "/" else call.path,
        query=call.query,
        headers=call.headers,
        body=call.body,
    )


def _run(spec: JobSpec, call: JobCall) -> JobRun:
    return JobRun(
        what=str(spec),
        project=spec.project.value,
        region=spec.region.value,
        job=spec.name,
        env=call.env,
        args=call.args,
        tasks=call.tasks,
        timeout=call.timeout,
        wait=call.wait,
    )


def _read(workflow: WorkflowSpec) -> str:
    """The user's own source."""
    file = workflow.source
    if file is None:
        raise TypeError(f"workflow {workflow.name} has neither call nor source")
    doing = f"Reading the source of workflow {workflow.name}, {file}"
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{doing}: {reason}.", hint="Check `source` in the spec.") from error
    if len(text.encode()) > _MOST:
        raise UsageError(f"{doing}: it is longer than the {_MOST // 1024} KB that Workflows takes.")
    return text
