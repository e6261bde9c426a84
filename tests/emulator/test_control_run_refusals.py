"""What Cloud Run v2 refuses in a service, over both transports, in its words."""

from collections.abc import Callable
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import run_v2
from google.rpc import error_details_pb2

from tests.conftest import Clients

PARENT = "projects/demo-project/locations/asia-east1"
ORDERS = f"{PARENT}/services/orders"
CREATE = "Violation in CreateServiceRequest.service."
Change = Callable[[run_v2.Service], None]


def service_of(image: str) -> run_v2.Service:
    """A service that Cloud Run takes."""
    container = run_v2.Container(image=image)
    return run_v2.Service(template=run_v2.RevisionTemplate(containers=[container]))


def env(name: str) -> Change:
    """Set a variable of that name."""

    def change(service: run_v2.Service) -> None:
        service.template.containers[0].env = [run_v2.EnvVar(name=name, value="x")]

    return change


def limits(**values: str) -> Change:
    """Set limits, with CPU during requests only."""

    def change(service: run_v2.Service) -> None:
        service.template.containers[0].resources = run_v2.ResourceRequirements(
            limits=values, cpu_idle=True
        )

    return change


def template(**fields: Any) -> Change:  # noqa: ANN401 - any field
    """Set fields of the template."""

    def change(service: run_v2.Service) -> None:
        for name, value in fields.items():
            setattr(service.template, name, value)

    return change


def container(**fields: Any) -> Change:  # noqa: ANN401 - any field
    """Set fields of the container."""

    def change(service: run_v2.Service) -> None:
        for name, value in fields.items():
            setattr(service.template.containers[0], name, value)

    return change


def top(**fields: Any) -> Change:  # noqa: ANN401 - any field
    """Set fields of the service."""

    def change(service: run_v2.Service) -> None:
        for name, value in fields.items():
            setattr(service, name, value)

    return change


def traffic(*targets: dict[str, Any]) -> Change:
    """Set traffic targets."""
    return top(traffic=[run_v2.TrafficTarget(**target) for target in targets])


def sidecars(*containers: run_v2.Container) -> Change:
    """Several containers."""

    def change(service: run_v2.Service) -> None:
        image = service.template.containers[0].image
        for one in containers:
            one.image = one.image or image
        service.template.containers = list(containers)

    return change


LATEST = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST
NAMED = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION
MEMORY = "template.containers[0].resources.limits.memory: Invalid value specified for memory"
CPU = "template.containers[0].resources.limits.cpu: Invalid value specified for cpu"
TOTAL = CPU.replace("[0]", "") + ". Total cpu < 1 is"
PORT = run_v2.ContainerPort(container_port=8080)
PROBE = "template.containers[0].startup_probe"

# As Google words it (reported), then the emulator's own words in Google's shape.
REPORTED = [
    (
        env("PORT"),
        (
            "template.containers[0].env: The following reserved env names were provided: PORT. "
            "These values are automatically set by the system."
        ),
    ),
    (
        container(ports=[PORT, PORT]),
        f"{CREATE}template.containers[0].ports: ports should contain 0 or 1 port.",
    ),
    (
        template(timeout="3601s"),
        f"{CREATE}template.timeout: maximum allowed time is one hour.",
    ),
    (
        template(scaling=run_v2.RevisionScaling(min_instance_count=5, max_instance_count=2)),
        (
            f"{CREATE}template.scaling.max_instance_count: must be greater or equal than "
            "min_instance_count."
        ),
    ),
    (
        container(image="evil..//UPPER"),
        (
            f"{CREATE}template.containers[0].image: must be a container image path in the form "
            "[hostname/]repo-path[:tag and/or @digest]"
        ),
    ),
    (
        container(image="ghcr.io/somebody/app:v1"),
        (
            "template.containers[0].image: Expected an image path like [host/]repo-path[:tag "
            "and/or @digest], where host is one of [region.]gcr.io, [region-]docker.pkg.dev or "
            "docker.io but obtained ghcr.io/somebody/app:v1"
        ),
    ),
    (
        limits(cpu="1", memory="8Gi"),
        f"{MEMORY}. For 1.0 CPU, memory must be between 128Mi and 4Gi inclusive.",
    ),
    (
        lambda service: (
            limits(cpu="500m")(service),
            template(max_instance_request_concurrency=80)(service),
        ),
        f"{TOTAL} not supported with concurrency > 1.",
    ),
    (
        sidecars(run_v2.Container(name="app"), run_v2.Container(name="side")),
        (
            "template.containers: Revision template should contain exactly one container with an "
            "exposed port."
        ),
    ),
    (
        template(revision="other-v1"),
        (
            "template.revision: The revision name must be prefixed by the name of the enclosing "
            "Service or Configuration with a trailing -"
        ),
    ),
    (top(name=ORDERS), "service.name must be empty on CreateServiceRequest."),
    (top(template=None), f"{CREATE}template: required field not present."),
]


@pytest.mark.parametrize(("change", "words"), REPORTED)
def test_a_service_is_refused_in_google_s_words(
    clients: Clients, pushed_image: str, change: Change, words: str
) -> None:
    """Refusals whose words were reported from the real API are given in these words."""
    service = service_of(pushed_image)
    change(service)
    with pytest.raises(exceptions.BadRequest) as refused:
        clients.services.create_service(parent=PARENT, service_id="orders", service=service)
    assert refused.value.message.removeprefix("POST ").endswith(words)
    assert [one.name for one in clients.services.list_services(parent=PARENT)] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (env("K_SERVICE"), "template.containers[0].env"),
        (env("X_GOOGLE_TARGET"), f"{CREATE}template.containers[0].env[0].name"),
        (env("with-dash"), f"{CREATE}template.containers[0].env[0].name"),
        (env("1ST"), f"{CREATE}template.containers[0].env[0].name"),
        (env(""), f"{CREATE}template.containers[0].env[0].name"),
        (limits(cpu="banana"), CPU.partition(":")[0]),
        (limits(cpu="3"), CPU.partition(":")[0]),
        (limits(cpu="-1"), CPU.partition(":")[0]),
        (limits(memory="-3Zi"), MEMORY.partition(":")[0]),
        (limits(memory="64Mi"), MEMORY.partition(":")[0]),
        (limits(cpu="4", memory="1Gi"), MEMORY.partition(":")[0]),
        (limits(disk="1Gi"), "template.containers[0].resources.limits"),
        (template(service_account="nobody"), f"{CREATE}template.service_account"),
        (
            template(max_instance_request_concurrency=1001),
            f"{CREATE}template.max_instance_request_concurrency",
        ),
        (
            template(max_instance_request_concurrency=-1),
            f"{CREATE}template.max_instance_request_concurrency",
        ),
        (template(timeout="-1s"), f"{CREATE}template.timeout"),
        (
            template(scaling=run_v2.RevisionScaling(min_instance_count=-1)),
            f"{CREATE}template.scaling.min_instance_count",
        ),
        (
            top(scaling=run_v2.ServiceScaling(max_instance_count=-1)),
            f"{CREATE}scaling.max_instance_count",
        ),
        (template(revision="orders-" + "x" * 60), "template.revision"),
        (template(revision="orders-Upper"), "template.revision"),
        (template(labels={"UPPER": "x"}), f"{CREATE}template.labels"),
        (top(labels={"1st": "x"}), f"{CREATE}labels"),
        (top(annotations={"run.googleapis.com/ingress": "all"}), f"{CREATE}annotations"),
        (top(launch_stage="DEPRECATED"), f"{CREATE}launch_stage"),
        (top(description="x" * 513), f"{CREATE}description"),
        (
            container(ports=[run_v2.ContainerPort(container_port=70000)]),
            f"{CREATE}template.containers[0].ports[0].container_port",
        ),
        (
            container(ports=[run_v2.ContainerPort(name="ftp")]),
            f"{CREATE}template.containers[0].ports[0].name",
        ),
        (
            sidecars(
                run_v2.Container(name="app", ports=[PORT]),
                run_v2.Container(name="app"),
            ),
            f"{CREATE}template.containers[0].name",
        ),
        (container(name="Not A Label"), f"{CREATE}template.containers[0].name"),
        (container(depends_on=["ghost"]), f"{CREATE}template.containers[0].depends_on"),
        (
            container(volume_mounts=[run_v2.VolumeMount(name="ghost", mount_path="/x")]),
            f"{CREATE}template.containers[0].volume_mounts[0].name",
        ),
        (template(volumes=[run_v2.Volume(name="empty")]), f"{CREATE}template.volumes[0]"),
        (container(startup_probe=run_v2.Probe(period_seconds=1)), f"{CREATE}{PROBE}"),
        (
            container(
                startup_probe=run_v2.Probe(
                    period_seconds=241, tcp_socket=run_v2.TCPSocketAction(port=1)
                )
            ),
            f"{CREATE}{PROBE}.period_seconds",
        ),
        (traffic({"type_": LATEST, "percent": 99}), f"{CREATE}traffic"),
        (
            traffic({"type_": NAMED, "revision": "orders-ghost", "percent": 100}),
            f"{CREATE}traffic[0].revision",
        ),
        (
            traffic(
                {"type_": LATEST, "percent": 100, "tag": "new"}, {"type_": LATEST, "tag": "new"}
            ),
            f"{CREATE}traffic[0].tag",
        ),
        (traffic({"type_": LATEST, "percent": 100, "tag": "No!"}), f"{CREATE}traffic[0].tag"),
        (
            traffic({"type_": LATEST, "percent": 100, "tag": "x" * 60}),
            f"{CREATE}traffic[0].tag",
        ),
        (traffic({"percent": 100}), f"{CREATE}traffic[0].type"),
        (
            traffic({"type_": LATEST, "percent": 150}, {"type_": LATEST, "percent": -50}),
            f"{CREATE}traffic[0].percent",
        ),
    ],
)
def test_a_violation_names_its_field(
    grpc_clients: Clients, pushed_image: str, change: Change, field: str
) -> None:
    """Each refusal is INVALID_ARGUMENT with a BadRequest that names the field as Google does."""
    service = service_of(pushed_image)
    change(service)
    with pytest.raises(exceptions.BadRequest) as refused:
        grpc_clients.services.create_service(parent=PARENT, service_id="orders", service=service)
    [detail] = refused.value.details
    assert isinstance(detail, error_details_pb2.BadRequest)
    [violation] = detail.field_violations
    assert violation.field == field
    assert refused.value.message == f"{field}: {violation.description}"


def test_an_unknown_enum_number_is_refused(grpc_clients: Clients, pushed_image: str) -> None:
    """Ingress 99 is no setting, though protobuf carries it."""
    service = service_of(pushed_image)
    run_v2.Service.pb(service).ingress = 99
    with pytest.raises(exceptions.InvalidArgument, match=r"service\.ingress"):
        grpc_clients.services.create_service(parent=PARENT, service_id="orders", service=service)


def test_what_is_at_the_edge_is_taken(grpc_clients: Clients, pushed_image: str) -> None:
    """The largest and smallest values that are documented pass, and defaults follow the CPU."""
    service = service_of(pushed_image)
    limits(cpu="0.08", memory="512Mi")(service)
    template(timeout="3600s", labels={"team": ""}, revision="orders-v1")(service)
    made = grpc_clients.services.create_service(
        parent=PARENT, service_id="orders", service=service
    ).result(timeout=30)
    assert made.template.max_instance_request_concurrency == 1
    assert made.latest_ready_revision == f"{ORDERS}/revisions/orders-v1"


def test_an_update_mask_must_name_fields_that_exist(
    grpc_clients: Clients, pushed_image: str
) -> None:
    """A path that is no field of a service is refused, and nothing changes."""
    services = grpc_clients.services
    services.create_service(
        parent=PARENT, service_id="orders", service=service_of(pushed_image)
    ).result(timeout=30)
    service = run_v2.Service(name=ORDERS, description="new")
    for path in ("no_such_field", "template.no_such_field", "labels.team"):
        with pytest.raises(exceptions.InvalidArgument, match=path):
            services.update_service(service=service, update_mask={"paths": [path]})
    assert services.get_service(name=ORDERS).description == ""


def test_a_service_without_an_id_is_given_one(grpc_clients: Clients, pushed_image: str) -> None:
    """The server makes up a name that follows its own rules."""
    made = grpc_clients.services.create_service(
        parent=PARENT, service=service_of(pushed_image)
    ).result(timeout=30)
    assert made.name.startswith(f"{PARENT}/services/service-")
