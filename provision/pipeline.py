"""The only list of stages, and how they are put together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from provision.clients.artifact_registry import ArtifactRegistry
from provision.clients.callers import Queues, Schedules, Subscriptions
from provision.clients.clock import Clock
from provision.clients.cloud_run import CloudRun
from provision.clients.cloud_run_jobs import CloudRunJobs
from provision.clients.docker_engine import Connection, DockerEngine
from provision.clients.google import GoogleClients
from provision.clients.iam import Iam
from provision.clients.id_tokens import IdTokens
from provision.clients.job_access import JobAccess
from provision.clients.policies import PolicyClient
from provision.clients.registry import Registry
from provision.clients.registry_http import RegistryHttp
from provision.clients.resource_manager import ResourceManager
from provision.clients.workflow_executions import WorkflowExecutions
from provision.clients.workflows import Workflows
from provision.image.bases import Bases
from provision.image.context import FileIds
from provision.image.destination import Destination
from provision.image.inputs import InputsReader
from provision.invokers import Wanted, public, without_public
from provision.proof.caller_runs import CallerProof
from provision.proof.policies_say import PoliciesSay
from provision.proof.prove import Proof
from provision.proof.prove_job import JobProof
from provision.proof.revocations import DEFAULT_LIMIT, Revocations
from provision.proof.workflow_runs import WorkflowProof
from provision.roles import INVOKE, RUN_JOB
from provision.spec import BuiltImage, GivenImage, JobSpec, ServiceSpec, Spec
from provision.spec.calls import CallerSpec, PushSpec, ScheduleSpec
from provision.stages import Progress, Stage
from provision.stages.accounts import Accounts
from provision.stages.bind import Bind, Prove
from provision.stages.build import Build
from provision.stages.called_by import CalledBy
from provision.stages.callers import Callers
from provision.stages.deploy import Deploy, Resource
from provision.stages.given import Given
from provision.stages.job import Job
from provision.stages.push import Push
from provision.stages.pushed import PushCaller
from provision.stages.queued import QueueCaller
from provision.stages.scheduled import ScheduleCaller
from provision.stages.service import Service
from provision.stages.workflow import Workflow

STAGES = ("build", "push", "deploy", "workflow", "callers", "bind")
"""What `up` chains for a service or job, in this order; `verify` then looks at all of them.

Of `workflow` and `callers` it has those that the spec declares something for.
"""


@dataclass(frozen=True)
class Pipeline:
    """Makes the stages of services and jobs; clients are shared by all of them.

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
        """All stages of one service or job, in the order of `STAGES`."""
        made: dict[str, Callable[[], Stage[Any]]]
        if isinstance(spec.image, BuiltImage):
            made = self._built(spec.image)
        else:
            made = self._given(spec.image)
        made |= {"deploy": lambda: self._deploy(spec), "bind": lambda: self._bind(spec)}
        if spec.workflows:
            made["workflow"] = lambda: self._workflow(spec)
        if isinstance(spec, ServiceSpec) and spec.callers:
            made["callers"] = lambda: self._callers(spec)
        return tuple(made[name]() for name in STAGES if name in made)

    @cached_property
    def run(self) -> CloudRun:
        """Cloud Run."""
        return CloudRun(self.google, self.clock)

    @cached_property
    def jobs(self) -> CloudRunJobs:
        """Cloud Run's jobs."""
        return CloudRunJobs(self.google, self.clock)

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
    def workflows(self) -> Workflows:
        """Workflows."""
        return Workflows(self.google, self.clock)

    @cached_property
    def schedules(self) -> Schedules:
        """Jobs of Cloud Scheduler."""
        return Schedules(self.google, self.clock)

    @cached_property
    def subscriptions(self) -> Subscriptions:
        """Topics and subscriptions of Pub/Sub."""
        return Subscriptions(self.google)

    @cached_property
    def queues(self) -> Queues:
        """Queues of Cloud Tasks."""
        return Queues(self.google)

    @cached_property
    def policies(self) -> PolicyClient:
        """The policies of Cloud Run services."""
        return PolicyClient(self.google.services, self.google.caller.member, clock=self.clock)

    @cached_property
    def job_policies(self) -> PolicyClient:
        """The policies of Cloud Run jobs."""
        return PolicyClient(self.google.jobs, self.google.caller.member, clock=self.clock)

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
        return Deploy(spec, self._resource(spec), self.iam, self.progress, self.clock)

    def _resource(self, spec: Spec) -> Resource:
        if isinstance(spec, JobSpec):
            return Job(spec, self.jobs, self.progress)
        service = _service(spec)
        wanted = Wanted.by(spec, exclusive=spec.exclusive)

        def close() -> bool:
            name, carries = service.service_name.name, self.iam.carrying(INVOKE)
            if not public(self.policies.get(name), wanted, carries):
                return False
            self.policies.edit(name, lambda policy: without_public(policy, wanted, carries))
            return True

        return Service(service, self.run, close, self.progress, self.wait, self.clock)

    def _workflow(self, spec: Spec) -> Workflow:
        proof = WorkflowProof(
            spec,
            WorkflowExecutions(self.google, self.clock),
            self._policies(spec),
            self.progress,
            self.clock,
            self.wait,
        )
        return Workflow(spec, self.workflows, self.iam, proof.checks, self.progress, self.clock)

    def _callers(self, spec: ServiceSpec) -> Callers:
        proof = CallerProof(
            spec, self.schedules, self.policies, self.progress, self.clock, self.wait
        )
        called_by = tuple(self.called_by(spec, caller) for caller in spec.callers)
        return Callers(spec, called_by, self.iam, proof.checks, self.progress, self.clock)

    def called_by(self, spec: Spec, caller: CallerSpec) -> CalledBy:
        """A schedule, subscription or queue that is declared beside a service."""
        if isinstance(caller, ScheduleSpec):
            return ScheduleCaller(spec, caller, self.schedules)
        if isinstance(caller, PushSpec):
            return PushCaller(spec, caller, self.subscriptions, self.progress)
        return QueueCaller(spec, caller, self.queues)

    def _policies(self, spec: Spec) -> PolicyClient:
        return self.job_policies if isinstance(spec, JobSpec) else self.policies

    def _bind(self, spec: Spec) -> Bind:
        is_job = isinstance(spec, JobSpec)
        policies = self._policies(spec)
        carries = self.iam.carrying(RUN_JOB if is_job else INVOKE)
        prove = self._prove_job(spec) if isinstance(spec, JobSpec) else self._prove(_service(spec))
        accounts = Accounts(spec, self.iam, self.progress, self.clock)
        return Bind(spec, policies, carries, prove, self.progress, accounts, self.prune, self.clock)

    def _prove(self, spec: ServiceSpec) -> Prove:
        return Proof(
            spec,
            self.run,
            self._say(spec, self.policies, INVOKE),
            Revocations(self.policies, self.progress, self.clock, self.wait),
            IdTokens(self.google),
            self.progress,
            self.clock,
            self.wait,
        ).checks

    def _prove_job(self, spec: JobSpec) -> Prove:
        return JobProof(
            spec,
            self._say(spec, self.job_policies, RUN_JOB),
            Revocations(self.job_policies, self.progress, self.clock, self.wait),
            JobAccess(self.google),
            self.progress,
            self.clock,
            self.wait,
        ).checks

    def _say(
        self, spec: Spec, policies: PolicyClient, permission: str
    ) -> Callable[[Wanted], PoliciesSay]:
        above = ResourceManager(self.google)
        return lambda wanted: PoliciesSay(
            spec, wanted, policies, permission, self.iam, above, self.clock
        )


def _service(spec: Spec) -> ServiceSpec:
    if not isinstance(spec, ServiceSpec):
        raise TypeError(f"{spec} is neither a service nor a job")
    return spec
