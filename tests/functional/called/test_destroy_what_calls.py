"""`provision destroy` over what calls a service: what goes with it, and what stays and why."""

from typing import TYPE_CHECKING

from provision import engine
from provision.engine import Outcome
from provision.spec.calls import PushSpec, QueueSpec, ScheduleSpec

if TYPE_CHECKING:
    from tests.functional.conftest import Project


def apply(project: "Project") -> None:
    """What `up` writes."""
    stages = project.pipeline().stages(project.spec)
    engine.apply(stages, engine.plan(stages), Outcome())


def left(project: "Project") -> set[str]:
    """What is still there of all that calls, and of what was made for it."""
    pipeline, spec = project.pipeline(), project.spec
    project_name = f"projects/{project.cloud.project}"
    at = f"{project_name}/locations/asia-east1"
    found = {
        "workflow": pipeline.workflows.find(spec.workflow_name(spec.workflows[0])),
        ScheduleSpec.kind: pipeline.schedules.find(f"{at}/jobs/tick"),
        PushSpec.kind: pipeline.subscriptions.find(f"{project_name}/subscriptions/orders-push"),
        QueueSpec.kind: pipeline.queues.find(f"{at}/queues/work"),
        "topic": pipeline.subscriptions.find_topic(f"{project_name}/topics/orders"),
        **{
            one.account.account_id: pipeline.iam.find_account(one.account)
            for one in spec.all_callers
        },
    }
    return {name for name, value in found.items() if value is not None}


MADE_FOR_IT = {"topic", "nightly-orders", "ticker", "pusher", "worker"}


def test_what_calls_goes_with_the_service_and_with_all_what_was_made_for_it(
    called: "Project",
) -> None:
    """Each is shown first; the topic and the accounts only go with ``--all``."""
    apply(called)
    done = called.run("destroy", "--yes")
    assert done.code == 0, done.err
    shown = ("workflow nightly-orders", "schedule tick", "push orders-push", "queue work")
    assert all(f"- {one}" in done.out for one in shown)
    assert left(called) == MADE_FOR_IT
    done = called.run("destroy", "--all", "--yes")
    assert done.code == 0, done.err
    assert left(called) == set()


def test_what_others_made_or_use_stays_and_why_is_said(called: "Project") -> None:
    """A workflow without our mark, a topic with another listener, an account in use elsewhere."""
    apply(called)
    pipeline, spec = called.pipeline(), called.spec
    project_name = f"projects/{called.cloud.project}"
    name = spec.workflow_name(spec.workflows[0])
    pipeline.workflows.update(name, {"labels": {}}, ["labels"], lambda _: None)
    other = {"topic": f"{project_name}/topics/orders"}
    pipeline.subscriptions.create(f"{project_name}/subscriptions/others", other)
    queue = f"{project_name}/locations/asia-east1/queues/work"
    target = {"httpTarget": {"uriOverride": {"host": "elsewhere.example.com"}}}
    pipeline.queues.update(queue, target, ["httpTarget"])
    removals = called.run("destroy", "--all", "--yes", "--json").service["removals"]
    why = {one["subject"].partition(" in ")[0]: one["reason"] for one in removals}
    assert why["workflow nightly-orders"] == "it was not made by provision"
    assert "listens to it: " in why["topic orders"]
    assert "may not be ours" in why["queue work"]
    email = f"nightly-orders@{called.cloud.project}.iam.gserviceaccount.com"
    assert why[f"service account {email}"] == "there runs as it: workflow nightly-orders"
    assert left(called) == {"workflow", "queue", "topic", "nightly-orders"}


def test_an_account_that_something_else_calls_as_stays(called: "Project") -> None:
    """A schedule of somebody else's, as the account of ours."""
    apply(called)
    schedules = called.pipeline().schedules
    at = f"projects/{called.cloud.project}/locations/asia-east1/jobs"
    ours = schedules.find(f"{at}/tick")
    assert ours is not None
    kept = ("schedule", "timeZone", "httpTarget")
    schedules.create(f"{at}/theirs", {name: ours[name] for name in kept})
    removals = called.run("destroy", "--all", "--yes", "--json").service["removals"]
    why = {one["subject"]: one["reason"] for one in removals if one["reason"]}
    email = f"ticker@{called.cloud.project}.iam.gserviceaccount.com"
    assert why == {f"service account {email}": "there runs as it: schedule theirs"}
