"""Values of what calls: names in other products, paths, headers, schedules, one by one."""

import re
from typing import Annotated

from pydantic import AfterValidator

from provision.resources import WORKFLOW_ID, check_workflow_id
from provision.resources.names import PROJECT_ID, checked
from provision.spec.values import ProbePath, anchored

_SCHEDULE_ID = re.compile(r"[A-Za-z0-9_-]{1,500}")
_QUEUE_ID = re.compile(r"[A-Za-z0-9-]{1,100}")
_PUBSUB_ID = re.compile(r"(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}")
_TOPIC = re.compile(r"projects/(?P<project>[^/]+)/topics/(?P<topic>[^/]+)")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_CRON_PART = r"(?:\*|[0-9A-Za-z]+(?:-[0-9A-Za-z]+)?)(?:/[0-9]+)?"
_CRON = re.compile(rf"{_CRON_PART}(?:,{_CRON_PART})*(?: +{_CRON_PART}(?:,{_CRON_PART})*){{4}}")
_ENGLISH = re.compile(r"(?:every|[0-9]+(?:st|nd|rd|th)|first|second|third|fourth|last) [ -~]+")
_TIME_ZONE = re.compile(r"[A-Za-z]+(?:[/_+-][A-Za-z0-9]+)*")
_OF_THE_TOKEN = frozenset({"authorization", "x-serverless-authorization"})


def _path(value: str) -> str:
    if "?" in value:
        raise ValueError(f"{value!r} has parameters; they go under `query`")
    return value


def _header_name(value: str) -> str:
    if value.lower() in _OF_THE_TOKEN:
        raise ValueError("carries the token, which Google puts on; allowed: any other header")
    return checked(_HEADER, value, "header", "letters, digits and hyphens")


def _header_value(value: str) -> str:
    if not value.isprintable() or not value.isascii():
        raise ValueError(f"{value!r} cannot be in a header; allowed: printable ASCII, in one line")
    return value


def _schedule_id(value: str) -> str:
    """https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs."""
    allowed = "1 to 500 letters, digits, hyphens and underscores"
    return checked(_SCHEDULE_ID, value, "name of a job of Cloud Scheduler", allowed)


def _queue_id(value: str) -> str:
    """https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues."""
    return checked(_QUEUE_ID, value, "queue", "1 to 100 letters, digits and hyphens")


def _pubsub_id(value: str) -> str:
    """https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names."""
    allowed = "3 to 255 letters, digits and -._~+%, beginning with a letter and not with goog"
    return checked(_PUBSUB_ID, value, "name in Pub/Sub", allowed)


def _topic(value: str) -> str:
    found = _TOPIC.fullmatch(value)
    if found is None:
        return _pubsub_id(value)
    if not PROJECT_ID.fullmatch(found["project"]):
        raise ValueError(f"{found['project']!r} is not a project id")
    _pubsub_id(found["topic"])
    return value


def _cron(value: str) -> str:
    """https://cloud.google.com/scheduler/docs/configuring/cron-job-schedules."""
    if not _CRON.fullmatch(value) and not _ENGLISH.fullmatch(value):
        raise ValueError(
            f"{value!r} is not a schedule; allowed: minute, hour, day, month and weekday, as in "
            '"0 3 * * 1-5", or words such as "every 5 minutes"'
        )
    return value


def _time_zone(value: str) -> str:
    return checked(_TIME_ZONE, value, "time zone", "a name such as Etc/UTC or Europe/Zurich")


WorkflowId = Annotated[str, AfterValidator(check_workflow_id), anchored(WORKFLOW_ID)]
ScheduleId = Annotated[str, AfterValidator(_schedule_id), anchored(_SCHEDULE_ID)]
QueueId = Annotated[str, AfterValidator(_queue_id), anchored(_QUEUE_ID)]
PubsubId = Annotated[str, AfterValidator(_pubsub_id), anchored(_PUBSUB_ID)]
Topic = Annotated[str, AfterValidator(_topic)]
CallPath = Annotated[ProbePath, AfterValidator(_path)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
HeaderValue = Annotated[str, AfterValidator(_header_value)]
Cron = Annotated[str, AfterValidator(_cron)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
