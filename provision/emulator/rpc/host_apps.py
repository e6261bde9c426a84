"""One HTTP port, many hosts: each of Google's hosts gets the routes of its own API and no other's.

The emulator's own host has all routes, told apart by their paths.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from aiohttp.web_urldispatcher import AbstractRuleMatching, MatchedSubAppResource

from provision.emulator.rpc import hosts, http_faults, unreadable
from provision.emulator.rpc.calls import Dispatcher
from provision.emulator.rpc.catalogue import Method
from provision.emulator.rpc.rest import RestApi, error_response
from provision.emulator.rpc.status import ApiError

Mount = Callable[[web.Application], None]
"""Adds a room's routes to an application; called once for each host that has them."""

_LOCATION = re.compile(r"projects/[^/]+/locations/([^/:]+)(?:[/:].*)?")
_MOUNTED_ALONE = frozenset({"storage", "cloudbuild"})
"""APIs that are not offered but for what a room mounts."""
_NOT_OURS = "this is no proxy to other hosts: only Google's hosts and loopback are answered\n"


class _OnHost(AbstractRuleMatching):
    """Fits requests for the hosts of some APIs."""

    def __init__(self, fits: Callable[[hosts.GoogleHost], bool], title: str) -> None:
        self._fits = fits
        self._title = title

    async def match(self, request: web.Request) -> bool:
        host = hosts.host_of(request)
        return host is not None and self._fits(host)

    def get_info(self) -> dict[str, str]:  # type: ignore[override] # aiohttp's own type is private
        return {"domain": self._title}

    @property
    def canonical(self) -> str:
        return self._title


def build(
    dispatcher: Dispatcher,
    offered: Iterable[Method],
    rooms: Mapping[str, Iterable[Mount]],
    own: Iterable[Mount],
    max_body: int,
) -> web.Application:
    """The application behind the HTTP port.

    Args:
        dispatcher: runs RPCs.
        offered: every RPC.
        rooms: what each API has beside its RPCs, by the API's name as in ``run``.
        own: what only the emulator's own host has.
        max_body: bytes that a request's body may have.
    """
    methods = tuple(offered)
    faulty = http_faults.middleware(dispatcher.faults, dispatcher.recorder)
    root = web.Application(
        client_max_size=max_body,
        middlewares=[unreadable.middleware, faulty, _as_meant, _kept(dispatcher.keep)],
    )
    every = (*own, *(mount for mounts in rooms.values() for mount in mounts))
    for mount in dict.fromkeys(every):  # the same one may be on several hosts
        mount(root)
    _answer_rpcs(root, RestApi(dispatcher, methods))
    for api in sorted({*rooms, *_apis(methods)}):
        app = web.Application()
        for mount in rooms.get(api, ()):
            mount(app)
        if api in _MOUNTED_ALONE:
            app.router.add_route("*", "/{path:.*}", _not_offered)
        else:
            _answer_rpcs(app, RestApi(dispatcher, tuple(_of_api(api, methods))))
        _add(root, app, lambda host, api=api: host.api == api, api)  # type: ignore[misc] # bound now
    other = web.Application()
    other.router.add_route("*", "/{path:.*}", _not_offered)
    _add(root, other, lambda _: True, "other")
    return root


def _apis(methods: Iterable[Method]) -> set[str]:
    return {
        api
        for method in methods
        for route in method.routes
        for api in hosts.apis_of_route(method.name, route.template)
    }


def _of_api(api: str, methods: Iterable[Method]) -> Iterable[Method]:
    for method in methods:
        routes = tuple(
            route
            for route in method.routes
            if api in hosts.apis_of_route(method.name, route.template)
        )
        if routes:
            yield Method(method.name, method.request, method.response, routes)


def _add(
    root: web.Application,
    app: web.Application,
    fits: Callable[[hosts.GoogleHost], bool],
    title: str,
) -> None:
    app.pre_freeze()
    root.router.register_resource(MatchedSubAppResource(_OnHost(fits, title), app))


def _answer_rpcs(app: web.Application, rest: RestApi) -> None:
    async def serve(request: web.Request) -> web.StreamResponse:
        match = rest.find(request)
        if match is None:
            return error_response(ApiError("NOT_FOUND", "Method not found."))
        region = hosts.region_of(request)
        if region and any(_elsewhere(value, region) for _, value in match.variables):
            text = "Operation is not implemented, or supported, or enabled."
            return error_response(ApiError("UNIMPLEMENTED", text))
        return await rest.answer(request, match)

    app.router.add_route("*", "/{path:.*}", serve)


def _elsewhere(name: str, region: str) -> bool:
    found = _LOCATION.fullmatch(name)
    return found is not None and found.group(1) != region


async def _not_offered(request: web.Request) -> web.StreamResponse:
    host = hosts.authority(request).partition(":")[0]
    text = f"{host} is not offered by this emulator."
    return error_response(ApiError("UNIMPLEMENTED", text))


def _kept(keep: Callable[[], None]) -> Middleware:
    """Answers that something was done once it survives a kill; RPCs saw to that before."""

    @web.middleware
    async def serve(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        try:
            if request.method not in ("GET", "HEAD"):
                keep()
        except ApiError as error:
            failed = response.status >= HTTPStatus.BAD_REQUEST or response.prepared
            return response if failed else error_response(error)
        return response

    return serve


@web.middleware
async def _as_meant(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Show handlers the host, port and scheme that the client asked for.

    A Google host that is not asked with a plain ``http://`` target was asked over TLS, and links
    (of the registry, for one) have to say so.
    """
    absolute, meant = hosts.is_absolute(request), hosts.host_of(request)
    host = hosts.authority(request)
    if absolute and meant is None and not hosts.is_loopback(host):
        return web.Response(status=403, text=_NOT_OURS)
    if absolute:
        request = request.clone(rel_url=request.rel_url, host=host, scheme="http")
    elif meant is not None:
        request = request.clone(scheme="https")
    return await handler(request)
