"""Code that calls a service, made from the templates. Pure."""

import json
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from provision.errors import UsageError

_MARKER = re.compile(r"__([A-Z_]+?)__")
_PATH = re.compile(r"[/?][A-Za-z0-9._~!$&'()*+,;=:@/?%-]*")
"""What may stand in a path and a query (https://www.rfc-editor.org/rfc/rfc3986#section-3.3)."""
_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~!$&'()*+,;=:@/?%\[\]-]+")
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Language(StrEnum):
    """What snippets there are."""

    CURL = "curl"
    PYTHON = "python"
    NODE = "node"
    GO = "go"
    WORKFLOW = "workflow"


FILES = {
    Language.CURL: "curl.sh",
    Language.PYTHON: "python.py",
    Language.NODE: "node.mjs",
    Language.GO: "go.go",
    Language.WORKFLOW: "workflow.yaml",
}
"""The templates, below ``templates/snippets``."""


@dataclass(frozen=True)
class Call:
    """The call that a snippet makes.

    Args:
        what: the target, in words.
        url: its address, without a slash at its end.
        path: what is asked for below it; empty, or beginning with a slash or a question mark.
        audience: what the token is for.
        own_audience: what it would be for by the address alone.
    """

    what: str
    url: str
    path: str
    audience: str
    own_audience: str

    @property
    def address(self) -> str:
        """The whole address."""
        return f"{self.url}{self.path}"


def check_path(path: str) -> str:
    """`path`, when it can stand in an address as it is.

    Raises:
        UsageError: it cannot.
    """
    if path and (not _PATH.fullmatch(path) or _PERCENT.search(path)):
        raise UsageError(
            f"{path!r} is no path.",
            hint="It begins with a slash; what is no letter, digit or sign of addresses is"
            " written with percent signs, as in /a%20b.",
        )
    return path


def rendered(language: Language, template: str, call: Call) -> str:
    """The template with the call in it, each value as a literal of the language.

    Raises:
        UsageError: address or audience hold what would be more than text somewhere.
    """
    if not _ADDRESS.fullmatch(call.address):
        raise UsageError(f"{call.address!r} is no address that code can be written for.")
    if not call.audience.isprintable() or "${" in call.audience:
        raise UsageError(f"{call.audience!r} is no audience that code can be written for.")
    literal: Callable[[str], str] = shlex.quote if language is Language.CURL else _quoted
    values = {
        "WHAT": call.what,
        "AUDIENCE": literal(call.audience),
        "ADDRESS": literal(call.address),
        "PATH": literal(call.path),
        "INVOKER": _invoker(call),
    }
    return _MARKER.sub(lambda found: values[found[1]], template)


def _invoker(call: Call) -> str:
    """The arguments of an `Invoker`: an audience only where the address does not tell it."""
    url = _quoted(call.url)
    if call.audience == call.own_audience:
        return url
    return f"{url}, audience={_quoted(call.audience)}"


def _quoted(text: str) -> str:
    """A literal of Python, JavaScript, Go and YAML.

    Signs are written as they are: pairs of escapes, as JSON has them, mean something else in some.
    """
    return json.dumps(text, ensure_ascii=False)
