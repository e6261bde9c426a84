"""What a custom role may hold, and how long its texts may be."""

import re
from collections.abc import Sequence
from typing import Any

from provision.emulator.iam.roles import Roles
from provision.emulator.rpc.status import invalid

_PERMISSION = re.compile(r"[a-z][a-zA-Z0-9]*\.[a-zA-Z0-9]+\.[a-zA-Z0-9]+")
_MAX_TITLE = 100
_MAX_DESCRIPTION = 300
_MAX_PERMISSIONS = 3000
_WHOLE = ("run.", "artifactregistry.")
"""Services all of whose permissions the table of roles has; of others some may be missing."""
_ABOVE_PROJECTS = (
    "resourcemanager.organizations.",
    "resourcemanager.folders.",
    "resourcemanager.tagKeys.",
    "resourcemanager.tagValues.",
)
_NOT_IN_PROJECTS = "resourcemanager.projects.list"


def check_texts(role: dict[str, Any]) -> None:
    """Raise when title or description is too long (documented)."""
    if len(role.get("title", "").encode()) > _MAX_TITLE:
        raise invalid("Request contains an invalid argument.", ("role.title", "over 100 bytes"))
    if len(role.get("description", "")) > _MAX_DESCRIPTION:
        violation = ("role.description", "over 300 characters")
        raise invalid("Request contains an invalid argument.", violation)


def check_permissions(name: str, permissions: Sequence[str], roles: Roles) -> None:
    """Raise for a permission that is none, or none of a role where this one is.

    Reported: ``resourcemanager.projects.list`` and the like are not valid in a project's role.
    """
    if len(permissions) > _MAX_PERMISSIONS:
        violation = ("role.included_permissions", "over 3000 permissions")
        raise invalid("Request contains an invalid argument.", violation)
    known = roles.known_permissions()
    for one in permissions:
        foreign = name.startswith("projects/") and (
            one.startswith(_ABOVE_PROJECTS) or one == _NOT_IN_PROJECTS
        )
        unknown = one.startswith(_WHOLE) and one not in known
        if foreign or unknown or not _PERMISSION.fullmatch(one):
            raise invalid(f"Permission {one} is not valid.")
