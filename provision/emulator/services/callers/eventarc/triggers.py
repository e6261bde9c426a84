"""Eventarc's triggers: ``google.cloud.eventarc.v1.Eventarc``. They are kept, and no event comes.

A trigger has a Pub/Sub subscription of its own, which pushes to the destination as the trigger's
account, and a topic where it was given none (documented; their names are as they are seen there).
"""

import uuid
from collections.abc import Callable
from typing import Any

from google.cloud import eventarc_v1

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError
from provision.emulator.services.callers import places
from provision.emulator.services.callers.acting import find_account, may_act_as
from provision.emulator.services.callers.eventarc import rules as trigger_rules
from provision.emulator.services.callers.eventarc.rules import WRITABLE
from provision.emulator.services.callers.eventarc.transport import Transports
from provision.emulator.services.callers.kept import Kind
from provision.emulator.services.callers.masks import taken_over
from provision.emulator.services.callers.ordering import in_order
from provision.emulator.services.callers.placed import Placed
from provision.emulator.services.callers.progress import Progress
from provision.emulator.services.callers.words import (
    check_unfiltered,
    eventarc_refusal,
    platform_exists,
    platform_missing,
)
from provision.emulator.services.operations import Operations
from provision.emulator.services.paging import page
from provision.emulator.services.policy_rpcs import PolicyKind, PolicyRpcs
from provision.emulator.times import timestamp
from provision.emulator.world import World

_SERVICE = "google.cloud.eventarc.v1.Eventarc"
_POLICIES = "google.iam.v1.IAMPolicy"
_ORDERS: dict[str, Callable[[Any], Any]] = {
    "name": lambda one: one.name,
    "trigger_id": lambda one: one.name.rpartition("/")[2],
    "create_time": lambda one: one.create_time.ToMicroseconds(),
    "update_time": lambda one: one.update_time.ToMicroseconds(),
}
TRIGGERS = Kind(
    "eventarc", "triggers", eventarc_v1.Trigger.pb(), eventarc_refusal, platform_missing
)


class Triggers:
    """The RPCs about triggers.

    Args:
        world: projects, accounts, policies.
        operations: where work in progress is told.
        transports: makes the topics and subscriptions that triggers have.
    """

    def __init__(self, world: World, operations: Operations, transports: Transports) -> None:
        self._world = world
        self._transports = transports
        self.resources = Placed(world, TRIGGERS)
        self.progress = Progress(operations, self.resources, eventarc_v1.OperationMetadata.pb())
        kind = PolicyKind(
            _POLICIES, "eventarc.triggers", self.resources.check_exists, eventarc_refusal
        )
        self.policies = PolicyRpcs(world, kind).handlers()

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{_SERVICE}/CreateTrigger": self._create,
            f"{_SERVICE}/GetTrigger": self._get,
            f"{_SERVICE}/ListTriggers": self._list,
            f"{_SERVICE}/UpdateTrigger": self._update,
            f"{_SERVICE}/DeleteTrigger": self._delete,
        }

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request = call.request
        parent = self.resources.place(call, "create", request.parent, places.EVENTARC)
        trigger_rules.check_id(request.trigger_id)
        name = f"{parent}/triggers/{request.trigger_id}"
        trigger_rules.check_same_name(self.resources.canonical(request.trigger.name), name)
        if self.resources.find(name) is not None:
            raise platform_exists(name)
        made = TRIGGERS.message(name=name)
        taken_over(made, request.trigger, (), (*WRITABLE, "transport"))
        made.create_time.CopyFrom(timestamp())
        self._check(call, made, None)
        if request.validate_only:
            return self.progress.only_checked("create", made)
        self._transports.open(made)
        made.uid = str(uuid.uuid4())
        return self._written("create", made)

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request = call.request
        name = self.resources.allowed(call, "update", request.trigger.name)
        if request.allow_missing and self.resources.find(name) is None:
            raise ApiError("UNIMPLEMENTED", "allow_missing is not offered by this emulator.")
        before = self.resources.get(name)
        _check_etag(request.trigger.etag, before)
        paths = request.update_mask.paths
        changed = taken_over(self.resources.copy(name), request.trigger, paths, WRITABLE)
        self._check(call, changed, before)
        if request.validate_only:
            return self.progress.only_checked("update", changed)
        self._transports.redirect(changed)
        return self._written("update", changed)

    def _written(self, verb: str, message: Any) -> Any:  # noqa: ANN401 - messages
        message.update_time.CopyFrom(timestamp())
        message.etag = str(uuid.uuid4())
        self.resources.keep(message)
        return self.progress.begin(verb, message)

    def _check(self, call: Call, trigger: Any, before: Any) -> None:  # noqa: ANN401 - messages
        """Raise `ApiError` for a trigger that cannot be, or not by this caller."""
        trigger_rules.check(trigger)
        if before is None:
            self._transports.check(trigger)
        named = trigger.service_account
        if not named or (before is not None and before.service_account == named):
            return
        email = find_account(self._world, named, trigger.name.split("/")[1])
        if email is None or not may_act_as(self._world, call, email):
            raise ApiError(
                "PERMISSION_DENIED",
                f'Permission "iam.serviceAccounts.ActAs" denied on "EndUserCredentials to {named}"',
            )
        trigger.service_account = email

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Trigger
        name = self.resources.allowed(call, "get", call.request.name)
        return self.resources.get(name)

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        everywhere = (*places.EVENTARC, "-")
        parent = self.resources.place(call, "list", request.parent, everywhere, reading=True)
        check_unfiltered(call)
        found = in_order(self.resources.below(parent), request.order_by, _ORDERS)
        shown, token = page(found, request.page_size, request.page_token, parent)
        return eventarc_v1.ListTriggersResponse.pb()(triggers=shown, next_page_token=token)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request = call.request
        name = self.resources.allowed(call, "delete", request.name)
        found = self.resources.get(name)
        _check_etag(request.etag, found)
        if request.validate_only:
            return self.progress.only_checked("delete", found)
        self._transports.close(found)
        return self.progress.begin("delete", self.resources.remove(name))


def _check_etag(sent: str, current: Any) -> None:  # noqa: ANN401 - Trigger
    """Raise `ApiError` (ABORTED) for an etag that is not the current one (documented)."""
    if sent and sent != current.etag:
        raise ApiError("ABORTED", "The provided etag does not match the current etag.")
