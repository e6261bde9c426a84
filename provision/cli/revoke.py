"""`provision revoke`: take principals out of what lets them call a service, job or function."""

from typing import Annotated

import typer

from provision.access.changing import change
from provision.access.remaining import Remains
from provision.access.revoking import revoked
from provision.cli import options
from provision.cli.access_report import TargetReport
from provision.cli.access_run import AccessRun, found, over_targets
from provision.cli.views import access_text
from provision.clients.clock import Clock
from provision.errors import ExitCode


def revoke(
    principals: Annotated[list[str], typer.Argument(help="Whom, as with `provision grant`.")],
    on: options.On,
    role: Annotated[
        str | None,
        typer.Option(help="Out of this role only.", show_default=False),
    ] = None,
    reason: options.Reason = "",
    dry_run: options.DryRun = False,
    detailed_exitcode: options.DetailedExitcode = False,
    file: options.OptionalFiles = None,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: options.Json = False,
) -> None:
    """Take principals out of every role on the target that lets them call it.

    Example: `provision revoke user:ann@example.com --on service/orders`
    """
    with over_targets(
        on, files=file, project=project, region=region, impersonate=impersonate, as_json=as_json
    ) as run:
        if run.failed:
            return
        named = run.members(principals)
        for report in run.reports:
            report.named = {one.member: one for one in named}
        _revoke(run, tuple(one.member for one in named), role, reason, dry_run=dry_run)
        if dry_run and detailed_exitcode and any(one.differs for one in run.reports):
            run.otherwise = ExitCode.DIFFERENCES


def _revoke(
    run: AccessRun, members: tuple[str, ...], role: str | None, reason: str, *, dry_run: bool
) -> None:
    def one(report: TargetReport) -> None:
        resolved = found(report)
        carries = run.carries(resolved)
        run.progress(f"changing the policy of {report.target}")
        done = report.revoked = change(
            resolved,
            lambda policy: revoked(policy, members, carries, role),
            dry_run=dry_run,
            reason=reason,
        )
        run.progress(f"looking at what else lets anybody call {report.target}")
        above = tuple(run.above.layers(report.target.name.project))
        remains = Remains(
            resolved, done.after, above, carries, run.groups.has_member, Clock().now()
        )
        report.remaining = remains.of(members)
        with run.showing():
            access_text.show_revoked(report)

    run.each(one)
