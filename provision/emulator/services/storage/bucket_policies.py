"""Policies of buckets: read, set and tested as all others are, in the JSON API's forms."""

from typing import Any

from google.iam.v1 import iam_policy_pb2
from google.protobuf import json_format

from provision.emulator.iam.members import PUBLIC
from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError
from provision.emulator.services.policy_rpcs import PolicyKind, PolicyRpcs
from provision.emulator.services.storage.asking import Permissions, StorageRequest
from provision.emulator.services.storage.buckets import SERVICE
from provision.emulator.services.storage.errors import StorageError, denied, not_met, wrong
from provision.emulator.services.storage.records import Bucket, StorageState
from provision.emulator.world import World

_NEVER_PUBLIC = (
    "The member bindings allUsers and allAuthenticatedUsers are not allowed since public access "
    "prevention is enforced."
)


class BucketPolicies:
    """The three methods.

    Args:
        world: the policies.
        state: the buckets.
        permissions: who may.
    """

    def __init__(self, world: World, state: StorageState, permissions: Permissions) -> None:
        self._state = state
        self._permissions = permissions
        kind = PolicyKind(
            SERVICE,
            "storage.buckets",
            lambda _: None,
            lambda permission, _: denied("", permission, "buckets"),
            basic=True,
        )
        self._rpcs = PolicyRpcs(world, kind).handlers()

    def handlers(self) -> dict[str, Handler]:
        """The methods by name."""
        return {
            f"{SERVICE}/GetIamPolicy": self._get,
            f"{SERVICE}/SetIamPolicy": self._set,
            f"{SERVICE}/TestIamPermissions": self._test,
        }

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        bucket = self._state.bucket(call.request.bucket)
        self._permissions.on_bucket(call, "storage.buckets.getIamPolicy", bucket)
        asked = iam_policy_pb2.GetIamPolicyRequest(resource=bucket.resource)
        version = call.request.number("optionsRequestedPolicyVersion") or 0
        asked.options.requested_policy_version = min(version, 2**31 - 1)
        return _shown(bucket, await self._call(call, asked))

    async def _set(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        request: StorageRequest = call.request
        bucket = self._state.bucket(request.bucket)
        self._permissions.on_bucket(call, "storage.buckets.setIamPolicy", bucket)
        sent = {key: request.settings().get(key) for key in ("bindings", "etag", "version")}
        asked = iam_policy_pb2.SetIamPolicyRequest(resource=bucket.resource)
        try:
            json_format.ParseDict({key: sent[key] for key in sent if sent[key]}, asked.policy)
        except (json_format.ParseError, ValueError) as error:
            raise wrong("Parse Error", "parseError") from error
        if bucket.never_public and any(
            set(PUBLIC) & set(one.members) for one in asked.policy.bindings
        ):
            raise StorageError(412, "FAILED_PRECONDITION", "conditionNotMet", _NEVER_PUBLIC)
        return _shown(bucket, await self._call(call, asked))

    async def _test(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        bucket = self._state.bucket(call.request.bucket)
        wanted = call.request.query.get("permissions", "").split(",")
        asked = iam_policy_pb2.TestIamPermissionsRequest(
            resource=bucket.resource, permissions=filter(None, wanted)
        )
        held = (await self._call(call, asked)).permissions
        answer: dict[str, Any] = {"kind": "storage#testIamPermissionsResponse"}
        return {**answer, "permissions": list(held)} if held else answer

    async def _call(self, call: Call, asked: Any) -> Any:  # noqa: ANN401 - protobuf
        """Ask as every API does; what is refused is refused in Cloud Storage's way."""
        try:
            return await self._rpcs[call.method](Call(call.method, call.principal, asked))
        except StorageError:
            raise
        except ApiError as error:
            if error.code == "ABORTED":
                raise not_met() from error
            raise wrong(error.message) from error


def _shown(bucket: Bucket, policy: Any) -> dict[str, Any]:  # noqa: ANN401 - Policy
    told: dict[str, Any] = {
        "kind": "storage#policy",
        "resourceId": f"projects/_/buckets/{bucket.name}",
        "version": policy.version or 1,
        **json_format.MessageToDict(policy),
    }
    return told
