"""What a job of Cloud Scheduler must be, and the defaults that are filled in.

Source: the comments of ``google.cloud.scheduler.v1``, and what jobs show in public issues; the
refusal of a schedule is quoted there, other words are assumed.
"""

import datetime as dt
import re
from typing import Any

from google.cloud import scheduler_v1

from provision.emulator.rpc.status import invalid
from provision.emulator.services.callers.pubsub.names import check_name
from provision.emulator.services.callers.scheduler import cron
from provision.emulator.services.callers.tokens import is_address
from provision.emulator.services.callers.words import not_done

WRITABLE = (
    "description",
    "pubsub_target",
    "http_target",
    "app_engine_http_target",
    "schedule",
    "time_zone",
    "retry_config",
    "attempt_deadline",
)
"""The fields that a caller may set."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,500}")
_LONGEST_DESCRIPTION = 500
_RETRIES = range(6)
_DEADLINE = (15, 30 * 60)
_POST = int(scheduler_v1.HttpMethod.POST)
_METHODS = range(8)
_WITH_BODY = {int(one) for one in (scheduler_v1.HttpMethod.POST, 4, 6)}  # POST, PUT and PATCH
_PAUSED = int(scheduler_v1.Job.State.PAUSED)


def check_id(given: str) -> None:
    """Raise `ApiError` (INVALID_ARGUMENT) for a name that no job can have."""
    if not _ID.fullmatch(given):
        raise invalid(
            "Job ID must contain only letters, numbers, hyphens and underscores, at most 500."
        )


def check(job: Any) -> None:  # noqa: ANN401 - Job
    """Raise `ApiError` for a job that cannot be."""
    kind = job.WhichOneof("target")
    if kind is None:
        raise invalid("Job must have a target.")
    if kind == "app_engine_http_target":
        raise not_done("Jobs with app_engine_http_target are")
    if kind == "http_target":
        _check_http(job.http_target)
    else:
        _check_topic(job.pubsub_target)
    if len(job.description) > _LONGEST_DESCRIPTION:
        raise invalid(f"Description must not exceed {_LONGEST_DESCRIPTION} characters.")
    if cron.parsed(job.schedule) is None or cron.zone(job.time_zone or "UTC") is None:
        raise invalid("Schedule or time zone is invalid.")
    if job.retry_config.retry_count not in _RETRIES:
        raise invalid(f"Retry count must be between 0 and {_RETRIES.stop - 1}.")
    least, most = _DEADLINE
    deadline = job.attempt_deadline.seconds + job.attempt_deadline.nanos / 1e9
    if job.HasField("attempt_deadline") and not least <= deadline <= most:
        raise invalid("Attempt deadline must be between 15 seconds and 30 minutes.")


def _check_http(target: Any) -> None:  # noqa: ANN401 - HttpTarget
    if target.http_method not in _METHODS:
        raise invalid(f"Invalid value for httpMethod: {target.http_method}")
    if not is_address(target.uri):
        raise invalid("HttpTarget.uri must be a valid HTTP or HTTPS URL.")
    if target.body and (target.http_method or _POST) not in _WITH_BODY:
        raise invalid("HttpTarget.body is allowed with POST, PUT and PATCH only.")


def _check_topic(target: Any) -> None:  # noqa: ANN401 - PubsubTarget
    check_name(target.topic_name, "topics")
    if not target.data and not target.attributes:
        raise invalid("Pubsub message must contain either non-empty data or an attribute.")


def fill(job: Any) -> None:  # noqa: ANN401 - Job
    """Fill in what Cloud Scheduler shows of a job that does not say it."""
    job.time_zone = job.time_zone or "UTC"
    retry = job.retry_config
    retry.max_retry_duration.SetInParent()
    retry.max_doublings = retry.max_doublings or 5
    if not retry.HasField("min_backoff_duration"):
        retry.min_backoff_duration.seconds = 5
    if not retry.HasField("max_backoff_duration"):
        retry.max_backoff_duration.seconds = 3600
    if job.HasField("http_target"):
        job.http_target.http_method = job.http_target.http_method or _POST
        job.http_target.headers["User-Agent"] = "Google-Cloud-Scheduler"
        if job.http_target.body and "Content-Type" not in job.http_target.headers:
            job.http_target.headers["Content-Type"] = "application/octet-stream"
        if not job.HasField("attempt_deadline"):
            job.attempt_deadline.seconds = 180


def set_due(job: Any) -> None:  # noqa: ANN401 - Job
    """Say when a job would fire next; a paused one does not."""
    job.ClearField("schedule_time")
    schedule, zone = cron.parsed(job.schedule), cron.zone(job.time_zone)
    if job.state == _PAUSED or schedule is None or zone is None:
        return
    due = schedule.next(dt.datetime.now(zone))
    if due is not None:
        job.schedule_time.seconds = int(due.timestamp())
