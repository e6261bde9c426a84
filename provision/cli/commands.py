"""Every command, by where it is: a module is loaded when its command is asked for, and not before.

Loading all of them takes half a second, which `provision grant` should not wait for.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand

COMMANDS: Mapping[str, str] = {
    "init": "init:init",
    "schema": "schema:schema",
    "plan": "plan:plan",
    "up": "up:up",
    "verify": "verify:verify",
    "build": "stage:build",
    "push": "stage:push",
    "deploy": "stage:deploy",
    "callers": "stage:callers",
    "bind": "stage:bind",
    "destroy": "destroy:destroy",
    "grant": "grant:grant",
    "revoke": "revoke:revoke",
    "grants": "grants:grants",
    "prune-expired": "prune_expired:prune_expired",
    "token": "token:token",
    "call": "call:call",
    "proxy": "proxy:proxy",
    "snippet": "snippet:snippet",
    "execute": "execute:execute",
    "workflow": "workflow_commands:workflow_app",
    "audit": "audit_commands:audit_app",
    "emulator": "emulator_env:emulator_app",
}
"""Name to ``MODULE:FUNCTION`` beneath this room, in the order of the help."""


def load(name: str) -> Any:  # noqa: ANN401 - a command of the click that Typer bundles
    """The command `name`, made from its function.

    A module's ``COMMAND_CLASS`` is used where it has one.
    """
    module_name, _, function = COMMANDS[name].partition(":")
    module = import_module(f"provision.cli.{module_name}")
    found = getattr(module, function)
    if isinstance(found, typer.Typer):
        app = found
    else:
        app = typer.Typer(
            add_completion=False,
            rich_markup_mode="markdown",
            pretty_exceptions_show_locals=False,
        )
        app.command(name, cls=getattr(module, "COMMAND_CLASS", TyperCommand))(found)
    command = typer.main.get_command(app)
    command.name = name
    return command
