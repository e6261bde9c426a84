"""A function in its several forms: with defaults, as v2 shows it, as a Cloud Run service."""

from typing import Any

from google.cloud import functions_v1, functions_v2, run_v2

from provision.emulator.services.functions.records import (
    Environment,
    FirstMessage,
    FunctionRecord,
    SecondMessage,
)
from provision.emulator.services.run.records import ServiceMessage

MANAGED = ("goog-managed-by", "cloudfunctions")
"""The label by which a Cloud Run service is known to be a function's."""

_V1 = functions_v1.CloudFunction
_V2 = functions_v2.ServiceConfig
_REGISTRY = functions_v2.BuildConfig.DockerRegistry
_SECONDS = 60
_MEBIBYTE = 1024 * 1024
_CPUS = (
    (128, "0.083"),
    (256, "0.1666"),
    (512, "0.3333"),
    (1024, "0.5833"),
    (2048, "1"),
    (8192, "2"),
)
"""What goes with memory up to so many MB (cloud.google.com/functions/docs/configuring/memory)."""
_INGRESS = {
    _V2.IngressSettings.ALLOW_ALL: run_v2.IngressTraffic.INGRESS_TRAFFIC_ALL,
    _V2.IngressSettings.ALLOW_INTERNAL_ONLY: run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY,
    _V2.IngressSettings.ALLOW_INTERNAL_AND_GCLB: (
        run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER
    ),
}
"""Both generations number their ingress settings alike."""


def ingress_of(settings: int) -> run_v2.IngressTraffic:
    """The ingress in Cloud Run's words."""
    return run_v2.IngressTraffic(_INGRESS[_V2.IngressSettings(settings)])


def fill_first(message: Any, account: str, builder: str) -> None:  # noqa: ANN401 - CloudFunction
    """Fill in what a first-generation function leaves open (recorded), in place.

    Args:
        message: the function.
        account: its own account.
        builder: the name of the account that builds.
    """
    message.entry_point = message.entry_point or message.name.rpartition("/")[2]
    message.timeout.seconds = message.timeout.seconds or _SECONDS
    message.available_memory_mb = message.available_memory_mb or 256
    message.service_account_email = message.service_account_email or account
    message.ingress_settings = message.ingress_settings or _V1.IngressSettings.ALLOW_ALL
    message.docker_registry = message.docker_registry or _V1.DockerRegistry.ARTIFACT_REGISTRY
    message.automatic_update_policy.SetInParent()
    message.build_service_account = message.build_service_account or builder
    trigger = message.https_trigger
    if message.HasField("https_trigger") and not trigger.security_level:
        trigger.security_level = functions_v1.HttpsTrigger.SecurityLevel.SECURE_OPTIONAL


def fill_second(message: Any, account: str, builder: str) -> None:  # noqa: ANN401 - Function
    """Fill in what a second-generation function leaves open, in place; as `fill_first`."""
    message.environment = Environment.GEN_2
    build, service = message.build_config, message.service_config
    build.entry_point = build.entry_point or message.name.rpartition("/")[2]
    build.docker_registry = build.docker_registry or _REGISTRY.ARTIFACT_REGISTRY
    build.docker_repository = build.docker_repository or repository_of(message.name)
    build.automatic_update_policy.SetInParent()
    build.service_account = build.service_account or builder
    service.timeout_seconds = service.timeout_seconds or _SECONDS
    service.available_memory = service.available_memory or "256M"
    service.service_account_email = service.service_account_email or account
    service.ingress_settings = service.ingress_settings or _V2.IngressSettings.ALLOW_ALL
    service.max_instance_count = service.max_instance_count or 100
    service.max_instance_request_concurrency = service.max_instance_request_concurrency or 1
    service.all_traffic_on_latest_revision = True


def fill_cpu(service: Any, megabytes: float) -> None:  # noqa: ANN401 - ServiceConfig
    """Fill in the CPU that goes with the memory, where none was asked for."""
    if not service.available_cpu:
        found = (cpu for most, cpu in _CPUS if megabytes <= most)
        service.available_cpu = next(found, "4")


def repository_of(name: str) -> str:
    """The repository that images of a function go to, by the function's full name."""
    return f"{'/'.join(name.split('/')[:4])}/repositories/gcf-artifacts"


def as_second(record: FunctionRecord) -> Any:  # noqa: ANN401 - Function
    """A function as v2 shows it, whatever its generation."""
    if not record.first:
        return record.copy().message
    first = record.message
    shown = SecondMessage(
        name=first.name,
        description=first.description,
        labels=first.labels,
        environment=Environment.GEN_1,
        state=_state(first.status),
        update_time=first.update_time,
        url=first.https_trigger.url,
    )
    build, service = shown.build_config, shown.service_config
    build.build = first.build_name
    build.runtime, build.entry_point = first.runtime, first.entry_point
    build.docker_registry = int(first.docker_registry)
    storage = build.source.storage_source
    storage.bucket, storage.object_ = record.source
    service.timeout_seconds = first.timeout.seconds
    service.available_memory = f"{first.available_memory_mb}M"
    service.environment_variables.update(first.environment_variables)
    service.max_instance_count = first.max_instances
    service.min_instance_count = first.min_instances
    service.ingress_settings = int(first.ingress_settings)
    service.uri = first.https_trigger.url
    service.service_account_email = first.service_account_email
    service.all_traffic_on_latest_revision = True
    service.revision = str(first.version_id)
    service.security_level = int(first.https_trigger.security_level)
    return shown


def _state(status: int) -> int:
    """The state in v2's words."""
    states, statuses = functions_v2.Function.State, functions_v1.CloudFunctionStatus
    found = {
        statuses.ACTIVE: states.ACTIVE,
        statuses.OFFLINE: states.FAILED,
        statuses.DEPLOY_IN_PROGRESS: states.DEPLOYING,
        statuses.DELETE_IN_PROGRESS: states.DELETING,
    }
    return int(found.get(functions_v1.CloudFunctionStatus(status), states.UNKNOWN))


def service_of(record: FunctionRecord, audiences: tuple[str, ...]) -> Any:  # noqa: ANN401 - Service
    """The Cloud Run service that runs a second-generation function.

    Args:
        record: the function, built.
        audiences: what tokens may be for besides the service's own addresses.
    """
    function, config = record.message, record.message.service_config
    made = ServiceMessage(
        description=function.description,
        labels={
            **function.labels,
            "goog-cloudfunctions-runtime": function.build_config.runtime,
            MANAGED[0]: MANAGED[1],
        },
        ingress=int(ingress_of(config.ingress_settings)),
        custom_audiences=audiences,
    )
    template = made.template
    template.service_account = config.service_account_email
    template.timeout.seconds = config.timeout_seconds
    template.max_instance_request_concurrency = config.max_instance_request_concurrency
    template.scaling.min_instance_count = config.min_instance_count
    template.scaling.max_instance_count = config.max_instance_count
    container = template.containers.add(image=record.image)
    container.resources.limits["memory"] = config.available_memory
    container.resources.limits["cpu"] = config.available_cpu
    container.resources.cpu_idle = True
    container.resources.startup_cpu_boost = True
    for name, value in sorted(config.environment_variables.items()):
        container.env.add(name=name, value=value)
    return made


def memory_bytes(message: FirstMessage) -> int:
    """What a first-generation function may use."""
    return int(message.available_memory_mb) * _MEBIBYTE
