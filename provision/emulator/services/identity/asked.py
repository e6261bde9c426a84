"""What Cloud Identity is asked, and how it refuses."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from google.rpc import error_details_pb2

from provision.emulator.rpc.status import ApiError, invalid

PACKAGE = "google.apps.cloudidentity.groups.v1"
_ID_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_GROUP_LENGTH, _MEMBER_LENGTH = 13, 20


@dataclass(frozen=True)
class Asked:
    """One request.

    Args:
        resource: the name of what it is about.
        group: the group's id; empty where it is asked for.
        membership: the membership's id, likewise.
        query: the parameters.
        body: what was sent.
    """

    resource: str
    group: str = ""
    membership: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)

    def needed(self, name: str) -> str:
        """A parameter that has to be there. Raises `ApiError`."""
        found = self.query.get(name, "")
        if not found:
            raise invalid("Request contains an invalid argument.")
        return found

    def number(self, name: str) -> int:
        """A number; 0 when it is not there. Raises `ApiError`."""
        text = self.query.get(name, "") or "0"
        try:
            return int(text)
        except ValueError as error:
            raise invalid(f"Invalid value at '{name}' (TYPE_INT32), {text}") from error


def customer_in(name: str) -> str:
    """The customer's id in ``customers/C…``, or ``customerId/C…`` as gcloud writes it."""
    kind, _, customer = name.partition("/")
    return customer if kind in ("customers", "customerId") else ""


def unseen(name: str) -> ApiError:
    """The group is not there, or not for the caller: the same words for both."""
    text = f"Error(2028): Permission denied for resource {name} (or it may not exist)."
    info = error_details_pb2.ResourceInfo(
        resource_type="cloudidentity.googleapis.com/Group",
        resource_name=name,
        owner="domain:cloudidentity.googleapis.com",
        description=text,
    )
    return ApiError("PERMISSION_DENIED", text, info)


def no_membership() -> ApiError:
    """Nobody of that address is in the group, directly."""
    return ApiError("NOT_FOUND", "Error(4006): Membership does not exist.")


def group_id(group: str) -> str:
    """The id that a group keeps: 15 digits and letters, made of its address."""
    number, digits = _number(group), ""
    for _ in range(_GROUP_LENGTH):
        number, digit = divmod(number, len(_ID_DIGITS))
        digits += _ID_DIGITS[digit]
    return f"0{number % 10}{digits}"


def member_id(member: str) -> str:
    """The id of a member: of a group its own, else 21 decimal digits made of its address."""
    if member.startswith("group:"):
        return group_id(member.lower())
    return f"1{_number(member.lower()) % 10**_MEMBER_LENGTH:0{_MEMBER_LENGTH}}"


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:16])
