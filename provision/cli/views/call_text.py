"""What `call` and `proxy` tell people on stderr: explanations, and headers without secrets."""

import textwrap
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from provision.cli.console import errors, safe
from provision.clients.http_exchange import Incoming
from provision.invoke.explain import Explanation
from provision.invoke.hops import Hop
from provision.invoke.request_parts import shown

_WIDTH = 80
_LABELS = 10


def lines(status: int, explanation: Explanation) -> Iterator[str]:
    """An explanation: the answer first, then the evidence, then what to do next."""
    yield from _wrapped(f"HTTP {status}: {explanation.answer}.", "")
    for label, text in explanation.evidence:
        yield from _wrapped(f"  {label:<{_LABELS}}{text}", " " * (_LABELS + 2))
    if explanation.next:
        yield from _wrapped(f"Next: {explanation.next}", "  ")


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        " ".join(text.splitlines()),
        _WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def show_explanation(status: int, explanation: Explanation) -> None:
    """Print an explanation."""
    first, *rest = lines(status, explanation)
    errors.print(f"[bold]{safe(first)}[/]")
    for line in rest:
        errors.print(safe(line))


def show_note(text: str) -> None:
    """Print something that is worth knowing and no error."""
    for line in _wrapped(f"Note: {text}", "  "):
        errors.print(safe(line))


def show_sent(hop: Hop) -> None:
    """Print a request as it goes out, in curl's manner."""
    parts = urlsplit(hop.url)
    query = "?…" if parts.query else ""  # it may hold secrets
    _sided(">", (f"{hop.method} {parts.path or '/'}{query}", f"Host: {parts.netloc}"))
    _sided(">", shown(hop.headers))


def show_received(incoming: Incoming) -> None:
    """Print an answer's status and headers, in curl's manner."""
    _sided("<", (f"{incoming.version} {incoming.status} {incoming.reason}".rstrip(),))
    _sided("<", shown(incoming.headers))


def _sided(sign: str, texts: Iterable[str]) -> None:
    for text in texts:
        errors.print(safe(f"{sign} {text}"))
