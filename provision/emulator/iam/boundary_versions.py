"""Which permissions a principal access boundary blocks, by its enforcement version.

Source: the page of IAM's documentation on permissions that these policies can block (2026-04-08).
What it does not list is never blocked, ``run.routes.invoke`` among it.
"""

import re
from functools import lru_cache

LATEST = 4
_RUN = (
    r"services\.(?:create|delete|get|list|update)"
    r"|jobs\.(?:create|delete|get|list|run)"
    r"|(?:executions|revisions|tasks|domainmappings)\.\w+"
    r"|(?:routes|configurations)\.(?:get|list)"
)
_PUBSUB_LATER = (
    r"\w+\.(?:getIamPolicy|setIamPolicy)|schemas\.(?:delete|validate)|subscriptions\.consume"
)
_IAM = (
    r"serviceAccounts\.(?!(?:createTagBinding|deleteTagBinding|listTagBindings|listEffectiveTags"
    r"|getCertificateAs)$)\w+|(?:serviceAccountKeys|roles|denypolicies)\.\w+"
)
_SINCE = (
    (1, "run.googleapis.com", _RUN),
    (1, "pubsub.googleapis.com", rf"(?!(?:{_PUBSUB_LATER})$)\w+\.\w+"),
    (2, "iap.googleapis.com", r".+"),
    (2, "cloudbuild.googleapis.com", r".+"),
    (
        2,
        "cloudresourcemanager.googleapis.com",
        r"\w+\.(?!(?:create|delete|search|update)PolicyBindings?$)\w+",
    ),
    (3, "cloudfunctions.googleapis.com", r".+"),
    (3, "iam.googleapis.com", _IAM),
    (3, "pubsub.googleapis.com", r".+"),
    (3, "workflows.googleapis.com", r".+"),
)


def is_version(text: str) -> bool:
    """Whether a policy can have this enforcement version; empty counts as the newest."""
    return text in ("", "latest") or (text.isdecimal() and 1 <= int(text) <= LATEST)


def number(text: str) -> int:
    """The version as a number."""
    return int(text) if text.isdecimal() else LATEST


@lru_cache(maxsize=4096)
def blocked_since(permission: str) -> int | None:
    """The first version that blocks a permission in the v2 form; None when none does.

    Args:
        permission: as in ``run.googleapis.com/jobs.run``.
    """
    service, _, rest = permission.partition("/")
    for version, host, pattern in _SINCE:
        if host == service and re.fullmatch(pattern, rest):
            return version
    return None
