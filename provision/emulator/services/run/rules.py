"""What Cloud Run refuses in a service before anything happens, and what an update changes."""

from collections.abc import Iterator, Sequence
from typing import Any

from google.api import launch_stage_pb2

from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.rpc.wellknown import FieldMask
from provision.emulator.services.run.containers import container_problems
from provision.emulator.services.run.limits import Setting, limit_problems
from provision.emulator.services.run.names import (
    MAX_NAME,
    NAME,
    account_problems,
    annotation_problems,
    enum_problems,
    label_problems,
)
from provision.emulator.services.run.records import ServiceMessage
from provision.emulator.services.run.traffic import traffic_problems
from provision.emulator.services.run.violations import REQUIRED, Problem, refuse
from provision.emulator.times import run_etag_moment, to_micros

_MAX_CONCURRENCY = 1000
_MAX_TIMEOUT = 3600
_MAX_DESCRIPTION = 512
_MAX_AUDIENCES = 32768
_STAGES = (launch_stage_pb2.ALPHA, launch_stage_pb2.BETA, launch_stage_pb2.GA)

WRITABLE = (
    "description",
    "labels",
    "annotations",
    "client",
    "client_version",
    "ingress",
    "launch_stage",
    "binary_authorization",
    "template",
    "traffic",
    "scaling",
    "invoker_iam_disabled",
    "default_uri_disabled",
    "iap_enabled",
    "multi_region_settings",
    "custom_audiences",
    "build_config",
)
"""The fields of a Service that a caller may set."""


def check(service: Any, request: str) -> None:  # noqa: ANN401 - Service
    """Raise `ViolationError` when a field of the service cannot be as it is.

    Args:
        service: the message, defaults filled in.
        request: the request's name, for the violation's text.
    """
    refuse(service_problems(service), f"{request}.service")


def service_problems(service: Any) -> Iterator[Problem]:  # noqa: ANN401 - Service
    """Everything that is wrong with a service; paths begin below it."""
    if not service.HasField("template"):
        yield Problem("template", REQUIRED)
    yield from enum_problems(service, "", "ingress")
    yield from stage_problems(service)
    if len(service.description) > _MAX_DESCRIPTION:
        yield Problem("description", f"must not exceed {_MAX_DESCRIPTION} characters.")
    if sum(len(one) + 3 for one in service.custom_audiences) > _MAX_AUDIENCES:
        yield Problem("custom_audiences", f"must not exceed {_MAX_AUDIENCES} characters.")
    for index, audience in enumerate(service.custom_audiences):
        if not audience:
            yield Problem(f"custom_audiences[{index}]", REQUIRED)
    yield from label_problems(service.labels, "labels")
    yield from annotation_problems(service.annotations, "annotations")
    yield from _scaling_problems(service.scaling, "scaling")
    yield from enum_problems(service.scaling, "scaling", "scaling_mode")
    yield from _template_problems(service)
    yield from traffic_problems(service)


def stage_problems(message: Any) -> Iterator[Problem]:  # noqa: ANN401 - Service or Job
    """Cloud Run knows three launch stages (documented)."""
    if message.launch_stage not in _STAGES:
        yield Problem("launch_stage", "must be one of ALPHA, BETA and GA.")


def _template_problems(service: Any) -> Iterator[Problem]:  # noqa: ANN401 - Service
    template, path = service.template, "template"
    yield from container_problems(template.containers, template.volumes, path)
    yield from enum_problems(template, path, "execution_environment")
    yield from enum_problems(template.vpc_access, f"{path}.vpc_access", "egress")
    if not 0 < template.max_instance_request_concurrency <= _MAX_CONCURRENCY:
        yield Problem(
            f"{path}.max_instance_request_concurrency",
            f"must be between 1 and {_MAX_CONCURRENCY}.",
        )
    seconds = template.timeout.seconds + template.timeout.nanos / 1e9
    if seconds > _MAX_TIMEOUT:
        yield Problem(f"{path}.timeout", "maximum allowed time is one hour.")
    elif seconds <= 0:
        yield Problem(f"{path}.timeout", "must be greater than zero.")
    yield from _scaling_problems(template.scaling, f"{path}.scaling")
    yield from account_problems(template.service_account, f"{path}.service_account")
    yield from label_problems(template.labels, f"{path}.labels")
    yield from annotation_problems(template.annotations, f"{path}.annotations")
    yield from _revision_name_problems(service)
    setting = Setting(
        f"{path}.containers",
        template.execution_environment,
        template.max_instance_request_concurrency,
        all(one.resources.cpu_idle for one in template.containers),
    )
    yield from limit_problems(template.containers, setting)


def _scaling_problems(scaling: Any, path: str) -> Iterator[Problem]:  # noqa: ANN401 - messages
    for field in ("min_instance_count", "max_instance_count", "manual_instance_count"):
        if getattr(scaling, field, 0) < 0:
            yield Problem(f"{path}.{field}", "must be greater or equal than 0.")
    # A maximum of 0 is the server's default.
    if scaling.max_instance_count and scaling.min_instance_count > scaling.max_instance_count:
        yield Problem(
            f"{path}.max_instance_count", "must be greater or equal than min_instance_count."
        )


def _revision_name_problems(service: Any) -> Iterator[Problem]:  # noqa: ANN401 - Service
    wanted, path = service.template.revision, "template.revision"
    prefix = service.name.rpartition("/")[2] + "-"
    if not wanted:
        return
    if not wanted.startswith(prefix):
        yield Problem(
            path,
            "The revision name must be prefixed by the name of the enclosing Service or "
            "Configuration with a trailing -",
            bare=True,
        )
    elif not NAME.fullmatch(wanted) or len(wanted) > MAX_NAME:
        yield Problem(
            path,
            "Resource name must use only lowercase letters, numbers and '-'. Must begin with a "
            f"letter and cannot end with a '-'. Maximum length is {MAX_NAME} characters.",
            bare=True,
        )


def check_etag(sent: str, current: Any) -> None:  # noqa: ANN401 - Service or Revision
    """Raise (ABORTED) when an etag was sent and is not the current one."""
    if not sent or sent == current.etag:
        return
    version = run_etag_moment(sent)
    shown = sent if version is None else str(version)
    raise ApiError(
        "ABORTED",
        f"Conflict for resource '{current.name.rpartition('/')[2]}': version '{shown}' was "
        f"specified but current version is '{to_micros(current.update_time)}'.",
    )


def changed(current: Any, sent: Any, mask: Any = None) -> Any:  # noqa: ANN401 - messages
    """The service as it would be after an update; only writable fields are taken.

    Args:
        current: what is, with the ingress as asked for.
        sent: the service of the request.
        mask: the update mask; none, empty or ``*`` replaces every writable field.
    """
    wanted = ServiceMessage()
    wanted.CopyFrom(current)
    asked = list(mask.paths) if mask is not None else []
    return taken_over(wanted, sent, [] if "*" in asked else asked, WRITABLE)


def taken_over(wanted: Any, sent: Any, paths: Sequence[str], writable: Sequence[str]) -> Any:  # noqa: ANN401 - messages
    """`wanted`, changed in place to what was sent in the given fields. Raises `ApiError`.

    Args:
        wanted: a copy of what is.
        sent: the message of the request.
        paths: of the update mask; none for every writable field.
        writable: the fields that a caller may set; others in `paths` are passed over.
    """
    for path in paths:
        if not FieldMask(paths=[path]).IsValidForDescriptor(wanted.DESCRIPTOR):
            text = f"The update mask names a field that does not exist: {path}"
            raise invalid(text, ("update_mask", text))
    source = type(sent)()
    source.CopyFrom(sent)
    for path in (one for one in paths or writable if one.partition(".")[0] in writable):
        *parents, _ = path.split(".")
        inner = source
        for parent in parents:  # merging passes over what lies below an absent message
            inner = getattr(inner, parent)
            inner.SetInParent()
        FieldMask(paths=[path]).MergeMessage(
            source, wanted, replace_message_field=True, replace_repeated_field=True
        )
        # Merging never takes a whole message away that was not sent.
        if not parents and not _is_set(sent, path):
            wanted.ClearField(path)
    return wanted


def _is_set(message: Any, field: str) -> bool:  # noqa: ANN401 - a message
    return any(descriptor.name == field for descriptor, _ in message.ListFields())
