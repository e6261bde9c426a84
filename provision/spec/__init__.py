"""What the user declares: `provision.yaml`, read, checked and resolved."""

from provision.spec.model import (
    INVOKER_ROLES,
    BuiltImage,
    GivenImage,
    Ingress,
    SecretReference,
    Setting,
    Spec,
)

__all__ = [
    "INVOKER_ROLES",
    "BuiltImage",
    "GivenImage",
    "Ingress",
    "SecretReference",
    "Setting",
    "Spec",
]
