"""An answer beside its schema: unknown fields, wrong types, unlisted values, wrong formats."""

import re
from collections.abc import Iterator
from typing import Any

from tests.golden.discovery import Shape, shapes
from tests.golden.enums import names_of

_CODES = {
    "CANCELLED": 499,
    "UNKNOWN": 500,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "UNAUTHENTICATED": 401,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DATA_LOSS": 500,
}
_FORMATS = {
    "int64": r"-?\d{1,19}",
    "uint64": r"\d{1,20}",
    "byte": r"(?:[A-Za-z0-9+/_-]{4})*(?:[A-Za-z0-9+/_-]{2}==|[A-Za-z0-9+/_-]{3}=)?",
    "google-datetime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(?:\d{3}|\d{6}|\d{9}))?Z",
    "google-duration": r"-?\d+(?:\.(?:\d{3}|\d{6}|\d{9}))?s",
    "google-fieldmask": r"[\w.,*]*",
}
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}
_NOT_IN_DOCUMENTS = {
    r"DELETE /v3/tagBindings/[^/]+/tagValues/[^/]+": "a binding's name holds its value's; recorded",
    r"POST /v1/[^/]+/[^/]+:exportAssets": "the operation's metadata is the request, path included",
    r"GET /v1/[^/]+/[^/]+/operations/ExportAssets/.+": "likewise",
    r"[A-Z]+ /v3/(?:projects|folders|organizations)/[^/]+/locations/.+": "IAM v3 ships with none",
    r"GET /v1/(?!projects/).+/services": "a parent of the wrong form has no services; reported",
}
"""Request lines (method and path, regular expressions) that the documents lack, with the reason."""


def faults(answer: dict[str, Any]) -> list[str]:
    """What is wrong with one REST answer, as the emulator's ``--answers`` wrote it down.

    Args:
        answer: host, method, path, status, body, and whether integer enums were asked for.
    """
    line = f"{answer['method']} {answer['path']}"
    if answer["status"] >= 400:
        return [f"{line}: {fault}" for fault in _envelope(answer["status"], answer["body"])]
    if any(re.fullmatch(pattern, line) for pattern in _NOT_IN_DOCUMENTS):
        return []
    fitting = shapes(answer["host"], answer["method"], answer["path"])
    if not fitting:
        return [f"{line}: no discovery document of {answer['host']} has this request line"]
    # Where several APIs have a line, it is the answer of one that knows the messages in it.
    types = set(_types(answer["body"]))
    most = max(_known(shape, types) for shape in fitting)
    asked = [shape for shape in fitting if _known(shape, types) == most]
    tries = [list(_Check(shape, answer["integers"]).faults(answer["body"])) for shape in asked]
    fewest = min(tries, key=len)
    return [f"{line}: {fault}" for fault in fewest]


def _types(body: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    """The types that packed messages in an answer say they have."""
    if isinstance(body, dict):
        yield from (str(body[key]) for key in body if key == "@type")
    for inner in (
        body.values() if isinstance(body, dict) else body if isinstance(body, list) else ()
    ):
        yield from _types(inner)


def _known(shape: Shape, types: set[str]) -> int:
    """How many of the types a document has a schema for."""
    return sum(_schema_of(shape, one) is not None for one in types)


def _schema_of(shape: Shape, named: str) -> dict[str, Any] | None:
    """The schema of a message that says its own type, if the document has it."""
    full = named.rpartition("/")[2]
    camel = "".join(word[:1].upper() + word[1:] for word in full.split("."))
    for name in (camel, full.rpartition(".")[2]):
        if name in shape.schemas:
            found: dict[str, Any] = shape.schemas[name]
            return found
    return None


def _envelope(status: int, body: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict) or set(body) != {"error"}:
        yield "an error is no {'error': {…}}"
        return
    if set(error) - {"code", "message", "status", "details", "errors"}:
        yield f"an error has the fields {sorted(error)}"
    if error.get("code") != status or type(error["code"]) is not int:
        yield f"error.code is {error.get('code')!r} with status {status}"
    if not isinstance(error.get("message"), str):
        yield "error.message is no text"
    if _CODES.get(error.get("status", "")) != status:
        yield f"error.status is {error.get('status')!r} with status {status}"
    if not all(isinstance(each.get("@type"), str) for each in error.get("details", [])):
        yield "error.details has an entry without @type"


class _Check:
    """One answer against one schema.

    Args:
        shape: what is expected.
        integers: whether enums may be numbers.
    """

    def __init__(self, shape: Shape, integers: bool) -> None:
        self._shape = shape
        self._integers = integers

    def faults(self, body: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
        """All that is wrong, with the field."""
        yield from self._value(body, self._shape.schema, "")

    def _value(self, value: Any, schema: dict[str, Any], path: str) -> Iterator[str]:  # noqa: ANN401 - JSON
        if "$ref" in schema:
            schema = self._shape.schemas[schema["$ref"]]
        kind = schema.get("type", "any")
        if kind == "any":
            return
        if "enum" in schema and self._integers and type(value) is int:
            value = names_of(schema["enum"]).get(value, value)
        fitting = isinstance(value, _TYPES[kind])
        if not fitting or (type(value) is bool and kind != "boolean"):
            yield f"{path or 'the answer'} is {value!r}, which is no {kind}"
        elif kind == "object":
            yield from self._object(value, schema, path)
        elif kind == "array":
            for index, one in enumerate(value):
                yield from self._value(one, schema["items"], f"{path}[{index}]")
        elif kind == "string":
            yield from _text(value, schema, path)

    def _object(self, value: dict[str, Any], schema: dict[str, Any], path: str) -> Iterator[str]:
        known, more = schema.get("properties", {}), schema.get("additionalProperties")
        is_packed = more is not None and "@type" in value
        packed = _schema_of(self._shape, str(value["@type"])) if is_packed else None
        if packed is not None:
            inner = {key: one for key, one in value.items() if key != "@type"}
            yield from self._value(inner, packed, path)
            return
        for key, one in value.items():
            field = f"{path}.{key}" if path else key
            if key in known or more is not None:
                yield from self._value(one, known.get(key, more), field)
            else:
                yield f"{field} is unknown"


def _text(value: str, schema: dict[str, Any], path: str) -> Iterator[str]:
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path} is {value!r}, which is not listed"
    pattern = _FORMATS.get(schema.get("format", ""), r"(?s:.*)")
    if not re.fullmatch(pattern, value):
        yield f"{path} is {value!r}, which is no {schema['format']}"
