"""Which roles carry the permissions that let somebody call or execute. Pure."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

INVOKE = "run.routes.invoke"
RUN_JOB = "run.jobs.run"
RUN_WITH_OVERRIDES = "run.jobs.runWithOverrides"
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
def _told() -> dict[str, Any]:
    text = (files("provision") / "data" / "roles.json").read_text(encoding="utf-8")
    told: dict[str, Any] = json.loads(text)
    return told


@cache
def _holders() -> dict[str, frozenset[str]]:
    told = _told()
    found: dict[str, set[str]] = {permission: set() for permission in told["permissions"]}
    for role, places in told["roles"].items():
        for place in places:
            found[told["permissions"][place]].add(role)
    return {permission: frozenset(roles) for permission, roles in found.items()}


def predefined(permission: str = INVOKE) -> frozenset[str]:
    """Predefined roles that hold `permission`, as of `dated`.

    Source: public listings of ``iam roles describe``, which agree on these permissions.

    Raises:
        KeyError: the table has no such permission.
    """
    return _holders()[permission]


@cache
def included(role: str) -> frozenset[str] | None:
    """Those of `permissions` that a predefined role includes; None when it is not in the table.

    A role that is not in the table is not empty: IAM knows what it includes.
    """
    told = _told()
    places = told["roles"].get(role)
    return None if places is None else frozenset(told["permissions"][place] for place in places)


def permissions() -> tuple[str, ...]:
    """The permissions that the table tells of: those on the ways to an invocation."""
    return tuple(_told()["permissions"])


def dated() -> str:
    """The date of the table, as ``2026-08-22``."""
    return str(_told()["date"])
