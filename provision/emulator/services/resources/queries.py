"""Queries of Resource Manager: ``name:how* AND (labels.env=prod OR NOT state:ACTIVE)``.

One grammar serves the v3 searches, the v1 filter of projects and the v2 search of folders: terms
``field:value`` or ``field=value``, side by side or joined by AND, OR and NOT, values quoted or
ending in ``*``. Comparison is without regard to case (documented).
"""

import re
from collections.abc import Mapping, Sequence

from provision.emulator.rpc.status import invalid

_TOKEN = re.compile(
    r"\s*(?:(?P<bracket>[()])"
    r'|(?P<term>[A-Za-z_][\w.-]*\s*(?:!=|=|:)\s*(?:"[^"]*"|\'[^\']*\'|[^\s()]+))'
    r'|(?P<word>"[^"]*"|[^\s()]+))'
)
_TERM = re.compile(r"([\w.-]+?)\s*(!=|=|:)\s*(.+)", re.DOTALL)

Fields = Mapping[str, str]
"""What a resource can be found by, keys in lower case."""


def matches(query: str, fields: Fields) -> bool:
    """Whether a resource is among those that a query asks for. Raises `ApiError`."""
    tokens = _tokens(query)
    return not tokens or _Reader(tokens, fields).whole()


def _tokens(query: str) -> list[str]:
    tokens, at = [], 0
    text = query.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise invalid("Request contains an invalid argument.", ("query", "unreadable"))
        tokens.append(found.group().strip())
        at = found.end()
    return tokens


class _Reader:
    """Recursive descent; evaluates as it reads."""

    def __init__(self, tokens: Sequence[str], fields: Fields) -> None:
        self._tokens = tokens
        self._fields = fields
        self._at = 0

    def whole(self) -> bool:
        value = self._either()
        if self._at != len(self._tokens):
            raise invalid("Request contains an invalid argument.", ("query", "unbalanced brackets"))
        return value

    def _either(self) -> bool:
        value = self._both()
        while self._take("OR"):
            other = self._both()
            value = value or other
        return value

    def _both(self) -> bool:
        value = self._one()
        while self._peek() not in ("", "OR", ")"):
            self._take("AND")
            other = self._one()
            value = value and other
        return value

    def _one(self) -> bool:
        if self._take("NOT") or self._take("-"):
            return not self._one()
        if self._take("("):
            value = self._either()
            if not self._take(")"):
                raise invalid("Request contains an invalid argument.", ("query", "missing bracket"))
            return value
        token = self._peek()
        if not token:
            raise invalid("Request contains an invalid argument.", ("query", "ends too early"))
        self._at += 1
        return _holds(token, self._fields)

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, token: str) -> bool:
        taken = self._peek() == token
        self._at += taken
        return taken


def _holds(token: str, fields: Fields) -> bool:
    term = _TERM.fullmatch(token)
    if term is None:  # a bare word may be the display name or the id (documented for v3)
        wanted = token.strip("\"'")
        return any(_equals(fields.get(key, ""), wanted) for key in ("displayname", "projectid"))
    field, operator, value = term.groups()
    wanted = value.strip("\"'")
    known = fields.get(field.lower())
    found = known is not None and (wanted == "*" or _equals(known, wanted))
    return found != (operator == "!=")


def _equals(known: str, wanted: str) -> bool:
    known, wanted = known.lower(), wanted.lower()
    if wanted.endswith("*"):
        return known.startswith(wanted[:-1])
    return known == wanted
