"""Take away what the end-to-end suite made, also when it was killed.

Nothing is remembered between runs: services, jobs, what calls them, accounts and repositories are
found by the beginning of their names, which nobody else's have, and the accounts' bindings in the
project's policy by the accounts' names.

    python -m tests.e2e.cloud.clean --project P --region R [--run abc123]
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from google import pubsub_v1
from google.api_core.exceptions import GoogleAPICallError, NotFound, PermissionDenied
from google.cloud import (
    artifactregistry_v1,
    iam_admin_v1,
    resourcemanager_v3,
    run_v2,
    scheduler_v1,
    tasks_v2,
    workflows_v1,
)
from google.iam.v1 import iam_policy_pb2, options_pb2, policy_pb2

from tests.e2e.cloud.target import PREFIX, Target, google

Tell = Callable[[str], None]


def clean(target: Target, tell: Tell, *, every_run: bool = False) -> list[str]:
    """Delete what this run made, or every run; what could not be deleted.

    Args:
        target: where.
        tell: is told of each thing that went.
        every_run: everything that any run of the suite left.
    """
    prefix = f"{PREFIX}-" if every_run else f"{PREFIX}-{target.run}-"
    failed = []
    for what, delete in (
        *_services(target, prefix),
        *_jobs(target, prefix),
        *_callers(target, prefix),
        *_repositories(target, prefix),
        *_bindings(target, prefix),
        *_accounts(target, prefix),
    ):
        try:
            delete()
        except NotFound:
            continue  # somebody else was faster
        except GoogleAPICallError as error:
            failed.append(f"{what}: {error.message}")
        else:
            tell(f"deleted {what}")
    return failed


Deletions = Iterator[tuple[str, Callable[[], object]]]


def _services(target: Target, prefix: str) -> Deletions:
    client = target.client(run_v2.ServicesClient)
    for service in client.list_services(parent=target.location):
        if _last(service.name).startswith(prefix):
            yield (
                f"service {_last(service.name)}",
                partial(_wait, client.delete_service, service.name),
            )


def _jobs(target: Target, prefix: str) -> Deletions:
    client = target.client(run_v2.JobsClient)
    for job in client.list_jobs(parent=target.location):
        if _last(job.name).startswith(prefix):
            yield f"job {_last(job.name)}", partial(_wait, client.delete_job, job.name)


def _callers(target: Target, prefix: str) -> Deletions:
    """What calls services; of an API that the project has not enabled there is nothing."""
    project = f"projects/{target.project}"
    workflows = target.client(workflows_v1.WorkflowsClient)
    schedules = target.client(scheduler_v1.CloudSchedulerClient)
    queues = target.client(tasks_v2.CloudTasksClient)
    subscriptions = target.client(pubsub_v1.SubscriberClient)
    topics = target.client(pubsub_v1.PublisherClient)
    kinds: tuple[tuple[str, Callable[[], Any], Callable[[str], object]], ...] = (
        (
            "workflow",
            lambda: workflows.list_workflows(parent=target.location),
            partial(_wait, workflows.delete_workflow),
        ),
        (
            "schedule",
            lambda: schedules.list_jobs(parent=target.location),
            lambda name: schedules.delete_job(name=name),
        ),
        (
            "queue",
            lambda: queues.list_queues(parent=target.location),
            lambda name: queues.delete_queue(name=name),
        ),
        (
            "subscription",
            lambda: subscriptions.list_subscriptions(project=project),
            lambda name: subscriptions.delete_subscription(subscription=name),
        ),
        (
            "topic",
            lambda: topics.list_topics(project=project),
            lambda name: topics.delete_topic(topic=name),
        ),
    )
    for what, listed, delete in kinds:
        try:
            names = [one.name for one in listed()]
        except PermissionDenied:
            continue
        for name in names:
            if _last(name).startswith(prefix):
                yield f"{what} {_last(name)}", partial(delete, name)


def _repositories(target: Target, prefix: str) -> Deletions:
    client = target.client(artifactregistry_v1.ArtifactRegistryClient)
    for repository in client.list_repositories(parent=target.location):
        if _last(repository.name).startswith(prefix):
            delete = partial(_wait, client.delete_repository, repository.name)
            yield f"repository {_last(repository.name)}", delete


def _accounts(target: Target, prefix: str) -> Deletions:
    client = target.client(iam_admin_v1.IAMClient)
    for account in client.list_service_accounts(name=f"projects/{target.project}"):
        if account.email.startswith(prefix):
            delete = partial(client.delete_service_account, name=account.name)
            yield f"service account {account.email}", delete


def _bindings(target: Target, prefix: str) -> Deletions:
    """One write for all, with the policy's etag: what others set stays."""
    client = target.client(resourcemanager_v3.ProjectsClient)
    options = options_pb2.GetPolicyOptions(requested_policy_version=3)
    resource = f"projects/{target.project}"
    ask = iam_policy_pb2.GetIamPolicyRequest(resource=resource, options=options)
    policy = client.get_iam_policy(request=ask)
    ours = sum(_ours(one, prefix) for binding in policy.bindings for one in binding.members)
    if ours:
        yield (
            f"{ours} member(s) in the policy of {resource}",
            lambda: client.set_iam_policy(
                request=iam_policy_pb2.SetIamPolicyRequest(
                    resource=resource, policy=_without(policy, prefix)
                )
            ),
        )


def _without(policy: policy_pb2.Policy, prefix: str) -> policy_pb2.Policy:
    kept = policy_pb2.Policy()
    kept.CopyFrom(policy)
    kept.version = 3
    del kept.bindings[:]
    for binding in policy.bindings:
        members = [one for one in binding.members if not _ours(one, prefix)]
        if members:
            kept.bindings.append(binding)
            del kept.bindings[-1].members[:]
            kept.bindings[-1].members.extend(members)
    return kept


def _ours(member: str, prefix: str) -> bool:
    """Whether a member is an account of the suite's, a deleted one too."""
    return member.removeprefix("deleted:").startswith(f"serviceAccount:{prefix}")


def _wait(delete: Callable[..., Any], name: str) -> None:
    """Run a deletion to its end."""
    delete(name=name).result(timeout=300)


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def main() -> int:
    """Clean up in Google Cloud; the exit code is 1 when something could not be deleted."""
    parser = argparse.ArgumentParser(description=clean.__doc__)
    parser.add_argument("--project", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--run", default="", help="of this run only; of every run otherwise")
    asked = parser.parse_args()
    target = google(asked.project, asked.region, asked.run)
    failed = clean(target, _tell, every_run=not asked.run)
    for line in failed:
        sys.stderr.write(f"left: {line}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
