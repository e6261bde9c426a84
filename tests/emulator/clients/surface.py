"""What Google's Python clients can call: read from the client classes, so that new RPCs show up."""

import importlib
import inspect
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import grpc

from provision.emulator.rpc.catalogue import Method, methods

PACKAGES = (
    "google.cloud.run_v2",
    "google.cloud.artifactregistry_v1",
    "google.cloud.resourcemanager_v3",
    "google.cloud.iam_admin_v1",
    "google.cloud.iam_credentials_v1",
    "google.cloud.iam_v2",
    "google.cloud.iam_v3",
    "google.cloud.iap_v1",
    "google.cloud.asset_v1",
    "google.cloud.functions_v2",
    "google.cloud.functions_v1",
    "google.pubsub_v1",
    "google.cloud.eventarc_v1",
    "google.cloud.scheduler_v1",
    "google.cloud.tasks_v2",
    "google.cloud.workflows_v1",
    "google.cloud.workflows.executions_v1",
)
"""The client packages of the emulated services."""

_NOT_RPCS = {"kind", "grpc_channel", "operations_client"}
_WILDCARDS = re.compile(r"\*\*|\*")
_VARIABLE = re.compile(r"\{([^=}]+)(?:=([^}]*))?\}")


@dataclass(frozen=True)
class ClientCall:
    """How a client calls an RPC.

    Args:
        rpc: ``google.cloud.run.v2.Services/GetService``.
        client: the client class.
        method: its method, ``get_service``.
    """

    rpc: str
    client: Any
    method: str

    @property
    def transports(self) -> tuple[str, ...]:
        """What the client can be reached over: ``google.cloud.iam_admin_v1`` has gRPC alone."""
        package = inspect.getmodule(self.client.get_transport_class("grpc")).__package__  # type: ignore[union-attr] # it is in one
        has_rest = hasattr(importlib.import_module(str(package)), f"{self._service}RestTransport")
        return ("grpc", "rest") if has_rest else ("grpc",)

    @property
    def _service(self) -> str:
        return str(self.client.__name__).removesuffix("Client")


class _SeenError(Exception):
    """Says which RPC was about to be called."""


class _Listener(grpc.UnaryUnaryClientInterceptor):
    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:  # noqa: ANN401 - grpc's signature
        del continuation, request
        raise _SeenError(details.method.removeprefix("/"))


@cache
def surface() -> tuple[ClientCall, ...]:
    """Every RPC that a client has a method for; mixed-in ones with the first client that has them.

    Nothing is sent: the listener notes the name and gives up.
    """
    found: dict[str, ClientCall] = {}
    for package in PACKAGES:
        for client in _clients(package):
            for call in _calls(client):
                found.setdefault(call.rpc, call)
    return tuple(found.values())


def _clients(package: str) -> Iterator[Any]:
    for name, value in vars(importlib.import_module(package)).items():
        is_client = hasattr(value, "get_transport_class")  # a message may be called so, too
        if name.endswith("Client") and not name.endswith("AsyncClient") and is_client:
            yield value


def _calls(client: Any) -> Iterator[ClientCall]:  # noqa: ANN401 - a client class
    transport = client.get_transport_class("grpc")
    channel = grpc.intercept_channel(grpc.insecure_channel("localhost:9"), _Listener())
    made = client(transport=transport(channel=channel))
    for name, value in inspect.getmembers(transport):
        name = name if hasattr(client, name) else name.rstrip("_")  # noqa: PLW2901 - ``create_channel_``
        if isinstance(value, property) and name not in _NOT_RPCS and hasattr(client, name):
            if "request" not in inspect.signature(getattr(made, name)).parameters:
                continue  # a stream of requests, which the emulator has none of
            try:
                with warnings.catch_warnings():  # some are deprecated, and known all the same
                    warnings.simplefilter("ignore", DeprecationWarning)
                    getattr(made, name)(request={})
            except _SeenError as seen:
                yield ClientCall(str(seen), client, name)


@cache
def _methods() -> dict[str, Method]:
    return {method.name: method for method in methods()}


def request_for(rpc: str) -> Any:  # noqa: ANN401 - protobuf
    """A request that names something of the right form, so that REST has a path for it."""
    method = _methods()[rpc]
    request = method.request()
    if method.routes:
        for name, pattern in _VARIABLE.findall(method.routes[0].template):
            *path, last = name.split(".")
            holder = request
            for part in path:
                holder = getattr(holder, part)
            setattr(holder, last, _WILDCARDS.sub("some-thing", pattern or "*"))
    return request
