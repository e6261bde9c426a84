"""`provision grant`: let principals call a service, job or function."""

from typing import Annotated

import typer

from provision.access.changing import change
from provision.access.completing import check_may_be_granted
from provision.access.granting import Offer, granted
from provision.cli import options
from provision.cli.access_report import TargetReport
from provision.cli.access_run import AccessRun, found, over_targets
from provision.cli.views import access_text
from provision.clients.clock import Clock
from provision.clients.iam import Iam
from provision.errors import ExitCode, UsageError


def grant(
    principals: Annotated[
        list[str],
        typer.Argument(
            help="Whom: user:EMAIL, serviceAccount:EMAIL, group:EMAIL, …, or an e-mail."
        ),
    ],
    on: options.On,
    role: options.Role = None,
    dry_run: options.DryRun = False,
    detailed_exitcode: options.DetailedExitcode = False,
    file: options.OptionalFiles = None,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: options.Json = False,
) -> None:
    """Let principals call a service, job or function.

    Example: `provision grant ann@example.com --on service/orders`
    """
    with over_targets(
        on, files=file, project=project, region=region, impersonate=impersonate, as_json=as_json
    ) as run:
        if run.failed:
            return
        named = run.members(principals)
        members = tuple(one.member for one in named)
        check_may_be_granted(members)
        for report in run.reports:
            report.named = {one.member: one for one in named}
        _prepare(run, role)
        if run.failed:
            return
        _grant(run, members, dry_run=dry_run)
        if dry_run and detailed_exitcode and any(one.differs for one in run.reports):
            run.otherwise = ExitCode.DIFFERENCES


def _prepare(run: AccessRun, role: str | None) -> None:
    """What each target offers, checked before anything is written."""
    iam = Iam(run.context.google)

    def one(report: TargetReport) -> None:
        resolved = found(report)
        given = role or resolved.role
        carries = iam.carries(given, resolved.permission)
        if carries is False:
            raise UsageError(
                f"{given} does not let anybody call {report.target}: it does not hold"
                f" {resolved.permission}, or there is no such role.",
                hint=f"Without --role it is {resolved.role}.",
            )
        if carries is None:
            report.notes.append(f"whether {given} holds {resolved.permission} cannot be read")
        report.offer = Offer(given, None, None, lambda _: None)

    run.each(one)


def _grant(run: AccessRun, members: tuple[str, ...], *, dry_run: bool) -> None:
    clock = Clock()

    def one(report: TargetReport) -> None:
        offer, now = report.offer, clock.now()
        if offer is None:
            raise TypeError("a target without an offer")
        run.progress(f"changing the policy of {report.target}")
        report.granted = change(
            found(report), lambda policy: granted(policy, members, offer, now), dry_run=dry_run
        )
        with run.showing():
            access_text.show_granted(report, now)

    run.each(one)
