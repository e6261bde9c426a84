"""What a recording takes for granted: Google's sample images, and the names of its world."""

import requests
from google.cloud import artifactregistry_v1
from google.iam.v1 import iam_policy_pb2, policy_pb2

from tests.conftest import DEVELOPER, Clients, ImagePusher, RunningEmulator

_SAMPLES = (
    ("us", "gcr.io", "hello", "latest"),
    ("us", "container", "hello", "latest"),
    ("us", "container", "job", "latest"),
)
_SAMPLE_PROJECT = "cloudrun"
_ORGANIZATION = "organizations/100000000001"
FOLDER = "folders/200000000001"
UNIQUE = "abcde"


def number_of(emulator: RunningEmulator, project: str) -> str:
    """A project's number."""
    answer = requests.get(
        f"{emulator.http}/v3/projects/{project}",
        headers={"Authorization": f"Bearer {emulator.token()}"},
        timeout=30,
    )
    return str(answer.json()["name"]).removeprefix("projects/")


def names(emulator: RunningEmulator) -> dict[str, str]:
    """Our words for the words that name a recording's world."""
    number = number_of(emulator, emulator.project)
    return {
        "${projectId}": emulator.project,
        "${projectNumber}": number,
        "${uniqueId}": UNIQUE,
        "example-project": emulator.project,
        "882850097339": number,
        "123456789": number,
        "123450001": _ORGANIZATION.partition("/")[2],
        "650586513145": FOLDER.partition("/")[2],
    }


def provide_samples(emulator: RunningEmulator) -> None:
    """Google's public sample images, where everybody may read them."""
    emulator.admin("POST", "/projects", projectId=_SAMPLE_PROJECT)
    creator = "roles/resourcemanager.projectCreator"
    emulator.admin("POST", "/grants", resource=_ORGANIZATION, member=DEVELOPER, role=creator)
    repositories = Clients(emulator, "grpc", DEVELOPER).repositories
    for location, repository, image, tag in _SAMPLES:
        parent = f"projects/{_SAMPLE_PROJECT}/locations/{location}"
        if image == "hello":
            repositories.create_repository(
                parent=parent,
                repository_id=repository,
                repository=artifactregistry_v1.Repository(format_="DOCKER"),
            ).result(timeout=30)
            _open(repositories, f"{parent}/repositories/{repository}")
        name = f"{location}/{_SAMPLE_PROJECT}/{repository}/{image}"
        ImagePusher(emulator).push(name, tag)


def _open(repositories: artifactregistry_v1.ArtifactRegistryClient, name: str) -> None:
    binding = policy_pb2.Binding(role="roles/artifactregistry.reader", members=["allUsers"])
    policy = policy_pb2.Policy(bindings=[binding])
    request = iam_policy_pb2.SetIamPolicyRequest(resource=name, policy=policy)
    repositories.set_iam_policy(request)
