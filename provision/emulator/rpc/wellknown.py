"""Protobuf's well-known messages, whose modules carry no type information for their classes."""

from typing import Any as Untyped

from google.protobuf import any_pb2, empty_pb2, field_mask_pb2, struct_pb2, timestamp_pb2
from google.rpc import code_pb2

Any: Untyped = any_pb2.Any  # type: ignore[attr-defined] # made at run time
Empty: Untyped = empty_pb2.Empty  # type: ignore[attr-defined] # made at run time
FieldMask: Untyped = field_mask_pb2.FieldMask  # type: ignore[attr-defined] # made at run time
Timestamp: Untyped = timestamp_pb2.Timestamp  # type: ignore[attr-defined] # made at run time
Struct: Untyped = struct_pb2.Struct  # type: ignore[attr-defined] # made at run time
Code: Untyped = code_pb2.Code
