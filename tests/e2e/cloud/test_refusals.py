"""What Cloud Run, Artifact Registry and IAM refuse, and in which words, on whichever cloud."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import artifactregistry_v1, iam_admin_v1, resourcemanager_v3, run_v2
from google.iam.v1 import iam_policy_pb2, policy_pb2

from tests.e2e.cloud.target import LABEL, Target

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def services(target: Target) -> Any:  # noqa: ANN401 - ServicesClient
    """Cloud Run's client."""
    return target.client(run_v2.ServicesClient)


@pytest.fixture(scope="module")
def repository(target: Target) -> Iterator[str]:
    """A Docker repository of this run's own."""
    client = target.client(artifactregistry_v1.ArtifactRegistryClient)
    made = client.create_repository(
        parent=target.location,
        repository_id=target.name("refusals"),
        repository={"format_": "DOCKER", "labels": {LABEL: target.run}},
    ).result(timeout=120)
    yield made.name
    client.delete_repository(name=made.name).result(timeout=120)


def test_a_service_that_is_not_there(services: Any, target: Target) -> None:  # noqa: ANN401 - a client
    """404, naming the service, its kind, its region and its project by id."""
    with pytest.raises(exceptions.NotFound) as refused:
        services.get_service(name=target.service("absent"))
    assert refused.value.message == (
        f"Resource '{target.name('absent')}' of kind 'SERVICE' in region '{target.region}' in "
        f"project '{target.project}' does not exist."
    )


def test_all_regions_at_once(services: Any, target: Target) -> None:  # noqa: ANN401 - a client
    """The v2 list takes no `-` for a location."""
    with pytest.raises(exceptions.GoogleAPICallError):
        list(services.list_services(parent=f"projects/{target.project}/locations/-"))


def test_a_service_without_containers(services: Any, target: Target) -> None:  # noqa: ANN401 - a client
    """400, with the violation named from the request down."""
    with pytest.raises(exceptions.InvalidArgument, match=r"Violation in CreateServiceRequest"):
        services.create_service(
            parent=target.location, service_id=target.name("empty"), service=run_v2.Service()
        )


def test_a_policy_of_a_service_that_is_not_there(services: Any, target: Target) -> None:  # noqa: ANN401 - a client
    """404 for who may read policies."""
    ask = iam_policy_pb2.GetIamPolicyRequest(resource=target.service("absent"))
    with pytest.raises(exceptions.NotFound):
        services.get_iam_policy(ask)


def test_a_repository_that_is_there_already(target: Target, repository: str) -> None:
    """409 ALREADY_EXISTS."""
    client = target.client(artifactregistry_v1.ArtifactRegistryClient)
    with pytest.raises(exceptions.AlreadyExists):
        client.create_repository(
            parent=target.location,
            repository_id=repository.rpartition("/")[2],
            repository={"format_": "DOCKER"},
        )


def test_a_policy_never_set_is_empty_and_has_its_etag(target: Target, repository: str) -> None:
    """No binding, no version, and the etag `ACAB` in base64."""
    client = target.client(artifactregistry_v1.ArtifactRegistryClient)
    policy = client.get_iam_policy(iam_policy_pb2.GetIamPolicyRequest(resource=repository))
    assert list(policy.bindings) == []
    assert policy.version == 0
    assert policy.etag == b"\x00 \x01"


def test_a_stale_etag(target: Target, repository: str) -> None:
    """409 ABORTED, and the words that tell to do the whole read-modify-write again."""
    client = target.client(artifactregistry_v1.ArtifactRegistryClient)
    policy = policy_pb2.Policy(version=3)
    policy.bindings.add(role="roles/artifactregistry.reader", members=[target.member])
    read = client.get_iam_policy(iam_policy_pb2.GetIamPolicyRequest(resource=repository))
    client.set_iam_policy(iam_policy_pb2.SetIamPolicyRequest(resource=repository, policy=policy))
    policy.etag = read.etag
    with pytest.raises(exceptions.Aborted, match="There were concurrent policy changes"):
        client.set_iam_policy(
            iam_policy_pb2.SetIamPolicyRequest(resource=repository, policy=policy)
        )


def test_an_account_that_is_not_there_as_a_member(target: Target, repository: str) -> None:
    """400, naming the account."""
    client = target.client(artifactregistry_v1.ArtifactRegistryClient)
    policy = policy_pb2.Policy(version=3)
    policy.bindings.add(
        role="roles/artifactregistry.reader", members=[f"serviceAccount:{target.account('absent')}"]
    )
    with pytest.raises(exceptions.InvalidArgument, match=target.account("absent")):
        client.set_iam_policy(
            iam_policy_pb2.SetIamPolicyRequest(resource=repository, policy=policy)
        )


def test_everybody_on_a_project(target: Target) -> None:
    """A project's policy takes no `allUsers`; nothing is changed."""
    client = target.client(resourcemanager_v3.ProjectsClient)
    resource = f"projects/{target.project}"
    policy = client.get_iam_policy(iam_policy_pb2.GetIamPolicyRequest(resource=resource))
    policy.bindings.add(role="roles/run.invoker", members=["allUsers"])
    with pytest.raises(exceptions.InvalidArgument):
        client.set_iam_policy(iam_policy_pb2.SetIamPolicyRequest(resource=resource, policy=policy))


def test_an_account_that_is_there_already(target: Target) -> None:
    """409, naming account and project."""
    client = target.client(iam_admin_v1.IAMClient)
    request = {"name": f"projects/{target.project}", "account_id": target.name("twice")}
    client.create_service_account(request=request)
    with pytest.raises(exceptions.AlreadyExists) as refused:
        client.create_service_account(request=request)
    assert refused.value.message == (
        f"Service account {target.name('twice')} already exists within project "
        f"projects/{target.project}."
    )
