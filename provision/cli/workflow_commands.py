"""`provision workflow`: all of its commands, in the order of its help."""

from collections.abc import Callable

import typer

from provision.cli import options
from provision.cli.workflow_lint import lint
from provision.cli.workflow_render import render
from provision.cli.workflow_run import run

workflow_app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Workflows that call private services and functions, and execute jobs.",
)


def deploy(
    file: options.Files = options.DEFAULT_FILES,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: options.Json = False,
) -> None:
    """Create or update the workflows that the spec has beside the service or job."""
    from provision.cli.stage import workflow  # the stages take longer to load than to lint a file

    workflow(file, project, region, impersonate, as_json)


_COMMANDS: tuple[tuple[Callable[..., None], str], ...] = (
    (render, "render service/orders --path /reconcile -X POST > nightly.yaml"),
    (lint, "lint workflows/*.yaml --service-account nightly"),
    (deploy, "deploy"),
    (run, """run nightly --data '{"day": "2026-11-21"}'"""),
)

for _function, _example in _COMMANDS:
    workflow_app.command(epilog=f"Example: `provision workflow {_example}`")(_function)
