"""`provision audit diff`: who gained, who lost, by which change."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provision import __version__
from provision.cli import audit_formats as formats
from provision.cli import audit_source as source
from provision.cli.audit_formats import Format
from provision.cli.audit_place import Place
from provision.cli.audit_source import Source
from provision.cli.progress import Progress
from provision.cli.views import audit_diff_data, audit_diff_page, audit_diff_text, audit_json
from provision.cli.views.audit_words import Names
from provision.errors import ExitCode

if TYPE_CHECKING:
    from provision.audit import Audit
    from provision.audit.diff import Diff


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The earlier snapshot.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The later snapshot.")],
    at: source.At = None,
    scope: source.Scope = None,
    as_json: formats.Json = False,
    as_csv: formats.Csv = False,
    as_sarif: formats.Sarif = False,
    as_html: formats.Html = False,
    output: formats.Output = None,
    verbose: source.Verbose = False,
) -> None:
    """Show who gained and who lost what between two snapshots, and by which change.

    Exits 3 when somebody did, or something changed that may lead to it, and 0 otherwise. Each is
    judged as of its own time, or both at --at, which tells changes of policies from time that
    passed.
    """
    from provision.audit.diff import compare

    to = formats.flagged(output, json=as_json, csv=as_csv, sarif=as_sarif, html=as_html)
    with Progress() as progress:
        before, earlier = _opened(old, at, scope, progress)
        after, later = _opened(new, at, scope, progress)
        progress.brief("comparing")
        found = compare(before, after)
    code = ExitCode.DIFFERENCES if found else ExitCode.DONE
    bases = (earlier.basis(before), later.basis(after))
    names = Names.of([*before.snapshot.containers, *after.snapshot.containers])
    document = audit_diff_data.document(found, bases, code)
    to.emit(
        {
            Format.JSON: lambda: audit_json.text(document),
            Format.CSV: lambda: audit_diff_data.table(found),
            Format.SARIF: lambda: _sarif(found, before, after),
            Format.HTML: lambda: audit_diff_page.page(found, bases, names),
        },
        lambda: audit_diff_text.show_diff(found, bases, names, verbose=verbose),
    )
    raise typer.Exit(int(code))


def _sarif(found: "Diff", before: "Audit", after: "Audit") -> str:
    import json

    from provision.audit.diff_sarif import document

    headers = (before.snapshot.header, after.snapshot.header)
    return json.dumps(document(found, headers, __version__), indent=2, ensure_ascii=False)


def _opened(
    file: Path, at: str | None, scope: str | None, progress: Progress
) -> "tuple[Audit, Source]":
    asked = Source(file, at, scope, Place())
    asked.check()
    return asked.judge(asked.whole(progress), progress), asked
