"""HTTP to RPC and back: paths, query parameters and proto3 JSON (google/api/http.proto)."""

import functools
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from google.protobuf import descriptor, json_format

from provision.emulator.rpc.catalogue import Method, Route
from provision.emulator.rpc.payload import check_bytes, refusal
from provision.emulator.rpc.status import invalid

_SYSTEM_PARAMETERS = {
    "$alt",
    "alt",
    "fields",
    "$fields",
    "key",
    "$key",
    "prettyPrint",
    "$prettyPrint",
    "quotaUser",
    "access_token",
    "oauth_token",
    "callback",
    "$.xgafv",
    "uploadType",
    "upload_protocol",
}
_VARIABLE = re.compile(r"\{([^=}]+)(?:=([^}]*))?\}")
_SLASH = re.compile("%2F", re.IGNORECASE)
_MASK = "google.protobuf.FieldMask"


@dataclass(frozen=True)
class Match:
    """A request line that means an RPC.

    Args:
        method: the RPC.
        route: the route that fitted.
        variables: request fields told by the path.
    """

    method: Method
    route: Route
    variables: tuple[tuple[str, str], ...]


class Router:
    """Finds the RPC of a request line.

    Custom verbs win over the plain path they end, plain words over ``*``.
    """

    def __init__(self, methods: Iterable[Method]) -> None:
        known = [(method, route) for method in methods for route in method.routes]
        known.sort(key=lambda entry: _weight(entry[1].template), reverse=True)
        # By HTTP method and version, which every template begins with, so that few are tried.
        self._routes: dict[tuple[str, str], list[tuple[Method, Route]]] = defaultdict(list)
        for method, route in known:
            self._routes[route.verb, _version(route.template)].append((method, route))

    def find(self, verb: str, path: str) -> Match | None:
        """The RPC behind an HTTP method and a raw (still encoded) path; None when there is none."""
        for method, route in self._routes.get((verb, _version(path)), ()):
            pattern, names = _compiled(route.template)
            found = pattern.fullmatch(path)
            if found:
                values = (_decoded(value) for value in found.groups())
                return Match(method, route, tuple(zip(names, values, strict=True)))
        return None


def _version(path: str) -> str:
    """``v2`` of ``/v2/projects/…``."""
    return path.split("/", 2)[1] if path.startswith("/") else ""


def _decoded(value: str) -> str:
    """The text of a path variable; in one of several segments ``%2F`` stays (http.proto).

    The attachment points of deny policies and the names of tag bindings depend on it.
    """
    return unquote(_SLASH.sub("%252F", value)) if "/" in value else unquote(value)


def _weight(template: str) -> tuple[bool, int, int]:
    plain = _VARIABLE.sub("", template)
    return ":" in plain, template.count("/"), -template.count("*")


@functools.cache  # made when first asked: all of them at once take a tenth of the start
def _compiled(template: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    pattern, names, end = "", [], 0
    for found in _VARIABLE.finditer(template):
        inner = re.escape(found.group(2) or "*").replace(r"\*\*", ".+").replace(r"\*", "[^/]+")
        pattern += re.escape(template[end : found.start()]) + f"({inner})"
        names.append(found.group(1))
        end = found.end()
    return re.compile(pattern + re.escape(template[end:])), tuple(names)


def to_request(match: Match, query: Sequence[tuple[str, str]], body: object) -> Any:  # noqa: ANN401 - protobuf
    """The request message of an HTTP request. Raises `ApiError` (INVALID_ARGUMENT).

    Args:
        match: what `Router.find` said.
        query: decoded query parameters in their order; repeated fields repeat.
        body: the decoded JSON body; None when there was none.
    """
    request = match.method.request()
    tree: dict[str, Any] = {}
    if body is not None and match.route.body:
        _plant_body(tree, match.route.body, body)
    _respell_masks(tree, request.DESCRIPTOR)
    given: set[str] = set()
    for name, value in query:
        if name in _SYSTEM_PARAMETERS:
            continue
        if name in given and not _repeats(request.DESCRIPTOR, name):
            raise invalid(
                f'Invalid JSON payload received. Unknown name "{name}": Proto field is not '
                "repeating, cannot start list."
            )
        given.add(name)
        _plant(tree, request.DESCRIPTOR, name, value)
    for name, value in match.variables:
        _plant(tree, request.DESCRIPTOR, name, value)
    check_bytes(tree, request.DESCRIPTOR)
    try:
        json_format.ParseDict(tree, request)
    except (
        json_format.ParseError,
        ArithmeticError,
        AttributeError,
        TypeError,
        ValueError,
    ) as error:
        # Not every value of a wrong kind is told by ParseError.
        raise refusal(tree, request.DESCRIPTOR, error) from error
    return request


def _repeats(message: Any, path: str) -> bool:  # noqa: ANN401 - descriptor
    """Whether a path ends in a repeated field."""
    head, _, rest = path.partition(".")
    field = _field(message, head)
    if field is None or not rest:
        return field is not None and bool(field.is_repeated)
    return field.message_type is not None and _repeats(field.message_type, rest)


def _plant_body(tree: dict[str, Any], field: str, body: object) -> None:
    if field != "*":
        tree[field] = body
    elif isinstance(body, dict):
        tree.update(body)
    else:
        raise invalid("Invalid JSON payload received. Root element must be a message.")


def _respell_masks(tree: dict[str, Any], message: Any) -> None:  # noqa: ANN401 - descriptor
    """Masks in a body may name fields as the proto does; proto3 JSON knows only camel case."""
    for name, value in tree.items():
        field = _field(message, name)
        if field is not None and isinstance(value, str) and _is_mask(field):
            tree[name] = _scalar(field, value)


def _is_mask(field: Any) -> bool:  # noqa: ANN401 - descriptor
    return field.message_type is not None and field.message_type.full_name == _MASK


def _plant(tree: dict[str, Any], message: Any, path: str, value: str) -> None:  # noqa: ANN401 - descriptor
    head, _, rest = path.partition(".")
    field = _field(message, head)
    key = "" if field is None else _key_in(tree, field)
    kept: dict[str, Any] | list[Any] = {} if rest else []
    if field is None or (rest and field.message_type is None):
        raise invalid(
            f'Invalid JSON payload received. Unknown name "{path}": Cannot bind query '
            f"parameter. Field '{path}' could not be found in request message."
        )
    if (rest or field.is_repeated) and not isinstance(tree.get(key, kept), type(kept)):
        raise invalid(f'Invalid JSON payload received. "{head}" is given in two ways.')
    if rest:
        _plant(tree.setdefault(key, {}), field.message_type, rest, value)
    elif field.is_repeated:
        tree.setdefault(key, []).append(_scalar(field, value))
    else:
        tree[key] = _scalar(field, value)


def _key_in(tree: dict[str, Any], field: Any) -> str:  # noqa: ANN401 - descriptor
    """The key under which a field stands in the tree already, else its JSON name."""
    return field.name if field.name in tree else str(field.json_name)


def _field(message: Any, name: str) -> Any:  # noqa: ANN401 - descriptor
    for field in message.fields:
        if name in (field.name, field.json_name):
            return field
    return None


def _scalar(field: Any, value: str) -> object:  # noqa: ANN401 - descriptor
    if field.type == descriptor.FieldDescriptor.TYPE_BOOL:
        return value.lower() in ("true", "1")
    if _is_mask(field):
        return ",".join(_camel(path) for path in value.split(","))
    if field.enum_type is not None and value.lstrip("-").isdigit():
        return int(value)
    return value


def _camel(path: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda found: found.group(1).upper(), path)


def to_json(message: Any, *, enums_as_numbers: bool = False) -> dict[str, Any]:  # noqa: ANN401 - protobuf
    """Proto3 JSON as Google answers: int64 as strings, empty and false left out."""
    plain: dict[str, Any] = json_format.MessageToDict(
        message, use_integers_for_enums=enums_as_numbers
    )
    return plain
