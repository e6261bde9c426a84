"""``sys``. Source: https://cloud.google.com/workflows/docs/reference/stdlib/sys."""

import math
from typing import Final

from provision.emulator.language.faults import type_fault, value_fault
from provision.emulator.language.library.encodings import encode_json
from provision.emulator.language.library.signature import (
    Entry,
    knowing,
    number,
    optional_text,
    text,
    waiting,
    wrong_type,
)
from provision.emulator.language.library.times import moment
from provision.emulator.language.surroundings import Surroundings
from provision.emulator.language.values import Value

_LONGEST_SLEEP = 31_536_000
"""Seconds: a year. Source: https://cloud.google.com/workflows/docs/sleeping."""
_SEVERITIES: Final = (
    *("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING"),
    *("ERROR", "CRITICAL", "ALERT", "EMERGENCY"),
)


def _get_env(around: Surroundings, name: Value, default: Value) -> Value:
    wanted = text(name, "sys.get_env")
    return around.env.get(wanted, optional_text(default, "sys.get_env"))


def _now(around: Surroundings) -> Value:
    return around.now().timestamp()


async def _log(around: Surroundings, *arguments: Value) -> Value:
    data, severity, written, json, timeout = arguments
    given = [one for one in (data, written, json) if one is not None]
    if len(given) != 1:
        raise type_fault("sys.log() takes exactly one of data, text and json")
    if timeout is not None:
        number(timeout, "sys.log")
    named = optional_text(severity, "sys.log") or "DEFAULT"
    if named not in _SEVERITIES:
        raise value_fault(f"unknown severity {named[:100]}")
    around.log(named, _payload(given[0], as_text=written is not None, as_json=json is not None))
    return None


def _payload(given: Value, *, as_text: bool, as_json: bool) -> Value:
    """What is logged: a map, or a text of anything else."""
    if isinstance(given, bytes) or (as_json and not isinstance(given, dict)):
        raise wrong_type("sys.log", given, "map" if as_json else "text, number, list, or map")
    if isinstance(given, str) or (isinstance(given, dict) and not as_text):
        return given
    return encode_json(given)


async def _sleep(around: Surroundings, seconds: Value) -> Value:
    span = number(seconds, "sys.sleep")
    if not math.isfinite(span) or not 0 <= span <= _LONGEST_SLEEP:
        raise value_fault(f"seconds must be between 0 and {_LONGEST_SLEEP}")
    await around.sleep(float(span))
    return None


async def _sleep_until(around: Surroundings, time: Value) -> Value:
    span = (moment(text(time, "sys.sleep_until")) - around.now()).total_seconds()
    if span > _LONGEST_SLEEP:
        raise value_fault("the time is more than a year from now")
    await around.sleep(max(span, 0.0))
    return None


FUNCTIONS: Final[dict[str, Entry]] = {
    "sys.get_env": knowing(_get_env, "name", "default?"),
    "sys.now": knowing(_now),
    "sys.log": waiting(_log, "data?", "severity?", "text?", "json?", "timeout?"),
    "sys.sleep": waiting(_sleep, "seconds"),
    "sys.sleep_until": waiting(_sleep_until, "time"),
}
