"""The attributes that conditions may ask for, and what has them. Pure.

Source: iam/docs/conditions-attribute-reference, "Supported resource types" of each attribute.
"""

from typing import NamedTuple

from provision.conditions.values import Type

MAX_OPERATORS = 12
"""Logical operators (``&&``, ``||``, ``!``) of one condition (iam/quotas)."""

RESOURCE_MANAGER = "project"
"""The kind of projects, folders and organizations, which know name, type and service."""


class Attribute(NamedTuple):
    """What a condition may ask for.

    Args:
        type: of its value.
        kinds: of targets that have it; None: all.
        belongs: to what it belongs, in words.
    """

    type: Type
    kinds: frozenset[str] | None
    belongs: str = ""

    def had_by(self, kind: str) -> bool:
        """Whether targets of that kind have it."""
        return self.kinds is None or kind in self.kinds


IAP = "iap"
"""The kind of what Identity-Aware Proxy guards, whose requests it tells more of."""

OTHER = "other"
"""The kind of resources of which Google's lists say nothing here: names, types are not known."""

_SERVICES = frozenset({"service", IAP})
_RESOURCES = frozenset({RESOURCE_MANAGER, IAP, OTHER})
_PROXIED = frozenset({IAP})
_NOWHERE: frozenset[str] = frozenset()
_ON_SERVICES = "services have it"
_LISTED = "Google lists the resource types that have it"
_IAP = "only Identity-Aware Proxy tells it"
_BOUNDARIES = "only bindings of principal access boundary policies have it"

ATTRIBUTES = {
    "request.time": Attribute(Type.TIMESTAMP, None),
    "request.path": Attribute(Type.STRING, _SERVICES, _ON_SERVICES),
    "request.host": Attribute(Type.STRING, _SERVICES, _ON_SERVICES),
    "request.auth.access_levels": Attribute(Type.LIST, _PROXIED, _IAP),
    "resource.name": Attribute(Type.STRING, _RESOURCES, _LISTED),
    "resource.type": Attribute(Type.STRING, _RESOURCES, _LISTED),
    "resource.service": Attribute(Type.STRING, _RESOURCES, _LISTED),
    "destination.ip": Attribute(Type.STRING, _PROXIED, _IAP),
    "destination.port": Attribute(Type.INT, _PROXIED, _IAP),
    "principal.type": Attribute(Type.STRING, _NOWHERE, _BOUNDARIES),
    "principal.subject": Attribute(Type.STRING, _NOWHERE, _BOUNDARIES),
}
"""All attributes that are documented."""

UNEQUAL_WHEN_ABSENT = frozenset({"resource.type", "resource.service"})
"""Where an attribute is missing, ``!=`` on these holds: so Google's own examples rely on."""

KINDS = {
    "service": "a Cloud Run service",
    "job": "a Cloud Run job",
    "function": "a function of the first generation",
    "instance": "a Cloud Run instance",
    RESOURCE_MANAGER: "a project, folder or organization",
    OTHER: "such a resource",
}
"""Kinds of targets in words."""


def missing(name: str, kind: str) -> str:
    """Why a part of a condition that uses an attribute never grants, in words.

    Args:
        name: of the attribute, one that targets of that kind do not have.
        kind: of the target.
    """
    return f"{KINDS.get(kind, kind)} has no {name} ({ATTRIBUTES[name].belongs})"
