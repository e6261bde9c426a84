"""One stage, as `provision build` and the like: the ones before it are observed, not run."""

from collections.abc import Callable
from typing import Any

from provision import engine
from provision.cli import options
from provision.cli.command import running
from provision.cli.console import note
from provision.cli.report import ServiceReport
from provision.cli.run import Run
from provision.cli.views import as_text


def _one_stage(name: str) -> Callable[[Run], None]:
    def go(run: Run) -> None:
        def one(report: ServiceReport) -> None:
            stages = run.stages(report)
            if name not in {stage.name for stage in stages}:
                note(f"{report.spec} declares none; nothing to do.", name)
                return
            stage, report.plan = engine.plan_one(stages, name)
            report.outcome.known = report.plan.known
            with run.showing(report):
                as_text.show_plan(report.plan)
            engine.apply([stage], report.plan, report.outcome, run.starting)
            with run.showing():
                as_text.show_steps(report.outcome)

        run.each(one)
        run.finish()

    return go


def _command(name: str, text: str, called: str = "") -> Callable[..., None]:
    """A command that runs the stage `name`; `text` is its help.

    Args:
        name: the stage's.
        text: what it does.
        called: how the command is called, where not as the stage is.
    """

    def command(
        file: options.Files = options.DEFAULT_FILES,
        project: options.Project = None,
        region: options.Region = None,
        impersonate: options.Impersonate = None,
        as_json: options.Json = False,
    ) -> None:
        _run(name, file, project, region, impersonate, as_json=as_json)

    command.__name__ = name
    command.__doc__ = f"{text}\n\nExample: `provision {called or name}`"
    return command


build = _command("build", "Build the image for linux/amd64, unless the same inputs were built.")
push = _command("push", "Push the built image to Artifact Registry, unless the registry has it.")
deploy = _command("deploy", "Deploy the pushed image by digest, authentication required.")
workflow = _command(
    "workflow",
    "Create or update the workflows that the spec has beside the service or job.",
    "workflow deploy",
)
callers = _command(
    "callers", "Create or update the schedules, subscriptions and queues that call the service."
)


def bind(
    file: options.Files = options.DEFAULT_FILES,
    prune: options.Prune = False,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: options.Json = False,
) -> None:
    """Let exactly the spec's invokers call the service, and nobody public.

    Example: `provision bind --prune`
    """
    _run("bind", file, project, region, impersonate, as_json=as_json, prune=prune)


def _run(name: str, *arguments: Any, **manner: Any) -> None:  # noqa: ANN401 - handed on
    with running(*arguments, **manner) as run:
        _one_stage(name)(run)
