"""`Invoker`: a `requests.Session` for one private service."""

import copy
import warnings
from typing import Any

import requests
from requests.adapters import BaseAdapter

from provision.clients.clock import Clock
from provision.clients.id_tokens import Minted
from provision.clients.invoking.redirects import LeftOriginWarning, explained
from provision.clients.invoking.service import Service
from provision.clients.invoking.source import TokenSource
from provision.tokens.authorization import BOTH, REFUSED, bearer, header_for

_LEFT = "left_origin"
"""Marks a request that came by another origin."""
_UNAUTHORIZED = 401


class Invoker(requests.Session):
    """Calls one private service with ID tokens: a `requests.Session` in everything else.

    The token goes into ``Authorization``, or into ``X-Serverless-Authorization`` where the request
    or the session has an ``Authorization`` of its own. It is put on at the last moment: no
    request, response or exception that the caller sees holds it.

    Args:
        url: the service's address, as ``https://orders-123.asia-east1.run.app``; paths are given
            below it.
        audience: what tokens are for, where it is not the address (a custom audience).
        service_account: whom to speak as, by impersonation; several separated by commas are a
            chain of delegates, the last spoken as.
        credentials: google-auth's credentials of whoever calls; Application Default Credentials,
            or those of the emulator that ``PROVISION_EMULATOR`` names, where None.
        clock: tells the time.

    Raises:
        UsageError: `url` is no address, or neither https nor of this machine. Sending raises it
            for addresses of other origins and for credentials that are missing or refused,
            `PermissionDeniedError` where `service_account` may not be impersonated,
            `NotProvenError` for credentials that give no ID token and `UnavailableError` where a
            token service does not answer.
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
        super().__init__()
        self._service = Service(url, audience, service_account)
        self._given = credentials is not None
        self._tokens = self._service.tokens(credentials, clock)

    @classmethod
    def for_target(
        cls, target: str, *, project: str = "", region: str = "", service_account: str = ""
    ) -> "Invoker":
        """An invoker of what a name means, looked up now: that needs a right to read it.

        Args:
            target: ``service/NAME``, ``function/NAME`` or a full resource name.
            project: where the name has none; by default the environment's or gcloud's.
            region: likewise.
            service_account: as for `Invoker`; the look-up is the caller's own.

        Raises:
            UsageError: no such form, no project or region, or nothing that has an address.
            NotFoundError: there is none.
            PermissionDeniedError: it may not be read.
        """
        from provision.clients.invoking.lookup import service_of

        found = service_of(target, project, region, service_account)
        return cls(found.url, audience=found.audience, service_account=service_account)

    def __repr__(self) -> str:
        """The address."""
        return f"<Invoker {self._service.url}>"

    @property
    def audience(self) -> str:
        """What tokens are for; a user's are for an OAuth client, whatever this says."""
        return self._service.wanted_audience

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """As `requests.Session` does, below the service's address and without a netrc file."""
        ours = copy.copy(request)
        url = request.url
        ours.url = self._service.whole(url.decode() if isinstance(url, bytes) else str(url))
        if not ours.auth and not self.auth:
            ours.auth = _nobody
        return super().prepare_request(ours)

    def get_adapter(self, url: str) -> BaseAdapter:
        """What sends the request, with the token where it goes to the service."""
        inner = super().get_adapter(url)
        return _Carrier(inner, self._service, self._tokens)

    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        """Take both authorization headers off a redirect that leaves the origin, for good."""
        end = str(prepared_request.url)
        came_by = vars(response.request).get(_LEFT, False)
        if self._service.owns(end) and not came_by:
            return
        vars(prepared_request)[_LEFT] = True
        for name in BOTH:
            prepared_request.headers.pop(name, None)
        told = explained(response.status_code, str(response.url), end, own=False)
        warnings.warn(told, LeftOriginWarning, stacklevel=2)

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: never a token."""
        if self._given:
            raise TypeError("an Invoker that was given credentials is not pickled with them")
        return {"session": super().__getstate__(), "service": self._service}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin anew, without a token."""
        vars(self).update(state["session"])
        self._service = state["service"]
        self._given = False
        self._tokens = self._service.tokens()


class _Carrier(BaseAdapter):
    """Puts the token on a copy of a request and hands it on."""

    def __init__(self, inner: BaseAdapter, service: Service, tokens: TokenSource) -> None:
        super().__init__()
        self._inner = inner
        self._service = service
        self._tokens = tokens

    def send(
        self,
        request: requests.PreparedRequest,
        *args: Any,  # noqa: ANN401 - as the inner one's
        **kwargs: Any,  # noqa: ANN401
    ) -> requests.Response:
        """Send it; once more with a new token where the old one may have been too old."""
        header = header_for(request.headers)
        ours = self._service.owns(str(request.url)) and not vars(request).get(_LEFT, False)
        if header is None or not ours:
            return self._inner.send(request, *args, **kwargs)
        if self._service.is_local:
            kwargs["proxies"] = {}  # nobody between this machine and itself
        minted = self._tokens.get()
        response = self._with_token(request, header, minted, args, kwargs)
        if not self._refused_for_its_age(response, minted) or not _rewound(request):
            return response
        return self._with_token(request, header, self._tokens.renewed(minted), args, kwargs)

    def _with_token(
        self,
        request: requests.PreparedRequest,
        header: str,
        minted: Minted,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> requests.Response:
        outgoing = request.copy()
        outgoing.headers[header] = bearer(minted.token)
        try:
            response = self._inner.send(outgoing, *args, **kwargs)
        except requests.RequestException as error:
            error.request = request
            raise
        response.request = request
        return response

    def _refused_for_its_age(self, response: requests.Response, minted: Minted) -> bool:
        refused = response.status_code == _UNAUTHORIZED
        if not refused or not self._tokens.may_be_stale(minted, response.headers):
            return False
        return REFUSED.encode() in response.content

    def close(self) -> None:
        """Close what sends."""
        self._inner.close()


def _rewound(request: requests.PreparedRequest) -> bool:
    """Whether the body can be sent once more; a file is put back to where it began."""
    if request.body is None or isinstance(request.body, str | bytes):
        return True
    try:
        requests.utils.rewind_body(request)
    except requests.exceptions.UnrewindableBodyError:
        return False
    return True


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Stands for no credentials of the caller's own, so that no netrc file is looked up."""
    return request
