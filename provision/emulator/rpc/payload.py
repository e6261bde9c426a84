"""What is wrong with a JSON payload, told field by field as Google's front end tells it.

Names are the proto's, with the place below the request: ``Unknown name "x" at 'service.template':
Cannot find field.`` and ``Invalid value at 'service.traffic' (type.googleapis.com/…), 1``, each
repeated as a violation of BadRequest. Both forms were reported from the real services, Cloud Run
among them (https://github.com/goblet/goblet/issues/419).
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import FieldDescriptor

from provision.emulator.rpc.status import ApiError, invalid

_PREFIX = "Invalid JSON payload received. "
_WELL_KNOWN = "google.protobuf."
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")
_TYPES = {
    number: name
    for name, number in vars(FieldDescriptor).items()
    if name.startswith("TYPE_") and isinstance(number, int)
}
Wrong = tuple[str, str]
"""Field of the violation, and its text."""


def refusal(tree: Mapping[str, Any], message: Any, cause: Exception) -> ApiError:  # noqa: ANN401 - descriptor
    """INVALID_ARGUMENT for a payload that could not be read.

    Args:
        tree: the decoded payload, laid out as the request is.
        message: descriptor of the request.
        cause: what reading it said, for what is not found out here.
    """
    found = list(_in_message(tree, message, ""))
    if not found:
        return invalid(f"{_PREFIX}{cause}")
    return invalid("\n".join(text for _, text in found), *found)


def check_bytes(tree: Mapping[str, Any], message: Any) -> None:  # noqa: ANN401 - descriptor
    """Raise `ApiError` (INVALID_ARGUMENT) for bytes that are no base64, which Python reads as none.

    An etag that became empty that way would overwrite whatever is there.
    """
    found = list(_garbled(tree, message, ""))
    if found:
        raise invalid("\n".join(text for _, text in found), *found)


def _garbled(tree: Mapping[str, Any], message: Any, path: str) -> Iterator[Wrong]:  # noqa: ANN401 - descriptor
    fields = {key: one for one in message.fields for key in (one.name, one.json_name)}
    for key, value in tree.items():
        field = fields.get(key)
        if field is None:
            continue
        place = f"{path}.{field.name}" if path else str(field.name)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict) and field.message_type is not None:
                yield from _garbled(one, field.message_type, place)
            elif isinstance(one, str) and not _decodes(one, field):
                why = f"Base64 decoding failed for {json.dumps(one)}"
                yield place, f"Invalid value at '{place}' (TYPE_BYTES), {why}"


def _decodes(text: str, field: Any) -> bool:  # noqa: ANN401 - descriptor
    """Whether a text is base64, padded or not, where it is to be that."""
    is_base64 = _BASE64.fullmatch(text) and len(text.rstrip("=")) % 4 != 1
    return bool(is_base64) or field.type != FieldDescriptor.TYPE_BYTES


def _in_message(tree: Mapping[str, Any], message: Any, path: str) -> Iterator[Wrong]:  # noqa: ANN401 - descriptor
    fields = {key: one for one in message.fields for key in (one.name, one.json_name)}
    for key, value in tree.items():
        field = fields.get(key)
        if field is None:
            yield _unknown(key, path, "Cannot find field.")
        else:
            yield from _in_field(value, field, key, path)


def _in_field(value: object, field: Any, key: str, path: str) -> Iterator[Wrong]:  # noqa: ANN401 - descriptor
    place = f"{path}.{field.name}" if path else str(field.name)
    is_map = field.message_type is not None and field.message_type.GetOptions().map_entry
    if value is None:
        return
    if isinstance(value, list) and not (field.is_repeated and not is_map):
        if not _is_plain_json(field):
            yield _unknown(key, path, "Proto field is not repeating, cannot start list.")
    elif field.is_repeated and not is_map and isinstance(value, list):
        for index, one in enumerate(value):
            yield from _in_value(one, field, f"{place}[{index}]")
    elif is_map and isinstance(value, dict):
        entry = field.message_type.fields_by_name["value"]
        for index, one in enumerate(value.values()):
            yield from _in_value(one, entry, f"{place}[{index}].value")
    elif isinstance(value, dict) and field.message_type is None:
        yield _unknown(key, path, "Starting an object on a scalar field.")
    else:
        yield from _in_value(value, field, place)


def _in_value(value: object, field: Any, place: str) -> Iterator[Wrong]:  # noqa: ANN401 - descriptor
    inner = field.message_type
    special = inner is None or inner.full_name.startswith(_WELL_KNOWN)
    if isinstance(value, dict) and not special and not inner.GetOptions().map_entry:
        yield from _in_message(value, inner, place)
    elif not _reads(value, field):
        yield place, f"Invalid value at '{place}' ({_type(field)}), {json.dumps(value)}"


def _reads(value: object, field: Any) -> bool:  # noqa: ANN401 - descriptor
    """Whether one value can be read into a field."""
    is_map = field.message_type is not None and field.message_type.GetOptions().map_entry
    alone = [value] if field.is_repeated and not is_map else value
    holder = message_factory.GetMessageClass(field.containing_type)()
    try:
        json_format.ParseDict({field.json_name: alone}, holder)
    except (json_format.ParseError, ArithmeticError, AttributeError, TypeError, ValueError):
        return False
    return True


def _is_plain_json(field: Any) -> bool:  # noqa: ANN401 - descriptor
    names = ("google.protobuf.ListValue", "google.protobuf.Value")
    return field.message_type is not None and field.message_type.full_name in names


def _type(field: Any) -> str:  # noqa: ANN401 - descriptor
    named = field.message_type or field.enum_type
    return f"type.googleapis.com/{named.full_name}" if named else _TYPES[field.type]


def _unknown(key: str, path: str, why: str) -> Wrong:
    where = f" at '{path}'" if path else ""
    return path, f'{_PREFIX}Unknown name "{key}"{where}: {why}'
