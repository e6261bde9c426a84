"""The RPCs of ``google.cloud.run.v2.Services``."""

import datetime as dt
import uuid
from typing import Any

from google.cloud import run_v2

from provision.emulator.iam.hierarchy import Project
from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid, not_found
from provision.emulator.seams import Images
from provision.emulator.services.operations import Operations
from provision.emulator.services.paging import page
from provision.emulator.services.permissions import require, run_refusal
from provision.emulator.services.policy_rpcs import PolicyKind, PolicyRpcs
from provision.emulator.services.run import rules
from provision.emulator.services.run.defaults import fill, ingress_container
from provision.emulator.services.run.records import (
    ConditionMessage,
    IngressTraffic,
    RunState,
    ServiceMessage,
    ServiceRecord,
)
from provision.emulator.services.run.rollout import Rollouts
from provision.emulator.times import run_etag, timestamp
from provision.emulator.world import World

_SERVICE = "google.cloud.run.v2.Services"
_PENDING = int(run_v2.Condition.State.CONDITION_PENDING)
_KEPT_AFTER_DELETION = dt.timedelta(days=30)
_READ_IMAGE = "artifactregistry.repositories.downloadArtifacts"


class Services:
    """Cloud Run services.

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
        kind = PolicyKind(_SERVICE, "run.services", self._check_exists, run_refusal)
        self._policies = PolicyRpcs(world, kind)

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{_SERVICE}/CreateService": self._create,
            f"{_SERVICE}/GetService": self._get,
            f"{_SERVICE}/ListServices": self._list,
            f"{_SERVICE}/UpdateService": self._update,
            f"{_SERVICE}/DeleteService": self._delete,
            **self._policies.handlers(),
        }

    def _check_exists(self, name: str) -> None:
        self._find(name)

    def _find(self, name: str) -> ServiceRecord:
        found = self._state.services.get(name)
        if found is None:
            _, project, _, region, _, service = name.split("/")
            raise not_found(
                f"Resource '{service}' of kind 'SERVICE' in region '{region}' in project "
                f"'{project}' does not exist."
            )
        return found

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Service
        name = self._world.hierarchy.canonical(call.request.name)
        require(self._world, call, "run.services.get", name, run_refusal)
        return self._find(name).message

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        parent = self._world.hierarchy.canonical(call.request.parent)
        location = parent.rpartition("/")[2]
        if location == "-":
            raise invalid("The location of the parent cannot be the '-' wildcard.")
        rules.check_location(location)
        require(self._world, call, "run.services.list", parent, run_refusal)
        prefix = f"{parent}/services/"
        found = [
            record.message
            for record in self._state.services.values()
            if record.message.name.startswith(prefix)
            and (call.request.show_deleted or not record.message.HasField("delete_time"))
        ]
        found.sort(key=lambda one: one.create_time.ToNanoseconds(), reverse=True)
        shown, token = page(found, call.request.page_size, call.request.page_token)
        return run_v2.ListServicesResponse.pb()(services=shown, next_page_token=token)

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request = call.request
        parent = self._world.hierarchy.canonical(request.parent)
        name = f"{parent}/services/{request.service_id}"
        require(self._world, call, "run.services.create", name, run_refusal)
        rules.check_location(parent.rpartition("/")[2])
        rules.check_new_name(request.service_id)
        if name in self._state.services:
            raise ApiError("ALREADY_EXISTS", "Resource already exists.")
        sent = request.service
        return await self._make(call, name, sent, validate_only=request.validate_only)

    async def _make(self, call: Call, name: str, sent: Any, *, validate_only: bool) -> Any:  # noqa: ANN401 - messages
        message = rules.changed(ServiceMessage(name=name), sent, _NO_MASK)
        now = timestamp()
        message.uid = str(uuid.uuid4())
        message.generation = 1
        message.create_time.CopyFrom(now)
        message.creator = call.email
        record = ServiceRecord(message, message.ingress or _ALL)
        self._check(call, message, "CreateServiceRequest", None)
        if message.invoker_iam_disabled:  # as open as a policy with allUsers (documented)
            require(self._world, call, "run.services.setIamPolicy", name, run_refusal)
        message.ClearField("ingress")
        message.terminal_condition.CopyFrom(ConditionMessage(state=_PENDING))
        self._stamp(call, message, now)
        if validate_only:
            return self._operations.done(_location(name), message, message)
        # Taken before the first await, so that a second create at the same time sees it.
        self._state.keep(record)
        message.urls.append((await self._rollouts.open(record))[0])
        self._state.keep(record)
        return self._roll_out(record)

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request = call.request
        name = self._world.hierarchy.canonical(request.service.name)
        require(self._world, call, "run.services.update", name, run_refusal)
        if request.allow_missing and name not in self._state.services:
            require(self._world, call, "run.services.create", name, run_refusal)
            rules.check_new_name(name.rpartition("/")[2])
            return await self._make(
                call, name, request.service, validate_only=request.validate_only
            )
        record = self._find(name)
        rules.check_etag(request.service.etag, record.message)
        current = ServiceMessage()
        current.CopyFrom(record.message)
        current.ingress = record.ingress
        wanted = rules.changed(current, request.service, request.update_mask)
        self._check(call, wanted, "UpdateServiceRequest", current)
        if wanted.invoker_iam_disabled != current.invoker_iam_disabled:
            require(self._world, call, "run.services.setIamPolicy", name, run_refusal)
        return self._apply(call, record, wanted, current)

    def _apply(self, call: Call, record: ServiceRecord, wanted: Any, current: Any) -> Any:  # noqa: ANN401 - messages
        name, ingress = record.message.name, wanted.ingress or _ALL
        new_template = wanted.template != current.template
        changed = wanted != current
        wanted.ingress = record.message.ingress
        if changed:
            wanted.generation += 1
            _make_pending(wanted.terminal_condition)
        self._stamp(call, wanted, timestamp(), reconciling=changed)
        if call.request.validate_only:
            return self._operations.done(_location(name), wanted, wanted)
        record.message.CopyFrom(wanted)
        record.ingress = ingress
        record.template_changed = record.template_changed or new_template
        self._state.keep(record)
        return self._roll_out(record)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        name = self._world.hierarchy.canonical(call.request.name)
        require(self._world, call, "run.services.delete", name, run_refusal)
        record = self._find(name)
        rules.check_etag(call.request.etag, record.message)
        message = ServiceMessage()
        message.CopyFrom(record.message)
        message.delete_time.GetCurrentTime()
        message.expire_time.FromDatetime(
            message.delete_time.ToDatetime(tzinfo=dt.UTC) + _KEPT_AFTER_DELETION
        )
        message.generation += 1
        _make_pending(message.terminal_condition)
        self._stamp(call, message, timestamp())
        if call.request.validate_only:
            return self._operations.done(_location(name), message, message)
        record.message.CopyFrom(message)
        self._state.keep(record)
        return self._operations.start(
            _location(name),
            message,
            lambda operation: self._rollouts.take_down(name, operation),
        )

    def _roll_out(self, record: ServiceRecord) -> Any:  # noqa: ANN401 - Operation
        name, generation = record.message.name, record.message.generation
        return self._operations.start(
            _location(name),
            record.message,
            lambda operation: self._rollouts.run(name, generation, operation),
        )

    def _stamp(self, call: Call, message: Any, now: Any, *, reconciling: bool = True) -> None:  # noqa: ANN401 - messages
        message.update_time.CopyFrom(now)
        message.last_modifier = call.email
        message.reconciling = reconciling
        message.etag = run_etag(now, message.name)

    def _check(self, call: Call, message: Any, request: str, current: Any) -> None:  # noqa: ANN401 - messages
        """Fill in defaults and refuse what cannot be; `current` is None for a new service."""
        project = self._project(message.name)
        fill(message, project.compute_account)
        rules.check(message, request)
        if "run.managed.requireInvokerIam" in self._world.settings.org_policies and (
            message.invoker_iam_disabled
        ):
            raise ApiError(
                "FAILED_PRECONDITION",
                "invoker_iam_disabled is not currently available: constraint "
                "constraints/run.managed.requireInvokerIam is violated.",
            )
        if current is None or message.template != current.template:
            self._check_account(call, message.template.service_account)
            self._check_image(call, message.template)
            self._check_revision_name(message, current)

    def _project(self, name: str) -> Project:
        found = self._world.hierarchy.find(name.split("/")[1])
        if found is None:
            raise run_refusal("run.services.create", name)
        return found

    def _check_account(self, call: Call, email: str) -> None:
        account = self._world.accounts.get(email)
        resource = account["name"] if account else ""
        if not account or not self._world.access.allowed(
            call.principal, "iam.serviceAccounts.actAs", resource
        ):
            raise ApiError(
                "PERMISSION_DENIED",
                "Permission 'iam.serviceaccounts.actAs' denied on service account "
                f"{email} (or it may not exist).",
            )

    def _check_image(self, call: Call, template: Any) -> None:  # noqa: ANN401 - RevisionTemplate
        image = self._images.find(ingress_container(template).image)
        if image is not None:
            require(self._world, call, _READ_IMAGE, image.repository.name, run_refusal)

    def _check_revision_name(self, message: Any, current: Any) -> None:  # noqa: ANN401 - messages
        wanted = message.template.revision
        taken = f"{message.name}/revisions/{wanted}" in self._state.revisions
        if wanted and current is not None and taken:
            raise ApiError(
                "ALREADY_EXISTS",
                f"Revision named '{wanted}' with different configuration already exists.",
            )


_ALL = int(IngressTraffic.INGRESS_TRAFFIC_ALL)
_NO_MASK = run_v2.UpdateServiceRequest.pb()().update_mask


def _make_pending(condition: Any) -> None:  # noqa: ANN401 - Condition
    """The terminal condition of an existing service; it keeps its time (recorded)."""
    condition.type_ = "Ready"
    condition.state = _PENDING
    for field in ("message", "reason", "revision_reason"):
        condition.ClearField(field)


def _location(name: str) -> str:
    return "/".join(name.split("/")[:4])
