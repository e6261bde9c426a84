"""The request that a task is: its own, with what its queue puts in its place.

Source: the comments of ``google.cloud.tasks.v2.HttpTarget`` and ``UriOverride``, and "Create HTTP
target tasks" in Cloud Tasks' documentation (headers).
"""

from typing import Any
from urllib.parse import SplitResult, urlsplit

from google.cloud import tasks_v2

from provision.emulator.services.callers.attempts import headers_of, seconds, token_of
from provision.emulator.services.callers.sending import Outgoing
from provision.emulator.times import to_micros

_IF_NOT_EXISTS = int(tasks_v2.UriOverride.UriOverrideEnforceMode.IF_NOT_EXISTS)
_HTTP = int(tasks_v2.UriOverride.Scheme.HTTP)
_OCTETS = "application/octet-stream"


def request_of(task: Any, queue: Any) -> Outgoing:  # noqa: ANN401 - messages
    """What is sent for a task."""
    request, target = task.http_request, queue.http_target
    method = target.http_method or request.http_method
    overridden = {one.header.key: one.header.value for one in target.header_overrides}
    headers = {**request.headers, **overridden}
    if request.body and not any(one.lower() == "content-type" for one in headers):
        headers["Content-Type"] = _OCTETS
    return Outgoing(
        "cloudtasks",
        task.name.split("/")[1],
        tasks_v2.HttpMethod(method).name,
        address(request.url, target.uri_override),
        headers_of(headers, _told(task)),
        request.body,
        token_of(target) or token_of(request),
        seconds(task.dispatch_deadline),
    )


def _told(task: Any) -> dict[str, str]:  # noqa: ANN401 - Task
    """What Cloud Tasks itself says of a task; the counts are of what was before."""
    parts, eta = task.name.split("/"), to_micros(task.schedule_time)
    return {
        "X-CloudTasks-QueueName": parts[5],
        "X-CloudTasks-TaskName": parts[7],
        "X-CloudTasks-TaskRetryCount": str(task.dispatch_count - 1),
        "X-CloudTasks-TaskExecutionCount": str(task.response_count),
        "X-CloudTasks-TaskETA": f"{eta // 10**6}.{eta % 10**6:06d}",
    }


def address(url: str, override: Any) -> str:  # noqa: ANN401 - UriOverride
    """An address with what a queue puts in the place of its parts; it may be none any more."""
    parts = urlsplit(url)
    if override.uri_override_enforce_mode == _IF_NOT_EXISTS:
        return _filled(parts, override).geturl()
    if override.HasField("scheme"):
        parts = parts._replace(scheme=_scheme(override))
    host, port = parts.hostname or "", parts.port
    host = override.host if override.HasField("host") else host
    if override.HasField("port"):
        port = override.port or None
    parts = parts._replace(netloc=f"{host}:{port}" if port else host)
    if override.HasField("path_override"):
        parts = parts._replace(path=override.path_override.path)
    if override.HasField("query_override"):
        parts = parts._replace(query=override.query_override.query_params)
    return parts.geturl()


def _filled(parts: SplitResult, override: Any) -> SplitResult:  # noqa: ANN401 - UriOverride
    """An address to which is added what it lacks; scheme and host it has."""
    if not parts.port and override.port:
        parts = parts._replace(netloc=f"{parts.netloc}:{override.port}")
    return parts._replace(
        path=parts.path or override.path_override.path,
        query=parts.query or override.query_override.query_params,
    )


def _scheme(override: Any) -> str:  # noqa: ANN401 - UriOverride
    return "http" if override.scheme == _HTTP else "https"
