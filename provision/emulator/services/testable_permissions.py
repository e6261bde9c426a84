"""Which permissions TestIamPermissions can be asked about on a kind of resource.

That wildcards and permissions of another kind of resource are refused is documented and was
reported for projects (googleapis/google-cloud-java#722); the words are assumed.
"""

import re
from collections.abc import Sequence

from provision.emulator.rpc.status import invalid
from provision.emulator.services.policy_checks import WITHIN

_FORM = re.compile(r"[a-z][a-zA-Z0-9]*\.[a-zA-Z0-9]+\.[a-zA-Z0-9]+")
# The table holds every permission that begins so; of others it knows a part or none.
_WHOLE = (
    "run.",
    "artifactregistry.",
    "cloudfunctions.",
    "iam.serviceAccounts.",
    "iam.serviceAccountKeys.",
    "pubsub.topics.",
    "pubsub.subscriptions.",
    "eventarc.triggers.",
    "cloudtasks.",
)
_ABOVE = {
    "resourcemanager.projects": (
        "resourcemanager.folders.",
        "resourcemanager.organizations.",
        "resourcemanager.projects.create",
        "resourcemanager.projects.list",
    ),
    "resourcemanager.folders": ("resourcemanager.organizations.",),
    "resourcemanager.organizations": (),
}


def check_testable(permissions: Sequence[str], kind: str, known: frozenset[str]) -> None:
    """Raise `ApiError` (INVALID_ARGUMENT) for what cannot be asked.

    Args:
        permissions: as sent.
        kind: what the resource's permissions begin with, as in ``run.services``.
        known: every permission that the table of roles knows.
    """
    for permission in permissions:
        if "*" in permission:
            raise invalid("Wildcards are not allowed in permissions.")
        if not _FORM.fullmatch(permission) or not _fits(permission, kind, known):
            raise invalid(f"Permission {permission} is not valid for this resource.")


def _fits(permission: str, kind: str, known: frozenset[str]) -> bool:
    if permission.startswith(_WHOLE) and permission not in known:
        return False
    above = _ABOVE.get(kind)
    if above is not None:
        return not permission.startswith(above)
    return permission.startswith(WITHIN.get(kind, (f"{kind}.",)))
