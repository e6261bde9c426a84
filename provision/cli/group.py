"""How every command ends: a `ProvisionError` becomes text, a hint and an exit code.

Anything else is a bug and keeps its traceback, without the values of variables, which may be
secret.
"""

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from provision.cli import console
from provision.cli.commands import COMMANDS, load
from provision.cli.console import note, print_json
from provision.errors import ExitCode, InterruptedByUserError, ProvisionError

_CommandLineError: Any = typer.BadParameter.__base__
"""What is raised for an option or argument that is wrong; Typer bundles it under a private name."""


class ProvisionGroup(TyperGroup):
    """All commands, each loaded when it is asked for, and how they end."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - as Typer's
        super().__init__(**settings)
        # Typer looks for misspelled names here; a command is made by `get_command`.
        self.commands = dict.fromkeys(COMMANDS)  # type: ignore[assignment]

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # noqa: ARG002
        """The names of all commands, in the order of the help."""
        return [*COMMANDS]

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]  # noqa: ANN401, ARG002
        """The command of that name, or None."""
        if self.commands.get(cmd_name) is None and cmd_name in COMMANDS:
            self.commands[cmd_name] = load(cmd_name)
        return self.commands.get(cmd_name)

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # noqa: ANN401 - as Typer's
        """Run the command and turn what it raised into an exit code."""
        try:
            return super().invoke(ctx)
        except ProvisionError as error:
            _end(error)
        except _CommandLineError as error:
            told = error.format_message()
            _print_error("UsageError", told, "See --help of the command.", ExitCode.USAGE)
            raise  # Typer tells people
        except KeyboardInterrupt:
            _end(
                InterruptedByUserError(
                    "Interrupted.", hint="Nothing is lost: run the same command again to go on."
                )
            )


def _end(error: ProvisionError) -> None:
    """Say what went wrong, as JSON too where that was asked for and nothing was printed yet."""
    show_error(error)
    _print_error(type(error).__name__, str(error), error.hint, error.exit_code)
    raise typer.Exit(int(error.exit_code)) from error


def _print_error(kind: str, message: str, hint: str, code: ExitCode) -> None:
    """The document of a command that came to nothing, where one was asked for."""
    if "--json" in sys.argv and not console.documents_printed:
        told = {"kind": kind, "message": message, "hint": hint}
        print_json({"services": [], "error": told, "exit_code": int(code)})


def show_error(error: ProvisionError) -> None:
    """Print what went wrong and what to do next, on stderr."""
    note(str(error), "Error", style="bold red", lines=True)
    if error.hint:
        note(error.hint, "Next", lines=True)
