"""Real gcloud on Artifact Registry: repositories, images and tags."""

from typing import TYPE_CHECKING, Any

import pytest
from google.cloud import artifactregistry_v1
from google.protobuf import json_format

from tests.conftest import DEVELOPER, Clients, ImagePusher
from tests.e2e.gcloud.conftest import Gcloud, as_member

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunningEmulator
    from tests.e2e.cloud.target import Target

pytestmark = pytest.mark.timeout(600)

LOCATION = "us-central1"


def _of_client(target: "Target", name: str) -> dict[str, Any]:
    """A repository as Google's own client for Python has it."""
    client = target.client(artifactregistry_v1.ArtifactRegistryClient)
    found = client.get_repository(name=f"{target.location}/repositories/{name}")
    shown: dict[str, Any] = json_format.MessageToDict(type(found).pb(found))
    return shown


def test_a_repository_is_made_told_listed_and_deleted(gcloud: Gcloud, target: "Target") -> None:
    """What gcloud makes, Google's client sees, and gcloud tells field by field the same."""
    name, where = target.name("gc-repo"), f"--location={target.region}"
    told = gcloud.told(
        f"artifacts repositories create {name} {where} --repository-format=docker",
        "--description=made by gcloud",
    )
    assert f"Created repository [{name}]" in told
    made = _of_client(target, name)
    assert made["description"] == "made by gcloud"
    assert made["format"] == "DOCKER"
    assert made["mode"] == "STANDARD_REPOSITORY"
    described = gcloud.json(f"artifacts repositories describe {name} {where}")
    # Whoever asks at Google's host is told Google's address, and not the emulator's own.
    made["registryUri"] = f"{target.region}-docker.pkg.dev/{target.project}/{name}"
    assert {key: described.get(key) for key in made} == made
    listed = gcloud.json(f"artifacts repositories list {where}")
    assert f"{target.location}/repositories/{name}" in [one["name"] for one in listed]
    told = gcloud.told(f"artifacts repositories delete {name} {where}")
    assert f"Deleted repository [{name}]" in told
    assert "NOT_FOUND" in gcloud.refused(f"artifacts repositories describe {name} {where}")


def test_a_repository_that_exists_is_refused(gcloud: Gcloud, target: "Target") -> None:
    """A second one of a name is ALREADY_EXISTS in Google's words."""
    name, where = target.name("gc-twice"), f"--location={target.region}"
    create = f"artifacts repositories create {name} {where} --repository-format=docker"
    gcloud.told(create)
    refusal = gcloud.refused(create)
    assert "ALREADY_EXISTS" in refusal
    assert "the repository already exists" in refusal


@pytest.fixture
def images(local: "RunningEmulator") -> str:
    """A repository of `local` with two images, one of which has two tags; its name for gcloud."""
    local.admin("POST", "/reset")
    repositories = Clients(local, "grpc", DEVELOPER).repositories
    repositories.create_repository(
        parent=f"projects/{local.project}/locations/{LOCATION}",
        repository_id="images",
        repository=artifactregistry_v1.Repository(format_="DOCKER"),
    ).result(timeout=30)
    pusher = ImagePusher(local)
    path = f"{LOCATION}/{local.project}/images"
    pusher.push(f"{path}/app", "v1")
    pusher.push(f"{path}/team/job", "v1")
    pusher.push(f"{path}/app", "v2")
    return f"{LOCATION}-docker.pkg.dev/{local.project}/images"


def test_images_are_listed(local_gcloud: Gcloud, images: str) -> None:
    """Each image is there once, by digest, with its tags, by its address on Google's host."""
    listed = local_gcloud.json(f"artifacts docker images list {images} --include-tags")
    assert sorted((one["package"], one["tags"]) for one in listed) == [
        (f"{images}/app", ["v1"]),
        (f"{images}/app", ["v2"]),
        (f"{images}/team/job", ["v1"]),
    ]
    assert all(one["version"].startswith("sha256:") for one in listed)
    one_package = local_gcloud.json(f"artifacts docker images list {images}/team/job")
    assert [one["package"] for one in one_package] == [f"{images}/team/job"]


def test_tags_are_listed(local_gcloud: Gcloud, images: str) -> None:
    """Each tag of a package names its version."""
    listed = local_gcloud.json(f"artifacts docker tags list {images}/app")
    assert sorted(one["tag"].rpartition("/")[2] for one in listed) == ["v1", "v2"]
    assert all("/versions/sha256:" in one["version"] for one in listed)
    assert {one["image"] for one in listed} == {f"{images}/app"}


def test_overrides_reach_the_same_repositories(override_gcloud: Gcloud, images: str) -> None:
    """With ``http://`` endpoints and the HTTP port as proxy, gcloud sees what others made."""
    listed = override_gcloud.json(f"artifacts repositories list --location={LOCATION}")
    assert [one["name"].rpartition("/")[2] for one in listed] == ["images"]
    tags = override_gcloud.json(f"artifacts docker tags list {images}/app")
    assert len(tags) == 2


def test_a_stranger_is_refused(
    local_gcloud: Gcloud, local: "RunningEmulator", images: str, tmp_path: "Path"
) -> None:
    """Without the permission gcloud says Google's refusal (exit code 1), and nothing is done."""
    stranger = as_member(local_gcloud, local, "user:stranger@example.com", tmp_path)
    name = images.rpartition("/")[2]
    refusal = stranger.refused(f"artifacts repositories delete {name} --location={LOCATION}")
    assert "PERMISSION_DENIED" in refusal
    assert "artifactregistry.repositories.delete" in refusal
    assert local_gcloud.json(f"artifacts repositories describe {name} --location={LOCATION}")
