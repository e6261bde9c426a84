"""`provision execute`: run a job, and tell how it went."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provision.cli import options
from provision.cli.console import print_json, results
from provision.cli.context import seconds
from provision.cli.progress import Progress
from provision.cli.target_context import TargetContext, open_targets
from provision.cli.views import execution as view
from provision.clients.targets import missing
from provision.errors import InterruptedByUserError, NotFoundError, ProvisionError, UsageError
from provision.resources import JobName
from provision.run.execution import Overrides, State, overrides_of, state_of

if TYPE_CHECKING:
    from provision.invoke.execute import Execute


Job = Annotated[str, typer.Argument(help="A job of the spec, job/NAME, or a full resource name.")]
Args = Annotated[
    list[str] | None,
    typer.Option(
        help="One argument, in place of the job's own; once for each. --args=-v for a dash.",
        show_default=False,
    ),
]
Env = Annotated[
    list[str] | None,
    typer.Option(
        help="A variable, NAME=VALUE, over the job's own; once for each.", show_default=False
    ),
]
Tasks = Annotated[int | None, typer.Option(help="How many tasks, this once.", show_default=False)]
TaskTimeout = Annotated[
    str | None,
    typer.Option(help="Longest try of a task, this once: 10m, 2h.", show_default=False),
]
Wait = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Wait until it has ended, and tell how.")
]
Asynchronous = Annotated[bool, typer.Option("--async", help="As --no-wait: gcloud's word for it.")]
CancelOnInterrupt = Annotated[
    bool,
    typer.Option("--cancel-on-interrupt", help="Ctrl-C while waiting cancels the execution."),
]


def execute(
    job: Job,
    args: Args = None,
    env: Env = None,
    tasks: Tasks = None,
    task_timeout: TaskTimeout = None,
    wait: Wait = True,
    asynchronous: Asynchronous = False,
    cancel_on_interrupt: CancelOnInterrupt = False,
    file: options.OptionalFiles = None,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: options.Json = False,
) -> None:
    """Execute a job, wait for its end, and tell why tasks failed.

    Exits 0 when it succeeded, or was started with --no-wait; 1 when it failed. Arguments,
    variables, tasks and timeout of its own ask for run.jobs.runWithOverrides.

    Example: `provision execute nightly --env DAY=2026-11-21 --tasks 4`
    """
    limit = seconds(task_timeout) if task_timeout is not None else None
    overrides = overrides_of(args or (), env or (), tasks, limit)
    context = _open(job, file, project, region, impersonate)
    name = _job(context)
    with Progress() as progress:
        progress.brief("looking at who we act as")
        report = view.Report(name, context.caller.member, {}, waited=wait and not asynchronous)
        try:
            _run(_executing(context, progress), report, overrides, cancel=cancel_on_interrupt)
        except ProvisionError as error:
            report.error = _placed(error, context, report)
            progress.pause()
            if as_json:
                print_json(view.document(report))
            raise report.error from error
    _show(report, as_json=as_json)
    raise typer.Exit(int(report.exit_code))


def _open(
    text: str,
    files: list[Path] | None,
    project: str | None,
    region: str | None,
    impersonate: str | None,
) -> TargetContext:
    """The context of one job; without any spec, a bare name is a job's."""
    bare = "/" not in text and files is None and not options.DEFAULT_FILES[0].exists()
    return open_targets(
        [f"job/{text}" if bare else text],
        files=files,
        project=project,
        region=region,
        impersonate=impersonate,
    )


def _job(context: TargetContext) -> JobName:
    """The one target, which has to be a job."""
    (target,) = context.targets
    if not isinstance(target.name, JobName):
        raise UsageError(
            f"{target} is no job: only jobs are executed.",
            hint=f"`provision call {target.kind}/{target.id}` sends it a request.",
        )
    return target.name


def _placed(error: ProvisionError, context: TargetContext, report: view.Report) -> ProvisionError:
    """`error`; of a job that is not there, with what is and what to do."""
    if not isinstance(error, NotFoundError) or report.execution:
        return error
    (target,) = context.targets
    found = missing(target)
    declared = "`provision up` makes the job that the spec declares."
    return NotFoundError(str(found), hint=declared if target.spec else found.hint)


def _executing(context: TargetContext, progress: Progress) -> "Execute":
    from provision.clients.cloud_run_jobs import CloudRunJobs
    from provision.clients.executions import Executions
    from provision.invoke.execute import Execute

    return Execute(CloudRunJobs(context.google), Executions(context.google), progress)


def _run(executing: "Execute", report: view.Report, overrides: Overrides, *, cancel: bool) -> None:
    """Start it and, where that is wanted, wait for its end; `report` grows on the way."""
    try:
        report.execution = executing.start(report.job, overrides)
    except KeyboardInterrupt:
        raise InterruptedByUserError(
            f"Interrupted while job {report.job.job} was being started: it may run all the same.",
            hint="`gcloud run jobs executions list` shows it.",
        ) from None
    if not report.waited:
        return
    try:
        report.execution = executing.wait(report.name)
        if state_of(report.execution) is State.FAILED:
            report.failures = executing.failures(report.name)
    except KeyboardInterrupt:
        raise _interrupted(executing, report, cancel=cancel) from None


def _interrupted(
    executing: "Execute", report: view.Report, *, cancel: bool
) -> InterruptedByUserError:
    short, told = report.name.rpartition("/")[2], view.commands(report)
    if cancel:
        executing.executions.cancel(report.name)
        return InterruptedByUserError(
            f"Interrupted; execution {short} is being cancelled.",
            hint=f"Look at it with `{told['describe']}`.",
        )
    return InterruptedByUserError(
        f"Interrupted; execution {short} goes on.",
        hint=f"Look at it with `{told['describe']}`,\nor cancel it with `{told['cancel']}`.",
    )


def _show(report: view.Report, *, as_json: bool) -> None:
    results.quiet = as_json
    view.show(report)
    if as_json:
        print_json(view.document(report))
