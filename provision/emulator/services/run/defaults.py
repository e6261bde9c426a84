"""What Cloud Run fills in for a service that leaves it open (recorded on the real service)."""

from typing import Any

from google.api import launch_stage_pb2
from google.cloud import run_v2

from provision.emulator.services.run.records import LATEST

_STARTUP_SECONDS = 240
_CONCURRENCY = 80
_TIMEOUT_SECONDS = 300
_MAX_INSTANCES = 100
DEFAULT_PORT = 8080


def fill(service: Any, default_account: str) -> None:  # noqa: ANN401 - Service
    """Fill in the defaults of a service, in place.

    Args:
        service: the message.
        default_account: e-mail of the project's default compute account.
    """
    if not service.launch_stage:
        service.launch_stage = launch_stage_pb2.GA
    if not service.traffic:
        service.traffic.add(type_=LATEST, percent=100)
    if not service.scaling.max_instance_count:
        service.scaling.max_instance_count = _MAX_INSTANCES
    template = service.template
    if not template.service_account:
        template.service_account = default_account
    if not template.max_instance_request_concurrency:
        template.max_instance_request_concurrency = _CONCURRENCY
    if not template.timeout.seconds:
        template.timeout.seconds = _TIMEOUT_SECONDS
    for container in template.containers:
        _fill_resources(container)
    ingress = ingress_container(template)
    if ingress is not None:
        _fill_ingress_container(ingress)


def ingress_container(template: Any) -> Any:  # noqa: ANN401 - messages
    """The container that takes requests: the one with a port, else the first; None without any."""
    with_port = [one for one in template.containers if one.ports]
    return next(iter(with_port or template.containers), None)


def _fill_resources(container: Any) -> None:  # noqa: ANN401 - Container
    resources = container.resources
    # cpuIdle defaults to true only where resources were left out as a whole (documented).
    if not container.HasField("resources"):
        resources.cpu_idle = True
    for name, value in (("cpu", "1000m"), ("memory", "512Mi")):
        if name not in resources.limits:
            resources.limits[name] = value


def _fill_ingress_container(container: Any) -> None:  # noqa: ANN401 - Container
    if not container.ports:
        container.ports.add(name="http1", container_port=DEFAULT_PORT)
    port = container.ports[0]
    port.name = port.name or "http1"
    port.container_port = port.container_port or DEFAULT_PORT
    if not container.HasField("startup_probe"):
        container.startup_probe.CopyFrom(
            run_v2.Probe.pb()(
                timeout_seconds=_STARTUP_SECONDS,
                period_seconds=_STARTUP_SECONDS,
                failure_threshold=1,
                tcp_socket=run_v2.TCPSocketAction.pb()(port=port.container_port),
            )
        )
