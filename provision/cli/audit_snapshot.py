"""`provision audit snapshot`: read everything once, to judge it later, anywhere, offline."""

from pathlib import Path
from typing import Annotated

import typer

from provision.cli import audit_formats as formats
from provision.cli import audit_source as source
from provision.cli import options
from provision.cli.audit_place import Place
from provision.cli.audit_source import Source
from provision.cli.console import errors, print_json, safe
from provision.cli.progress import Progress
from provision.cli.views import audit_report_json, audit_report_text
from provision.errors import UsageError


def snapshot(
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Where to; compressed when it ends in .zst.",
            show_default=False,
        ),
    ] = None,
    bigquery: Annotated[
        str | None,
        typer.Option(
            metavar="PROJECT.DATASET",
            help="Export to tables of BigQuery instead, for `provision audit sql`.",
            show_default=False,
        ),
    ] = None,
    scope: source.Scope = None,
    inventory: source.Inventory = False,
    file: options.OptionalFiles = None,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: options.Json = False,
) -> None:
    """Read everything that decides who can invoke what, once.

    The other commands judge the file, offline, with --snapshot. Interrupted, the same command goes
    on where it stopped. What could not be read is told, and recorded as such.
    """
    if (output is None) == (bigquery is None):
        raise UsageError(
            "A snapshot goes to a file or to BigQuery.",
            hint="Write -o FILE or --bigquery PROJECT.DATASET.",
        )
    asked = Source(None, None, scope, Place(file, project, region, impersonate), inventory)
    asked.check()
    if bigquery is not None:
        _export(asked, bigquery, as_json=as_json)
    elif output is not None:
        _write(asked, output, as_json=as_json)


def _write(asked: Source, output: Path, *, as_json: bool) -> None:
    from provision.clients.reading import write

    formats.check_path(output)
    with Progress() as progress:
        written = write(
            asked.google(progress),
            asked.named_scope,
            output,
            inventory=asked.inventory,
            say=lambda line: errors.print(safe(line)),
            progress=source.counting(progress),
        )
    if as_json:
        print_json(audit_report_json.written(written, output))
    else:
        audit_report_text.show_written(written, output)


def _export(asked: Source, dataset: str, *, as_json: bool) -> None:
    from provision.clients.reading.export import Tables, export

    tables = Tables.parse(dataset)
    with Progress() as progress:
        export(asked.google(progress), asked.named_scope, tables, progress.brief)
    if as_json:
        print_json(audit_report_json.exported(asked.named_scope, tables))
    else:
        audit_report_text.show_exported(asked.named_scope, tables)
