"""The methods of v1's services: Knative bodies in and out, the writes those of v2."""

import re
from collections.abc import Iterator
from typing import Any

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError
from provision.emulator.services.permissions import require
from provision.emulator.services.run import rules
from provision.emulator.services.run.knative import shapes, to_v1, to_v2, words
from provision.emulator.services.run.knative.annotations import INGRESS
from provision.emulator.services.run.knative.lists import listed
from provision.emulator.services.run.knative.requests import ANYWHERE, V1, KnativeRequest
from provision.emulator.services.run.knative.versions import check_version
from provision.emulator.services.run.names import check_location, missing
from provision.emulator.services.run.records import RunState, ServiceMessage, ServiceRecord
from provision.emulator.services.run.writes import Author, ServiceWrites
from provision.emulator.world import World

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST_NAME = 49
_OLD_CREATOR = "serving.knative.dev/creator"


class KnativeServices:
    """``services`` of v1.

    Args:
        world: projects and policies.
        state: the services.
        writes: makes, replaces and deletes them.
    """

    def __init__(self, world: World, state: RunState, writes: ServiceWrites) -> None:
        self._world = world
        self._state = state
        self._writes = writes

    def handlers(self) -> dict[str, Handler]:
        """The methods by name."""
        return {
            f"{V1}.Services/ListServices": self._list,
            f"{V1}.Services/GetService": self._get,
            f"{V1}.Services/CreateService": self._create,
            f"{V1}.Services/ReplaceService": self._replace,
            f"{V1}.Services/DeleteService": self._delete,
        }

    def records(self, request: KnativeRequest) -> Iterator[ServiceRecord]:
        """The services of a project, in one region or all, the oldest first."""
        known = self._state.services
        if request.region == ANYWHERE:
            names = [name for name in known if name.startswith(f"{request.parent}/locations/")]
        else:
            names = known.below(f"{request.parent}/services")
        for record in map(known.get, names):
            if record is not None:
                yield record

    def find(self, request: KnativeRequest) -> ServiceRecord:
        """The service that a request is about. Raises `ApiError`."""
        request.in_one_region()
        found = self._state.services.get(f"{request.parent}/services/{request.name}")
        if found is None:
            raise missing(f"{request.parent}/services/{request.name}", "SERVICE")
        return found

    def number(self, request: KnativeRequest) -> int:
        """The number of the request's project."""
        project = self._world.hierarchy.find(request.project)
        return project.number if project else 0

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        request: KnativeRequest = call.request
        if not request.project:
            return listed(request, "Service", (), to_v1.API)
        require(self._world, call, "run.services.list", request.parent, words.list_refusal)
        number = self.number(request)
        return listed(
            request,
            "Service",
            self.records(request),
            to_v1.API,
            lambda record: to_v1.service(record, number),
        )

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        request: KnativeRequest = call.request
        require(self._world, call, "run.services.get", request.resource, words.refusal)
        return to_v1.service(self.find(request), self.number(request))

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        request: KnativeRequest = call.request
        request.in_one_region()
        body = shapes.read(request.body if request.body is not None else {})
        service = body.get("metadata", {}).get("name", "")
        name = f"{request.parent}/services/{service}"
        require(self._world, call, "run.services.create", name, words.refusal)
        check_location(request.region)
        self._check_identity(request, body, service)
        _check_name(service)
        if name in self._state.services:
            raise ApiError("ALREADY_EXISTS", f"Resource '{service}' already exists.")
        wanted = to_v2.wanted(body, name)
        author = Author(call.principal, words.refusal)
        try:
            operation = await self._writes.create(
                author, name, wanted.message, validate_only=request.dry_run, notes=wanted.notes
            )
        except ApiError as error:
            raise words.of_v2(error) from error
        return self._shown(request, operation, self._state.services.get(name), wanted)

    async def _replace(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        request: KnativeRequest = call.request
        body = shapes.read(request.body if request.body is not None else {})
        require(self._world, call, "run.services.update", request.resource, words.refusal)
        request.in_one_region()
        record = self._writes.find_to_write(request.resource)
        self._check_identity(request, body, request.name)
        about = body.get("metadata", {})
        check_version(about.get("resourceVersion", ""), record.message)
        _check_unchanged(about, record)
        wanted = to_v2.wanted(body, record.message.name, record.message)
        author = Author(call.principal, words.refusal)
        try:
            operation = self._writes.replace(
                author,
                record,
                lambda current: rules.changed(current, wanted.message),
                validate_only=request.dry_run,
                notes=wanted.notes,
            )
        except ApiError as error:
            raise words.of_v2(error) from error
        return self._shown(request, operation, record, wanted)

    def _shown(
        self,
        request: KnativeRequest,
        operation: Any,  # noqa: ANN401 - Operation
        record: ServiceRecord | None,
        wanted: to_v2.Wanted,
    ) -> dict[str, Any]:
        """What became of a write, or would have become of it."""
        if record is None or request.dry_run:
            message = ServiceMessage()
            operation.metadata.Unpack(message)
            ingress = wanted.message.ingress or INGRESS["all"]
            record = ServiceRecord(message, ingress, notes=wanted.notes)
        return to_v1.service(record, self.number(request))

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        request: KnativeRequest = call.request
        require(self._world, call, "run.services.delete", request.resource, words.refusal)
        request.in_one_region()
        record = self._writes.find_to_write(request.resource)
        uid = record.message.uid
        self._writes.delete(
            Author(call.principal, words.refusal), record, validate_only=request.dry_run
        )
        return deleted(request, uid)

    def _check_identity(self, request: KnativeRequest, body: dict[str, Any], name: str) -> None:
        """The body must be a service of the project and name that the path names."""
        for field, known in (("apiVersion", to_v1.API), ("kind", "Service")):
            if body.get(field, known) != known:
                raise words.violation(field, f"must be '{known}'.")
        about = body.get("metadata", {})
        if about.get("name", name) != name:
            raise words.violation("metadata.name", f"must be '{name}', as in the path.")
        namespace = about.get("namespace", request.project)
        project = self._world.hierarchy.find(namespace)
        if project is None or project.project_id != request.project_id:
            raise words.violation(
                "metadata.namespace",
                f"Namespace '{namespace}' must be the project's id or number.",
            )


def deleted(request: KnativeRequest, uid: str) -> dict[str, Any]:
    """The Kubernetes status that a deletion answers with."""
    group = to_v1.API.partition("/")[0]
    details = {"name": request.name, "group": group, "kind": request.kind, "uid": uid}
    return {"status": "Success", "details": details}


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise words.violation("metadata.name", words.NAME_RULE)
    if len(name) > _LONGEST_NAME:
        text = words.NAME_RULE.replace("63", str(_LONGEST_NAME))
        raise words.violation("metadata.name", text)


def _check_unchanged(about: dict[str, Any], record: ServiceRecord) -> None:
    """What a writer may never change, where it is sent at all."""
    message = record.message
    if about.get("uid", message.uid) != message.uid:
        raise words.violation("metadata.uid", "field is immutable.")
    creator = about.get("annotations", {}).get(_OLD_CREATOR, message.creator)
    if creator != message.creator:
        raise words.violation(
            f"metadata.annotations.{_OLD_CREATOR}", "annotation value is immutable."
        )
