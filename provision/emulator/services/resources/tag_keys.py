"""Resource Manager v3: tag keys and tag values, whose RPCs are the same but for the names."""

import re
from dataclasses import dataclass
from typing import Any

from google.cloud import resourcemanager_v3

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError
from provision.emulator.services.operations import Operations
from provision.emulator.services.permissions import project_refusal
from provision.emulator.services.policy_rpcs import PolicyKind, PolicyRpcs
from provision.emulator.services.resources.words import (
    PACKAGE,
    allow,
    bad_field,
    check_etag,
    etag,
    listed,
    masked,
    new_number,
    operation_name,
    precondition,
    refused,
)
from provision.emulator.tags import KEYS, VALUES
from provision.emulator.times import micros, timestamp
from provision.emulator.world import World

_SHORT_NAME = re.compile(r"[^'\"\\/]{1,256}")
_MAX_DESCRIPTION = 256
_MOST = 1000


@dataclass(frozen=True)
class TagKind:
    """Tag keys or tag values.

    Args:
        noun: ``TagKey``, as it stands in the names of RPCs and messages.
        collection: ``tagKeys``, as it stands in names and permissions.
        field: of a request, ``tag_key``.
        named_update: whether the operation of an update has a name (recorded to differ).
    """

    noun: str
    collection: str
    field: str
    named_update: bool

    def message(self, name: str) -> Any:  # noqa: ANN401 - a message class
        """A message class of v3 by its name, ``{}`` standing for the noun."""
        return getattr(resourcemanager_v3, name.format(self.noun)).pb()


TAG_KEYS = TagKind("TagKey", KEYS, "tag_key", named_update=True)
TAG_VALUES = TagKind("TagValue", VALUES, "tag_value", named_update=False)


class TagRpcs:
    """The RPCs of one kind.

    Args:
        world: the hierarchy, its policies and its tags.
        operations: where long-running ones are kept.
        kind: keys or values.
    """

    def __init__(self, world: World, operations: Operations, kind: TagKind) -> None:
        self._world = world
        self._state = world.tags
        self._operations = operations
        self._kind = kind
        self._service = f"{PACKAGE}.{kind.noun}s"
        self._policies = PolicyRpcs(
            world,
            PolicyKind(
                self._service,
                f"resourcemanager.{kind.collection}",
                self._check_exists,
                project_refusal,
            ),
        )

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        noun = self._kind.noun
        return {
            f"{self._service}/Get{noun}": self._get,
            f"{self._service}/GetNamespaced{noun}": self._get_namespaced,
            f"{self._service}/List{noun}s": self._list,
            f"{self._service}/Create{noun}": self._create,
            f"{self._service}/Update{noun}": self._update,
            f"{self._service}/Delete{noun}": self._delete,
            **self._policies.handlers(),
        }

    def _check_exists(self, name: str) -> None:
        if self._state.find(name) is None:
            raise refused()

    def _find(self, call: Call, verb: str, name: str) -> dict[str, Any]:
        if not name.startswith(f"{self._kind.collection}/"):
            raise refused()
        allow(self._world, call, f"{self._kind.collection}.{verb}", name)
        found = self._state.find(name)
        if found is None:
            raise refused()
        return dict(found)

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - TagKey or TagValue
        return self._show(self._find(call, "get", call.request.name))

    async def _get_namespaced(self, call: Call) -> Any:  # noqa: ANN401 - TagKey or TagValue
        found = self._state.named(self._kind.collection, call.request.name)
        if found is None:
            raise refused()
        return self._show(self._find(call, "get", found["name"]))

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        parent = self._world.hierarchy.canonical(call.request.parent)
        allow(self._world, call, f"{self._kind.collection}.list", parent)
        found = self._state.below(self._kind.collection, parent)
        answer = self._kind.message("List{}sResponse")
        return listed(answer, f"{self._kind.field}s", [*map(self._show, found)], call.request)

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        sent = getattr(call.request, self._kind.field)
        parent = self._world.hierarchy.canonical(sent.parent)
        self._check_parent(call, parent)
        _check_texts(sent)
        if not _SHORT_NAME.fullmatch(sent.short_name):
            raise bad_field("short_name", "short name contains invalid characters or length")
        now = micros()
        record: dict[str, Any] = {
            "name": f"{self._kind.collection}/281{new_number()}",
            "parent": parent,
            "shortName": sent.short_name,
            "description": sent.description,
            "created": now,
            "updated": now,
        }
        if self._kind is TAG_KEYS and sent.purpose:
            record |= {"purpose": int(sent.purpose), "purposeData": dict(sent.purpose_data)}

        def put() -> dict[str, Any]:
            self._check_fits(record)
            return record if call.request.validate_only else self._state.put(record)

        return self._later("Create", put)

    def _check_parent(self, call: Call, parent: str) -> None:
        allowed = ("tagKeys/",) if self._kind is TAG_VALUES else ("projects/", "organizations/")
        if not parent.startswith(allowed):
            raise bad_field("parent", f"parent must begin with {' or '.join(allowed)}")
        allow(self._world, call, f"{self._kind.collection}.create", parent)
        hierarchy = self._world.hierarchy
        known = (
            self._state.find(parent)
            or hierarchy.find(parent.removeprefix("projects/"))
            or hierarchy.organization(parent)
        )
        if not known:
            raise refused()

    def _check_fits(self, record: dict[str, Any]) -> None:
        siblings = self._state.below(self._kind.collection, record["parent"])
        if any(one["shortName"] == record["shortName"] for one in siblings):
            raise ApiError(
                "ALREADY_EXISTS",
                f"A {self._kind.noun} with short name '{record['shortName']}' already exists "
                f"under parent '{self._shown_parent(record)}'",
            )
        if len(siblings) >= _MOST:
            raise precondition(f"The parent holds {_MOST} {self._kind.noun}s already.")

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        sent = getattr(call.request, self._kind.field)
        record = self._find(call, "update", sent.name)
        check_etag(sent.etag, self._show(record).etag)
        masked(call.request.update_mask, ("description",))
        _check_texts(sent)
        record |= {"description": sent.description, "updated": micros()}
        if not call.request.validate_only:
            self._state.put(record)
        name = operation_name("ut") if self._kind.named_update else ""
        return self._operations.finished(name, self._show(record))

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        record = self._find(call, "delete", call.request.name)
        check_etag(call.request.etag, self._show(record).etag)

        def remove() -> dict[str, Any]:
            self._check_free(record["name"])
            if not call.request.validate_only:
                self._state.remove(record["name"])
                self._world.policies.forget(record["name"])
            return record

        return self._later("Delete", remove)

    def _check_free(self, name: str) -> None:
        if self._kind is TAG_KEYS and self._state.below(VALUES, name):
            raise precondition(
                f"Cannot delete tag key, {name}, because it has child TagValues. To delete this "
                "tag key, delete all its tag values first."
            )
        held = self._state.holders(name) if self._kind is TAG_VALUES else []
        if held:
            raise precondition(
                f"Cannot delete tag value, {name}, because it is still attached to resources in "
                f"'{region_of(held[0])}' region. To delete this tag value, remove all holds and "
                "then remove all of its attachments."
            )

    def _later(self, verb: str, work: Any) -> Any:  # noqa: ANN401 - Operation
        """An operation in which the work is done or fails, as recorded and reported."""
        metadata = self._kind.message(verb + "{}Metadata")()

        async def finish(name: str) -> None:
            self._operations.succeed(name, metadata, self._show(work()))

        return self._operations.start("", metadata, finish, name=operation_name("rt"))

    def _shown_parent(self, record: dict[str, Any]) -> str:
        parent = str(record["parent"])
        found = self._world.hierarchy.find(parent.removeprefix("projects/"))
        return f"projects/{found.number}" if found is not None else parent

    def _show(self, record: dict[str, Any]) -> Any:  # noqa: ANN401 - TagKey or TagValue
        message = self._kind.message("{}")(
            name=record["name"],
            parent=self._shown_parent(record),
            short_name=record["shortName"],
            namespaced_name=self._state.namespaced(record),
            description=record["description"],
            create_time=timestamp(record["created"]),
            update_time=timestamp(record["updated"]),
            etag=etag(record["name"], record["updated"]),
        )
        if record.get("purpose"):
            message.purpose = record["purpose"]
            message.purpose_data.update(record["purposeData"])
        return message


def region_of(resource: str) -> str:
    """Where a resource is, as in ``us-central1``; ``global`` when its name tells no place."""
    parts = resource.split("/")
    return parts[parts.index("locations") + 1] if "locations" in parts[:-1] else "global"


def _check_texts(sent: Any) -> None:  # noqa: ANN401 - TagKey or TagValue
    if len(sent.description) > _MAX_DESCRIPTION:
        raise bad_field("description", "description has more than 256 characters")
