"""What the user declares: `provision.yaml`, read, checked and resolved."""

from provision.spec.load import load
from provision.spec.model import (
    INVOKER_ROLES,
    BuiltImage,
    GivenImage,
    Ingress,
    SecretReference,
    Setting,
    Spec,
)
from provision.spec.problems import Problem, SpecError

__all__ = [
    "INVOKER_ROLES",
    "BuiltImage",
    "GivenImage",
    "Ingress",
    "Problem",
    "SecretReference",
    "Setting",
    "Spec",
    "SpecError",
    "load",
]
