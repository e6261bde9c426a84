"""What one execution of a job may have otherwise than the job says."""

from collections.abc import Iterator
from typing import Any

from provision.emulator.services.run.jobs_rules import MAX_TASKS
from provision.emulator.services.run.violations import Problem


def override(execution: Any, overrides: Any) -> Iterator[Problem]:  # noqa: ANN401 - messages
    """Apply the overrides of RunJob to an execution; yields what cannot be."""
    containers = {one.name: one for one in execution.template.containers}
    for index, wanted in enumerate(overrides.container_overrides):
        container = containers.get(wanted.name) if wanted.name else None
        if container is None and not wanted.name:
            container = execution.template.containers[0]
        path = f"overrides.container_overrides[{index}]"
        if container is None:
            yield Problem(f"{path}.name", f"'{wanted.name}' is not the name of a container.")
        elif wanted.clear_args and wanted.args:
            yield Problem(f"{path}.args", "must be empty if clear_args is set to true.")
        else:
            _apply(container, wanted)
    if not 0 <= overrides.task_count <= MAX_TASKS:
        yield Problem("overrides.task_count", f"must be between 0 and {MAX_TASKS}.")
    if overrides.task_count:
        execution.task_count = overrides.task_count
    if overrides.HasField("timeout"):
        execution.template.timeout.CopyFrom(overrides.timeout)


def _apply(container: Any, wanted: Any) -> None:  # noqa: ANN401 - messages
    """Arguments replace all there are; variables are put over those of their names."""
    if wanted.args or wanted.clear_args:
        del container.args[:]
        container.args.extend(wanted.args)
    given = {one.name for one in wanted.env}
    kept = [one for one in container.env if one.name not in given]
    del container.env[:]
    container.env.extend([*kept, *wanted.env])
