"""`provision emulator env`: variables with which gcloud, Google's libraries and Docker use it."""

import http.client
import json
import os
import sys
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from provision.cli.console import errors, print_json
from provision.cli.emulator import (
    AsJson,
    Name,
    checked_name,
    emulator_app,
    instances,
    option,
    state_folder,
)
from provision.cli.emulator_files import write_files
from provision.cli.emulator_instances import ANSWER_SECONDS
from provision.cli.emulator_variables import (
    MARKER,
    For,
    Place,
    in_the_way,
    setting,
    undoing,
    wanted,
)
from provision.clients.local_cloud import find_local_cloud
from provision.errors import NotFoundError, UnavailableError, UsageError


@emulator_app.command(epilog='Example: `eval "$(provision emulator env --for gcloud)"`')
def env(
    *,
    name: Name = "default",
    whom: Annotated[For, typer.Option("--for", help="Whom to set up.")] = For.ALL,
    undo: Annotated[
        bool, typer.Option("--unset", help="Print the lines that undo it in this shell.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print the variables with which gcloud, Google's libraries and Docker use the emulator.

    They are shell lines, for `eval "$(provision emulator env)"`. gcloud gets a configuration of its
    own, Docker a login that is good for an hour; yours stay as they are. In that shell, HTTPS to
    other hosts than Google's is refused by the emulator's proxy.
    """
    if undo:
        _undo(as_json=as_json)
        return
    place = _prepared(checked_name(name))
    values, removed = wanted(place, whom), in_the_way(whom, os.environ)
    if as_json:
        print_json({"name": name, "for": whom.value, "set": values, "unset": removed})
        return
    for line in setting(values, removed, os.environ):
        typer.echo(line)
    _explain(place, whom, f"provision emulator env{option(name)}")


def _explain(place: Place, whom: For, command: str) -> None:
    """What the lines do: on a terminal nobody has run them yet."""
    told = f"This shell's programs use the emulator at {place.http}."
    if sys.stdout.isatty():
        chosen = "" if whom is For.ALL else f" --for {whom.value}"
        told = f'Nothing is set yet. To set it in this shell: eval "$({command}{chosen})"'
    lines = [told, 'To undo it: eval "$(provision emulator env --unset)"']
    if whom in {For.DOCKER, For.ALL}:
        lines.append("Docker's login is good for an hour; after that, the same command again.")
    for line in lines:
        errors.print(line, markup=False, highlight=False)


def _undo(*, as_json: bool) -> None:
    if as_json:
        print_json({"unset": os.environ.get(MARKER, "").split()})
        return
    for line in undoing(os.environ):
        typer.echo(line)
    if not os.environ.get(MARKER):
        errors.print("Nothing is to be undone: `provision emulator env` was not used here.")
    elif not sys.stdout.isatty():
        errors.print("This shell's variables are what they were before.")


def _prepared(name: str) -> Place:
    """Where the emulator is, with everything written that its users need.

    Raises:
        NotFoundError: it does not run.
        UnavailableError: it does not answer.
    """
    told = _ask("GET", _address(name), "")
    if not all(told.get(key) for key in ("http", "proxy", "ca", "adc")):
        raise UsageError(
            "The emulator that runs is older than this command and has no proxy.",
            hint=f"provision emulator stop{option(name)}, and start it again",
        )
    place = Place(
        http=str(told["http"]),
        proxy=str(told["proxy"]),
        project=str(told["project"]),
        network=str(told.get("network") or ""),
        folder=state_folder() / f"emulator{option(name).replace(' --name ', '-')}-env",
    )
    token = _ask("POST", place.http, "/identities", member=told["identity"])["access_token"]
    write_files(place, told, str(token), os.environ)
    return place


def _address(name: str) -> str:
    instance = instances().find(name)
    if instance is not None:
        return instance.url
    if name == "default" and (given := find_local_cloud(os.environ)) is not None:
        return given.http  # it was started in the foreground
    raise NotFoundError(
        "looking for the emulator: it does not run",
        hint=f"provision emulator start{option(name)}",
    )


def _ask(method: str, url: str, path: str, **body: object) -> dict[str, Any]:
    """What the emulator's own pages answer."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=ANSWER_SECONDS)
    try:
        connection.request(method, f"/_emulator{path}", json.dumps(body) if body else None)
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise UnavailableError(f"asking the emulator at {url}: it answered {answer.status}")
        told: dict[str, Any] = json.loads(answer.read())
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise UnavailableError(
            f"asking the emulator at {url}: nothing usable answered ({type(error).__name__})",
            hint="provision emulator start",
        ) from error
    finally:
        connection.close()
    return told
