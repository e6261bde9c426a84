"""What calls services on its own: subscriptions, triggers, Scheduler jobs, queues, workflows."""

from collections.abc import Iterable
from typing import Any

from provision.clients.calls import TIMEOUT
from provision.clients.reading.containers import more, token
from provision.clients.reading.messages import in_project, last, raw
from provision.clients.reading.steps import Desk, Kind, Outcome, Step
from provision.clients.reading.targets import FUNCTIONS, RUN, out_of_reach
from provision.snapshot.records import AnyRecord, Caller, CallerKind, Part, Policy

PUBSUB = "//pubsub.googleapis.com/"
EVENTARC = "//eventarc.googleapis.com/"
SCHEDULER = "//cloudscheduler.googleapis.com/"
TASKS = "//cloudtasks.googleapis.com/"
WORKFLOWS = "//workflows.googleapis.com/"

_PAGE = 500
_DETACHED_TOPIC = "_deleted-topic_"
_PAUSED_JOB = (2, 3)
"""``PAUSED`` and ``DISABLED`` of ``scheduler_v1.Job.State``."""
_RUNNING = 1
"""``RUNNING`` of queues in ``tasks_v2.Queue.State``."""


def subscriptions(desk: Desk, step: Step) -> Outcome:
    """A page of the Pub/Sub subscriptions of a project; those that push."""
    asked = {"project": step.of, "page_size": _PAGE, "page_token": token(step)}
    call = desk.google.subscriptions.list_subscriptions
    page = raw(next(call(request=asked, retry=None, timeout=TIMEOUT).pages))
    found = (push(step.of, one) for one in page.subscriptions if one.push_config.push_endpoint)
    return Outcome(tuple(found), more(step, page.next_page_token))


def triggers(desk: Desk, step: Step) -> Outcome:
    """A page of the Eventarc triggers of a project, in all locations."""
    asked = _everywhere(step)
    page = raw(
        next(desk.google.triggers.list_triggers(request=asked, retry=None, timeout=TIMEOUT).pages)
    )
    found: tuple[AnyRecord, ...] = tuple(trigger(step.of, one) for one in page.triggers)
    missed = out_of_reach(step, page.unreachable, Part.CALLERS, "triggers")
    return Outcome((*found, *missed), more(step, page.next_page_token))


def workflows(desk: Desk, step: Step) -> Outcome:
    """A page of the workflows of a project, in all locations."""
    asked = _everywhere(step)
    call = desk.google.workflows.list_workflows
    page = raw(next(call(request=asked, retry=None, timeout=TIMEOUT).pages))
    found = without_policies(workflow(step.of, one) for one in page.workflows)
    missed = out_of_reach(step, page.unreachable, Part.CALLERS, "workflows")
    return Outcome((*found, *missed), more(step, page.next_page_token))


def scheduler_places(desk: Desk, step: Step) -> Outcome:
    """A page of the locations where Cloud Scheduler is."""
    return _places(desk.google.schedules, step, "schedules")


def queue_places(desk: Desk, step: Step) -> Outcome:
    """A page of the locations where Cloud Tasks is."""
    return _places(desk.google.queues, step, "queues")


def schedules(desk: Desk, step: Step) -> Outcome:
    """A page of the Scheduler jobs of one location."""
    call = desk.google.schedules.list_jobs
    page = raw(next(call(request=_in_place(step), retry=None, timeout=TIMEOUT).pages))
    found = without_policies(schedule(step.of, one) for one in page.jobs)
    return Outcome(found, more(step, page.next_page_token))


def queues(desk: Desk, step: Step) -> Outcome:
    """A page of the Tasks queues of one location."""
    call = desk.google.queues.list_queues
    page = raw(next(call(request=_in_place(step), retry=None, timeout=TIMEOUT).pages))
    found = tuple(queue(step.of, one) for one in page.queues)
    return Outcome(found, more(step, page.next_page_token))


def _places(client: Any, step: Step, kind: str) -> Outcome:  # noqa: ANN401 - a client with the mixin
    asked = {"name": step.of, "page_size": _PAGE, "page_token": token(step)}
    told = client.list_locations(request=asked, timeout=TIMEOUT)
    each = (Step(kind, step.of, (one.location_id,)) for one in told.locations)
    return Outcome((), (*each, *more(step, told.next_page_token)))


def without_policies(found: Iterable[Caller]) -> tuple[AnyRecord, ...]:
    """With an empty policy each: neither Scheduler jobs nor workflows have one of their own."""
    return tuple(record for one in found for record in (one, Policy(one.name)))


def _in_place(step: Step) -> dict[str, object]:
    parent = f"{step.of}/locations/{step.rest[0]}"
    return {"parent": parent, "page_size": _PAGE, "page_token": token(step)}


def _everywhere(step: Step) -> dict[str, object]:
    parent = f"{step.of}/locations/-"
    return {"parent": parent, "page_size": _PAGE, "page_token": token(step)}


def push(project: str, told: Any) -> Caller:  # noqa: ANN401 - pubsub_v1.Subscription, raw
    """A push subscription."""
    push = told.push_config
    topic = "" if told.topic == _DETACHED_TOPIC else f"{PUBSUB}{told.topic}"
    return Caller(
        f"{PUBSUB}{in_project(project, told.name)}",
        CallerKind.PUSH,
        account=push.oidc_token.service_account_email.lower(),
        calls=push.push_endpoint,
        by=topic,
        paused=told.detached,
    )


def trigger(project: str, told: Any) -> Caller:  # noqa: ANN401 - eventarc_v1.Trigger, raw
    """An Eventarc trigger."""
    topic = told.transport.pubsub.topic
    return Caller(
        f"{EVENTARC}{in_project(project, told.name)}",
        CallerKind.TRIGGER,
        account=_email(told.service_account),
        calls=_destination(project, told.destination),
        by=f"{PUBSUB}{topic}" if topic else "",
    )


def _destination(project: str, told: Any) -> str:  # noqa: ANN401 - eventarc_v1.Destination, raw
    kind = told.WhichOneof("descriptor")
    if kind == "cloud_run":
        runs = told.cloud_run
        return f"{RUN}{project}/locations/{runs.region}/services/{last(runs.service)}"
    if kind == "cloud_function":
        return f"{FUNCTIONS}{in_project(project, told.cloud_function)}"
    if kind == "workflow":
        return f"{WORKFLOWS}{in_project(project, told.workflow)}"
    return str(told.http_endpoint.uri) if kind == "http_endpoint" else ""


def schedule(project: str, told: Any) -> Caller:  # noqa: ANN401 - scheduler_v1.Job, raw
    """A Scheduler job."""
    kind = told.WhichOneof("target")
    calls, account = "", ""
    if kind == "http_target":
        calls, account = told.http_target.uri, _sender(told.http_target)
    elif kind == "pubsub_target":
        calls = f"{PUBSUB}{told.pubsub_target.topic_name}"
    return Caller(
        f"{SCHEDULER}{in_project(project, told.name)}",
        CallerKind.SCHEDULER,
        account=account,
        calls=calls,
        paused=told.state in _PAUSED_JOB,
    )


def queue(project: str, told: Any) -> Caller:  # noqa: ANN401 - tasks_v2.Queue, raw
    """A Tasks queue."""
    override = told.http_target.uri_override
    calls = f"https://{override.host}" if override.host else ""
    return Caller(
        f"{TASKS}{in_project(project, told.name)}",
        CallerKind.QUEUE,
        account=_sender(told.http_target),
        calls=calls,
        paused=told.state != _RUNNING,
    )


def workflow(project: str, told: Any) -> Caller:  # noqa: ANN401 - workflows_v1.Workflow, raw
    """A workflow."""
    name = f"{WORKFLOWS}{in_project(project, told.name)}"
    return Caller(name, CallerKind.WORKFLOW, account=_email(told.service_account))


def _sender(target: Any) -> str:  # noqa: ANN401 - an HttpTarget of Scheduler or Tasks, raw
    """The account whose token is sent: an ID token, else an access token."""
    email = target.oidc_token.service_account_email or target.oauth_token.service_account_email
    return str(email).lower()


def _email(name: str) -> str:
    """Of an account that may be written as ``projects/…/serviceAccounts/EMAIL``."""
    return last(name).lower()


def _kind(run: Any, quota: str, what: str, needs: str, *, placed: bool = False) -> Kind:  # noqa: ANN401
    where = f"{what} in {{0}}" if placed else what
    return Kind(run, quota, Part.CALLERS, f"{what} of {{of}}", needs, where)


KINDS = {
    "subscriptions": _kind(subscriptions, "pubsub", "subscriptions", "pubsub.subscriptions.list"),
    "triggers": _kind(triggers, "eventarc", "triggers", "eventarc.triggers.list"),
    "workflows": _kind(workflows, "workflows", "workflows", "workflows.workflows.list"),
    "scheduler places": _kind(
        scheduler_places, "scheduler", "Scheduler jobs", "cloudscheduler.locations.list"
    ),
    "queue places": _kind(queue_places, "queues", "queues", "cloudtasks.locations.list"),
    "schedules": _kind(
        schedules, "scheduler", "Scheduler jobs", "cloudscheduler.jobs.list", placed=True
    ),
    "queues": _kind(queues, "queues", "queues", "cloudtasks.queues.list", placed=True),
}
