"""`provision verify`: every claim, looked at from outside."""

from provision.cli import options
from provision.cli.command import running
from provision.cli.context import seconds


def verify(
    file: options.Files = options.DEFAULT_FILES,
    strict: options.Strict = False,
    wait: options.Wait = options.DEFAULT_WAIT,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: options.Json = False,
) -> None:
    """Look at every claim from outside and from scratch, and show the evidence.

    Exits 0 when all is proven (or only admission could not be looked at from here), 1 when a claim
    is false, 4 when privacy is not proven or something is not yet in effect.

    Example: `provision verify --strict`
    """
    limit = seconds(wait)
    with running(
        file, project, region, impersonate, as_json=as_json, wait=limit, strict=strict
    ) as run:
        run.verify(heading=True)
        run.finish()
