"""One call: the request, its answer as it comes, and why it was refused."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import FrameType

from provision import __version__
from provision.cli.console import errors, print_json
from provision.cli.progress import Progress
from provision.cli.target_context import TargetContext
from provision.cli.transfer import STDOUT, Kept, Transfer, opened
from provision.cli.views import call_json, call_text
from provision.clients.clock import Clock
from provision.clients.http_exchange import Headers, Http, Incoming
from provision.clients.iam import Iam
from provision.clients.id_tokens import IdTokens
from provision.clients.outside import Answer
from provision.clients.resource_manager import ResourceManager
from provision.errors import ExitCode, UnavailableError
from provision.invoke.addressing import Way
from provision.invoke.brought import asked_of
from provision.invoke.circumstances import Circumstances, by_address
from provision.invoke.explain import Asked, Explanation, explain, needs_policies
from provision.invoke.hops import Hop, answered, leads_on, shown_end
from provision.invoke.request_parts import Body
from provision.tokens.authorization import bearer, header_for

FIRST_ERROR = 400
_KEPT = 16 * 1024 * 1024
"""Bytes of a body that a JSON document holds."""


@dataclass(frozen=True)
class Wish:
    """What the user wants of one call.

    Args:
        method: the request's method.
        path: below the target.
        headers: those that the user gives.
        dropped: names in lower case that are not to be sent.
        body: what is sent.
        account: service account to speak as; None for the caller.
        anonymous: send no token.
        follow: follow redirects.
        output: where the body goes; None for stdout.
        include: show the headers before the body.
        verbose: tell on stderr what goes out and comes in.
        as_json: print a document instead.
        seconds: how long it may take; None for as long as it likes.
    """

    method: str
    path: str
    headers: Headers = field(repr=False)
    dropped: frozenset[str]
    body: Body | None
    account: str | None
    anonymous: bool
    follow: bool
    output: str | None
    include: bool
    verbose: bool
    as_json: bool
    seconds: float | None


class Call:
    """Makes one call.

    Args:
        context: whom we act as, and the clients.
        way: where the target is.
        wish: what the user wants.
    """

    def __init__(self, context: TargetContext, way: Way, wish: Wish) -> None:
        self._context, self._way, self._wish = context, way, wish
        self._redirects: list[str] = []
        self._heads: list[Incoming] = []
        self._transfer: Transfer | None = None
        self._clock = Clock()

    def make(self) -> ExitCode:
        """Send the request, show its answer, explain it; the exit code.

        Raises:
            UnavailableError: nothing answered, or not in time.
        """
        hop = self._first()
        with time_limit(self._wish.seconds, str(hop.outgoing)), ExitStack() as stack:
            last, incoming = stack.enter_context(
                answered(Http(), hop, self, follow=self._wish.follow)
            )
            self._taking(stack).body(incoming)
        self._end_line()
        return self._told(last, incoming)

    def _first(self) -> Hop:
        """The request as it first goes out, with a token in the header that is free."""
        wish, way = self._wish, self._way
        url = way.whole(wish.path)
        given = {name.lower() for name, _ in wish.headers}
        headers = [
            (name, value)
            for name, value in self._by_default()
            if name.lower() not in given | wish.dropped
        ]
        header = None if wish.anonymous else header_for(given)
        if header is not None:
            headers.append((header, bearer(self._token())))
        return Hop(wish.method, url, (*headers, *wish.headers), wish.body)

    def _by_default(self) -> Headers:
        kind = (("Content-Type", self._wish.body.content_type),) if self._wish.body else ()
        return (("User-Agent", f"provision/{__version__}"), ("Accept", "*/*"), *kind)

    def _token(self) -> str:
        with watched() as progress:
            progress("minting an ID token")
            tokens = IdTokens(self._context.google, self._clock)
            minted = tokens.mint(self._way.audience.value, self._wish.account)
        asked = self._way.audience
        if minted.audience != asked.value:  # a user's token, whatever was asked for
            note = minted.note if self._wish.verbose or self._way.chosen else ""
        else:
            note = asked.note
        if note:
            call_text.show_note(note)
        return minted.token

    def sending(self, hop: Hop) -> None:
        """A request goes out."""
        if self._wish.verbose:
            call_text.show_sent(hop)

    def received(self, incoming: Incoming) -> None:
        """An answer begins."""
        if self._wish.verbose:
            call_text.show_received(incoming)
        if self._wish.include:
            self._heads.append(incoming)

    def redirected(self, said: str) -> None:
        """A redirect is followed."""
        self._redirects.append(said)
        if not said.endswith("the token went along.") or self._wish.verbose:
            call_text.show_note(said)

    def _taking(self, stack: ExitStack) -> Transfer:
        """Where the body goes."""
        wish = self._wish
        keeps = wish.as_json and (wish.output is None or wish.output == STDOUT)
        transfer = Kept(_KEPT) if keeps else stack.enter_context(opened(wish.output))
        for incoming in self._heads:
            transfer.head(incoming)
        self._transfer = transfer
        return transfer

    def _end_line(self) -> None:
        """Begin a new line on a terminal that shows body and explanation one after the other."""
        done = self._transfer
        if done is not None and done.last != b"\n" and errors.is_terminal:
            errors.print()

    def _told(self, hop: Hop, incoming: Incoming) -> ExitCode:
        asked = asked_of(hop.method, hop.url, hop.headers)
        explanation = self._explained(asked, hop, incoming)
        code = ExitCode.DONE if incoming.status < FIRST_ERROR else ExitCode.HTTP_ERROR
        if explanation is not None:
            call_text.show_explanation(incoming.status, explanation)
        elif (location := leads_on(incoming)) and not self._wish.follow:
            end = shown_end(hop.url, location)
            call_text.show_note(f"HTTP {incoming.status} leads to {end}; -L follows it.")
        if self._wish.as_json:
            told = call_json.document(
                asked,
                incoming,
                self._done,
                self._redirects,
                explanation,
                saved_to=None if isinstance(self._done, Kept) else self._wish.output,
                exit_code=int(code),
            )
            print_json(told)
        return code

    @property
    def _done(self) -> Transfer:
        if self._transfer is None:
            raise TypeError("the body comes before the result")
        return self._transfer

    def _explained(self, asked: Asked, hop: Hop, incoming: Incoming) -> Explanation | None:
        """Why it was answered so, where the target itself answered."""
        if not hop.own:
            return None
        headers = {name.lower(): value for name, value in reversed(incoming.headers)}
        text = self._done.beginning.decode("utf-8", "replace")
        answer = Answer(incoming.status, text, headers)
        return explained(self._context, self._way, asked, answer, self._clock)


def explained(
    context: TargetContext, way: Way, asked: Asked, answer: Answer, clock: Clock
) -> Explanation | None:
    """Why `asked` was answered so, with what the control side says where that is wanted."""
    now = clock.now()
    if way.resolved is None:
        return explain(asked, answer, by_address(way), now)
    with watched() as progress:
        look = Circumstances(Iam(context.google), ResourceManager(context.google), progress)
        wanted = needs_policies(asked, answer)
        known = look.of(way, way.resolved, asked, now, policies=wanted)
    return explain(asked, answer, known, now)


@contextmanager
def watched() -> Iterator[Callable[[str], None]]:
    """Progress for somebody who watches; a log keeps to what the request came to."""
    if not errors.is_terminal:
        yield lambda _: None
        return
    with Progress() as progress:
        yield progress


@contextmanager
def time_limit(seconds: float | None, doing: str) -> Iterator[None]:
    """End what is being done after `seconds`, whatever it waits for.

    Raises:
        UnavailableError: it took longer.
    """
    if not seconds:
        yield
        return

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise UnavailableError(
            f"{doing}: not done within {seconds:g} s.", hint="--max-time allows more."
        )

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
