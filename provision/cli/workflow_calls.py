"""What `workflow render` is to write: the call or the execution that its options describe."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from provision.cli.addressing import Addressed, Place
from provision.cli.context import seconds
from provision.cli.options import DEFAULT_FILES
from provision.errors import UsageError
from provision.invoke.request_parts import parse_headers
from provision.resources import JobName
from provision.run.execution import overrides_of
from provision.targets import Target
from provision.workflows import HttpCall, JobRun, Laid


@dataclass(frozen=True)
class HttpOptions:
    """The options of a call over HTTP, as they were given."""

    method: str | None
    path: str
    query: Sequence[str] | None
    header: Sequence[str] | None
    data: str | None
    timeout: str | None
    audience: str | None

    def refuse(self, why: str) -> None:
        """Refuse whatever is given.

        Raises:
            UsageError: something is.
        """
        given = {
            "--request": self.method,
            "--path": self.path,
            "--query": self.query,
            "--header": self.header,
            "--data": self.data,
            "--timeout": self.timeout,
            "--audience": self.audience,
        }
        _refuse(given, why)

    def call(self, found: Addressed) -> HttpCall:
        """The call of what was found."""
        if not found.url:
            raise UsageError(
                "The target has no address to be called at.",
                hint="Its default address may be off; a workflow gets in nowhere else.",
            )
        headers, _ = parse_headers(self.header or ())
        return HttpCall(
            what=str(found.resolved or "a private service"),
            url=found.url,
            method=(self.method or ("GET" if self.data is None else "POST")).upper(),
            path=self.path,
            query=_pairs(self.query or (), "--query"),
            headers=dict(headers),
            body=None if self.data is None else json_argument(self.data, "--data"),
            audience=found.audience.value if self.audience else "",
            timeout=seconds(self.timeout) if self.timeout else None,
        )


@dataclass(frozen=True)
class JobOptions:
    """The options of an execution, as they were given."""

    env: Sequence[str] | None
    args: Sequence[str] | None
    tasks: int | None
    task_timeout: str | None
    container: str
    bucket: str
    kms_key: str
    wait: bool

    def refuse(self, why: str) -> None:
        """Refuse whatever is given.

        Raises:
            UsageError: something is.
        """
        given = {
            "--env": self.env,
            "--args": self.args,
            "--tasks": self.tasks,
            "--task-timeout": self.task_timeout,
            "--container": self.container,
            "--bucket": self.bucket,
            "--kms-key": self.kms_key,
            "--no-wait": not self.wait,
        }
        _refuse(given, why)

    def call(self, job: Target) -> JobRun:
        """The execution of `job`."""
        if self.kms_key and not self.bucket:
            raise UsageError("--kms-key is the key of an object, which --bucket says where to lay.")
        limit = seconds(self.task_timeout) if self.task_timeout is not None else None
        over = overrides_of(self.args or (), self.env or (), self.tasks, limit)
        return JobRun(
            what=str(job),
            project=job.name.project,
            region=job.name.region,
            job=job.id,
            env=over.env,
            args=over.args,
            tasks=over.tasks,
            timeout=over.timeout,
            container=self.container,
            data=Laid(self.bucket, self.kms_key) if self.bucket else None,
            wait=self.wait,
        )


def find_job(text: str | None, place: Place) -> Target | None:
    """The job that `text` means, or the only one of the spec; None for anything else."""
    if text is not None and "://" in text:
        return None
    if text is None:
        if not place.file and not DEFAULT_FILES[0].exists():
            return None
        specs = place.open(files=place.file or DEFAULT_FILES).specs
        if len(specs) != 1:
            return None
        text = specs[0].name
    (target,) = place.open(text).targets
    return target if isinstance(target.name, JobName) else None


def json_argument(text: str, option: str) -> object:
    """The JSON value that `text` is, or that stands in ``@FILE`` or, for ``@-``, on stdin.

    Raises:
        UsageError: it is none, or the file cannot be read.
    """
    try:
        if text == "@-":
            text = sys.stdin.read()
        elif text.startswith("@"):
            text = Path(text[1:]).read_text(encoding="utf-8")
        return json.loads(text, parse_constant=_refused)
    except OSError as error:
        raise UsageError(f"{option} {text}: {error.strerror}.") from error
    except RecursionError as error:
        raise UsageError(f"{option} is nested too deep.") from error
    except ValueError as error:
        raise UsageError(
            f"{option} is no JSON: {error}.",
            hint="""A text is JSON in double quotes: --data '"today"'.""",
        ) from error


def _refused(name: str) -> object:
    raise ValueError(f"{name} is no number of JSON")


def _pairs(given: Iterable[str], option: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not name or not equals:
            raise UsageError(f"{option} {one!r}: write NAME=VALUE, once for each.")
        if name in found:
            raise UsageError(f"{option} {name} is given twice.")
        found[name] = value
    return found


def _refuse(given: Mapping[str, object], why: str) -> None:
    named = [name for name, value in given.items() if value not in (None, "", False)]
    if named:
        raise UsageError(f"{', '.join(named)}: {why}.")
