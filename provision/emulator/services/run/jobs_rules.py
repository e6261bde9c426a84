"""What Cloud Run fills in for a job that leaves it open (recorded), and what it refuses."""

from collections.abc import Iterator
from typing import Any

from google.api import launch_stage_pb2
from google.cloud import run_v2

from provision.emulator.services.run.containers import container_problems
from provision.emulator.services.run.defaults import DEFAULT_PORT, fill_mounts, fill_probes
from provision.emulator.services.run.limits import Setting, limit_problems
from provision.emulator.services.run.names import (
    account_problems,
    annotation_problems,
    enum_problems,
    label_problems,
)
from provision.emulator.services.run.rules import stage_problems
from provision.emulator.services.run.violations import REQUIRED, Problem

_GEN2 = int(run_v2.ExecutionEnvironment.EXECUTION_ENVIRONMENT_GEN2)
_RETRIES = 3
_TIMEOUT_SECONDS = 600
_MAX_TIMEOUT = 7 * 24 * 3600
_MAX_RETRIES = 10
MAX_TASKS = 10_000
# One container has the second, several have the first each (recorded for three).
_MEMORY = ("256Mi", "512Mi")
_PATH = "template.template"

WRITABLE = (
    "labels",
    "annotations",
    "client",
    "client_version",
    "launch_stage",
    "binary_authorization",
    "template",
)
"""The fields of a Job that a caller may set; tokens that execute it at once are not emulated."""


def fill(job: Any, default_account: str) -> None:  # noqa: ANN401 - Job
    """Fill in the defaults of a job, in place.

    Args:
        job: the message.
        default_account: e-mail of the project's default compute account.
    """
    if not job.launch_stage:
        job.launch_stage = launch_stage_pb2.GA
    job.latest_created_execution.SetInParent()  # there from the start, and empty (recorded)
    if not job.template.HasField("template"):
        return
    job.template.task_count = job.template.task_count or 1
    task = job.template.template
    if not task.service_account:
        task.service_account = default_account
    if not task.HasField("max_retries"):
        task.max_retries = _RETRIES
    if not task.timeout.ByteSize():
        task.timeout.seconds = _TIMEOUT_SECONDS
    if not task.execution_environment:
        task.execution_environment = _GEN2
    fill_mounts(task)
    for container in task.containers:
        limits = container.resources.limits
        for name, value in (("cpu", "1000m"), ("memory", _MEMORY[len(task.containers) == 1])):
            if name not in limits:
                limits[name] = value
        fill_probes(container, DEFAULT_PORT)


def job_problems(job: Any) -> Iterator[Problem]:  # noqa: ANN401 - Job
    """Everything that is wrong with a job; paths begin below it."""
    template, task = job.template, job.template.template
    if not template.HasField("template"):
        yield Problem(_PATH if job.HasField("template") else "template", REQUIRED)
    yield from stage_problems(job)
    yield from label_problems(job.labels, "labels")
    yield from annotation_problems(job.annotations, "annotations")
    yield from label_problems(template.labels, "template.labels")
    yield from annotation_problems(template.annotations, "template.annotations")
    if not 1 <= template.task_count <= MAX_TASKS:
        yield Problem("template.task_count", f"must be between 1 and {MAX_TASKS}.")
    if template.parallelism < 0:
        yield Problem("template.parallelism", "must be greater or equal than 0.")
    yield from task_problems(task)


def task_problems(task: Any) -> Iterator[Problem]:  # noqa: ANN401 - TaskTemplate
    """What is wrong with the template of a job's tasks."""
    yield from container_problems(task.containers, task.volumes, _PATH, job=True)
    yield from enum_problems(task, _PATH, "execution_environment")
    yield from enum_problems(task.vpc_access, f"{_PATH}.vpc_access", "egress")
    yield from account_problems(task.service_account, f"{_PATH}.service_account")
    if not 0 <= task.max_retries <= _MAX_RETRIES:
        yield Problem(f"{_PATH}.max_retries", f"must be between 0 and {_MAX_RETRIES}.")
    seconds = task.timeout.seconds + task.timeout.nanos / 1e9
    if not 0 < seconds <= _MAX_TIMEOUT:
        yield Problem(f"{_PATH}.timeout", "must be more than zero and at most seven days.")
    setting = Setting(f"{_PATH}.containers", task.execution_environment, 1, idle=False)
    yield from limit_problems(task.containers, setting)
