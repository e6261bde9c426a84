"""The one way an RPC goes: who calls, is a fault to be played, run it, write down what happened."""

import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from provision.emulator.rpc.status import ApiError
from provision.emulator.seams import Identities

_READS = ("Get", "List", "Test", "Search", "Query", "Wait", "Generate", "Sign", "Lint", "Fetch")
_KEPT_RECORDS = 100_000
_log = logging.getLogger(__name__)

NO_CREDENTIAL = (
    "Request is missing required authentication credential. Expected OAuth 2 access token, login "
    "cookie or other valid authentication credential. See "
    "https://developers.google.com/identity/sign-in/web/devconsole-project."
)
BAD_CREDENTIAL = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie "
    "or other valid authentication credential. See "
    "https://developers.google.com/identity/sign-in/web/devconsole-project."
)


@dataclass(frozen=True)
class Call:
    """One RPC in progress.

    Args:
        method: ``google.cloud.run.v2.Services/GetService``.
        principal: ``user:…`` or ``serviceAccount:…``.
        request: the request message (protobuf).
    """

    method: str
    principal: str
    request: Any

    @property
    def email(self) -> str:
        """The caller's address, without the kind of member."""
        return self.principal.partition(":")[2]


Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True)
class Record:
    """One request as it is told by ``GET /_emulator/requests``."""

    method: str
    resource: str
    transport: str
    principal: str
    status: str
    time: float
    write: bool


class Recorder:
    """Remembers every request of every API, the registry's included."""

    def __init__(self) -> None:
        self._records: deque[Record] = deque(maxlen=_KEPT_RECORDS)

    def record(  # noqa: PLR0913 - one parameter a column
        self,
        method: str,
        resource: str,
        *,
        transport: str,
        principal: str,
        status: str,
        write: bool,
    ) -> None:
        """Note one request.

        Args:
            method: ``google.cloud.run.v2.Services/GetService`` or ``registry/PUT manifests``.
            resource: the name of what it was about.
            transport: ``grpc``, ``rest`` or ``registry``.
            principal: the member who asked; empty when anonymous.
            status: canonical code, or an HTTP status for the registry.
            write: whether it would change something.
        """
        self._records.append(
            Record(method, resource, transport, principal, status, time.time(), write)
        )

    def all(self) -> list[dict[str, object]]:
        """Every record, oldest first."""
        return [asdict(record) for record in self._records]

    def clear(self) -> None:
        """Forget all."""
        self._records.clear()


@dataclass
class Fault:
    """An error to answer with, a number of times.

    Args:
        method: which RPC.
        code: canonical code.
        message: what to say.
        times: how often it is still to happen.
        after: whether the write takes effect before the error is sent.
    """

    method: str
    code: str
    message: str
    times: int
    after: bool


class Dispatcher:
    """Runs RPCs by their method name, for both transports."""

    def __init__(
        self, handlers: dict[str, Handler], identities: Identities, recorder: Recorder
    ) -> None:
        self._handlers = handlers
        self._identities = identities
        self._recorder = recorder
        self.faults: list[Fault] = []

    async def call(self, method: str, request: Any, token: str | None, transport: str) -> Any:  # noqa: ANN401 - protobuf
        """Run one RPC. Raises `ApiError`.

        Args:
            method: ``google.cloud.run.v2.Services/GetService``.
            request: the request message.
            token: the access token that was sent, if any.
            transport: ``grpc`` or ``rest``.
        """
        principal, status = "", "OK"
        try:
            principal = self._principal(token)
            return await self._run(Call(method, principal, request))
        except ApiError as error:
            status = error.code
            raise
        except Exception as error:  # a bug: kept in the log, told as little as Google tells
            status = "INTERNAL"
            _log.exception("%s broke", method)
            raise ApiError("INTERNAL", "Internal error encountered.") from error
        finally:
            self._recorder.record(
                method,
                resource_of(request),
                transport=transport,
                principal=principal,
                status=status,
                write=is_write(method),
            )

    async def _run(self, call: Call) -> Any:  # noqa: ANN401 - protobuf
        handler = self._handlers.get(call.method)
        if handler is None:
            raise ApiError("UNIMPLEMENTED", f"{call.method} is not offered by this emulator.")
        self._play(call.method, after=False)
        answer = await handler(call)
        self._play(call.method, after=True)
        return answer

    def _play(self, method: str, *, after: bool) -> None:
        for fault in self.faults:
            if fault.method == method and fault.after == after and fault.times > 0:
                fault.times -= 1
                raise ApiError(fault.code, fault.message)

    def _principal(self, token: str | None) -> str:
        if not token:
            raise ApiError("UNAUTHENTICATED", NO_CREDENTIAL)
        member = self._identities.member(token)
        if member is None:
            raise ApiError("UNAUTHENTICATED", BAD_CREDENTIAL)
        return member


def is_write(method: str) -> bool:
    """Whether an RPC changes something, by its verb."""
    return not method.rpartition("/")[2].startswith(_READS)


def resource_of(request: Any) -> str:  # noqa: ANN401 - protobuf
    """The name of what a request is about; empty when it names nothing."""
    if not hasattr(request, "DESCRIPTOR"):  # of an API without messages: it tells by itself
        return str(request.resource)
    for path in _names(request):
        if path:
            return path
    return ""


def _names(request: Any) -> Iterable[str]:  # noqa: ANN401 - protobuf
    fields = {field.name: field for field in request.DESCRIPTOR.fields}
    for name in ("name", "resource", "parent"):
        if name in fields:
            yield str(getattr(request, name))
    for name in ("service", "repository", "service_account", "project"):
        if name in fields and fields[name].message_type is not None:
            yield str(getattr(getattr(request, name), "name", ""))


def bearer(header: str | None) -> str | None:
    """The token of an Authorization header, or None."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
