"""`provision workflow render`: the source of a workflow that calls a service or runs a job."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from provision.cli import options
from provision.cli.addressing import Addressed, Place, address
from provision.cli.console import note
from provision.cli.progress import Progress
from provision.cli.workflow_calls import HttpOptions, JobOptions, find_job
from provision.errors import UsageError
from provision.tokens.audiences import is_loopback
from provision.workflows import rendering as source
from provision.workflows.call_rules import is_google

TargetArgument = Annotated[
    str | None,
    typer.Argument(
        help="What is called: a name in the spec, service/NAME, function/NAME, job/NAME, a full"
        " resource name, or an address. The only service of provision.yaml by default.",
        show_default=False,
    ),
]
Method = Annotated[
    str | None,
    typer.Option("-X", "--request", help="Method; GET, or POST with -d.", show_default=False),
]
PathOption = Annotated[
    str,
    typer.Option("--path", help="What is asked for, as in /reports, or one ${expression}."),
]
Query = Annotated[
    list[str] | None,
    typer.Option(help="A parameter of the query, NAME=VALUE; once for each.", show_default=False),
]
Header = Annotated[
    list[str] | None,
    typer.Option("-H", "--header", help="`Name: value`; once for each.", show_default=False),
]
Data = Annotated[
    str | None,
    typer.Option(
        "-d",
        "--data",
        help="The body, as JSON; `${…}` in it are expressions over `args`.",
        metavar="JSON|@FILE|@-",
        show_default=False,
    ),
]
Timeout = Annotated[
    str | None,
    typer.Option(help="Longest wait for the answer, 30m at most.", show_default=False),
]
ByRequest = Annotated[
    bool, typer.Option("--http-request", help="By http.request, in the place of http.get …")
]
Decode = Annotated[
    bool, typer.Option("--decode", help="The answer is JSON and does not say so: decode it.")
]
Retry = Annotated[bool, typer.Option("--retry", help="Try again where that can help.")]
Env = Annotated[
    list[str] | None,
    typer.Option(help="Of a job: a variable, NAME=VALUE; once for each.", show_default=False),
]
Args = Annotated[
    list[str] | None,
    typer.Option(help="Of a job: an argument; once for each.", show_default=False),
]
Tasks = Annotated[int | None, typer.Option(help="Of a job: how many tasks.", show_default=False)]
TaskTimeout = Annotated[
    str | None, typer.Option(help="Of a job: longest try of a task.", show_default=False)
]
Container = Annotated[
    str,
    typer.Option(help="Of a job with several: whose --env and --args.", show_default=False),
]
Bucket = Annotated[
    str,
    typer.Option(
        help="Of a job: lay the execution's argument here, and tell it where.", show_default=False
    ),
]
KmsKey = Annotated[
    str,
    typer.Option(help="With --bucket: the customer-managed key, in full.", show_default=False),
]
Wait = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Of a job: wait for the execution's end.")
]
OutputFile = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="The file to write it to.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the workflow as JSON, not as YAML.")]


def render(
    target: TargetArgument = None,
    method: Method = None,
    path: PathOption = "",
    query: Query = None,
    header: Header = None,
    data: Data = None,
    timeout: Timeout = None,
    audience: options.Audience = None,
    by_request: ByRequest = False,
    decode: Decode = False,
    retry: Retry = False,
    env: Env = None,
    args: Args = None,
    tasks: Tasks = None,
    task_timeout: TaskTimeout = None,
    container: Container = "",
    bucket: Bucket = "",
    kms_key: KmsKey = "",
    wait: Wait = True,
    output: OutputFile = None,
    file: options.OptionalFiles = None,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: AsJson = False,
) -> None:
    """Print a workflow that calls a service or function, or executes a job.

    Its token is for the target's root URL, whatever is asked for there. Values that read ${…} are
    expressions of Workflows, in which `args` is the argument of the execution.
    """
    http = HttpOptions(method, path, query, header, data, timeout, audience)
    manner = {"request": by_request, "decode": decode, "retry": retry}
    of_job = JobOptions(env, args, tasks, task_timeout, container, bucket, kms_key, wait)
    place = Place(file, project, region, impersonate)
    job = find_job(target, place)
    if job is not None:
        http.refuse(f"{job} is executed by Cloud Run's connector, and gives no answer over HTTP")
        text = source.render(of_job.call(job), as_json=as_json, **manner)
    else:
        of_job.refuse("only a job has that")
        with Progress() as progress:
            progress.brief("looking the target up")
            found = address(target, audience, place)
        text = source.render(http.call(found), as_json=as_json, **manner)
        _tell(found, chosen=audience is not None)
    _write(text, output)


def _tell(found: Addressed, *, chosen: bool) -> None:
    """What is to be known of the target, and of an audience that the user chose."""
    if found.resolved is not None and found.resolved.said:
        note(found.resolved.said)
    if chosen and found.audience.note:
        note(found.audience.note)
    host = urlsplit(found.url).hostname or ""
    if found.resolved is None and not (is_google(host) or is_loopback(host)):
        note(
            f"{host} is no address of Cloud Run's own: a service with internal ingress lets nobody"
            " in there, and the audience is right only where the service has it as a custom one."
        )


def _write(text: str, output: Path | None) -> None:
    if output is None or str(output) == "-":
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"Writing {output}: {error.strerror}.") from error
    note(f"Wrote {output}.")
