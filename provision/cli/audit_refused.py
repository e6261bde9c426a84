"""Options that every command of an audit takes but those for which they mean nothing."""

import typer
from typer.core import TyperCommand

from provision.errors import UsageError

_FORMS = ("--csv", "--sarif", "--html")


class _Refusing(TyperCommand):
    """Says in words why an option means nothing here; elsewhere it means something."""

    refused: tuple[str, ...] = ()
    why = ""
    hint = ""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Refuse before anything else of the line is looked at."""
        for arg in args[: args.index("--") if "--" in args else len(args)]:
            option = arg.partition("=")[0]
            if option in self.refused:
                raise UsageError(f"{option}: {self.why}", hint=self.hint)
        return super().parse_args(ctx, args)


class SnapshotCommand(_Refusing):
    """`snapshot`: reads, and judges nothing."""

    refused = ("--snapshot", "--at", *_FORMS)
    why = "a snapshot is what was read, and is judged afterwards."
    hint = "`provision audit report --snapshot FILE` takes it."


class DiffCommand(_Refusing):
    """`diff`: two snapshots, by their names."""

    refused = ("--snapshot",)
    why = "a difference is of two snapshots, OLD and NEW."
    hint = "`provision audit diff OLD NEW`"


class SqlCommand(_Refusing):
    """`sql`: BigQuery answers, in its own forms."""

    refused = ("--snapshot", "--at", "--json", *_FORMS)
    why = "the result is SQL; what BigQuery answers has BigQuery's forms."
    hint = "`… | bq query --use_legacy_sql=false --format=json` or `--format=csv`"
