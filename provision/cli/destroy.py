"""`provision destroy`: the service, and with --all what was made for it."""

from typing import Annotated

import typer

from provision.cli import options
from provision.cli.command import require_consent, running
from provision.cli.report import ServiceReport
from provision.cli.run import Run
from provision.cli.views import as_text
from provision.destroy import Destroy


def destroy(
    file: options.Files = options.DEFAULT_FILES,
    yes: options.Yes = False,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="The service account and the repository too, if ours and unused."
        ),
    ] = False,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: options.Json = False,
) -> None:
    """Delete the service and the bindings on it, after showing them.

    Example: `provision destroy --all`
    """
    require_consent("destroy", yes=yes)
    with running(file, project, region, impersonate, as_json=as_json) as run:
        _plan(run, everything=everything)
        going = [item for report in run.reports for item in report.removals if item.remove]
        if going:
            run.approve(f"Delete these {len(going)} thing(s)? It cannot be undone.", yes=yes)
            _remove(run)
        run.finish()


def _plan(run: Run, *, everything: bool) -> None:
    def one(report: ServiceReport) -> None:
        pipeline = run.pipeline
        plan = Destroy(
            pipeline.run, pipeline.iam, pipeline.artifacts, pipeline.policies, run.progress
        )
        report.removals = list(plan.plan(report.spec, everything=everything))
        with run.showing(report):
            as_text.show_removals(report)

    run.each(one)


def _remove(run: Run) -> None:
    def one(report: ServiceReport) -> None:
        for item in report.removals:
            if item.remove is not None:
                run.progress(f"deleting {item.subject}")
                item.remove()
                report.removed.append(item.subject)
                with run.showing():
                    as_text.show_removed(item)

    run.each(one)
