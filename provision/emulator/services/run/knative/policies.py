"""Policies of v1: v2's methods under v1's names and paths."""

from typing import Any

from google.iam.v1 import iam_policy_pb2
from google.protobuf import json_format

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import invalid
from provision.emulator.rpc.transcoding import to_json
from provision.emulator.services.run.knative.requests import V1, KnativeRequest

_VERSION = "options.requestedPolicyVersion"
_REQUESTS = {
    "GetIamPolicy": iam_policy_pb2.GetIamPolicyRequest,
    "SetIamPolicy": iam_policy_pb2.SetIamPolicyRequest,
    "TestIamPermissions": iam_policy_pb2.TestIamPermissionsRequest,
}


def handlers(kind: str, in_v2: dict[str, Handler]) -> dict[str, Handler]:
    """The three methods of a kind of resource, as ``Services``, by name.

    Args:
        kind: the plural, as in method names.
        in_v2: v2's methods by name; those that are not there are not offered in v1 either.
    """
    found = {}
    for method, message in _REQUESTS.items():
        handler = in_v2.get(f"google.cloud.run.v2.{kind}/{method}")
        if handler is not None:
            found[f"{V1}.{kind}/{method}"] = _passed_on(handler, message)
    return found


def _passed_on(handler: Handler, message: Any) -> Handler:  # noqa: ANN401 - a message class
    async def answer(call: Call) -> Any:  # noqa: ANN401 - JSON
        request: KnativeRequest = call.request
        tree = dict(_object(request.body)) if request.body is not None else {}
        if _VERSION in request.query:
            tree["options"] = {"requestedPolicyVersion": request.query[_VERSION]}
        try:
            asked = json_format.ParseDict({**tree, "resource": request.resource}, message())
        except json_format.ParseError as error:
            raise invalid(f"Invalid JSON payload received. {error}") from error
        return to_json(await handler(Call(call.method, call.principal, asked)))

    return answer


def _object(body: object) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise invalid("Invalid JSON payload received. Root element must be a message.")
    return body
