"""The RPCs of ``google.cloud.run.v2.Services``."""

import secrets
from typing import Any

from google.cloud import run_v2

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.services.paging import page
from provision.emulator.services.permissions import require, run_refusal
from provision.emulator.services.policy_rpcs import PolicyKind, PolicyRpcs
from provision.emulator.services.run import rules
from provision.emulator.services.run.names import check_new_name, checked_name, checked_parent
from provision.emulator.services.run.records import RunState
from provision.emulator.services.run.writes import Author, ServiceWrites
from provision.emulator.world import World

_SERVICE = "google.cloud.run.v2.Services"


class Services:
    """Cloud Run services.

    Args:
        world: accounts, policies, settings.
        state: the services.
        writes: creates, replaces and deletes.
    """

    def __init__(self, world: World, state: RunState, writes: ServiceWrites) -> None:
        self._world = world
        self._state = state
        self._writes = writes
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
        self._writes.find_to_write(checked_name(name, "SERVICE"))

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Service
        name = checked_name(self._world.hierarchy.canonical(call.request.name), "SERVICE")
        require(self._world, call, "run.services.get", name, run_refusal)
        return self._writes.find(name).message

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        parent = checked_parent(self._world.hierarchy.canonical(call.request.parent))
        require(self._world, call, "run.services.list", parent, run_refusal)
        # Of a page its own services alone are read; those being deleted leave it shorter.
        kept_at = f"{parent}/services"
        names = self._state.services.below(kept_at)[::-1]
        shown, token = page(names, call.request.page_size, call.request.page_token, kept_at)
        found = [one.message for one in map(self._state.services.get, shown) if one is not None]
        kept = [
            one for one in found if call.request.show_deleted or not one.HasField("delete_time")
        ]
        return run_v2.ListServicesResponse.pb()(services=kept, next_page_token=token)

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request = call.request
        parent = checked_parent(self._world.hierarchy.canonical(request.parent))
        service_id = request.service_id or _made_up()
        name = f"{parent}/services/{service_id}"
        require(self._world, call, "run.services.create", name, run_refusal)
        check_new_name(service_id)
        if request.service.name:
            raise invalid("service.name must be empty on CreateServiceRequest.")
        if name in self._state.services:
            raise ApiError("ALREADY_EXISTS", "Resource already exists.")
        author = Author(call.principal)
        return await self._writes.create(
            author, name, request.service, validate_only=request.validate_only
        )

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request = call.request
        author, only = Author(call.principal), request.validate_only
        name = checked_name(self._world.hierarchy.canonical(request.service.name), "SERVICE")
        require(self._world, call, "run.services.update", name, run_refusal)
        if request.allow_missing and name not in self._state.services:
            require(self._world, call, "run.services.create", name, run_refusal)
            check_new_name(name.rpartition("/")[2])
            return await self._writes.create(author, name, request.service, validate_only=only)
        record = self._writes.find_to_write(name)
        rules.check_etag(request.service.etag, record.message)

        def change(current: Any) -> Any:  # noqa: ANN401 - Service
            return rules.changed(current, request.service, request.update_mask)

        return self._writes.replace(author, record, change, validate_only=only)

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        name = checked_name(self._world.hierarchy.canonical(call.request.name), "SERVICE")
        require(self._world, call, "run.services.delete", name, run_refusal)
        record = self._writes.find_to_write(name)
        rules.check_etag(call.request.etag, record.message)
        return self._writes.delete(
            Author(call.principal), record, validate_only=call.request.validate_only
        )


def _made_up() -> str:
    """An id for a service that was given none (documented)."""
    return f"service-{secrets.token_hex(4)}"
