"""The `provision` command: what it is made of."""

import typer

from provision import __version__
from provision.cli.group import ProvisionGroup

app = typer.Typer(
    cls=ProvisionGroup,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
    help="From a Dockerfile to a private Cloud Run service that answers only its invokers.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"provision {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(
        False, "--version", help="Print the version and leave.", is_eager=True, callback=_version
    ),
) -> None:
    """From a Dockerfile to a private Cloud Run service that answers only its invokers."""
