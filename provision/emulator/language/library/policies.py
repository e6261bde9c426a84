"""``retry``, and which errors of HTTP are worth another attempt.

Source: https://cloud.google.com/workflows/docs/reference/stdlib/http/default_retry,
…/http/default_retry_non_idempotent and …/retry/default_backoff.
"""

from typing import Final

from provision.emulator.language.faults import tags_of
from provision.emulator.language.library.signature import Entry, plain
from provision.emulator.language.values import Function, Value

_AGAIN: Final = frozenset((429, 502, 503, 504))
_AGAIN_UNLESS_DONE: Final = frozenset((429, 503))
_BACKOFF: Final[dict[str, Value]] = {"initial_delay": 1, "max_delay": 60, "multiplier": 1.25}


def _code(exception: Value) -> Value:
    return exception.get("code") if isinstance(exception, dict) else None


def _idempotent(exception: Value) -> Value:
    tags = tags_of(exception)
    if tags & {"ConnectionError", "ConnectionFailedError", "TimeoutError"}:
        return True
    return "HttpError" in tags and _code(exception) in _AGAIN


def _non_idempotent(exception: Value) -> Value:
    tags = tags_of(exception)
    if "ConnectionFailedError" in tags:
        return True
    return "HttpError" in tags and _code(exception) in _AGAIN_UNLESS_DONE


def _always(exception: Value) -> Value:  # noqa: ARG001 - a predicate takes the error
    return True


def _never(exception: Value) -> Value:  # noqa: ARG001 - a predicate takes the error
    return False


def _policy(predicate: str) -> Value:
    return {"predicate": Function(predicate), "max_retries": 5, "backoff": dict(_BACKOFF)}


FUNCTIONS: Final[dict[str, Entry]] = {
    "http.default_retry_predicate": plain(_idempotent, "exception"),
    "http.default_retry_predicate_non_idempotent": plain(_non_idempotent, "exception"),
    "retry.always": plain(_always, "exception"),
    "retry.never": plain(_never, "exception"),
}
CONSTANTS: Final[dict[str, Value]] = {
    "http.default_retry": _policy("http.default_retry_predicate"),
    "http.default_retry_non_idempotent": _policy("http.default_retry_predicate_non_idempotent"),
    "retry.default_backoff": dict(_BACKOFF),
}
