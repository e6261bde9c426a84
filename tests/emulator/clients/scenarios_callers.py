"""What calls services, and Cloud Run instances, with Google's clients."""

from google import pubsub_v1
from google.cloud import eventarc_v1, run_v2, scheduler_v1, tasks_v2, workflows_v1

from tests.emulator.callers.kit import (
    ADDRESS,
    LOCATION,
    PROJECT,
    deploy_workflow,
    eventarc,
    executions,
    publisher,
    scheduler,
    subscriber,
    tasks,
    workflows,
)
from tests.emulator.clients.scenario import Scenario, Stage
from tests.emulator.clients.scenarios_resources import round_trip

_TOPIC = f"{PROJECT}/topics/orders"
_SUBSCRIPTION = f"{PROJECT}/subscriptions/orders"
_PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished"
_POLICIES = ("GetIamPolicy", "SetIamPolicy", "TestIamPermissions")


def _verbs(kind: str, *more: str) -> tuple[str, ...]:
    """The names of the RPCs that every kind of resource has, and others."""
    verbs = ("Create", "Get", "Update", "Delete")
    return (*(f"{verb}{kind}" for verb in verbs), f"List{kind}s", *more)


def _topics(stage: Stage) -> None:
    client, subscriptions = publisher(stage.clients), subscriber(stage.clients)
    client.create_topic(name=_TOPIC)
    subscriptions.create_subscription(name=_SUBSCRIPTION, topic=_TOPIC)
    topic = pubsub_v1.Topic(name=_TOPIC, labels={"team": "orders"})
    client.update_topic(topic=topic, update_mask={"paths": ["labels"]})
    assert client.get_topic(topic=_TOPIC) == topic
    assert [one.name for one in client.list_topics(project=PROJECT)] == [_TOPIC]
    assert list(client.list_topic_subscriptions(topic=_TOPIC)) == [_SUBSCRIPTION]
    message = pubsub_v1.PubsubMessage(data=b"one")
    assert len(client.publish(topic=_TOPIC, messages=[message]).message_ids) == 1
    client.detach_subscription(request={"subscription": _SUBSCRIPTION})
    round_trip(client, _TOPIC, "roles/pubsub.publisher", "pubsub.topics.publish")
    client.delete_topic(topic=_TOPIC)


def _subscriptions(stage: Stage) -> None:
    publisher(stage.clients).create_topic(name=_TOPIC)
    client = subscriber(stage.clients)
    client.create_subscription(name=_SUBSCRIPTION, topic=_TOPIC)
    config = pubsub_v1.PushConfig(push_endpoint=ADDRESS)
    client.modify_push_config(subscription=_SUBSCRIPTION, push_config=config)
    wanted = pubsub_v1.Subscription(name=_SUBSCRIPTION, ack_deadline_seconds=20)
    client.update_subscription(subscription=wanted, update_mask={"paths": ["ack_deadline_seconds"]})
    made = client.get_subscription(subscription=_SUBSCRIPTION)
    assert (made.push_config, made.ack_deadline_seconds) == (config, 20)
    assert list(client.list_subscriptions(project=PROJECT)) == [made]
    role, permission = "roles/pubsub.subscriber", "pubsub.subscriptions.consume"
    round_trip(client, _SUBSCRIPTION, role, permission)
    client.delete_subscription(subscription=_SUBSCRIPTION)


def _triggers(stage: Stage) -> None:
    client, name = eventarc(stage.clients), f"{LOCATION}/triggers/orders"
    wanted = eventarc_v1.Trigger(
        event_filters=[{"attribute": "type", "value": _PUBLISHED}],
        destination={"cloud_run": {"service": "orders", "region": "us-central1"}},
    )
    client.create_trigger(parent=LOCATION, trigger=wanted, trigger_id="orders").result(timeout=20)
    labelled = eventarc_v1.Trigger(name=name, labels={"team": "orders"})
    mask = {"paths": ["labels"]}
    client.update_trigger(trigger=labelled, update_mask=mask).result(timeout=20)
    made = client.get_trigger(name=name)
    assert dict(made.labels) == {"team": "orders"}
    assert list(client.list_triggers(parent=LOCATION)) == [made]
    round_trip(client, name, "roles/eventarc.viewer", "eventarc.triggers.get")
    client.delete_trigger(name=name).result(timeout=20)


def _jobs(stage: Stage) -> None:
    client, name = scheduler(stage.clients), f"{LOCATION}/jobs/nightly"
    wanted = scheduler_v1.Job(name=name, schedule="0 3 * * *", http_target={"uri": ADDRESS})
    client.create_job(parent=LOCATION, job=wanted)
    described = scheduler_v1.Job(name=name, description="nightly")
    client.update_job(job=described, update_mask={"paths": ["description"]})
    client.pause_job(name=name)
    client.resume_job(name=name)
    made = client.get_job(name=name)
    assert (made.description, made.state) == ("nightly", scheduler_v1.Job.State.ENABLED)
    assert list(client.list_jobs(parent=LOCATION)) == [made]
    assert client.run_job(name=name) == made
    client.delete_job(name=name)


def _queues(stage: Stage) -> None:
    client, name = tasks(stage.clients), f"{LOCATION}/queues/orders"
    client.create_queue(parent=LOCATION, queue=tasks_v2.Queue(name=name))
    wanted = tasks_v2.Queue(name=name, rate_limits={"max_dispatches_per_second": 5})
    client.update_queue(queue=wanted, update_mask={"paths": ["rate_limits"]})
    client.pause_queue(name=name)
    client.resume_queue(name=name)
    made = client.get_queue(name=name)
    assert made.rate_limits.max_dispatches_per_second == 5
    assert list(client.list_queues(parent=LOCATION)) == [made]
    client.pause_queue(name=name)
    task = client.create_task(parent=name, task=tasks_v2.Task(http_request={"url": ADDRESS}))
    assert client.get_task(name=task.name) == task
    assert list(client.list_tasks(parent=name)) == [task]
    assert client.run_task(name=task.name).name == task.name
    client.delete_task(name=task.name)
    client.purge_queue(name=name)
    round_trip(client, name, "roles/cloudtasks.enqueuer", "cloudtasks.tasks.create")
    client.delete_queue(name=name)


def _workflows(stage: Stage) -> None:
    client, name = workflows(stage.clients), f"{LOCATION}/workflows/orders"
    wanted = workflows_v1.Workflow(source_contents="main: {steps: [{done: {return: 1}}]}")
    client.create_workflow(parent=LOCATION, workflow=wanted, workflow_id="orders").result(20)
    described = workflows_v1.Workflow(name=name, description="orders")
    mask = {"paths": ["description"]}
    client.update_workflow(workflow=described, update_mask=mask).result(timeout=20)
    made = client.get_workflow(name=name)
    assert made.description == "orders"
    assert list(client.list_workflows(parent=LOCATION)) == [made]
    assert len(list(client.list_workflow_revisions(request={"name": name}))) == 1
    client.delete_workflow(name=name).result(timeout=20)


def _executions(stage: Stage) -> None:
    client = executions(stage.clients)
    source = "main: {steps: [{rest: {call: sys.sleep, args: {seconds: 600}}}]}"
    made = deploy_workflow(stage.clients, source)
    begun = client.create_execution(parent=made.name)
    assert client.get_execution(name=begun.name).workflow_revision_id == made.revision_id
    assert [one.name for one in client.list_executions(parent=made.name)] == [begun.name]
    assert client.cancel_execution(name=begun.name).state == begun.State.CANCELLED


def _instances(stage: Stage) -> None:
    client, name = stage.clients.make(run_v2.InstancesClient), f"{LOCATION}/instances/orders"
    wanted = run_v2.Instance(containers=[run_v2.Container(image="nginx")])
    request = {"parent": LOCATION, "instance_id": "orders", "instance": wanted}
    client.create_instance(request=request).result(timeout=20)
    made = client.get_instance(name=name)
    assert made.terminal_condition.state == run_v2.Condition.State.CONDITION_SUCCEEDED
    assert list(client.list_instances(parent=LOCATION)) == [made]
    client.delete_instance(name=name).result(timeout=20)


CALLERS = (
    Scenario(
        "pubsub-topics",
        _topics,
        "google.pubsub.v1.Publisher",
        _verbs("Topic", "ListTopicSubscriptions", "DetachSubscription", "Publish"),
    ),
    Scenario(
        "pubsub-subscriptions",
        _subscriptions,
        "google.pubsub.v1.Subscriber",
        _verbs("Subscription", "ModifyPushConfig"),
    ),
    Scenario("pubsub-policies", _topics, "google.iam.v1.IAMPolicy", _POLICIES),
    Scenario("eventarc", _triggers, "google.cloud.eventarc.v1.Eventarc", _verbs("Trigger")),
    Scenario("eventarc-policies", _triggers, "google.iam.v1.IAMPolicy", _POLICIES),
    Scenario(
        "scheduler",
        _jobs,
        "google.cloud.scheduler.v1.CloudScheduler",
        _verbs("Job", "PauseJob", "ResumeJob", "RunJob"),
    ),
    Scenario(
        "tasks",
        _queues,
        "google.cloud.tasks.v2.CloudTasks",
        (
            *_verbs("Queue", "PauseQueue", "ResumeQueue", "PurgeQueue"),
            *("CreateTask", "GetTask", "ListTasks", "DeleteTask", "RunTask"),
            *_POLICIES,
        ),
    ),
    Scenario(
        "workflows",
        _workflows,
        "google.cloud.workflows.v1.Workflows",
        _verbs("Workflow", "ListWorkflowRevisions"),
    ),
    Scenario(
        "executions",
        _executions,
        "google.cloud.workflows.executions.v1.Executions",
        ("CreateExecution", "GetExecution", "ListExecutions", "CancelExecution"),
        ("grpc",),
    ),
    Scenario(
        "instances",
        _instances,
        "google.cloud.run.v2.Instances",
        ("CreateInstance", "GetInstance", "ListInstances", "DeleteInstance"),
    ),
)
"""Every RPC of these clients that is offered."""
