"""Artifact Registry's own view of what is in a repository, with Google's client."""

from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions
from google.cloud import artifactregistry_v1 as artifacts

from tests.conftest import ImagePusher, make_repository
from tests.emulator.registry.talk import INDEX, MANIFEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Clients, RunningEmulator

REPOSITORY = "projects/demo-project/locations/asia-east1/repositories/services"
PACKAGE = f"{REPOSITORY}/packages/team%2Fapp"
IMAGE = "asia-east1/demo-project/services/team/app"


@pytest.fixture
def digests(grpc_clients: "Clients", emulator: "RunningEmulator") -> dict[str, str]:
    """Two images of one package by their tags, and `all`, an index over the second."""
    make_repository(grpc_clients, emulator.project)
    pusher = ImagePusher(emulator)
    found = {tag: pusher.push(IMAGE, tag).partition("@")[2] for tag in ("v1", "v2")}
    child = {"mediaType": MANIFEST, "digest": found["v2"], "size": 1}
    child["platform"] = {"os": "linux", "architecture": "amd64"}
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [child]}
    found["all"] = pusher.put(IMAGE, "all", index).partition("@")[2]
    return found


def _names(items: Any) -> list[str]:  # noqa: ANN401 - a pager of some kind
    return [item.name.rpartition("/")[2] for item in items]


def _version(digest: str) -> str:
    return f"{PACKAGE}/versions/{digest}"


def test_packages_versions_and_tags_are_listed(clients: "Clients", digests: dict[str, str]) -> None:
    """Each under its escaped name; versions the youngest first, tags only in the full view."""
    registry = clients.repositories
    assert [one.name for one in registry.list_packages(parent=REPOSITORY)] == [PACKAGE]
    assert registry.get_package(name=PACKAGE).create_time is not None
    youngest_first = [digests[tag] for tag in ("all", "v2", "v1")]
    assert _names(registry.list_versions(parent=PACKAGE)) == youngest_first
    request = {"parent": PACKAGE, "view": "FULL", "order_by": "create_time"}
    full = list(registry.list_versions(request=request))
    assert [[tag.name for tag in one.related_tags] for one in full] == [
        [f"{PACKAGE}/tags/{tag}"] for tag in ("v1", "v2", "all")
    ]
    assert not any(one.related_tags for one in registry.list_versions(parent=PACKAGE))
    assert _names(registry.list_tags(parent=PACKAGE)) == ["all", "v1", "v2"]


def test_a_version_tells_of_its_image(clients: "Clients", digests: dict[str, str]) -> None:
    """Its metadata has size and media type, as gcloud shows them."""
    version = clients.repositories.get_version(name=_version(digests["all"]))
    assert dict(version.metadata)["mediaType"] == INDEX


def test_an_index_names_its_manifests(clients: "Clients", digests: dict[str, str]) -> None:
    """The Docker image of an index has one entry a platform; others have none."""
    registry = clients.repositories
    name = f"{REPOSITORY}/dockerImages/team%2Fapp@{digests['all']}"
    found = registry.get_docker_image(name=name).image_manifests
    assert [(one.digest, one.os, one.architecture) for one in found] == [
        (digests["v2"], "linux", "amd64")
    ]
    name = f"{REPOSITORY}/dockerImages/team%2Fapp@{digests['v1']}"
    assert not registry.get_docker_image(name=name).image_manifests


def test_docker_images_come_by_pages_and_in_order(
    clients: "Clients", digests: dict[str, str]
) -> None:
    """One a page, the largest first; an order that is none is refused."""
    request = {"parent": REPOSITORY, "page_size": 1, "order_by": "image_size_bytes desc"}
    pages = list(clients.repositories.list_docker_images(request=request).pages)
    sizes = [image.image_size_bytes for page in pages for image in page.docker_images]
    assert len(pages) == len(digests)
    assert sizes == sorted(sizes, reverse=True)
    with pytest.raises(exceptions.BadRequest):
        clients.repositories.list_docker_images(request={**request, "order_by": "weight"})


def test_tags_are_filtered_as_gcloud_does_it(clients: "Clients", digests: dict[str, str]) -> None:
    """By version, by name, with a wildcard; what is no filter is refused."""
    registry = clients.repositories
    for text, expected in (
        (f'version="{_version(digests["v1"])}"', ["v1"]),
        (f'name="{PACKAGE}/tags/V*"', ["v1", "v2"]),
        (f'name="{PACKAGE}/tags/none"', []),
    ):
        found = registry.list_tags(request={"parent": PACKAGE, "filter": text})
        assert _names(found) == expected
    with pytest.raises(exceptions.BadRequest):
        registry.list_tags(request={"parent": PACKAGE, "filter": "version"})


def test_a_tag_is_made_moved_and_deleted(clients: "Clients", digests: dict[str, str]) -> None:
    """And what the registry serves under it moves along."""
    registry = clients.repositories
    tag = artifacts.Tag(name=f"{PACKAGE}/tags/stable", version=_version(digests["v1"]))
    made = registry.create_tag(parent=PACKAGE, tag=tag, tag_id="stable")
    assert (made.name, made.version) == (tag.name, tag.version)
    with pytest.raises(exceptions.Conflict):
        registry.create_tag(parent=PACKAGE, tag=tag, tag_id="stable")
    tag.version = _version(digests["v2"])
    assert registry.update_tag(tag=tag).version == tag.version
    assert registry.get_tag(name=tag.name).version == tag.version
    registry.delete_tag(name=tag.name)
    with pytest.raises(exceptions.NotFound, match=r"Requested entity was not found\."):
        registry.get_tag(name=tag.name)


def test_a_tag_points_only_at_what_is_there(clients: "Clients", digests: dict[str, str]) -> None:
    """Neither at a version that does not exist nor at one of another package."""
    registry = clients.repositories
    tag = artifacts.Tag(version=_version(f"sha256:{64 * '0'}"))
    with pytest.raises(exceptions.NotFound):
        registry.create_tag(parent=PACKAGE, tag=tag, tag_id="stable")
    tag.version = f"{REPOSITORY}/packages/other/versions/{digests['v1']}"
    with pytest.raises(exceptions.BadRequest):
        registry.create_tag(parent=PACKAGE, tag=tag, tag_id="stable")


def test_a_tagged_version_is_deleted_only_by_force(
    clients: "Clients", digests: dict[str, str]
) -> None:
    """The operation ends with an Empty; tags go with it; a manifest of an index stays."""
    registry = clients.repositories
    with pytest.raises(exceptions.BadRequest, match="referenced by one or more tags"):
        registry.delete_version(name=_version(digests["v1"]))
    operation = registry.delete_version(request={"name": _version(digests["v1"]), "force": True})
    assert operation.result(timeout=30).DESCRIPTOR.full_name == "google.protobuf.Empty"
    assert _names(registry.list_tags(parent=PACKAGE)) == ["all", "v2"]
    with pytest.raises(exceptions.BadRequest, match="one or more parent images"):
        registry.delete_version(request={"name": _version(digests["v2"]), "force": True})


def test_many_versions_are_deleted_at_once(clients: "Clients", digests: dict[str, str]) -> None:
    """An index goes before its manifests; validating alone deletes nothing."""
    registry = clients.repositories
    request = {"parent": PACKAGE, "names": [_version(one) for one in digests.values()]}
    registry.batch_delete_versions(request={**request, "validate_only": True}).result(timeout=30)
    assert len(list(registry.list_versions(parent=PACKAGE))) == len(digests)
    operation = registry.batch_delete_versions(request=request)
    operation.result(timeout=30)
    assert not operation.metadata.failed_versions
    assert list(registry.list_packages(parent=REPOSITORY)) == []


def test_a_package_is_deleted_with_all_that_is_in_it(
    clients: "Clients", digests: dict[str, str]
) -> None:
    """Nothing of it is served afterwards, and the repository's size is gone."""
    registry = clients.repositories
    assert registry.get_repository(name=REPOSITORY).size_bytes > 0
    registry.delete_package(name=PACKAGE).result(timeout=30)
    with pytest.raises(exceptions.NotFound):
        registry.get_package(name=PACKAGE)
    with pytest.raises(exceptions.NotFound):
        registry.get_version(name=_version(digests["v1"]))
    assert registry.get_repository(name=REPOSITORY).size_bytes == 0


def test_immutable_tags_stay_where_they_are(clients: "Clients", digests: dict[str, str]) -> None:
    """They can be made, but neither moved nor deleted, nor their version."""
    registry = clients.repositories
    config = artifacts.Repository.DockerRepositoryConfig(immutable_tags=True)
    registry.update_repository(
        repository=artifacts.Repository(name=REPOSITORY, docker_config=config),
        update_mask={"paths": ["docker_config"]},
    )
    tag = artifacts.Tag(name=f"{PACKAGE}/tags/v1", version=_version(digests["v2"]))
    for write in (
        lambda: registry.update_tag(tag=tag),
        lambda: registry.delete_tag(name=tag.name),
        lambda: registry.delete_version(request={"name": _version(digests["v1"]), "force": True}),
        lambda: registry.delete_package(name=PACKAGE),
    ):
        with pytest.raises(exceptions.BadRequest):
            write()
    registry.create_tag(parent=PACKAGE, tag=tag, tag_id="new")
    assert _names(registry.list_tags(parent=PACKAGE)) == ["all", "new", "v1", "v2"]


def test_files_are_the_content_by_digest(clients: "Clients", digests: dict[str, str]) -> None:
    """Manifests have their version as owner, blobs none; a filter finds a version's own."""
    registry = clients.repositories
    found = {one.name.rpartition("/")[2]: one for one in registry.list_files(parent=REPOSITORY)}
    assert set(digests.values()) < set(found)
    owned = found[digests["v1"]]
    assert owned.owner == _version(digests["v1"])
    assert owned.hashes[0].value.hex() == digests["v1"].removeprefix("sha256:")
    assert registry.get_file(name=owned.name) == owned
    request = {"parent": REPOSITORY, "filter": f'owner="{owned.owner}"'}
    assert [one.name for one in registry.list_files(request=request)] == [owned.name]


def test_each_method_wants_its_own_permission(
    clients_of: "Callable[[str], Clients]", digests: dict[str, str], emulator: "RunningEmulator"
) -> None:
    """A reader sees all of it and changes nothing; the refusal names the permission."""
    reader = "user:reader@example.com"
    role = "roles/artifactregistry.reader"
    emulator.admin("POST", "/grants", resource=REPOSITORY, role=role, member=reader)
    registry = clients_of(reader).repositories
    assert _names(registry.list_tags(parent=PACKAGE)) == ["all", "v1", "v2"]
    for permission, write in (
        ("tags.delete", lambda: registry.delete_tag(name=f"{PACKAGE}/tags/v1")),
        ("versions.delete", lambda: registry.delete_version(name=_version(digests["v1"]))),
        ("packages.delete", lambda: registry.delete_package(name=PACKAGE)),
        ("tags.create", lambda: registry.create_tag(parent=PACKAGE, tag_id="t")),
    ):
        with pytest.raises(exceptions.PermissionDenied, match=f"artifactregistry.{permission}"):
            write()
