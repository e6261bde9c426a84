"""The options that several commands share, spelled as gcloud and Terraform users know them."""

from pathlib import Path
from typing import Annotated

import typer

Files = Annotated[
    list[Path],
    typer.Option("-f", "--file", help="The spec; may be given several times. `-` is stdin."),
]
Project = Annotated[
    str | None, typer.Option(help="Project id; goes before what the file says.", show_default=False)
]
Region = Annotated[
    str | None, typer.Option(help="Region; goes before what the file says.", show_default=False)
]
Impersonate = Annotated[
    str | None,
    typer.Option(
        "--impersonate-service-account",
        help="Act as this service account; separated by commas, the last is acted as and the"
        " others are the delegation chain.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; for unattended use.")]
Prune = Annotated[
    bool, typer.Option("--prune", help="Take out invokers that the spec does not name.")
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Exit 4 for anything that is not proven, admission too.")
]
Wait = Annotated[
    str,
    typer.Option(help="How long to wait for IAM to take effect, as in 90s or 7m."),
]

DEFAULT_FILES = [Path("provision.yaml")]
DEFAULT_WAIT = "7m"
