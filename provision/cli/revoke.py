"""`provision revoke`: take principals out of what lets them call a service, job or function."""

from collections.abc import Iterator
from typing import Annotated

import typer

from provision.access.changing import change
from provision.access.remaining import How, Remains
from provision.access.revoking import Revoked, revoked, wider
from provision.cli import options
from provision.cli.access_report import TargetReport
from provision.cli.access_run import AccessRun, found, over_targets
from provision.cli.views import access_text
from provision.cli.wait_option import WaitingCommand, wait_for, wait_length
from provision.clients.clock import Clock
from provision.conditions import Terms, parse_path, read
from provision.errors import ExitCode
from provision.invoke.taking_effect import Awaited

COMMAND_CLASS = WaitingCommand


def revoke(
    principals: Annotated[list[str], typer.Argument(help="Whom, as with `provision grant`.")],
    on: options.On,
    role: Annotated[
        str | None,
        typer.Option(help="Out of this role only.", show_default=False),
    ] = None,
    reason: options.Reason = "",
    wait: options.WaitForEffect = None,
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
        limit = wait_length(wait, dry_run=dry_run)
        if run.failed:
            return
        named = run.members(principals)
        for report in run.reports:
            report.named = {one.member: one for one in named}
        _revoke(run, tuple(one.member for one in named), role, reason, dry_run=dry_run)
        if limit is not None and not run.interrupted:
            wait_for(run, list(_awaited(run, role)), limit)
        if dry_run and detailed_exitcode and any(one.differs for one in run.reports):
            run.otherwise = ExitCode.DIFFERENCES


def _revoke(
    run: AccessRun, members: tuple[str, ...], role: str | None, reason: str, *, dry_run: bool
) -> None:
    def one(report: TargetReport) -> None:
        resolved = found(report)
        carries = run.carries(resolved)
        run.progress.brief(f"{'reading' if dry_run else 'changing'} the policy of {report.target}")
        done = report.revoked = change(
            resolved,
            lambda policy: revoked(policy, members, carries, role),
            dry_run=dry_run,
            reason=reason,
        )
        run.progress.brief(f"looking at what else opens {report.target}")
        above = tuple(run.above.layers(report.target.name.project))
        remains = Remains(
            resolved, done.after, above, carries, run.groups.has_member, Clock().now()
        )
        report.remaining = remains.of(members)
        report.notes += filter(None, [wider(done.told) if role is None else ""])
        with run.showing():
            access_text.show_revoked(report)

    run.each(one)


def _awaited(run: AccessRun, role: str | None) -> Iterator[tuple[TargetReport, Awaited]]:
    """Everybody who is to be kept out, but for those whom something else surely lets in."""
    for report in run.reports:
        if report.error is not None or report.revoked is None:
            continue
        still = {one.member for one in report.remaining if one.how is How.STILL}
        for one in report.revoked.told:
            if one.member not in still:
                yield report, _awaited_one(run, report, one, role)


def _awaited_one(run: AccessRun, report: TargetReport, one: Revoked, role: str | None) -> Awaited:
    resolved = found(report)
    carries = run.carries(resolved)
    return Awaited(
        resolved,
        one.member,
        admitted=False,
        settled=lambda policy: revoked(policy, [one.member], carries, role)[0] == policy,
        paths=("", *_paths(one)),
        written=report.revoked.written_at if report.revoked is not None else None,
        unaskable=_unaskable(one),
    )


def _paths(one: Revoked) -> Iterator[str]:
    """The pages that somebody had access to, where a binding was for a path."""
    for terms in _terms(one):
        if terms.path is not None:
            yield parse_path(terms.path).page


def _unaskable(one: Revoked) -> str:
    """Why being refused shows nothing: it may have been refused there before, too."""
    if not one.taken:
        return "nothing was taken out now, so where it got in before is not known"
    if any(terms.rest for terms in _terms(one)):
        return "it held a role under a condition that a request of ours need not meet"
    return ""


def _terms(one: Revoked) -> Iterator[Terms]:
    for held in one.taken:
        if held.binding.condition is not None:
            yield read(held.binding.condition)
