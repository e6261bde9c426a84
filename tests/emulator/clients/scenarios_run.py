"""Cloud Run and Artifact Registry with Google's clients."""

from typing import Any

from google.cloud import artifactregistry_v1 as artifacts
from google.cloud import run_v2
from google.cloud.location import locations_pb2
from google.longrunning import operations_pb2

from tests.conftest import ImagePusher, make_repository
from tests.emulator.clients.scenario import Scenario, Stage
from tests.emulator.clients.scenarios_resources import round_trip

_LOCATION = "asia-east1"
_POLICIES = ("GetIamPolicy", "SetIamPolicy", "TestIamPermissions")


def _image(stage: Stage, tag: str = "v1") -> str:
    if tag == "v1":
        make_repository(stage.clients, stage.emulator.project)
    name = f"{_LOCATION}/{stage.emulator.project}/services/hello"
    return ImagePusher(stage.emulator).push(name, tag)


def _parent(stage: Stage) -> str:
    return f"{stage.project}/locations/{_LOCATION}"


def _new_service(stage: Stage) -> Any:  # noqa: ANN401 - Service
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=_image(stage))])
    return stage.clients.services.create_service(
        parent=_parent(stage), service=run_v2.Service(template=template), service_id="orders"
    )


def _services(stage: Stage) -> None:
    services = stage.clients.services
    made = _new_service(stage).result(timeout=30)
    assert services.get_service(name=made.name).uid == made.uid
    assert [one.name for one in services.list_services(parent=_parent(stage))] == [made.name]
    made.labels["team"] = "orders"
    changed = services.update_service(service=made).result(timeout=30)
    assert dict(changed.labels) == {"team": "orders"}
    round_trip(services, made.name, "roles/run.invoker", "run.services.get")
    assert services.delete_service(name=made.name).result(timeout=30).delete_time is not None


def _revisions(stage: Stage) -> None:
    service = _new_service(stage).result(timeout=30)
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=_image(stage, "v2"))])
    second = run_v2.Service(name=service.name, template=template)
    stage.clients.services.update_service(service=second).result(timeout=30)
    revisions = stage.clients.revisions
    listed = list(revisions.list_revisions(parent=service.name))
    assert len(listed) == 2
    oldest = listed[-1].name
    assert revisions.get_revision(name=oldest).service == service.name.rpartition("/")[2]
    revisions.delete_revision(name=oldest).result(timeout=30)
    assert [one.name for one in revisions.list_revisions(parent=service.name)] == [listed[0].name]


def _operations(stage: Stage) -> None:
    operation, services = _new_service(stage), stage.clients.services
    name = operation.operation.name
    assert services.get_operation(operations_pb2.GetOperationRequest(name=name)).name == name
    wait = operations_pb2.WaitOperationRequest(name=name, timeout={"seconds": 30})
    waited = services.wait_operation(wait)
    if isinstance(waited, bytes):  # the client's gRPC transport does not decode this one
        waited = operations_pb2.Operation.FromString(waited)
    assert waited.done
    lists = operations_pb2.ListOperationsRequest(name=_parent(stage))
    assert name in [one.name for one in services.list_operations(lists).operations]
    services.delete_operation(operations_pb2.DeleteOperationRequest(name=name))
    lists = operations_pb2.ListOperationsRequest(name=_parent(stage))
    assert name not in [one.name for one in services.list_operations(lists).operations]


def _job(stage: Stage) -> Any:  # noqa: ANN401 - Job
    task = run_v2.TaskTemplate(containers=[run_v2.Container(image=_image(stage))])
    job = run_v2.Job(template=run_v2.ExecutionTemplate(template=task))
    jobs = stage.clients.make(run_v2.JobsClient)
    made = jobs.create_job(parent=_parent(stage), job=job, job_id="nightly")
    return made.result(timeout=30)


def _jobs(stage: Stage) -> None:
    made, jobs = _job(stage), stage.clients.make(run_v2.JobsClient)
    assert jobs.get_job(name=made.name).uid == made.uid
    assert [one.name for one in jobs.list_jobs(parent=_parent(stage))] == [made.name]
    made.labels["team"] = "orders"
    assert dict(jobs.update_job(job=made).result(timeout=30).labels) == {"team": "orders"}
    round_trip(jobs, made.name, "roles/run.invoker", "run.jobs.get")
    execution = jobs.run_job(name=made.name).result(timeout=60)
    assert execution.name.startswith(f"{made.name}/executions/")
    jobs.delete_job(name=made.name).result(timeout=30)
    assert list(jobs.list_jobs(parent=_parent(stage))) == []


def _executions(stage: Stage) -> None:
    job = _job(stage)
    jobs = stage.clients.make(run_v2.JobsClient)
    executions = stage.clients.make(run_v2.ExecutionsClient)
    done = jobs.run_job(name=job.name).result(timeout=60)
    listed = list(executions.list_executions(parent=job.name))
    assert [one.name for one in listed] == [done.name]
    assert executions.get_execution(name=done.name).job == job.name.rpartition("/")[2]
    executions.delete_execution(name=done.name).result(timeout=30)
    assert list(executions.list_executions(parent=job.name)) == []
    # The next one takes its time, so that there is something to cancel.
    stage.emulator.admin("POST", "/settings", operationDelay=5)
    running = jobs.run_job(name=job.name).metadata.name
    stage.emulator.admin("POST", "/settings", operationDelay=0.05)
    assert executions.cancel_execution(name=running).result(timeout=60).cancelled_count == 1


def _tasks(stage: Stage) -> None:
    jobs, tasks = stage.clients.make(run_v2.JobsClient), stage.clients.make(run_v2.TasksClient)
    done = jobs.run_job(name=_job(stage).name).result(timeout=60)
    found = list(tasks.list_tasks(parent=done.name))
    assert tasks.get_task(name=found[0].name).execution == done.name.rpartition("/")[2]


def _repositories(stage: Stage) -> None:
    registry = stage.clients.repositories
    _image(stage)
    name = f"{_parent(stage)}/repositories/services"
    assert registry.get_repository(name=name).format_ == artifacts.Repository.Format.DOCKER
    assert [one.name for one in registry.list_repositories(parent=_parent(stage))] == [name]
    described = artifacts.Repository(name=name, description="what runs")
    mask = {"paths": ["description"]}
    assert registry.update_repository(repository=described, update_mask=mask).description
    round_trip(
        registry,
        name,
        "roles/artifactregistry.reader",
        "artifactregistry.repositories.get",
    )
    images = list(registry.list_docker_images(parent=name))
    assert registry.get_docker_image(name=images[0].name).tags == ["v1"]
    files = list(registry.list_files(parent=name))
    assert registry.get_file(name=files[0].name).size_bytes == files[0].size_bytes
    settings = f"{stage.project}/projectSettings"
    assert registry.get_project_settings(name=settings).name == settings
    wanted = artifacts.ProjectSettings(name=settings)
    registry.update_project_settings(project_settings=wanted)
    registry.delete_repository(name=name).result(timeout=30)
    assert list(registry.list_repositories(parent=_parent(stage))) == []


def _packages(stage: Stage) -> None:
    registry = stage.clients.repositories
    digests = [_image(stage, tag).partition("@")[2] for tag in ("v1", "v2", "v3")]
    repository = f"{_parent(stage)}/repositories/services"
    package = f"{repository}/packages/hello"
    assert [one.name for one in registry.list_packages(parent=repository)] == [package]
    assert registry.get_package(name=package).name == package
    assert len(list(registry.list_versions(parent=package))) == len(digests)
    first, second, _ = (f"{package}/versions/{digest}" for digest in digests)
    assert registry.get_version(name=first).name == first
    tag = artifacts.Tag(version=first)
    made = registry.create_tag(parent=package, tag=tag, tag_id="stable")
    assert registry.get_tag(name=made.name).version == first
    moved = artifacts.Tag(name=made.name, version=second)
    assert registry.update_tag(tag=moved, update_mask={"paths": ["version"]}).version == second
    for listed in list(registry.list_tags(parent=package)):
        registry.delete_tag(name=listed.name)
    registry.delete_version(name=first).result(timeout=30)
    registry.batch_delete_versions(request={"parent": package, "names": [second]}).result(
        timeout=30
    )
    assert len(list(registry.list_versions(parent=package))) == 1
    registry.delete_package(name=package).result(timeout=30)
    assert list(registry.list_packages(parent=repository)) == []


def _locations(stage: Stage) -> None:
    registry = stage.clients.repositories
    # On the emulator's own host this REST path is Cloud Run v1's; Google's hosts tell them apart.
    on_host = (("host", "artifactregistry.googleapis.com"),) if stage.transport == "rest" else ()
    asked = locations_pb2.ListLocationsRequest(name=stage.project)
    listed = registry.list_locations(request=asked, metadata=on_host).locations
    assert _LOCATION in [one.location_id for one in listed]
    wanted = locations_pb2.GetLocationRequest(name=_parent(stage))
    assert registry.get_location(request=wanted, metadata=on_host).location_id == _LOCATION


RUN = (
    Scenario(
        "run-services",
        _services,
        "google.cloud.run.v2.Services",
        (
            *(f"{verb}Service" for verb in ("Create", "Get", "Update", "Delete")),
            "ListServices",
            *_POLICIES,
        ),
    ),
    Scenario(
        "run-revisions",
        _revisions,
        "google.cloud.run.v2.Revisions",
        ("GetRevision", "ListRevisions", "DeleteRevision"),
    ),
    Scenario(
        "run-jobs",
        _jobs,
        "google.cloud.run.v2.Jobs",
        (
            *(f"{verb}Job" for verb in ("Create", "Get", "Update", "Delete", "Run")),
            "ListJobs",
            *_POLICIES,
        ),
    ),
    Scenario(
        "run-executions",
        _executions,
        "google.cloud.run.v2.Executions",
        ("GetExecution", "ListExecutions", "DeleteExecution", "CancelExecution"),
    ),
    Scenario("run-tasks", _tasks, "google.cloud.run.v2.Tasks", ("GetTask", "ListTasks")),
    Scenario(
        "operations",
        _operations,
        "google.longrunning.Operations",
        ("GetOperation", "ListOperations", "WaitOperation", "DeleteOperation"),
    ),
    Scenario(
        "artifact-repositories",
        _repositories,
        "google.devtools.artifactregistry.v1.ArtifactRegistry",
        (
            *(f"{verb}Repository" for verb in ("Create", "Get", "Update", "Delete")),
            *("ListRepositories", "ListDockerImages", "GetDockerImage", "ListFiles", "GetFile"),
            *("GetProjectSettings", "UpdateProjectSettings"),
            *_POLICIES,
        ),
    ),
    Scenario(
        "artifact-packages",
        _packages,
        "google.devtools.artifactregistry.v1.ArtifactRegistry",
        (
            *("ListPackages", "GetPackage", "DeletePackage"),
            *("ListVersions", "GetVersion", "DeleteVersion", "BatchDeleteVersions"),
            *("ListTags", "GetTag", "CreateTag", "UpdateTag", "DeleteTag"),
        ),
    ),
    Scenario(
        "locations",
        _locations,
        "google.cloud.location.Locations",
        ("ListLocations", "GetLocation"),
    ),
)
"""Scenarios of Cloud Run and Artifact Registry, and of what is mixed into their clients."""
