"""IAM admin v1: service accounts and their policies."""

import re
from typing import Any

from google.cloud import iam_admin_v1
from google.protobuf import json_format

from provision.emulator.iam.hierarchy import Project
from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid, not_found
from provision.emulator.rpc.wellknown import Empty
from provision.emulator.services.paging import page
from provision.emulator.services.permissions import iam_refusal, require
from provision.emulator.services.policy_rpcs import PolicyKind, PolicyRpcs
from provision.emulator.world import World

SERVICE = "google.iam.admin.v1.IAM"
_ID = re.compile(r"[a-z]([-a-z0-9]{4,28}[a-z0-9])")
_CHANGEABLE = {"display_name": "displayName", "description": "description"}
_MAX_DISPLAY_NAME = 100
_MAX_DESCRIPTION = 256


def resolve(world: World, name: str) -> dict[str, Any]:
    """The account of ``projects/{P|-}/serviceAccounts/{EMAIL|UNIQUE_ID}``. Raises `ApiError`."""
    wanted = name.split("/")[3] if name.count("/") >= 3 else ""  # noqa: PLR2004 - the fourth part
    found = world.accounts.get(wanted)
    if found is None:
        by_id = (one for one in world.accounts.values() if one["uniqueId"] == wanted)
        found = next(by_id, None)
    if found is None:
        raise not_found(
            f"Unknown service account: {wanted}"
            if not wanted
            else f"Service account {name} does not exist."
        )
    return found


def full_name(world: World, name: str) -> str:
    """The account's own name, whatever form it was asked by; unchanged when there is none."""
    try:
        return str(resolve(world, name)["name"])
    except ApiError:
        return world.hierarchy.canonical(name)


def account_name(world: World, name: str) -> str | None:
    """The account's own name, whatever form it was asked by; None when there is none."""
    if "/serviceAccounts/" not in name:
        return None
    try:
        return str(resolve(world, name)["name"])
    except ApiError:
        return None


class Accounts:
    """The RPCs about service accounts."""

    def __init__(self, world: World) -> None:
        self._world = world
        kind = PolicyKind(
            SERVICE, "iam.serviceAccounts", self._check_exists, iam_refusal, public=False
        )
        self._policies = PolicyRpcs(world, kind)

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {
            f"{SERVICE}/CreateServiceAccount": self._create,
            f"{SERVICE}/GetServiceAccount": self._get,
            f"{SERVICE}/ListServiceAccounts": self._list,
            f"{SERVICE}/PatchServiceAccount": self._patch,
            f"{SERVICE}/UpdateServiceAccount": self._replace,
            f"{SERVICE}/DeleteServiceAccount": self._delete,
            f"{SERVICE}/EnableServiceAccount": self._enable,
            f"{SERVICE}/DisableServiceAccount": self._disable,
            **self._policies.handlers(),
        }

    def _check_exists(self, name: str) -> None:
        resolve(self._world, name)

    def _project(self, name: str, permission: str) -> Project:
        found = self._world.hierarchy.find(name.removeprefix("projects/"))
        if found is None:
            raise iam_refusal(permission, name)
        return found

    async def _create(self, call: Call) -> Any:  # noqa: ANN401 - ServiceAccount
        request = call.request
        permission = "iam.serviceAccounts.create"
        require(self._world, call, permission, request.name, iam_refusal)
        project = self._project(request.name, permission)
        account_id = request.account_id
        if not _ID.fullmatch(account_id):
            raise invalid(
                "The account ID must be between 6 and 30 characters, begin with a lowercase "
                "letter and use only lowercase letters, numbers and dashes.",
                ("account_id", "does not match [a-z]([-a-z0-9]*[a-z0-9])"),
            )
        email = f"{account_id}@{project.project_id}.iam.gserviceaccount.com"
        if email in self._world.accounts:
            raise ApiError(
                "ALREADY_EXISTS",
                f"Service account {account_id} already exists within project "
                f"projects/{project.project_id}.",
            )
        _check_texts(request.service_account)
        made = self._world.add_account(
            project,
            email,
            displayName=request.service_account.display_name,
            description=request.service_account.description,
        )
        return _message(made)

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - ServiceAccount
        return _message(self._allowed(call, "get", call.request.name))

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        permission = "iam.serviceAccounts.list"
        require(self._world, call, permission, call.request.name, iam_refusal)
        project = self._project(call.request.name, permission)
        found = [
            _message(one)
            for one in self._world.accounts.values()
            if one["projectId"] == project.project_id
        ]
        shown, token = page(found, call.request.page_size, call.request.page_token)
        return iam_admin_v1.ListServiceAccountsResponse.pb()(accounts=shown, next_page_token=token)

    async def _patch(self, call: Call) -> Any:  # noqa: ANN401 - ServiceAccount
        sent = call.request.service_account
        paths = tuple(call.request.update_mask.paths or ("display_name", "description"))
        changed = self._change(call, sent, paths)
        # Only the name and what was changed is answered (recorded).
        answer = type(changed)(name=changed.name)
        for path in paths:
            setattr(answer, path, getattr(changed, path))
        return answer

    async def _replace(self, call: Call) -> Any:  # noqa: ANN401 - ServiceAccount
        return self._change(call, call.request, ("display_name", "description"))

    def _change(self, call: Call, sent: Any, paths: tuple[str, ...]) -> Any:  # noqa: ANN401 - messages
        account = self._allowed(call, "update", sent.name)
        _check_texts(sent)
        for path in paths:
            if path not in _CHANGEABLE:
                raise invalid(f"The update mask names a field that cannot be changed: {path}")
            account[_CHANGEABLE[path]] = getattr(sent, path)
        return _message(self._world.accounts.put(account["email"], account))

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Empty
        account = self._allowed(call, "delete", call.request.name)
        self._world.accounts.pop(account["email"])
        self._world.policies.forget(account["name"])
        self._world.policies.mark_deleted(account["email"], account["uniqueId"])
        return Empty()

    async def _enable(self, call: Call) -> Any:  # noqa: ANN401 - Empty
        return self._switch(call, "enable", disabled=False)

    async def _disable(self, call: Call) -> Any:  # noqa: ANN401 - Empty
        return self._switch(call, "disable", disabled=True)

    def _switch(self, call: Call, verb: str, *, disabled: bool) -> Any:  # noqa: ANN401 - Empty
        account = self._allowed(call, verb, call.request.name)
        account["disabled"] = disabled
        self._world.accounts.put(account["email"], account)
        return Empty()

    def _allowed(self, call: Call, verb: str, name: str) -> dict[str, Any]:
        resource = full_name(self._world, name)
        require(self._world, call, f"iam.serviceAccounts.{verb}", resource, iam_refusal)
        return resolve(self._world, name)


def _check_texts(account: Any) -> None:  # noqa: ANN401 - ServiceAccount
    if len(account.display_name.encode()) > _MAX_DISPLAY_NAME:
        raise invalid("The display name must have at most 100 bytes.")
    if len(account.description.encode()) > _MAX_DESCRIPTION:
        raise invalid("The description must have at most 256 bytes.")


def _message(account: dict[str, Any]) -> Any:  # noqa: ANN401 - ServiceAccount
    return json_format.ParseDict(account, iam_admin_v1.ServiceAccount.pb()())
