"""Operations on v1's paths: the same ones as in v2, with services in the Knative form.

gcloud waits for the operation that a service's ``operation-id`` names and reads the service out of
its response.
"""

from typing import Any

from aiohttp import web
from google.longrunning import operations_pb2
from google.protobuf import json_format

from provision.emulator.rpc.calls import Dispatcher
from provision.emulator.rpc.rest import error_response, json_response
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.rpc.transcoding import to_json
from provision.emulator.services.run.knative import to_v1
from provision.emulator.services.run.knative.reading import body_of, page_size, token_of
from provision.emulator.services.run.records import RunState, ServiceMessage, ServiceRecord
from provision.emulator.world import World

_SERVICE = "google.longrunning.Operations"
_TYPE = "type.googleapis.com/google.cloud.run.v1.Service"
_RUN = "google.cloud.run."
_PATH = "/v1/projects/{project}/locations/{location}/operations"


class KnativeOperations:
    """Answers ``operations`` below a location.

    Args:
        world: finds projects.
        state: the services.
        dispatcher: runs the methods of ``google.longrunning.Operations``.
    """

    def __init__(self, world: World, state: RunState, dispatcher: Dispatcher) -> None:
        self._world = world
        self._state = state
        self._dispatcher = dispatcher

    def mount(self, app: web.Application) -> None:
        """Add the routes."""
        one = _PATH + "/{name:[^/:]+}"
        app.router.add_get(_PATH, self._list)
        app.router.add_get(one, self._get)
        app.router.add_delete(one, self._delete)
        app.router.add_post(f"{one}:wait", self._wait)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        found = request.match_info
        message = operations_pb2.ListOperationsRequest(
            name=f"projects/{found['project']}/locations/{found['location']}",
            page_size=page_size(request),
            page_token=request.query.get("pageToken", ""),
        )
        return await self._answer(request, "ListOperations", message)

    async def _get(self, request: web.Request) -> web.StreamResponse:
        message = operations_pb2.GetOperationRequest(name=_name(request))
        return await self._answer(request, "GetOperation", message)

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        message = operations_pb2.DeleteOperationRequest(name=_name(request))
        return await self._answer(request, "DeleteOperation", message)

    async def _wait(self, request: web.Request) -> web.StreamResponse:
        message = operations_pb2.WaitOperationRequest()
        try:
            json_format.ParseDict(await body_of(request) or {}, message)
        except json_format.ParseError as error:
            text = f"Invalid JSON payload received. {error}"
            return error_response(invalid(text))
        except ApiError as error:
            return error_response(error)
        message.name = _name(request)
        return await self._answer(request, "WaitOperation", message)

    async def _answer(self, request: web.Request, rpc: str, message: Any) -> web.StreamResponse:  # noqa: ANN401 - protobuf
        try:
            found = await self._dispatcher.call(
                f"{_SERVICE}/{rpc}", message, token_of(request), "rest"
            )
        except ApiError as error:
            return error_response(error)
        if isinstance(found, operations_pb2.Operation):
            return json_response(self._shown(found))
        shown = to_json(found)
        if isinstance(found, operations_pb2.ListOperationsResponse) and found.operations:
            shown["operations"] = [self._shown(one) for one in found.operations]
        return json_response(shown)

    def _shown(self, operation: Any) -> dict[str, Any]:  # noqa: ANN401 - Operation
        """Services in their Knative form; of what else Cloud Run does, whether it is done."""
        if not operation.metadata.type_url.rpartition("/")[2].startswith(_RUN):
            return to_json(operation)
        shown: dict[str, Any] = {"name": operation.name}
        if operation.done:
            shown["done"] = True
        if operation.HasField("error"):
            shown["error"] = json_format.MessageToDict(operation.error)
        if operation.response.Is(ServiceMessage.DESCRIPTOR):
            shown["response"] = {"@type": _TYPE, **self._service(operation)}
        return shown

    def _service(self, operation: Any) -> dict[str, Any]:  # noqa: ANN401 - Operation
        """The service as it is, or as the operation left it when it is gone or another."""
        message = ServiceMessage()
        operation.response.Unpack(message)
        record = self._state.services.get(message.name)
        if record is None or record.message.uid != message.uid:
            record = ServiceRecord(message, message.ingress)
        project = self._world.hierarchy.find(record.key.project)
        return to_v1.service(record, project.number if project else 0)


def _name(request: web.Request) -> str:
    found = request.match_info
    return f"projects/{found['project']}/locations/{found['location']}/operations/{found['name']}"
