"""What a workflow is rendered for: a call over HTTP, or an execution of a job. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class HttpCall:
    """A request to a service, or to a function of either generation.

    Values of query, headers and body that read ``${…}`` are expressions of Workflows, in which
    ``args`` is the argument of the execution. Everything else is data.

    Args:
        what: the target in words, as ``service orders``.
        url: its root URL: of a function at cloudfunctions.net, with the function's name.
        method: in capitals.
        path: below the root; empty, or beginning with a slash, or one expression.
        query: parameters of the query.
        headers: the request's headers.
        body: any JSON value; None for no body.
        audience: what the token is for; empty for the root URL.
        timeout: seconds, 1800 at most; None for the 300 of Workflows.
    """

    what: str
    url: str
    method: str = "GET"
    path: str = ""
    query: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    audience: str = ""
    timeout: float | None = None


@dataclass(frozen=True)
class Laid:
    """Data that is laid in Cloud Storage for a job, instead of in its environment.

    The job finds it by ``INPUT_BUCKET`` and ``INPUT_FILE``.

    Args:
        bucket: the bucket's name.
        key: the full name of a Cloud KMS key for the object; empty for the bucket's default.
    """

    bucket: str
    key: str = ""


@dataclass(frozen=True)
class JobRun:
    """An execution of a job, by the connector of Cloud Run.

    Args:
        what: the job in words, as ``job nightly``.
        project: its project's id.
        region: its region.
        job: its name.
        env: variables over the job's own; values may be expressions.
        args: arguments in place of the job's own; may be expressions.
        tasks: how many tasks.
        timeout: of a task, in seconds.
        container: which container's variables and arguments; only where the job has several.
        data: the argument of the workflow, laid in a bucket for the job.
        wait: whether the workflow waits for the end of the execution, which asks for
            ``run.executions.get`` beside the permission to start it.
    """

    what: str
    project: str
    region: str
    job: str
    env: Mapping[str, str] = field(default_factory=dict)
    args: tuple[str, ...] = ()
    tasks: int | None = None
    timeout: int | None = None
    container: str = ""
    data: Laid | None = None
    wait: bool = True

    @property
    def has_overrides(self) -> bool:
        """Whether it asks for ``run.jobs.runWithOverrides`` as well."""
        return bool(self.env or self.args or self.tasks or self.timeout or self.data)
