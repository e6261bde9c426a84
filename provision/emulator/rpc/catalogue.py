"""Which RPCs there are, read from Google's installed client packages.

The gRPC transports name each method and its message types; the REST transports name the routes.
``google.iam.admin.v1`` has no REST transport: its routes stand in `iam_routes`.
"""

import importlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import grpc
from google.cloud.location import locations_pb2
from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.longrunning import operations_pb2

from provision.emulator.rpc.execution_forms import EXECUTION_FORMS
from provision.emulator.rpc.iam_routes import IAM_ROUTES
from provision.emulator.rpc.older_forms import FORMS
from provision.emulator.rpc.older_routes import OLDER_ROUTES
from provision.emulator.rpc.wellknown import Empty

_SERVICES = {
    "google.cloud.run_v2": (
        "Services",
        "Revisions",
        "Jobs",
        "Executions",
        "Tasks",
        "Builds",
        "Instances",
        "WorkerPools",
    ),
    "google.cloud.artifactregistry_v1": ("ArtifactRegistry",),
    "google.cloud.resourcemanager_v3": (
        "Projects",
        "Folders",
        "Organizations",
        "TagKeys",
        "TagValues",
        "TagBindings",
        "TagHolds",
    ),
    # Before IAM, which has two deprecated RPCs on the same paths (of another host).
    "google.cloud.iam_credentials_v1": ("IAMCredentials",),
    "google.cloud.iam_admin_v1": ("IAM",),
    "google.cloud.iam_v2": ("Policies",),
    "google.cloud.iam_v3": (
        "PrincipalAccessBoundaryPolicies",
        "PolicyBindings",
        "AccessPolicies",
    ),
    "google.cloud.asset_v1": ("AssetService",),
    "google.cloud.iap_v1": ("IdentityAwareProxyAdminService", "IdentityAwareProxyOAuthService"),
    "google.cloud.functions_v2": ("FunctionService",),
    "google.cloud.functions_v1": ("CloudFunctionsService",),
    "google.pubsub_v1": ("Publisher", "Subscriber", "SchemaService"),
    "google.cloud.eventarc_v1": ("Eventarc",),
    "google.cloud.scheduler_v1": ("CloudScheduler",),
    "google.cloud.tasks_v2": ("CloudTasks",),
    "google.cloud.workflows_v1": ("Workflows",),
}
"""Services by client package: every RPC of theirs is known, offered or not."""
_NOT_RPCS = {"kind", "grpc_channel", "operations_client"}
_POLICY_REQUESTS = {
    "GetIamPolicy": iam_policy_pb2.GetIamPolicyRequest,
    "SetIamPolicy": iam_policy_pb2.SetIamPolicyRequest,
    "TestIamPermissions": iam_policy_pb2.TestIamPermissionsRequest,
}
_TESTED = iam_policy_pb2.TestIamPermissionsResponse
_MIXED_IN = (
    "/v2/{resource=projects/*/locations/*/functions/*}",
    "/v1/{resource=projects/*/topics/*}",
    "/v1/{resource=projects/*/subscriptions/*}",
    "/v1/{resource=projects/*/locations/*/triggers/*}",
)
"""What has its policy by ``google.iam.v1.IAMPolicy``: of functions, Pub/Sub and Eventarc."""
_MIXINS = ("google.longrunning.", "google.cloud.location.", "google.iam.v1.")


@dataclass(frozen=True)
class Route:
    """How REST reaches an RPC.

    Args:
        verb: HTTP method in capitals.
        template: as in ``/v2/{name=projects/*/locations/*/services/*}``.
        body: the request field that the body is; ``*`` for the whole request; empty for none.
    """

    verb: str
    template: str
    body: str


@dataclass(frozen=True)
class Method:
    """One RPC.

    Args:
        name: ``google.cloud.run.v2.Services/GetService``.
        request: its protobuf request class.
        response: its protobuf response class.
        routes: how REST reaches it.
    """

    name: str
    request: Any
    response: Any
    routes: tuple[Route, ...]


class _Listening(grpc.Channel):
    """A channel that sends nothing and remembers what a transport asks to send."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Any, Any]] = []

    def unary_unary(
        self,
        method: str,
        request_serializer: Any = None,  # noqa: ANN401 - grpc's signature
        response_deserializer: Any = None,  # noqa: ANN401 - grpc's signature
        *_: object,
        **__: object,
    ) -> None:
        """Remember the method and its message classes."""
        self.seen.append((method, request_serializer, response_deserializer))

    def stream_stream(self, *_: object, **__: object) -> Any:  # noqa: ANN401 - grpc's signature
        """The emulator offers no streams; the transport wants something to call all the same."""
        return lambda *_: None

    unary_stream = stream_unary = stream_stream

    def subscribe(self, callback, try_to_connect=False) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001, FBT002 - grpc's signature
        """Nothing ever changes."""

    def unsubscribe(self, callback) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001 - grpc's signature
        """Nothing ever changes."""

    def close(self) -> None:
        """There is nothing to close."""

    def __enter__(self) -> Self:
        """As grpc asks."""
        return self

    def __exit__(self, *_: object) -> None:
        """As grpc asks."""


def methods() -> tuple[Method, ...]:
    """Every RPC of the emulated services, long-running operations included."""
    found = [
        method
        for package, names in _SERVICES.items()
        for name in names
        for method in _of_transport(f"{package}.services.{_snake(name)}.transports", name)
    ]
    own = (*FORMS, *EXECUTION_FORMS)
    older = (Method(name, asked, told, (Route(*route),)) for name, asked, told, route in own)
    return (*found, *_operations(), *_locations(), *_policies(), *older)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _of_transport(module: str, name: str) -> Iterator[Method]:
    transports = importlib.import_module(module)
    transport_class = getattr(transports, f"{name}GrpcTransport")
    channel = _Listening()
    transport = transport_class(channel=channel)
    # Its own channel logs, and asks for a method's stub only when that is called.
    transport._logged_channel = channel  # noqa: SLF001 - nothing public tells the message classes
    transport._stubs.clear()  # noqa: SLF001 - likewise
    for attribute, value in vars(transport_class).items():
        if isinstance(value, property) and attribute not in _NOT_RPCS:
            getattr(transport, attribute)
    rest = getattr(transports, f"{name}RestTransport", None)
    for path, serializer, deserializer in channel.seen:
        full = path.removeprefix("/")
        if full.startswith(_MIXINS):
            continue
        rpc = full.rpartition("/")[2]
        request = _POLICY_REQUESTS.get(rpc) or _raw(serializer.__self__)
        response = _raw(deserializer.__self__)
        yield Method(full, request, response, tuple(_routes(rest, full, rpc)))


def _raw(message_class: Any) -> Any:  # noqa: ANN401 - classes of two kinds of protobuf
    """The protobuf class beneath a proto-plus class, or the class itself."""
    return message_class.pb() if hasattr(message_class, "pb") else message_class


def _routes(rest: Any, full: str, rpc: str) -> Iterator[Route]:  # noqa: ANN401 - a transport class
    yield from (Route(*line) for line in OLDER_ROUTES.get(full, ()))
    if rest is None:
        yield from (Route(*line) for line in IAM_ROUTES.get(rpc, ()))
        return
    for ancestor in rest.__mro__:
        options = getattr(ancestor, f"_Base{rpc}", None)
        if options is not None:
            for option in options._get_http_options():  # noqa: SLF001 - the only place routes are told
                yield from _narrowed(
                    Route(option["method"].upper(), option["uri"], option.get("body", ""))
                )
            return
    raise LookupError(f"no REST route for {full}")


def _narrowed(route: Route) -> Iterator[Route]:
    """A route as it is, but for those of Identity-Aware Proxy, which would fit any name."""
    if "=**}" not in route.template:
        yield route
        return
    for names in ("projects/*/iap_web", "projects/*/iap_web/**", "projects/*/iap_tunnel/**"):
        template = route.template.replace("=**}", f"={names}}}")
        yield Route(route.verb, template, route.body)


def _policies() -> Iterator[Method]:
    """``google.iam.v1.IAMPolicy``, by which several APIs offer the policies of their resources."""
    for rpc, request in _POLICY_REQUESTS.items():
        told = _TESTED if rpc == "TestIamPermissions" else policy_pb2.Policy
        verb, body = ("GET", "") if rpc == "GetIamPolicy" else ("POST", "*")
        name = rpc[0].lower() + rpc[1:]
        routes = (Route(verb, f"{path}:{name}", body) for path in _MIXED_IN)
        yield Method(f"google.iam.v1.IAMPolicy/{rpc}", request, told, tuple(routes))
        # In the discovery document of Cloud Run v2, and in no client package yet.
        instances = Route(verb, f"/v2/{{resource=projects/*/locations/*/instances/*}}:{name}", body)
        yield Method(f"google.cloud.run.v2.Instances/{rpc}", request, told, (instances,))


def _locations() -> Sequence[Method]:
    """``google.cloud.location.Locations``, as Artifact Registry offers it."""
    name, pb = "google.cloud.location.Locations", locations_pb2
    # gcloud asks the older version for its list.
    versions = ("v1", "v1beta2")
    lists = tuple(Route("GET", f"/{one}/{{name=projects/*}}/locations", "") for one in versions)
    gets = tuple(Route("GET", f"/{one}/{{name=projects/*/locations/*}}", "") for one in versions)
    return (
        Method(f"{name}/ListLocations", pb.ListLocationsRequest, pb.ListLocationsResponse, lists),
        Method(f"{name}/GetLocation", pb.GetLocationRequest, pb.Location, gets),
    )


_RUN_OPERATION = "/v2/{name=projects/*/locations/*/operations/*}"
_OPERATION = "/v1/{name=projects/*/locations/*/operations/*}"
_CONTAINERS = ("projects", "folders", "organizations")
_OPERATIONS = (
    _RUN_OPERATION,
    _OPERATION,
    "/v1/{name=operations/*}",
    "/v3/{name=operations/*}",
    "/v2/{name=policies/*/*/*/operations/*}",
    *(f"/v3/{{name={above}/*/locations/*/operations/*}}" for above in _CONTAINERS),
    *(f"/v1/{{name={above}/*/operations/*/**}}" for above in _CONTAINERS),
)
"""Where each API offers its operations: Cloud Run, others, deny policies, boundaries, exports."""


def _operations() -> Iterator[Method]:
    """``google.longrunning.Operations``, on the paths that each API offers."""
    pb = operations_pb2
    lists = "/v2/{name=projects/*/locations/*}/operations"
    told: tuple[tuple[str, Any, Any, tuple[Route, ...]], ...] = (
        ("Get", pb.GetOperationRequest, pb.Operation, _gets(_OPERATIONS)),
        ("List", pb.ListOperationsRequest, pb.ListOperationsResponse, _gets((lists,))),
        ("Wait", pb.WaitOperationRequest, pb.Operation, (_post(f"{_RUN_OPERATION}:wait"),)),
        ("Delete", pb.DeleteOperationRequest, Empty, (Route("DELETE", _RUN_OPERATION, ""),)),
        ("Cancel", pb.CancelOperationRequest, Empty, (_post(f"{_OPERATION}:cancel"),)),
    )
    for verb, request, response, routes in told:
        rpc = "ListOperations" if verb == "List" else f"{verb}Operation"
        yield Method(f"google.longrunning.Operations/{rpc}", request, response, routes)


def _gets(paths: tuple[str, ...]) -> tuple[Route, ...]:
    return tuple(Route("GET", path, "") for path in paths)


def _post(path: str) -> Route:
    return Route("POST", path, "*")
