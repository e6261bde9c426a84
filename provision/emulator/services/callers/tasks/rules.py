"""What queues and tasks must be, and the defaults that are filled in.

Source: the comments of ``google.cloud.tasks.v2`` and "Quotas and limits"; the words are assumed.
"""

import re
from typing import Any

from google.cloud import tasks_v2

from provision.emulator.rpc.status import invalid
from provision.emulator.services.callers.tasks.requests import address
from provision.emulator.services.callers.tokens import is_address
from provision.emulator.services.callers.words import not_done

WRITABLE = ("http_target", "rate_limits", "retry_config", "stackdriver_logging_config")
"""The fields of a queue that a caller may set."""
_QUEUE_ID = re.compile(r"[A-Za-z0-9-]{1,100}")
_TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,500}")
_MOST_A_SECOND = 500
_MOST_AT_ONCE = 5000
_LONGEST_ADDRESS = 2083
_LARGEST_BODY = 1024 * 1024
_DEADLINE = (15, 30 * 60)
_POST = int(tasks_v2.HttpMethod.POST)
_METHODS = range(8)
_WITH_BODY = {int(one) for one in (tasks_v2.HttpMethod.POST, 4, 6)}  # POST, PUT and PATCH


def check_id(given: str) -> None:
    """Raise `ApiError` (INVALID_ARGUMENT) for a name that no queue can have."""
    if not _QUEUE_ID.fullmatch(given):
        raise invalid("Queue ID can contain letters, numbers and hyphens, at most 100.")


def check_task_id(given: str) -> None:
    """Raise `ApiError` (INVALID_ARGUMENT) for a name that no task can have."""
    if not _TASK_ID.fullmatch(given):
        raise invalid("Task ID can contain letters, numbers, hyphens and underscores, at most 500.")


def check(queue: Any) -> None:  # noqa: ANN401 - Queue
    """Raise `ApiError` for a queue that cannot be."""
    rates, retry = queue.rate_limits, queue.retry_config
    if not 0 <= rates.max_dispatches_per_second <= _MOST_A_SECOND:
        raise invalid(f"RateLimits.maxDispatchesPerSecond must be at most {_MOST_A_SECOND}.")
    if not 0 <= rates.max_concurrent_dispatches <= _MOST_AT_ONCE:
        raise invalid(f"RateLimits.maxConcurrentDispatches must be at most {_MOST_AT_ONCE}.")
    if retry.max_attempts < -1:
        raise invalid("RetryConfig.maxAttempts must be positive, or -1 for no limit.")
    if not 0 <= queue.stackdriver_logging_config.sampling_ratio <= 1:
        raise invalid("StackdriverLoggingConfig.samplingRatio must be between 0 and 1.")
    target = queue.http_target
    kind = target.WhichOneof("authorization_header") if queue.HasField("http_target") else None
    # Of a queue both are required; a single task has defaults (documented).
    if kind == "oidc_token" and not target.oidc_token.audience:
        raise invalid("HttpTarget.oidcToken.audience is required.")
    if kind == "oauth_token" and not target.oauth_token.scope:
        raise invalid("HttpTarget.oauthToken.scope is required.")
    _check_override(target)


def _check_override(target: Any) -> None:  # noqa: ANN401 - HttpTarget
    """Raise `ApiError` for what no address can be made with."""
    override = target.uri_override
    if override.HasField("host") and not override.host:
        raise invalid("UriOverride.host must not be empty.")
    if not is_address(address("https://example.com/", override)):
        raise invalid("UriOverride must make a valid HTTP or HTTPS URL.")
    check_method(target.http_method)


def check_method(number: int) -> None:
    """Raise `ApiError` (INVALID_ARGUMENT) for a number that is no HTTP method's."""
    if number not in _METHODS:
        raise invalid(f"Invalid value for httpMethod: {number}")


def fill(queue: Any) -> None:  # noqa: ANN401 - Queue
    """Fill in the defaults (documented)."""
    rates, retry = queue.rate_limits, queue.retry_config
    rates.max_dispatches_per_second = rates.max_dispatches_per_second or _MOST_A_SECOND
    # The server chooses it by the rate.
    rates.max_burst_size = max(1, min(100, int(rates.max_dispatches_per_second / 5)))
    rates.max_concurrent_dispatches = rates.max_concurrent_dispatches or 1000
    retry.max_attempts = retry.max_attempts or 100
    if not retry.HasField("min_backoff"):
        retry.min_backoff.nanos = 100_000_000
    if not retry.HasField("max_backoff"):
        retry.max_backoff.seconds = 3600
    retry.max_doublings = retry.max_doublings or 16


def check_task(task: Any) -> None:  # noqa: ANN401 - Task
    """Raise `ApiError` for a task that cannot be."""
    kind = task.WhichOneof("message_type")
    if kind == "app_engine_http_request":
        raise not_done("Tasks with app_engine_http_request are")
    if kind is None:
        raise invalid("Task must have an httpRequest.")
    request = task.http_request
    check_method(request.http_method)
    if not is_address(request.url) or len(request.url) > _LONGEST_ADDRESS:
        raise invalid("HttpRequest.url must be a valid HTTP or HTTPS URL.")
    if len(request.body) > _LARGEST_BODY:
        raise invalid("Task size too large")
    if request.body and (request.http_method or _POST) not in _WITH_BODY:
        raise invalid("HttpRequest.body is allowed with POST, PUT and PATCH only.")
    least, most = _DEADLINE
    deadline = task.dispatch_deadline.seconds + task.dispatch_deadline.nanos / 1e9
    if task.HasField("dispatch_deadline") and not least <= deadline <= most:
        raise invalid("Task.dispatchDeadline must be between 15 seconds and 30 minutes.")


def fill_task(task: Any) -> None:  # noqa: ANN401 - Task
    """Fill in what Cloud Tasks shows of a task that does not say it."""
    request = task.http_request
    request.http_method = request.http_method or _POST
    request.headers["User-Agent"] = "Google-Cloud-Tasks"
    if not task.HasField("dispatch_deadline"):
        task.dispatch_deadline.seconds = 600
