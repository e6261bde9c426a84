"""In what form and where to a result goes: text, `--json`, `--csv`, `--sarif`, `--html`, `-o`."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

from provision.cli.console import errors, results
from provision.errors import ProvisionError, UsageError

STDOUT = "-"
_PRIVATE = 0o600
"""A result names people and what they may do."""


class Format(StrEnum):
    """A form of a result; the value is the option and the suffix of a file."""

    TEXT = "txt"
    JSON = "json"
    CSV = "csv"
    SARIF = "sarif"
    HTML = "html"


Render = Callable[[], str]


@dataclass(frozen=True)
class Outputs:
    """Where each form goes.

    Args:
        files: forms that go to files.
        printed: the form that goes to stdout; None for nothing, with ``-o``.
    """

    files: Mapping[Format, Path]
    printed: Format | None = Format.TEXT

    @property
    def is_text(self) -> bool:
        """Whether the result is for people alone."""
        return {*self.files, self.printed} <= {Format.TEXT, None}

    def emit(self, renders: Mapping[Format, Render], show: Callable[[], None]) -> None:
        """Write every file and print what is to be printed.

        Args:
            renders: makes the text of a form.
            show: prints the result for people.
        """
        for form, path in self.files.items():
            write(path, _captured(show) if form is Format.TEXT else renders[form]())
        if self.printed is Format.TEXT:
            show()
        elif self.printed is not None:
            _print(renders[self.printed]())
        for path in self.files.values():
            tell_written(path)


def outputs(wanted: Mapping[Format, str | None], output: Path | None) -> Outputs:
    """What the options mean.

    Args:
        wanted: the file of each form; ``-`` for none in particular, None where it is not wanted.
        output: the ``-o`` option, for the form that has no file of its own.

    Raises:
        UsageError: two forms for one place, or a page for a terminal.
    """
    files = {form: Path(to) for form, to in wanted.items() if to is not None and to != STDOUT}
    loose = [form for form, to in wanted.items() if to == STDOUT]
    if len(loose) > 1:
        options = " and ".join(f"--{form}" for form in loose)
        raise UsageError(f"{options} cannot go to one place.", hint="Choose one of them.")
    if output is not None:
        form = loose.pop() if loose else _by_suffix(output, wanted)
        if form in files:
            raise UsageError(f"--{form} has a file already, and -o names another.")
        files[form] = output
    if loose == [Format.HTML] and sys.stdout.isatty():
        raise UsageError("--html is for a browser.", hint="Name its file: --html report.html")
    printed = loose[0] if loose else None if output else Format.TEXT
    return Outputs({form: check_path(path) for form, path in files.items()}, printed)


def _by_suffix(path: Path, wanted: Mapping[Format, str | None]) -> Format:
    """The form that a file's name asks for, among those that the command has."""
    named = {form.value: form for form in wanted}
    return named.get(path.suffix.lower().removeprefix("."), Format.TEXT)


def check_path(path: Path) -> Path:
    """`path`, where something can be written: told before anything is read."""
    if path.is_dir():
        raise UsageError(f"{path} is a directory.")
    if not path.parent.is_dir():
        raise UsageError(f"There is no directory {path.parent}.")
    return path


def _print(text: str) -> None:
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")


def _captured(show: Callable[[], None]) -> str:
    with results.capture() as captured:
        show()
    return captured.get()


def tell_written(path: Path) -> None:
    """Say that a file is there."""
    errors.print(f"Wrote {path}.", markup=False, highlight=False)


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all, for its owner alone."""
    if path.exists() and not path.is_file():  # a pipe or a device is written to as it is
        path.write_text(text, encoding="utf-8")
        return
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text if text.endswith("\n") else f"{text}\n")
        unfinished.replace(path)
    except OSError as error:
        raise ProvisionError(f"Writing {path}: {error.strerror}.") from error
    finally:
        unfinished.unlink(missing_ok=True)


class FormsCommand(TyperCommand):
    """A command whose forms may be followed by a file, or not, which Typer's options cannot."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Give a form that stands alone its place, stdout."""
        end = args.index("--") if "--" in args else len(args)
        return super().parse_args(
            ctx,
            [
                f"{arg}={STDOUT}" if index < end and _is_bare(args, index) else arg
                for index, arg in enumerate(args)
            ],
        )


_FORMS = frozenset({"--json", "--csv", "--sarif", "--html"})


def _is_bare(args: list[str], index: int) -> bool:
    following = args[index + 1] if index + 1 < len(args) else "--"
    return args[index] in _FORMS and following.startswith("-") and following != STDOUT


def _form(name: str, what: str) -> object:
    return typer.Option(f"--{name}", metavar="[FILE]", help=what, show_default=False)


Json = Annotated[bool, typer.Option("--json", help="The result as JSON.")]
Csv = Annotated[bool, typer.Option("--csv", help="The result as CSV, one row for each answer.")]
Sarif = Annotated[
    bool, typer.Option("--sarif", help="What is wrong with it as SARIF 2.1.0, for code scanning.")
]
Html = Annotated[bool, typer.Option("--html", help="A page about it that needs no network.")]
JsonTo = Annotated[str | None, _form("json", "The result as JSON, on stdout or to a file.")]
CsvTo = Annotated[str | None, _form("csv", "The findings as CSV, one row each.")]
SarifTo = Annotated[str | None, _form("sarif", "The findings as SARIF 2.1.0, for code scanning.")]
HtmlTo = Annotated[str | None, _form("html", "All of it as one page that needs no network.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write to a file; its suffix tells the form where no option does.",
        show_default=False,
    ),
]


def flagged(output: Path | None, **wanted: bool) -> Outputs:
    """What the forms and ``-o`` mean where a form takes no file.

    Args:
        output: the ``-o`` option.
        wanted: whether a form is, by its option: ``json``, ``csv``, ``sarif``, ``html``.
    """
    chosen = {Format(name): STDOUT if on else None for name, on in wanted.items()}
    return outputs(chosen, output)
