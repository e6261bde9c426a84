"""Cloud Run jobs: their life, their policy, what is refused, and their executions."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from google.api_core import exceptions
from google.cloud import run_v2

from tests.conftest import (
    DEVELOPER,
    Clients,
    ImagePusher,
    RunningEmulator,
    StartEmulator,
    make_repository,
)

PARENT = "projects/demo-project/locations/asia-east1"
NIGHTLY = f"{PARENT}/jobs/nightly"


def job_of(image: str, *, tasks: int = 0, **fields: object) -> run_v2.Job:
    """A job with one container."""
    task = run_v2.TaskTemplate(containers=[run_v2.Container(image=image)], **fields)
    return run_v2.Job(template=run_v2.ExecutionTemplate(template=task, task_count=tasks))


def jobs_of(clients: Clients) -> run_v2.JobsClient:
    """Google's client for jobs."""
    found: run_v2.JobsClient = clients.make(run_v2.JobsClient)
    return found


def create(clients: Clients, job: run_v2.Job) -> run_v2.Job:
    """Make the job `nightly`."""
    made = jobs_of(clients).create_job(parent=PARENT, job_id="nightly", job=job)
    found: run_v2.Job = made.result(timeout=30)
    return found


def test_a_new_job_is_pending_and_then_ready_with_its_defaults(
    clients: Clients, pushed_image: str
) -> None:
    """The first condition has neither type nor time; the operation ends with a ready job."""
    operation = jobs_of(clients).create_job(
        parent=PARENT, job_id="nightly", job=job_of(pushed_image)
    )
    first = operation.metadata
    assert first.reconciling
    assert first.generation == 1
    assert first.observed_generation == 0
    assert first.terminal_condition == run_v2.Condition(state="CONDITION_PENDING")
    done = operation.result(timeout=30)
    assert (done.observed_generation, done.reconciling) == (1, False)
    assert done.terminal_condition.type_ == "Ready"
    assert done.terminal_condition.state.name == "CONDITION_SUCCEEDED"
    assert "latest_created_execution" in done
    task = done.template.template
    assert done.template.task_count == 1
    assert (task.max_retries, task.timeout.seconds) == (3, 600)
    assert task.execution_environment.name == "EXECUTION_ENVIRONMENT_GEN2"
    assert task.service_account.endswith("-compute@developer.gserviceaccount.com")
    assert dict(task.containers[0].resources.limits) == {"cpu": "1000m", "memory": "512Mi"}
    assert not task.containers[0].ports
    assert jobs_of(clients).get_job(name=NIGHTLY) == done


def test_no_retries_stay_none(grpc_clients: Clients, pushed_image: str) -> None:
    """An explicit zero is no gap to fill."""
    assert (
        create(grpc_clients, job_of(pushed_image, max_retries=0)).template.template.max_retries == 0
    )


def test_a_job_is_replaced_and_deleted(clients: Clients, pushed_image: str) -> None:
    """An update keeps the condition's time while pending; a deletion leaves nothing behind."""
    first = create(clients, job_of(pushed_image))
    wanted = job_of(pushed_image, max_retries=1)
    wanted.name, wanted.labels = NIGHTLY, {"team": "shop"}
    operation = jobs_of(clients).update_job(job=wanted)
    pending = operation.metadata
    assert (pending.generation, pending.observed_generation) == (2, 1)
    assert pending.terminal_condition.type_ == "Ready"
    was = first.terminal_condition.last_transition_time
    assert pending.terminal_condition.last_transition_time == was
    assert operation.result(timeout=30).labels == {"team": "shop"}
    done = jobs_of(clients).delete_job(name=NIGHTLY).result(timeout=30)
    assert (done.expire_time - done.delete_time).days == 30
    assert (done.generation, done.observed_generation) == (3, 3)
    with pytest.raises(exceptions.NotFound, match="'nightly' of kind 'JOB' in region 'asia-east1'"):
        jobs_of(clients).get_job(name=NIGHTLY)


def test_an_image_that_is_not_there_fails_the_job(grpc_clients: Clients, pushed_image: str) -> None:
    """The job is kept, and says what it misses."""
    missing = pushed_image.partition("@")[0] + ":never"
    operation = jobs_of(grpc_clients).create_job(
        parent=PARENT, job_id="nightly", job=job_of(missing)
    )
    with pytest.raises(exceptions.GoogleAPICallError, match=f"Image '{missing}' not found"):
        operation.result(timeout=30)
    job = jobs_of(grpc_clients).get_job(name=NIGHTLY)
    assert job.terminal_condition.reason.name == "CONTAINER_MISSING"
    with pytest.raises(exceptions.FailedPrecondition):
        jobs_of(grpc_clients).run_job(name=NIGHTLY)


def test_nobody_in_public_may_run_a_job(clients: Clients, pushed_image: str) -> None:
    """Public members are refused in Google's words, and conditions are not supported."""
    create(clients, job_of(pushed_image))
    jobs = jobs_of(clients)

    def write(**binding: object) -> None:
        policy = {"version": 3, "bindings": [{"role": "roles/run.invoker", **binding}]}
        jobs.set_iam_policy(request={"resource": NIGHTLY, "policy": policy})

    for member in ("allUsers", "allAuthenticatedUsers"):
        words = f"Member {member} is invalid due to membership type restrictions on the resource"
        with pytest.raises(exceptions.BadRequest, match=words):
            write(members=[member])
    limited = {"title": "x", "expression": 'request.time < timestamp("2040-01-01T00:00:00Z")'}
    with pytest.raises(exceptions.BadRequest):
        write(members=["user:ann@example.com"], condition=limited)
    write(members=["user:ann@example.com"])
    assert jobs.get_iam_policy(request={"resource": NIGHTLY}).bindings[0].members


def test_an_execution_whose_image_is_gone_fails_without_another_attempt(
    grpc_clients: Clients, pushed_image: str
) -> None:
    """Its conditions say what is missing; no container ran, and so none ended."""
    create(grpc_clients, job_of(pushed_image, tasks=2))
    package = f"{PARENT}/repositories/services/packages/hello"
    grpc_clients.repositories.delete_package(name=package).result(timeout=30)

    operation = jobs_of(grpc_clients).run_job(name=NIGHTLY)
    with pytest.raises(exceptions.GoogleAPICallError, match=f"Image '{pushed_image}' not found"):
        operation.result(timeout=30)

    executions = grpc_clients.make(run_v2.ExecutionsClient)
    execution = executions.get_execution(name=operation.metadata.name)
    states = {one.type_: (one.state.name, one.reason.name) for one in execution.conditions}
    assert states["Completed"] == ("CONDITION_FAILED", "CONTAINER_MISSING")
    assert states["ContainerReady"] == states["Started"] == states["Completed"]
    assert (execution.failed_count, execution.retried_count) == (2, 0)
    [first, _] = grpc_clients.make(run_v2.TasksClient).list_tasks(parent=execution.name)
    attempt = first.last_attempt_result
    assert (attempt.exit_code, attempt.status.code, first.retried) == (0, 9, 0)
    job = jobs_of(grpc_clients).get_job(name=NIGHTLY)
    assert job.latest_created_execution.completion_status.name == "EXECUTION_FAILED"


Change = Callable[[run_v2.Job], None]


def _task(**fields: object) -> Change:
    def change(job: run_v2.Job) -> None:
        for name, value in fields.items():
            setattr(job.template.template, name, value)

    return change


def _container(**fields: object) -> Change:
    def change(job: run_v2.Job) -> None:
        for name, value in fields.items():
            setattr(job.template.template.containers[0], name, value)

    return change


def _template(**fields: object) -> Change:
    def change(job: run_v2.Job) -> None:
        for name, value in fields.items():
            setattr(job.template, name, value)

    return change


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (_task(containers=[]), "Violation in CreateJobRequest.job.template.template.containers"),
        (_task(max_retries=11), "Violation in CreateJobRequest.job.template.template.max_retries"),
        (_task(timeout="604801s"), "Violation in CreateJobRequest.job.template.template.timeout"),
        (_template(task_count=-1), "Violation in CreateJobRequest.job.template.task_count"),
        (_template(parallelism=-1), "Violation in CreateJobRequest.job.template.parallelism"),
        (
            _container(env=[run_v2.EnvVar(name="CLOUD_RUN_JOB", value="x")]),
            "template.template.containers[0].env",
        ),
        (
            _container(resources=run_v2.ResourceRequirements(limits={"memory": "256Mi"})),
            "template.template.containers[0].resources.limits.memory",
        ),
        (
            _container(resources=run_v2.ResourceRequirements(limits={"cpu": "500m"})),
            "template.template.containers.resources.limits.cpu",
        ),
    ],
)
def test_what_a_job_cannot_have_is_refused(
    grpc_clients: Clients, pushed_image: str, change: Change, field: str
) -> None:
    """The violation names the field below the job."""
    job = job_of(pushed_image)
    change(job)
    with pytest.raises(exceptions.InvalidArgument) as refused:
        create(grpc_clients, job)
    assert refused.value.details[0].field_violations[0].field == field


def test_stale_etags_second_creations_and_strangers_are_refused(
    grpc_clients: Clients, clients_of: Callable[[str], Clients], pushed_image: str
) -> None:
    """Jobs are guarded as services are."""
    first = create(grpc_clients, job_of(pushed_image))
    jobs = jobs_of(grpc_clients)
    with pytest.raises(exceptions.AlreadyExists, match="Resource already exists"):
        jobs.create_job(parent=PARENT, job_id="nightly", job=job_of(pushed_image))
    jobs.update_job(job=run_v2.Job(name=NIGHTLY, template=first.template)).result(timeout=30)
    stale = run_v2.Job(name=NIGHTLY, template=first.template, etag=first.etag)
    with pytest.raises(exceptions.Aborted, match="Conflict for resource 'nightly'"):
        jobs.update_job(job=stale)
    stranger = jobs_of(clients_of("user:ann@example.com"))
    with pytest.raises(exceptions.PermissionDenied, match=r"run\.jobs\.run' denied on resource"):
        stranger.run_job(name=NIGHTLY)


def test_an_execution_runs_every_task_and_is_told_to_the_job(
    clients: Clients, pushed_image: str
) -> None:
    """RunJob's operation ends with the execution; its tasks can be listed and read."""
    create(clients, job_of(pushed_image, tasks=3))
    execution = jobs_of(clients).run_job(name=NIGHTLY).result(timeout=30)
    assert execution.name.startswith(f"{NIGHTLY}/executions/nightly-")
    assert (execution.task_count, execution.succeeded_count, execution.failed_count) == (3, 3, 0)
    assert execution.conditions[0].type_ == "Completed"
    assert execution.conditions[0].state.name == "CONDITION_SUCCEEDED"
    assert execution.start_time <= execution.completion_time
    job = jobs_of(clients).get_job(name=NIGHTLY)
    assert job.execution_count == 1
    assert job.latest_created_execution.completion_status.name == "EXECUTION_SUCCEEDED"
    tasks = clients.make(run_v2.TasksClient)
    listed = list(tasks.list_tasks(parent=execution.name))
    assert [one.index for one in listed] == [0, 1, 2]
    assert tasks.get_task(name=listed[2].name) == listed[2]
    executions = clients.make(run_v2.ExecutionsClient)
    assert executions.get_execution(name=execution.name) == execution
    assert [one.name for one in executions.list_executions(parent=NIGHTLY)] == [execution.name]
    executions.delete_execution(name=execution.name).result(timeout=30)
    with pytest.raises(exceptions.NotFound, match="of kind 'EXECUTION'"):
        executions.get_execution(name=execution.name)
    assert list(tasks.list_tasks(parent=execution.name)) == []


def test_overrides_need_their_own_permission_and_change_one_execution(
    grpc_clients: Clients, clients_of: Callable[[str], Clients], pushed_image: str
) -> None:
    """Arguments, variables and tasks of this execution differ; the job stays as it is."""
    create(grpc_clients, job_of(pushed_image))
    policy = {"bindings": [{"role": "roles/run.invoker", "members": ["user:ann@example.com"]}]}
    jobs_of(grpc_clients).set_iam_policy(request={"resource": NIGHTLY, "policy": policy})
    changed = run_v2.RunJobRequest.Overrides.ContainerOverride(
        args=["now"], env=[run_v2.EnvVar(name="MODE", value="full")]
    )
    request = run_v2.RunJobRequest(
        name=NIGHTLY,
        overrides=run_v2.RunJobRequest.Overrides(container_overrides=[changed], task_count=2),
    )
    invoker = jobs_of(clients_of("user:ann@example.com"))
    with pytest.raises(exceptions.PermissionDenied, match=r"run\.jobs\.runWithOverrides"):
        invoker.run_job(request=request)
    execution = jobs_of(grpc_clients).run_job(request=request).result(timeout=30)
    [container] = execution.template.containers
    assert (list(container.args), container.env[0].name) == (["now"], "MODE")
    assert execution.succeeded_count == 2
    job = jobs_of(grpc_clients).get_job(name=NIGHTLY)
    assert not job.template.template.containers[0].args
    request.overrides.container_overrides[0].name = "ghost"
    with pytest.raises(exceptions.InvalidArgument, match="'ghost' is not the name of a container"):
        jobs_of(grpc_clients).run_job(request=request)


def begun(clients: Clients, emulator: RunningEmulator, image: str) -> Any:  # noqa: ANN401 - an operation
    """The operation of an execution that does not end by itself."""
    create(clients, job_of(image))
    emulator.admin("POST", "/settings", operationDelay=600)
    running = jobs_of(clients).run_job(name=NIGHTLY)
    emulator.admin("POST", "/settings", operationDelay=0)
    return running


def test_an_execution_can_be_cancelled_before_it_ends(
    grpc_clients: Clients, emulator: RunningEmulator, pushed_image: str
) -> None:
    """A cancelled execution says so, and its own operation ends with that."""
    running = begun(grpc_clients, emulator, pushed_image)
    executions = grpc_clients.make(run_v2.ExecutionsClient)
    cancelled = executions.cancel_execution(name=running.metadata.name).result(timeout=30)
    assert cancelled.conditions[0].execution_reason.name == "CANCELLED"
    assert cancelled.cancelled_count == 1
    with pytest.raises(exceptions.Cancelled):
        running.result(timeout=30)
    with pytest.raises(exceptions.FailedPrecondition):
        executions.cancel_execution(name=running.metadata.name)


def test_a_deleted_job_takes_its_executions_along(
    grpc_clients: Clients, emulator: RunningEmulator, pushed_image: str
) -> None:
    """An execution that is still to run is stopped, and is gone with its job."""
    running = begun(grpc_clients, emulator, pushed_image)
    jobs_of(grpc_clients).delete_job(name=NIGHTLY).result(timeout=30)
    with pytest.raises(exceptions.Cancelled):
        running.result(timeout=30)
    executions = grpc_clients.make(run_v2.ExecutionsClient)
    with pytest.raises(exceptions.NotFound):
        executions.get_execution(name=running.metadata.name)


def test_what_was_cut_off_is_finished_after_a_restart(
    start_emulator: StartEmulator, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A job that was being made and an execution that was to run end after a kill."""
    folder = str(tmp_path_factory.mktemp("kept"))
    options = ("--engine", "none", "--data", folder)
    first = start_emulator(*options, "--operation-delay", "0.05")
    clients = Clients(first, "grpc", DEVELOPER)
    make_repository(clients, "demo-project")
    image = ImagePusher(first).push("asia-east1/demo-project/services/hello", "v1")
    create(clients, job_of(image))
    first.admin("POST", "/settings", operationDelay=600)
    running = jobs_of(clients).run_job(name=NIGHTLY)
    other = jobs_of(clients).create_job(parent=PARENT, job_id="other", job=job_of(image))
    unwanted = jobs_of(clients).run_job(name=NIGHTLY)
    first.admin("POST", "/faults", method="*/CancelExecution", kind="pending-operation")
    executions = clients.make(run_v2.ExecutionsClient)
    cancelling = executions.cancel_execution(name=unwanted.metadata.name)
    first.stop(9)
    second = start_emulator(*options, "--operation-delay", "0.05")
    for operation in (running, other, cancelling):
        waited = requests.post(
            f"{second.http}/v2/{operation.operation.name}:wait",
            headers={"Authorization": f"Bearer {second.token()}"},
            timeout=30,
        ).json()
        assert waited["done"]
        assert "error" not in waited
    clients = Clients(second, "grpc", DEVELOPER)
    executions = clients.make(run_v2.ExecutionsClient)
    done = executions.get_execution(name=running.metadata.name)
    assert (done.succeeded_count, done.cancelled_count) == (1, 0)
    found = jobs_of(clients).get_job(name=NIGHTLY).latest_created_execution
    assert found.completion_status.name == "EXECUTION_CANCELLED"


def test_jobs_are_listed_youngest_first_and_by_page(
    grpc_clients: Clients, pushed_image: str
) -> None:
    """Pages join without gaps."""
    jobs = jobs_of(grpc_clients)
    for name in ("a", "b", "c"):
        jobs.create_job(parent=PARENT, job_id=name, job=job_of(pushed_image)).result(timeout=30)
    pages = [[one.name[-1] for one in page.jobs] for page in _pages(jobs)]
    assert pages == [["c", "b"], ["a"]]
    with pytest.raises(exceptions.InvalidArgument):
        jobs.list_jobs(parent="projects/demo-project/locations/-")


def _pages(jobs: run_v2.JobsClient) -> list[run_v2.ListJobsResponse]:
    return list(jobs.list_jobs(request={"parent": PARENT, "page_size": 2}).pages)


def test_validation_alone_keeps_nothing(clients: Clients, pushed_image: str) -> None:
    """With validate_only the operation is done at once and there is no job."""
    request = run_v2.CreateJobRequest(
        parent=PARENT, job_id="nightly", job=job_of(pushed_image), validate_only=True
    )
    operation = jobs_of(clients).create_job(request=request)
    assert operation.operation.done
    assert operation.result(timeout=30).template.template.max_retries == 3
    assert list(jobs_of(clients).list_jobs(parent=PARENT)) == []
