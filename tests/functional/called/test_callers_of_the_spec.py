"""Schedules, subscriptions and queues that the spec has beside a service."""

from typing import TYPE_CHECKING, Any

import pytest

from provision import engine
from provision.engine import Outcome
from provision.errors import ProvisionError
from provision.plan import Check, Verdict

if TYPE_CHECKING:
    from tests.functional.conftest import Project

SCHEDULE, PUSH, QUEUE = "schedule", "push", "queue"


def apply(project: "Project") -> str:
    """What `up` writes, as a new process would; the root URL of the service."""
    stages, outcome = project.pipeline().stages(project.spec), Outcome()
    engine.apply(stages, engine.plan(stages), outcome)
    assert isinstance(outcome.known.urls, tuple)
    return outcome.known.urls[0]


def admitted(project: "Project", **options: float) -> dict[str, Check]:
    """What verification says of each caller, by its kind."""
    stages = project.pipeline(**options).stages(project.spec)
    checks = engine.verify(stages, lambda: "now", Outcome())
    told = [check for check in checks if check.name == "caller-admitted"]
    return {check.summary.partition(" ")[0]: check for check in told}


def live(project: "Project", kind: str) -> dict[str, Any]:
    """One of each kind, as Google tells it."""
    pipeline, place = project.pipeline(), f"projects/{project.cloud.project}"
    found = {
        SCHEDULE: lambda: pipeline.schedules.find(f"{place}/locations/asia-east1/jobs/tick"),
        PUSH: lambda: pipeline.subscriptions.find(f"{place}/subscriptions/orders-push"),
        QUEUE: lambda: pipeline.queues.find(f"{place}/locations/asia-east1/queues/work"),
    }[kind]()
    assert found is not None
    return dict(found)


def change(project: "Project", place: int, **fields: object) -> None:
    """Declare one of the callers otherwise."""
    callers = [dict(one) for one in project.declared["callers"]]
    callers[place] |= fields
    project.declare(callers=callers)


@pytest.fixture
def called(called: "Project") -> "Project":
    """Without the workflow."""
    called.declare(workflows=None)
    return called


def test_each_calls_its_path_with_a_token_for_the_root_url_as_its_account(
    called: "Project",
) -> None:
    """Over the one address, and every account is an invoker."""
    root = apply(called)
    domain = f"@{called.cloud.project}.iam.gserviceaccount.com"
    schedule = live(called, SCHEDULE)["httpTarget"]
    assert schedule["uri"] == f"{root}/tick"
    assert schedule["headers"]["Content-Type"] == "application/json"
    assert schedule["oidcToken"] == {"serviceAccountEmail": f"ticker{domain}", "audience": root}
    push = live(called, PUSH)["pushConfig"]
    assert push["pushEndpoint"] == f"{root}/events"
    assert push["oidcToken"] == {"serviceAccountEmail": f"pusher{domain}", "audience": root}
    queue = live(called, QUEUE)["httpTarget"]
    assert queue["uriOverride"]["pathOverride"] == {"path": "/work"}
    assert queue["oidcToken"] == {"serviceAccountEmail": f"worker{domain}", "audience": root}
    policy = called.pipeline().policies.get(called.spec.resource_name.name)
    accounts = {f"serviceAccount:{name}{domain}" for name in ("ticker", "pusher", "worker")}
    assert accounts <= set(policy.holders("roles/run.invoker"))


def test_only_what_differs_is_written(called: "Project") -> None:
    """Another minute of one, and no word to the others."""
    apply(called)
    change(called, 0, schedule="30 3 * * *")
    called.forget_requests()
    apply(called)
    assert called.writes() == ["google.cloud.scheduler.v1.CloudScheduler/UpdateJob"]
    assert live(called, SCHEDULE)["schedule"] == "30 3 * * *"


def test_what_others_set_stays(called: "Project") -> None:
    """Retries of a schedule, labels of a subscription, rates of a queue."""
    apply(called)
    pipeline, place = called.pipeline(), f"projects/{called.cloud.project}"
    at = f"{place}/locations/asia-east1"
    pipeline.schedules.update(
        f"{at}/jobs/tick", {"retryConfig": {"retryCount": 3}}, ["retryConfig"]
    )
    labels = {"labels": {"managed-by": "provision", "team": "payments"}}
    pipeline.subscriptions.update(f"{place}/subscriptions/orders-push", labels, ["labels"])
    rates = {"rateLimits": {"maxConcurrentDispatches": 7}}
    pipeline.queues.update(f"{at}/queues/work", rates, ["rateLimits.maxConcurrentDispatches"])
    stages = pipeline.stages(called.spec)
    assert engine.plan(stages).is_empty
    for place_in_spec in range(3):
        change(called, place_in_spec, call={"path": "/elsewhere"})
    apply(called)
    assert live(called, SCHEDULE)["retryConfig"]["retryCount"] == 3
    assert live(called, PUSH)["labels"]["team"] == "payments"
    assert live(called, QUEUE)["rateLimits"]["maxConcurrentDispatches"] == 7


def test_verification_runs_the_schedule_and_says_how_the_others_are_tried(
    called: "Project",
) -> None:
    """Nothing is published and no task is made that nobody meant."""
    apply(called)
    called.forget_requests()
    told = admitted(called)
    assert told[SCHEDULE].verdict is Verdict.PASSED, told
    assert called.writes() == ["google.cloud.scheduler.v1.CloudScheduler/RunJob"]
    for kind, command in ((PUSH, "gcloud pubsub topics publish"), (QUEUE, "create-http-task")):
        assert told[kind].verdict is Verdict.NOT_PROVEN
        assert not told[kind].pending
        assert command in told[kind].hint


def test_a_schedule_without_the_role_fails_with_the_advice(called: "Project") -> None:
    """And passes again once `bind` has given it back."""
    apply(called)
    name = called.spec.resource_name.name
    services = called.pipeline().google.services
    policy = services.get_iam_policy(request={"resource": name})
    kept = [one for one in policy.bindings[0].members if "ticker@" not in one]
    policy.bindings[0].members[:] = kept
    services.set_iam_policy(request={"resource": name, "policy": policy})
    told = admitted(called, wait=60.0)[SCHEDULE]
    assert told.verdict is Verdict.FAILED
    assert "does not hold roles/run.invoker on service orders: `provision bind`" in told.hint
    apply(called)
    assert admitted(called)[SCHEDULE].verdict is Verdict.PASSED


def test_a_schedule_that_is_not_to_be_run_is_told_as_not_proven(called: "Project") -> None:
    """With the command that runs it."""
    change(called, 0, verify=False)
    apply(called)
    told = admitted(called)[SCHEDULE]
    assert told.verdict is Verdict.NOT_PROVEN
    assert "gcloud scheduler jobs run tick" in told.hint


def test_a_topic_of_ones_own_is_made_and_one_that_is_there_is_left_alone(
    called: "Project",
) -> None:
    """The label says which is which."""
    topics = called.pipeline().google.topics
    there = f"projects/{called.cloud.project}/topics/there"
    topics.create_topic(name=there)
    change(called, 1, topic="there")
    apply(called)
    assert dict(topics.get_topic(topic=there).labels) == {}
    assert live(called, PUSH)["topic"] == there


def test_a_subscription_of_another_topic_is_not_touched(called: "Project") -> None:
    """Pub/Sub cannot change that; which one it is, and what to do, is said."""
    apply(called)
    change(called, 1, topic="payments")
    called.forget_requests()
    with pytest.raises(ProvisionError, match=r"it is one of projects/\S+/topics/orders") as refused:
        apply(called)
    assert "gcloud pubsub subscriptions delete orders-push" in refused.value.hint
    assert called.writes() == []


def test_the_stage_has_nothing_to_do_where_nothing_calls(called_job: "Project") -> None:
    """It says so, and ends well."""
    done = called_job.run("callers")
    assert (done.code, done.out) == (0, "")
    assert "job nightly declares none; nothing to do" in done.err
