"""`provision prune-expired`: take out of a policy what can let nobody in any more."""

from datetime import datetime
from functools import partial
from typing import Annotated

import typer

from provision.access.changing import change
from provision.access.standing import pruned
from provision.cli import options
from provision.cli.access_report import TargetReport
from provision.cli.access_run import AccessRun, found, over_targets
from provision.cli.views import access_text
from provision.clients.clock import Clock
from provision.clients.server_time import server_now
from provision.errors import ExitCode


def prune_expired(
    targets: Annotated[list[str], typer.Argument(help="Of what, as with `provision grant --on`.")],
    everybodys: Annotated[
        bool,
        typer.Option("--all", help="Bindings that `provision grant` did not write as well."),
    ] = False,
    dry_run: options.DryRun = False,
    detailed_exitcode: options.DetailedExitcode = False,
    file: options.OptionalFiles = None,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: options.Json = False,
) -> None:
    """Take out grants whose time is over: they let nobody in, and count against IAM's limits.

    Example: `provision prune-expired service/orders --dry-run`
    """
    with over_targets(
        targets,
        files=file,
        project=project,
        region=region,
        impersonate=impersonate,
        as_json=as_json,
    ) as run:
        if run.failed:
            return
        run.progress.brief("looking at what time it is for Google")
        now, told = server_now(run.context.google, Clock())

        run.each(partial(_prune, run, now, told, everybodys=everybodys, dry_run=dry_run))
        if dry_run and detailed_exitcode and any(one.differs for one in run.reports):
            run.otherwise = ExitCode.DIFFERENCES


def _prune(
    run: AccessRun,
    now: datetime,
    told: str,
    report: TargetReport,
    *,
    everybodys: bool,
    dry_run: bool,
) -> None:
    """Take out of one policy what has run out, and say what is left of it."""
    run.progress.brief(f"looking for expired grants of {report.target}")
    done = report.pruned = change(
        found(report),
        lambda policy: pruned(policy, now, everybodys=everybodys),
        dry_run=dry_run,
    )
    _, others = pruned(done.after, now, everybodys=True)
    report.notes += [told] if told else []
    if others:
        report.notes.append(
            f"{len(others)} more ran out, in bindings that `provision grant` did not write: --all"
            " takes them out too."
        )
    with run.showing():
        access_text.show_pruned(report)
