"""Which parts of a recorded text name things that differ from world to world.

All else is compared letter by letter. An identifier is compared by its form, and by its use: what
the recording says twice, the answers must say twice.
"""

import re
from typing import NamedTuple

RECORDER_TIMES = {
    "2024-04-01T12:34:56.123456Z",
    "1970-01-01T00:00:00Z",
    "2025-01-01T00:00:00Z",
}
"""Written by the newer recorder over every time of some fields."""

RECORDER_WORDS = {
    "abcdef0123A=",
    "111111111111111111111",
    "888888888888888888888",
    "12345678901234",
    "REDACTED",
}
"""Written by recorders over etags, unique ids, generations and people."""


class Kind(NamedTuple):
    """A kind of identifier.

    Args:
        name: what it is called in messages.
        recorded: how it looks in a recording (a regular expression).
        ours: how it must look in an answer.
    """

    name: str
    recorded: str
    ours: str


_SECOND = r"20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d"
_TIME = rf"{_SECOND}(?:\.(?:\d{{3}}){{1,3}})?Z"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_MAIL = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
KINDS = (
    Kind("time", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z", _TIME),
    Kind("operation", r"(?<=operations/)[^/]+", r"[\w.-]+"),
    Kind("uuid", _UUID, _UUID),
    Kind("digest", r"sha256:[0-9a-f]{64}", r"sha256:[0-9a-f]{64}"),
    Kind("etag", r"abcdef0123A=", r"[\w+/=\"-]+"),
    Kind("number", r"(?<=\?uid=)\d+", r"\d{15,21}"),
    Kind("number", r"111111111111111111111", rf"(?:\d{{15,21}}|{_UUID})"),
    Kind("generation", r"12345678901234", r"[1-9]\d*"),
    Kind("tag", r"\$\{tag(?:Key|Value)ID\}", r"\d+"),
    Kind("redacted", r"REDACTED", r".+"),
    Kind("person", r"\$\{creatorID\}", r"developer@example\.com"),
    Kind("person", r"person-\d+@example\.com", _MAIL),
    Kind("person", r"testuser@example\.com|integration-test@[\w.-]+", _MAIL),
    Kind("revision", r"(?<=-\d{5}-)[a-z0-9]{3}\b", r"[a-z0-9]{3}"),
    Kind("address", r"https://[\w.${}-]+\.run\.app", r"http://(?:127\.0\.0\.1|localhost):\d+"),
    Kind("log", r"https://console\.cloud\.google\.com/logs/\S+", r"https?://\S+"),
)
_ANY = re.compile("|".join(f"(?P<k{index}>{kind.recorded})" for index, kind in enumerate(KINDS)))
_BY_FIELD = {
    "uniqueId": Kind("number", r"\d+", r"\d{15,21}"),
    "oauth2ClientId": Kind("number", r"\d+", r"\d{15,21}"),
    "projectNumber": Kind("project", r"\d+", r"\d{9,12}"),
    "workflowRevisionId": Kind("revision", r"\d{6}-[0-9a-f]{3}", r"\d{6}-[0-9a-f]{3}"),
    "duration": Kind("duration", r"\d+(?:\.\d{1,9})?s", r"\d+(?:\.\d{1,9})?s"),
    "resourceVersion": Kind("version", r"[\w/+-]+=*", r"[\w/+-]+=*"),
}
_CONSTANT_ETAGS = {"ACAB", "MDEwMjE5MjA="}


class Part(NamedTuple):
    """An identifier within a recorded text: its kind, as recorded, and as answered."""

    kind: str
    recorded: str
    ours: str


def parts(field: str, recorded: str, ours: str) -> list[Part] | None:
    """The identifiers of a text in pairs; None when the rest of the text differs.

    Args:
        field: the last name of the field's path.
        recorded: the text, with the names of the replayed world filled in.
        ours: the answer's text.
    """
    if recorded == ours:
        return []
    whole = _etag(recorded) if field == "etag" else _BY_FIELD.get(field)
    if whole is not None and re.fullmatch(whole.recorded, recorded):
        same = re.fullmatch(whole.ours, ours) is not None
        return [Part(whole.name, recorded, ours)] if same else None
    return _pieces(recorded, ours)


def _pieces(recorded: str, ours: str) -> list[Part] | None:
    pattern, names, end = "", [], 0
    for found in _ANY.finditer(recorded):
        kind = KINDS[int(str(found.lastgroup)[1:])]
        pattern += re.escape(recorded[end : found.start()]) + f"({kind.ours})"
        names.append((kind.name, found.group()))
        end = found.end()
    matched = re.fullmatch(pattern + re.escape(recorded[end:]), ours)
    if matched is None:
        return None
    return [Part(*name, group) for name, group in zip(names, matched.groups(), strict=True)]


def _etag(recorded: str) -> Kind:
    """An etag's form: in quotes or not, and the policy's and account's own forms."""
    if recorded in RECORDER_WORDS:
        return Kind("etag", ".+", r'[\w+/-]+={0,2}|"[\w+/-]+={0,2}"')
    if recorded in _CONSTANT_ETAGS:
        return Kind("etag", re.escape(recorded), re.escape(recorded))
    if recorded.startswith('"'):
        return Kind("etag", ".+", r'"[\w/+=-]+"')
    if re.fullmatch(r"Bw[\w+/-]{9}=?", recorded):
        return Kind("etag", ".+", rf"Bw[\w+/-]{{9}}{'=' if recorded.endswith('=') else ''}")
    return Kind("etag", ".+", rf"[\w+/=-]{{{len(recorded)}}}")


def moment(text: str) -> str:
    """A time in a form whose alphabetical order is that of time; empty when it is no time."""
    if not re.fullmatch(_TIME, text):
        return ""
    second, _, fraction = text.removesuffix("Z").partition(".")
    return f"{second}.{fraction:0<9}"


def written_by_recorder(text: str) -> bool:
    """Whether a recorder wrote it over different values, so that it says nothing about sameness."""
    return text in RECORDER_TIMES | RECORDER_WORDS or text.startswith("${")
