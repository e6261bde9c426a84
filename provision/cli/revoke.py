"""`provision revoke`: take principals out of what lets them call a service, job or function."""

from typing import Annotated

import typer

from provision.access.changing import change
from provision.access.revoking import revoked
from provision.cli import options
from provision.cli.access_report import TargetReport
from provision.cli.access_run import AccessRun, found, over_targets
from provision.cli.views import access_text
from provision.clients.iam import Iam
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
    iam = Iam(run.context.google)

    def one(report: TargetReport) -> None:
        resolved = found(report)
        run.progress(f"changing the policy of {report.target}")

        def carries(held: str) -> bool | None:
            return iam.carries(held, resolved.permission)

        report.revoked = change(
            resolved,
            lambda policy: revoked(policy, members, carries, role),
            dry_run=dry_run,
            reason=reason,
        )
        with run.showing():
            access_text.show_revoked(report)

    run.each(one)
