"""Assets listed and exported, and policies with all that stand above them."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from google.cloud import asset_v1
from google.protobuf import json_format

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.services.assets.asset import Asset, above, parent_full_name
from provision.emulator.services.assets.hierarchy_assets import policy_of
from provision.emulator.services.assets.inventory import Inventory
from provision.emulator.services.assets.search import SERVICE
from provision.emulator.services.assets.words import allow, scope_of, types_of
from provision.emulator.services.paging import page
from provision.emulator.times import micros, timestamp, to_micros
from provision.emulator.world import World

_MOST = 1000
_MOST_NAMES = 20
_LONGEST_AGO = 35 * 86_400 * 1_000_000
_Content = asset_v1.ContentType
CONTENTS = {_Content.RESOURCE: "Resource", _Content.IAM_POLICY: "IamPolicy"}
_AssetMessage = asset_v1.Asset.pb()
_DISCOVERY = "https://{host}/$discovery/rest?version={version}"


class Listing:
    """``ListAssets`` and ``BatchGetEffectiveIamPolicies``.

    Args:
        world: hierarchy and policies.
        inventory: the assets.
    """

    def __init__(self, world: World, inventory: Inventory) -> None:
        self._world = world
        self._inventory = inventory

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{SERVICE}/ListAssets": self._list,
            f"{SERVICE}/BatchGetEffectiveIamPolicies": self._effective,
        }

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        found = self.asked(call, "list")
        if not 0 <= request.page_size <= _MOST:
            raise invalid(f"The page size must be 1 to {_MOST}.", ("page_size", "out of range"))
        asked = f"{request.parent} {request.content_type} {' '.join(request.asset_types)}"
        shown, token = page(found, request.page_size, request.page_token, asked)
        assets = [self.message(one, request.content_type) for one in shown]
        answer = asset_v1.ListAssetsResponse.pb()
        return answer(read_time=timestamp(), assets=assets, next_page_token=token)

    def asked(self, call: Call, verb: str) -> list[Asset]:
        """The assets that a request to list or export is about. Raises `ApiError`."""
        request = call.request
        content = request.content_type
        scope = scope_of(self._world, request.parent)
        if content and content not in CONTENTS:
            raise ApiError("UNIMPLEMENTED", f"{_Content(content).name} is not offered here.")
        kind = CONTENTS.get(content, "Resource")
        allow(self._world, call, (f"cloudasset.assets.{verb}{kind}",), scope)
        if request.HasField("read_time"):
            _check_moment(to_micros(request.read_time))
        found = self._inventory.within(scope, types_of(request))
        if content == _Content.IAM_POLICY:
            return [one for one in found if one.policy is not None]
        return [one for one in found if one.resource]

    def message(self, one: Asset, content: int) -> Any:  # noqa: ANN401 - Asset
        """An asset as lists show it."""
        ancestors = above(self._world.hierarchy, one.name).ancestors
        moment = one.updated or one.created
        asset = _AssetMessage(
            name=one.exported_name, asset_type=one.asset_type, ancestors=ancestors
        )
        if moment:
            asset.update_time.CopyFrom(timestamp(moment))
        if content == _Content.IAM_POLICY and one.policy is not None:
            asset.iam_policy.CopyFrom(one.policy)
        if content == _Content.RESOURCE:
            asset.resource.version = one.version
            asset.resource.discovery_document_uri = _DISCOVERY.format(
                host=one.service, version=one.version
            )
            asset.resource.discovery_name = one.asset_type.partition("/")[2]
            asset.resource.parent = parent_full_name(self._world.hierarchy, one, numbered=True)
            asset.resource.location = one.location
            # What is no plain JSON (numbers of enums, tuples) becomes it on the way.
            json_format.ParseDict(json.loads(json.dumps(one.data())), asset.resource.data)
        return asset

    async def _effective(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request = call.request
        scope = scope_of(self._world, request.scope)
        permissions = ("analyzeIamPolicy", "searchAllIamPolicies", "searchAllResources")
        allow(self._world, call, [f"cloudasset.assets.{one}" for one in permissions], scope)
        if not 0 < len(request.names) <= _MOST_NAMES:
            raise invalid(f"1 to {_MOST_NAMES} names are required.", ("names", "out of range"))
        known = {one.full_name: one for one in self._inventory.within(scope, ())}
        answer = asset_v1.BatchGetEffectiveIamPoliciesResponse.pb()()
        for name in request.names:
            if name not in known:
                raise invalid(f"Resource {name} is not in the scope.", ("names", name))
            result = answer.policy_results.add(full_resource_name=name)
            for holder, policy in self._policies(known[name], known.values()):
                result.policies.add(attached_resource=holder).policy.CopyFrom(policy)
        return answer

    def _policies(self, one: Asset, known: Iterable[Asset]) -> Sequence[tuple[str, Any]]:
        """The policies of a resource and of all above it, with what they are attached to."""
        named = {each.name: each.full_name for each in known}
        found = []
        for name in self._world.hierarchy.chain(one.name):
            policy = policy_of(self._world, name)
            if policy is not None:
                full = named.get(name, f"//cloudresourcemanager.googleapis.com/{name}")
                found.append((full, policy))
        return found


def _check_moment(moment: int) -> None:
    """Snapshots of the past are not kept here; Google has those of 35 days."""
    now = micros()
    if not now - _LONGEST_AGO <= moment <= now:
        raise invalid("read_time must be within the last 35 days.", ("read_time", "out of range"))
    raise ApiError("UNIMPLEMENTED", "Snapshots of the past are not offered by this emulator.")
