"""The addresses of services: who comes from where, who gets in, and on to the container.

Inside or outside is told by the connection alone: a request is from inside when it comes from a
container of the emulator whose revision sends all its traffic through a VPC, or from one of
Google's products on behalf of the same project. No header can say so.
"""

from dataclasses import replace
from urllib.parse import unquote

from aiohttp import web

from provision.emulator.frontdoor import pages
from provision.emulator.frontdoor.admission import (
    AUTHORIZATION,
    SERVERLESS,
    Credential,
    Invokers,
    Verdict,
    chosen,
    find_credential,
    reachable,
)
from provision.emulator.frontdoor.forwarding import Forwarder
from provision.emulator.frontdoor.iap import IapGate, Passed
from provision.emulator.frontdoor.listening import Listeners
from provision.emulator.frontdoor.onward import (
    TRACE,
    Onward,
    below,
    host_name,
    raw_target,
    target_path,
)
from provision.emulator.frontdoor.pages import Page
from provision.emulator.frontdoor_seams import Insiders, Route, Routes
from provision.emulator.function_seams import FunctionHost, FunctionKey, FunctionTargets
from provision.emulator.seams import Access, Identities, RequestAttributes, Runtime, ServiceKey

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class HttpFrontDoor:
    """Opens the addresses of services and answers on them.

    Args:
        routes: how each service is to be served, asked at every request.
        access: the policies.
        identities: verifies ID tokens.
        runtime: where revisions run.
        host: the loopback address to listen on.
    """

    def __init__(
        self,
        routes: Routes,
        access: Access,
        identities: Identities,
        runtime: Runtime,
        host: str = "127.0.0.1",
    ) -> None:
        self._routes = routes
        self._functions: FunctionTargets | None = None
        self._insiders: Insiders | None = None
        self._invokers = Invokers(access, identities)
        self._iap = IapGate(access, identities)
        self._runtime = runtime
        self._forwarder = Forwarder()
        self._names = (host, runtime.gateway or "localhost")
        self._listeners = Listeners((host, runtime.gateway) if runtime.gateway else (host,))

    async def open(
        self, service: ServiceKey, port: int | None = None, tag: str = ""
    ) -> tuple[int, tuple[str, ...]]:
        """Listen for the service; see `seams.FrontDoor`. Raises `OSError` when `port` is taken."""

        async def serve(request: web.BaseRequest) -> web.StreamResponse:
            return await self._serve(service, tag, request)

        chosen = await self._listeners.open((service, tag), serve, port)
        return chosen, tuple(f"http://{name}:{chosen}" for name in self._names)

    async def close(self, service: ServiceKey, tag: str = "") -> None:
        """Stop listening for the service, or for one of its tags."""
        await self._listeners.close((service, tag))

    def listens(self, host: str, port: int) -> bool:
        """Whether an address is one of those that are open."""
        return host in (*self._names, "localhost") and self._listeners.has(port)

    def attach(self, functions: FunctionTargets) -> None:
        """Say what functions there are; before an address of theirs is opened."""
        self._functions = functions

    def admit_insiders(self, insiders: Insiders) -> None:
        """Say who is inside beside containers; nobody is until then."""
        self._insiders = insiders

    async def open_functions(
        self, host: FunctionHost, port: int | None = None
    ) -> tuple[int, tuple[str, ...]]:
        """Listen for a project's functions of a region; see `function_seams.FunctionDoor`."""

        async def serve(request: web.BaseRequest) -> web.StreamResponse:
            return await self._serve_function(host, request)

        chosen = await self._listeners.open(host, serve, port)
        return chosen, tuple(f"http://{name}:{chosen}" for name in self._names)

    async def close_functions(self, host: FunctionHost) -> None:
        """Stop listening for them."""
        await self._listeners.close(host)

    async def close_all(self) -> None:
        """Stop listening, and let go of the containers."""
        await self._listeners.close_all()
        await self._forwarder.close()

    async def _serve_function(
        self, host: FunctionHost, request: web.BaseRequest
    ) -> web.StreamResponse:
        """Answer a request whose path begins with a function's name."""
        target = raw_target(request)
        first = target.partition("?")[0].split("/", 2)[1:2]
        name = unquote(first[0]) if first else ""
        found = self._functions.target(host, name) if self._functions and name else None
        if found is None:
            return _response(request, pages.not_found())
        # Whoever asks for Google's name without TLS sends it to a proxy, as a whole address.
        plain = request.raw_path.lower().startswith(f"http://{host.google_name}/")
        if found.secure_always and plain:
            return _response(request, pages.moved(f"https://{host.google_name}{target}"))
        return await self._serve(found.key, "", request, f"/{first[0]}")

    async def _serve(
        self, service: ServiceKey, tag: str, request: web.BaseRequest, prefix: str = ""
    ) -> web.StreamResponse:
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(_CONTINUE)
        answer = await self._answer(service, tag, request, prefix)
        return _response(request, answer) if isinstance(answer, Page) else answer

    async def _answer(
        self, service: ServiceKey, tag: str, request: web.BaseRequest, prefix: str
    ) -> web.StreamResponse | Page:
        route = chosen(self._route(service), tag)
        path = below(prefix, request).partition("?")[0] if prefix else target_path(request)
        if not path.startswith("/"):  # `OPTIONS *` and CONNECT are about no path of a service
            return pages.not_found()
        if route is None or not reachable(route, path, inside=self._is_inside(service, request)):
            return pages.not_found()
        attributes = RequestAttributes(path=path, host=host_name(request))
        if route.iap_enabled:
            return await self._through_iap(route, request, attributes)
        credential = find_credential(
            {name: request.headers.getall(name, []) for name in (SERVERLESS, AUTHORIZATION)}
        )
        verdict = self._invokers.judge(route, credential, attributes)
        if verdict is Verdict.ADMITTED:
            return await self._admit(route, request, credential, prefix)
        return _refusal(verdict, target_path(request))

    async def _through_iap(
        self, route: Route, request: web.BaseRequest, attributes: RequestAttributes
    ) -> web.StreamResponse | Page:
        """First Identity-Aware Proxy decides about the caller, then IAM about its agent."""
        passed = self._iap.judge(
            route, lambda name: request.headers.getall(name, []), attributes, str(request.url)
        )
        if isinstance(passed, Page):
            return passed
        verdict = self._invokers.judge_agent(route, passed.agent, attributes)
        if verdict is Verdict.ADMITTED:
            return await self._admit(route, request, None, "", passed)
        return _refusal(verdict, target_path(request))

    def _route(self, service: ServiceKey) -> Route | None:
        if isinstance(service, FunctionKey):
            return self._functions.route(service) if self._functions else None
        return self._routes.route(service)

    def _is_inside(self, service: ServiceKey, request: web.BaseRequest) -> bool:
        if request.transport is None:
            return False
        peer = request.transport.get_extra_info("peername")
        near = request.transport.get_extra_info("sockname")
        if self._insiders is not None and self._insiders.project(peer, near) == service.project:
            return True
        caller = self._runtime.caller(peer[0]) if peer else None
        if caller is None or caller.vpc_egress != "ALL_TRAFFIC":
            return False
        # A project's VPC is inside for that project's services.
        return caller.service.project == service.project

    async def _admit(
        self,
        route: Route,
        request: web.BaseRequest,
        credential: Credential | None,
        prefix: str,
        passed: Passed | None = None,
    ) -> web.StreamResponse | Page:
        revision = route.revision or ""
        address = await self._runtime.address(route.service, revision)
        if address is None:
            if self._runtime.gateway is None:
                return pages.placeholder(route.service.service, revision)
            return pages.unavailable()
        unsigned = self._invokers.without_signature(credential) if credential else None
        seen = (credential.header, unsigned) if credential and unsigned else None
        onward = Onward(request, address, route.timeout, seen, prefix)
        if passed is not None:
            onward = replace(onward, told=passed.headers, spent=passed.spent)
        return await self._forwarder.forward(onward)


def _refusal(verdict: Verdict, path: str) -> Page:
    return pages.unauthorized(path) if verdict is Verdict.UNAUTHORIZED else pages.forbidden(path)


def _response(request: web.BaseRequest, page: Page) -> web.Response:
    headers = {
        **page.headers,
        "Content-Type": page.content_type,
        "Server": "Google Frontend",
    }
    if TRACE in request.headers:
        headers[TRACE] = request.headers[TRACE]
    return web.Response(status=page.status, text=page.body, headers=headers)
