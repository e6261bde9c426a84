"""What the emulator's registry gives back: manifests, blobs, tags, and what deletion leaves."""

import json
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from tests.emulator.data_side.conftest import DataSide, RegistryClient

INDEX = "application/vnd.oci.image.index.v1+json"
HOST_FORMS = [
    "{host}/asia-east1/acme-prod/services/app:v1",
    "asia-east1-docker.pkg.dev/acme-prod/services/app:v1",
    "asia-east1-docker.pkg.dev/acme-prod/services/app:ignored@{digest}",
]


def test_a_manifest_comes_back_byte_for_byte(client: "RegistryClient") -> None:
    """By tag and by digest, with its type and digest in the headers."""
    digest, content = client.push_image("services/app", "v1")
    for target in ("v1", digest):
        answer = client.call("GET", "services/app", f"manifests/{target}")
        assert answer.content == content
        assert answer.headers["Docker-Content-Digest"] == digest
        assert answer.headers["Content-Type"] == "application/vnd.oci.image.manifest.v1+json"
        head = client.call("HEAD", "services/app", f"manifests/{target}")
        assert (head.headers["Content-Length"], head.content) == (str(len(content)), b"")


def test_a_part_of_a_blob_can_be_asked_for(client: "RegistryClient") -> None:
    """A range gets 206 and just those bytes."""
    digest = client.push_blob("services/app", b"0123456789")
    headers = {"Range": "bytes=2-4"}
    answer = client.call("GET", "services/app", f"blobs/{digest}", headers=headers)
    assert (answer.status_code, answer.content) == (206, b"234")


@pytest.mark.parametrize("form", HOST_FORMS)
def test_an_image_is_found_by_every_form_of_its_name(
    side: "DataSide", client: "RegistryClient", form: str
) -> None:
    """The emulator's own form and Google's mean the same image."""
    digest, _ = client.push_image("services/app", "v1")
    image = side.find(form.replace("{digest}", digest))
    assert image is not None
    assert (image.digest, image.package, image.tags) == (digest, "app", ("v1",))
    assert image.platforms == ("linux/amd64",)
    assert side.registry.images.pull_reference(image) == (
        f"{side.host}/asia-east1/acme-prod/services/app@{digest}"
    )


def test_a_google_host_name_reaches_the_same_repository(
    side: "DataSide", client: "RegistryClient"
) -> None:
    """With a Google host in the Host header the location is not in the path."""
    digest, _ = client.push_image("services/app", "v1")
    answer = requests.get(
        f"http://{side.host}/v2/acme-prod/services/app/manifests/v1",
        headers={**client.session.headers, "Host": "asia-east1-docker.pkg.dev"},
        timeout=30,
    )
    assert answer.headers["Docker-Content-Digest"] == digest


@pytest.mark.parametrize("reference", ["docker.io/library/app", "app", "", "gcr.io/x@sha256:1"])
def test_what_is_not_of_this_registry_is_not_found(side: "DataSide", reference: str) -> None:
    """References to other registries, and malformed ones, mean nothing here."""
    assert side.find(reference) is None


def test_an_index_tells_its_platforms(side: "DataSide", client: "RegistryClient") -> None:
    """The platforms of an index are those of its entries, its size that of its images."""
    entries = []
    for architecture in ("amd64", "arm64"):
        digest, content = client.push_image("services/app", architecture, architecture=architecture)
        platform = {"os": "linux", "architecture": architecture}
        entries.append({"digest": digest, "size": len(content), "platform": platform})
    body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()
    assert client.put_manifest("services/app", "both", body, INDEX).status_code == 201
    image = side.find("{host}/asia-east1/acme-prod/services/app:both")
    assert image is not None
    assert image.platforms == ("linux/amd64", "linux/arm64")
    stored = side.on_loop(side.registry.images.list, image.repository)
    listed = {one.digest: one.size for one in stored}
    assert image.size == sum(listed[str(entry["digest"])] for entry in entries)


def test_tags_are_listed_page_by_page(side: "DataSide", client: "RegistryClient") -> None:
    """`n` and `last` page through the tags, and Link leads to the next page."""
    _, content = client.push_image("services/app", "a")
    for tag in ("b", "c"):
        client.put_manifest("services/app", tag, content)
    first = client.call("GET", "services/app", "tags/list?n=2")
    assert first.json()["tags"] == ["a", "b"]
    following = first.headers["Link"].partition(">")[0].lstrip("<")
    second = client.session.get(f"http://{side.host}{following}")
    assert second.json()["tags"] == ["c"]
    assert "Link" not in second.headers


def test_a_tagged_manifest_is_not_deleted_by_its_digest(
    side: "DataSide", client: "RegistryClient"
) -> None:
    """The tags go first, then the manifest; with it goes the content that only it used."""
    digest, _ = client.push_image("services/app", "v1")
    answer = client.call("DELETE", "services/app", f"manifests/{digest}")
    assert answer.json()["errors"][0]["code"] == "GOOGLE_MANIFEST_DANGLING_TAG"
    assert client.call("DELETE", "services/app", "manifests/v1").status_code == 202
    assert client.call("GET", "services/app", f"manifests/{digest}").status_code == 200
    assert client.call("DELETE", "services/app", f"manifests/{digest}").status_code == 202
    assert client.call("GET", "services/app", f"manifests/{digest}").status_code == 404
    assert [path for path in (side.directory / "blobs").rglob("*") if path.is_file()] == []


def test_deleting_one_image_keeps_what_another_uses(client: "RegistryClient") -> None:
    """A layer shared by two images stays as long as one of them does."""
    layer = client.digest_of(b"layer")
    first, _ = client.push_image("services/app", "v1")
    client.push_image("services/app", "v2", architecture="arm64")
    client.call("DELETE", "services/app", "manifests/v1")
    client.call("DELETE", "services/app", f"manifests/{first}")
    assert client.call("GET", "services/app", f"blobs/{layer}").content == b"layer"


def test_a_deleted_repository_forgets_its_images(
    side: "DataSide", client: "RegistryClient"
) -> None:
    """Nothing of it is found any more, and its content is gone from disk."""
    client.push_image("services/app", "v1")
    key = side.repository()
    side.on_loop(side.registry.images.forget, key)
    assert list(side.on_loop(side.registry.images.list, key)) == []
    assert client.call("GET", "services/app", "manifests/v1").status_code == 404
    assert [path for path in (side.directory / "blobs").rglob("*") if path.is_file()] == []


def test_referrers_name_what_is_attached(client: "RegistryClient") -> None:
    """A manifest with a subject is listed for it, narrowed by its type when asked."""
    digest, content = client.push_image("services/app", "v1")
    empty = (client.push_blob("services/app", b"{}"), 2)
    attached = client.manifest_of(
        empty,
        empty,
        artifactType="application/vnd.example.sbom",
        subject={"digest": digest, "size": len(content), "mediaType": INDEX},
    )
    answer = client.put_manifest("services/app", client.digest_of(attached), attached)
    assert answer.headers["OCI-Subject"] == digest
    listed = client.call("GET", "services/app", f"referrers/{digest}").json()["manifests"]
    assert [item["artifactType"] for item in listed] == ["application/vnd.example.sbom"]
    none = client.call("GET", "services/app", f"referrers/{digest}?artifactType=other")
    assert none.json()["manifests"] == []
