"""From a target's name to the thing itself: whose policy decides, and where it answers.

Who may call what (https://cloud.google.com/run/docs/reference/iam/permissions and
https://cloud.google.com/functions/docs/reference/iam/permissions): a service asks
``run.routes.invoke`` and a job ``run.jobs.run``. A function of the second generation *is* a Cloud
Run service to its callers; one of the first asks ``cloudfunctions.functions.invoke`` of its own
policy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from provision.clients.clock import Clock
from provision.clients.cloud_run import CloudRun
from provision.clients.cloud_run_jobs import CloudRunJobs
from provision.clients.functions import Function, Functions
from provision.clients.google import GoogleClients
from provision.clients.policies import PolicyClient
from provision.errors import NotFoundError
from provision.resources import FunctionName, JobName, ServiceName
from provision.roles import INVOKE, INVOKE_FUNCTION, RUN_JOB
from provision.run.service_fields import addresses
from provision.targets import Target, TargetKind

RUN_INVOKER = "roles/run.invoker"
FUNCTIONS_INVOKER = "roles/cloudfunctions.invoker"


@dataclass(frozen=True)
class Resolved:
    """A target that is there, and how access to it works.

    Args:
        target: what was asked for.
        resource: the resource whose policy decides who may call it.
        policies: reads and edits policies of that kind of resource.
        role: what an invoker is given.
        permission: what is asked of a caller.
        takes_conditions: whether Google honours conditions in that policy.
        live: the service, job or first-generation function, in Google's JSON names.
        urls: where it answers, the address that is displayed first; none for a job.
        audiences: token audiences accepted beside `urls`.
        said: what a user should know of it, in a sentence; empty when nothing.
    """

    target: Target
    resource: str
    policies: PolicyClient
    role: str
    permission: str
    takes_conditions: bool
    live: Mapping[str, Any] = field(repr=False)
    urls: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    said: str = ""

    @property
    def is_first_generation(self) -> bool:
        """Whether it is a function with a gate of its own."""
        return self.role == FUNCTIONS_INVOKER

    def __str__(self) -> str:
        """As messages name it."""
        return str(self.target)


@dataclass(frozen=True)
class Targets:
    """Looks targets up; reads only.

    Args:
        google: the clients to call with.
    """

    google: GoogleClients
    clock: Clock = field(default_factory=Clock)

    def resolve(self, target: Target) -> Resolved:
        """The thing that `target` names.

        Raises:
            NotFoundError: there is none.
        """
        name = target.name
        if isinstance(name, ServiceName):
            return self._service(target, name)
        if isinstance(name, JobName):
            return self._job(target, name)
        return self._function(target, name)

    def _service(self, target: Target, name: ServiceName, said: str = "") -> Resolved:
        live = CloudRun(self.google, self.clock).find_service(name)
        if live is None:
            raise missing(target)
        return Resolved(
            target=target,
            resource=name.name,
            policies=self._services,
            role=RUN_INVOKER,
            permission=INVOKE,
            takes_conditions=True,
            live=live,
            urls=addresses(live),
            audiences=tuple(live.get("customAudiences", ())),
            said=said,
        )

    def _job(self, target: Target, name: JobName) -> Resolved:
        live = CloudRunJobs(self.google, self.clock).find(name)
        if live is None:
            raise missing(target)
        return Resolved(
            target=target,
            resource=name.name,
            policies=self._jobs,
            role=RUN_INVOKER,
            permission=RUN_JOB,
            takes_conditions=False,
            live=live,
        )

    def _function(self, target: Target, name: FunctionName) -> Resolved:
        found = Functions(self.google).find(name)
        if found is None:
            raise missing(target)
        if found.service is not None:
            said = (
                f"{name.function} is a second-generation function: access to it is access to its"
                f" Cloud Run service {found.service.service}"
            )
            return self._service(target, found.service, said)
        return self._first_generation(target, found)

    def _first_generation(self, target: Target, found: Function) -> Resolved:
        return Resolved(
            target=target,
            resource=found.name.name,
            policies=self._first_functions,
            role=FUNCTIONS_INVOKER,
            permission=INVOKE_FUNCTION,
            takes_conditions=False,
            live=found.live,
            urls=(found.url,),
            said=f"{found.name.function} is a first-generation function: access is"
            f" {FUNCTIONS_INVOKER} on the function itself",
        )

    @cached_property
    def _services(self) -> PolicyClient:
        return self._policies(self.google.services)

    @cached_property
    def _jobs(self) -> PolicyClient:
        return self._policies(self.google.jobs)

    @cached_property
    def _first_functions(self) -> PolicyClient:
        return self._policies(self.google.first_functions)

    def _policies(self, api: Any) -> PolicyClient:  # noqa: ANN401 - Google's client
        return PolicyClient(api, self.google.caller.member, clock=self.clock)


def missing(target: Target) -> NotFoundError:
    """What to say where a target is not there, with the command that shows what is."""
    listing = {
        TargetKind.SERVICE: "gcloud run services list",
        TargetKind.JOB: "gcloud run jobs list",
        TargetKind.FUNCTION: "gcloud functions list",
    }[target.kind]
    place = target.name
    return NotFoundError(
        f"Looking for {target} in {place.region} of {place.project}: there is none.",
        hint=f"`{listing} --project {place.project}` shows what is there; another region is named"
        " with --region, or by the full resource name.",
    )
