"""The only list of stages, and how they are put together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from provision.clients.artifact_registry import ArtifactRegistry
from provision.clients.clock import Clock
from provision.clients.cloud_run import CloudRun
from provision.clients.docker_engine import Connection, DockerEngine
from provision.clients.google import GoogleClients
from provision.clients.iam import Iam
from provision.clients.id_tokens import IdTokens
from provision.clients.policies import PolicyClient
from provision.clients.registry import Registry
from provision.clients.registry_http import RegistryHttp
from provision.clients.resource_manager import ResourceManager
from provision.image.bases import Bases
from provision.image.context import FileIds
from provision.image.destination import Destination
from provision.image.inputs import InputsReader
from provision.invoke.policies_say import PoliciesSay
from provision.invoke.prove import DEFAULT_LIMIT, Proof
from provision.invokers import Wanted, public, without_public
from provision.spec import BuiltImage, GivenImage, Spec
from provision.stages import Progress, Stage
from provision.stages.bind import Bind
from provision.stages.build import Build
from provision.stages.deploy import Deploy
from provision.stages.given import Given
from provision.stages.push import Push

SERVICE_STAGES = ("build", "push", "deploy", "bind")
"""What `up` chains for a service, in this order; `verify` then looks at all of them."""


@dataclass(frozen=True)
class Pipeline:
    """Makes the stages of services; clients are shared by all of them.

    Args:
        google: Google's clients.
        environ: tells where the Docker engine is.
        progress: told what is being done.
        prune: take out invokers that the spec does not name.
        wait: seconds to wait for IAM to take effect.
        own_output: files that the command's output goes to, which are no input of an image.
    """

    google: GoogleClients
    environ: Mapping[str, str] = field(repr=False)
    progress: Progress
    prune: bool = False
    wait: float = DEFAULT_LIMIT
    own_output: FileIds = frozenset()
    clock: Clock = field(default_factory=Clock)

    def stages(self, spec: Spec) -> tuple[Stage[Any], ...]:
        """All stages of one service, in the order of `SERVICE_STAGES`."""
        made: dict[str, Callable[[], Stage[Any]]]
        if isinstance(spec.image, BuiltImage):
            made = self._built(spec.image)
        else:
            made = self._given(spec.image)
        made |= {"deploy": lambda: self._deploy(spec), "bind": lambda: self._bind(spec)}
        return tuple(made[name]() for name in SERVICE_STAGES)

    @cached_property
    def run(self) -> CloudRun:
        """Cloud Run."""
        return CloudRun(self.google, self.clock)

    @cached_property
    def iam(self) -> Iam:
        """Service accounts and roles."""
        return Iam(self.google)

    @cached_property
    def artifacts(self) -> ArtifactRegistry:
        """Repositories."""
        return ArtifactRegistry(self.google, self.clock)

    @cached_property
    def registry(self) -> Registry:
        """Any image registry."""
        local = self.google.local is not None
        return Registry(RegistryHttp(self.google.access_token, local=local))

    @cached_property
    def engine(self) -> DockerEngine:
        """The Docker engine."""
        return DockerEngine(Connection(self.environ))

    @cached_property
    def policies(self) -> PolicyClient:
        """The policies of Cloud Run services."""
        return PolicyClient(self.google.services, self.google.caller.member, clock=self.clock)

    def _built(self, image: BuiltImage) -> dict[str, Callable[[], Stage[Any]]]:
        bases = Bases(self.registry, self.engine, self.progress)
        parts = (
            InputsReader(image, bases, self.progress, self.own_output),
            Destination(image, self.artifacts, self.registry),
            self.engine,
            self.progress,
            self.clock,
        )
        return {"build": lambda: Build(*parts), "push": lambda: Push(*parts)}

    def _given(self, image: GivenImage) -> dict[str, Callable[[], Stage[Any]]]:
        return {
            "build": lambda: Given(image, self.registry, self.clock, "build"),
            "push": lambda: Given(image, self.registry, self.clock, "push"),
        }

    def _deploy(self, spec: Spec) -> Deploy:
        wanted = Wanted(spec.invoker_role, spec.invokers, spec.exclusive)

        def close() -> bool:
            name, carries = spec.service_name.name, self.iam.carries_invoke
            if not public(self.policies.get(name), wanted, carries):
                return False
            self.policies.edit(name, lambda policy: without_public(policy, wanted, carries))
            return True

        return Deploy(spec, self.run, self.iam, close, self.progress, self.wait, self.clock)

    def _bind(self, spec: Spec) -> Bind:
        proof = Proof(
            self.run,
            self.policies,
            PoliciesSay(self.iam, ResourceManager(self.google), self.clock),
            IdTokens(self.google),
            self.progress,
            self.clock,
            self.wait,
        )
        return Bind(
            spec, self.policies, self.iam, proof.checks, self.progress, self.prune, self.clock
        )
