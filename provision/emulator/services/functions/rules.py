"""What is refused in a function before anything happens.

Only what is listed here is taken: a field that this emulator does nothing with is refused by its
name, so that nobody takes for done what was passed over.
"""

import re
from collections.abc import Mapping
from typing import Any

from google.cloud import functions_v1, functions_v2

from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.services.run.limits import quantity
from provision.emulator.services.run.names import label_problems

_RUNTIME = re.compile(r"python3\d{1,2}")
_ENTRY_POINT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = frozenset(
    {
        "ENTRY_POINT",
        "FUNCTION_IDENTITY",
        "FUNCTION_NAME",
        "FUNCTION_REGION",
        "FUNCTION_SIGNATURE_TYPE",
        "FUNCTION_TARGET",
        "GCLOUD_PROJECT",
        "GCP_PROJECT",
        "K_CONFIGURATION",
        "K_REVISION",
        "K_SERVICE",
        "PORT",
    }
)
_MEMORIES = (128, 256, 512, 1024, 2048, 4096, 8192)
_FIRST_SECONDS, _SECOND_SECONDS = 540, 3600

_FIRST = {
    "name",
    "description",
    "source_archive_url",
    "source_upload_url",
    "https_trigger",
    "entry_point",
    "runtime",
    "timeout",
    "available_memory_mb",
    "service_account_email",
    "labels",
    "environment_variables",
    "max_instances",
    "min_instances",
    "ingress_settings",
    "automatic_update_policy",
    "docker_registry",
    "build_service_account",
}
_FIRST_TOLD = {
    "status",
    "update_time",
    "version_id",
    "build_id",
    "build_name",
    "source_token",
}
_SECOND = {
    "": {"name", "description", "build_config", "service_config", "labels", "environment"},
    "build_config.": {
        "automatic_update_policy",
        "runtime",
        "entry_point",
        "source",
        "docker_registry",
        "docker_repository",
        "service_account",
    },
    "build_config.source.": {"storage_source"},
    "service_config.": {
        "timeout_seconds",
        "available_memory",
        "available_cpu",
        "environment_variables",
        "max_instance_count",
        "min_instance_count",
        "ingress_settings",
        "service_account_email",
        "all_traffic_on_latest_revision",
        "max_instance_request_concurrency",
        "security_level",
    },
}
_SECOND_TOLD = {
    "": {"state", "update_time", "state_messages", "url", "satisfies_pzs", "create_time"},
    "build_config.": {"build", "source_provenance"},
    "build_config.source.": set[str](),
    "service_config.": {"service", "uri", "revision"},
}
"""What the server alone writes, and clients send back as they read it."""


def check_offered_first(sent: Any) -> None:  # noqa: ANN401 - CloudFunction
    """Raise (UNIMPLEMENTED) for what v1 has and this emulator does not."""
    _check_fields(sent, "", _FIRST | _FIRST_TOLD)


def check_offered_second(sent: Any) -> None:  # noqa: ANN401 - Function
    """Raise (UNIMPLEMENTED) for what v2 has and this emulator does not."""
    for path, fields in _SECOND.items():
        holder = sent
        for part in filter(None, path.split(".")):
            holder = getattr(holder, part)
        _check_fields(holder, path, fields | _SECOND_TOLD[path])
    if sent.environment == functions_v2.Environment.GEN_1:
        raise _not_offered("environment GEN_1 in v2 (create first-generation functions by v1)")


def _check_fields(message: Any, path: str, known: set[str]) -> None:  # noqa: ANN401 - a message
    for field, _ in message.ListFields():
        if field.name not in known:
            raise _not_offered(f"{path}{field.name}")


def _not_offered(what: str) -> ApiError:
    return ApiError("UNIMPLEMENTED", f"Functions with {what} are not offered by this emulator.")


def check_first_message(message: Any, builder: str) -> None:  # noqa: ANN401 - CloudFunction
    """Raise (INVALID_ARGUMENT, UNIMPLEMENTED) for what cannot be; defaults are filled in.

    Args:
        message: the function as it is to be.
        builder: the name of the one account that builds.
    """
    if not message.HasField("https_trigger"):
        raise invalid("The function has no trigger: https_trigger is required.")
    _check_build(message.runtime, message.entry_point)
    _check_variables(message.environment_variables, "environment_variables")
    _check_labels(message.labels)
    if not 0 < message.timeout.seconds <= _FIRST_SECONDS:
        raise invalid(f"timeout must be between 1 and {_FIRST_SECONDS} seconds.")
    if message.available_memory_mb not in _MEMORIES:
        raise invalid(
            f"available_memory_mb must be one of {', '.join(map(str, _MEMORIES))}, "
            f"not {message.available_memory_mb}."
        )
    registry = functions_v1.CloudFunction.DockerRegistry
    if message.docker_registry not in (0, registry.ARTIFACT_REGISTRY):
        raise _not_offered("docker_registry CONTAINER_REGISTRY")
    if message.build_service_account != builder:
        raise _not_offered(f"a build_service_account other than {builder}")
    _check_instances(message.min_instances, message.max_instances)


def check_second_message(message: Any, repository: str, builder: str) -> None:  # noqa: ANN401 - Function
    """Raise (INVALID_ARGUMENT, UNIMPLEMENTED) for what cannot be; defaults are filled in.

    Args:
        message: the function as it is to be.
        repository: the name of the one repository that images go to.
        builder: the name of the one account that builds.
    """
    build, service = message.build_config, message.service_config
    _check_build(build.runtime, build.entry_point)
    _check_variables(service.environment_variables, "service_config.environment_variables")
    _check_labels(message.labels)
    if not 0 < service.timeout_seconds <= _SECOND_SECONDS:
        raise invalid(f"service_config.timeout_seconds must be between 1 and {_SECOND_SECONDS}.")
    for field in ("available_memory", "available_cpu"):
        if quantity(getattr(service, field)) is None:
            raise invalid(f"service_config.{field} is no quantity: {getattr(service, field)!r}.")
    if build.docker_registry == functions_v2.BuildConfig.DockerRegistry.CONTAINER_REGISTRY:
        raise _not_offered("build_config.docker_registry CONTAINER_REGISTRY")
    if build.docker_repository != repository:
        raise _not_offered(f"a build_config.docker_repository other than {repository}")
    if build.service_account != builder:
        raise _not_offered(f"a build_config.service_account other than {builder}")
    _check_instances(service.min_instance_count, service.max_instance_count)


def _check_build(runtime: str, entry_point: str) -> None:
    if not runtime:
        raise invalid("The function has no runtime.")
    if not _RUNTIME.fullmatch(runtime):
        raise _not_offered(f"runtime {runtime[:100]} (only those of Python 3)")
    if not _ENTRY_POINT.fullmatch(entry_point):
        raise invalid(f"The entry point {entry_point[:100]!r} is no name of a function.")


def _check_variables(variables: Mapping[str, str], path: str) -> None:
    for name in variables:
        if not _VARIABLE.fullmatch(name) or name.startswith("X_GOOGLE_"):
            raise invalid(f"{path}: {name[:100]!r} is no name of an environment variable.")
    reserved = sorted(_RESERVED & set(variables))
    if reserved:
        raise invalid(
            f"{path}: The following reserved env names were provided: {', '.join(reserved)}."
        )


def _check_labels(labels: Mapping[str, str]) -> None:
    for problem in label_problems(labels, "labels"):
        raise invalid(f"{problem.path}: {problem.text}")


def _check_instances(least: int, most: int) -> None:
    if least < 0 or most < 0 or (most and least > most):
        raise invalid("The minimum of instances must be between 0 and the maximum.")
