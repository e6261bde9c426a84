"""`provision up`: build, push, deploy, bind, verify."""

from collections import Counter
from collections.abc import Sequence

from provision.cli import options
from provision.cli.command import require_consent, running
from provision.cli.context import seconds
from provision.cli.report import ServiceReport
from provision.spec import Kind


def up(
    file: options.Files = options.DEFAULT_FILES,
    yes: options.Yes = False,
    prune: options.Prune = False,
    strict: options.Strict = False,
    wait: options.Wait = options.DEFAULT_WAIT,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: options.Json = False,
) -> None:
    """Build, push, deploy and bind what differs, then verify every claim from outside.

    Example: `provision up --yes --json | jq .exit_code`
    """
    require_consent("up", yes=yes, as_json=as_json)
    limit = seconds(wait)
    with running(
        file, project, region, impersonate, as_json=as_json, prune=prune, wait=limit, strict=strict
    ) as run:
        run.plan()
        changing = [r for r in run.reports if r.plan is not None and not r.plan.is_empty]
        if changing:
            run.approve(f"Apply this to {_many(changing)}?", yes=yes)
            run.apply()
        run.verify()
        run.finish()


def _many(reports: Sequence[ServiceReport]) -> str:
    """How many of each kind: ``1 service``, ``2 services and 1 job``."""
    counts = Counter(report.spec.kind for report in reports)
    return " and ".join(
        f"{counts[kind]} {kind}{'s' if counts[kind] > 1 else ''}" for kind in Kind if counts[kind]
    )
