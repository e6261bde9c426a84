"""The findings that need no graph, as one statement for BigQuery over two exports. Pure.

Groups, impersonation, deny policies and boundaries need more than a table: they take a snapshot.
"""

from importlib.resources import files

from provision.roles import INVOKE, INVOKE_FUNCTION, RUN_JOB, dated, predefined

RULES = (
    "any-google-account",
    "default-runtime-account",
    "deleted-principal",
    "invoker-by-basic-role",
    "invoker-check-off",
    "public-above",
    "public-behind-iap",
    "public-by-binding",
    "whole-account-set",
    "whole-domain",
    "whole-pool",
)
"""Names of the rules that the statement has (`provision.audit.findings`)."""


def statement(resources: str, policies: str) -> str:
    """The statement.

    Args:
        resources: table that content type RESOURCE was exported to, ``PROJECT.DATASET.TABLE``.
        policies: table that IAM_POLICY was exported to.
    """
    text = (files("provision") / "templates" / "audit" / "findings.sql").read_text("utf-8")
    for name, value in {
        "resources": resources,
        "policies": policies,
        "dated": dated(),
        "requesting": _listed(INVOKE),
        "running": _listed(RUN_JOB),
        "calling": _listed(INVOKE_FUNCTION),
    }.items():
        text = text.replace("{{" + name + "}}", value)
    return text


def _listed(permission: str) -> str:
    return ", ".join(f"'{role}'" for role in sorted(predefined(permission)))
