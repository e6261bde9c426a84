"""One place where calls to Google are made, retried, and their refusals put into words."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from provision.errors import (
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    ProvisionError,
    UnavailableError,
    UsageError,
)

TIMEOUT = 60.0
"""Seconds that one call may take, retries included."""

_PERMISSION = re.compile(
    r"[Pp]ermission ['\"]([\w.]+)['\"] denied on (?:resource ?)?(.*?)(?: ?\(or|$)"
)

_CONSTRAINT = re.compile(r"constraints/[\w.]+|iam\.managed\.\w+")
_OUTSIDER = re.compile(r"[Uu]ser (\S+) is not in permitted organization")
"""How Google's details name the member that a domain restriction refuses."""

LEAST_ROLES = {
    "run.services.get": "roles/run.viewer",
    "run.services.list": "roles/run.viewer",
    "run.revisions.get": "roles/run.viewer",
    "run.services.getiampolicy": "roles/run.viewer",
    "run.operations.get": "roles/run.viewer",
    "run.services.create": "roles/run.developer",
    "run.services.update": "roles/run.developer",
    "run.services.delete": "roles/run.developer",
    "run.services.setiampolicy": "roles/run.admin",
    "run.jobs.get": "roles/run.viewer",
    "run.jobs.list": "roles/run.viewer",
    "run.jobs.getiampolicy": "roles/run.viewer",
    "run.jobs.create": "roles/run.developer",
    "run.jobs.update": "roles/run.developer",
    "run.jobs.delete": "roles/run.developer",
    "run.jobs.setiampolicy": "roles/run.admin",
    "cloudfunctions.functions.get": "roles/cloudfunctions.viewer",
    "cloudfunctions.functions.getiampolicy": "roles/cloudfunctions.viewer",
    "cloudfunctions.functions.setiampolicy": "roles/cloudfunctions.admin",
    "run.jobs.run": "roles/run.jobsExecutor",
    "run.jobs.runwithoverrides": "roles/run.jobsExecutorWithOverrides",
    "run.executions.get": "roles/run.viewer",
    "run.executions.list": "roles/run.viewer",
    "run.executions.cancel": "roles/run.jobsExecutor",
    "run.tasks.get": "roles/run.viewer",
    "run.tasks.list": "roles/run.viewer",
    "iam.serviceaccounts.actas": "roles/iam.serviceAccountUser",
    "iam.serviceaccounts.get": "roles/iam.serviceAccountViewer",
    "iam.serviceaccounts.list": "roles/iam.serviceAccountViewer",
    "iam.serviceaccounts.create": "roles/iam.serviceAccountCreator",
    "iam.serviceaccounts.delete": "roles/iam.serviceAccountDeleter",
    "iam.serviceaccounts.getopenidtoken": "roles/iam.serviceAccountOpenIdTokenCreator",
    "iam.serviceaccounts.getaccesstoken": "roles/iam.serviceAccountTokenCreator",
    "iam.roles.get": "roles/iam.roleViewer",
    "artifactregistry.repositories.get": "roles/artifactregistry.reader",
    "artifactregistry.repositories.create": "roles/artifactregistry.admin",
    "artifactregistry.repositories.delete": "roles/artifactregistry.admin",
    "artifactregistry.repositories.downloadartifacts": "roles/artifactregistry.reader",
    "artifactregistry.repositories.uploadartifacts": "roles/artifactregistry.writer",
    "workflows.workflows.get": "roles/workflows.viewer",
    "workflows.workflows.list": "roles/workflows.viewer",
    "workflows.workflows.create": "roles/workflows.editor",
    "workflows.workflows.update": "roles/workflows.editor",
    "workflows.workflows.delete": "roles/workflows.editor",
    "workflows.executions.create": "roles/workflows.invoker",
    "workflows.executions.get": "roles/workflows.invoker",
    "workflows.executions.cancel": "roles/workflows.invoker",
    "workflows.stepentries.list": "roles/workflows.invoker",
    "cloudscheduler.jobs.get": "roles/cloudscheduler.viewer",
    "cloudscheduler.jobs.create": "roles/cloudscheduler.admin",
    "cloudscheduler.jobs.update": "roles/cloudscheduler.admin",
    "cloudscheduler.jobs.delete": "roles/cloudscheduler.admin",
    "cloudscheduler.jobs.run": "roles/cloudscheduler.jobRunner",
    "pubsub.topics.get": "roles/pubsub.viewer",
    "pubsub.topics.create": "roles/pubsub.editor",
    "pubsub.topics.delete": "roles/pubsub.editor",
    "pubsub.topics.attachsubscription": "roles/pubsub.subscriber",
    "pubsub.subscriptions.get": "roles/pubsub.viewer",
    "pubsub.subscriptions.create": "roles/pubsub.editor",
    "pubsub.subscriptions.update": "roles/pubsub.editor",
    "pubsub.subscriptions.delete": "roles/pubsub.editor",
    "cloudtasks.queues.get": "roles/cloudtasks.viewer",
    "cloudtasks.queues.create": "roles/cloudtasks.queueAdmin",
    "cloudtasks.queues.update": "roles/cloudtasks.queueAdmin",
    "cloudtasks.queues.delete": "roles/cloudtasks.queueAdmin",
    "resourcemanager.projects.get": "roles/browser",
    "resourcemanager.folders.get": "roles/browser",
    "resourcemanager.organizations.get": "roles/browser",
    "resourcemanager.projects.getiampolicy": "roles/iam.securityReviewer",
    "resourcemanager.folders.getiampolicy": "roles/iam.securityReviewer",
    "resourcemanager.organizations.getiampolicy": "roles/iam.securityReviewer",
}
"""The narrowest predefined role per permission that this tool needs, keys in lower case.

From the predefined roles as of 2026-08-22; refresh with ``gcloud iam roles describe``.
"""


@contextmanager
def calling(doing: str, *, member: str = "", needs: str = "") -> Iterator[None]:
    """Turn what Google's clients raise into a `ProvisionError`.

    Args:
        doing: what we are doing, to what, as in ``Reading service orders in asia-east1``.
        member: whom we act as, named when a permission is missing.
        needs: the permission and the resource, as in ``resourcemanager.folders.get on folders/1``,
            for services that refuse without naming them.
    """
    try:
        yield
    except Exception as error:
        found = _ours(error, doing, member, needs)
        if found is None:
            raise
        raise found from error


def _ours(error: Exception, doing: str, member: str, needs: str) -> ProvisionError | None:
    """Our error for one of Google's; None for any other. What is loaded here takes 0.1 s."""
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth.exceptions import GoogleAuthError

    if isinstance(error, GoogleAPICallError):
        return translated(error, doing, member, needs)
    if isinstance(error, RetryError):
        return UnavailableError(f"{doing}: gave up, {error.cause}.", hint=_LATER)
    if isinstance(error, GoogleAuthError):
        return UsageError(f"{doing}: no access token could be fetched.", hint=_LOG_IN)
    return None


def is_quota(error: ProvisionError) -> bool:
    """Whether a service refused because too much was asked at once: nothing was done."""
    from google.api_core.exceptions import TooManyRequests

    return isinstance(error.__cause__, TooManyRequests)


_DISABLED = "SERVICE_DISABLED"
"""Why a service refuses everything that is about a project which has not enabled it."""
_UNKNOWN_MEMBER = re.compile(r"^(?:Service account|User|Group|Domain) \S+ does not exist")
"""How IAM refuses to write a member that there is none of (iam.googleapis.com)."""

_MISSING_MEMBER = (
    "Is it spelled right? IAM takes members that exist alone; `gcloud iam service-accounts create`"
    " makes a service account."
)
_LOG_IN = "Log in again: `gcloud auth application-default login`."
_LATER = "Nothing is lost: run the same command again."


def translated(error: Any, doing: str, member: str, needs: str = "") -> ProvisionError:  # noqa: ANN401 - untyped
    """The error as one of ours, with the least role or the constraint named where there is one."""
    from google.api_core import exceptions as google

    said = " ".join(str(error.message or error).split())
    message = f"{doing}: {said}"
    told = " ".join((said, *(str(detail) for detail in error.details or ())))
    constraint = _CONSTRAINT.search(told)
    if constraint:
        refused = f"{message} (organisation policy {constraint.group(0)})"
        return ProvisionError(refused, hint=_domain_hint(told))
    if getattr(error, "reason", None) == _DISABLED:
        return PermissionDeniedError(message, hint=_enabling_hint(error.metadata or {}))
    for kinds, ours, hint in (
        (google.Forbidden, PermissionDeniedError, permission_hint(said, member, needs)),
        (google.NotFound, NotFoundError, ""),
        (google.Conflict, ConflictError, "Somebody else changed it meanwhile; run it again."),
        (google.Unauthorized, UsageError, _LOG_IN),
        ((google.ServerError, google.TooManyRequests), UnavailableError, _LATER),
    ):
        if isinstance(error, kinds):
            return ours(message, hint=hint)
    return ProvisionError(message, hint=_MISSING_MEMBER if _UNKNOWN_MEMBER.search(said) else "")


def permission_hint(said: str, member: str, needs: str = "") -> str:
    """Which permission, on what, for whom, and the least role that has it."""
    whom = member or "the identity in use"
    found = _PERMISSION.search(said)
    permission, resource = found.groups() if found else (needs.split(" on ") if needs else ("", ""))
    if not permission:
        return f"Check that the project exists and that {whom} may see it. {_SAME_WORDS}"
    role = LEAST_ROLES.get(permission.lower())
    narrowest = f"; the least role that has it is {role}" if role else ""
    unnamed = "" if found else f" {_SAME_WORDS}"
    on = resource.strip(" .'\"") or "the resource named above"
    return f"{whom} needs {permission} on {on}{narrowest}.{unnamed}"


def _enabling_hint(metadata: Mapping[str, str]) -> str:
    """How the API that a project has disabled is enabled (google.rpc.ErrorInfo)."""
    project = metadata.get("consumer", "").rpartition("/")[2]
    service = metadata.get("service", "the API")
    where = f" --project={project}" if project else ""
    return f"`gcloud services enable {service}{where}` enables it; that takes a minute or two."


_SAME_WORDS = "What does not exist is answered in the same words."


def _domain_hint(told: str) -> str:
    """Which member an organisation policy refuses; never how to loosen the policy."""
    found = _OUTSIDER.search(told)
    named = (
        f"{found.group(1)} is outside what the organisation allows."
        if found
        else "A member is outside what the organisation allows."
    )
    return f"{named} Name principals that it permits, or ask its administrators about this one."
