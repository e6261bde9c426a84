"""`provision proxy`: a private service on a local address, for a browser."""

import errno
import threading
from contextlib import suppress
from typing import Annotated

import typer

from provision.cli import options
from provision.cli.calling import explained, watched
from provision.cli.console import errors, print_json, results, safe
from provision.cli.target_context import TargetContext
from provision.cli.views.call_text import show_explanation, show_note
from provision.cli.ways import find_way, open_way_context
from provision.clients.clock import Clock
from provision.clients.http_exchange import Http
from provision.clients.id_tokens import IdTokens, Minted
from provision.clients.invoking.source import TokenSource
from provision.errors import ExitCode, ProvisionError, UsageError
from provision.invoke.addressing import Way
from provision.invoke.brought import asked_of
from provision.invoke.explain import Finding
from provision.invoke.proxy.door import Door, House, Seen
from provision.invoke.proxy.rules import Change

_FIRST_TO_EXPLAIN = 300
"""The status from which on the answer may be another one than the application's."""
_TRIES = 10
"""Free ports that are tried until one is free on both loopback addresses."""


def proxy(
    target: Annotated[
        str,
        typer.Argument(
            help="A name in the spec, service/NAME, function/NAME, a full resource name, or the"
            " address of a service."
        ),
    ],
    port: Annotated[
        int, typer.Option("-p", "--port", help="Local port; 0 for any.", min=0, max=65535)
    ] = 8080,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Tell of each request on stderr.")
    ] = False,
    tag: Annotated[
        str, typer.Option(help="Ask the address of this traffic tag.", show_default=False)
    ] = "",
    account: options.As = None,
    audience: options.Audience = None,
    file: options.OptionalFiles = None,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: options.Json = False,
) -> None:
    """Put a private service on a local address, for a browser.

    Every request goes on with an ID token, replaced before it ends; bodies and WebSockets stream.
    Only this machine can reach it, and no page of another origin. Ctrl-C ends it.

    Example: `provision proxy orders --port 9090`
    """
    context = open_way_context(target, file, project, region, impersonate)
    way = find_way(context, target, tag, audience or "", tell=verbose)
    minting = IdTokens(context.google)

    def mint(*, fresh: bool) -> Minted:
        return minting.mint(way.audience.value, account, fresh=fresh)

    tokens = TokenSource(mint, Clock())
    with watched() as progress:
        progress("minting an ID token")
        minted = tokens.get()
    if way.audience.note and minted.audience == way.audience.value:
        show_note(way.audience.note)
    house = House(_change(way), tokens, Http(), _Watching(context, way, verbose=verbose).seen)
    doors = open_doors(port, house)
    _announce(doors[0].server_address[1], way, minted, as_json=as_json)
    _serve(doors)


def _change(way: Way) -> Change:
    resolved = way.resolved
    if resolved is None:
        return Change(way.base)
    return Change(way.base, resolved.urls, resolved.is_first_generation)


def open_doors(port: int, house: House) -> list[Door]:
    """Listen on both loopback addresses: a browser takes either for ``localhost``.

    Args:
        port: which; 0 for any that is free on both.
        house: what requests share.

    Raises:
        UsageError: something else listens there.
    """
    for _ in range(_TRIES):
        first = _open("127.0.0.1", port, house)
        try:
            return [first, Door("::1", first.server_address[1], house)]
        except OSError as error:
            if error.errno != errno.EADDRINUSE:  # a machine without IPv6
                return [first]
            first.server_close()
            if port:
                raise _busy(port, "[::1]") from error
    raise _busy(port, "[::1]")


def _open(host: str, port: int, house: House) -> Door:
    try:
        return Door(host, port, house)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise _busy(port, host) from error
        raise UsageError(
            f"Listening on {host}:{port}: {error.strerror}.",
            hint="--port names another port; those below 1024 are the administrator's.",
        ) from error


def _busy(port: int, host: str) -> ProvisionError:
    return ProvisionError(
        f"Listening on {host}:{port}: something else does so already.",
        hint="--port names another port, and --port 0 takes any that is free.",
    )


def _announce(port: int, way: Way, minted: Minted, *, as_json: bool) -> None:
    address = f"http://localhost:{port}"
    if as_json:
        told = {"address": address, "target": way.name, "url": way.base}
        print_json({**told, "as": minted.member, "audience": minted.audience})
        results.file.flush()
        return
    results.print(f"[bold]{address}[/] is {safe(way.name)}, as {safe(minted.member)}")
    results.file.flush()
    errors.print(f"It leads to {safe(way.base)}. Ctrl-C ends it.")


def _serve(doors: list[Door]) -> None:
    """Serve until Ctrl-C: the one way to end it, so no error, though it exits 130."""
    try:
        for door in doors:
            threading.Thread(target=door.serve_forever, args=(0.1,), daemon=True).start()
        threading.Event().wait()
    except KeyboardInterrupt:
        # The threads and their sockets end with the process; nothing of theirs is to be kept.
        errors.print("Closed.")
        raise typer.Exit(int(ExitCode.INTERRUPTED)) from None


class _Watching:
    """Tells of requests: each with ``-v``, and why one was refused, once for each status.

    Args:
        context: whom we act as, and the clients.
        way: where requests go.
        verbose: tell of each.
    """

    def __init__(self, context: TargetContext, way: Way, *, verbose: bool) -> None:
        self._context, self._way, self._verbose = context, way, verbose
        self._told: set[int] = set()
        self._lock, self._explaining = threading.Lock(), threading.Lock()

    def seen(self, one: Seen) -> None:
        """One request was passed on; no other one waits while policies are read."""
        asked, status = asked_of(one.method, one.url, one.headers), one.answer.status
        with self._lock:
            if self._verbose:
                errors.print(safe(f"{one.method} {asked.path} {status}"))
            if status < _FIRST_TO_EXPLAIN or status in self._told:
                return
            self._told.add(status)
        found = None
        with self._explaining, suppress(ProvisionError):
            found = explained(self._context, self._way, asked, one.answer, Clock())
        with self._lock:
            if found is None or found.finding is Finding.APPLICATION:
                self._told.discard(status)
            else:
                show_explanation(status, found)
