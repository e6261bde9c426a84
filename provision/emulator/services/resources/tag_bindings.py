"""Resource Manager v3: which tag values are bound to which resources."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

from google.cloud import resourcemanager_v3

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid, not_found
from provision.emulator.rpc.wellknown import Empty
from provision.emulator.services.iam.accounts import account_name
from provision.emulator.services.operations import Operations
from provision.emulator.services.permissions import project_refusal, require
from provision.emulator.services.resources.tag_keys import region_of
from provision.emulator.services.resources.words import (
    PACKAGE,
    allow,
    listed,
    operation_name,
    precondition,
    refused,
)
from provision.emulator.tags import VALUES
from provision.emulator.world import World

_SERVICE = f"{PACKAGE}.TagBindings"
_HIERARCHY = "cloudresourcemanager.googleapis.com"
_FULL_NAME = re.compile(r"//([a-z0-9.-]+\.googleapis\.com)/(.+)")
_NODE = re.compile(r"(projects|folders|organizations)/[^/]+")
_KINDS = {
    "run.googleapis.com": (
        (re.compile(r"projects/[^/]+/locations/[^/]+/services/[^/]+"), "run.services"),
        (re.compile(r"projects/[^/]+/locations/[^/]+/jobs/[^/]+"), "run.jobs"),
    ),
    "artifactregistry.googleapis.com": (
        (
            re.compile(r"projects/[^/]+/locations/[^/]+/repositories/[^/]+"),
            "artifactregistry.repositories",
        ),
    ),
    "iam.googleapis.com": (
        (re.compile(r"projects/[^/]+/serviceAccounts/[^/]+"), "iam.serviceAccounts"),
    ),
}
"""Resources of the emulated services: how they are named, and what their permissions begin with."""


class TagBindings:
    """The RPCs about bindings and effective tags.

    Args:
        world: the hierarchy, its policies and its tags.
        operations: where long-running ones are kept.
        exists: whether a resource of an emulated service (by the emulator's name) exists.
    """

    def __init__(
        self,
        world: World,
        operations: Operations,
        exists: Callable[[str], bool],
    ) -> None:
        self._world = world
        self._state = world.tags
        self._operations = operations
        self._exists = exists

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{_SERVICE}/ListTagBindings": self._list,
            f"{_SERVICE}/CreateTagBinding": self._create,
            f"{_SERVICE}/DeleteTagBinding": self._delete,
            f"{_SERVICE}/ListEffectiveTags": self._list_effective,
        }

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        sent = call.request.tag_binding
        value = self._value(call, sent)
        resource = self._resource(call, "createTagBinding", sent.parent)
        self._check_beneath(resource, value)
        bound = self._state.bound(resource)
        if value["name"] in bound:
            raise ApiError(
                "ALREADY_EXISTS",
                "A binding already exists between the given resource and TagValue.",
            )
        if any((self._state.find(one) or {}).get("parent") == value["parent"] for one in bound):
            raise precondition(
                "A binding already exists between the given resource and a TagValue presented by "
                "the same TagKey as the given TagValue."
            )
        if not call.request.validate_only:
            self._state.bind(resource, value["name"])
        message = self._message(resource, value["name"])
        message.tag_value_namespaced_name = self._state.namespaced(value)
        return self._operations.finished(_operation_name(resource), message)

    def _check_beneath(self, resource: str, value: dict[str, Any]) -> None:
        """A tag is for what its key's organisation or project is or holds (documented)."""
        if resource.startswith("//"):
            return
        hierarchy = self._world.hierarchy
        key = self._state.find(value["parent"]) or {}
        above = hierarchy.ancestors(hierarchy.node(resource))
        if hierarchy.canonical(str(key.get("parent", ""))) not in above:
            raise precondition(
                "The TagValue's TagKey does not belong to the resource's project or organization."
            )

    def _value(self, call: Call, sent: Any) -> dict[str, Any]:  # noqa: ANN401 - TagBinding
        found = (
            self._state.find(sent.tag_value)
            if sent.tag_value
            else self._state.named(VALUES, sent.tag_value_namespaced_name)
        )
        if found is None or not found["name"].startswith("tagValues/"):
            raise refused()
        allow(self._world, call, "tagValueBindings.create", found["name"])
        return found

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        _, _, rest = call.request.name.partition("tagBindings/")
        encoded, _, number = rest.rpartition("/tagValues/")
        value = f"tagValues/{number}"
        resource = self._resource(call, "deleteTagBinding", unquote(encoded))
        allow(self._world, call, "tagValueBindings.delete", value)
        if value not in self._state.bound(resource):
            raise not_found("Requested entity was not found.")
        self._state.unbind(resource, value)
        return self._operations.finished(_operation_name(resource), Empty())

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        resource = self._resource(call, "listTagBindings", call.request.parent)
        found = [self._message(resource, value) for value in self._state.bound(resource)]
        answer = resourcemanager_v3.ListTagBindingsResponse.pb()
        return listed(answer, "tag_bindings", found, call.request)

    async def _list_effective(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        resource = self._resource(call, "listEffectiveTags", call.request.parent)
        found = [
            self._effective(value, inherited=holder != resource)
            for value, holder in self._state.in_effect(resource)
        ]
        answer = resourcemanager_v3.ListEffectiveTagsResponse.pb()
        return listed(answer, "effective_tags", found, call.request)

    def _effective(self, name: str, *, inherited: bool) -> Any:  # noqa: ANN401 - EffectiveTag
        value = self._state.find(name) or {}
        key = self._state.find(str(value.get("parent", ""))) or {}
        return resourcemanager_v3.EffectiveTag.pb()(
            tag_value=name,
            namespaced_tag_value=self._state.namespaced(value),
            tag_key=key["name"],
            namespaced_tag_key=self._state.namespaced(key),
            tag_key_parent_name=self._numbered(key["parent"]),
            inherited=inherited,
        )

    def _resource(self, call: Call, verb: str, full_name: str) -> str:
        """The emulator's name of a resource, if the caller may do this with its tags.

        Resources of services that are not emulated are taken on trust, by their full name.
        """
        found = _FULL_NAME.fullmatch(full_name)
        if found is None:
            raise _no_resource()
        host, path = found.groups()
        resource = self._world.hierarchy.canonical(path)
        if host == _HIERARCHY:
            return self._node(call, verb, resource)
        if host not in _KINDS:
            return full_name
        for pattern, permission in _KINDS[host]:
            if pattern.fullmatch(resource):
                require(self._world, call, f"{permission}.{verb}", resource, project_refusal)
                return self._existing(resource)
        raise _no_resource()

    def _existing(self, resource: str) -> str:
        resource = account_name(self._world, resource) or resource
        if not self._exists(resource):
            raise refused()
        return resource

    def _node(self, call: Call, verb: str, resource: str) -> str:
        """Projects, folders and organisations: writing needs the right to bind (documented)."""
        if not _NODE.fullmatch(resource):
            raise _no_resource()
        collection = resource.partition("/")[0]
        permission = {
            "createTagBinding": "tagValueBindings.create",
            "deleteTagBinding": "tagValueBindings.delete",
        }.get(verb, f"{collection}.get")
        allow(self._world, call, permission, resource)
        hierarchy = self._world.hierarchy
        if not (
            hierarchy.find(resource.removeprefix("projects/"))
            or hierarchy.folder(resource)
            or hierarchy.organization(resource)
        ):
            raise refused()
        return resource

    def _message(self, resource: str, value: str) -> Any:  # noqa: ANN401 - TagBinding
        parent = self._full_name(resource)
        return resourcemanager_v3.TagBinding.pb()(
            name=f"tagBindings/{quote(parent, safe='')}/{value}", parent=parent, tag_value=value
        )

    def _full_name(self, resource: str) -> str:
        if resource.startswith("//"):
            return resource
        for host, kinds in _KINDS.items():
            if any(pattern.fullmatch(resource) for pattern, _ in kinds):
                return f"//{host}/{self._numbered(resource)}"
        return f"//{_HIERARCHY}/{self._numbered(resource)}"

    def _numbered(self, resource: str) -> str:
        """The name with the project's number, as answers have it (recorded)."""
        kind, _, rest = resource.partition("/")
        project_id, slash, below = rest.partition("/")
        found = self._world.hierarchy.find(project_id) if kind == "projects" else None
        return f"projects/{found.number}{slash}{below}" if found is not None else resource


def _operation_name(resource: str) -> str:
    """Operations on regional resources have no name (recorded)."""
    regional = region_of(resource) != "global" or resource.startswith("//")
    return "" if regional else operation_name("rtb")


def _no_resource() -> ApiError:
    violation = (
        "Must be a valid One Platform resource name of a tag-compatible global resource. Did you "
        "forget to specify the correct location?"
    )
    return invalid("Request contains an invalid argument.", ("binding.resource", violation))
