"""What Cloud Run fills in for a service that leaves it open (recorded on the real service)."""

from typing import Any

from google.api import launch_stage_pb2
from google.cloud import run_v2

from provision.emulator.services.run.limits import quantity
from provision.emulator.services.run.records import LATEST

_STARTUP_SECONDS = 240
_CONCURRENCY = 80
_TIMEOUT_SECONDS = 300
_CLOUD_SQL = "/cloudsql"
# Of a probe that is given in part (recorded for startup probes, documented for all).
_PROBE = {"timeout_seconds": 1, "period_seconds": 10, "failure_threshold": 3}
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
    if service.HasField("template"):
        _fill_template(service.template, default_account)


def _fill_template(template: Any, default_account: str) -> None:  # noqa: ANN401 - RevisionTemplate
    if not template.service_account:
        template.service_account = default_account
    if not template.timeout.ByteSize():
        template.timeout.seconds = _TIMEOUT_SECONDS
    fill_mounts(template)
    for container in template.containers:
        fill_resources(container)
    ingress = ingress_container(template)
    if ingress is not None:
        # Several containers are told apart by who has a port: none is added to them (reported).
        _fill_ingress_container(ingress, alone=len(template.containers) == 1)
    for container in template.containers:
        fill_probes(container, ingress.ports[0].container_port if ingress.ports else DEFAULT_PORT)
    if not template.max_instance_request_concurrency:
        template.max_instance_request_concurrency = _concurrency(template)


def _concurrency(template: Any) -> int:  # noqa: ANN401 - RevisionTemplate
    """80, and 1 below one CPU (documented)."""
    cpus = [quantity(one.resources.limits["cpu"]) for one in template.containers]
    return 1 if 0 < sum(one or 0.0 for one in cpus) < 1 else _CONCURRENCY


def fill_probes(container: Any, port: int) -> None:  # noqa: ANN401 - Container
    """Fill in what the container's probes leave open.

    Args:
        container: the message.
        port: where a probe asks that names no port.
    """
    for field in ("startup_probe", "liveness_probe", "readiness_probe"):
        if not container.HasField(field):
            continue
        probe = getattr(container, field)
        for name, value in _PROBE.items():
            setattr(probe, name, getattr(probe, name) or value)
        kind = probe.WhichOneof("probe_type")
        if kind is not None:
            action = getattr(probe, kind)
            action.port = action.port or port
        if kind == "http_get":
            action.path = action.path or "/"


def fill_mounts(template: Any) -> None:  # noqa: ANN401 - RevisionTemplate or TaskTemplate
    """Volumes of Cloud SQL are always mounted at ``/cloudsql`` (recorded)."""
    names = {one.name for one in template.volumes if one.HasField("cloud_sql_instance")}
    for container in template.containers:
        for mount in container.volume_mounts:
            if mount.name in names:
                mount.mount_path = _CLOUD_SQL


def ingress_container(template: Any) -> Any:  # noqa: ANN401 - messages
    """The container that takes requests: the one with a port, else the first; None without any."""
    with_port = [one for one in template.containers if one.ports]
    return next(iter(with_port or template.containers), None)


def fill_resources(container: Any) -> None:  # noqa: ANN401 - Container
    """Fill in a service's container's limits."""
    resources = container.resources
    # cpuIdle defaults to true only where resources were left out as a whole (documented).
    if not container.HasField("resources"):
        resources.cpu_idle = True
    for name, value in (("cpu", "1000m"), ("memory", "512Mi")):
        if name not in resources.limits:
            resources.limits[name] = value


def _fill_ingress_container(container: Any, *, alone: bool) -> None:  # noqa: ANN401 - Container
    if not container.ports and alone:
        container.ports.add(name="http1", container_port=DEFAULT_PORT)
    for port in container.ports:
        port.name = port.name or "http1"
        port.container_port = port.container_port or DEFAULT_PORT
    if not container.ports:
        return
    port = container.ports[0]
    if not container.HasField("startup_probe"):
        container.startup_probe.CopyFrom(
            run_v2.Probe.pb()(
                timeout_seconds=_STARTUP_SECONDS,
                period_seconds=_STARTUP_SECONDS,
                failure_threshold=1,
                tcp_socket=run_v2.TCPSocketAction.pb()(port=port.container_port),
            )
        )
