"""``text``. Source: https://cloud.google.com/workflows/docs/reference/stdlib/text."""

import codecs
import re
from itertools import islice
from typing import Final
from urllib.parse import quote, quote_plus, unquote_to_bytes

from provision.emulator.language.faults import value_fault
from provision.emulator.language.library.signature import (
    Entry,
    optional_text,
    plain,
    raw,
    text,
    whole,
)
from provision.emulator.language.regular import PatternError, compiled
from provision.emulator.language.values import Value

_BROKEN = re.compile("%(?![0-9A-Fa-f]{2})")


def _charset(named: Value, function: str) -> str:
    """A character set that texts are written in; Python knows others that are none."""
    name = optional_text(named, function) or "UTF-8"
    try:
        found = codecs.lookup(name)
        "".encode(found.name)
    except (LookupError, ValueError) as error:
        raise value_fault(f"unknown charset: {name[:100]}") from error
    return found.name


def _decode(data: Value, charset: Value) -> Value:
    given, name = raw(data, "text.decode"), _charset(charset, "text.decode")
    try:
        return given.decode(name)
    except UnicodeError as error:
        raise value_fault(f"the bytes are not {name}") from error


def _encode(given: Value, charset: Value) -> Value:
    source, name = text(given, "text.encode"), _charset(charset, "text.encode")
    try:
        return source.encode(name)
    except UnicodeError as error:
        raise value_fault(f"the text cannot be written in {name}") from error


def _find_all(source: Value, substr: Value) -> Value:
    within, wanted = text(source, "text.find_all"), text(substr, "text.find_all")
    found: list[Value] = []
    at = within.find(wanted)
    while at >= 0:
        found.append(at)
        at = within.find(wanted, at + max(len(wanted), 1))
    return found


def _find_all_regex(source: Value, regexp: Value) -> Value:
    within, places = _matches(source, regexp, "text.find_all_regex")
    return [{"index": start, "match": within[start:end]} for start, end in places]


def _match_regex(source: Value, regexp: Value) -> Value:
    return bool(_matches(source, regexp, "text.match_regex", most=1)[1])


def _replace_all(source: Value, substr: Value, repl: Value) -> Value:
    function = "text.replace_all"
    return text(source, function).replace(text(substr, function), text(repl, function))


def _replace_all_regex(source: Value, regexp: Value, repl: Value) -> Value:
    function = "text.replace_all_regex"
    instead = text(repl, function)
    within, places = _matches(source, regexp, function)
    parts, behind = [], 0
    for start, end in places:
        parts.append(within[behind:start] + instead)
        behind = end
    return "".join((*parts, within[behind:]))


def _matches(
    source: Value, regexp: Value, function: str, most: int | None = None
) -> tuple[str, list[tuple[int, int]]]:
    """A text, and where a regular expression matches in it. Raises `Raised`."""
    within = text(source, function)
    try:
        return within, list(islice(compiled(text(regexp, function)).find_all(within), most))
    except PatternError as error:
        raise value_fault(f"invalid regular expression: {error}") from error


def _split(source: Value, separator: Value) -> Value:
    within, between = text(source, "text.split"), text(separator, "text.split")
    return list(within.split(between) if between else within)


def _substring(source: Value, start: Value, end: Value) -> Value:
    function = "text.substring"
    within, first, last = text(source, function), whole(start, function), whole(end, function)
    if first < 0 or last > len(within) or first > last:
        raise value_fault(f"no substring from {first} to {last} in a text of {len(within)}")
    return within[first:last]


def _to_lower(source: Value) -> Value:
    return text(source, "text.to_lower").lower()


def _to_upper(source: Value) -> Value:
    return text(source, "text.to_upper").upper()


def _url_encode(source: Value) -> Value:
    return quote(text(source, "text.url_encode"), safe="")


def _url_encode_plus(source: Value) -> Value:
    return quote_plus(text(source, "text.url_encode_plus"), safe="")


def _url_decode(source: Value) -> Value:
    given = text(source, "text.url_decode").replace("+", " ")
    if _BROKEN.search(given):
        raise value_fault("the text has a % without two digits behind it")
    try:
        return unquote_to_bytes(given).decode()
    except UnicodeError as error:
        raise value_fault("the text is not URL-encoded UTF-8") from error


FUNCTIONS: Final[dict[str, Entry]] = {
    "text.decode": plain(_decode, "data", "charset?"),
    "text.encode": plain(_encode, "text", "charset?"),
    "text.find_all": plain(_find_all, "source", "substr"),
    "text.find_all_regex": plain(_find_all_regex, "source", "regexp"),
    "text.match_regex": plain(_match_regex, "source", "regexp"),
    "text.replace_all": plain(_replace_all, "source", "substr", "repl"),
    "text.replace_all_regex": plain(_replace_all_regex, "source", "regexp", "repl"),
    "text.split": plain(_split, "source", "separator"),
    "text.substring": plain(_substring, "source", "start", "end"),
    "text.to_lower": plain(_to_lower, "source"),
    "text.to_upper": plain(_to_upper, "source"),
    "text.url_decode": plain(_url_decode, "source"),
    "text.url_encode": plain(_url_encode, "source"),
    "text.url_encode_plus": plain(_url_encode_plus, "source"),
}
