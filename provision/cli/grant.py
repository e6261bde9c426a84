"""`provision grant`: let principals call a service, job or function."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated

import typer

from provision.access.changing import change
from provision.access.completing import check_may_be_granted
from provision.access.granting import granted
from provision.access.offering import Asked, offer
from provision.access.remaining import openings
from provision.cli import options
from provision.cli.access_report import TargetReport
from provision.cli.access_run import AccessRun, found, over_targets
from provision.cli.grant_effect import awaited_grants
from provision.cli.grant_limits import Limits
from provision.cli.views import access_text
from provision.cli.wait_option import WaitingCommand, wait_for, wait_length
from provision.clients.clock import Clock
from provision.clients.server_time import server_now
from provision.errors import ExitCode
from provision.principals import canonical

COMMAND_CLASS = WaitingCommand


Principals = Annotated[
    list[str],
    typer.Argument(help="Whom: user:EMAIL, serviceAccount:EMAIL, group:EMAIL, …, or an e-mail."),
]
For = Annotated[
    str | None,
    typer.Option("--for", help="How long, as in 8h or 2d.", show_default=False),
]
Until = Annotated[
    str | None,
    typer.Option(help="Until when, as in 2026-12-24T18:00Z.", show_default=False),
]
OnlyPath = Annotated[
    str | None,
    typer.Option(
        help="The only path: /reports, or /reports/* with all below it.", show_default=False
    ),
]
Condition = Annotated[
    str | None,
    typer.Option(
        help="A condition of your own, as gcloud takes it: expression=…,title=….",
        show_default=False,
    ),
]


def grant(
    principals: Principals,
    on: options.On,
    for_: For = None,
    until: Until = None,
    path: OnlyPath = None,
    condition: Condition = None,
    reason: options.Reason = "",
    role: options.Role = None,
    wait: options.WaitForEffect = None,
    dry_run: options.DryRun = False,
    detailed_exitcode: options.DetailedExitcode = False,
    file: options.OptionalFiles = None,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: options.Json = False,
) -> None:
    """Let principals call a service, job or function.

    Example: `provision grant user:ann@example.com --on service/orders --for 8h --reason OPS-7`
    """
    limits = Limits(for_, until, path, condition)
    with over_targets(
        on,
        files=file,
        project=project,
        region=region,
        impersonate=impersonate,
        as_json=as_json,
        check=limits.check,
    ) as run:
        limit = wait_length(wait, dry_run=dry_run)
        if not run.failed:
            _carry_out(run, principals, limits, role, reason, dry_run=dry_run)
        if limit is not None and not run.interrupted:
            wait_for(run, list(awaited_grants(run)), limit)
        if dry_run and detailed_exitcode and any(one.differs for one in run.reports):
            run.otherwise = ExitCode.DIFFERENCES


def _carry_out(
    run: AccessRun,
    principals: Sequence[str],
    limits: Limits,
    role: str | None,
    reason: str,
    *,
    dry_run: bool,
) -> None:
    """Check everything about everybody, and then write."""
    now, told = _now(run, limits)
    who = run.context.caller.member
    asked = replace(limits.asked(now), role=role, reason=reason, who=who)
    named = run.members(principals)
    members = tuple(one.member for one in named)
    check_may_be_granted(members)
    for report in run.reports:
        report.named = {one.member: one for one in named}
        report.notes += [told] if told else []
    _asked(run, asked)
    if not run.failed:
        _grant(run, members, reason, now, dry_run=dry_run)


def _now(run: AccessRun, limits: Limits) -> tuple[datetime, str]:
    """The time; Google's where an end depends on it, and what is wrong with this machine's."""
    if not limits.in_time:
        return Clock().now(), ""
    run.progress.brief("looking at what time it is for Google")
    return server_now(run.context.google, Clock())


def _asked(run: AccessRun, asked: Asked) -> None:
    """What each target offers, checked before anything is written."""

    def one(report: TargetReport) -> None:
        report.offer, notes = offer(found(report), asked, run.iam)
        report.notes += (*notes, *openings(found(report)), *_undone(report, asked))

    run.each(one)


def _undone(report: TargetReport, asked: Asked) -> Iterator[str]:
    """That the next `provision up` will take it back, where the spec says nobody else."""
    spec = report.target.spec
    if spec is None or not spec.exclusive or asked.until is not None:
        return
    named = {canonical(one) for one in spec.all_invokers}
    others = [one for one in report.named if canonical(one) not in named]
    if others:
        yield (
            f"The spec is exclusive and does not name {', '.join(others)}: the next"
            " `provision up` takes this out again. Write it into the spec, or grant it with an"
            " end: that stays until then."
        )


def _grant(
    run: AccessRun, members: tuple[str, ...], reason: str, now: datetime, *, dry_run: bool
) -> None:
    def one(report: TargetReport) -> None:
        offered = report.offer
        if offered is None:
            raise TypeError("a target without an offer")
        run.progress.brief(f"{'reading' if dry_run else 'changing'} the policy of {report.target}")
        report.granted = change(
            found(report),
            lambda policy: granted(policy, members, offered, now),
            dry_run=dry_run,
            reason=reason,
        )
        with run.showing():
            access_text.show_granted(report, now)

    run.each(one)
