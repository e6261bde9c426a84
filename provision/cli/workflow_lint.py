"""`provision workflow lint`: what is wrong with a workflow, before it fails."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from provision.cli import options
from provision.cli.addressing import Place
from provision.cli.console import note, print_json
from provision.cli.progress import Progress
from provision.cli.views import workflow_lint as view
from provision.cli.workflow_place import WorkflowPlace, environment, missing
from provision.errors import UsageError
from provision.resources import ServiceAccountName
from provision.workflows import lint as linting
from provision.workflows.about import About
from provision.workflows.document import Document, parse
from provision.workflows.findings import Finding, Rule
from provision.workflows.lint import Report
from provision.workflows.outgoing import calls
from provision.workflows.reading import SourceError

Files = Annotated[
    list[Path] | None,
    typer.Argument(help="The sources, YAML or JSON; `-` is stdin.", show_default=False),
]
Deployed = Annotated[
    list[str] | None,
    typer.Option(
        "--deployed",
        help="A workflow that is there: its source and its account; once for each.",
        metavar="NAME",
        show_default=False,
    ),
]
Account = Annotated[
    str | None,
    typer.Option(
        "--service-account",
        help="Whom the workflow runs as; by default what the spec says of the file.",
        metavar="EMAIL",
        show_default=False,
    ),
]
Offline = Annotated[
    bool, typer.Option("--offline", help="Ask Google nothing: judge what the file alone shows.")
]

_NOBODY = (
    "Whether the account may call what is called was not judged: --service-account says whom the"
    " workflow runs as."
)


@dataclass(frozen=True)
class _Source:
    """One source to judge.

    Args:
        name: of the file, or of the workflow that is there.
        text: the source.
        project: where it runs; empty where that is not known.
        region: likewise.
        account: whom it runs as; likewise.
    """

    name: str
    text: str
    project: str
    region: str
    account: str

    @property
    def env(self) -> Mapping[str, str]:
        """What ``sys.get_env`` tells in it."""
        return environment(self.project, self.region)


def lint(
    files: Files = None,
    deployed: Deployed = None,
    account: Account = None,
    offline: Offline = False,
    file: options.OptionalFiles = None,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: options.Json = False,
) -> None:
    """Find what is wrong with workflows that call private services, functions and jobs.

    Exits 3 when something is found, and 4 when nothing is and something could not be judged.
    """
    if not files and not deployed:
        raise UsageError("No source is named.", hint="Name a FILE, or --deployed NAME.")
    if deployed and offline:
        raise UsageError("--deployed asks Google for the source, which --offline does not.")
    place = WorkflowPlace(Place(file, project, region, impersonate))
    whose = ServiceAccountName.of(account, project=place.project).email if account else ""
    with Progress() as progress:
        sources = [_read(one, place, whose) for one in files or ()]
        sources += [_deployed(one, place, whose, progress) for one in deployed or ()]
        judged = {one.name: _judged(one, place, progress, offline=offline) for one in sources}
    if as_json:
        print_json(view.document(judged, offline=offline))
    else:
        view.show(judged)
        if not offline and any(not one.account and judged[one.name].calls for one in sources):
            note(_NOBODY)
    raise typer.Exit(int(view.exit_code(judged.values())))


def _read(path: Path, place: WorkflowPlace, account: str) -> _Source:
    """A file, and what the spec says of the workflow that is made from it."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise UsageError(f"Reading {path}: {reason}.") from error
    for _, one in place.declared:
        if one.source is not None and one.source == path.resolve():
            account = account or one.account.email
    name = "<stdin>" if str(path) == "-" else str(path)
    return _Source(name, text, place.project, place.region, account)


def _deployed(text: str, place: WorkflowPlace, account: str, progress: Progress) -> _Source:
    from provision.clients.workflows import Workflows

    name = place.named(text)
    progress.brief(f"reading workflow {name.workflow}")
    found = Workflows(place.context.google).find(name)
    if found is None:
        raise missing(name)
    own = account or found.get("serviceAccount", "").rpartition("/")[2]
    return _Source(
        f"workflow/{name.workflow}", found.get("sourceContents", ""), name.project, name.region, own
    )


def _judged(source: _Source, place: WorkflowPlace, progress: Progress, *, offline: bool) -> Report:
    try:
        document = parse(source.text)
    except SourceError as error:
        line, column = error.position
        return Report((Finding(Rule.YAML, line, column, str(error), error.hint),), (), ())
    about = About(source.project, source.account)
    if not offline:
        about = _asked(document, source, place, progress)
    return linting.lint(document, source.text, about, source.env)


def _asked(document: Document, source: _Source, place: WorkflowPlace, progress: Progress) -> About:
    """What Google says of what the workflow calls."""
    from provision.invoke.callees import Callees

    made = tuple(calls(document, source.env))
    if not made:
        return About(source.project, source.account)
    if not source.project:
        raise UsageError(
            "Which project the workflow runs in is not said.",
            hint="Name it with --project, in the environment, or with `gcloud config set"
            " project`; --offline asks nobody.",
        )
    google = place.context.google
    return Callees(google, source.project, progress.brief, source.account).about(made)
