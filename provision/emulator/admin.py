"""``/_emulator``: what tests and people ask of the emulator itself. Loopback only.

A request with an Origin header, for a host that is not loopback, or by way of the proxy is refused:
a web page must not be able to ask a browser to come here (DNS rebinding).
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from provision.emulator.iam.groups import GroupMember
from provision.emulator.iam.identities import CLIENT_ID
from provision.emulator.iam.members import is_well_formed
from provision.emulator.rpc.asked_at import came_by_proxy
from provision.emulator.rpc.calls import Dispatcher, Recorder
from provision.emulator.rpc.fault_forms import seconds, to_fault, to_json
from provision.emulator.rpc.hosts import is_loopback
from provision.emulator.rpc.wellknown import Timestamp
from provision.emulator.times import to_micros
from provision.emulator.world import DEVELOPER, World

_PROJECT = re.compile(r"(?:[a-z0-9.-]{3,60}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")
_MEMBER_KINDS = ("user", "serviceAccount")
_GROUP_ROLES = ("MEMBER", "MANAGER", "OWNER")


def is_project_id(text: str) -> bool:
    """Whether a project can have that id."""
    return _PROJECT.fullmatch(text) is not None


class AdminError(Exception):
    """The admin request cannot be used as it is."""


class Admin:
    """The admin endpoints.

    Args:
        world: what is administered.
        dispatcher: takes faults.
        recorder: holds the requests.
        describe: the start line's content.
        reset: takes everything down and starts anew.
        logs: the last lines of a revision's container, by its full name; None when there is none.
        exports: lines that assets were exported as, by where they went; None for no such place.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - one collaborator each
        self,
        world: World,
        dispatcher: Dispatcher,
        recorder: Recorder,
        describe: Callable[[], dict[str, Any]],
        reset: Callable[[], Awaitable[None]],
        logs: Callable[[str], str | None],
        exports: Callable[[str], list[str] | None],
    ) -> None:
        self._world = world
        self._dispatcher = dispatcher
        self._recorder = recorder
        self._describe = describe
        self._reset_all = reset
        self._logs = logs
        self._exports = exports

    def mount(self, app: web.Application) -> None:
        """Add the routes."""
        add = app.router.add_route
        add("GET", "/_emulator", _guarded(self._about))
        add("GET", "/_emulator/requests", _guarded(self._requests))
        add("DELETE", "/_emulator/requests", _guarded(self._forget_requests))
        add("GET", "/_emulator/faults", _guarded(self._tell_faults))
        add("DELETE", "/_emulator/faults", _guarded(self._clear_faults))
        add("DELETE", "/_emulator/faults/{id}", _guarded(self._remove_fault))
        add("GET", "/_emulator/logs/{name:.+}", _guarded(self._log))
        add("GET", "/_emulator/exports", _guarded(self._export))
        for path, answer in {
            "reset": self._reset,
            "projects": self._project,
            "identities": self._identity,
            "settings": self._settings,
            "grants": self._grant,
            "groups": self._group,
            "orgpolicy": self._org_policy,
            "faults": self._set_fault,
        }.items():
            add("POST", f"/_emulator/{path}", _guarded(answer))

    def credentials(self, member: str) -> dict[str, str]:
        """Application default credentials of a member, as ``gcloud auth`` would write them."""
        return {
            "type": "authorized_user",
            "client_id": CLIENT_ID,
            "client_secret": self._world.identities.client_secret,
            "refresh_token": self._world.identities.refresh_token(member),
            "token_uri": f"{self._describe()['http']}/token",
            "account": member.partition(":")[2],
        }

    async def _about(self, _: web.Request) -> web.Response:
        from provision import __version__

        about = {**self._describe(), "version": __version__, "adc": self.credentials(DEVELOPER)}
        return _told(about)

    async def _requests(self, _: web.Request) -> web.Response:
        return _told(self._recorder.all())

    async def _forget_requests(self, _: web.Request) -> web.Response:
        self._recorder.clear()
        return _told({})

    async def _log(self, request: web.Request) -> web.Response:
        text = self._logs(request.match_info["name"])
        if text is None:
            return web.Response(status=404, text="no such revision\n")
        return web.Response(text=text)

    async def _export(self, request: web.Request) -> web.Response:
        lines = self._exports(request.query.get("to", ""))
        if lines is None:
            return web.Response(status=404, text="nothing was exported there\n")
        return web.Response(text="".join(f"{one}\n" for one in lines))

    async def _reset(self, _: web.Request) -> web.Response:
        await self._reset_all()
        self._dispatcher.faults.clear()
        self._recorder.clear()
        return _told({})

    async def _project(self, request: web.Request) -> web.Response:
        body = await _object(request)
        project_id = _text(body, "projectId")
        if not is_project_id(project_id):
            raise AdminError(f'"projectId" must be 6 to 30 of a-z, 0-9 and "-": not {project_id}')
        project = self._world.add_project(project_id)
        answer = {"projectId": project.project_id, "projectNumber": str(project.number)}
        return _told(answer)

    async def _identity(self, request: web.Request) -> web.Response:
        body = await _object(request)
        member, audience = _text(body, "member"), body.get("audience", "")
        kind = member.partition(":")[0]
        if kind not in _MEMBER_KINDS or not is_well_formed(member):
            raise AdminError('"member" must be "user:E-MAIL" or "serviceAccount:E-MAIL"')
        answer: dict[str, object] = {"access_token": self._world.identities.access_token(member)}
        if not isinstance(audience, str):
            raise AdminError('"audience" must be a text')
        if audience:
            answer["id_token"] = self._world.identities.id_token(member, audience)
        if kind == "user":
            answer["adc"] = self.credentials(member)
        return _told(answer)

    async def _settings(self, request: web.Request) -> web.Response:
        body, settings = await _object(request), self._world.settings
        identities = self._world.identities
        # All are looked at before any is set.
        iam_delay = seconds(body, "iamDelay", settings.iam_delay)
        operation_delay = seconds(body, "operationDelay", settings.operation_delay)
        lifetime = seconds(body, "idTokenLifetime", identities.id_token_lifetime)
        asset_delay = seconds(body, "assetDelay", settings.asset_delay)
        functions = seconds(body, "functionAssetDelay", settings.function_asset_delay)
        premium = body.get("identityPremium", settings.identity_premium)
        if not isinstance(premium, bool):
            raise AdminError('"identityPremium" must be true or false')
        settings.iam_delay, settings.operation_delay = iam_delay, operation_delay
        settings.identity_premium = premium
        identities.id_token_lifetime = lifetime
        settings.asset_delay, settings.function_asset_delay = asset_delay, functions
        answer = {
            "iamDelay": iam_delay,
            "operationDelay": operation_delay,
            "assetDelay": asset_delay,
            "functionAssetDelay": functions,
        }
        return _told({**answer, "idTokenLifetime": lifetime, "identityPremium": premium})

    async def _group(self, request: web.Request) -> web.Response:
        body = await _object(request)
        group = _text(body, "group")
        if not group.startswith("group:"):
            raise AdminError('"group" must be "group:E-MAIL"')
        members, viewers = body.get("members", []), body.get("viewers")
        if not isinstance(members, list):
            raise AdminError('"members" must be a list of members')
        if viewers is not None and not _are_texts(viewers):
            raise AdminError('"viewers" must be a list of members')
        told = tuple(_group_member(one) for one in members)
        self._world.groups.put(group.lower(), told, viewers)
        return _told({})

    async def _grant(self, request: web.Request) -> web.Response:
        """Bind a role as an administrator of the whole world would, at once."""
        body = await _object(request)
        resource = self._world.hierarchy.canonical(_text(body, "resource"))
        role = _text(body, "role")
        if self._world.roles.permissions(role) is None:
            raise AdminError(f"there is no role {role}")
        self._world.grant_at_once(resource, _text(body, "member"), (role,))
        return _told({})

    async def _org_policy(self, request: web.Request) -> web.Response:
        body = await _object(request)
        constraint = _text(body, "constraint").removeprefix("constraints/")
        given = body.get("allowed")
        if given is not None and not _are_texts(given):
            raise AdminError('"allowed" must be a list of texts')
        if given is None and not body.get("enforce"):
            self._world.settings.org_policies.pop(constraint, None)
        else:
            allowed = tuple(one.lower() for one in given or ())
            self._world.settings.org_policies[constraint] = allowed
        return _told({})

    async def _set_fault(self, request: web.Request) -> web.Response:
        fault = self._dispatcher.faults.add(to_fault(await _object(request)))
        return _told(to_json(fault))

    async def _tell_faults(self, _: web.Request) -> web.Response:
        told = [to_json(fault) for fault in self._dispatcher.faults.all()]
        return _told({"faults": told})

    async def _clear_faults(self, _: web.Request) -> web.Response:
        self._dispatcher.faults.clear()
        return _told({})

    async def _remove_fault(self, request: web.Request) -> web.Response:
        if self._dispatcher.faults.remove(request.match_info["id"]):
            return _told({})
        return _told({"error": "there is no fault of that id"}, status=404)


Answer = Callable[[web.Request], Awaitable[web.Response]]


def _told(value: object, status: int = 200) -> web.Response:
    """`value` as JSON, with the end of line that somebody at a terminal wants after it."""
    return web.json_response(text=f"{json.dumps(value)}\n", status=status)


def _guarded(answer: Answer) -> Answer:
    async def serve(request: web.Request) -> web.Response:
        if (
            "Origin" in request.headers
            or not is_loopback(request.host)
            or came_by_proxy(request.transport)
        ):
            return _told({"error": "only for programs on this machine"}, status=403)
        try:
            return await answer(request)
        except (AdminError, ValueError, TypeError) as error:
            return _told({"error": str(error)}, status=400)

    return serve


async def _object(request: web.Request) -> Mapping[str, Any]:
    body = json.loads(await request.read())  # in UTF-8, whatever the headers say
    if not isinstance(body, dict):
        raise AdminError("the body must be a JSON object")
    return body


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise AdminError(f'"{key}" must be a text')
    return value


def _group_member(value: object) -> GroupMember:
    """A member as a text, or with its role and the end of its membership."""
    if isinstance(value, str):
        return GroupMember(value)
    if not isinstance(value, dict):
        raise AdminError('"members" must be a list of members')
    role, expires = value.get("role", "MEMBER"), value.get("expireTime")
    if role not in _GROUP_ROLES:
        raise AdminError(f'"role" must be one of {", ".join(_GROUP_ROLES)}')
    if expires is not None and (role != "MEMBER" or not isinstance(expires, str)):
        raise AdminError('"expireTime" must be a text, and only a MEMBER has one')
    end = to_micros(_moment(expires)) / 1e6 if expires is not None else None
    return GroupMember(_text(value, "member"), role, end)


def _moment(text: str) -> Any:  # noqa: ANN401 - a Timestamp
    moment = Timestamp()
    moment.FromJsonString(text)  # ValueError, which is told
    return moment


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
