"""Workflows that the spec has beside a service or job: made, changed, executed and judged."""

from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from provision import engine
from provision.engine import Outcome
from provision.errors import PermissionDeniedError, ProvisionError
from provision.plan import Check, Verdict

if TYPE_CHECKING:
    from tests.functional.conftest import Project

RETURNS = "main:\n  params: [args]\n  steps:\n    - end:\n        return: ${args}\n"


def apply(project: "Project") -> Outcome:
    """What `up` writes, as a new process would."""
    stages, outcome = project.pipeline().stages(project.spec), Outcome()
    engine.apply(stages, engine.plan(stages), outcome)
    return outcome


def executed(project: "Project", **options: float) -> list[Check]:
    """What verification says of executing the workflows."""
    stages = project.pipeline(**options).stages(project.spec)
    checks = engine.verify(stages, lambda: "now", Outcome())
    return [check for check in checks if check.name == "workflow-executed"]


def workflow(project: "Project") -> dict[str, Any]:
    """The first workflow as Workflows tells it."""
    spec = project.spec
    found = project.pipeline().workflows.find(spec.workflow_name(spec.workflows[0]))
    assert found is not None
    return dict(found)


def invokers(project: "Project", role: str = "roles/run.invoker") -> set[str]:
    """Who holds the role by the policy of the service or job."""
    pipeline = project.pipeline()
    policies = pipeline.job_policies if project.spec.kind == "job" else pipeline.policies
    return set(policies.get(project.spec.resource_name.name).holders(role))


def take_away(project: "Project", member: str) -> None:
    """Take the invoker's role away, as somebody else would."""
    services = project.pipeline().google.services
    name = project.spec.resource_name.name
    policy = services.get_iam_policy(request={"resource": name})
    for binding in policy.bindings:
        kept = [one for one in binding.members if one != member]
        binding.members[:] = kept
    services.set_iam_policy(request={"resource": name, "policy": policy})


def test_it_is_made_with_an_account_that_may_call_the_service_and_nothing_else(
    called: "Project",
) -> None:
    """The account says what it is for, and stands in no policy but the service's."""
    called.declare(callers=None)
    apply(called)
    account = called.spec.workflows[0].account
    made = called.pipeline().iam.find_account(account)
    assert made is not None
    assert made.description == (
        "managed-by=provision: calls service orders by workflow nightly-orders"
    )
    assert workflow(called)["serviceAccount"] == account.name
    assert account.member in invokers(called)
    projects = called.pipeline().google.projects
    policy = projects.get_iam_policy(request={"resource": f"projects/{called.cloud.project}"})
    assert account.member not in {one for item in policy.bindings for one in item.members}


def test_its_token_is_for_the_root_url_whatever_the_path(called: "Project") -> None:
    """So the path of the call may change, and the audience does not."""
    known = apply(called).known
    assert isinstance(known.urls, tuple)
    source = yaml.safe_load(workflow(called)["sourceContents"])
    call = source["main"]["steps"][0]["call_service"]
    assert call["args"]["url"] == f"{known.urls[0]}/reconcile"
    assert call["args"]["auth"] == {"type": "OIDC", "audience": known.urls[0]}


def test_it_is_written_only_when_it_differs(called: "Project") -> None:
    """Another path makes one more revision; the same spec again makes none."""
    apply(called)
    first = workflow(called)["revisionId"]
    apply(called)
    assert workflow(called)["revisionId"] == first
    call = {**called.declared["workflows"][0], "call": {"path": "/other"}}
    called.declare(workflows=[call])
    called.forget_requests()
    apply(called)
    assert called.writes() == ["google.cloud.workflows.v1.Workflows/UpdateWorkflow"]
    assert workflow(called)["revisionId"] != first


def test_the_plan_shows_which_lines_of_a_source_change(called: "Project") -> None:
    """And not the whole source on one line."""
    apply(called)
    call = {**called.declared["workflows"][0], "call": {"path": "/other"}}
    called.declare(workflows=[call])
    shown = called.run("plan").out
    lines = [line.strip() for line in shown.splitlines() if "url: " in line]
    (gone,) = [line for line in lines if line.startswith("- ")]
    (come,) = [line for line in lines if line.startswith("+ ")]
    assert "/reconcile" in gone
    assert "/other" in come


def test_what_somebody_else_made_is_taken_over_with_its_labels_and_description(
    called: "Project",
) -> None:
    """Only what differs is written, and the mark is added to the labels that are there."""
    apply(called)
    pipeline, spec = called.pipeline(), called.spec
    name = spec.workflow_name(spec.workflows[0])
    theirs = {"labels": {"team": "payments"}, "description": "Theirs."}
    pipeline.workflows.update(name, theirs, ["labels", "description"], lambda _: None)
    apply(called)
    assert workflow(called)["labels"] == {"team": "payments", "managed-by": "provision"}
    assert workflow(called)["description"] == "Theirs."


def test_verification_executes_it_and_shows_the_result(called: "Project") -> None:
    """With the argument that the spec has for that."""
    (called.path / "own.yaml").write_text(RETURNS)
    own = {"name": "own", "service_account": "own-caller", "source": "own.yaml"}
    called.declare(workflows=[{**own, "argument": {"day": "monday"}}], callers=None)
    apply(called)
    (check,) = executed(called)
    assert check.verdict is Verdict.PASSED
    assert check.summary == 'workflow own returned {"day":"monday"}'


def test_one_that_is_not_to_be_executed_is_told_as_not_proven(called: "Project") -> None:
    """With the command that would prove it."""
    called.declare(workflows=[{**called.declared["workflows"][0], "verify": False}], callers=None)
    apply(called)
    called.forget_requests()
    (check,) = executed(called)
    assert check.verdict is Verdict.NOT_PROVEN
    assert "`verify: false`" in check.summary
    assert "provision workflow run nightly-orders" in check.hint
    assert not any("Executions" in method for method in called.writes())


def test_without_the_role_it_fails_with_the_advice_and_with_it_again_it_works(
    called: "Project",
) -> None:
    """No time is waited for what no policy names; `bind` mends it."""
    called.declare(callers=None)
    apply(called)
    member = called.spec.workflows[0].account.member
    take_away(called, member)
    (check,) = executed(called, wait=60.0)
    assert check.verdict is Verdict.FAILED
    assert "403" in check.summary
    assert "does not hold roles/run.invoker on service orders: `provision bind`" in check.hint
    apply(called)
    (check,) = executed(called)
    assert check.verdict is Verdict.PASSED


def test_a_refusal_that_time_mends_is_waited_for(called: "Project") -> None:
    """As long as the policy names the account, a 403 may be IAM that has not caught up."""
    called.declare(callers=None)
    apply(called)
    take_away(called, called.spec.workflows[0].account.member)
    called.cloud.admin("POST", "/settings", iamDelay=3)
    apply(called)
    (check,) = executed(called, wait=0.0)
    assert (check.verdict, check.pending) == (Verdict.NOT_PROVEN, True)
    (check,) = executed(called, wait=60.0)
    assert check.verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("raised", "told", "hint"),
    [
        ("{code: 403, message: no, body: not for you}", "failed: no at main.end", "follows and"),
        ('"enough"', "failed: enough at main.end", "follows and explains"),
        ("${args.day}", "has no field 'day'", "It got no argument: `argument` in the spec"),
    ],
)
def test_what_it_fails_of_is_told_at_once(
    called: "Project", raised: str, told: str, hint: str
) -> None:
    """Nothing is waited for that IAM has no part in, such as a 403 of the application's own."""
    source = f"main:\n  params: [args]\n  steps:\n    - end:\n        raise: {raised}\n"
    (called.path / "own.yaml").write_text(source)
    own = {"name": "own", "service_account": "own-caller", "source": "own.yaml"}
    called.declare(workflows=[own], callers=None)
    apply(called)
    (check,) = executed(called, wait=60.0)
    assert check.verdict is Verdict.FAILED
    assert told in check.summary
    assert hint in check.hint


def test_a_source_that_workflows_refuses_stops_the_run_in_its_words(called: "Project") -> None:
    """Nothing after it is done, and the name of what is wrong is told."""
    (called.path / "own.yaml").write_text("main:\n  steps:\n    - a:\n        call: http.fetch\n")
    own = {"name": "own", "service_account": "own-caller", "source": "own.yaml"}
    called.declare(workflows=[own], callers=None)
    with pytest.raises(ProvisionError, match=r"Creating workflow own in asia-east1.*http\.fetch"):
        apply(called)


def test_a_source_that_cannot_be_read_is_told_by_its_file(called: "Project") -> None:
    """Before anything is written."""
    own = {"name": "own", "service_account": "own-caller", "source": "missing.yaml"}
    called.declare(workflows=[own], callers=None)
    called.forget_requests()
    with pytest.raises(ProvisionError, match=r"workflow own, .*missing\.yaml: No such file"):
        apply(called)
    assert called.writes() == []


def test_a_job_is_executed_otherwise_by_an_account_that_may_do_just_that(
    called_job: "Project",
) -> None:
    """The role with overrides, and the one to look at the execution, both on the job alone."""
    apply(called_job)
    member = called_job.spec.workflows[0].account.member
    assert member in invokers(called_job)
    assert invokers(called_job, "roles/run.jobsExecutorWithOverrides") == {member}
    assert invokers(called_job, "roles/run.viewer") == {member}
    (check,) = executed(called_job)
    assert check.verdict is Verdict.PASSED, check
    executions = called_job.pipeline().google.executions
    (execution,) = executions.list_executions(parent=called_job.spec.resource_name.name)
    assert execution.task_count == 2
    (container,) = execution.template.containers
    assert {one.name: one.value for one in container.env} == {"DAY": "today"}


def test_a_job_that_is_not_waited_for_takes_no_role_to_look(called_job: "Project") -> None:
    """Nor one with overrides, where it is executed as it is."""
    plain = {**called_job.declared["workflows"][0], "call": {"wait": False}}
    called_job.declare(workflows=[plain])
    apply(called_job)
    assert invokers(called_job, "roles/run.jobsExecutorWithOverrides") == set()
    assert invokers(called_job, "roles/run.viewer") == set()
    (check,) = executed(called_job)
    assert check.verdict is Verdict.PASSED, check


def test_an_api_that_is_disabled_is_told_with_what_enables_it(called: "Project") -> None:
    """What a project of today mostly lacks is Workflows, and who lacks it is not the caller."""
    called.declare(callers=None)
    services = f"{called.cloud.http}/v1/projects/{called.cloud.project}/services"
    bearer = {"Authorization": f"Bearer {called.cloud.token()}"}
    disable = f"{services}/workflows.googleapis.com:disable"
    assert requests.post(disable, headers=bearer, timeout=30).ok
    with pytest.raises(PermissionDeniedError, match="Reading workflow nightly-orders") as refused:
        apply(called)
    assert "`gcloud services enable workflows.googleapis.com --project=" in refused.value.hint


def test_whoever_may_not_make_workflows_is_told_the_role_that_may(called: "Project") -> None:
    """The least one, and for whom."""
    called.declare(callers=None)
    apply(called)
    called.declare(workflows=[{**called.declared["workflows"][0], "call": {"path": "/other"}}])
    resource = f"projects/{called.cloud.project}"
    projects = called.pipeline().google.projects
    policy = projects.get_iam_policy(request={"resource": resource})
    roles = ("run.admin", "iam.serviceAccountUser", "iam.securityReviewer", "workflows.viewer")
    for role in (*roles, "artifactregistry.reader"):
        policy.bindings.add(role=f"roles/{role}", members=["user:ann@example.com"])
    projects.set_iam_policy(request={"resource": resource, "policy": policy})
    called.environ |= called.act_as("user:ann@example.com")
    with pytest.raises(PermissionDeniedError) as refused:
        apply(called)
    assert refused.value.hint.startswith("user:ann@example.com needs workflows.workflows.update on")
    assert refused.value.hint.endswith("the least role that has it is roles/workflows.editor.")


def test_before_there_is_an_address_the_stage_alone_is_too_early(called: "Project") -> None:
    """It says what has to be done first."""
    with pytest.raises(ProvisionError, match="Too early for workflow: nightly-orders") as refused:
        engine.plan_one(called.pipeline().stages(called.spec), "workflow")
    assert "`provision deploy` first, or `provision up`" in refused.value.hint


def test_an_account_that_is_not_there_is_not_waited_for(called: "Project") -> None:
    """`bind` alone says which stage makes it, and writes nothing."""
    apply(called)
    call = {**called.declared["workflows"][0], "service_account": "another-one"}
    called.declare(workflows=[call])
    called.forget_requests()
    stage, plan = engine.plan_one(called.pipeline().stages(called.spec), "bind")
    with pytest.raises(ProvisionError, match="no service account another-one@") as refused:
        engine.apply([stage], plan, Outcome())
    assert "`provision workflow deploy`" in refused.value.hint
    assert called.writes() == []


def test_an_account_that_is_not_known_everywhere_yet_is_waited_for(called: "Project") -> None:
    """Neither Workflows nor IAM has to know it as soon as it is made."""
    called.declare(callers=None)
    told = f"Service account {called.spec.workflows[0].account.email} does not exist."
    for method in ("workflows.v1.Workflows/CreateWorkflow", "run.v2.Services/SetIamPolicy"):
        full = f"google.cloud.{method}"
        fault = {"method": full, "code": "INVALID_ARGUMENT", "message": told, "times": 1}
        called.cloud.admin("POST", "/faults", **fault, when="before")
    apply(called)
    assert called.spec.workflows[0].account.member in invokers(called)
