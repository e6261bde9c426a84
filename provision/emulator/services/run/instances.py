"""The RPCs of ``google.cloud.run.v2.Instances``. Instances are kept, and nothing of them runs.

What they must be is taken from services and jobs (assumed); their policies stand in the discovery
document of v2, and in no client.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

from google.api import launch_stage_pb2
from google.cloud import run_v2

from provision.emulator.packing import packed, unpacked
from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError
from provision.emulator.seams import Images
from provision.emulator.services.operations import Operations
from provision.emulator.services.paging import page
from provision.emulator.services.permissions import require, run_refusal
from provision.emulator.services.policy_rpcs import PolicyKind, PolicyRpcs
from provision.emulator.services.run.containers import container_problems
from provision.emulator.services.run.deployers import check_account, check_image, project_of
from provision.emulator.services.run.names import (
    account_problems,
    annotation_problems,
    check_new_name,
    checked_name,
    checked_parent,
    enum_problems,
    label_problems,
    location_of,
    missing,
)
from provision.emulator.services.run.outcome import STATE, condition, make_pending, stamp
from provision.emulator.services.run.rules import check_etag, stage_problems, taken_over
from provision.emulator.services.run.violations import Problem, refuse
from provision.emulator.times import timestamp
from provision.emulator.world import World

_SERVICE = "google.cloud.run.v2.Instances"
_MESSAGE = run_v2.Instance.pb()
_ALL = int(run_v2.IngressTraffic.INGRESS_TRAFFIC_ALL)
_MAX_DESCRIPTION = 512
_WRITABLE = (
    *("description", "labels", "annotations", "client", "client_version", "launch_stage"),
    *("vpc_access", "service_account", "containers", "volumes", "ingress"),
    *("invoker_iam_disabled", "iap_enabled"),
)
Work = Callable[[str], Awaitable[None]]


class Instances:
    """Cloud Run instances.

    Args:
        world: accounts, policies, settings.
        operations: where work in progress is told.
        images: the registry's images.
    """

    def __init__(self, world: World, operations: Operations, images: Images) -> None:
        self._world = world
        self._operations = operations
        self._images = images
        self._kept = world.store.table(
            "instances", encode=packed, decode=lambda value: unpacked(value, _MESSAGE())
        )
        kind = PolicyKind(_SERVICE, "run.instances", self._check_exists, run_refusal)
        self._policies = PolicyRpcs(world, kind)

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{_SERVICE}/CreateInstance": self._create,
            f"{_SERVICE}/GetInstance": self._get,
            f"{_SERVICE}/ListInstances": self._list,
            f"{_SERVICE}/DeleteInstance": self._delete,
            **self._policies.handlers(),
        }

    def work_of(self, operation: Any) -> Work | None:  # noqa: ANN401 - Operation
        """How an operation ends that a restart cut off; None for those of others."""
        message = _MESSAGE()
        return self._work(message) if operation.metadata.Unpack(message) else None

    def _check_exists(self, name: str) -> None:
        self._find(checked_name(name, "INSTANCE"))

    def _find(self, name: str) -> Any:  # noqa: ANN401 - Instance
        found = self._kept.get(name)
        if found is None:
            raise missing(name, "INSTANCE")
        return found

    def _allowed(self, call: Call, verb: str) -> str:
        """The canonical name of an instance that the caller may do something with."""
        name = checked_name(self._world.hierarchy.canonical(call.request.name), "INSTANCE")
        require(self._world, call, f"run.instances.{verb}", name, run_refusal)
        return name

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Instance
        return self._find(self._allowed(call, "get"))

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        parent = checked_parent(self._world.hierarchy.canonical(request.parent))
        require(self._world, call, "run.instances.list", parent, run_refusal)
        kept_at = f"{parent}/instances"
        names = self._kept.below(kept_at)[::-1]
        shown, token = page(names, request.page_size, request.page_token, kept_at)
        found = [one for one in map(self._kept.get, shown) if one is not None]
        return run_v2.ListInstancesResponse.pb()(instances=found, next_page_token=token)

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request = call.request
        parent = checked_parent(self._world.hierarchy.canonical(request.parent))
        name = f"{parent}/instances/{request.instance_id}"
        require(self._world, call, "run.instances.create", name, run_refusal)
        check_new_name(request.instance_id, "CreateInstanceRequest.instance_id")
        if name in self._kept:
            raise ApiError("ALREADY_EXISTS", "Resource already exists.")
        message = taken_over(_MESSAGE(name=name), request.instance, (), _WRITABLE)
        self._check(call, message)
        message.uid, message.generation = str(uuid.uuid4()), 1
        message.creator = call.email
        message.create_time.CopyFrom(timestamp())
        make_pending(message.terminal_condition)
        stamp(call.email, message, message.create_time)
        return self._write(message, validate_only=request.validate_only)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        name = self._allowed(call, "delete")
        message = _MESSAGE()
        message.CopyFrom(self._find(name))
        check_etag(call.request.etag, message)
        message.delete_time.CopyFrom(timestamp())
        return self._write(message, validate_only=call.request.validate_only)

    def _write(self, message: Any, *, validate_only: bool) -> Any:  # noqa: ANN401 - messages
        location = location_of(message.name)
        if validate_only:
            return self._operations.done(location, message, message)
        self._kept.put(message.name, message)
        return self._operations.start(location, message, self._work(message))

    def _work(self, message: Any) -> Work:  # noqa: ANN401 - Instance
        name, gone = message.name, message.HasField("delete_time")

        async def finish(operation: str) -> None:
            await asyncio.sleep(self._world.settings.operation_delay)
            found = self._find(name)
            found.reconciling = False
            found.observed_generation = found.generation
            ready = condition("Ready", STATE.CONDITION_SUCCEEDED, timestamp())
            found.terminal_condition.CopyFrom(ready)
            if gone:
                self._forget(name)
            else:
                self._kept.put(name, found)
            self._operations.succeed(operation, found, found)

        return finish

    def _forget(self, name: str) -> None:
        self._kept.pop(name)
        self._world.policies.forget(name)
        self._world.tags.forget(name)

    def _check(self, call: Call, message: Any) -> None:  # noqa: ANN401 - Instance
        """Fill in defaults and refuse what cannot be, or not by this caller."""
        project = project_of(self._world, message.name, "run.instances.create")
        message.launch_stage = message.launch_stage or launch_stage_pb2.GA
        message.ingress = message.ingress or _ALL
        message.service_account = message.service_account or project.compute_account
        refuse(_problems(message), "CreateInstanceRequest.instance")
        check_account(self._world, call.principal, message.service_account)
        for container in message.containers:
            check_image(self._world, self._images, call.principal, container.image)


def _problems(message: Any) -> Iterator[Problem]:  # noqa: ANN401 - Instance
    if len(message.description) > _MAX_DESCRIPTION:
        yield Problem("description", f"must not exceed {_MAX_DESCRIPTION} characters.")
    yield from stage_problems(message)
    yield from enum_problems(message, "", "ingress")
    yield from label_problems(message.labels, "labels")
    yield from annotation_problems(message.annotations, "annotations")
    yield from account_problems(message.service_account, "service_account")
    for problem in container_problems(message.containers, message.volumes, ""):
        yield replace(problem, path=problem.path.removeprefix("."))
