"""`InvokerAuth`: the same for httpx, as an authentication flow."""

import warnings
from collections.abc import AsyncGenerator, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx

from provision.clients.clock import Clock
from provision.clients.id_tokens import Minted
from provision.clients.invoking.redirects import LeftOriginWarning, explain
from provision.clients.invoking.service import Service
from provision.tokens.authorization import AUTHORIZATION, REFUSED, SERVERLESS, bearer, header_for

_UNAUTHORIZED = 401
_REFUSALS = (_UNAUTHORIZED, 403)


@dataclass(frozen=True)
class _Token:
    """Asks for a token, and for another one than `refused`."""

    refused: Minted | None = None


_Step = _Token | httpx.Request | httpx.Response
"""What the flow needs next: a token, an answer to a request, or the body of a response."""


class _Headers(httpx.Headers):
    """Headers with a token that is there on the wire only.

    httpx takes ``Authorization`` off a redirect that leaves the origin, and nothing else. What it
    copies from these headers is without the token, wherever a redirect leads.
    """

    def __init__(self, headers: httpx.Headers, value: str) -> None:
        self._value = value
        super().__init__(headers)
        self.pop(SERVERLESS, None)

    @property
    def raw(self) -> list[tuple[bytes, bytes]]:
        """What goes over the wire."""
        return [*super().raw, (SERVERLESS.encode("ascii"), self._value.encode())]


class InvokerAuth(httpx.Auth):
    """Puts ID tokens for one private service on requests of httpx clients, sync and async.

    The token goes into ``Authorization``, or into ``X-Serverless-Authorization`` where the request
    or the client has an ``Authorization`` of its own. Once answered, no request holds it.

    Args:
        url: the service's address.
        audience: what tokens are for, where it is not the address (a custom audience).
        service_account: whom to speak as, by impersonation; several separated by commas are a
            chain of delegates, the last spoken as.
        credentials: google-auth's credentials of whoever calls; found as everywhere where None.
        clock: tells the time.

    Raises:
        UsageError: as `Invoker`; and for requests to other origins.
    """

    def __init__(
        self,
        url: str,
        *,
        audience: str = "",
        service_account: str = "",
        credentials: Any = None,  # noqa: ANN401 - google-auth ships no types
        clock: Clock | None = None,
    ) -> None:
        self._service = Service(url, audience, service_account)
        self._tokens = self._service.tokens(credentials, clock)

    def __repr__(self) -> str:
        """The address."""
        return f"<InvokerAuth {self._service.url}>"

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """The flow of a `httpx.Client`."""
        with closing(self._steps(request)) as steps:
            step: _Step | None = next(steps, None)
            while step is not None:
                if isinstance(step, _Token):
                    step = _next(steps, self._token(step))
                elif isinstance(step, httpx.Response):
                    step.read()
                    step = _next(steps, None)
                else:
                    step = _next(steps, (yield step))

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """The flow of a `httpx.AsyncClient`; minting does not hold up other tasks."""
        from anyio import to_thread

        with closing(self._steps(request)) as steps:
            step: _Step | None = next(steps, None)
            while step is not None:
                if isinstance(step, _Token):
                    held = None if step.refused else self._tokens.find()
                    step = _next(steps, held or await to_thread.run_sync(self._token, step))
                elif isinstance(step, httpx.Response):
                    await step.aread()
                    step = _next(steps, None)
                else:
                    step = _next(steps, (yield step))

    def _token(self, step: _Token) -> Minted:
        return self._tokens.renewed(step.refused) if step.refused else self._tokens.get()

    def _steps(self, request: httpx.Request) -> Generator[_Step, Any, None]:
        """What is to be done, whether or not it is waited for."""
        self._service.require_own(str(request.url))
        header = header_for(request.headers)
        if header is None:
            self._tell((yield from self._with_own(request)))
            return
        minted: Minted = yield _Token()
        try:
            response = yield from self._answered(request, header, minted)
        finally:
            _clean(request, header)  # an error that is raised has it, too
        for item in (*response.history, response):
            _clean(item.request, header)
        self._tell(response)

    def _tell(self, response: httpx.Response) -> None:
        """Warn where the service's origin was left."""
        if not self._stayed(response):
            for told in explain(response):
                warnings.warn(told, LeftOriginWarning, stacklevel=3)

    def _with_own(self, request: httpx.Request) -> Generator[_Step, Any, httpx.Response]:
        """Send a token that the caller brought: as little as ours may it leave the origin."""
        own, asked = request.headers[SERVERLESS], [request]
        try:
            while True:
                asked[-1].headers = _Headers(asked[-1].headers, own)
                response: httpx.Response = yield asked[-1]
                if not self._lost_on_the_way(response, SERVERLESS):
                    return response
                asked.append(response.request)
        finally:
            for one in asked:
                one.headers = httpx.Headers(one.headers)
                one.headers[SERVERLESS] = own

    def _answered(
        self, request: httpx.Request, header: str, minted: Minted
    ) -> Generator[_Step, Any, httpx.Response]:
        renewed = False
        while True:
            _attach(request, header, minted)
            response: httpx.Response = yield request
            if self._lost_on_the_way(response, header):
                request = response.request
                continue
            if renewed or not self._looks_stale(response, minted):
                return response
            yield response
            if REFUSED not in response.text:
                return response
            renewed, request = True, response.request
            minted = yield _Token(minted)

    def _lost_on_the_way(self, response: httpx.Response, header: str) -> bool:
        """Whether a redirect within the service's origin was followed without the token."""
        return (
            header == SERVERLESS
            and response.status_code in _REFUSALS
            and not isinstance(response.request.headers, _Headers)
            and self._stayed(response)
            and _can_be_sent_again(response.request)
        )

    def _looks_stale(self, response: httpx.Response, minted: Minted) -> bool:
        return (
            response.status_code == _UNAUTHORIZED
            and self._stayed(response)
            and _can_be_sent_again(response.request)
            and self._tokens.may_be_stale(minted, response.headers)
        )

    def _stayed(self, response: httpx.Response) -> bool:
        return all(self._service.owns(str(item.url)) for item in (*response.history, response))


def _attach(request: httpx.Request, header: str, minted: Minted) -> None:
    if header == SERVERLESS:
        request.headers = _Headers(request.headers, bearer(minted.token))
    else:
        request.headers[header] = bearer(minted.token)


def _clean(request: httpx.Request, header: str) -> None:
    """Take the token off a request that somebody gets to see."""
    if header == AUTHORIZATION:
        request.headers.pop(AUTHORIZATION, None)
    elif isinstance(request.headers, _Headers):
        request.headers = httpx.Headers(request.headers)


def _can_be_sent_again(request: httpx.Request) -> bool:
    return isinstance(request.stream, httpx.ByteStream)


def _next(steps: Generator[_Step, Any, None], value: object) -> _Step | None:
    try:
        return steps.send(value)
    except StopIteration:
        return None
