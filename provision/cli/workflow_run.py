"""`provision workflow run`: execute, follow the steps, and explain the one that fails."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from provision.cli import options
from provision.cli.addressing import Place
from provision.cli.console import print_json, results
from provision.cli.context import seconds
from provision.cli.progress import Progress
from provision.cli.views import workflow_run as view
from provision.cli.workflow_calls import json_argument
from provision.cli.workflow_place import WorkflowPlace, environment, missing
from provision.errors import (
    InterruptedByUserError,
    NotFoundError,
    NotProvenError,
    PermissionDeniedError,
    ProvisionError,
)
from provision.workflows.execution import Execution

if TYPE_CHECKING:
    from provision.clients.run_resources import Json
    from provision.clients.workflow_executions import WorkflowExecutions
    from provision.invoke.failed_step import Told
    from provision.resources import WorkflowName

Name = Annotated[
    str,
    typer.Argument(help="A workflow of the spec, workflow/NAME, or a full resource name."),
]
Data = Annotated[
    str | None,
    typer.Option(
        "-d",
        "--data",
        help="The argument of the execution: any JSON value.",
        metavar="JSON|@FILE|@-",
        show_default=False,
    ),
]
Wait = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Wait until it has ended, and tell how.")
]
Asynchronous = Annotated[bool, typer.Option("--async", help="As --no-wait: gcloud's word for it.")]
MaxWait = Annotated[
    str | None,
    typer.Option("--max-wait", help="Longest wait, as in 10m; none otherwise.", show_default=False),
]
CancelOnInterrupt = Annotated[
    bool,
    typer.Option("--cancel-on-interrupt", help="Ctrl-C while waiting cancels the execution."),
]


def run(
    name: Name,
    data: Data = None,
    wait: Wait = True,
    asynchronous: Asynchronous = False,
    max_wait: MaxWait = None,
    cancel_on_interrupt: CancelOnInterrupt = False,
    file: options.OptionalFiles = None,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: options.Json = False,
) -> None:
    """Execute a workflow, follow it step by step, and explain the step that fails.

    Exits 0 when it succeeded, or was started with --no-wait; 1 when it failed; 4 when it still
    runs after --max-wait.
    """
    argument = json_argument(data, "--data") if data is not None else None
    limit = seconds(max_wait) if max_wait is not None else None
    place = WorkflowPlace(Place(file, project, region, impersonate))
    found = place.named(name)
    with Progress() as progress:
        progress.brief("looking at who we act as")
        report = view.Report(found, place.context.caller.member, waited=wait and not asynchronous)
        try:
            _Running(place, report, progress).run(argument, limit, cancel=cancel_on_interrupt)
        except ProvisionError as error:
            report.error = error
            progress.pause()
            if as_json:
                print_json(view.document(report))
            raise
    results.quiet = as_json
    view.show(report)
    if as_json:
        print_json(view.document(report))
    raise typer.Exit(int(report.exit_code))


@dataclass(frozen=True)
class _Running:
    """One execution, from its start to its explanation; `report` grows on the way."""

    place: WorkflowPlace
    report: view.Report
    progress: Progress

    @property
    def _executions(self) -> "WorkflowExecutions":
        from provision.clients.workflow_executions import WorkflowExecutions

        return WorkflowExecutions(self.place.context.google)

    def run(self, argument: object, limit: float | None, *, cancel: bool) -> None:
        """Start it and, where that is wanted, follow it to its end."""
        name = self.report.workflow
        self.progress(f"executing workflow {name.workflow}")
        try:
            self.report.execution = self._executions.start(name, argument)
        except KeyboardInterrupt:
            raise InterruptedByUserError(
                f"Interrupted while workflow {name.workflow} was being started: it may run all the"
                " same.",
                hint="`gcloud workflows executions list` shows it.",
            ) from None
        except NotFoundError:
            raise missing(name) from None
        if not self.report.waited:
            return
        try:
            self._follow(self.report.execution, limit)
        except KeyboardInterrupt:
            raise self._interrupted(cancel=cancel) from None

    def _follow(self, started: Execution, limit: float | None) -> None:
        try:
            found = self._executions.follow(started.name, self._told, limit)
        except PermissionDeniedError as error:
            raise NotProvenError(
                f"Execution {started.own_id} was started, and how it goes cannot be seen. {error}",
                hint=f"{error.hint} --no-wait does not look.",
            ) from error
        self.report.execution = found
        if not found.is_over:
            return
        self.report.entries = self._entries(found)
        if found.failure is not None:
            self.progress("looking why it failed")
            self.report.told = self._explained(found)

    def _told(self, execution: Execution) -> None:
        """Tell each step as it is come to."""
        self.report.execution = execution
        for step in execution.steps:
            if not self.report.seen or self.report.seen[-1] != step:
                self.report.seen.append(step)
                self.progress(f"step {step}")

    def _entries(self, execution: Execution) -> "tuple[Json, ...]":
        """The history of its steps, where one is kept and may be seen."""
        try:
            return self._executions.entries(execution.name)
        except ProvisionError:
            return ()

    def _explained(self, execution: Execution) -> "Told | None":
        from provision.clients.workflows import Workflows
        from provision.invoke.callees import Callees
        from provision.invoke.failed_step import FailedStep

        if execution.failure is None:
            return None
        name, google = self.report.workflow, self.place.context.google
        try:
            workflow = Workflows(google).find(name) or {}
        except ProvisionError as error:
            self.report.unread = str(error)
            workflow = {}
        source, account = workflow.get("sourceContents", ""), workflow.get("serviceAccount", "")
        if workflow and workflow.get("revisionId", "") != execution.revision:
            self.report.unread = "the workflow was changed since: its source is another one"
            source = ""
        callees = Callees(google, name.project, self.progress.brief, account.rpartition("/")[2])
        env = environment(name.project, name.region, name.workflow)
        self.report.source = source
        argument = view.json_of(execution.argument)
        told = FailedStep(callees, source, env, argument).told(execution.failure)
        return _with_spec(told) if name in self._declared else told

    @property
    def _declared(self) -> "frozenset[WorkflowName]":
        return frozenset(spec.workflow_name(one) for spec, one in self.place.declared)

    def _interrupted(self, *, cancel: bool) -> InterruptedByUserError:
        execution = self.report.execution
        own = execution.own_id if execution else ""
        if cancel and execution is not None:
            self._executions.cancel(execution.name)
            return InterruptedByUserError(
                f"Interrupted; execution {own} is cancelled.",
                hint=f"Look at it with `{view.commands(self.report)['describe']}`.",
            )
        told = view.commands(self.report)
        return InterruptedByUserError(
            f"Interrupted; execution {own} goes on.",
            hint=f"Look at it with `{told['describe']}`,\nor cancel it with `{told['cancel']}`.",
        )


def _with_spec(told: "Told") -> "Told":
    """The advice for a workflow of the spec, which is mended from there."""
    from provision.invoke.explain import Finding

    found = told.explanation
    if found is None or found.finding not in (Finding.NO_ROLE, Finding.PERHAPS_NO_ROLE):
        return told
    more = f"{found.next} It is in the spec: `provision bind` does that for all of it."
    return replace(told, explanation=replace(found, next=more))
