"""Creating, replacing and deleting a service, whichever form of the API it was asked in.

The v2 RPCs and the Knative form share these: they take a `Service` message as it is to become and
answer with the operation that brings it about. Permission to create, update or delete is checked
by the form, in its own words; what a message's content calls for is checked here.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from provision.emulator.rpc.status import ApiError
from provision.emulator.seams import Images
from provision.emulator.services.operations import Operations
from provision.emulator.services.permissions import Refusal, run_refusal
from provision.emulator.services.run import rules
from provision.emulator.services.run.defaults import fill
from provision.emulator.services.run.deployers import check_account, check_image, project_of
from provision.emulator.services.run.names import location_of, missing
from provision.emulator.services.run.outcome import STATE, begin_deletion, make_pending, stamp
from provision.emulator.services.run.records import (
    ConditionMessage,
    IngressTraffic,
    RunState,
    ServiceMessage,
    ServiceRecord,
    of_template,
)
from provision.emulator.services.run.rollout import Rollouts
from provision.emulator.services.run.violations import Problem, refuse
from provision.emulator.times import timestamp
from provision.emulator.world import World

_ALL = int(IngressTraffic.INGRESS_TRAFFIC_ALL)
_REQUIRE_INVOKER = "run.managed.requireInvokerIam"


@dataclass(frozen=True)
class Author:
    """Who writes, and how a refusal is put to them.

    Args:
        principal: ``user:…`` or ``serviceAccount:…``.
        refusal: the words of a missing permission, from the permission and the v2 name.
        platform: whether Google itself writes for somebody whom it checked already.
    """

    principal: str
    refusal: Refusal = run_refusal
    platform: bool = False

    @property
    def email(self) -> str:
        """The writer's address, without the kind of member."""
        return self.principal.partition(":")[2]


class ServiceWrites:
    """Writes services.

    Args:
        world: accounts, policies, settings.
        state: the services.
        operations: where work in progress is told.
        images: the registry's images.
        rollouts: does the work.
    """

    def __init__(
        self,
        world: World,
        state: RunState,
        operations: Operations,
        images: Images,
        rollouts: Rollouts,
    ) -> None:
        self._world = world
        self._state = state
        self._operations = operations
        self._images = images
        self._rollouts = rollouts

    def find(self, name: str) -> ServiceRecord:
        """The service of a canonical name. Raises `ApiError` (NOT_FOUND)."""
        found = self._state.services.get(name)
        if found is None:
            raise missing(name, "SERVICE")
        return found

    def find_to_write(self, name: str) -> ServiceRecord:
        """The service, unless it is missing or its deletion has begun (NOT_FOUND, AIP-164)."""
        found = self.find(name)
        if found.message.HasField("delete_time"):
            raise missing(name, "SERVICE")
        return found

    async def create(
        self,
        author: Author,
        name: str,
        sent: Any,  # noqa: ANN401 - Service
        *,
        validate_only: bool = False,
        notes: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 - Operation
        """Make a service; the operation that rolls it out. Raises `ApiError`.

        Args:
            author: who writes.
            name: full name with the project's id; there is no such service.
            sent: the message; only writable fields are taken.
            validate_only: answer a finished operation and keep nothing.
            notes: what only the writer's form of the API knows of it.
        """
        message = rules.changed(ServiceMessage(name=name), sent)
        now = timestamp()
        message.uid = str(uuid.uuid4())
        message.generation = 1
        message.create_time.CopyFrom(now)
        message.creator = author.email
        record = ServiceRecord(message, message.ingress or _ALL, notes=dict(notes or {}))
        self._check(author, message, "CreateServiceRequest", None)
        if message.invoker_iam_disabled:  # as open as a policy with allUsers (documented)
            self._require(author, "run.services.setIamPolicy", name)
        message.ClearField("ingress")
        message.terminal_condition.CopyFrom(ConditionMessage(state=STATE.CONDITION_PENDING))
        stamp(author.email, message, now)
        if validate_only:
            return self._operations.done(location_of(name), message, message)
        # Taken before the first await, so that a second create at the same time sees it.
        self._state.keep(record)
        message.urls.append((await self._rollouts.open(record))[0])
        self._state.keep(record)
        return self._roll_out(record)

    def replace(
        self,
        author: Author,
        record: ServiceRecord,
        change: Callable[[Any], Any],
        *,
        validate_only: bool = False,
        notes: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 - Operation
        """Bring a service to what `change` makes of it; the operation. Raises `ApiError`.

        Args:
            author: who writes.
            record: the service as it is.
            change: takes a copy of the message, with the ingress as asked for, and returns the
                wanted one (`rules.changed` does it for a sent message and a mask).
            validate_only: answer a finished operation and keep nothing.
            notes: what only the writer's form of the API knows of it; None keeps what is known.
        """
        current = ServiceMessage()
        current.CopyFrom(record.message)
        current.ingress = record.ingress
        wanted = change(current)
        self._check(author, wanted, "UpdateServiceRequest", current)
        if wanted.invoker_iam_disabled != current.invoker_iam_disabled:
            self._require(author, "run.services.setIamPolicy", wanted.name)
        ingress = wanted.ingress or _ALL
        kept = record.notes if notes is None else dict(notes)
        new_template = wanted.template != current.template or (
            of_template(kept) != of_template(record.notes)
        )
        changed = wanted != current or kept != record.notes
        wanted.ingress = record.message.ingress
        if changed:
            wanted.generation += 1
            make_pending(wanted.terminal_condition)
        stamp(author.email, wanted, timestamp(), reconciling=changed)
        if validate_only:
            return self._operations.done(location_of(wanted.name), wanted, wanted)
        record.message.CopyFrom(wanted)
        record.ingress = ingress
        record.notes = kept
        record.template_changed = record.template_changed or new_template
        self._state.keep(record)
        return self._roll_out(record)

    def delete(self, author: Author, record: ServiceRecord, *, validate_only: bool = False) -> Any:  # noqa: ANN401 - Operation
        """Delete a service; the operation that takes it down.

        Args:
            author: who writes.
            record: the service as it is.
            validate_only: answer a finished operation and keep everything.
        """
        name = record.message.name
        message = ServiceMessage()
        message.CopyFrom(record.message)
        begin_deletion(message, author.email)
        if validate_only:
            return self._operations.done(location_of(name), message, message)
        record.message.CopyFrom(message)
        self._state.keep(record)
        return self._operations.start(
            location_of(name),
            message,
            lambda operation: self._rollouts.take_down(name, operation),
            asks=True,
        )

    def _roll_out(self, record: ServiceRecord) -> Any:  # noqa: ANN401 - Operation
        name, generation = record.message.name, record.message.generation
        operation = self._operations.start(
            location_of(name),
            record.message,
            lambda operation: self._rollouts.run(name, generation, operation),
            asks=True,
        )
        record.operation = operation.name.rpartition("/")[2]
        self._state.keep(record)
        return operation

    def _require(self, author: Author, permission: str, resource: str) -> None:
        if not self._world.access.allowed(author.principal, permission, resource):
            raise author.refusal(permission, resource)

    def _check(self, author: Author, message: Any, request: str, current: Any) -> None:  # noqa: ANN401 - messages
        """Fill in defaults and refuse what cannot be; `current` is None for a new service."""
        project = project_of(self._world, message.name, "run.services.create")
        fill(message, project.compute_account)
        rules.check(message, request)
        if _REQUIRE_INVOKER in self._world.settings.org_policies and message.invoker_iam_disabled:
            raise ApiError(
                "FAILED_PRECONDITION",
                "invoker_iam_disabled is not currently available: constraint "
                f"constraints/{_REQUIRE_INVOKER} is violated.",
            )
        self._check_traffic(message, request)
        if current is None or message.template != current.template:
            if not author.platform:
                self._check_deployer(author.principal, message.template)
            self._check_revision_name(message, current)

    def _check_deployer(self, principal: str, template: Any) -> None:  # noqa: ANN401 - RevisionTemplate
        check_account(self._world, principal, template.service_account)
        for container in template.containers:
            check_image(self._world, self._images, principal, container.image)

    def _check_traffic(self, message: Any, request: str) -> None:  # noqa: ANN401 - Service
        for index, target in enumerate(message.traffic):
            name = f"{message.name}/revisions/{target.revision}"
            coming = target.revision == message.template.revision
            known = self._state.revisions.get(name)
            gone = known is None or known.message.HasField("delete_time")
            if target.revision and not coming and gone:
                text = f"Revision '{target.revision}' does not exist or is deleted."
                refuse([Problem(f"traffic[{index}].revision", text)], f"{request}.service")

    def _check_revision_name(self, message: Any, current: Any) -> None:  # noqa: ANN401 - messages
        wanted = message.template.revision
        if not wanted or current is None:
            return
        # One that is still to be made has its name already.
        coming = wanted == current.template.revision
        if coming or f"{message.name}/revisions/{wanted}" in self._state.revisions:
            raise ApiError(
                "ALREADY_EXISTS",
                f"Revision named '{wanted}' with different configuration already exists.",
            )
