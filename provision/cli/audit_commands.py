"""`provision audit`: all of its commands, in the order of its help."""

import gc
from collections.abc import Callable

import typer
from typer.core import TyperCommand

from provision.cli.audit import what, who, why
from provision.cli.audit_diff import diff
from provision.cli.audit_formats import FormsCommand
from provision.cli.audit_refused import DiffCommand, SnapshotCommand, SqlCommand
from provision.cli.audit_report import check, report
from provision.cli.audit_snapshot import snapshot
from provision.cli.audit_sql import sql

audit_app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Who can invoke what, by which path, and how sure that is. Reads only.",
)


@audit_app.callback()
def _judging(context: typer.Context) -> None:
    """Judge without looking for circles of dead objects in between: half of the time goes there."""
    if gc.isenabled():
        gc.unfreeze()
        gc.disable()
        context.call_on_close(_look_again)


def _look_again() -> None:
    """Look for them from here on: what is there by now most often goes with the process."""
    gc.freeze()
    gc.enable()


_COMMANDS: tuple[tuple[Callable[..., None], type[TyperCommand], str], ...] = (
    (who, TyperCommand, "who service/orders"),
    (what, TyperCommand, "what user:ann@example.com --scope folder/345678901234"),
    (why, TyperCommand, "why user:ann@example.com service/orders"),
    (report, FormsCommand, "report --scope organization/123456789012 --html all.html"),
    (snapshot, SnapshotCommand, "snapshot --scope organization/123456789012 -o org.jsonl.zst"),
    (diff, DiffCommand, "diff yesterday.jsonl.zst today.jsonl.zst"),
    (sql, SqlCommand, "sql acme-security.audit | bq query --use_legacy_sql=false"),
    (check, FormsCommand, "check --snapshot org.jsonl.zst --sarif audit.sarif"),
)

for _function, _class, _example in _COMMANDS:
    audit_app.command(cls=_class, epilog=f"Example: `provision audit {_example}`")(_function)
