"""`provision up`: build, push, deploy, bind, verify."""

from provision.cli import options
from provision.cli.command import require_consent, running
from provision.cli.context import seconds


def up(
    file: options.Files = options.DEFAULT_FILES,
    yes: options.Yes = False,
    prune: options.Prune = False,
    strict: options.Strict = False,
    wait: options.Wait = options.DEFAULT_WAIT,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: options.Json = False,
) -> None:
    """Build, push, deploy and bind what differs, then verify every claim from outside.

    Example: `provision up --yes --json | jq .exit_code`
    """
    require_consent("up", yes=yes, as_json=as_json)
    limit = seconds(wait)
    with running(
        file, project, region, impersonate, as_json=as_json, prune=prune, wait=limit, strict=strict
    ) as run:
        run.plan()
        changing = [r for r in run.reports if r.plan is not None and not r.plan.is_empty]
        if changing:
            many = "1 service" if len(changing) == 1 else f"{len(changing)} services"
            run.approve(f"Apply this to {many}?", yes=yes)
            run.apply()
        run.verify()
        run.finish()
