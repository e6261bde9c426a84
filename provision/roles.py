"""Which roles carry the permissions that let somebody call or execute. Pure."""

import json
from functools import cache
from importlib.resources import files

INVOKE = "run.routes.invoke"
RUN_JOB = "run.jobs.run"
INVOKE_FUNCTION = "cloudfunctions.functions.invoke"

CALLING_ALONE = frozenset(
    {
        "roles/cloudfunctions.invoker",
        "roles/run.invoker",
        "roles/run.jobsExecutor",
        "roles/run.jobsExecutorWithOverrides",
        "roles/run.servicesInvoker",
    }
)
"""Roles that are for calling and executing, and for nothing else."""


@cache
def _table() -> dict[str, frozenset[str]]:
    text = (files("provision") / "data" / "invoke_roles.json").read_text(encoding="utf-8")
    told = json.loads(text)["permissions"]
    return {permission: frozenset(roles) for permission, roles in told.items()}


def predefined(permission: str = INVOKE) -> frozenset[str]:
    """Predefined roles that hold `permission`, as of the date in the file.

    Source: public listings of ``iam roles describe``, which agree on these permissions.

    Raises:
        KeyError: the table has no such permission.
    """
    return _table()[permission]
