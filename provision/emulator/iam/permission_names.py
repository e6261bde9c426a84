"""Two ways to write a permission: ``run.routes.invoke`` and ``run.googleapis.com/routes.invoke``.

Deny policies use the second, and groups of it: ``SERVICE/*.*``, ``SERVICE/RESOURCE.*`` and
``SERVICE/*.VERB`` (deny policies page of IAM's documentation).
"""

import re
from functools import lru_cache

_NAMES = {"resourcemanager": "cloudresourcemanager", "billing": "cloudbilling"}
_PREFIXES = {host: prefix for prefix, host in _NAMES.items()}
_DOMAIN = ".googleapis.com"
_FORM = re.compile(
    r"[a-z][a-z0-9-]*\.googleapis\.com/([a-zA-Z][a-zA-Z0-9]*|\*)\.([a-zA-Z][a-zA-Z0-9]*|\*)"
)


def to_v2(permission: str) -> str:
    """``run.googleapis.com/routes.invoke`` of ``run.routes.invoke``."""
    service, _, rest = permission.partition(".")
    return f"{_NAMES.get(service, service)}{_DOMAIN}/{rest}"


def to_v1(permission: str) -> str:
    """``run.routes.invoke`` of ``run.googleapis.com/routes.invoke``; groups keep their stars."""
    host, _, rest = permission.partition("/")
    service = host.removesuffix(_DOMAIN)
    return f"{_PREFIXES.get(service, service)}.{rest}"


def is_well_formed(permission: str) -> bool:
    """Whether a text has the form of a permission, or group of permissions, of deny policies."""
    return _FORM.fullmatch(permission) is not None


@lru_cache(maxsize=4096)
def forms(permission: str) -> frozenset[str]:
    """The ways in which a deny rule may speak of a permission (``run.routes.invoke``)."""
    full = to_v2(permission)
    service, _, rest = full.partition("/")
    resource, _, verb = rest.rpartition(".")
    return frozenset({full, f"{service}/*.*", f"{service}/{resource}.*", f"{service}/*.{verb}"})
