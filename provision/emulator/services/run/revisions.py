"""Revisions: how they are made of a template, what the runtime is told, and their RPCs."""

import random
import re
import string
import uuid
from typing import Any

from google.cloud import run_v2

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError
from provision.emulator.seams import RevisionToRun, StoredImage
from provision.emulator.services.operations import Operations
from provision.emulator.services.paging import page
from provision.emulator.services.permissions import require, run_refusal
from provision.emulator.services.run.defaults import DEFAULT_PORT, ingress_container
from provision.emulator.services.run.limits import quantity
from provision.emulator.services.run.names import missing
from provision.emulator.services.run.records import (
    RevisionMessage,
    RevisionRecord,
    RunState,
    ServiceRecord,
    of_template,
    wanted_revisions,
)
from provision.emulator.services.run.rules import check_etag
from provision.emulator.times import run_etag, timestamp
from provision.emulator.world import World

_SERVICE = "google.cloud.run.v2.Revisions"
_EGRESS = {0: "", 1: "ALL_TRAFFIC", 2: "PRIVATE_RANGES_ONLY"}
_COPIED = (
    "labels",
    "annotations",
    "scaling",
    "vpc_access",
    "timeout",
    "service_account",
    "containers",
    "volumes",
    "execution_environment",
    "encryption_key",
    "max_instance_request_concurrency",
    "service_mesh",
    "session_affinity",
    "node_selector",
)


def make(record: ServiceRecord) -> RevisionRecord:
    """A new revision of a service's template; its number is used up."""
    service, template = record.message, record.message.template
    record.revisions_made += 1
    suffix = "".join(random.choices(string.ascii_lowercase, k=3))  # noqa: S311 - a name
    made = f"{record.key.service}-{record.revisions_made:05d}-{suffix}"
    now = timestamp()
    message = RevisionMessage(
        name=f"{service.name}/revisions/{template.revision or made}",
        uid=str(uuid.uuid4()),
        generation=1,
        create_time=now,
        update_time=now,
        launch_stage=service.launch_stage,
        service=record.key.service,
        creator=service.last_modifier,
        reconciling=True,
    )
    for descriptor, value in template.ListFields():
        if descriptor.name in _COPIED:
            _copy(message, descriptor, value)
    message.etag = run_etag(now, message.name)
    notes = {
        **of_template(record.notes),
        "operation": record.operation,
        "generation": str(service.generation),
    }
    return RevisionRecord(message, notes=notes)


def _copy(message: Any, descriptor: Any, value: Any) -> None:  # noqa: ANN401 - protobuf
    if descriptor.is_repeated:
        getattr(message, descriptor.name).MergeFrom(value)
    elif descriptor.message_type is not None:
        getattr(message, descriptor.name).CopyFrom(value)
    else:
        setattr(message, descriptor.name, value)


def pin(record: RevisionRecord, image: StoredImage) -> None:
    """Write the digest into the revision, as Cloud Run does when it makes one."""
    container = ingress_container(record.message)
    name = re.sub(r"(@sha256:[0-9a-f]+|:[^/:@]+)+$", "", container.image)
    container.image = f"{name}@{image.digest}"


def to_run(service: ServiceRecord, record: RevisionRecord, number: int, image: StoredImage) -> Any:  # noqa: ANN401 - RevisionToRun
    """What the runtime needs to run a revision."""
    message = record.message
    container = ingress_container(message)
    probe = container.startup_probe
    seconds = probe.initial_delay_seconds + max(probe.failure_threshold, 1) * max(
        probe.period_seconds, probe.timeout_seconds, 1
    )
    return RevisionToRun(
        service=service.key,
        revision=record.id,
        project_number=number,
        image=image,
        env={one.name: one.value for one in container.env},
        command=tuple(container.command),
        args=tuple(container.args),
        port=container.ports[0].container_port if container.ports else DEFAULT_PORT,
        memory_bytes=int(quantity(container.resources.limits["memory"]) or 0),
        cpu=quantity(container.resources.limits["cpu"]) or 0.0,
        service_account=message.service_account,
        vpc_egress=_egress(message),
        startup_seconds=float(seconds),
    )


def _egress(message: Any) -> str:  # noqa: ANN401 - Revision
    if not message.HasField("vpc_access"):
        return ""
    # An unset egress of a configured VPC access means private ranges only (documented default).
    return _EGRESS.get(message.vpc_access.egress) or "PRIVATE_RANGES_ONLY"


class Revisions:
    """The RPCs of ``google.cloud.run.v2.Revisions``."""

    def __init__(self, world: World, state: RunState, operations: Operations) -> None:
        self._world = world
        self._state = state
        self._operations = operations

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{_SERVICE}/GetRevision": self._get,
            f"{_SERVICE}/ListRevisions": self._list,
            f"{_SERVICE}/DeleteRevision": self._delete,
        }

    def _find(self, name: str) -> RevisionRecord:
        found = self._state.revisions.get(name)
        if found is None:
            raise missing(name, "REVISION")
        return found

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Revision
        name = self._world.hierarchy.canonical(call.request.name)
        require(self._world, call, "run.revisions.get", name, run_refusal)
        return self._find(name).message

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        parent = self._world.hierarchy.canonical(call.request.parent)
        require(self._world, call, "run.revisions.list", parent, run_refusal)
        prefix = parent.removesuffix("/services/-") + "/"
        found = [
            one.message
            for one in self._state.revisions.values()
            if one.message.name.startswith(prefix)
        ]
        found.sort(key=lambda one: one.create_time.ToNanoseconds(), reverse=True)
        shown, token = page(found, call.request.page_size, call.request.page_token)
        return run_v2.ListRevisionsResponse.pb()(revisions=shown, next_page_token=token)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        name = self._world.hierarchy.canonical(call.request.name)
        require(self._world, call, "run.revisions.delete", name, run_refusal)
        record = self._find(name)
        check_etag(call.request.etag, record.message)
        service = self._state.services.get(name.partition("/revisions/")[0])
        if service is not None and name in dict(wanted_revisions(service)):
            raise ApiError(
                "FAILED_PRECONDITION",
                f"Revision '{record.id}' can not be deleted because it is serving traffic.",
            )
        location = "/".join(name.split("/")[:4])
        if call.request.validate_only:
            return self._operations.done(location, record.message, record.message)

        async def finish(operation: str) -> None:
            self._state.revisions.pop(name)
            self._operations.succeed(operation, record.message, record.message)

        record.message.delete_time.CopyFrom(timestamp())
        return self._operations.start(location, record.message, finish)
