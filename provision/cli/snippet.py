"""`provision snippet`: code that calls a service, ready to run."""

from typing import Annotated

import typer

from provision.cli import options
from provision.cli.addressing import Addressed, Place, address
from provision.cli.console import note, print_json
from provision.cli.init import TEMPLATES
from provision.cli.progress import Progress
from provision.cli.views.snippet_text import FILES, Call, Language, check_path, rendered
from provision.errors import ExitCode, UsageError
from provision.tokens.audiences import for_address

_RESERVED = "/_ah/"


def snippet(
    target: Annotated[
        str | None,
        typer.Argument(
            help="What is called: a name in the spec, service/NAME, function/NAME, a full resource"
            " name, or an address. The only service of provision.yaml by default.",
            show_default=False,
        ),
    ] = None,
    language: Annotated[
        Language, typer.Option("--language", "-l", help="What it is written in.")
    ] = Language.CURL,
    path: Annotated[
        str | None,
        typer.Option(help="What is asked for, as in /reports?day=1.", show_default=False),
    ] = None,
    audience: options.Audience = None,
    file: options.OptionalFiles = None,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: options.Json = False,
) -> None:
    """Print code that calls a private service, with the right audience in it.

    Example: `provision snippet service/orders --language python --path /reports > call.py`
    """
    checked = None if path is None else check_path(path)
    with Progress() as progress:
        progress.brief("looking the target up")
        found = address(target, audience, Place(file, project, region, impersonate))
    call = _call(found, checked)
    template = (TEMPLATES / "snippets" / FILES[language]).read_text(encoding="utf-8")
    code = rendered(language, template, call)
    notes = _notes(found, call)
    if as_json:
        told = {"language": language.value, "url": call.address, "audience": call.audience}
        print_json({**told, "code": code, "notes": notes, "exit_code": ExitCode.DONE})
        return
    for one in notes:
        note(one)
    typer.echo(code, nl=False)


def _call(found: Addressed, path: str | None) -> Call:
    """The call; a service is asked for ``/``, a function of the first generation for itself."""
    if not found.url:
        raise UsageError(
            "The target has no address to be called at.",
            hint="Its default address may be off: name the address that it is reached by.",
        )
    own = for_address(found.url).value
    by_name = found.resolved is not None and found.resolved.is_first_generation
    asked = path if path is not None else "" if by_name else "/"
    what = str(found.resolved or "a private service")
    if found.resolved is None:
        # An address is taken as it is; only its end may be told anew.
        return Call(what, found.url.rstrip("/"), path or "", found.audience.value, own)
    return Call(what, found.url, asked, found.audience.value, own)


def _notes(found: Addressed, call: Call) -> list[str]:
    said = found.resolved.said if found.resolved else ""
    plain = call.path.partition("?")[0]
    reserved = (
        f"Google answers {plain} by itself: paths that begin with {_RESERVED} or end with z do not"
        " reach a service."
        if plain.startswith(_RESERVED) or plain.endswith("z")
        else ""
    )
    return [one for one in (said, found.audience.note, reserved) if one]
