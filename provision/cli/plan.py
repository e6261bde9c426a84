"""`provision plan`: what would change."""

from typing import Annotated

import typer

from provision.cli import options
from provision.cli.command import running
from provision.errors import ExitCode


def plan(
    file: options.Files = options.DEFAULT_FILES,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 3 when something would change.")
    ] = False,
    prune: options.Prune = False,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: options.Json = False,
) -> None:
    """Show what `up` would change, field by field. Reads only.

    Example: `provision plan -f provision.yaml --detailed-exitcode`
    """
    with running(file, project, region, impersonate, as_json=as_json, prune=prune) as run:
        run.plan()
        differs = any(report.plan and not report.plan.is_empty for report in run.reports)
        code = ExitCode.DIFFERENCES if detailed_exitcode and differs else ExitCode.DONE
        run.finish(code)
