"""IAM admin v1: service accounts and their policies."""

import re
from dataclasses import replace
from typing import Any

from google.cloud import iam_admin_v1
from google.protobuf import duration_pb2, json_format
from google.rpc import error_details_pb2

from provision.emulator.iam.hierarchy import Project
from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid, not_found
from provision.emulator.rpc.wellknown import Empty
from provision.emulator.services.iam.accounts_deleted import DeletedAccounts
from provision.emulator.services.paging import page
from provision.emulator.services.permissions import iam_refusal, require
from provision.emulator.services.policy_rpcs import PolicyKind, PolicyRpcs
from provision.emulator.world import World

SERVICE = "google.iam.admin.v1.IAM"
_ID = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])")
_LENGTHS = range(6, 31)
_NAME = re.compile(r"projects/([^/]+)/serviceAccounts/([^/]+)")
_DOMAIN = ".iam.gserviceaccount.com"
_CHANGEABLE = {"display_name": "displayName", "description": "description"}
_MAX_DISPLAY_NAME = 100
_MAX_DESCRIPTION = 256
_MAX_ACCOUNTS = 100
_PAGE, _MAX_PAGE = 20, 100
_DAY_AND_A_SECOND = 86_401


def resolve(world: World, name: str) -> dict[str, Any]:
    """The account of ``projects/{P|-}/serviceAccounts/{EMAIL|UNIQUE_ID}``. Raises `ApiError`.

    Recorded: an account that never was is unknown; one that was made and is gone does not exist.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise invalid("Request contains an invalid argument.", ("name", "no name of an account"))
    project_id, wanted = found.groups()
    account = world.accounts.get(wanted) or _by_unique_id(world, wanted)
    if account is not None:
        project = world.hierarchy.find(project_id)
        if project_id == "-" or (project and project.project_id == account["projectId"]):
            return account
    if DeletedAccounts(world).knows(wanted):
        raise not_found(f"Service account {name} does not exist.")
    raise not_found("Unknown service account")


def _by_unique_id(world: World, unique_id: str) -> dict[str, Any] | None:
    if not unique_id.isdigit():
        return None
    return next((one for one in world.accounts.values() if one["uniqueId"] == unique_id), None)


def full_name(world: World, name: str) -> str:
    """The account's own name, whatever form it was asked by.

    Without such an account: beneath the project that its address tells, where there is one, so
    that who may look into the project is told that the account is missing.
    """
    found = account_name(world, name)
    if found is not None:
        return found
    prefix, _, wanted = name.rpartition("/")
    project_id = wanted.rpartition("@")[2].removesuffix(_DOMAIN)
    if prefix == "projects/-/serviceAccounts" and world.hierarchy.find(project_id) is not None:
        return f"projects/{project_id}/serviceAccounts/{wanted}"
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
        self._deleted = DeletedAccounts(world)
        kind = PolicyKind(
            SERVICE,
            "iam.serviceAccounts",
            self._check_exists,
            iam_refusal,
            public=False,
            own_name=lambda name: full_name(world, name),
        )
        self._policies = PolicyRpcs(world, kind)

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        policies = self._policies.handlers().items()
        return {
            f"{SERVICE}/CreateServiceAccount": self._create,
            f"{SERVICE}/GetServiceAccount": self._get,
            f"{SERVICE}/ListServiceAccounts": self._list,
            f"{SERVICE}/PatchServiceAccount": self._patch,
            f"{SERVICE}/UpdateServiceAccount": self._replace,
            f"{SERVICE}/DeleteServiceAccount": self._delete,
            f"{SERVICE}/UndeleteServiceAccount": self._undelete,
            f"{SERVICE}/EnableServiceAccount": self._enable,
            f"{SERVICE}/DisableServiceAccount": self._disable,
            **{name: self._by_full_name(handler) for name, handler in policies},
        }

    def _by_full_name(self, handler: Handler) -> Handler:
        """Policies are kept by the account's own name, whatever name it is asked by."""

        async def run(call: Call) -> Any:  # noqa: ANN401 - protobuf
            request = type(call.request)()
            request.CopyFrom(call.request)
            request.resource = full_name(self._world, call.request.resource)
            return await handler(replace(call, request=request))

        return run

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
        _check_id(request.account_id)
        _check_texts(request.service_account)
        email = f"{request.account_id}@{project.project_id}{_DOMAIN}"
        if email in self._world.accounts:
            raise _taken(request.account_id, project, email)
        self._check_quota(project)
        made = self._world.add_account(
            project,
            email,
            uniqueId=self._deleted.new_unique_id(email),
            displayName=request.service_account.display_name,
            description=request.service_account.description,
        )
        return _message(made)

    def _check_quota(self, project: Project) -> None:
        if len(self._of(project)) < _MAX_ACCOUNTS:
            return
        later = duration_pb2.Duration(seconds=_DAY_AND_A_SECOND)  # type: ignore[attr-defined] # made at run time
        raise ApiError(
            "RESOURCE_EXHAUSTED",
            "Maximum number of service accounts on project reached.",
            error_details_pb2.RetryInfo(retry_delay=later),
        )

    def _of(self, project: Project) -> list[dict[str, Any]]:
        mine = project.project_id
        return [one for one in self._world.accounts.values() if one["projectId"] == mine]

    async def _get(self, call: Call) -> Any:  # noqa: ANN401 - ServiceAccount
        return _message(self._allowed(call, "get", call.request.name))

    async def _list(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        permission = "iam.serviceAccounts.list"
        require(self._world, call, permission, call.request.name, iam_refusal)
        found = self._of(self._project(call.request.name, permission))
        size = call.request.page_size
        shown, token = page(found, min(size or _PAGE, _MAX_PAGE), call.request.page_token)
        return iam_admin_v1.ListServiceAccountsResponse.pb()(
            accounts=map(_message, shown), next_page_token=token
        )

    async def _patch(self, call: Call) -> Any:  # noqa: ANN401 - ServiceAccount
        sent = call.request.service_account
        paths = tuple(call.request.update_mask.paths or _CHANGEABLE)
        changed = self._change(call, sent, paths)
        # Only the name and what was changed is answered (recorded).
        answer = type(changed)(name=changed.name)
        for path in paths:
            setattr(answer, path, getattr(changed, path))
        return answer

    async def _replace(self, call: Call) -> Any:  # noqa: ANN401 - ServiceAccount
        return self._change(call, call.request, tuple(_CHANGEABLE))

    def _change(self, call: Call, sent: Any, paths: tuple[str, ...]) -> Any:  # noqa: ANN401 - messages
        account = dict(self._allowed(call, "update", sent.name))
        _check_texts(sent)
        for path in paths:
            if path not in _CHANGEABLE:
                raise invalid(f"The update mask names a field that cannot be changed: {path}")
            account[_CHANGEABLE[path]] = getattr(sent, path)
        return _message(self._world.accounts.put(account["email"], account))

    async def _delete(self, call: Call) -> Any:  # noqa: ANN401 - Empty
        self._deleted.take(self._allowed(call, "delete", call.request.name))
        return Empty()

    async def _undelete(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        name = call.request.name
        found = self._deleted.find(name.rpartition("/")[2])
        resource = found["name"] if found else self._world.hierarchy.canonical(name)
        require(self._world, call, "iam.serviceAccounts.undelete", resource, iam_refusal)
        if found is None:
            raise not_found("Unknown service account")
        if found["email"] in self._world.accounts:
            raise ApiError("FAILED_PRECONDITION", "Precondition check failed.")
        restored = self._deleted.restore(found)
        return iam_admin_v1.UndeleteServiceAccountResponse.pb()(restored_account=_message(restored))

    async def _enable(self, call: Call) -> Any:  # noqa: ANN401 - Empty
        return self._switch(call, "enable", disabled=False)

    async def _disable(self, call: Call) -> Any:  # noqa: ANN401 - Empty
        return self._switch(call, "disable", disabled=True)

    def _switch(self, call: Call, verb: str, *, disabled: bool) -> Any:  # noqa: ANN401 - Empty
        account = {**self._allowed(call, verb, call.request.name), "disabled": disabled}
        self._world.accounts.put(account["email"], account)
        return Empty()

    def _allowed(self, call: Call, verb: str, name: str) -> dict[str, Any]:
        resource = full_name(self._world, name)
        require(self._world, call, f"iam.serviceAccounts.{verb}", resource, iam_refusal)
        return resolve(self._world, name)


def _check_id(account_id: str) -> None:
    if len(account_id) not in _LENGTHS:
        text = f'The account ID "{account_id}" does not have a length between 6 and 30.'
        raise ApiError("INVALID_ARGUMENT", text, error_details_pb2.DebugInfo(detail=text))
    if not _ID.fullmatch(account_id):
        rule = "must match [a-z]([-a-z0-9]*[a-z0-9])"
        raise invalid("Request contains an invalid argument.", ("account_id", rule))


def _taken(account_id: str, project: Project, email: str) -> ApiError:
    name = f"projects/{project.project_id}"
    return ApiError(
        "ALREADY_EXISTS",
        f"Service account {account_id} already exists within project {name}.",
        error_details_pb2.ResourceInfo(resource_name=f"{name}/serviceAccounts/{email}"),
    )


def _check_texts(account: Any) -> None:  # noqa: ANN401 - ServiceAccount
    if len(account.display_name.encode()) > _MAX_DISPLAY_NAME:
        raise invalid("The display name must have at most 100 bytes.")
    if len(account.description.encode()) > _MAX_DESCRIPTION:
        raise invalid("The description must have at most 256 bytes.")


def _message(account: dict[str, Any]) -> Any:  # noqa: ANN401 - ServiceAccount
    return json_format.ParseDict(account, iam_admin_v1.ServiceAccount.pb()())
