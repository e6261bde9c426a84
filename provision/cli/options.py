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

On = Annotated[
    list[str],
    typer.Option(
        "--on",
        help="Target; may be given several times: a name in the spec, service/NAME, job/NAME,"
        " function/NAME, or a full resource name.",
        show_default=False,
    ),
]
Role = Annotated[
    str | None,
    typer.Option(help="The role; by default the narrowest for the target.", show_default=False),
]
Reason = Annotated[
    str,
    typer.Option(help="Why, as a ticket's number; the audit log shows it.", show_default=False),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show the change of the policy; write nothing.")
]
DetailedExitcode = Annotated[
    bool,
    typer.Option("--detailed-exitcode", help="With --dry-run, exit 3 when something would change."),
]
Audience = Annotated[
    str | None,
    typer.Option(
        help="What the token is for; by default the target's custom audience or URL.",
        show_default=False,
    ),
]
As = Annotated[
    str | None,
    typer.Option(
        "--as",
        help="Service account to speak as; separated by commas, the last is spoken as and the"
        " others are the delegation chain.",
        metavar="SERVICE_ACCOUNT",
        show_default=False,
    ),
]
WaitForEffect = Annotated[
    str | None,
    typer.Option(
        "--wait",
        metavar="[LENGTH]",
        help="Wait until the change is true in effect, 7m at most or as long as is said.",
        show_default=False,
    ),
]
OptionalFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "-f",
        "--file",
        help="The spec that names are looked up in; provision.yaml where there is one.",
        show_default=False,
    ),
]
