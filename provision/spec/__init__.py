"""What the user declares: `provision.yaml`, read, checked and resolved."""

from provision.spec.load import load
from provision.spec.model import (
    INVOKER_ROLE,
    BuiltImage,
    GivenImage,
    Ingress,
    JobSpec,
    Kind,
    SecretReference,
    ServiceSpec,
    Setting,
    Spec,
)
from provision.spec.problems import Problem, SpecError

__all__ = [
    "INVOKER_ROLE",
    "BuiltImage",
    "GivenImage",
    "Ingress",
    "JobSpec",
    "Kind",
    "Problem",
    "SecretReference",
    "ServiceSpec",
    "Setting",
    "Spec",
    "SpecError",
    "load",
]
