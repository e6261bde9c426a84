"""What calls a service or executes a job, declared beside it: workflows, schedules, others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Literal, TypeAlias, get_args

from provision.resources import ServiceAccountName

Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
METHODS: tuple[str, ...] = get_args(Method)


class CallerKind(StrEnum):
    """What calls, beside workflows; the value is the word of its `kind`."""

    SCHEDULE = "schedule"
    PUSH = "push"
    QUEUE = "queue"


@dataclass(frozen=True)
class HttpCall:
    """A request to the service.

    Args:
        method: as HTTP has it.
        path: below the root URL, beginning with a slash.
        query: by name.
        headers: by name; never the one that carries the token.
        body: any JSON value; None for no body.
    """

    method: str = "POST"
    path: str = "/"
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = None


@dataclass(frozen=True)
class JobCall:
    """An execution of the job.

    Args:
        env: variables put over the job's own.
        args: in place of its arguments; empty for these.
        tasks: how many; None for as many as the job says.
        timeout: of a try of a task, in seconds; None for the job's.
        wait: until the execution is over, and fail where it failed.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    args: tuple[str, ...] = ()
    tasks: int | None = None
    timeout: int | None = None
    wait: bool = True

    @property
    def overrides(self) -> bool:
        """Whether it has anything otherwise than the job says, which takes a permission more."""
        return bool(self.env or self.args or self.tasks or self.timeout)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """What calls, as an account of its own.

    Args:
        name: its id.
        account: as whom it calls; it becomes an invoker.
        verify: whether verification has it call; where not, that it gets in is not proven.
    """

    name: str
    account: ServiceAccountName
    verify: bool = True


@dataclass(frozen=True, kw_only=True)
class WorkflowSpec(Caller):
    """A workflow of Workflows; it has either a call, of which its source is made, or a source.

    Args:
        call: what it does.
        source: the file of its source, absolute.
        argument: what verification executes it with; any JSON value.
    """

    call: HttpCall | JobCall | None = None
    source: Path | None = None
    argument: object = None


@dataclass(frozen=True, kw_only=True)
class ScheduleSpec(Caller):
    """A job of Cloud Scheduler that calls a service.

    Args:
        schedule: when, as cron writes it.
        time_zone: in which time, as ``Etc/UTC``.
    """

    kind: ClassVar[CallerKind] = CallerKind.SCHEDULE

    call: HttpCall
    schedule: str
    time_zone: str


@dataclass(frozen=True, kw_only=True)
class PushSpec(Caller):
    """A subscription of Pub/Sub that pushes to a service.

    Args:
        topic: its full name, ``projects/PROJECT/topics/TOPIC``.
    """

    kind: ClassVar[CallerKind] = CallerKind.PUSH

    call: HttpCall
    topic: str


@dataclass(frozen=True, kw_only=True)
class QueueSpec(Caller):
    """A queue of Cloud Tasks whose tasks all go to a service."""

    kind: ClassVar[CallerKind] = CallerKind.QUEUE

    call: HttpCall


CallerSpec: TypeAlias = ScheduleSpec | PushSpec | QueueSpec
