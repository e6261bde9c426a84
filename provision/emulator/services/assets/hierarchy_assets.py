"""Organisations, folders and projects, accounts, keys and roles, tags: what IAM is about."""

from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf import json_format

from provision.emulator.iam.hierarchy import Folder, Organization, Project
from provision.emulator.services.assets.asset import KINDS, RESOURCES, Asset
from provision.emulator.services.iam.keys import Kept
from provision.emulator.tags import KEYS, VALUES
from provision.emulator.times import timestamp
from provision.emulator.world import World

_ACCOUNT = "iam.googleapis.com/ServiceAccount"
_IAP = {
    3: "iap.googleapis.com/Web",
    4: "iap.googleapis.com/WebType",
    6: "iap.googleapis.com/WebService",
    8: "iap.googleapis.com/WebServiceVersion",
}
_IAP_PARTS = 2


def containers(world: World) -> Iterator[Asset]:
    """Organisations, folders and projects, those that await deletion included."""
    hierarchy = world.hierarchy
    yield from (_organization(world, one) for one in hierarchy.organizations())
    yield from (_folder(world, one) for one in hierarchy.folders())
    yield from (_project(world, one) for one in hierarchy.all())


def accounts(world: World, keys: Iterable[Kept]) -> Iterator[Asset]:
    """Service accounts, with their keys."""
    for account in world.accounts.values():
        name = str(account["name"])
        yield Asset(
            _ACCOUNT,
            name,
            policy_of(world, name),
            parent=name.partition("/serviceAccounts/")[0],
            location="global",
            display_name=str(account.get("displayName", "")),
            data=lambda account=account: dict(account),  # type: ignore[misc] # bound now
            exported=name.rpartition("/")[0] + f"/{account['uniqueId']}",
            attributes={"email": str(account["email"]), "uniqueId": str(account["uniqueId"])},
        )
    for key in keys:
        yield _key(key)


def roles(world: World) -> Iterator[Asset]:
    """Custom roles."""
    for name, role in ((name, world.roles.custom.get(name)) for name in world.roles.custom):
        if role is not None and not role.get("deleted"):
            yield Asset(
                "iam.googleapis.com/Role",
                name,
                parent=name.partition("/roles/")[0],
                location="global",
                display_name=str(role.get("title", "")),
                description=str(role.get("description", "")),
                data=lambda role=role, name=name: {**role, "name": name},  # type: ignore[misc] # bound now
            )


def tags(world: World) -> Iterator[Asset]:
    """Tag keys and values."""
    for collection, kind in ((KEYS, "TagKey"), (VALUES, "TagValue")):
        for record in world.tags.all(collection):
            name = str(record["name"])
            yield Asset(
                f"{RESOURCES}/{kind}",
                name,
                policy_of(world, name),
                parent=str(record["parent"]),
                location="global",
                display_name=str(record["shortName"]),
                version="v3",
                data=lambda record=record: {  # type: ignore[misc] # bound now
                    key: record[key] for key in ("name", "parent", "shortName")
                },
            )


def guarded(world: World) -> Iterator[Asset]:
    """What Identity-Aware Proxy has policies for."""
    for name in world.policies.resources():
        parts = name.split("/")
        if parts[_IAP_PARTS : _IAP_PARTS + 1] == ["iap_web"] and len(parts) in _IAP:
            project = world.hierarchy.find(parts[1])
            number = f"projects/{project.number}" if project is not None else parts[1]
            yield Asset(
                _IAP[len(parts)],
                name,
                policy_of(world, name),
                parent="/".join(parts[:2]),
                exported="/".join((number, *parts[2:])),
                resource=False,
            )


def policy_of(world: World, name: str) -> Any:  # noqa: ANN401 - Policy or None
    """The allow policy of a resource; None when nothing is bound."""
    found = world.policies.get(name, 3)
    return found if found.bindings else None


def _organization(world: World, one: Organization) -> Asset:
    content = {
        "name": one.name,
        "displayName": one.domain,
        "lifecycleState": "ACTIVE",
        "creationTime": _text(one.created),
        "owner": {"directoryCustomerId": one.customer_id},
    }
    return Asset(
        KINDS["organizations"],
        one.name,
        policy_of(world, one.name),
        location="global",
        display_name=one.domain,
        state="ACTIVE",
        created=one.created,
        data=lambda: content,
        attributes={"organizationId": one.name.partition("/")[2]},
    )


def _folder(world: World, one: Folder) -> Asset:
    content = {
        "name": one.name,
        "parent": one.parent,
        "displayName": one.display_name,
        "lifecycleState": one.state,
        "createTime": _text(one.created),
    }
    return Asset(
        KINDS["folders"],
        one.name,
        policy_of(world, one.name),
        parent=one.parent,
        location="global",
        display_name=one.display_name,
        state=one.state,
        created=one.created,
        updated=one.updated,
        version="v2",
        data=lambda: content,
    )


def _project(world: World, one: Project) -> Asset:
    kind, _, number = one.parent.partition("/")
    content = {
        "projectId": one.project_id,
        "projectNumber": str(one.number),
        "name": one.display_name or one.project_id,
        "lifecycleState": one.state,
        "createTime": _text(one.created),
        "labels": dict(one.labels),
        **({"parent": {"type": kind.removesuffix("s"), "id": number}} if number else {}),
    }
    return Asset(
        KINDS["projects"],
        one.name,
        policy_of(world, one.name),
        parent=one.parent,
        location="global",
        display_name=one.display_name or one.project_id,
        labels=one.labels,
        state=one.state,
        created=one.created,
        updated=one.updated,
        data=lambda: content,
        exported=f"projects/{one.number}",
        attributes={"projectId": one.project_id},
    )


def _key(key: Kept) -> Asset:
    content = {
        "name": key["name"],
        "keyType": "SYSTEM_MANAGED" if key.get("managed") else "USER_MANAGED",
        "keyOrigin": "USER_PROVIDED" if key.get("certificate") else "GOOGLE_PROVIDED",
        "validAfterTime": _text(int(key["made"])),
        "validBeforeTime": _text(int(key["until"])),
        **({"disabled": True} if key.get("disabled") else {}),
    }
    return Asset(
        "iam.googleapis.com/ServiceAccountKey",
        str(key["name"]),
        parent=str(key["name"]).rpartition("/keys/")[0],
        location="global",
        created=int(key["made"]),
        data=lambda: content,
    )


def _text(moment: int) -> str:
    return str(timestamp(moment).ToJsonString())


def as_json(message: Any) -> dict[str, Any]:  # noqa: ANN401 - protobuf
    """A message in the JSON form of its API."""
    found: dict[str, Any] = json_format.MessageToDict(message)
    return found
