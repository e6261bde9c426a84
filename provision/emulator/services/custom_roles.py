"""IAM admin v1: roles, predefined and custom."""

import base64
import re
from typing import Any

from google.cloud import iam_admin_v1
from google.protobuf import json_format

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid, not_found
from provision.emulator.services.accounts import SERVICE
from provision.emulator.services.paging import page
from provision.emulator.services.permissions import iam_refusal, require
from provision.emulator.times import micros, policy_etag
from provision.emulator.world import World

_ID = re.compile(r"[a-zA-Z0-9_.]{3,64}")
_PERMISSION = re.compile(r"[a-z][a-zA-Z0-9]*\.[a-zA-Z0-9]+\.[a-zA-Z0-9]+")
_FIELDS = {
    "title": "title",
    "description": "description",
    "included_permissions": "includedPermissions",
    "stage": "stage",
}
_PREDEFINED_ETAG = "AA=="
_FULL = int(iam_admin_v1.RoleView.FULL)
_RoleMessage = iam_admin_v1.Role.pb()


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
            return self._predefined(name, full=True)
        return _message(self._allowed(call, "get", name))

    def _predefined(self, name: str, *, full: bool) -> Any:  # noqa: ANN401 - Role
        permissions = self._roles.permissions(name)
        if permissions is None:
            raise not_found(f"The role named {name} was not found.")
        stage = self._roles.stage(name)
        found = {
            "name": name,
            "title": name.rpartition("/")[2],
            "etag": _PREDEFINED_ETAG,
            "stage": stage if stage in _RoleMessage.RoleLaunchStage.keys() else "GA",  # noqa: SIM118 - no dict
            "includedPermissions": sorted(permissions) if full else [],
        }
        return json_format.ParseDict(found, _RoleMessage())

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        request, full = call.request, call.request.view == _FULL
        answer = iam_admin_v1.ListRolesResponse.pb()()
        if not request.parent:
            names = self._roles.predefined()
            shown, token = page(names, request.page_size, request.page_token)
            answer.roles.extend(self._predefined(name, full=full) for name in shown)
        else:
            parent = self._world.hierarchy.canonical(request.parent)
            require(self._world, call, "iam.roles.list", parent, iam_refusal)
            found = [
                _message(role, full=full)
                for role in self._roles.custom.values()
                if role["name"].startswith(f"{parent}/roles/")
                and (request.show_deleted or not role.get("deleted"))
            ]
            custom, token = page(found, request.page_size, request.page_token)
            answer.roles.extend(custom)
        answer.next_page_token = token
        return answer

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - Role
        parent = self._world.hierarchy.canonical(call.request.parent)
        require(self._world, call, "iam.roles.create", parent, iam_refusal)
        if not _ID.fullmatch(call.request.role_id):
            raise invalid("The role_id must match [a-zA-Z0-9_\\.]{3,64}.", ("role_id", "invalid"))
        name = f"{parent}/roles/{call.request.role_id}"
        if name in self._roles.custom:
            raise ApiError(
                "ALREADY_EXISTS",
                f"A role named {call.request.role_id} in {parent} already exists.",
            )
        sent = json_format.MessageToDict(call.request.role)
        role = {"name": name, "includedPermissions": [], "stage": "ALPHA"}
        role |= {key: sent[key] for key in _FIELDS.values() if key in sent}
        return _message(self._keep(role))

    async def _update(self, call: Call) -> Any:  # noqa: ANN401 - Role
        name = self._world.hierarchy.canonical(call.request.name)
        role = self._allowed(call, "update", name)
        if call.request.role.etag and _etag(call.request.role.etag) != role["etag"]:
            raise ApiError(
                "ABORTED",
                "There were concurrent policy changes. Please retry the whole read-modify-write "
                "with exponential backoff.",
            )
        sent = json_format.MessageToDict(call.request.role)
        for path in call.request.update_mask.paths or _FIELDS:
            key = _FIELDS.get(path)
            if key is None:
                raise invalid(f"The update mask names a field that cannot be changed: {path}")
            role[key] = sent.get(key, [] if key == "includedPermissions" else "")
        if not role["stage"]:
            role["stage"] = "ALPHA"
        return _message(self._keep(role))

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Role
        return self._mark(call, "delete", deleted=True)

    async def _undelete(self, call: Call) -> Any:  # noqa: ANN401 - Role
        return self._mark(call, "undelete", deleted=False)

    def _mark(self, call: Call, verb: str, *, deleted: bool) -> Any:  # noqa: ANN401 - Role
        name = self._world.hierarchy.canonical(call.request.name)
        role = self._allowed(call, verb, name)
        role["deleted"] = deleted
        return _message(self._keep(role))

    def _keep(self, role: dict[str, Any]) -> dict[str, Any]:
        for permission in role["includedPermissions"]:
            if not _PERMISSION.fullmatch(permission):
                raise invalid(f"Permission {permission} is not valid.")
        role["etag"] = _etag(policy_etag(micros()))
        return self._roles.custom.put(role["name"], role)

    def _allowed(self, call: Call, verb: str, name: str) -> dict[str, Any]:
        require(self._world, call, f"iam.roles.{verb}", name, iam_refusal)
        found = self._roles.custom.get(name)
        if found is None:
            raise not_found(f"The role named {name} was not found.")
        return dict(found)


def _etag(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _message(role: dict[str, Any], *, full: bool = True) -> Any:  # noqa: ANN401 - Role
    shown = role if full else {**role, "includedPermissions": []}
    return json_format.ParseDict(shown, _RoleMessage())
