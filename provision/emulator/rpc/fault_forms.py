"""Faults as they are set and told over HTTP: JSON in, checked strictly, and JSON out."""

import math
from collections.abc import Mapping
from typing import Any, get_args

from provision.emulator.rpc.faults import Fault, Kind
from provision.emulator.rpc.status import HTTP_STATUS

LONGEST = 86400.0
"""Seconds that a delay may have at most: a day."""

_MOST = 1_000_000
_KINDS: tuple[Kind, ...] = get_args(Kind)
_CODES = tuple(code for code in HTTP_STATUS if code != "OK")
_ERRORS = {"code", "message", "retryDelay"}
_FIELDS: dict[Kind, set[str]] = {
    "error": {*_ERRORS, "when"},
    "latency": {"seconds", "when"},
    "cut": {"when"},
    "pending-operation": {"when"},
    "failed-operation": {"code", "message", "when"},
    "stale": {"seconds", "writes"},
    "iam": {"seconds"},
}
_EVERY = {"method", "kind", "resource", "times", "skip"}
_RETRY_DELAY = 1.0


def seconds(body: Mapping[str, Any], key: str, default: float) -> float:
    """A delay in seconds, finite and not negative. Raises `ValueError`."""
    value = body.get(key, default)
    wrong = isinstance(value, bool) or not isinstance(value, int | float)
    if wrong or not math.isfinite(value) or not 0 <= value <= LONGEST:
        raise ValueError(f'"{key}" must be seconds, a number from 0 to {LONGEST:.0f}')
    return float(value)


def to_fault(body: Mapping[str, Any]) -> Fault:
    """The fault that a request sets. Raises `ValueError`, whose text names what is wrong."""
    kind = body.get("kind", "error")
    if kind not in _KINDS:
        raise ValueError(f'"kind" must be one of {", ".join(_KINDS)}')
    if unknown := sorted(set(body) - _EVERY - _FIELDS[kind]):
        raise ValueError(f'a fault of kind "{kind}" has no "{unknown[0]}"')
    fault = Fault(
        method=_text(body, "method"),
        kind=kind,
        resource=_text(body, "resource", ""),
        times=None if "times" in body and body["times"] is None else _count(body, "times", 1, 1),
        skip=_count(body, "skip", 0, 0),
        after=_after(body),
    )
    if "code" in _FIELDS[kind]:
        _add_error(fault, body)
    elif "seconds" in _FIELDS[kind]:
        _add_time(fault, body)
    return fault


def _add_error(fault: Fault, body: Mapping[str, Any]) -> None:
    fault.code = _text(body, "code")
    if fault.code not in _CODES:
        raise ValueError(f'"code" must be one of {", ".join(_CODES)}')
    fault.message = _text(body, "message", "injected fault")
    if body.get("retryDelay") is not None:
        fault.retry_delay = seconds(body, "retryDelay", 0.0)
    elif fault.code == "RESOURCE_EXHAUSTED" and "retryDelay" not in body:
        fault.retry_delay = _RETRY_DELAY


def _add_time(fault: Fault, body: Mapping[str, Any]) -> None:
    wanted = [key for key in ("seconds", "writes") if key in body]
    if len(wanted) != 1:
        choice = '"seconds" or "writes"' if "writes" in _FIELDS[fault.kind] else '"seconds"'
        raise ValueError(f'a fault of kind "{fault.kind}" needs {choice}')
    fault.seconds = seconds(body, "seconds", 0.0)
    fault.writes = _count(body, "writes", 0, 1) if "writes" in body else 0


def _text(body: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = body.get(key, default)
    if not isinstance(value, str) or (default is None and not value):
        raise ValueError(f'"{key}" must be a text')
    return value


def _count(body: Mapping[str, Any], key: str, default: int, least: int) -> int:
    value = body.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _MOST:
        raise ValueError(f'"{key}" must be a whole number from {least} to {_MOST}')
    return value


def _after(body: Mapping[str, Any]) -> bool:
    when = body.get("when", "before")
    if when not in ("before", "after"):
        raise ValueError('"when" must be "before" or "after"')
    return bool(when == "after")


def to_json(fault: Fault) -> dict[str, object]:
    """A fault as it is told, with how often it was met and how often it happened."""
    told: dict[str, object] = {
        "when": "after" if fault.after else "before",
        "code": fault.code,
        "message": fault.message,
        "retryDelay": fault.retry_delay,
        "seconds": fault.seconds,
        "writes": fault.writes,
    }
    own = {key: value for key, value in told.items() if key in _FIELDS[fault.kind] and value != 0}
    return {
        "id": fault.id,
        "kind": fault.kind,
        "method": fault.method,
        "resource": fault.resource,
        "times": fault.times,
        "skip": fault.skip,
        **own,
        "seen": fault.seen,
        "played": fault.played,
    }
