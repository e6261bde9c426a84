"""Executions and tasks in the Knative form: the same ones as those of v2."""

from typing import TYPE_CHECKING, Any

import pytest
from google.cloud import run_v2
from google.iam.v1 import policy_pb2
from google.type import expr_pb2

from tests.emulator.run.conftest import REGION, KnativeApi
from tests.emulator.run.test_knative_jobs import JOBS, knative_job

if TYPE_CHECKING:
    from tests.conftest import Clients, RunningEmulator

NAMESPACE = "/apis/run.googleapis.com/v1/namespaces/demo-project"
EXECUTIONS = f"{NAMESPACE}/executions"
TASKS = f"{NAMESPACE}/tasks"
NIGHTLY = f"projects/demo-project/locations/{REGION}/jobs/nightly"
ANN = "user:ann@example.com"


def statuses(shown: dict[str, Any]) -> dict[str, str]:
    """The conditions of an execution or task: status by type."""
    return {one["type"]: one["status"] for one in shown["status"]["conditions"]}


@pytest.fixture
def job(v1: KnativeApi, pushed_image: str) -> dict[str, Any]:
    """The job `nightly`, of one task that gcloud labelled."""
    body = knative_job(pushed_image, timeoutSeconds="90")
    body["spec"]["template"]["metadata"]["labels"] = {"team": "orders"}
    v1.ok("POST", JOBS, body)
    found: dict[str, Any] = v1.ok("GET", f"{JOBS}/nightly")
    return found


@pytest.fixture
def held(v1: KnativeApi, emulator: "RunningEmulator", job: dict[str, Any]) -> dict[str, Any]:
    """An execution of `nightly` whose task has not begun, and does not by itself."""
    emulator.admin("POST", "/settings", operationDelay=600)
    found: dict[str, Any] = v1.ok("POST", f"{JOBS}/{job['metadata']['name']}:run", {})
    emulator.admin("POST", "/settings", operationDelay=0)
    return found


def finished(v1: KnativeApi, name: str) -> dict[str, Any]:
    """An execution once it has ended, as its operation tells."""
    shown = v1.ok("GET", f"{EXECUTIONS}/{name}")
    operation = shown["metadata"]["annotations"]["run.googleapis.com/operation-id"]
    location = f"/v1/projects/demo-project/locations/{REGION}"
    assert v1.ok("POST", f"{location}/operations/{operation}:wait", {"timeout": "30s"})["done"]
    found: dict[str, Any] = v1.ok("GET", f"{EXECUTIONS}/{name}")
    return found


def test_an_execution_names_its_job_as_it_was_then(v1: KnativeApi, job: dict[str, Any]) -> None:
    """Labels, annotations and owner tell which job, in which version; the job points back."""
    made = v1.ok("POST", f"{JOBS}/nightly:run", {})
    shown = finished(v1, made["metadata"]["name"])
    about = shown["metadata"]

    assert about["namespace"] == job["metadata"]["namespace"]
    assert about["selfLink"].endswith(
        f"/namespaces/{about['namespace']}/executions/{about['name']}"
    )
    assert about["labels"]["run.googleapis.com/job"] == "nightly"
    assert about["labels"]["run.googleapis.com/jobGeneration"] == "1"
    assert about["labels"]["run.googleapis.com/jobUid"] == job["metadata"]["uid"]
    assert about["labels"]["run.googleapis.com/jobResourceVersion"].isdecimal()
    assert about["labels"]["team"] == "orders"
    assert about["annotations"]["run.googleapis.com/client-name"] == "gcloud"
    assert about["annotations"]["run.googleapis.com/creator"] == "developer@example.com"
    [owner] = about["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == (
        "Job",
        "nightly",
        job["metadata"]["uid"],
    )
    latest = v1.ok("GET", f"{JOBS}/nightly")["status"]["latestCreatedExecution"]
    assert (latest["name"], latest["completionStatus"]) == (about["name"], "EXECUTION_SUCCEEDED")


def test_an_execution_is_shown_from_its_beginning_to_its_end(
    v1: KnativeApi, held: dict[str, Any]
) -> None:
    """Nothing is known at first, and labels find it among those that run; then all is true."""
    assert set(statuses(held).values()) == {"Unknown"}
    active = {"labelSelector": "run.googleapis.com/servingState = Active"}
    [running] = v1.ok("GET", EXECUTIONS, **active)["items"]
    assert running["metadata"]["name"] == held["metadata"]["name"]
    other = v1.ok("POST", f"{JOBS}/nightly:run", {})

    ended = finished(v1, other["metadata"]["name"])

    assert statuses(ended) == dict.fromkeys(
        ("Completed", "ResourcesAvailable", "Started", "ContainerReady"), "True"
    )
    assert ended["status"]["succeededCount"] == 1
    assert ended["status"]["startTime"] <= ended["status"]["completionTime"]
    said = {one["type"]: one.get("message", "") for one in ended["status"]["conditions"]}
    assert said["Completed"].startswith("Execution completed successfully in ")
    assert said["ResourcesAvailable"] == "Provisioned imported containers."
    listed = v1.ok("GET", EXECUTIONS, labelSelector="run.googleapis.com/job = nightly")["items"]
    names = [one["metadata"]["name"] for one in listed]
    assert names == [other["metadata"]["name"], held["metadata"]["name"]]


def test_overrides_change_one_execution(
    v1: KnativeApi, grpc_clients: "Clients", job: dict[str, Any]
) -> None:
    """Arguments, variables, tasks and timeout of v1 are those of v2; the job stays as it was."""
    container = {"args": ["now", "--all"], "env": [{"name": "MODE", "value": "full"}]}
    overrides = {"containerOverrides": [container], "taskCount": 3, "timeoutSeconds": 30}
    made = v1.ok("POST", f"{JOBS}/nightly:run", {"overrides": overrides})
    name = made["metadata"]["name"]

    shown = finished(v1, name)
    executions = grpc_clients.make(run_v2.ExecutionsClient)
    in_v2 = executions.get_execution(name=f"{NIGHTLY}/executions/{name}")

    assert shown["spec"]["taskCount"] == shown["spec"]["parallelism"] == 3
    task = shown["spec"]["template"]["spec"]
    assert task["timeoutSeconds"] == "30"
    assert task["containers"][0]["args"] == ["now", "--all"]
    assert list(in_v2.template.containers[0].args) == ["now", "--all"]
    assert in_v2.template.containers[0].env[0].value == "full"
    assert in_v2.succeeded_count == 3
    after = v1.ok("GET", f"{JOBS}/nightly")
    assert after["spec"] == job["spec"]


def test_arguments_can_be_cleared(v1: KnativeApi, pushed_image: str) -> None:
    """With `clearArgs` none are left; with arguments beside it the request contradicts itself."""
    body = knative_job(pushed_image)
    body["spec"]["template"]["spec"]["template"]["spec"]["containers"][0]["args"] = ["usual"]
    v1.ok("POST", JOBS, body)
    v1.ok("GET", f"{JOBS}/nightly")

    def asked(**container: object) -> dict[str, Any]:
        return {"overrides": {"containerOverrides": [{"clearArgs": True, **container}]}}

    made = v1.ok("POST", f"{JOBS}/nightly:run", asked())
    assert "args" not in made["spec"]["template"]["spec"]["containers"][0]
    error = v1.error("POST", f"{JOBS}/nightly:run", asked(args=["more"]))
    assert error["status"] == "INVALID_ARGUMENT"
    assert "must be empty if clear_args is set to true" in error["message"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"overrides": {"taskCount": -1}}, "overrides.taskCount: must be between 0 and 10000"),
        ({"overrides": {"taskCount": "many"}}, "TYPE_INT32"),
        ({"overrides": {"timeoutSeconds": 604801}}, "at most seven days"),
        ({"overrides": {"timeoutSeconds": -1}}, "more than zero"),
        ({"overrides": {"colour": "red"}}, 'Unknown name "colour"'),
        (
            {"overrides": {"containerOverrides": [{"name": "ghost"}]}},
            "overrides.containerOverrides[0].name: 'ghost' is not the name of a container.",
        ),
        (
            {"overrides": {"containerOverrides": [{"env": [{"name": "CLOUD_RUN_JOB"}]}]}},
            "CLOUD_RUN_JOB",
        ),
        ({"parallelism": 2}, 'Unknown name "parallelism"'),
        ([], "RunJobRequest"),
    ],
)
@pytest.mark.usefixtures("job")
def test_overrides_that_cannot_be_are_refused(v1: KnativeApi, body: object, words: str) -> None:
    """400 with the field in the words, and nothing is executed."""
    error = v1.error("POST", f"{JOBS}/nightly:run", body)

    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert words in error["message"]
    assert "items" not in v1.ok("GET", EXECUTIONS)


def test_a_job_is_executed_only_where_it_is_and_when_it_is_ready(
    v1: KnativeApi, pushed_image: str
) -> None:
    """404 for none, 400 for one whose image is missing; asking by GET executes nothing."""
    missing = v1.error("POST", f"{JOBS}/ghost:run", {})
    assert missing["code"] == 404
    assert "Resource 'ghost' of kind 'JOB'" in missing["message"]
    v1.ok("POST", JOBS, knative_job(pushed_image.partition("@")[0] + ":never", "lost"))
    v1.ok("GET", f"{JOBS}/lost")
    unready = v1.error("POST", f"{JOBS}/lost:run", {})
    assert (unready["status"], unready["message"]) == (
        "FAILED_PRECONDITION",
        "Job 'lost' is not ready and cannot be run.",
    )
    assert v1.error("GET", f"{JOBS}/lost:run")["code"] == 404
    assert "items" not in v1.ok("GET", EXECUTIONS)


@pytest.mark.parametrize("kind", ["executions", "tasks"])
def test_what_is_not_there_is_not_found(v1: KnativeApi, kind: str) -> None:
    """Getting one of a name that nothing has is 404 in Google's words."""
    error = v1.error("GET", f"{NAMESPACE}/{kind}/nightly-abcde")

    assert error["code"] == 404
    assert f"'nightly-abcde' of kind '{kind.removesuffix('s').upper()}'" in error["message"]


def test_an_execution_is_cancelled(
    v1: KnativeApi, grpc_clients: "Clients", held: dict[str, Any]
) -> None:
    """Its reason is Cancelled in both forms; a task that had not begun is abandoned."""
    name = held["metadata"]["name"]
    v1.ok("POST", f"{EXECUTIONS}/{name}:cancel", {})

    ended = finished(v1, name)

    completed = ended["status"]["conditions"][0]
    assert (completed["status"], completed["reason"]) == ("False", "Cancelled")
    assert ended["status"]["cancelledCount"] == 1
    [task] = v1.ok("GET", TASKS, labelSelector=f"run.googleapis.com/execution={name}")["items"]
    assert task["metadata"]["labels"]["run.googleapis.com/runningState"] == "Abandoned"
    [in_v2] = grpc_clients.make(run_v2.TasksClient).list_tasks(
        parent=f"{NIGHTLY}/executions/{name}"
    )
    assert in_v2.conditions[0].execution_reason.name == "CANCELLED"
    again = v1.error("POST", f"{EXECUTIONS}/{name}:cancel", {})
    assert again["message"] == f"Execution '{name}' is already complete."


def test_an_execution_is_deleted_with_its_tasks(v1: KnativeApi, held: dict[str, Any]) -> None:
    """The answer is a Status; a dry run keeps everything."""
    name = held["metadata"]["name"]
    assert v1.ok("DELETE", f"{EXECUTIONS}/{name}", dryRun="all")["status"] == "Success"
    assert v1.ok("GET", f"{EXECUTIONS}/{name}")["metadata"]["uid"] == held["metadata"]["uid"]

    told = v1.ok("DELETE", f"{EXECUTIONS}/{name}")

    assert told["details"] == {
        "group": "v1",
        "kind": "execution",
        "name": name,
        "uid": held["metadata"]["uid"],
    }
    assert v1.error("GET", f"{EXECUTIONS}/{name}")["code"] == 404
    assert "items" not in v1.ok("GET", TASKS)


@pytest.mark.usefixtures("job")
def test_tasks_are_told_one_by_one_and_by_their_state(v1: KnativeApi) -> None:
    """Each has its index and state; labels choose among them, `limit` and `continue` page."""
    made = v1.ok("POST", f"{JOBS}/nightly:run", {"overrides": {"taskCount": 3}})
    name = made["metadata"]["name"]
    finished(v1, name)
    states = "run.googleapis.com/runningState in (Succeeded,Failed)"
    chosen = f"run.googleapis.com/execution = {name},{states}"

    first = v1.ok("GET", TASKS, labelSelector=chosen, limit="2")
    rest = v1.ok(
        "GET", TASKS, labelSelector=chosen, limit="2", **{"continue": first["metadata"]["continue"]}
    )

    listed = [*first["items"], *rest["items"]]
    assert sorted(one["status"]["index"] for one in listed) == [0, 1, 2]
    for one in listed:
        assert one["metadata"]["labels"]["run.googleapis.com/runningState"] == "Succeeded"
        assert statuses(one) == {"Completed": "True", "Started": "True"}
        assert one["status"]["lastAttemptResult"] == {"status": {}}
        assert v1.ok("GET", f"{TASKS}/{one['metadata']['name']}") == one
    pending = "run.googleapis.com/runningState = Pending"
    assert "items" not in v1.ok("GET", TASKS, labelSelector=pending)


def test_each_method_needs_its_permission(
    emulator: "RunningEmulator", held: dict[str, Any]
) -> None:
    """A stranger is refused by the name of what is missing, of a name in the Knative form."""
    name = held["metadata"]["name"]
    stranger = KnativeApi(emulator, ANN)
    asked = (
        ("GET", EXECUTIONS, "run.executions.list", "executions"),
        ("GET", f"{EXECUTIONS}/{name}", "run.executions.get", f"executions/{name}"),
        ("POST", f"{EXECUTIONS}/{name}:cancel", "run.executions.cancel", f"executions/{name}"),
        ("DELETE", f"{EXECUTIONS}/{name}", "run.executions.delete", f"executions/{name}"),
        ("GET", TASKS, "run.tasks.list", "tasks"),
        ("GET", f"{TASKS}/{name}-task0", "run.tasks.get", f"tasks/{name}-task0"),
        ("POST", f"{JOBS}/nightly:run", "run.jobs.run", "jobs/nightly"),
        ("GET", f"{EXECUTIONS}/ghost", "run.executions.get", "executions/ghost"),
    )
    for method, path, permission, resource in asked:
        error = stranger.error(method, path)
        assert error["code"] == 403
        assert error["message"] == (
            f"Permission '{permission}' denied on resource 'namespaces/demo-project/{resource}' "
            "(or resource may not exist)."
        )


def test_a_job_s_own_policy_says_who_executes_and_who_cancels(
    emulator: "RunningEmulator", held: dict[str, Any]
) -> None:
    """An executor of the job may run and cancel; overrides take the role that has them."""
    name = held["metadata"]["name"]
    ann = KnativeApi(emulator, ANN)
    overrides = {"overrides": {"taskCount": 2}}
    emulator.admin("POST", "/grants", resource=NIGHTLY, member=ANN, role="roles/run.jobsExecutor")
    ann.ok("POST", f"{JOBS}/nightly:run", {})
    refused = ann.error("POST", f"{JOBS}/nightly:run", overrides)
    assert "'run.jobs.runWithOverrides' denied on resource" in refused["message"]
    ann.ok("POST", f"{EXECUTIONS}/{name}:cancel", {})
    with_overrides = "roles/run.jobsExecutorWithOverrides"
    emulator.admin("POST", "/grants", resource=NIGHTLY, member=ANN, role=with_overrides)

    made = ann.ok("POST", f"{JOBS}/nightly:run", overrides)

    assert made["spec"]["taskCount"] == 2
    assert made["metadata"]["annotations"]["run.googleapis.com/creator"] == "ann@example.com"


def test_an_execution_of_v2_is_shown_by_v1(
    v1: KnativeApi, grpc_clients: "Clients", pushed_image: str
) -> None:
    """One of a job that v1 has no notes of has its labels all the same, and images by digest."""
    container = run_v2.Container(image=pushed_image.partition("@")[0] + ":v1")
    task = run_v2.TaskTemplate(containers=[container])
    jobs = grpc_clients.make(run_v2.JobsClient)
    wanted = run_v2.Job(template=run_v2.ExecutionTemplate(template=task, task_count=2))
    parent = NIGHTLY.rpartition("/jobs/")[0]
    jobs.create_job(parent=parent, job_id="weekly", job=wanted).result(timeout=30)
    execution = jobs.run_job(name=f"{parent}/jobs/weekly").result(timeout=30)

    shown = v1.ok("GET", f"{EXECUTIONS}/{execution.name.rpartition('/')[2]}")

    assert shown["metadata"]["labels"]["run.googleapis.com/job"] == "weekly"
    assert "run.googleapis.com/client-name" not in shown["metadata"]["annotations"]
    [shown_container] = shown["spec"]["template"]["spec"]["containers"]
    assert shown_container["image"] == pushed_image == execution.template.containers[0].image
    assert shown["status"]["succeededCount"] == 2


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ('request.time < timestamp("2999-01-01T00:00:00Z")', 200),
        ('request.time < timestamp("2001-01-01T00:00:00Z")', 403),
        ('request.path.startsWith("/")', 403),
        ('resource.name.endsWith("nightly")', 403),
    ],
)
@pytest.mark.usefixtures("job")
def test_a_job_inherits_conditions_that_can_be_told_of_it(
    grpc_clients: "Clients", emulator: "RunningEmulator", expression: str, code: int
) -> None:
    """Its own policy takes none; one above it may end, but no path or name of it ever grants."""
    projects, resource = grpc_clients.projects, "projects/demo-project"
    asked = {"resource": resource, "options": {"requested_policy_version": 3}}
    policy = projects.get_iam_policy(request=asked)
    policy.version = 3
    condition = expr_pb2.Expr(title="some", expression=expression)
    policy.bindings.append(
        policy_pb2.Binding(role="roles/run.invoker", members=[ANN], condition=condition)
    )
    projects.set_iam_policy(request={"resource": resource, "policy": policy})

    answer = KnativeApi(emulator, ANN).call("POST", f"{JOBS}/nightly:run", {})

    assert answer.status_code == code
