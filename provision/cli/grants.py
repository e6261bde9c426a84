"""`provision grants`: who can call a service, job or function, until when, and why."""

from datetime import datetime
from typing import Annotated

import typer

from provision.access.remaining import check_is_off, condition_kind, openings
from provision.access.standing import Grant
from provision.access.standing import grants as standing
from provision.cli import options
from provision.cli.access_report import Listing, TargetReport
from provision.cli.access_run import AccessRun, found, over_targets
from provision.cli.views import access_text
from provision.clients.clock import Clock


def grants(
    targets: Annotated[list[str], typer.Argument(help="Of what, as with `provision grant --on`.")],
    file: options.OptionalFiles = None,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: options.Json = False,
) -> None:
    """Show who can call a service, job or function, until when and why. Reads only.

    Example: `provision grants service/orders job/nightly`
    """
    with over_targets(
        targets,
        files=file,
        project=project,
        region=region,
        impersonate=impersonate,
        as_json=as_json,
    ) as run:

        def one(report: TargetReport) -> None:
            now = Clock().now()
            run.progress.brief(f"reading the policies of {report.target}")
            report.listing = _listing(run, report, now)
            report.notes += openings(found(report))
            with run.showing():
                access_text.show_listing(report, now)

        run.each(one)


def _listing(run: AccessRun, report: TargetReport, now: datetime) -> Listing:
    resolved = found(report)
    carries, kind = run.carries(resolved), condition_kind(resolved)
    policy = resolved.policies.get(resolved.resource)
    layers = tuple(run.above.layers(report.target.name.project))
    above: list[Grant] = []
    for layer in layers:
        if layer.policy is not None:
            above += standing(layer.policy, layer.resource, carries, now, kind)
    return Listing(
        here=standing(policy, resolved.resource, carries, now, kind),
        above=tuple(one for one in above if one.lets_in),
        unread=tuple(layer for layer in layers if layer.policy is None),
        open_to_all=check_is_off(resolved),
    )
