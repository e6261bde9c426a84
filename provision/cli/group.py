"""How every command ends: a `ProvisionError` becomes text, a hint and an exit code.

Anything else is a bug and keeps its traceback, without the values of variables, which may be
secret.
"""

from typing import Any

import typer
from typer.core import TyperGroup

from provision.cli.console import errors
from provision.errors import ExitCode, ProvisionError


class ProvisionGroup(TyperGroup):
    """A command group that ends as design demands."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # noqa: ANN401 - as Typer's
        """Run the command and turn what it raised into an exit code."""
        try:
            return super().invoke(ctx)
        except ProvisionError as error:
            show_error(error)
            raise typer.Exit(int(error.exit_code)) from error
        except KeyboardInterrupt:
            errors.print("Interrupted. Nothing is lost: run the same command again to go on.")
            raise typer.Exit(int(ExitCode.INTERRUPTED)) from None


def show_error(error: ProvisionError) -> None:
    """Print what went wrong and what to do next, on stderr."""
    errors.print(f"[bold red]Error:[/] {_plain(str(error))}", highlight=False)
    if error.hint:
        errors.print(f"[bold]Next:[/] {_plain(error.hint)}", highlight=False)


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
