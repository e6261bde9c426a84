"""`provision call`: a request in curl's manner, with the right token in the right header."""

import os
import sys
from typing import Annotated

import typer

from provision.cli import options
from provision.cli.calling import Call, Wish
from provision.cli.context import seconds
from provision.cli.ways import find_way, open_way_context
from provision.clients.http_exchange import Headers
from provision.errors import UsageError
from provision.invoke.request_parts import FORM, JSON, Body, parse_body, parse_headers, parse_method

_HELD = 141
"""What a shell shows of a program whose reader went away: 128 and SIGPIPE."""


Target = Annotated[
    str,
    typer.Argument(
        help="A name in the spec, service/NAME, function/NAME, a full resource name, or the"
        " address of a service."
    ),
]
PathAndQuery = Annotated[str, typer.Argument(help="Path and query, sent as they are.")]
Method = Annotated[
    str | None,
    typer.Option("-X", "--request", help="Method; GET, or POST with -d.", show_default=False),
]
Data = Annotated[
    list[str] | None,
    typer.Option(
        "-d",
        "--data",
        help="Body: text, @FILE or @- for stdin, byte for byte; several are joined with &.",
        metavar="DATA|@FILE|@-",
        show_default=False,
    ),
]
DataJson = Annotated[
    list[str] | None,
    typer.Option(
        "--data-json",
        help="As -d, with JSON's Content-Type and Accept: curl's --json.",
        metavar="DATA|@FILE|@-",
        show_default=False,
    ),
]
Header = Annotated[
    list[str] | None,
    typer.Option(
        "-H",
        "--header",
        help="`Name: value`; `Name:` takes one away, @FILE reads a header a line.",
        show_default=False,
    ),
]
Output = Annotated[
    str | None,
    typer.Option("-o", "--output", help="File for the body; `-` is stdout.", show_default=False),
]
Include = Annotated[
    bool, typer.Option("-i", "--include", help="Show the answer's headers before the body.")
]
Verbose = Annotated[
    bool,
    typer.Option("-v", "--verbose", help="Tell on stderr what goes out and comes in."),
]
Location = Annotated[
    bool,
    typer.Option("-L", "--location", help="Follow redirects; no token leaves the service."),
]
Tag = Annotated[str, typer.Option(help="Ask the address of this traffic tag.", show_default=False)]
Anonymous = Annotated[
    bool, typer.Option("--anonymous", help="Send no token: what strangers are answered.")
]
MaxTime = Annotated[
    str | None,
    typer.Option(
        "-m",
        "--max-time",
        help="How long it may take, as in 30s; no limit otherwise.",
        show_default=False,
    ),
]


def call(
    target: Target,
    path: PathAndQuery = "",
    method: Method = None,
    data: Data = None,
    data_json: DataJson = None,
    header: Header = None,
    output: Output = None,
    include: Include = False,
    verbose: Verbose = False,
    location: Location = False,
    tag: Tag = "",
    account: options.As = None,
    audience: options.Audience = None,
    anonymous: Anonymous = False,
    max_time: MaxTime = None,
    file: options.OptionalFiles = None,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: options.Json = False,
) -> None:
    """Send a request to a private service or function, and explain what it answers.

    The ID token goes into Authorization, or into X-Serverless-Authorization beside an
    Authorization of your own. The body goes to stdout as it comes. Exits 22 at 400 and above.

    Example: `provision call orders /orders?limit=3 -H 'Accept: application/json'`
    """
    body = _body(data, data_json)
    headers, dropped = _headers(header, as_json=bool(data_json))
    wish = Wish(
        method=parse_method(method or ("POST" if body else "GET")),
        path=path,
        headers=headers,
        dropped=dropped,
        body=body,
        account=account,
        anonymous=anonymous,
        follow=location,
        output=output,
        include=include,
        verbose=verbose,
        as_json=as_json,
        seconds=seconds(max_time) if max_time else None,
    )
    context = open_way_context(target, file, project, region, impersonate)
    way = find_way(context, target, tag, audience or "", tell=verbose)
    raise typer.Exit(_made(Call(context, way, wish)))


def _body(data: Data, data_json: DataJson) -> Body | None:
    """The one body."""
    if data and data_json:
        raise UsageError("-d and --data-json are two bodies.", hint="Give one of them.")
    return parse_body(data or data_json or (), JSON if data_json else FORM, sys.stdin.buffer)


def _headers(header: Header, *, as_json: bool) -> tuple[Headers, frozenset[str]]:
    """Headers, and those taken away; a JSON body asks for a JSON answer, unless the user does."""
    headers, dropped = parse_headers(header or ())
    if as_json and not any(name.lower() == "accept" for name, _ in headers):
        headers = (("Accept", JSON), *headers)
    return headers, dropped


def _made(call: Call) -> int:
    """Make the call; whoever stopped reading its body is left in peace."""
    try:
        code = call.make()
        sys.stdout.flush()
    except BrokenPipeError:
        # What is left in the buffer would be tried again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _HELD
    return int(code)
