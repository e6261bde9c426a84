"""`provision audit report|check`: everything that can be invoked, and what is wrong with it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from provision import __version__
from provision.audit.answers import Severity
from provision.audit.forms import ANYBODY
from provision.cli import audit_formats as formats
from provision.cli import audit_source as source
from provision.cli import options
from provision.cli.audit_checking import Checked
from provision.cli.audit_formats import Format, Render
from provision.cli.audit_place import Place
from provision.cli.audit_scope import concerning
from provision.cli.audit_source import Source
from provision.cli.beside import beside
from provision.cli.progress import Progress
from provision.cli.views import audit_csv, audit_json, audit_report_json, audit_report_text
from provision.cli.views.audit_basis import show_basis
from provision.cli.views.audit_words import LIMIT, Names
from provision.errors import UsageError

if TYPE_CHECKING:
    from provision.audit import Audit
    from provision.audit.findings import Report
    from provision.audit.findings.overview import Overview
    from provision.audit.settings import Settings
    from provision.cli.audit_answers import Basis

T = TypeVar("T")

DEFAULT_POLICY = Path("audit.yaml")
_MANY = 1_000
"""Targets from which on a second process is worth its beginning."""

PolicyFile = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        metavar="FILE",
        help="Which findings are accepted, by whom, why and until when; audit.yaml where there is"
        " one.",
        show_default=False,
    ),
]
BaselineFile = Annotated[
    Path | None,
    typer.Option(
        "--baseline",
        metavar="FILE",
        help="Findings that were there before; only others count.",
        show_default=False,
    ),
]


def report(
    snapshot: source.SnapshotFile = None,
    at: source.At = None,
    scope: source.Scope = None,
    inventory: source.Inventory = False,
    policy: PolicyFile = None,
    baseline: BaselineFile = None,
    file: options.OptionalFiles = None,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: formats.JsonTo = None,
    as_csv: formats.CsvTo = None,
    sarif: formats.SarifTo = None,
    html: formats.HtmlTo = None,
    output: formats.Output = None,
    verbose: source.Verbose = False,
) -> None:
    """Show what is wrong first, then every target with who can invoke it.

    Exits 0 whatever it finds: `provision audit check` is for CI.
    """
    to = formats.outputs(_wanted(as_json, as_csv, sarif, html), output)
    asked = Source(snapshot, at, scope, Place(file, project, region, impersonate), inventory)
    is_short = to.is_text and not verbose
    audit, found, seen = _reported(asked, policy, baseline, partial(_looked_over, asked, is_short))
    basis, names = asked.basis(audit), Names.of(audit.snapshot.containers)

    def show() -> None:
        audit_report_text.show_report(found, seen(), names, verbose=verbose)
        show_basis(basis)

    def json() -> str:
        return audit_json.text(audit_report_json.report(basis, found))

    to.emit({Format.JSON: json, **_others(found, audit, basis)}, show)


def check(
    snapshot: source.SnapshotFile = None,
    fail_on: Annotated[
        Severity, typer.Option(help="The least severity that fails the check.")
    ] = Severity.MEDIUM,
    policy: PolicyFile = None,
    baseline: BaselineFile = None,
    update_baseline: Annotated[
        bool,
        typer.Option(
            "--update-baseline", help="Write what is found now to the --baseline, and exit 0."
        ),
    ] = False,
    at: source.At = None,
    scope: source.Scope = None,
    inventory: source.Inventory = False,
    file: options.OptionalFiles = None,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: formats.JsonTo = None,
    as_csv: formats.CsvTo = None,
    sarif: formats.SarifTo = None,
    html: formats.HtmlTo = None,
    output: formats.Output = None,
    verbose: source.Verbose = False,
) -> None:
    """Fail on findings that nobody accepted, for CI.

    Exits 3 on a finding of that severity or worse; 4 where there is none, but not everything could
    be read, so that it is not proven; 0 otherwise.
    """
    to = formats.outputs(_wanted(as_json, as_csv, sarif, html), output)
    if update_baseline and baseline is None:
        raise UsageError("--update-baseline needs --baseline FILE.")
    asked = Source(snapshot, at, scope, Place(file, project, region, impersonate), inventory)
    known = None if update_baseline else baseline
    audit, found, _ = _reported(asked, policy, known, lambda _: None)
    if update_baseline and baseline is not None:
        _write_baseline(found, baseline)
        return
    checked = Checked.of(found, fail_on)
    _tell_checked(checked, audit, asked.basis(audit), to, verbose=verbose)
    raise typer.Exit(int(checked.exit_code))


def _tell_checked(
    checked: Checked, audit: "Audit", basis: "Basis", to: formats.Outputs, *, verbose: bool
) -> None:
    def show() -> None:
        names = Names.of(audit.snapshot.containers)
        audit_report_text.show_check(checked, names, verbose=verbose)
        show_basis(basis)

    def json() -> str:
        return audit_json.text(audit_report_json.check(basis, checked))

    to.emit({Format.JSON: json, **_others(checked.report, audit, basis)}, show)


def _wanted(
    as_json: str | None, as_csv: str | None, sarif: str | None, html: str | None
) -> dict[Format, str | None]:
    return {Format.JSON: as_json, Format.CSV: as_csv, Format.SARIF: sarif, Format.HTML: html}


def _looked_over(asked: Source, is_short: bool, audit: "Audit") -> "Callable[[], Overview]":
    """All targets, looked over meanwhile where there are many, and no connection is open."""
    from provision.audit.findings.overview import overview

    look = partial(overview, audit, LIMIT if is_short else 0)
    if not is_short or asked.snapshot is None or len(audit.targets) < _MANY:
        return look
    audit.judge.members(ANYBODY)  # who is in which set: known to both, if it is known before
    return beside(look)


def _reported(
    asked: Source, policy: Path | None, baseline: Path | None, begin: "Callable[[Audit], T]"
) -> "tuple[Audit, Report, T]":
    """Everything read and judged; what is wrong on the command line is told before.

    Args:
        asked: what to read.
        policy: what a team accepts.
        baseline: findings that are known.
        begin: called before the findings are looked for; what it returns comes with them.
    """
    from provision.audit import baseline as baselines
    from provision.audit.findings import report as report_on

    asked.check()
    settings = settings_of(policy, asked)
    known = baselines.load(baseline) if baseline else frozenset[str]()
    with Progress() as progress:
        read = asked.whole(progress)
        audit = asked.judge(read, progress)
        begun = begin(audit)
        found = report_on(audit, settings, known)
    if asked.snapshot and asked.scope:
        found = replace(found, findings=concerning(found.findings, read))
    return audit, found, begun


def settings_of(policy: Path | None, asked: Source) -> "Settings":
    """What the team accepts, and what the specs beside it declare."""
    from provision.audit.settings import Settings

    named = policy or (DEFAULT_POLICY if DEFAULT_POLICY.exists() else None)
    if named is None:
        return Settings(specs=asked.place.specs)
    from provision.audit import accepted

    defaults = asked.place.defaults
    settings = accepted.load(named, project=defaults.project, region=defaults.region)
    return settings if settings.specs else replace(settings, specs=asked.place.specs)


def _write_baseline(found: "Report", path: Path) -> None:
    from provision.audit import baseline

    formats.write(path, baseline.dump(found))
    formats.tell_written(path)


def _others(found: "Report", audit: "Audit", basis: "Basis") -> dict[Format, Render]:
    """The forms that `report` and `check` share."""
    scope = basis.header.scope or "all that was read"
    return {
        Format.CSV: lambda: audit_csv.findings(found.findings, found.known),
        Format.SARIF: lambda: sarif(found),
        Format.HTML: lambda: html(found, audit, f"Who can invoke what in {scope}"),
    }


def sarif(found: "Report") -> str:
    """A report as SARIF."""
    import json

    from provision.audit.sarif import document

    return json.dumps(document(found, __version__), indent=2, ensure_ascii=False)


def html(found: "Report", audit: "Audit", title: str, start: str = "") -> str:
    """A report as a page; `start` is a target's full name or a principal that it opens on."""
    from provision.audit.page import page_data
    from provision.cli.views.audit_page import page

    return page({**page_data(found, audit), "start": start}, title)
