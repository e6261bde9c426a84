"""`workflows` and `callers` of a spec: what they declare, and what is refused in which words."""

from pathlib import Path

import pytest
import yaml

from provision.resources import ServiceAccountName
from provision.spec import ServiceSpec, Spec, SpecError, load
from provision.spec.calls import HttpCall, JobCall, PushSpec, QueueSpec, ScheduleSpec, WorkflowSpec

WORKFLOW: dict[str, object] = {
    "name": "nightly-orders",
    "service_account": "nightly-orders",
    "call": {},
}
SCHEDULE: dict[str, object] = {
    "kind": "schedule",
    "name": "tick",
    "service_account": "ticker",
    "schedule": "0 3 * * *",
}
PUSH: dict[str, object] = {
    "kind": "push",
    "name": "events",
    "service_account": "pusher",
    "topic": "orders",
}
QUEUE: dict[str, object] = {"kind": "queue", "name": "work", "service_account": "worker"}
SERVICE: dict[str, object] = {"service": "orders", "ingress": "internal"}
JOB: dict[str, object] = {"kind": "job", "job": "nightly"}
OWN = "@acme-prod.iam.gserviceaccount.com"


def declared(place: Path, kind: dict[str, object], **fields: object) -> Spec:
    """The spec of a document with some fields."""
    file = place / "provision.yaml"
    document = {
        "project": "acme-prod",
        "region": "asia-east1",
        "image": {"reference": "asia-east1-docker.pkg.dev/acme-prod/services/app:1"},
        **kind,
        **fields,
    }
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    return load([file])[0]


def problems(place: Path, kind: dict[str, object], **fields: object) -> list[str]:
    """What is wrong with it: the field and the message."""
    with pytest.raises(SpecError) as refused:
        declared(place, kind, **fields)
    return [f"{one.field}: {one.message}" for one in refused.value.problems]


def test_a_call_has_its_defaults_and_its_account_is_the_project_s(tmp_path: Path) -> None:
    """A POST to the root, executed by verification."""
    spec = declared(tmp_path, SERVICE, workflows=[WORKFLOW])
    account = ServiceAccountName("acme-prod", f"nightly-orders{OWN}")
    assert spec.workflows == (
        WorkflowSpec(name="nightly-orders", account=account, call=HttpCall("POST", "/")),
    )
    assert spec.workflows[0].verify


def test_a_source_is_relative_to_the_spec_s_file(tmp_path: Path) -> None:
    """Wherever the command is run."""
    own = {"name": "own", "service_account": "own-caller", "source": "workflows/own.yaml"}
    (workflow,) = declared(tmp_path, SERVICE, workflows=[own]).workflows
    assert workflow.source == tmp_path / "workflows/own.yaml"
    assert workflow.call is None


def test_callers_are_told_apart_by_their_kind(tmp_path: Path) -> None:
    """A topic gets the project, a schedule UTC."""
    spec = declared(tmp_path, SERVICE, callers=[SCHEDULE, PUSH, QUEUE])
    assert isinstance(spec, ServiceSpec)
    schedule, push, queue = spec.callers
    assert isinstance(schedule, ScheduleSpec)
    assert (schedule.schedule, schedule.time_zone) == ("0 3 * * *", "Etc/UTC")
    assert isinstance(push, PushSpec)
    assert push.topic == "projects/acme-prod/topics/orders"
    assert isinstance(queue, QueueSpec)


def test_values_of_a_query_are_text_as_they_are_spelled(tmp_path: Path) -> None:
    """A number and a boolean are what an address has; a body keeps its types."""
    call = {"query": {"page": 2, "dry": True}, "body": {"page": 2, "half": 0.5, "none": None}}
    (workflow,) = declared(tmp_path, SERVICE, workflows=[{**WORKFLOW, "call": call}]).workflows
    assert isinstance(workflow.call, HttpCall)
    assert workflow.call.query == {"page": "2", "dry": "true"}
    assert workflow.call.body == {"page": 2, "half": 0.5, "none": None}


def test_the_accounts_of_what_calls_are_invokers_once(tmp_path: Path) -> None:
    """Also where one is named already, in whatever spelling."""
    named = f"serviceAccount:Ticker{OWN}"
    spec = declared(
        tmp_path, SERVICE, invokers=[named], workflows=[WORKFLOW], callers=[SCHEDULE, PUSH]
    )
    assert spec.all_invokers == (
        named,
        f"serviceAccount:nightly-orders{OWN}",
        f"serviceAccount:pusher{OWN}",
    )
    assert spec.invokers == (named,)


@pytest.mark.parametrize(
    ("call", "role", "expected"),
    [
        ({}, "roles/run.invoker", {"roles/run.viewer"}),
        ({"wait": False}, "roles/run.invoker", set()),
        (
            {"env": {"DAY": "today"}},
            "roles/run.invoker",
            {"roles/run.viewer", "roles/run.jobsExecutorWithOverrides"},
        ),
        (
            {"tasks": 3, "wait": False},
            "roles/run.jobsExecutor",
            {"roles/run.jobsExecutorWithOverrides"},
        ),
        (
            {"args": ["a"], "timeout": "10m", "wait": False},
            "roles/run.jobsExecutorWithOverrides",
            set(),
        ),
    ],
)
def test_a_job_s_workflow_gets_the_roles_that_its_call_needs(
    call: dict[str, object], role: str, expected: set[str], tmp_path: Path
) -> None:
    """To wait for an execution, and to have it differ from the job, and nothing more."""
    spec = declared(tmp_path, JOB, invoker_role=role, workflows=[{**WORKFLOW, "call": call}])
    assert {role for role, _ in spec.further_roles} == expected
    assert {member for _, member in spec.further_roles} <= {f"serviceAccount:nightly-orders{OWN}"}
    assert isinstance(spec.workflows[0].call, JobCall)


WRONG: list[tuple[dict[str, object], dict[str, object], str]] = [
    (
        SERVICE,
        {"workflows": [{"name": "a", "service_account": "caller-a"}]},
        "workflows[0].call: required; allowed: the call to make, or `source` for a file",
    ),
    (
        SERVICE,
        {"workflows": [{**WORKFLOW, "source": "own.yaml"}]},
        "workflows[0].source: is instead of `call`; allowed: one of the two",
    ),
    (
        SERVICE,
        {"workflows": [WORKFLOW, WORKFLOW]},
        "workflows[1].name: 'nightly-orders' is named already, as workflows[0]",
    ),
    (
        SERVICE,
        {"workflows": [{**WORKFLOW, "call": {"methd": "GET"}}]},
        "workflows[0].call.methd: no such field; did you mean method?",
    ),
    (
        SERVICE,
        {"workflows": [{**WORKFLOW, "call": {"method": "FETCH"}}]},
        "workflows[0].call.method: 'FETCH' is not allowed",
    ),
    (
        SERVICE,
        {"workflows": [{**WORKFLOW, "call": {"method": "GET", "body": {"a": 1}}}]},
        "workflows[0].call.body: a GET request has no body; allowed with: POST, PUT, PATCH",
    ),
    (
        SERVICE,
        {"workflows": [{**WORKFLOW, "call": {"headers": {"authorization": "Bearer x"}}}]},
        "workflows[0].call.headers.authorization: carries the token, which Google puts on",
    ),
    (
        SERVICE,
        {"workflows": [{**WORKFLOW, "call": {"path": "/a?b=c"}}]},
        "workflows[0].call.path: '/a?b=c' has parameters; they go under `query`",
    ),
    (
        SERVICE,
        {"workflows": [{**WORKFLOW, "call": {"path": "/healthz"}}]},
        "workflows[0].call.path: '/healthz' is answered by Google itself",
    ),
    (
        SERVICE,
        {"workflows": [{**WORKFLOW, "call": {"env": {"A": "1"}}}]},
        "workflows[0].call.env: no such field",
    ),
    (
        JOB,
        {"workflows": [{**WORKFLOW, "call": {"path": "/"}}]},
        "workflows[0].call.path: no such field",
    ),
    (
        SERVICE,
        {"workflows": [{**WORKFLOW, "verify": False, "argument": 1}]},
        "workflows[0].argument: is what verification executes it with; `verify` is false",
    ),
    (
        SERVICE,
        {"workflows": [{"name": "a", "call": {}}]},
        "workflows[0].service_account: required; allowed: account it calls as",
    ),
    (
        SERVICE,
        {"workflows": [WORKFLOW], "default_url": False},
        "default_url: what calls it reaches it by its run.app address alone",
    ),
    (
        {**SERVICE, "ingress": "none"},
        {"callers": [QUEUE]},
        "ingress: what calls it reaches it by its run.app address alone",
    ),
    (SERVICE, {"callers": [QUEUE], "iap": True}, "iap: Identity-Aware Proxy would ask"),
    (JOB, {"callers": [QUEUE]}, "callers: no field of a job: a job has no address"),
    (
        SERVICE,
        {"callers": [{**QUEUE, "kind": "que"}]},
        "callers[0].kind: 'que' is not allowed; did you mean queue?",
    ),
    (SERVICE, {"callers": [{"name": "a"}]}, "callers[0]: a caller needs a `kind`"),
    (SERVICE, {"callers": ["queue"]}, "callers[0]: must be a mapping, not 'queue'"),
    (
        SERVICE,
        {"callers": [{**SCHEDULE, "schedule": "at three"}]},
        "callers[0].schedule: 'at three' is not a schedule; allowed: minute, hour",
    ),
    (
        SERVICE,
        {"callers": [{**SCHEDULE, "topic": "orders"}]},
        "callers[0].topic: no such field",
    ),
    (
        SERVICE,
        {"callers": [{**PUSH, "call": {"body": {}}}]},
        "callers[0].call.body: no such field",
    ),
    (
        SERVICE,
        {"callers": [{**PUSH, "topic": "goog-orders"}]},
        "callers[0].topic: 'goog-orders' is not a name in Pub/Sub",
    ),
]


@pytest.mark.parametrize(("kind", "fields", "expected"), WRONG, ids=[one[2] for one in WRONG])
def test_what_cannot_be_is_refused_in_words_that_say_what_can(
    kind: dict[str, object], fields: dict[str, object], expected: str, tmp_path: Path
) -> None:
    """At the field that is wrong."""
    assert any(one.startswith(expected) for one in problems(tmp_path, kind, **fields))


def test_one_name_is_declared_once_over_all_documents(tmp_path: Path) -> None:
    """Two of them would undo each other's work on every run."""
    file = tmp_path / "provision.yaml"
    image = {"reference": "asia-east1-docker.pkg.dev/acme-prod/services/app:1"}
    base = {"project": "acme-prod", "region": "asia-east1", "image": image, "ingress": "all"}
    documents = [
        {**base, "service": "orders", "workflows": [WORKFLOW]},
        {**base, "service": "other", "workflows": [WORKFLOW]},
    ]
    file.write_text(yaml.safe_dump_all(documents, sort_keys=False))
    with pytest.raises(SpecError) as refused:
        load([file])
    (problem,) = refused.value.problems
    assert problem.field == "workflows[0].name"
    assert "nightly-orders is declared already, at" in problem.message
