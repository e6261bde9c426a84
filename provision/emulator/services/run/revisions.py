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
from provision.emulator.services.run.names import (
    checked_name,
    checked_parent,
    location_of,
    missing,
)
from provision.emulator.services.run.records import (
    RevisionMessage,
    RevisionRecord,
    RunState,
    ServiceRecord,
    of_template,
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
    container.image = by_digest(container.image, image.digest)


def by_digest(reference: str, digest: str) -> str:
    """A reference without its tag or digest, and with the one given."""
    name = re.sub(r"(@sha256:[0-9a-f]+|:[^/:@]+)+$", "", reference)
    return f"{name}@{digest}"


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
        vpc_egress=egress(message),
        startup_seconds=float(seconds),
    )


def egress(message: Any) -> str:  # noqa: ANN401 - Revision or Task
    """What goes through a VPC: nothing, ``PRIVATE_RANGES_ONLY`` or ``ALL_TRAFFIC``."""
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
        name = checked_name(self._world.hierarchy.canonical(call.request.name), "REVISION")
        require(self._world, call, "run.revisions.get", name, run_refusal)
        return self._find(name).message

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        parent = self._world.hierarchy.canonical(call.request.parent)
        parent = checked_parent(parent, "services/*")
        require(self._world, call, "run.revisions.list", parent, run_refusal)
        names = self._names_below(parent)
        shown, token = page(names, call.request.page_size, call.request.page_token, parent)
        found = (self._state.revisions.get(name) for name in shown)
        return run_v2.ListRevisionsResponse.pb()(
            revisions=[one.message for one in found if one is not None], next_page_token=token
        )

    def _names_below(self, parent: str) -> list[str]:
        """The revisions of a service, or of all services of a location, the youngest first."""
        location, wildcard, _ = parent.partition("/services/-")
        if not wildcard:
            return self._state.revisions.below(f"{parent}/revisions")[::-1]
        return [name for name in self._state.revisions if name.startswith(f"{location}/")][::-1]

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        name = checked_name(self._world.hierarchy.canonical(call.request.name), "REVISION")
        require(self._world, call, "run.revisions.delete", name, run_refusal)
        record = self._find(name)
        check_etag(call.request.etag, record.message)
        self._refuse_if_needed(record, name)
        location = location_of(name)
        if call.request.validate_only:
            return self._operations.done(location, record.message, record.message)

        async def finish(operation: str) -> None:
            self._state.revisions.pop(name)
            self._operations.succeed(operation, record.message, record.message)

        record.message.delete_time.CopyFrom(timestamp())
        self._state.keep_revision(record)
        return self._operations.start(location, record.message, finish)

    def _refuse_if_needed(self, record: RevisionRecord, name: str) -> None:
        """What serves, and the latest of a service, cannot be deleted.

        https://cloud.google.com/run/docs/managing/revisions; the words are reported for a revision
        that serves.
        """
        service = self._state.services.get(name.partition("/revisions/")[0])
        if service is None:
            return
        why = ""
        if any(record.id in (one, target) for one, target in _named(service)):
            why = "it is actively serving"
        elif name in (
            service.message.latest_created_revision,
            service.message.latest_ready_revision,
        ):
            why = "it is the latest revision of its service"
        if why:
            raise ApiError(
                "FAILED_PRECONDITION",
                f'Revision "{record.id}" cannot be directly deleted because {why}.',
            )


def _named(service: ServiceRecord) -> list[tuple[str, str]]:
    """Revisions that serve, and those that traffic is to go to."""
    serving = [(name, "") for name, _, _ in service.serving]
    return [*serving, *(("", target.revision) for target in service.message.traffic)]
