"""`provision token`: an ID token for a private service, or what one says."""

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from provision.cli import options
from provision.cli.addressing import Addressed, Place, address
from provision.cli.console import errors, interactive, note, print_json, results, safe
from provision.cli.progress import Progress
from provision.cli.views.token_text import moments, show_claims, until
from provision.clients.clock import Clock
from provision.clients.id_tokens import IdTokens, Minted
from provision.clients.token_refusals import skew_told
from provision.errors import ExitCode, InterruptedByUserError, UsageError
from provision.tokens.authorization import claims_of

_STDIN = "-"
_LONGEST = 1_000_000
"""Bytes of stdin that are looked at; a token has some thousand."""


Target = Annotated[
    str | None,
    typer.Argument(
        help="What the token is to open: a name in the spec, service/NAME, function/NAME, a"
        " full resource name, or an address. With --decode, `-` is a token on stdin."
        " The only service of provision.yaml by default.",
        show_default=False,
    ),
]
Decode = Annotated[
    bool, typer.Option("--decode", help="Print what the token says, and not the token.")
]
Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Show the token on a terminal without asking.")
]


def token(
    target: Target = None,
    audience: options.Audience = None,
    account: options.As = None,
    decode: Decode = False,
    yes: Yes = False,
    file: options.OptionalFiles = None,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: options.Json = False,
) -> None:
    """Print an ID token that opens a private service.

    It comes from what there is: a service account's key, workload identity, the metadata server,
    impersonation, or your own login. stdout gets the token and nothing else.

    Example: `curl -H "Authorization: Bearer $(provision token service/orders)" https://…`
    """
    if as_json and not decode:
        raise UsageError(
            "--json is for --decode: no JSON of ours has a token in it.",
            hint="Without --json the token is all that is on stdout.",
        )
    clock = Clock()
    if target == _STDIN:
        _decode_stdin(clock, decode=decode, as_json=as_json)
        return
    place = Place(file, project, region, impersonate)
    with Progress() as progress:
        progress.brief("minting an ID token")
        found = address(target, audience, place)
        minted = IdTokens(found.context.google, clock).mint(found.audience.value, account)
    told = _told(found, minted)
    if decode:
        _show(claims_of(minted.token), told, minted.member, clock, as_json=as_json)
        return
    for one in told:
        note(one)
    _agree(minted, clock, yes=yes)
    typer.echo(minted.token)


def _told(found: Addressed, minted: Minted) -> list[str]:
    """What is to be said of the target, the audience and the token."""
    said = found.resolved.said if found.resolved else ""
    # Whoever cannot choose an audience need not hear which one would have been chosen.
    chosen = found.audience.note if minted.audience == found.audience.value else ""
    return [one for one in (said, chosen, minted.note) if one]


def _agree(minted: Minted, clock: Clock, *, yes: bool) -> None:
    """Warn before a secret is shown on a terminal; nobody is asked who cannot answer.

    Raises:
        InterruptedByUserError: the answer was no.
    """
    if yes or not sys.stdout.isatty():
        return
    left = until(minted.expires_at, clock.now())
    note(f"Whoever sees this token can call as {minted.member} ({left}).", "Warning")
    if not interactive():
        return
    try:
        answer = errors.input("Show it on this terminal? [y/N] ", markup=False)
    except EOFError:
        answer = ""
    if answer.strip().lower() not in {"y", "yes"}:
        raise InterruptedByUserError(
            "The token was not shown.",
            hint='Use it without looking: `curl -H "Authorization: Bearer $(provision token …)"`;'
            " --decode shows what it says.",
        )


def _decode_stdin(clock: Clock, *, decode: bool, as_json: bool) -> None:
    if not decode:
        raise UsageError("`-` is a token on stdin, for --decode.", hint="Add --decode.")
    if sys.stdin is None:
        raise UsageError("There is no stdin that a token could be on.")
    text = sys.stdin.buffer.read(_LONGEST).decode("utf-8", "replace").strip()
    claims = claims_of(text.removeprefix("Bearer ").removeprefix("bearer "))
    issued = claims.get("iat")
    ahead = clock.now().timestamp() - issued if isinstance(issued, int | float) else 0.0
    late = skew_told(min(ahead, 0.0))
    email = str(claims.get("email", ""))
    notes = ["The signature was not looked at.", *([late] if late else [])]
    _show(claims, notes, email, clock, as_json=as_json)


def _show(
    claims: Mapping[str, Any], notes: list[str], member: str, clock: Clock, *, as_json: bool
) -> None:
    now = clock.now()
    if as_json:
        told = {"audience": claims.get("aud"), "member": member, **moments(claims, now)}
        print_json({**told, "claims": dict(claims), "notes": notes, "exit_code": ExitCode.DONE})
        return
    show_claims(claims, now)
    for one in notes:
        results.print(f"\n{safe(one)}", soft_wrap=not results.is_terminal)
