"""What Cloud Run refuses in the containers and volumes of a service's or a job's template."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from provision.emulator.services.run.names import DNS_LABEL
from provision.emulator.services.run.violations import REQUIRED, Problem

_RESERVED = ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION")
_RESERVED_IN_JOBS = (
    "CLOUD_RUN_JOB",
    "CLOUD_RUN_EXECUTION",
    "CLOUD_RUN_TASK_INDEX",
    "CLOUD_RUN_TASK_ATTEMPT",
    "CLOUD_RUN_TASK_COUNT",
)
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_GOOGLE_S = "X_GOOGLE_"
_MAX_VARIABLES, _MAX_VARIABLE = 1000, 32768
_MOST_CONTAINERS = 10
_PORTS = range(1, 65536)
_HOST = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?::\d+)?"
)
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(
    rf"{_PART}(?:/{_PART})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?"
)
_HOSTS = re.compile(r"(?:[a-z]+\.)?gcr\.io|(?:[a-z0-9-]+-)?docker\.pkg\.dev|docker\.io")
_LOCAL = re.compile(r"(?:localhost|\d+\.\d+\.\d+\.\d+)(?::\d+)?")


def container_problems(
    containers: Sequence[Any], volumes: Sequence[Any], template: str, *, job: bool = False
) -> Iterator[Problem]:
    """What is wrong with a template's containers, their limits aside.

    Args:
        containers: messages, defaults filled in.
        volumes: the template's volumes.
        template: path of what holds them, as in ``template``.
        job: whether it is a job's, whose containers need no port.
    """
    path = f"{template}.containers"
    if not containers:
        yield Problem(path, REQUIRED)
    if len(containers) > _MOST_CONTAINERS:
        yield Problem(path, f"should contain at most {_MOST_CONTAINERS} containers.")
    reserved = _RESERVED_IN_JOBS if job else _RESERVED
    for index, container in enumerate(containers):
        yield from _container_problems(container, f"{path}[{index}]", reserved)
    yield from _name_problems(containers, path)
    if not job and len(containers) > 1 and sum(bool(one.ports) for one in containers) != 1:
        yield Problem(
            path,
            "Revision template should contain exactly one container with an exposed port.",
            bare=True,
        )
    yield from _volume_problems(containers, volumes, template)


def _container_problems(
    container: Any,  # noqa: ANN401 - Container
    path: str,
    reserved: Sequence[str],
) -> Iterator[Problem]:
    yield from _image_problems(container.image, f"{path}.image")
    if len(container.ports) > 1:
        yield Problem(f"{path}.ports", "ports should contain 0 or 1 port.")
    for port in container.ports:
        if port.container_port not in _PORTS:
            yield Problem(f"{path}.ports[0].container_port", "must be between 1 and 65535.")
        if port.name not in ("http1", "h2c"):
            yield Problem(f"{path}.ports[0].name", "should be one of 'http1' and 'h2c'.")
    yield from _variable_problems(container.env, f"{path}.env", reserved)
    longest = {"startup_probe": 240, "liveness_probe": 3600, "readiness_probe": 3600}
    for field, seconds in longest.items():
        if container.HasField(field):
            yield from _probe_problems(getattr(container, field), f"{path}.{field}", seconds)


def _image_problems(image: str, path: str) -> Iterator[Problem]:
    first, slash, rest = image.partition("/")
    # Without a dot or a port it is the first part of a name on Docker Hub.
    has_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
    host, name = (first, rest) if has_host else ("", image)
    if not image:
        yield Problem(path, REQUIRED)
    elif not _PATH.fullmatch(name) or (host and not _HOST.fullmatch(host)):
        yield Problem(
            path,
            "must be a container image path in the form [hostname/]repo-path[:tag and/or @digest]",
        )
    elif host and not (_HOSTS.fullmatch(host) or _LOCAL.fullmatch(host)):
        yield Problem(
            path,
            "Expected an image path like [host/]repo-path[:tag and/or @digest], where host is one "
            f"of [region.]gcr.io, [region-]docker.pkg.dev or docker.io but obtained {image}",
            bare=True,
        )


def _variable_problems(
    variables: Sequence[Any], path: str, reserved: Sequence[str]
) -> Iterator[Problem]:
    taken = [one.name for one in variables if one.name in reserved]
    if taken:
        yield Problem(
            path,
            f"The following reserved env names were provided: {', '.join(taken)}. These values are "
            "automatically set by the system.",
            bare=True,
        )
    if len(variables) > _MAX_VARIABLES:
        yield Problem(path, f"should contain at most {_MAX_VARIABLES} variables.")
    seen: set[str] = set()
    for index, one in enumerate(variables):
        where = f"{path}[{index}]"
        if not one.name:
            yield Problem(f"{where}.name", REQUIRED)
        elif not _ENV_NAME.fullmatch(one.name) or len(one.name) > _MAX_VARIABLE:
            yield Problem(f"{where}.name", f"'{one.name[:80]}' must be a C_IDENTIFIER.")
        elif one.name.startswith(_GOOGLE_S):
            yield Problem(f"{where}.name", f"must not have the prefix {_GOOGLE_S}.")
        elif one.name in seen:
            yield Problem(f"{where}.name", f"'{one.name}' is given more than once.")
        if len(one.value.encode()) > _MAX_VARIABLE:
            yield Problem(f"{where}.value", f"must not exceed {_MAX_VARIABLE} bytes.")
        if one.HasField("value_source") and not one.value_source.secret_key_ref.secret:
            yield Problem(f"{where}.value_source.secret_key_ref.secret", REQUIRED)
        seen.add(one.name)


def _probe_problems(probe: Any, path: str, longest: int) -> Iterator[Problem]:  # noqa: ANN401 - Probe
    if probe.WhichOneof("probe_type") is None:
        yield Problem(path, "exactly one of http_get, tcp_socket or grpc must be specified.")
    ranges = {
        "initial_delay_seconds": (0, longest),
        "period_seconds": (1, longest),
        "timeout_seconds": (1, 3600),
        "failure_threshold": (1, None),
    }
    for field, (least, most) in ranges.items():
        value = getattr(probe, field)
        if value < least or (most is not None and value > most):
            bounds = f"at least {least}" if most is None else f"between {least} and {most}"
            yield Problem(f"{path}.{field}", f"must be {bounds}.")
    if probe.timeout_seconds > probe.period_seconds:
        yield Problem(f"{path}.timeout_seconds", "must be smaller than period_seconds.")


def _name_problems(containers: Sequence[Any], path: str) -> Iterator[Problem]:
    names = [one.name for one in containers if one.name]
    for index, container in enumerate(containers):
        if container.name and not DNS_LABEL.fullmatch(container.name):
            yield Problem(f"{path}[{index}].name", "must be a DNS_LABEL (RFC 1123).")
        if container.name and names.count(container.name) > 1:
            yield Problem(f"{path}[{index}].name", f"'{container.name}' is not unique.")
        for other in container.depends_on:
            if other not in names or other == container.name:
                yield Problem(
                    f"{path}[{index}].depends_on",
                    f"'{other}' is not the name of another container.",
                )


def _volume_problems(
    containers: Sequence[Any], volumes: Sequence[Any], template: str
) -> Iterator[Problem]:
    names = [one.name for one in volumes]
    for index, volume in enumerate(volumes):
        path = f"{template}.volumes[{index}]"
        if not DNS_LABEL.fullmatch(volume.name):
            yield Problem(f"{path}.name", "must be a DNS_LABEL (RFC 1123).")
        if names.count(volume.name) > 1:
            yield Problem(f"{path}.name", f"'{volume.name}' is not unique.")
        if volume.WhichOneof("volume_type") is None:
            yield Problem(path, "a source of the volume must be specified.")
    for index, container in enumerate(containers):
        for at, mount in enumerate(container.volume_mounts):
            path = f"{template}.containers[{index}].volume_mounts[{at}]"
            if mount.name not in names:
                yield Problem(f"{path}.name", f"'{mount.name}' must match the name of a volume.")
            if not mount.mount_path or ":" in mount.mount_path:
                yield Problem(f"{path}.mount_path", "must be set and must not contain ':'.")
