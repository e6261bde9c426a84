"""Protobuf messages as they are kept: their binary form, as text for JSON."""

import base64
from typing import Any

from google.protobuf import json_format


def packed(message: Any) -> str:  # noqa: ANN401 - protobuf
    """The binary form in base64."""
    return base64.b64encode(message.SerializeToString()).decode()


def unpacked(kept: Any, message: Any) -> Any:  # noqa: ANN401 - JSON, protobuf
    """Fill an empty message from what `packed` made, and return it.

    Proto3 JSON, as earlier versions kept it, is understood too.
    """
    if isinstance(kept, str):
        message.ParseFromString(base64.b64decode(kept))
        return message
    return json_format.ParseDict(kept, message)
