"""One suite over every stage: what design promises of each holds for all of them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from provision import engine
from provision.engine import Outcome
from provision.errors import ProvisionError
from provision.plan import Verdict

if TYPE_CHECKING:
    from provision.engine import Stages
    from tests.functional.conftest import Project

pytestmark = pytest.mark.engine


STAGES_OF = {
    "project": ("build", "push", "deploy", "bind"),
    "job": ("build", "push", "deploy", "bind"),
    "called": ("workflow", "callers"),
}
EVERY = [(of, stage) for of, stages in STAGES_OF.items() for stage in stages]
"""Every stage of a service and of a job, and those of what calls them."""


@pytest.fixture
def job(project: "Project") -> "Project":
    """A project with a job: the same is promised of both."""
    project.declare(kind="job", job="nightly", service=None, ingress=None)
    return project


@pytest.fixture
def declared(request: pytest.FixtureRequest) -> "Project":
    """What the test is about."""
    found: Project = request.getfixturevalue(request.param)
    return found


def stages_until(project: "Project", last: str) -> "Stages":
    """The stages up to `last`, as a new process would make them."""
    stages = project.pipeline().stages(project.spec)
    names = [stage.name for stage in stages]
    return stages[: names.index(last) + 1]


def apply_until(project: "Project", last: str) -> None:
    """Apply the stages up to `last`."""
    stages = stages_until(project, last)
    engine.apply(stages, engine.plan(stages), Outcome())


def plan_until(project: "Project", last: str) -> engine.Plan:
    """Plan the stages up to `last`."""
    return engine.plan(stages_until(project, last))


def apply_before(project: "Project", stage: str) -> None:
    """Apply the stages before `stage`."""
    stages = stages_until(project, stage)[:-1]
    if stages:
        apply_until(project, stages[-1].name)


def failed_checks(project: "Project") -> list[str]:
    """The names of the checks that found a claim false."""
    stages = project.pipeline().stages(project.spec)
    checks = engine.verify(stages, lambda: "now", Outcome())
    return [check.name for check in checks if check.verdict is Verdict.FAILED]


@pytest.mark.parametrize(("declared", "stage"), EVERY, indirect=["declared"])
def test_observing_writes_nothing(declared: "Project", stage: str) -> None:
    """Neither where there is nothing yet, nor where all is done."""
    project = declared
    project.forget_requests()
    plan_until(project, stage)
    assert project.writes() == []
    apply_until(project, stage)
    project.forget_requests()
    plan_until(project, stage)
    assert project.writes() == []


@pytest.mark.parametrize(("declared", "stage"), EVERY, indirect=["declared"])
def test_the_plan_after_an_apply_is_empty_and_a_second_apply_writes_nothing(
    declared: "Project", stage: str
) -> None:
    """What was applied is what is observed."""
    project = declared
    assert not plan_until(project, stage).is_empty
    apply_until(project, stage)
    assert plan_until(project, stage).is_empty
    project.forget_requests()
    apply_until(project, stage)
    assert project.writes() == []


def writes_of(project: "Project", stage: str) -> list[str]:
    """The methods that a stage writes with, told by the record of a first run."""
    apply_before(project, stage)
    project.forget_requests()
    apply_until(project, stage)
    methods = dict.fromkeys(project.writes())
    return [method for method in methods if not method.startswith("registry/")]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("declared", "stage"), [one for one in EVERY if one[1] != "build"], indirect=["declared"]
)
def test_a_fault_at_any_write_and_then_apply_again_converges(
    declared: "Project", stage: str, when: str
) -> None:
    """Whether the write took effect before it failed or not."""
    project = declared
    methods = writes_of(project, stage)
    assert methods
    for method in methods:
        project.begin_anew()
        apply_before(project, stage)
        fault = {"method": method, "code": "INTERNAL", "message": "a bad day", "times": 1}
        project.cloud.admin("POST", "/faults", **fault, when=when)
        with pytest.raises(ProvisionError, match="a bad day"):
            apply_until(project, stage)
        apply_until(project, stage)
        assert plan_until(project, stage).is_empty, method


def edit_source(project: "Project") -> None:
    """Change what goes into the image."""
    with (project.path / "app.py").open("a") as app:
        app.write("# edited\n")


def delete_repository(project: "Project") -> None:
    """Delete the repository with all that is in it."""
    repository = project.spec.repository_name
    assert repository is not None
    repositories = project.pipeline().google.repositories
    repositories.delete_repository(name=repository.name).result(timeout=30)


def open_service(project: "Project") -> None:
    """Switch the invoker check off, as Google itself recommends for public services."""
    services = project.pipeline().google.services
    service = services.get_service(name=project.spec.resource_name.name)
    service.invoker_iam_disabled = True
    services.update_service(
        service=service, update_mask={"paths": ["invoker_iam_disabled"]}
    ).result(timeout=30)


def open_policy(project: "Project") -> None:
    """Let everybody invoke by another role than the one that everybody looks at."""
    policies = project.pipeline().google.services
    resource = project.spec.resource_name.name
    policy = policies.get_iam_policy(request={"resource": resource})
    policy.bindings.add(role="roles/run.servicesInvoker", members=["allUsers"])
    policies.set_iam_policy(request={"resource": resource, "policy": policy})


def run_as_default(project: "Project") -> None:
    """Let the job run as Compute Engine's default account, which may do nearly everything."""
    jobs = project.pipeline().google.jobs
    job = jobs.get_job(name=project.spec.resource_name.name)
    job.template.template.service_account = ""
    jobs.update_job(job=job).result(timeout=30)


def empty_policy(project: "Project") -> None:
    """Take every invoker out of the job's policy."""
    request = {"resource": project.spec.resource_name.name, "policy": {"bindings": []}}
    project.pipeline().google.jobs.set_iam_policy(request=request)


def call_elsewhere(project: "Project") -> None:
    """Have the workflow do something else."""
    name = project.spec.workflow_name(project.spec.workflows[0])
    source = {"sourceContents": "main: {steps: [{end: {return: elsewhere}}]}"}
    project.pipeline().workflows.update(name, source, ["sourceContents"], lambda _: None)


def push_unsigned(project: "Project") -> None:
    """Have the subscription push without a token."""
    subscriptions = project.pipeline().subscriptions
    name = f"projects/{project.cloud.project}/subscriptions/orders-push"
    push = {"pushConfig": {"pushEndpoint": "https://elsewhere.example.com/"}}
    subscriptions.update(name, push, ["pushConfig"])


Edit = tuple[Callable[["Project"], None], str]
EDITS: dict[str, dict[str, Edit]] = {
    "service": {
        "build": (edit_source, "build-as-declared"),
        "push": (delete_repository, "push-as-declared"),
        "deploy": (open_service, "invoker-check-on"),
        "bind": (open_policy, "no-public-member"),
        "workflow": (call_elsewhere, "workflow-as-declared"),
        "callers": (push_unsigned, "callers-as-declared"),
    },
    "job": {
        "build": (edit_source, "build-as-declared"),
        "push": (delete_repository, "push-as-declared"),
        "deploy": (run_as_default, "runtime-account"),
        "bind": (empty_policy, "invokers-as-named"),
    },
}


@pytest.mark.parametrize(("declared", "stage"), EVERY, indirect=["declared"])
def test_an_outside_edit_is_found_by_verify_and_undone_by_apply(
    declared: "Project", stage: str
) -> None:
    """Whoever made it, and by whatever way."""
    project = declared
    edit, check = EDITS[project.spec.kind][stage]
    apply_until(project, "bind")
    assert failed_checks(project) == []
    edit(project)
    assert check in failed_checks(project)
    apply_until(project, "bind")
    assert failed_checks(project) == []
