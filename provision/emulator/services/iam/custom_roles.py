"""IAM admin v1: roles, predefined and custom."""

import base64
import re
from typing import Any

from google.cloud import iam_admin_v1
from google.protobuf import json_format

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid, not_found
from provision.emulator.services.iam.accounts import SERVICE
from provision.emulator.services.iam.custom_roles_rules import check_permissions, check_texts
from provision.emulator.services.paging import page
from provision.emulator.services.permissions import iam_refusal, require
from provision.emulator.times import micros, policy_etag
from provision.emulator.world import World

_ID = re.compile(r"[a-zA-Z0-9_.]{3,64}")
_FIELDS = {
    "title": "title",
    "description": "description",
    "included_permissions": "includedPermissions",
    "stage": "stage",
}
_PREDEFINED_ETAG = "AA=="
_FULL = int(iam_admin_v1.RoleView.FULL)
_RoleMessage = iam_admin_v1.Role.pb()
_DAY = 86_400 * 1_000_000
_RESTORABLE, _FORGOTTEN = 7 * _DAY, 37 * _DAY
"""How long after deletion a role can be restored, and when its id is free again (documented)."""
_MOST_ROLES = 300
_PAGE = 300


class CustomRoles:
    """The RPCs about roles."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._roles = world.roles

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{SERVICE}/GetRole": self._get,
            f"{SERVICE}/ListRoles": self._list,
            f"{SERVICE}/CreateRole": self._create,
            f"{SERVICE}/UpdateRole": self._update,
            f"{SERVICE}/DeleteRole": self._delete,
            f"{SERVICE}/UndeleteRole": self._undelete,
        }

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - Role
        name = self._world.hierarchy.canonical(call.request.name)
        if name.startswith("roles/"):
            return predefined(self._world, name, full=True)
        return role_message(self._allowed(call, "get", name))

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request, full = call.request, call.request.view == _FULL
        size = request.page_size or _PAGE
        answer = iam_admin_v1.ListRolesResponse.pb()()
        if not request.parent:
            names, token = page(self._roles.predefined(), size, request.page_token)
            answer.roles.extend(predefined(self._world, name, full=full) for name in names)
        else:
            parent = self._world.hierarchy.canonical(request.parent)
            require(self._world, call, "iam.roles.list", parent, iam_refusal)
            found = [
                role for role in self._of(parent) if request.show_deleted or not role.get("deleted")
            ]
            roles, token = page(found, size, request.page_token)
            answer.roles.extend(role_message(role, full=full) for role in roles)
        answer.next_page_token = token
        return answer

    def _of(self, parent: str) -> list[dict[str, Any]]:
        begin = f"{parent}/roles/"
        mine = (role for role in self._roles.custom.values() if role["name"].startswith(begin))
        return [role for role in mine if not _is_gone(role, _RESTORABLE)]

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Role
        parent = self._world.hierarchy.canonical(call.request.parent)
        require(self._world, call, "iam.roles.create", parent, iam_refusal)
        role_id = call.request.role_id
        if not _ID.fullmatch(role_id):
            raise invalid("The role_id must match [a-zA-Z0-9_\\.]{3,64}.", ("role_id", "invalid"))
        name = f"{parent}/roles/{role_id}"
        self._check_free(name, role_id, parent)
        sent = json_format.MessageToDict(call.request.role)
        role = {"name": name, "includedPermissions": [], "stage": "ALPHA"}
        role |= {key: sent[key] for key in _FIELDS.values() if key in sent}
        return role_message(self._keep(role))

    def _check_free(self, name: str, role_id: str, parent: str) -> None:
        found = self._roles.custom.get(name)
        if found is not None and not found.get("deleted"):
            text = f"A role named {role_id} in {parent} already exists."
            raise ApiError("ALREADY_EXISTS", text)
        if found is not None and not _is_gone(found, _FORGOTTEN):
            text = f"You can't create a role_id ({role_id}) which has been marked for deletion."
            raise _unfit(text)
        if len(self._of(parent)) >= _MOST_ROLES:
            text = f"Maximum number of roles reached. Maximum is: {_MOST_ROLES}"
            raise ApiError("RESOURCE_EXHAUSTED", text)

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Role
        name = self._world.hierarchy.canonical(call.request.name)
        role = self._allowed(call, "update", name)
        _check_etag(call.request.role.etag, role)
        if role.get("deleted"):
            raise _unfit(f"You can't update role_id ({name}) as it has been marked for deletion.")
        sent = json_format.MessageToDict(call.request.role)
        for path in call.request.update_mask.paths or _FIELDS:
            key = _FIELDS.get(path)
            if key is None:
                raise invalid(f"The update mask names a field that cannot be changed: {path}")
            role[key] = sent.get(key, [] if key == "includedPermissions" else "")
        if not role["stage"]:
            role["stage"] = "ALPHA"
        return role_message(self._keep(role))

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Role
        name = self._world.hierarchy.canonical(call.request.name)
        role = self._allowed(call, "delete", name)
        _check_etag(call.request.etag, role)
        if role.get("deleted"):
            raise _unfit(f"You can't delete role_id ({name}) as it is already deleted.")
        return role_message(self._keep({**role, "deleted": True, "deletedAt": micros()}))

    async def _undelete(self, call: Call) -> Any:  # noqa: ANN401 - Role
        name = self._world.hierarchy.canonical(call.request.name)
        role = self._allowed(call, "undelete", name)
        _check_etag(call.request.etag, role)
        if not role.get("deleted"):
            raise _unfit(f"You can't undelete role_id ({name}) as it is not deleted.")
        return role_message(self._keep({**role, "deleted": False}))

    def _keep(self, role: dict[str, Any]) -> dict[str, Any]:
        check_texts(role)
        check_permissions(role["name"], role["includedPermissions"], self._roles)
        role["etag"] = _etag(policy_etag(micros()))
        return self._roles.custom.put(role["name"], role)

    def _allowed(self, call: Call, verb: str, name: str) -> dict[str, Any]:
        require(self._world, call, f"iam.roles.{verb}", name, iam_refusal)
        found = self._roles.custom.get(name)
        if found is None or _is_gone(found, _RESTORABLE):
            raise not_found(f"The role named {name} was not found.")
        return dict(found)


def predefined(world: World, name: str, *, full: bool) -> Any:  # noqa: ANN401 - Role
    """A predefined role of the dated table. Raises `ApiError` (NOT_FOUND)."""
    permissions = world.roles.permissions(name)
    if permissions is None:
        raise not_found(f"The role named {name} was not found.")
    stage = world.roles.stage(name)
    found = {
        "name": name,
        "title": name.rpartition("/")[2],
        "etag": _PREDEFINED_ETAG,
        "stage": stage if stage in _RoleMessage.RoleLaunchStage.keys() else "GA",  # noqa: SIM118 - no dict
        "includedPermissions": sorted(permissions) if full else [],
    }
    return json_format.ParseDict(found, _RoleMessage())


def role_message(role: dict[str, Any], *, full: bool = True) -> Any:  # noqa: ANN401 - Role
    """A custom role as callers see it; with its permissions when it is `full`."""
    hidden = {"deletedAt"} if full else {"deletedAt", "includedPermissions"}
    shown = {key: value for key, value in role.items() if key not in hidden}
    return json_format.ParseDict(shown, _RoleMessage())


def _is_gone(role: dict[str, Any], after: int) -> bool:
    """Whether a role was deleted longer ago than `after` (µs)."""
    return bool(role.get("deleted")) and role.get("deletedAt", 0) + after < micros()


def _check_etag(sent: bytes, role: dict[str, Any]) -> None:
    if sent and _etag(sent) != role["etag"]:
        raise ApiError(
            "ABORTED",
            "There were concurrent policy changes. Please retry the whole read-modify-write "
            "with exponential backoff.",
        )


def _unfit(message: str) -> ApiError:
    return ApiError("FAILED_PRECONDITION", message)


def _etag(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
