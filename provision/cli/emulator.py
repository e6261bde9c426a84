"""`provision emulator`: the local Google Cloud, started and stopped as a process of its own."""

import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from provision.cli.console import errors, print_json, results
from provision.cli.emulator_instances import Instance, Instances, reset
from provision.cli.emulator_process import Settings, check_packages
from provision.cli.emulator_variables import MARKER
from provision.errors import NotFoundError, UsageError

emulator_app = typer.Typer(
    no_args_is_help=True,
    help="A Google Cloud on this machine: Cloud Run, Artifact Registry, IAM, and a registry.",
)


class Engine(StrEnum):
    """Whether deployed images really run."""

    AUTO = "auto"
    NONE = "none"


def checked_name(name: str) -> str:
    """`name`, when an emulator can be called that. Raises `UsageError`."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", name):
        raise UsageError(
            f"an emulator cannot be called {name!r}",
            hint="lower-case letters, digits and hyphens, at most 31",
        )
    return name


Name = Annotated[
    str,
    typer.Option("--name", help="Which one, when several run.", show_default=True),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@emulator_app.command(
    epilog="Example: `provision emulator start --project acme-prod --data ~/.cache/acme`"
)
def start(
    *,
    name: Name = "default",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="HTTP port; 0 takes a free one.")
    ] = 8085,
    grpc_port: Annotated[
        int, typer.Option(min=0, max=65535, help="gRPC port; 0 takes a free one.")
    ] = 0,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder that outlives a restart; else all is kept in memory."),
    ] = None,
    project: Annotated[
        list[str] | None, typer.Option(help="Id of a project to begin with; may be repeated.")
    ] = None,
    iam_delay: Annotated[
        float, typer.Option(min=0, help="Seconds until a changed policy takes effect.")
    ] = 0,
    engine: Annotated[
        Engine,
        typer.Option(help="auto: run images with Docker where it is at hand; none: never."),
    ] = Engine.AUTO,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay in this terminal until Ctrl-C.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Start it, unless it runs already, and say how to use it.

    The export line alone goes to stdout, so that `eval "$(provision emulator start)"` sets up the
    shell at once.
    """
    settings = Settings(port, grpc_port, data, tuple(project or ()), iam_delay, engine.value)
    if foreground:
        check_packages()
        command = settings.command()
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted; the arguments are a list
    instance, started = instances().start(checked_name(name), settings)
    if as_json:
        print_json(_document(instance) | {"started": started})
        return
    errors.print(f"The emulator {'runs now' if started else 'runs already'}: {_told(instance)}.")
    results.print(f"export PROVISION_EMULATOR={instance.url}")
    for line in (
        "With that set in a shell, `provision` works on the emulator there.",
        f'For gcloud, clients and Docker too: eval "$(provision emulator env{option(name)})"',
        f"To stop it: provision emulator stop{option(name)}",
    ):
        errors.print(line, markup=False, highlight=False)


@emulator_app.command(epilog="Example: `provision emulator stop`")
def stop(name: Name = "default", as_json: AsJson = False) -> None:
    """Stop it, with all containers it runs; that it does not run is no error."""
    instance = instances().stop(checked_name(name))
    if as_json:
        print_json({"name": name, "running": False, "stopped": instance is not None})
    elif instance is None:
        errors.print("The emulator does not run.")
    else:
        kept = f"its state is in {instance.data}" if instance.data else "its state is gone"
        errors.print(f"The emulator has stopped; {kept}.")
        if os.environ.get("PROVISION_EMULATOR") == instance.url:
            errors.print(f"This shell still leads there: {_way_back()}", markup=False)


@emulator_app.command(epilog="Example: `provision emulator status --json`")
def status(name: Name = "default", as_json: AsJson = False) -> None:
    """Say whether it runs, and where; exit code 0 if it does, 1 if not."""
    instance = instances().find(checked_name(name))
    if as_json:
        print_json(_document(instance) if instance else {"name": name, "running": False})
    elif instance is None:
        errors.print(
            f"The emulator does not run. To start it: provision emulator start{option(name)}"
        )
    else:
        shown = {key: value for key, value in _document(instance).items() if value is not None}
        width = max(map(len, shown))
        for key, value in shown.items():
            results.print(f"{key:<{width}}  {_shown(value)}", markup=False)
    if instance is None:
        raise typer.Exit(1)


@emulator_app.command("reset", epilog="Example: `provision emulator reset`")
def reset_(name: Name = "default", as_json: AsJson = False) -> None:
    """Bring it back to how it began: no services, images, accounts or bindings of yours."""
    instance = instances().find(checked_name(name))
    if instance is None:
        raise NotFoundError(
            "resetting the emulator: it does not run",
            hint=f"provision emulator start{option(name)}",
        )
    reset(instance)
    if as_json:
        print_json(_document(instance) | {"reset": True})
    else:
        errors.print("The emulator is as it began.")


def state_folder() -> Path:
    """Where records, logs and other files about emulators are."""
    state = os.environ.get("XDG_STATE_HOME", "")
    # The XDG specification has relative paths ignored.
    root = Path(state) if Path(state).is_absolute() else Path.home() / ".local" / "state"
    return root / "provision"


def instances() -> Instances:
    """The emulators of this user."""
    return Instances(state_folder())


def _document(instance: Instance) -> dict[str, object]:
    """What `--json` shows of a running emulator."""
    return {
        **instance.said,
        "name": instance.name,
        "running": True,
        "pid": instance.pid,
        "data": instance.data or None,
        "log": instance.log,
    }


def _told(instance: Instance) -> str:
    """One line about a running emulator, of what it said about itself."""
    said = instance.said
    parts = [instance.url]
    parts += [f"{word} {said[key]}" for key, word in _WORDS.items() if said.get(key)]
    if not said.get("engine"):
        why = said.get("engine_problem") or "none was found"
        parts.append(f"no Docker engine, so that nothing deployed is run: {why}")
    return ", ".join(parts)


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "yes" if value is True else str(value)


def _way_back() -> str:
    """The command that takes the emulator's variables out of this shell."""
    if os.environ.get(MARKER):
        return 'eval "$(provision emulator env --unset)"'
    return "unset PROVISION_EMULATOR"


_WORDS = {"project": "project", "identity": "acting as", "engine": "Docker engine:"}


def option(name: str) -> str:
    """The option that names an emulator in a command line; empty for the default one."""
    return "" if name == "default" else f" --name {name}"
