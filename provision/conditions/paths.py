"""The paths that a grant can be for, as a user writes them and as a condition does. Pure."""

from typing import NamedTuple

from provision.conditions.syntax import Call, Literal, Node, qualified
from provision.errors import UsageError

_BELOW = ("…", "...", "**", "*")
_LONGEST = 2000
_SHOWN = "Write /reports for that page alone, or /reports/* for it and all below it."


class Path(NamedTuple):
    """One page of a service, or a page and all below it.

    Args:
        page: as in a URL, without a slash at its end unless it is ``/``.
        below: whether what lies below is meant too.
    """

    page: str
    below: bool

    def __str__(self) -> str:
        """As a user writes it."""
        return f"{self.page}/*" if self.below else self.page

    @property
    def expression(self) -> str:
        """As a condition; one with ``||`` is not in brackets."""
        page = f"request.path == {quoted(self.page)}"
        if not self.below:
            return page
        return f"{page} || request.path.startsWith({quoted(f'{self.page}/')})"


def parse_path(text: str) -> Path:
    """What `--path` says: ``/reports``, or ``/reports/*`` (also ``/reports/…``) with all below it.

    Raises:
        UsageError: for what is no path, can be misread, or that no request ever has.
    """
    page, below = text, False
    for sign in _BELOW:
        if text.endswith(f"/{sign}"):
            page, below = text.removesuffix(f"/{sign}"), True
            break
    wrong = _wrong(page, below=below)
    if wrong:
        raise UsageError(f"--path {text!r}: {wrong}.", hint=_SHOWN)
    return Path(page, below)


def quoted(text: str) -> str:
    """A text as a literal of the condition language; nothing in it can end the literal."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004 - four digits


def _wrong(page: str, *, below: bool) -> str:  # noqa: PLR0911 - one answer each
    if not page and below:
        return "that is the whole service: leave --path out"
    if not page.startswith("/"):
        return "a path begins with a slash"
    if len(page) > _LONGEST:
        return f"longer than {_LONGEST} characters"
    if any(sign in page for sign in "?#"):
        return "a condition sees the path alone, without what follows ? or #"
    if any(sign in page for sign in ("*", "…")):
        return "only all below a page can be meant, by * at the end, after a slash"
    if not page.isprintable() or " " in page:
        return "write spaces and control characters as a URL has them, as %20"
    segments = page[1:].lower().replace("%2e", ".").split("/")
    if page != "/" and "" in segments:
        return "it has an empty part, or a slash at its end"
    if {".", ".."} & set(segments):
        return "clients resolve . and .. before they send a request"
    return ""


def path_of(node: Node) -> str | None:
    """The path that a part of a condition asks for, as a user writes it.

    None for what asks for something else, or for paths that `--path` cannot say.
    """
    match node.form:
        case Call("||", None, (left, right)):
            page, below = _compared(left), _asked(right, "startsWith")
            found = Path(page, below=True) if page and below == f"{page}/" else None
        case _:
            page = _compared(node)
            found = Path(page, below=False) if page else None
    if found is None or _wrong(found.page, below=found.below):
        return None
    return str(found)


def _compared(node: Node) -> str | None:
    """The page in ``request.path == "/page"``, either way round."""
    match node.form:
        case Call("==", None, (left, right)):
            for one, other in ((left, right), (right, left)):
                if qualified(one) == "request.path" and isinstance(other.form, Literal):
                    value = other.form.value
                    return value if isinstance(value, str) else None
    return None


def _asked(node: Node, function: str) -> str | None:
    """The text in ``request.path.FUNCTION("text")``."""
    match node.form:
        case Call(name, Node() as target, (Node(Literal(str(text))),)) if name == function:
            return text if qualified(target) == "request.path" else None
    return None
