"""`provision destroy`: the service or job with what calls it; with --all what was made for it."""

from collections.abc import Sequence
from typing import Annotated

import typer

from provision.cli import options
from provision.cli.command import require_consent, running
from provision.cli.report import ServiceReport
from provision.cli.run import Run
from provision.cli.views import as_text
from provision.destroy import CallingThings, Destroy, Removal
from provision.pipeline import Pipeline
from provision.resources import JobName, ServiceName
from provision.spec import BuiltImage, Kind, Spec


def destroy(
    file: options.Files = options.DEFAULT_FILES,
    yes: options.Yes = False,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="Service accounts, topics and the repository too, if ours and unused."
        ),
    ] = False,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: options.Json = False,
) -> None:
    """Delete the service or job, the bindings on it and what calls it, after showing them.

    Example: `provision destroy --all`
    """
    require_consent("destroy", yes=yes, as_json=as_json)
    with running(file, project, region, impersonate, as_json=as_json) as run:
        _plan(run, everything=everything)
        going = [item for report in run.reports for item in report.removals if item.remove]
        if going:
            run.approve(f"Delete these {len(going)} thing(s)? It cannot be undone.", yes=yes)
            _remove(run)
        run.finish()


def _plan(run: Run, *, everything: bool) -> None:
    """What every spec declares first: what else is unused follows from what of it goes."""
    plan, calling = _looking(run.pipeline)

    def deployed(report: ServiceReport) -> None:
        found = plan.deployed(report.spec)
        report.removals = [*([found] if found else []), *calling.of(report.spec)]

    def rest(report: ServiceReport) -> None:
        if everything:
            listed = {item.resource for other in run.reports for item in other.removals}
            images = [name for other in run.reports for name in _image_names(other.spec)]
            others = _resources(run)
            found = [
                *calling.topics(report.spec, others),
                *plan.the_rest(
                    report.spec, _going(run), images, calling.users(report.spec, others)
                ),
            ]
            report.removals += [item for item in found if item.resource not in listed]
        with run.showing(report):
            as_text.show_removals(report)

    run.each(deployed)
    run.each(rest)


def _looking(pipeline: Pipeline) -> tuple[Destroy, CallingThings]:
    """What looks for what is ours: services and jobs, and what calls them."""
    destroy = Destroy(
        pipeline.run,
        pipeline.jobs,
        pipeline.iam,
        pipeline.artifacts,
        {Kind.SERVICE: pipeline.policies, Kind.JOB: pipeline.job_policies},
        pipeline.progress,
    )
    calling = CallingThings(
        pipeline.workflows,
        pipeline.schedules,
        pipeline.subscriptions,
        pipeline.queues,
        pipeline.called_by,
        pipeline.progress,
    )
    return destroy, calling


def _image_names(spec: Spec) -> list[str]:
    return [spec.image.name] if isinstance(spec.image, BuiltImage) else []


def _going(run: Run) -> list[ServiceName | JobName]:
    """The services and jobs that are taken away."""
    return [
        report.spec.resource_name
        for report in run.reports
        if report.error is None and _goes(report)
    ]


def _resources(run: Run) -> frozenset[str]:
    """The full names of all that is taken away so far."""
    named = [item for report in run.reports if report.error is None for item in report.removals]
    return frozenset(item.resource for item in named if item.remove)


def _goes(report: ServiceReport) -> bool:
    """Whether the first of its removals is the service or job itself, and goes."""
    first = report.removals[0] if report.removals else None
    named = first is not None and first.resource == report.spec.resource_name.name
    return named and first is not None and first.remove is not None


def _remove(run: Run) -> None:
    """Every service and job first, then what they used; nothing of that where one did not go."""

    def deployed(report: ServiceReport) -> None:
        _take_away(run, report, report.removals[:1] if _goes(report) else ())

    def rest(report: ServiceReport) -> None:
        left = [one for one in report.removals if one.resource not in report.removed]
        _take_away(run, report, left)

    run.each(deployed)
    if all(report.error is None for report in run.reports):
        run.each(rest)


def _take_away(run: Run, report: ServiceReport, removals: Sequence[Removal]) -> None:
    for item in removals:
        if item.remove is not None:
            run.progress(f"deleting {item.subject}")
            item.remove()
            report.removed.append(item.resource)
            with run.showing():
                as_text.show_removed(item)
