"""The one way an RPC goes: who calls, is a fault to be played, run it, write down what happened."""

import asyncio
import logging
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from provision.emulator.rpc.faults import ConnectionCutError, Faults, noted, played_now
from provision.emulator.rpc.hosts import api_of_method
from provision.emulator.rpc.redaction import redacted
from provision.emulator.rpc.scopes import check_scopes
from provision.emulator.rpc.status import ApiError
from provision.emulator.seams import Identities

_READS = (
    *("Get", "List", "Test", "Search", "Query", "Wait", "Generate", "Sign", "Lint", "Fetch"),
    *("Lookup", "Check", "BatchGet"),
)
_NAMES = ("topic", "subscription", "project")
"""Fields that hold a name themselves, where they are no messages (Pub/Sub's)."""
_HOLDERS = (
    *(
        "service",
        "repository",
        "service_account",
        "function",
        "trigger",
        "workflow",
        "queue",
        "job",
        "principal_access_boundary_policy",
        "policy_binding",
    ),
    *_NAMES,
)
_KEPT_RECORDS = 100_000
_LONGEST_NAME = 500
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


@dataclass(frozen=True, slots=True)
class Record:
    """One request as it is told by ``GET /_emulator/requests``; `faults` are ids."""

    method: str
    resource: str
    transport: str
    principal: str
    status: str
    time: float
    write: bool
    faults: list[str] = field(default_factory=list)


class Recorder:
    """Remembers the last 100,000 requests of every API, the registry's included."""

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
        # Names repeat: one text for all of them. What is longer than any name is cut short.
        method, resource, principal = (
            sys.intern(redacted(name)[:_LONGEST_NAME]) for name in (method, resource, principal)
        )
        self._records.append(
            Record(method, resource, transport, principal, status, time.time(), write, played_now())
        )

    def all(self) -> list[dict[str, object]]:
        """Every record, oldest first."""
        return [asdict(record) for record in self._records]

    def clear(self) -> None:
        """Forget all."""
        self._records.clear()


class Dispatcher:
    """Runs RPCs by their method name, for both transports.

    Args:
        handlers: what answers each RPC.
        identities: tells whose token was sent.
        recorder: takes note.
        keep: sees to it that what was written survives a kill. Raises `ApiError`.
    """

    def __init__(
        self,
        handlers: dict[str, Handler],
        identities: Identities,
        recorder: Recorder,
        keep: Callable[[], None],
    ) -> None:
        self.keep = keep
        self.check_enabled: Callable[[str, str], None] | None = None
        self._handlers = handlers
        self._identities = identities
        self.recorder = recorder
        self.faults = Faults()

    async def call(self, method: str, request: Any, token: str | None, transport: str) -> Any:  # noqa: ANN401 - protobuf
        """Run one RPC.

        Args:
            method: ``google.cloud.run.v2.Services/GetService``.
            request: the request message.
            token: the access token that was sent, if any.
            transport: ``grpc`` or ``rest``.

        Raises:
            ApiError: how it ends.
            ConnectionCutError: it is not to be answered at all.
        """
        with noted():
            return await self._recorded(method, request, token, transport)

    async def _recorded(self, method: str, request: Any, token: str | None, transport: str) -> Any:  # noqa: ANN401 - protobuf
        principal, status = "", "OK"
        try:
            principal = self._principal(token, method)
            scopes = self._identities.scopes(token or "")
            check_scopes(scopes, method, write=is_write(method))
            return await self._run(Call(method, principal, request))
        except ApiError as error:
            status = error.code
            raise
        except ConnectionCutError:
            status = "CUT"
            raise
        except asyncio.CancelledError:  # the caller did not wait
            status = "CANCELLED"
            raise
        except Exception as error:  # a bug: kept in the log, told as little as Google tells
            status = "INTERNAL"
            _log.exception("%s broke", method)
            raise ApiError("INTERNAL", "Internal error encountered.") from error
        finally:
            self.recorder.record(
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
        if self.check_enabled is not None:
            about = resource_of(call.request)
            self.check_enabled(api_of_method(call.method, about), about)
        subject, write = _subject(call.request), is_write(call.method)
        async with self.faults.around(call.method, subject, write=write):
            result = await handler(call)
            if write:
                self.keep()
            return result

    def _principal(self, token: str | None, method: str) -> str:
        if not token and method.startswith(_OPEN):
            return _ANONYMOUS
        if not token:
            raise ApiError("UNAUTHENTICATED", NO_CREDENTIAL)
        member = self._identities.member(token, api_of_method(method))
        if member is None:
            raise ApiError("UNAUTHENTICATED", BAD_CREDENTIAL)
        return member


_ANONYMOUS = "allUsers"
_OPEN = "google.storage."
"""The API that also answers whoever sends no token: objects may be public."""


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


def _subject(request: Any) -> str:  # noqa: ANN401 - protobuf
    """What a request is about, for faults: with the id that something new is to have."""
    if not hasattr(request, "DESCRIPTOR"):
        return resource_of(request)
    ids = (getattr(request, one.name) for one in request.DESCRIPTOR.fields if _is_id(one.name))
    return "/".join((resource_of(request), *filter(None, map(str, ids))))


def _is_id(name: str) -> bool:
    return name.endswith("_id") and name != "unique_id"


def _names(request: Any) -> Iterable[str]:  # noqa: ANN401 - protobuf
    fields = {field.name: field for field in request.DESCRIPTOR.fields}
    for name in ("name", "resource", "parent", "scope"):
        if name in fields:
            yield str(getattr(request, name))
    for name in _HOLDERS:
        if name in fields and fields[name].message_type is not None:
            yield str(getattr(getattr(request, name), "name", ""))
        elif name in fields and name in _NAMES:
            yield str(getattr(request, name))


def bearer(header: str | None) -> str | None:
    """The token of an Authorization header, or None."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
