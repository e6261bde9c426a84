"""How a command over specs begins and ends."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer

from provision.cli.console import interactive
from provision.cli.context import open_context
from provision.cli.progress import Progress
from provision.cli.run import Manner, Run
from provision.errors import UsageError
from provision.proof.revocations import DEFAULT_LIMIT


@contextmanager
def running(
    files: Sequence[Path],
    project: str | None,
    region: str | None,
    impersonate: str | None,
    *,
    as_json: bool,
    prune: bool = False,
    wait: float = DEFAULT_LIMIT,
    strict: bool = False,
) -> Iterator[Run]:
    """A run over the services and jobs of `files`; leaves with the exit code that it ended with."""
    context = open_context(files, project, region, impersonate)
    with Progress() as progress:
        run = Run(context, Manner(as_json, prune, wait, strict), progress)
        run.begin()
        yield run
    raise typer.Exit(int(run.code))


def require_consent(command: str, *, yes: bool, as_json: bool) -> None:
    """Refuse to go on where nobody said yes, and nobody can be asked or would see what for.

    Raises:
        UsageError: there is no ``--yes``, and no terminal, or JSON instead of the plan.
    """
    if not yes and (as_json or not interactive()):
        why = "--json shows no plan to say yes to" if as_json else "there is no terminal"
        raise UsageError(
            f"`provision {command}` asks before it changes anything, and {why}.",
            hint="Add --yes for unattended use; `provision plan` shows what would change.",
        )
