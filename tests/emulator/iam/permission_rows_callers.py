"""Permissions of what calls services: Pub/Sub, Eventarc, Scheduler, Tasks, Workflows; instances.

Sources: Pub/Sub's and Cloud Tasks' pages on access control, the names of the permissions elsewhere.
"""

from typing import Any

PROJECT = "projects/demo-project"
LOCATION = f"{PROJECT}/locations/us-central1"
TOPIC = f"{PROJECT}/topics/orders"
SUBSCRIPTION = f"{PROJECT}/subscriptions/orders"
TRIGGER = f"{LOCATION}/triggers/orders"
JOB = f"{LOCATION}/jobs/nightly"
QUEUE = f"{LOCATION}/queues/orders"
TASK = f"{QUEUE}/tasks/first"
WORKFLOW = f"{LOCATION}/workflows/orders"
EXECUTION = f"{WORKFLOW}/executions/1"
INSTANCE = f"{LOCATION}/instances/orders"
_ACT_AS = "iam.serviceAccounts.actAs"
_TOKEN = {"serviceAccountEmail": "{compute}"}
_TARGET = {"uri": "https://orders.example.com", "oidcToken": _TOKEN}
_DESTINATION = {"cloudRun": {"service": "orders", "region": "us-central1"}}
_FILTER = {"attribute": "type", "value": "google.cloud.pubsub.topic.v1.messagePublished"}
_MESSAGE = {"url": "https://orders.example.com", "oidcToken": _TOKEN}

Rows = dict[str, tuple[tuple[str, ...], dict[str, Any]]]


def _of(service: str, prefix: str, rows: dict[str, tuple[str, dict[str, Any]]]) -> Rows:
    return {
        f"{service}/{rpc}": ((f"{prefix}.{verb}",), request)
        for rpc, (verb, request) in rows.items()
    }


def _policies(service: str, prefix: str, resource: str) -> Rows:
    policy = {"resource": resource, "policy": {"etag": "AAAA"}}
    return {
        f"{service}/GetIamPolicy": ((f"{prefix}.getIamPolicy",), {"resource": resource}),
        f"{service}/SetIamPolicy": ((f"{prefix}.setIamPolicy",), policy),
        f"{service}/TestIamPermissions": ((), {"resource": resource}),
    }


_PUBLISHER, _SUBSCRIBER = "google.pubsub.v1.Publisher", "google.pubsub.v1.Subscriber"
_PUBSUB = {
    **_of(
        _PUBLISHER,
        "pubsub.topics",
        {
            "CreateTopic": ("create", {"name": TOPIC}),
            "GetTopic": ("get", {"topic": TOPIC}),
            "ListTopics": ("list", {"project": PROJECT}),
            "UpdateTopic": ("update", {"topic": {"name": TOPIC}}),
            "DeleteTopic": ("delete", {"topic": TOPIC}),
            "ListTopicSubscriptions": ("get", {"topic": TOPIC}),
            "Publish": ("publish", {"topic": TOPIC, "messages": [{"data": "b25l"}]}),
            "DetachSubscription": ("detachSubscription", {"subscription": SUBSCRIPTION}),
        },
    ),
    f"{_SUBSCRIBER}/CreateSubscription": (
        ("pubsub.subscriptions.create", "pubsub.topics.attachSubscription"),
        {"name": SUBSCRIPTION, "topic": TOPIC},
    ),
    **_of(
        _SUBSCRIBER,
        "pubsub.subscriptions",
        {
            "GetSubscription": ("get", {"subscription": SUBSCRIPTION}),
            "ListSubscriptions": ("list", {"project": PROJECT}),
            "UpdateSubscription": ("update", {"subscription": {"name": SUBSCRIPTION}}),
            "DeleteSubscription": ("delete", {"subscription": SUBSCRIPTION}),
            "ModifyPushConfig": ("update", {"subscription": SUBSCRIPTION}),
        },
    ),
}
_EVENTARC = "google.cloud.eventarc.v1.Eventarc"
_TRIGGERS = {
    f"{_EVENTARC}/CreateTrigger": (
        ("eventarc.triggers.create", _ACT_AS),
        {
            "parent": LOCATION,
            "triggerId": "orders",
            "trigger": {
                "eventFilters": [_FILTER],
                "destination": _DESTINATION,
                "serviceAccount": "{compute}",
            },
        },
    ),
    **_of(
        _EVENTARC,
        "eventarc.triggers",
        {
            "GetTrigger": ("get", {"name": TRIGGER}),
            "ListTriggers": ("list", {"parent": LOCATION}),
            "UpdateTrigger": ("update", {"trigger": {"name": TRIGGER}}),
            "DeleteTrigger": ("delete", {"name": TRIGGER}),
        },
    ),
}
_SCHEDULER = "google.cloud.scheduler.v1.CloudScheduler"
_SCHEDULES = {
    f"{_SCHEDULER}/CreateJob": (
        ("cloudscheduler.jobs.create", _ACT_AS),
        {"parent": LOCATION, "job": {"schedule": "0 3 * * *", "httpTarget": _TARGET}},
    ),
    **_of(
        _SCHEDULER,
        "cloudscheduler.jobs",
        {
            "GetJob": ("get", {"name": JOB}),
            "ListJobs": ("list", {"parent": LOCATION}),
            "UpdateJob": ("update", {"job": {"name": JOB}}),
            "DeleteJob": ("delete", {"name": JOB}),
            "PauseJob": ("pause", {"name": JOB}),
            "ResumeJob": ("enable", {"name": JOB}),
            "RunJob": ("run", {"name": JOB}),
        },
    ),
}
_CLOUD_TASKS = "google.cloud.tasks.v2.CloudTasks"
_QUEUES = {
    f"{_CLOUD_TASKS}/CreateQueue": (
        ("cloudtasks.queues.create", _ACT_AS),
        {
            "parent": LOCATION,
            "queue": {"name": QUEUE, "httpTarget": {"oidcToken": {**_TOKEN, "audience": "a"}}},
        },
    ),
    **_of(
        _CLOUD_TASKS,
        "cloudtasks",
        {
            "GetQueue": ("queues.get", {"name": QUEUE}),
            "ListQueues": ("queues.list", {"parent": LOCATION}),
            "UpdateQueue": ("queues.update", {"queue": {"name": QUEUE}}),
            "DeleteQueue": ("queues.delete", {"name": QUEUE}),
            "PurgeQueue": ("queues.purge", {"name": QUEUE}),
            "PauseQueue": ("queues.pause", {"name": QUEUE}),
            "ResumeQueue": ("queues.resume", {"name": QUEUE}),
            "CreateTask": ("tasks.create", {"parent": QUEUE, "task": {"httpRequest": _MESSAGE}}),
            "GetTask": ("tasks.get", {"name": TASK}),
            "ListTasks": ("tasks.list", {"parent": QUEUE}),
            "RunTask": ("tasks.run", {"name": TASK}),
            "DeleteTask": ("tasks.delete", {"name": TASK}),
        },
    ),
    **_policies(_CLOUD_TASKS, "cloudtasks.queues", QUEUE),
}
_WORKFLOWS = "google.cloud.workflows.v1.Workflows"
_SOURCES = {
    f"{_WORKFLOWS}/CreateWorkflow": (
        ("workflows.workflows.create", _ACT_AS),
        {
            "parent": LOCATION,
            "workflowId": "orders",
            "workflow": {"sourceContents": "- done:\n    return: 1"},
        },
    ),
    **_of(
        _WORKFLOWS,
        "workflows.workflows",
        {
            "GetWorkflow": ("get", {"name": WORKFLOW}),
            "ListWorkflows": ("list", {"parent": LOCATION}),
            "UpdateWorkflow": ("update", {"workflow": {"name": WORKFLOW}}),
            "DeleteWorkflow": ("delete", {"name": WORKFLOW}),
            "ListWorkflowRevisions": ("listRevision", {"name": WORKFLOW}),
        },
    ),
}
_EXECUTIONS, _ENTRIES = (
    f"google.cloud.workflows.executions.v1.{name}" for name in ("Executions", "StepEntries")
)
_EXECUTED = {
    **_of(
        _EXECUTIONS,
        "workflows.executions",
        {
            "CreateExecution": ("create", {"parent": WORKFLOW}),
            "GetExecution": ("get", {"name": EXECUTION}),
            "ListExecutions": ("list", {"parent": WORKFLOW}),
            "CancelExecution": ("cancel", {"name": EXECUTION}),
            "DeleteExecutionHistory": ("cancel", {"name": EXECUTION}),
        },
    ),
    **_of(
        _ENTRIES,
        "workflows.stepEntries",
        {
            "GetStepEntry": ("get", {"name": f"{EXECUTION}/stepEntries/1"}),
            "ListStepEntries": ("list", {"parent": EXECUTION}),
        },
    ),
}
_INSTANCES = "google.cloud.run.v2.Instances"
_RUNNING = {
    f"{_INSTANCES}/CreateInstance": (
        ("run.instances.create", _ACT_AS),
        {
            "parent": LOCATION,
            "instanceId": "orders",
            "instance": {"containers": [{"image": "nginx"}]},
        },
    ),
    **_of(
        _INSTANCES,
        "run.instances",
        {
            "GetInstance": ("get", {"name": INSTANCE}),
            "ListInstances": ("list", {"parent": LOCATION}),
            "DeleteInstance": ("delete", {"name": INSTANCE}),
        },
    ),
    **_policies(_INSTANCES, "run.instances", INSTANCE),
}
CALLER_ROWS: Rows = {
    **_PUBSUB,
    **_TRIGGERS,
    **_SCHEDULES,
    **_QUEUES,
    **_SOURCES,
    **_EXECUTED,
    **_RUNNING,
}
"""Permissions and a request, by the RPC."""


def refused_so(method: str, permission: str, said: str) -> bool:
    """Whether a refusal is one of these APIs, in the words of its own."""
    if method.startswith("google.pubsub."):
        return said == "User not authorized to perform this action."
    if method.startswith(("google.cloud.scheduler.", "google.cloud.tasks.")):
        begins = f'The principal (user or service account) lacks IAM permission "{permission}" for'
        return said.startswith(begins) and said.endswith(" (or the resource may not exist).")
    if method.startswith(_EVENTARC) and permission == _ACT_AS:
        begins = 'Permission "iam.serviceAccounts.ActAs" denied on "EndUserCredentials to '
        return said.startswith(begins)
    if method.startswith(_WORKFLOWS) and permission == _ACT_AS:
        return said.startswith(f"Permission '{_ACT_AS}' denied on service account ")
    return False
