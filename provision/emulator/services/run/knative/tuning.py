"""Annotations of a v1 template that are spread over containers and volumes in v2."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from provision.emulator.services.run.defaults import ingress_container
from provision.emulator.services.run.knative.annotations import Place, boolean

_RUN = "run.googleapis.com"
_SQL_VOLUME, _SQL_PATH = "cloudsql", "/cloudsql"


def _show_throttling(template: Any) -> str:  # noqa: ANN401 - RevisionTemplate or Revision
    container = ingress_container(template)
    return "false" if container is not None and not container.resources.cpu_idle else ""


def _take_throttling(template: Any, text: str) -> None:  # noqa: ANN401 - RevisionTemplate
    for container in template.containers:
        container.resources.cpu_idle = boolean(text)


def _show_boost(template: Any) -> str:  # noqa: ANN401 - RevisionTemplate or Revision
    container = ingress_container(template)
    return "true" if container is not None and container.resources.startup_cpu_boost else ""


def _take_boost(template: Any, text: str) -> None:  # noqa: ANN401 - RevisionTemplate
    boost = boolean(text)
    container = ingress_container(template)
    if boost and container is not None:
        container.resources.startup_cpu_boost = True


def sql_volumes(template: Any) -> set[str]:  # noqa: ANN401 - RevisionTemplate or Revision
    """Names of the volumes that v1 tells by an annotation alone."""
    return {one.name for one in template.volumes if one.HasField("cloud_sql_instance")}


def _show_sql(template: Any) -> str:  # noqa: ANN401 - RevisionTemplate or Revision
    return ",".join(
        instance for one in template.volumes for instance in one.cloud_sql_instance.instances
    )


def _take_sql(template: Any, text: str) -> None:  # noqa: ANN401 - RevisionTemplate
    instances = [one.strip() for one in text.split(",") if one.strip()]
    container = ingress_container(template)
    if instances and container is not None:
        template.volumes.add(name=_SQL_VOLUME).cloud_sql_instance.instances.extend(instances)
        container.volume_mounts.add(name=_SQL_VOLUME, mount_path=_SQL_PATH)


def _show_dependencies(template: Any) -> str:  # noqa: ANN401 - RevisionTemplate or Revision
    found = {one.name: list(one.depends_on) for one in template.containers if one.depends_on}
    return json.dumps(found, separators=(",", ":")) if found else ""


def _take_dependencies(template: Any, text: str) -> None:  # noqa: ANN401 - RevisionTemplate
    wanted = _mapping(text)
    for container in template.containers:
        names = wanted.get(container.name, [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError(text)
        container.depends_on.extend(names)


def _show_bases(template: Any) -> str:  # noqa: ANN401 - RevisionTemplate or Revision
    found = {one.name: one.base_image_uri for one in template.containers if one.base_image_uri}
    return json.dumps(found, separators=(",", ":")) if found else ""


def _take_bases(template: Any, text: str) -> None:  # noqa: ANN401 - RevisionTemplate
    wanted = _mapping(text)
    for container in template.containers:
        container.base_image_uri = str(wanted.get(container.name, ""))


def _mapping(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError(text)  # noqa: TRY004 - one kind of error for what cannot be read
    return found


SPREAD: Mapping[str, Place] = {
    f"{_RUN}/cpu-throttling": Place(_show_throttling, _take_throttling),
    f"{_RUN}/startup-cpu-boost": Place(_show_boost, _take_boost),
    f"{_RUN}/cloudsql-instances": Place(_show_sql, _take_sql),
    f"{_RUN}/container-dependencies": Place(_show_dependencies, _take_dependencies),
    f"{_RUN}/base-images": Place(_show_bases, _take_bases),
}
"""Like `annotations.TEMPLATE`."""


def keep_details(template: Any, current: Any) -> None:  # noqa: ANN401 - RevisionTemplate
    """Keep what v1 has no place for, where what it does tell of it has not changed.

    Args:
        template: as a v1 caller sent it, annotations taken.
        current: as it is.
    """
    if _show_sql(template) == _show_sql(current) and _show_sql(current):
        _keep_sql(template, current)
    known = {one.name: one for one in current.containers}
    idle = not _show_throttling(template)
    same_idle = idle == (not _show_throttling(current))
    for container in template.containers:
        old = known.get(container.name)
        if old is None:
            continue
        if same_idle:
            container.resources.cpu_idle = old.resources.cpu_idle
        if old.HasField("source_code") and old.image == container.image:
            container.source_code.CopyFrom(old.source_code)


def _keep_sql(template: Any, current: Any) -> None:  # noqa: ANN401 - RevisionTemplate
    """Databases keep their volumes' names, their mounts and their places among the others."""
    names = sql_volumes(current)
    plain = [one for one in template.volumes if not one.HasField("cloud_sql_instance")]
    kept = [one for one in current.volumes if one.name in names]
    _refill(template.volumes, plain, kept, current.volumes)
    known = {one.name: one for one in current.containers}
    for container in template.containers:
        own = [one for one in container.volume_mounts if one.name != _SQL_VOLUME]
        before = known[container.name].volume_mounts if container.name in known else ()
        mounts = [one for one in before if one.name in names]
        _refill(container.volume_mounts, own, mounts, before)


def _refill(field: Any, sent: list[Any], kept: list[Any], before: Iterable[Any]) -> None:  # noqa: ANN401 - protobuf
    """Fill a repeated field anew, in the order of `before`, new entries last."""
    order = {one.name: index for index, one in enumerate(before)}
    entries = sorted([*sent, *kept], key=lambda one: order.get(one.name, len(order)))
    copies = [type(one)() for one in entries]
    for copy, one in zip(copies, entries, strict=True):
        copy.CopyFrom(one)
    del field[:]
    field.extend(copies)
