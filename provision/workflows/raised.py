"""What a failed execution raised, read from its payload. Pure.

https://cloud.google.com/workflows/docs/reference/syntax/error-types
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from provision.workflows.execution import Failure, Frame

_LONGEST = 2000


@dataclass(frozen=True)
class Raised:
    """An error that nobody caught.

    Args:
        message: in words.
        tags: its kinds; empty for what the workflow raised by itself.
        code: the status that was answered; 0 for none.
        headers: of the answer, names in lower case.
        body: of the answer, as text.
        value: what was raised, as JSON has it.
    """

    message: str
    tags: tuple[str, ...] = ()
    code: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    value: object = None


def raised(failure: Failure) -> Raised:
    """What `failure` carries."""
    try:
        value = json.loads(failure.payload)
    except ValueError:
        value = failure.payload
    if not isinstance(value, Mapping):
        text = value if isinstance(value, str) else json.dumps(value)
        return Raised(text or failure.context.partition("\n")[0], value=value)
    tags, headers = value.get("tags"), value.get("headers")
    code = value.get("code")
    return Raised(
        message=str(value.get("message") or failure.context.partition("\n")[0] or failure.payload),
        tags=tuple(map(str, tags)) if isinstance(tags, list) else (),
        code=code if isinstance(code, int) and not isinstance(code, bool) else 0,
        headers={str(name).lower(): _text(one) for name, one in headers.items()}
        if isinstance(headers, Mapping)
        else {},
        body=_text(value.get("body", "")),
        value=value,
    )


def _text(value: object) -> str:
    if isinstance(value, list) and len(value) == 1:
        return _text(value[0])
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def innermost(failure: Failure) -> Frame | None:
    """Where it was raised."""
    return next((frame for frame in failure.trace if frame.step or frame.line), None)


ADVICE: Mapping[str, str] = {
    "TimeoutError": "Answer sooner, or give the call a longer `timeout`: 300 s is the default and"
    " 1800 the most. What takes longer is a job's work.",
    "ConnectionFailedError": "Nothing took the connection: look whether the URL is right."
    " Workflows reaches only what is on the internet, and Google's own addresses.",
    "ConnectionError": "The connection could not be made, or broke off: look whether the URL is"
    " right, and put the call into `try` with `retry: ${http.default_retry}`.",
    "ResourceLimitError": "A limit of Workflows: answers of 2 MB, variables of 512 KB. Lay what is"
    " larger in Cloud Storage, and hand its name on.",
    "MemoryLimitExceededError": "All variables together may hold 512 KB: lay what is larger in"
    " Cloud Storage, and hand its name on.",
    "RecursionError": "Subworkflows may call each other 20 deep.",
    "OperationError": "The operation ended badly: its own log says why. Of a job:"
    " `gcloud run jobs executions list`.",
}
"""What to do, by the kind of an error that is no answer of a service."""

DECODE = (
    "An answer is a map only where its media type is JSON's; any other is text:"
    " ${json.decode(text.encode(answer.body))} makes a map of it."
)
"""For a look into an answer that is no map."""


def advice(told: Raised) -> str:
    """What to do about an error that no service answered with."""
    for tag in told.tags:
        if tag in ADVICE:
            return ADVICE[tag]
    return ""
