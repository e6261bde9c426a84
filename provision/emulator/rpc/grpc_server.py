"""The gRPC side: generic handlers over the same dispatcher; no generated service code."""

from collections.abc import Iterable
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from grpc_status import rpc_status

from provision.emulator.rpc import asked_at, connections
from provision.emulator.rpc.calls import Dispatcher, bearer
from provision.emulator.rpc.catalogue import Method
from provision.emulator.rpc.faults import ConnectionCutError
from provision.emulator.rpc.status import ApiError, invalid

_MOST_OF_AN_ERROR = 4096
_MOST_OF_A_MESSAGE = 500
_MAX_MESSAGE = 32 * 1024 * 1024


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, dispatcher: Dispatcher, methods: Iterable[Method]) -> None:
        self._dispatcher = dispatcher
        self._methods = {method.name: method for method in methods}

    def service(self, handler_call_details: Any) -> Any:  # noqa: ANN401 - grpc's signature
        """The handler of a call; methods that are not offered are refused by name."""
        name = handler_call_details.method.removeprefix("/")
        method = self._methods.get(name)
        if method is None:
            return grpc.unary_unary_rpc_method_handler(_not_offered(name))
        return grpc.unary_unary_rpc_method_handler(
            self._behaviour(method),
            response_serializer=lambda message: message.SerializeToString(),
        )

    def _behaviour(self, method: Method) -> Any:  # noqa: ANN401 - a grpc behaviour
        async def run(raw: bytes, context: Any) -> Any:  # noqa: ANN401 - grpc's signature
            metadata = dict(context.invocation_metadata() or ())
            token = bearer(metadata.get("authorization"))
            asked_at.set_at_google(value=asked_at.is_tunnel(context.peer()))
            try:
                request = _message(method, raw)
                return await self._dispatcher.call(method.name, request, token, "grpc")
            except ApiError as error:
                await context.abort_with_status(
                    rpc_status.to_status(_in_trailers(error.to_status()))
                )
            except ConnectionCutError:
                connections.cut(context.peer())
                # Nobody gets this: grpc wants an end of the call, and finds the connection closed.
                await context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")

        return run


def _in_trailers(status: Any) -> Any:  # noqa: ANN401 - google.rpc.Status
    """An error as it fits into trailers: clients refuse longer ones, and never see its code."""
    if status.ByteSize() > _MOST_OF_AN_ERROR:
        status.message = f"{status.message[:_MOST_OF_A_MESSAGE]}…"
    if status.ByteSize() > _MOST_OF_AN_ERROR:
        del status.details[:]
    return status


def _message(method: Method, raw: bytes) -> Any:  # noqa: ANN401 - protobuf
    """The request; grpc itself would tell bytes that are none as INTERNAL, with a traceback."""
    try:
        return method.request.FromString(raw)
    except DecodeError as error:
        raise invalid("Request contains an invalid argument.") from error


def _not_offered(name: str) -> Any:  # noqa: ANN401 - a grpc behaviour
    async def refuse(_: bytes, context: Any) -> None:  # noqa: ANN401 - grpc's signature
        text = f"{name} is not offered by this emulator."
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, text)

    return refuse


async def serve(
    dispatcher: Dispatcher, methods: Iterable[Method], host: str, port: int
) -> tuple[Any, int]:
    """Start listening; the server and the port it got. Raises `OSError` when the port is taken."""
    options = [
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", _MAX_MESSAGE),
    ]
    server = grpc.aio.server(options=options)
    server.add_generic_rpc_handlers((_Handlers(dispatcher, methods),))
    try:
        bound = server.add_insecure_port(f"{host}:{port}")
    except RuntimeError as error:
        raise OSError(f"cannot listen for gRPC on {host}:{port}") from error
    await server.start()
    return server, bound
