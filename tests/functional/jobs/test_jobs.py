"""Jobs through plan, up, verify and destroy, beside services and over what others made."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from google.cloud import run_v2

from tests.functional.jobs.conftest import NIGHTLY, PARENT, declare

if TYPE_CHECKING:
    from tests.functional.conftest import Project

pytestmark = pytest.mark.engine

CALLER = "caller@demo-project.iam.gserviceaccount.com"


def jobs_of(project: "Project") -> Any:  # noqa: ANN401 - run_v2.JobsClient
    """Google's client for jobs."""
    return project.pipeline().google.jobs


def bind(project: "Project", role: str, *members: str) -> None:
    """Add a binding to the job's policy, as somebody else would."""
    policy = jobs_of(project).get_iam_policy(request={"resource": NIGHTLY})
    policy.bindings.add(role=role, members=list(members))
    jobs_of(project).set_iam_policy(request={"resource": NIGHTLY, "policy": policy})


def make_account(project: "Project") -> None:
    """Make the account CALLER."""
    request = {"name": "projects/demo-project", "account_id": "caller"}
    project.pipeline().google.iam.create_service_account(request=request)


def test_a_job_is_deployed_bound_and_proven(project: "Project") -> None:
    """Everything passes, there is no address, and a second `up` sends no write."""
    declare(project)
    done = project.up()
    assert done.code == 0, done.err + done.out
    told = done.service
    assert (told["kind"], told["name"], told["job"]) == ("job", "nightly", "nightly")
    assert (told["url"], told["urls"]) == (None, [])
    assert told["image"].startswith("127.0.0.1") or "@sha256:" in told["image"]
    names = [check["check"] for check in told["checks"]]
    assert "anonymous-refused" not in names
    assert {"job-ready", "digest", "runtime-account", "no-public-member"} <= set(names)
    assert {check["verdict"] for check in told["checks"]} == {"passed"}
    project.forget_requests()
    assert project.up().code == 0
    assert project.writes() == []
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_a_service_and_a_job_of_one_name_stand_in_one_file(project: "Project") -> None:
    """Each has its own policy; destroy takes both, and what was made for them."""
    serving = (project.path / "app.py").read_text()
    declare(project)
    (project.path / "app.py").write_text(serving)  # a service has to listen
    job = dict(project.declared)
    project.declare(
        kind=None,
        job=None,
        tasks=None,
        max_retries=None,
        service="nightly",
        ingress="internal",
        default_url=False,
    )
    documents = [yaml.safe_dump(one, sort_keys=False) for one in (project.declared, job)]
    project.file.write_text("---\n".join(documents))
    done = project.up()
    kinds = [(one["kind"], one["name"], one["error"]) for one in done.document["services"]]
    assert kinds == [("service", "nightly", None), ("job", "nightly", None)], done.err
    assert jobs_of(project).get_job(name=NIGHTLY).template.task_count == 2
    gone = project.run("destroy", "--all", "--yes", "--json")
    assert gone.code == 0, gone.err
    removed = [item["subject"] for one in gone.document["services"] for item in one["removals"]]
    assert sorted(removed) == [
        "job nightly in asia-east1",
        "repository services in asia-east1",
        "service account nightly-run@demo-project.iam.gserviceaccount.com",
        "service nightly in asia-east1",
    ]


def test_what_another_job_uses_stays(fresh_nightly: "Project") -> None:
    """An account that a job runs as is in use, and so is the repository it runs from."""
    weekly = jobs_of(fresh_nightly).get_job(name=NIGHTLY)
    made = run_v2.Job(template=weekly.template)
    jobs_of(fresh_nightly).create_job(parent=PARENT, job_id="weekly", job=made).result(timeout=30)
    done = fresh_nightly.run("destroy", "--all", "--yes", "--json")
    assert done.code == 0, done.err
    removals = done.service["removals"]
    assert [item["removed"] for item in removals] == [True, False, False]
    assert all("weekly" in item["reason"] for item in removals[1:])


def test_executions_go_with_their_job_and_are_told_before(fresh_nightly: "Project") -> None:
    """Whoever says yes sees that the history goes too."""
    assert fresh_nightly.run("execute", "nightly").code == 0
    done = fresh_nightly.run("destroy", "--yes", "--json")
    assert (
        "its 1 execution(s), and what they tell of their tasks"
        in done.service["removals"][0]["details"]
    )


def impersonated(project: "Project") -> None:
    """The invoker is an account that the developer may act as."""
    make_account(project)
    project.declare(invokers=[f"serviceAccount:{CALLER}"], probe_as=CALLER)


def own(project: "Project") -> None:
    """The invoker is the caller."""
    project.declare(invokers=["user:developer@example.com"])


def group(project: "Project") -> None:
    """The invoker is a group: whether the caller is in it is not known."""
    project.declare(invokers=["group:team@example.com"])


def disabled(project: "Project") -> None:
    """The invoker is an account that nobody can act as."""
    impersonated(project)
    request = {"name": f"projects/demo-project/serviceAccounts/{CALLER}"}
    project.pipeline().google.iam.disable_service_account(request=request)


@pytest.mark.parametrize(
    ("prepare", "verdict", "told"),
    [
        (impersonated, "passed", f"as serviceAccount:{CALLER}: run.jobs.run"),
        (own, "passed", "as user:developer@example.com: run.jobs.run"),
        (group, "not proven", "TestIamPermissions"),
        (disabled, "not proven", "TestIamPermissions"),
    ],
)
def test_iam_is_asked_whether_an_invoker_may_execute(
    project: "Project", prepare: Callable[["Project"], None], verdict: str, told: str
) -> None:
    """As the account that probes or as the caller; admission alone unproven is no failure."""
    declare(project)
    prepare(project)
    done = project.up()
    check = done.check("invoker-admitted")
    assert (check["verdict"], check["claim"]) == (verdict, "admission"), check
    assert told in check["evidence"][0]["asked"]
    assert done.code == 0


def test_who_executes_by_any_role_is_seen_and_taken_out_where_exclusive(
    nightly: "Project",
) -> None:
    """Every role that carries run.jobs.run counts, and one that only looks does not."""
    bind(nightly, "roles/run.jobsExecutorWithOverrides", "user:mallory@example.com")
    bind(nightly, "roles/run.viewer", "user:bob@example.com")
    plain = nightly.run("verify", "--json", "--wait", "0s").check("nobody-else")
    assert (plain["verdict"], "bob@" in str(plain)) == ("passed", False)
    assert "mallory@example.com" in plain["summary"]
    nightly.declare(exclusive=True)
    failed = nightly.run("verify", "--json", "--wait", "0s").check("nobody-else")
    assert failed["verdict"] == "failed"
    nightly.up()
    after = jobs_of(nightly).get_iam_policy(request={"resource": NIGHTLY})
    assert {member for one in after.bindings for member in one.members} == {
        "user:developer@example.com",
        "user:bob@example.com",
    }


def test_a_job_that_another_made_is_adopted_and_keeps_what_is_its_own(project: "Project") -> None:
    """What the spec does not speak of stays; the rest differs in the plan and then no more."""
    declare(project)
    assert project.up().code == 0
    jobs = jobs_of(project)
    job = jobs.get_job(name=NIGHTLY)
    task = job.template.template
    task.containers[0].env.append(run_v2.EnvVar(name="THEIRS", value="1"))
    task.containers.append(run_v2.Container(name="sidecar", image=task.containers[0].image))
    task.max_retries = 5
    task.timeout = {"seconds": 77}
    job.labels.update({"managed-by": "somebody", "team": "data"})
    job.annotations["example.com/owner"] = "data"
    jobs.update_job(job=job).result(timeout=30)
    planned = project.run("plan", "--json")
    (deploy,) = [one for one in planned.service["stages"] if one["stage"] == "deploy"]
    paths = {change["path"] for change in deploy["changes"]}
    assert paths == {
        "template.template.maxRetries",
        "template.template.containers[0].env.THEIRS",
        "labels.managed-by",
    }
    done = project.up()
    assert done.code == 0, done.err
    after = jobs.get_job(name=NIGHTLY)
    assert after.template.template.max_retries == 1
    assert after.template.template.timeout.seconds == 77
    assert [one.name for one in after.template.template.containers][1:] == ["sidecar"]
    assert (after.labels["team"], after.annotations["example.com/owner"]) == ("data", "data")
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_deploying_executes_nothing(nightly: "Project") -> None:
    """Neither when it is made nor when it changes."""
    nightly.declare(tasks=3)
    assert nightly.up().code == 0
    assert jobs_of(nightly).get_job(name=NIGHTLY).execution_count == 0
