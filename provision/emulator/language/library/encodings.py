"""``json`` and ``base64``.

Source: https://cloud.google.com/workflows/docs/reference/stdlib/json and …/base64.
"""

import base64
import binascii
from typing import Final

from provision.emulator.language.faults import type_fault, value_fault
from provision.emulator.language.library.signature import Entry, plain, raw, text, wrong_type
from provision.emulator.language.values import Value, decoded, encoded, measure

_LONGEST = 8 * 1024 * 1024
_DEEPEST = 100


def decode_json(data: Value) -> Value:
    """What a JSON text or its bytes stand for. Raises `Raised`."""
    if not isinstance(data, bytes | str):
        raise wrong_type("json.decode", data, "bytes or string")
    try:
        value = decoded(data.decode() if isinstance(data, bytes) else data)
    except RecursionError as error:
        raise value_fault("JSON is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise value_fault("JSON is not UTF-8") from error
    except ValueError as error:
        raise value_fault(f"invalid JSON: {error}") from error
    if measure(value, _LONGEST)[1] > _DEEPEST:
        raise value_fault("JSON is nested too deeply")
    return value


def encode_json(data: Value, indent: Value = None) -> str:
    """A value as JSON. Raises `Raised` for bytes and the like."""
    space, prefix = _indentation(indent)
    try:
        written = encoded(data, space)
    except TypeError as error:
        raise type_fault(f"cannot encode '{error}' as JSON") from error
    except ValueError as error:
        raise value_fault("cannot encode a number that is not finite as JSON") from error
    return written.replace("\n", "\n" + prefix) if prefix else written


def _indentation(indent: Value) -> tuple[str | None, str]:
    if indent is None or indent is False:
        return None, ""
    if indent is True:
        return "  ", ""
    if not isinstance(indent, dict):
        raise wrong_type("json.encode", indent, "boolean or map")
    space, prefix = indent.get("indent", "  "), indent.get("prefix", "")
    return text(space, "json.encode"), text(prefix, "json.encode")


def _encode(data: Value, indent: Value) -> Value:
    return encode_json(data, indent).encode()


def _base64_encode(data: Value, padding: Value) -> Value:
    written = base64.b64encode(raw(data, "base64.encode")).decode()
    return written if _padded(padding) else written.rstrip("=")


def _base64_decode(data: Value, padding: Value) -> Value:
    given = text(data, "base64.decode")
    if not _padded(padding):
        given += "=" * (-len(given) % 4)
    try:
        return base64.b64decode(given.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise value_fault("the text is not Base64") from error


def _padded(padding: Value) -> bool:
    if padding is not None and not isinstance(padding, bool):
        raise wrong_type("base64", padding, "boolean")
    return padding is not False


FUNCTIONS: Final[dict[str, Entry]] = {
    "json.decode": plain(decode_json, "data"),
    "json.encode": plain(_encode, "data", "indent?"),
    "json.encode_to_string": plain(encode_json, "data", "indent?"),
    "base64.encode": plain(_base64_encode, "data", "padding?"),
    "base64.decode": plain(_base64_decode, "data", "padding?"),
}
