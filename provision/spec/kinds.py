"""What a document declares, and why the other kind's fields have no meaning in it."""

import re
from collections.abc import Mapping

from provision.spec.model import Kind

MAX_TASKS = 10_000
MAX_TASK_TIMEOUT = 7 * 24 * 3600
"""Seconds. https://cloud.google.com/run/docs/configuring/task-timeout"""

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""How environment variables and build arguments are named."""

_NO_ADDRESS = "a job has no address: only Cloud Run's API starts it"
_TASKS = "a job runs tasks; use `tasks` and `parallelism`"

FOREIGN: Mapping[Kind, Mapping[str, str]] = {
    Kind.JOB: {
        "service": "names a service; a job is named by `job`",
        "ingress": _NO_ADDRESS,
        "iap": _NO_ADDRESS,
        "default_url": _NO_ADDRESS,
        "probe_path": _NO_ADDRESS,
        "public": "a job is never public: Google refuses allUsers and allAuthenticatedUsers there",
        "custom_audiences": "a job is started with an access token, which has no audience",
        "port": "a job listens on no port",
        "concurrency": _TASKS,
        "min_instances": _TASKS,
        "max_instances": _TASKS,
        "callers": f"{_NO_ADDRESS}; a workflow executes one, see `workflows`",
    },
    Kind.SERVICE: {
        "job": "names a job; say `kind: job` beside it",
        "tasks": "only a job has tasks; say `kind: job` to declare one",
        "parallelism": "only a job has tasks; say `kind: job` to declare one",
        "max_retries": "only a job has tasks; say `kind: job` to declare one",
        "command": "goes under `run`, as template.containers[0].command",
        "args": "goes under `run`, as template.containers[0].args",
    },
}
"""Fields that the other kind has, and what to say where they are used."""

RESERVED_ENV: Mapping[Kind, frozenset[str]] = {
    Kind.SERVICE: frozenset({"PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"}),
    Kind.JOB: frozenset(
        {
            *("CLOUD_RUN_JOB", "CLOUD_RUN_EXECUTION"),
            *("CLOUD_RUN_TASK_INDEX", "CLOUD_RUN_TASK_ATTEMPT", "CLOUD_RUN_TASK_COUNT"),
        }
    ),
}
"""Variables that Cloud Run sets itself.

https://cloud.google.com/run/docs/container-contract#env-vars
"""


def kind_of(raw: Mapping[str, object]) -> Kind | None:
    """The kind that a document says it is of; None when it says none that there is."""
    said = raw.get("kind", Kind.SERVICE.value)
    return Kind(said) if isinstance(said, str) and said in set(Kind) else None
