"""Assets as searches see and show them."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from google.cloud import asset_v1
from google.iam.v1 import policy_pb2
from google.protobuf import json_format

from provision.emulator.rpc.status import invalid
from provision.emulator.services.assets.asset import KINDS, Asset, above, parent_full_name
from provision.emulator.services.assets.queries import Test
from provision.emulator.times import timestamp
from provision.emulator.world import World

_LARGE = ("versioned_resources", "attached_resources", "effective_tags", "relationships")
_ResultMessage = asset_v1.ResourceSearchResult.pb()
_PolicyMessage = asset_v1.IamPolicySearchResult.pb()
_PARENTS = {
    "run.googleapis.com/Revision": "run.googleapis.com/Service",
    "run.googleapis.com/Execution": "run.googleapis.com/Job",
    "iam.googleapis.com/ServiceAccountKey": "iam.googleapis.com/ServiceAccount",
    "cloudresourcemanager.googleapis.com/TagValue": "cloudresourcemanager.googleapis.com/TagKey",
}


class Shown:
    """Makes results, and the texts that queries look at.

    Args:
        world: hierarchy, roles, tags.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def texts(self, one: Asset) -> Mapping[str, tuple[str, ...]]:
        """What queries about resources look at, by field."""
        place = above(self._world.hierarchy, one.name)
        direct = self._tags(one, inherited=False)
        every = self._tags(one, inherited=True)
        texts: dict[str, tuple[str, ...]] = {
            "name": (one.full_name,),
            "assetType": (one.asset_type,),
            "project": (place.project,),
            "folders": place.folders,
            "organization": (place.organization,),
            "displayName": (one.display_name,),
            "description": (one.description,),
            "location": (one.location,),
            "labels": tuple(text for pair in one.labels.items() for text in pair),
            "state": (one.state,),
            "tagKeys": tuple(key for key, _, _ in direct),
            "tagValues": tuple(value for _, value, _ in direct),
            "tagValueIds": tuple(name for _, _, name in direct),
            "effectiveTagKeys": tuple(key for key, _, _ in every),
            "effectiveTagValues": tuple(value for _, value, _ in every),
            "effectiveTagValueIds": tuple(name for _, _, name in every),
            "parentFullResourceName": (
                parent_full_name(self._world.hierarchy, one, numbered=False),
            ),
            "parentAssetType": (parent_type(one),),
            "additionalAttributes": tuple(one.attributes.values()),
        }
        return {
            **{name: tuple(filter(None, values)) for name, values in texts.items()},
            **{f"labels.{key}": (value,) for key, value in one.labels.items()},
        }

    def _tags(self, one: Asset, *, inherited: bool) -> list[tuple[str, str, str]]:
        """Key, value (namespaced) and the value's name of the tags of an asset."""
        tags = self._world.tags
        names = (
            (name for name, _ in tags.in_effect(one.name)) if inherited else tags.bound(one.name)
        )
        values = [value for value in map(tags.find, names) if value is not None]
        return [
            (
                tags.namespaced(tags.find(str(value["parent"])) or value),
                tags.namespaced(value),
                str(value["name"]),
            )
            for value in values
        ]

    def result(self, one: Asset, mask: frozenset[str]) -> Any:  # noqa: ANN401 - ResourceSearchResult
        """A resource with the fields of a mask (see `masked`)."""
        hierarchy = self._world.hierarchy
        place = above(hierarchy, one.name)
        result = _ResultMessage(
            name=one.full_name,
            asset_type=one.asset_type,
            project=place.project,
            folders=place.folders,
            organization=place.organization,
            display_name=one.display_name,
            description=one.description,
            location=one.location,
            labels=dict(one.labels),
            state=one.state,
            parent_full_resource_name=parent_full_name(hierarchy, one, numbered=False),
            parent_asset_type=parent_type(one),
        )
        for name, moment in (("create_time", one.created), ("update_time", one.updated)):
            if moment:
                # Its granularity is in seconds (documented).
                getattr(result, name).CopyFrom(timestamp(moment // 1_000_000 * 1_000_000))
        for key, value, name in self._tags(one, inherited=False):
            result.tag_keys.append(key)
            result.tag_values.append(value)
            result.tag_value_ids.append(name)
            result.tags.add(tag_key=key, tag_value=value, tag_value_id=name)
        if one.attributes:
            json_format.ParseDict(dict(one.attributes), result.additional_attributes)
        self._add_large(one, result, mask)
        for described in result.DESCRIPTOR.fields:
            if described.name not in mask:
                result.ClearField(described.name)
        return result

    def _add_large(self, one: Asset, result: Any, mask: frozenset[str]) -> None:  # noqa: ANN401 - ResourceSearchResult
        if "versioned_resources" in mask:
            shown = result.versioned_resources.add(version=one.version)
            # What is no plain JSON (numbers of enums, tuples) becomes it on the way.
            json_format.ParseDict(json.loads(json.dumps(one.data())), shown.resource)
        if "effective_tags" in mask:
            for value, holder in self._world.tags.in_effect(one.name):
                kept = self._world.tags.find(value) or {}
                key = self._world.tags.find(str(kept.get("parent", ""))) or {}
                details = result.effective_tags.add(attached_resource=f"//{holder}")
                details.effective_tags.add(
                    tag_key=self._world.tags.namespaced(key),
                    tag_value=self._world.tags.namespaced(kept),
                    tag_value_id=value,
                )

    def bindings(self, one: Asset, test: Test) -> Any:  # noqa: ANN401 - Policy or None
        """The policy with the bindings that a query fits; None when none of them does."""
        place = above(self._world.hierarchy, one.name)
        texts = {
            "resource": (one.full_name,),
            "assetType": (one.asset_type,),
            "project": tuple(filter(None, (place.project,))),
            "folders": place.folders,
            "organization": tuple(filter(None, (place.organization,))),
        }
        policy = policy_pb2.Policy(version=one.policy.version, etag=one.policy.etag)
        for binding in one.policy.bindings:
            if test({**texts, **self._binding_texts(binding)}):
                policy.bindings.add().CopyFrom(binding)
        return policy if policy.bindings else None

    def _binding_texts(self, binding: Any) -> dict[str, tuple[str, ...]]:  # noqa: ANN401 - Binding
        members = tuple(binding.members)
        condition = (binding.condition.expression,) if binding.HasField("condition") else ()
        return {
            "policy": (binding.role, *members, *condition),
            "roles": (binding.role,),
            "memberTypes": tuple({one.partition(":")[0] for one in members}),
            "policy.role.permissions": tuple(self._world.roles.permissions(binding.role) or ()),
        }

    def policy_result(self, one: Asset, policy: Any) -> Any:  # noqa: ANN401 - messages
        """A policy, as much of it as a query fitted."""
        place = above(self._world.hierarchy, one.name)
        return _PolicyMessage(
            resource=one.full_name,
            asset_type=one.asset_type,
            project=place.project,
            folders=place.folders,
            organization=place.organization,
            policy=policy,
        )


def masked(paths: Iterable[str]) -> frozenset[str]:
    """The fields that are shown. Raises `ApiError`."""
    known = {one.name: one.name for one in _ResultMessage.DESCRIPTOR.fields}
    asked = {path.partition(".")[0] for path in paths}
    if "*" in asked:
        return frozenset(known)
    if wrong := sorted(asked - set(known)):
        raise invalid(f"Invalid field in the read mask: {wrong[0]}", ("read_mask", wrong[0]))
    return frozenset(asked or set(known) - set(_LARGE))


def parent_type(one: Asset) -> str:
    """The asset type of what is right above an asset; empty for nothing."""
    kind, _, rest = one.parent.partition("/")
    if kind in KINDS and "/" not in rest:
        return KINDS[kind]
    return _PARENTS.get(one.asset_type, "")


def resource_key(one: Asset, name: str) -> str:
    """What resources are sorted by: a field of theirs."""
    values = {
        "name": one.full_name,
        "assetType": one.asset_type,
        "project": one.parent,
        "displayName": one.display_name,
        "description": one.description,
        "location": one.location,
        "createTime": f"{one.created:020}",
        "updateTime": f"{one.updated:020}",
        "state": one.state,
        "parentFullResourceName": one.parent,
        "parentAssetType": parent_type(one),
    }
    return values[name]


def policy_key(one: Asset, name: str) -> str:
    """What policies are sorted by: a field of what they are set on."""
    return {"resource": one.full_name, "assetType": one.asset_type, "project": one.parent}[name]
