"""Jobs in the Knative form: the same jobs as those of v2."""

from typing import TYPE_CHECKING, Any

import pytest
from google.cloud import run_v2

from tests.emulator.run.conftest import REGION

if TYPE_CHECKING:
    from tests.conftest import Clients, RunningEmulator
    from tests.emulator.run.conftest import KnativeApi

JOBS = "/apis/run.googleapis.com/v1/namespaces/demo-project/jobs"
PARENT = f"projects/demo-project/locations/{REGION}"


def knative_job(image: str, name: str = "nightly", **task: object) -> dict[str, Any]:
    """A job of one container, as gcloud sends it."""
    spec = {"template": {"spec": {"containers": [{"image": image}], **task}}}
    about = {"annotations": {"run.googleapis.com/client-name": "gcloud"}}
    return {
        "apiVersion": "run.googleapis.com/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": "demo-project"},
        "spec": {"template": {"metadata": about, "spec": spec}},
    }


def test_a_job_of_v1_is_a_job_of_v2(
    v1: "KnativeApi", grpc_clients: "Clients", pushed_image: str
) -> None:
    """Retries, time-out and environment are the fields of v2; client annotations come back."""
    body = knative_job(pushed_image, maxRetries=1, timeoutSeconds="90")
    v1.ok("POST", JOBS, body)

    jobs = grpc_clients.make(run_v2.JobsClient)
    task = jobs.get_job(name=f"{PARENT}/jobs/nightly").template.template
    shown = v1.ok("GET", f"{JOBS}/nightly")

    assert (task.max_retries, task.timeout.total_seconds()) == (1, 90)
    assert shown["spec"]["template"]["metadata"]["annotations"] == {
        "run.googleapis.com/client-name": "gcloud",
        "run.googleapis.com/execution-environment": "gen2",
    }
    assert shown["spec"]["template"]["spec"]["template"]["spec"]["timeoutSeconds"] == "90"


def test_a_job_of_v2_is_shown_by_v1(
    v1: "KnativeApi", grpc_clients: "Clients", pushed_image: str
) -> None:
    """What v1 has no notes of is left out; the job is listed and read."""
    container = run_v2.Container(image=pushed_image)
    task = run_v2.TaskTemplate(containers=[container])
    job = run_v2.Job(template=run_v2.ExecutionTemplate(template=task))
    jobs = grpc_clients.make(run_v2.JobsClient)
    jobs.create_job(parent=PARENT, job=job, job_id="weekly").result(timeout=30)

    (listed,) = v1.ok("GET", JOBS)["items"]

    assert listed == v1.ok("GET", f"{JOBS}/weekly")
    assert listed["status"]["conditions"][0]["status"] == "True"
    assert "run.googleapis.com/operation-id" not in listed["metadata"]["annotations"]


def test_a_round_trip_by_v1_takes_nothing_from_a_job(
    v1: "KnativeApi", grpc_clients: "Clients", pushed_image: str
) -> None:
    """What closes a job in v2 is an annotation of v1, on the kind it belongs to."""
    task = run_v2.TaskTemplate(
        containers=[run_v2.Container(image=pushed_image)],
        vpc_access=run_v2.VpcAccess(
            connector=f"{PARENT}/connectors/c", egress=run_v2.VpcAccess.VpcEgress.ALL_TRAFFIC
        ),
        encryption_key="projects/p/locations/l/keyRings/r/cryptoKeys/k",
        volumes=[
            run_v2.Volume(
                name="cloudsql",
                cloud_sql_instance=run_v2.CloudSqlInstance(instances=["demo-project:r:db"]),
            )
        ],
    )
    limits = {"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"}
    task.containers[0].resources = run_v2.ResourceRequirements(limits=limits)
    task.node_selector = run_v2.NodeSelector(accelerator="nvidia-l4")
    task.gpu_zonal_redundancy_disabled = True
    task.containers[0].volume_mounts = [run_v2.VolumeMount(name="cloudsql", mount_path="/cloudsql")]
    job = run_v2.Job(
        template=run_v2.ExecutionTemplate(template=task),
        binary_authorization=run_v2.BinaryAuthorization(use_default=True),
    )
    jobs = grpc_clients.make(run_v2.JobsClient)
    before = jobs.create_job(parent=PARENT, job=job, job_id="nightly").result(timeout=30)
    shown = v1.ok("GET", f"{JOBS}/nightly")
    shown["spec"]["template"]["spec"]["taskCount"] = 2
    v1.ok("PUT", f"{JOBS}/nightly", shown)

    after = jobs.get_job(name=before.name)
    assert after.template.task_count == 2
    assert after.template.template == before.template.template
    assert after.binary_authorization == before.binary_authorization


def test_a_job_that_changed_meanwhile_is_not_overwritten(
    v1: "KnativeApi", pushed_image: str
) -> None:
    """409 for a resourceVersion of before, and the other change stays."""
    v1.ok("POST", JOBS, knative_job(pushed_image))
    old = v1.ok("GET", f"{JOBS}/nightly")
    body = knative_job(pushed_image, maxRetries=1)
    v1.ok("PUT", f"{JOBS}/nightly", body)

    error = v1.error("PUT", f"{JOBS}/nightly", old)

    assert (error["code"], error["status"]) == (409, "ABORTED")
    task = v1.ok("GET", f"{JOBS}/nightly")["spec"]["template"]["spec"]["template"]["spec"]
    assert task["maxRetries"] == 1


def test_notes_of_a_deleted_job_are_not_those_of_its_namesake(
    v1: "KnativeApi", grpc_clients: "Clients", pushed_image: str
) -> None:
    """A new job of the name of a deleted one shows nothing of it."""
    jobs = grpc_clients.make(run_v2.JobsClient)
    v1.ok("POST", JOBS, knative_job(pushed_image))
    jobs.delete_job(name=f"{PARENT}/jobs/nightly").result(timeout=30)
    container = run_v2.Container(image=pushed_image)
    task = run_v2.TaskTemplate(containers=[container])
    job = run_v2.Job(template=run_v2.ExecutionTemplate(template=task))
    jobs.create_job(parent=PARENT, job=job, job_id="nightly").result(timeout=30)

    shown = v1.ok("GET", f"{JOBS}/nightly")

    assert "run.googleapis.com/client-name" not in str(shown)


def test_a_dry_run_writes_nothing(v1: "KnativeApi", pushed_image: str) -> None:
    """The job that would be made is shown, and is not there."""
    shown = v1.ok("POST", JOBS, knative_job(pushed_image), dryRun="all")

    assert shown["metadata"]["name"] == "nightly"
    assert v1.error("GET", f"{JOBS}/nightly")["status"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("kind", "Service", "kind: must be 'Job'."),
        ("metadata.namespace", "elsewhere", "Namespace 'elsewhere'"),
        ("metadata.name", "", "metadata.name"),
        ("spec.colour", "red", 'Unknown name "colour"'),
        ("spec.template.spec.taskCount", "many", "TYPE_INT32"),
        ("spec.template.spec.template.spec.maxRetries", 11, "max_retries"),
        (
            "spec.template.metadata.annotations.run=googleapis=com/execution-environment",
            "gen3",
            "Invalid value 'gen3'.",
        ),
        ("metadata.annotations", {"run.googleapis.com/launch-stage": "SOON"}, "'SOON'"),
        (
            "metadata.annotations",
            {"run.googleapis.com/vpc-access-egress": "all"},
            "is not supported on resources of kind 'Job'. Supported kinds are: Revision, Execution",
        ),
    ],
)
def test_what_a_job_may_not_be_is_refused(
    v1: "KnativeApi", pushed_image: str, path: str, value: object, words: str
) -> None:
    """400 with the field in the words, and no job."""
    body = knative_job(pushed_image)
    *way, last = [key.replace("=", ".") for key in path.split(".")]
    place: Any = body
    for key in way:
        place = place[key]
    place[last] = value

    error = v1.error("POST", JOBS, body)

    assert error["code"] == 400
    assert words in error["message"]
    assert "items" not in v1.ok("GET", JOBS)


def test_a_name_that_is_taken_and_one_that_is_not_there(
    v1: "KnativeApi", pushed_image: str
) -> None:
    """409 for a second job of a name; 404 in the recorded words for none."""
    body = knative_job(pushed_image)
    v1.ok("POST", JOBS, body)

    assert v1.error("POST", JOBS, body)["code"] == 409
    assert v1.error("PUT", f"{JOBS}/none", knative_job(pushed_image, "none"))["message"] == (
        f"Resource 'none' of kind 'JOB' in region '{REGION}' in project 'demo-project' "
        "does not exist."
    )


def test_jobs_need_their_permissions(
    v1: "KnativeApi", emulator: "RunningEmulator", pushed_image: str
) -> None:
    """Each method checks its own, and names the job as v1 does."""
    v1.ok("POST", JOBS, knative_job(pushed_image))
    stranger = type(v1)(emulator, "user:ann@example.com")
    body = knative_job(pushed_image)

    for method, path, permission in (
        ("GET", "/nightly", "run.jobs.get"),
        ("PUT", "/nightly", "run.jobs.update"),
        ("DELETE", "/nightly", "run.jobs.delete"),
        ("POST", "", "run.jobs.create"),
    ):
        error = stranger.error(method, f"{JOBS}{path}", body)
        assert error["code"] == 403
        assert (
            f"'{permission}' denied on resource 'namespaces/demo-project/jobs" in error["message"]
        )


@pytest.mark.parametrize(
    ("binding", "words"),
    [
        (
            {"members": ["allUsers"]},
            "Member allUsers is invalid due to membership type restrictions on the resource",
        ),
        (
            {"members": ["user:ann@example.com", "allAuthenticatedUsers"]},
            "Member allAuthenticatedUsers is invalid due to membership type restrictions",
        ),
        (
            {
                "members": ["user:ann@example.com"],
                "condition": {
                    "title": "for a day",
                    "expression": 'request.time < timestamp("2040-01-01T00:00:00Z")',
                },
            },
            "Conditions are not supported on this resource",
        ),
    ],
)
def test_a_job_s_policy_has_neither_public_members_nor_conditions(
    v1: "KnativeApi", pushed_image: str, binding: dict[str, Any], words: str
) -> None:
    """400, and the policy stays what it was."""
    v1.ok("POST", JOBS, knative_job(pushed_image))
    v1.ok("GET", f"{JOBS}/nightly")
    path = f"/v1/{PARENT}/jobs/nightly"
    policy = {"version": 3, "bindings": [{"role": "roles/run.invoker", **binding}]}

    error = v1.error("POST", f"{path}:setIamPolicy", {"policy": policy})

    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert words in error["message"]
    assert v1.ok("GET", f"{path}:getIamPolicy") == {"etag": "ACAB"}
