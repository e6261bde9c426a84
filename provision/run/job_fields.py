"""A Cloud Run v2 Job in Google's JSON names: what the spec asserts of it, and what is. Pure."""

from typing import Any

from provision.plan import Unknown
from provision.run.resource_json import (
    Json,
    container_fields,
    given,
    in_our_terms,
    is_settled,
    laid_over,
    main_image,
    pod_fields,
    pod_of,
    seen,
    with_free,
)
from provision.spec import JobSpec
from provision.spec.model import POD, Kind

_POD = POD[Kind.JOB]
_EXECUTE_AT_ONCE = frozenset({"startExecutionToken", "runExecutionToken"})
"""Who sends these executes the job by deploying it."""


def desired_fields(spec: JobSpec, image: str | Unknown) -> dict[str, Any]:
    """The fields that `spec` asserts, by API name."""
    container = {
        **container_fields(spec, image),
        "command": list(spec.command) or None,
        "args": list(spec.args) or None,
    }
    task = given({**pod_fields(spec, container), "maxRetries": spec.max_retries})
    template = given({"taskCount": spec.tasks, "parallelism": spec.parallelism, "template": task})
    return with_free(spec, {"template": template}, _POD)


def observed_fields(live: Json, asserted: Json) -> dict[str, Any]:
    """Of what the job is, that which `asserted` speaks of, in the same spelling."""
    return seen(in_our_terms(live, _POD), asserted)


def to_write(live: Json, asserted: Json) -> dict[str, Any]:
    """The whole job to send: what is, with what the spec asserts laid over it."""
    job = laid_over(live, asserted, _POD)
    return {name: value for name, value in job.items() if name not in _EXECUTE_AT_ONCE}


def is_ready(live: Json) -> bool:
    """The documented test of success (Cloud Run Admin API v2, Job)."""
    return is_settled(live)


def task_of(live: Json) -> Json:
    """The template of the job's tasks."""
    return pod_of(live, _POD)


def task_image(live: Json) -> str:
    """The image that the tasks run; empty when there is none."""
    return main_image(live, _POD)


def task_containers(live: Json) -> tuple[str, ...]:
    """The names of the job's containers, the one that does the work first; they may be empty."""
    containers = task_of(in_our_terms(live, _POD)).get("containers", ())
    return tuple(str(container.get("name", "")) for container in containers)
