"""IAM v2: deny policies of projects, folders and organisations.

Shapes and limits: the discovery document of the IAM API, version v2. The words of a missing
permission were reported (GoogleCloudPlatform/nodejs-docs-samples#3144); others are assumed.
"""

import asyncio
import base64
import re
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from google.cloud import iam_v2

from provision.emulator.iam.deny import PolicyMessage
from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid, not_found
from provision.emulator.services.iam.deny_rules import check_policy
from provision.emulator.services.operations import Operations
from provision.emulator.services.paging import page
from provision.emulator.services.permissions import deny_refusal, require
from provision.emulator.times import timestamp
from provision.emulator.world import World

SERVICE = "google.iam.v2.Policies"
_POINT = re.compile(
    r"cloudresourcemanager\.googleapis\.com/"
    r"((?:projects/[a-z0-9][a-z0-9.:-]*)|(?:(?:folders|organizations)/\d+))"
)
_NAME = re.compile(r"policies/(.+)/denypolicies(?:/([^/]+))?")
_ID = re.compile(r"[a-z][a-z0-9.-]{2,62}")
_MAX_POLICIES = 500
_PAGE = 1000
_MetadataMessage = iam_v2.PolicyOperationMetadata.pb()


class DenyPolicyRpcs:
    """The RPCs of ``google.iam.v2.Policies``.

    Args:
        world: policies, hierarchy, accounts.
        operations: where work in progress is told.
    """

    def __init__(self, world: World, operations: Operations) -> None:
        self._world = world
        self._operations = operations
        operations.guard("policies/", self._check_operation)

    def _check_operation(self, call: Call, name: str) -> None:
        self._allowed(call, "get", name.partition("/operations/")[0])

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{SERVICE}/ListPolicies": self._list,
            f"{SERVICE}/GetPolicy": self._get,
            f"{SERVICE}/CreatePolicy": self._create,
            f"{SERVICE}/UpdatePolicy": self._update,
            f"{SERVICE}/DeletePolicy": self._delete,
        }

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        node, _ = self._allowed(call, "list", call.request.parent)
        found = []
        for policy in self._world.denials.attached(node).values():
            shown = PolicyMessage()
            shown.CopyFrom(policy)
            del shown.rules[:]  # only metadata is listed (documented)
            found.append(shown)
        # The page size that was asked for is ignored (documented).
        policies, token = page(found, _PAGE, call.request.page_token)
        return iam_v2.ListPoliciesResponse.pb()(policies=policies, next_page_token=token)

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Policy
        node, policy_id = self._allowed(call, "get", call.request.name)
        return self._find(node, policy_id)

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request = call.request
        node, _ = self._allowed(call, "create", request.parent)
        policy_id = request.policy_id
        if not _ID.fullmatch(policy_id):
            raise invalid(
                "The policy ID must have 3 to 63 characters: lowercase letters, numbers, dashes "
                "and periods, beginning with a letter.",
                ("policy_id", "invalid"),
            )
        check_policy(self._world, request.policy)
        attached = self._world.denials.attached(node)
        name = self._name(node, policy_id)
        if policy_id in attached:
            raise ApiError("ALREADY_EXISTS", f"Policy {name} already exists.")
        if len(attached) >= _MAX_POLICIES:
            raise ApiError(
                "RESOURCE_EXHAUSTED", f"A resource can have at most {_MAX_POLICIES} deny policies."
            )
        now = timestamp()
        policy = PolicyMessage(
            name=name, uid=str(uuid.uuid4()), kind="DenyPolicy", create_time=now, update_time=now
        )
        _take(policy, request.policy)
        return self._write(node, {**attached, policy_id: policy}, policy)

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        sent = call.request.policy
        node, policy_id = self._allowed(call, "update", sent.name)
        current = self._find(node, policy_id)
        _check_etag(sent.etag, current)
        check_policy(self._world, sent)
        policy = PolicyMessage()
        policy.CopyFrom(current)
        policy.update_time.CopyFrom(timestamp())
        _take(policy, sent)
        attached = self._world.denials.attached(node)
        return self._write(node, {**attached, policy_id: policy}, policy)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        node, policy_id = self._allowed(call, "delete", call.request.name)
        policy = PolicyMessage()
        policy.CopyFrom(self._find(node, policy_id))
        _check_etag(call.request.etag, policy)
        policy.delete_time.CopyFrom(timestamp())
        left = self._world.denials.attached(node)
        del left[policy_id]
        return self._write(node, left, policy)

    def _write(self, node: str, policies: dict[str, Any], policy: Any) -> Any:  # noqa: ANN401 - messages
        """Keep what there is now; the operation that tells of it ends a little later."""
        self._world.denials.write(node, policies)
        metadata = _MetadataMessage(create_time=timestamp())
        return self._operations.start(
            "",
            metadata,
            self._work(metadata, policy),
            name=f"{policy.name}/operations/{secrets.token_hex(8)}",
        )

    def work_of(self, operation: Any) -> Callable[[Any], Awaitable[None]] | None:  # noqa: ANN401 - Operation
        """How an operation ends that a restart cut off; None for those of others.

        What it tells of had taken effect already.
        """
        metadata, policy = _MetadataMessage(), PolicyMessage()
        if not operation.metadata.Unpack(metadata):
            return None
        policy.name = operation.name.partition("/operations/")[0]
        found = _NAME.fullmatch(policy.name)
        point = _POINT.fullmatch(unquote(found.group(1))) if found else None
        if found is not None and point is not None:
            node = self._world.hierarchy.canonical(point.group(1))
            kept = self._world.denials.attached(node).get(found.group(2))
            policy.CopyFrom(kept or PolicyMessage(name=policy.name, delete_time=timestamp()))
        return self._work(metadata, policy)

    def _work(self, metadata: Any, policy: Any) -> Callable[[str], Awaitable[None]]:  # noqa: ANN401 - messages
        async def finish(name: str) -> None:
            await asyncio.sleep(self._world.settings.operation_delay)
            self._operations.succeed(name, metadata, policy)

        return finish

    def _allowed(self, call: Call, verb: str, name: str) -> tuple[str, str]:
        """What the policy is attached to, as policies are kept, and the policy's id."""
        found = _NAME.fullmatch(name)
        point = _POINT.fullmatch(unquote(found.group(1))) if found else None
        if found is None or point is None or (found.group(2) is None) != (verb in _ON_PARENT):
            raise invalid(f"Invalid policy name: {name}")
        node = self._world.hierarchy.canonical(point.group(1))
        require(self._world, call, f"iam.denypolicies.{verb}", node, _refusal_of(point.group(0)))
        return node, found.group(2) or ""

    def _find(self, node: str, policy_id: str) -> Any:  # noqa: ANN401 - Policy
        found = self._world.denials.attached(node).get(policy_id)
        if found is None:
            raise not_found(f"Policy {self._name(node, policy_id)} does not exist.")
        return found

    def _name(self, node: str, policy_id: str) -> str:
        """The policy's name, with the project's number (documented)."""
        project = self._world.hierarchy.find(node.removeprefix("projects/"))
        numbered = f"projects/{project.number}" if project else node
        point = f"cloudresourcemanager.googleapis.com/{numbered}".replace("/", "%2F")
        return f"policies/{point}/denypolicies/{policy_id}"


_ON_PARENT = ("list", "create")


def _refusal_of(point: str) -> Callable[[str, str], ApiError]:
    return lambda permission, _: deny_refusal(permission, point)


def _take(policy: Any, sent: Any) -> None:  # noqa: ANN401 - Policies
    """What a user sets; all else is the service's own."""
    policy.display_name = sent.display_name
    policy.ClearField("annotations")
    policy.annotations.update(sent.annotations)
    del policy.rules[:]
    policy.rules.extend(sent.rules)
    policy.etag = base64.b64encode(str(time.time_ns()).encode()).decode()


def _check_etag(sent: str, current: Any) -> None:  # noqa: ANN401 - Policy
    if sent and sent != current.etag:
        raise ApiError(
            "ABORTED",
            "There were concurrent policy changes. Please retry the whole read-modify-write with "
            "exponential backoff.",
        )
