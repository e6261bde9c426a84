"""The suite's clean-up finds what a killed run left, and nothing else."""

import pytest
from google.cloud import artifactregistry_v1, iam_admin_v1, resourcemanager_v3, run_v2
from google.iam.v1 import iam_policy_pb2
from google.pubsub_v1 import PublisherClient

from tests.conftest import DEVELOPER, Clients, RunningEmulator
from tests.e2e.cloud.clean import clean
from tests.e2e.cloud.target import Target


@pytest.fixture
def place(emulator: RunningEmulator) -> Target:
    """An emulator of its own, with two runs' leftovers and a neighbour's things."""
    return Target(
        kind="emulator",
        project=emulator.project,
        region="asia-east1",
        run="abc123",
        member=DEVELOPER,
        environ={},
        client=Clients(emulator, "grpc", DEVELOPER).make,
    )


def _leave(place: Target, *names: str) -> None:
    """A repository and an account of each name, the account bound in the project's policy."""
    repositories = place.client(artifactregistry_v1.ArtifactRegistryClient)
    accounts = place.client(iam_admin_v1.IAMClient)
    projects = place.client(resourcemanager_v3.ProjectsClient)
    resource = f"projects/{place.project}"
    for name in names:
        repositories.create_repository(
            parent=place.location, repository_id=name, repository={"format_": "DOCKER"}
        ).result()
        accounts.create_service_account(request={"name": resource, "account_id": name})
        policy = projects.get_iam_policy(iam_policy_pb2.GetIamPolicyRequest(resource=resource))
        member = f"serviceAccount:{name}@{place.project}.iam.gserviceaccount.com"
        policy.bindings.add(role="roles/run.viewer", members=[member])
        projects.set_iam_policy(
            iam_policy_pb2.SetIamPolicyRequest(resource=resource, policy=policy)
        )


def _left(place: Target) -> set[str]:
    """The names that are still there, in any of the three places."""
    repositories = place.client(artifactregistry_v1.ArtifactRegistryClient)
    accounts = place.client(iam_admin_v1.IAMClient)
    projects = place.client(resourcemanager_v3.ProjectsClient)
    resource = f"projects/{place.project}"
    policy = projects.get_iam_policy(iam_policy_pb2.GetIamPolicyRequest(resource=resource))
    bound = {one for binding in policy.bindings for one in binding.members}
    return {
        *(
            one.name.rpartition("/")[2]
            for one in repositories.list_repositories(parent=place.location)
        ),
        *(one.email.partition("@")[0] for one in accounts.list_service_accounts(name=resource)),
        *(one.partition(":")[2].partition("@")[0] for one in bound),
    }


def test_a_run_takes_away_its_own_things_alone(place: Target) -> None:
    """What another run is still at work with stays, and so does what is not the suite's."""
    _leave(place, "pve2e-abc123-one", "pve2e-ffffff-two", "checkout")
    told: list[str] = []
    assert clean(place, told.append) == []
    left = _left(place)
    assert "pve2e-abc123-one" not in left
    assert {"pve2e-ffffff-two", "checkout"} <= left
    assert len(told) == 3


def test_what_killed_runs_left_goes_without_their_names(place: Target) -> None:
    """Nothing needs to be remembered; a second clean-up finds nothing to do."""
    _leave(place, "pve2e-abc123-one", "pve2e-ffffff-two", "checkout")
    assert clean(place, lambda _: None, every_run=True) == []
    assert not [name for name in _left(place) if name.startswith("pve2e")]
    assert "checkout" in _left(place)
    told: list[str] = []
    assert clean(place, told.append, every_run=True) == []
    assert told == []


def test_jobs_of_the_run_go(place: Target, pushed_image: str) -> None:
    """The run's own job goes with its executions; a neighbour's stays."""
    jobs = place.client(run_v2.JobsClient)
    task = run_v2.TaskTemplate(containers=[run_v2.Container(image=pushed_image)])
    job = run_v2.Job(template=run_v2.ExecutionTemplate(template=task))
    for name in (place.name("job"), "nightly"):
        jobs.create_job(parent=place.location, job_id=name, job=job).result(timeout=30)
    told: list[str] = []
    assert clean(place, told.append) == []
    assert told == [f"deleted job {place.name('job')}"]
    (left,) = jobs.list_jobs(parent=place.location)
    assert left.name.endswith("/jobs/nightly")


def test_what_calls_services_goes_too(place: Target) -> None:
    """A topic of this run; the neighbour's stays."""
    topics = place.client(PublisherClient)
    names = [f"projects/{place.project}/topics/{one}" for one in ("pve2e-abc123-a", "orders")]
    for name in names:
        topics.create_topic(name=name)
    told: list[str] = []
    assert clean(place, told.append) == []
    assert told == ["deleted topic pve2e-abc123-a"]
    assert [one.name for one in topics.list_topics(project=f"projects/{place.project}")] == names[
        1:
    ]
