"""Searches of resources and of policies, a page of at most 500 at a time."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from google.cloud import asset_v1

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import invalid
from provision.emulator.services.assets.asset import Asset
from provision.emulator.services.assets.inventory import Inventory
from provision.emulator.services.assets.queries import test_of
from provision.emulator.services.assets.shown import (
    Shown,
    masked,
    policy_key,
    resource_key,
)
from provision.emulator.services.assets.words import PACKAGE, allow, scope_of, types_of
from provision.emulator.services.paging import page
from provision.emulator.world import World

SERVICE = f"{PACKAGE}.AssetService"
_MOST, _USUAL = 500, 100
_RESOURCE_FIELDS = frozenset(
    (
        *("name", "assetType", "project", "folders", "organization", "displayName", "description"),
        *("location", "labels", "labels.", "state", "tagKeys", "tagValues", "tagValueIds"),
        *("effectiveTagKeys", "effectiveTagValues", "effectiveTagValueIds"),
        *("parentFullResourceName", "parentAssetType", "kmsKey", "kmsKeys", "networkTags"),
    )
)
_POLICY_FIELDS = frozenset(
    (
        *("resource", "assetType", "project", "folders", "organization", "policy", "roles"),
        *("memberTypes", "policy.role.permissions"),
    )
)
_SORTED = {
    "searchAllResources": (
        *("name", "assetType", "project", "displayName", "description", "location"),
        *("createTime", "updateTime", "state", "parentFullResourceName", "parentAssetType"),
    ),
    "searchAllIamPolicies": ("resource", "assetType", "project"),
}


class Searches:
    """``SearchAllResources`` and ``SearchAllIamPolicies``.

    Args:
        world: hierarchy, roles, tags.
        inventory: the assets.
    """

    def __init__(self, world: World, inventory: Inventory) -> None:
        self._world = world
        self._inventory = inventory
        self._shown = Shown(world)

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{SERVICE}/SearchAllResources": self._resources,
            f"{SERVICE}/SearchAllIamPolicies": self._policies,
        }

    async def _resources(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        found = self._found(call, "searchAllResources", request)
        test = test_of(request.query, _RESOURCE_FIELDS)
        mask = masked(request.read_mask.paths)
        fitting = [one for one in found if one.resource]
        if request.query.strip():  # what nobody asks for is not put together
            fitting = [one for one in fitting if test(self._shown.texts(one))]
        shown, token = self._page(call, "searchAllResources", fitting, resource_key)
        results = [self._shown.result(one, mask) for one in shown]
        answer = asset_v1.SearchAllResourcesResponse.pb()
        return answer(results=results, next_page_token=token)

    async def _policies(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        found = self._found(call, "searchAllIamPolicies", call.request)
        test = test_of(call.request.query, _POLICY_FIELDS)
        results = [
            (one, policy)
            for one in found
            if one.policy is not None and (policy := self._shown.bindings(one, test)) is not None
        ]
        shown, token = self._page(
            call, "searchAllIamPolicies", results, lambda pair, name: policy_key(pair[0], name)
        )
        answer = asset_v1.SearchAllIamPoliciesResponse.pb()
        told = [self._shown.policy_result(one, policy) for one, policy in shown]
        return answer(results=told, next_page_token=token)

    def _found(self, call: Call, verb: str, request: Any) -> list[Asset]:  # noqa: ANN401 - protobuf
        scope = scope_of(self._world, request.scope)
        allow(self._world, call, (f"cloudasset.assets.{verb}",), scope)
        return self._inventory.within(scope, types_of(request))

    def _page(
        self, call: Call, verb: str, found: list[Any], key: Callable[..., str]
    ) -> tuple[Sequence[Any], str]:
        request = call.request
        for name, backward in reversed(_order(request.order_by, _SORTED[verb])):
            found.sort(key=partial(key, name=name), reverse=backward)
        size = min(max(request.page_size, 0) or _USUAL, _MOST)
        asked = f"{verb} {request.scope} {request.query} {' '.join(request.asset_types)}"
        return page(found, size, request.page_token, asked)


def _order(text: str, fields: Sequence[str]) -> list[tuple[str, bool]]:
    """Fields to sort by, and whether from the end. Raises `ApiError`."""
    found = []
    for part in filter(str.strip, text.split(",")):
        name, *direction = part.split()
        word = " ".join(direction).upper()
        if name not in fields or word not in ("", "ASC", "DESC"):
            raise invalid(f"Invalid order_by: {text}", ("order_by", part.strip()))
        found.append((name, word == "DESC"))
    return found
