"""Which permissions boundaries block, by enforcement version. Pure.

Source: iam/docs/pab-blocked-permissions, of which versions 1 to 4 are documented. What the page
lists for no version is not blocked: so a boundary stops no call of a service.
"""

import re
from functools import cache

NEWEST = 4
"""The newest version that is documented, which ``latest`` is taken for."""

_NEVER = None
_TABLE: tuple[tuple[str, int | None], ...] = (
    (r"run\.services\.(?:create|delete|get|list|update)", 1),
    (r"run\.jobs\.(?:create|delete|get|list|run)", 1),
    (r"run\.(?:executions|revisions|tasks|domainmappings)\..+", 1),
    (r"run\.(?:routes|configurations)\.(?:get|list)", 1),
    (r"run\..+", _NEVER),
    (r"cloudfunctions\..+", 3),
    (r"iam\.serviceAccounts\.(?:.+TagBindings?|listEffectiveTags|getCertificateAs)", _NEVER),
    (r"iam\.(?:serviceAccounts|serviceAccountKeys|roles|denypolicies)\..+", 3),
    (r"iap\..+", 2),
    (r"resourcemanager\.[^.]+\.(?:create|delete|search|update)PolicyBinding", _NEVER),
    (r"resourcemanager\..+", 2),
    (r"pubsub\.(?:.+\.[gs]etIamPolicy|schemas\.(?:delete|validate)|subscriptions\.consume)", 3),
    (r"pubsub\..+", 1),
    (r"workflows\..+", 3),
    (r"cloudbuild\..+", 2),
)
"""The first line that fits counts."""


@cache
def blocks(permission: str, version: int) -> bool | None:
    """Whether a boundary of that version blocks a permission; None when that is not known.

    Args:
        permission: as allow policies name it, ``run.jobs.run``.
        version: a number; one beyond `NEWEST` blocks what the newest does, and perhaps more.
    """
    for pattern, since in _TABLE:
        if re.fullmatch(pattern, permission):
            if since is not None and version >= since:
                return True
            return None if version > NEWEST else False
    return None
