"""The `provision` command: what it is made of."""

import typer

from provision import __version__
from provision.cli.call import call
from provision.cli.destroy import destroy
from provision.cli.emulator import emulator_app
from provision.cli.emulator_env import env
from provision.cli.execute import execute
from provision.cli.grant import grant
from provision.cli.grants import grants
from provision.cli.group import ProvisionGroup
from provision.cli.init import init
from provision.cli.plan import plan
from provision.cli.proxy import proxy
from provision.cli.prune_expired import prune_expired
from provision.cli.revoke import revoke
from provision.cli.schema import schema
from provision.cli.snippet import snippet
from provision.cli.stage import bind, build, deploy, push
from provision.cli.token import token
from provision.cli.up import up
from provision.cli.verify import verify
from provision.cli.wait_option import WaitingCommand

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


for command in (init, schema, plan, up, verify, build, push, deploy, bind, destroy):
    app.command()(command)
emulator_app.command(epilog='Example: `eval "$(provision emulator env --for gcloud)"`')(env)
app.command(cls=WaitingCommand)(grant)
app.command(cls=WaitingCommand)(revoke)
app.command()(grants)
app.command(name="prune-expired")(prune_expired)
app.command()(token)
app.command()(snippet)
app.command()(call)
app.command()(proxy)
app.command()(execute)
app.add_typer(emulator_app, name="emulator")
