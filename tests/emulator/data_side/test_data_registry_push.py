"""Pushing to the emulator's registry: every way in, and every way that must not get in."""

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import requests

    from tests.emulator.data_side.conftest import DataSide, RegistryClient

GOOD = b"some layer content"


def _stored(side: "DataSide") -> list[Path]:
    blobs = side.directory / "blobs"
    return [path for path in blobs.rglob("*") if path.is_file()]


def _error(answer: "requests.Response") -> str:
    return str(answer.json()["errors"][0]["code"])


def _begin(client: "RegistryClient") -> str:
    answer = client.call("POST", "services/app", "blobs/uploads/")
    assert answer.status_code == 202
    return str(answer.headers["Location"])


def test_an_upload_in_pieces_goes_on_where_it_stopped(
    side: "DataSide", client: "RegistryClient"
) -> None:
    """Two PATCHes and a PUT make one blob, and the registry tells how far it got."""
    url = f"http://{side.host}{_begin(client)}"
    first = client.session.patch(url, data=GOOD[:5], headers={"Content-Range": "0-4"})
    assert (first.status_code, first.headers["Range"]) == (202, "0-4")
    status = client.session.get(url)
    assert (status.status_code, status.headers["Range"]) == (204, "0-4")
    last = f"5-{len(GOOD) - 1}"
    assert client.session.patch(url, data=GOOD[5:], headers={"Content-Range": last}).ok
    digest = client.digest_of(GOOD)
    assert client.session.put(f"{url}?digest={digest}").status_code == 201
    assert client.call("GET", "services/app", f"blobs/{digest}").content == GOOD


def test_a_piece_that_leaves_a_gap_is_refused(side: "DataSide", client: "RegistryClient") -> None:
    """A range that does not continue the upload gets 416 and the right place to go on."""
    url = f"http://{side.host}{_begin(client)}"
    answer = client.session.patch(url, data=b"xx", headers={"Content-Range": "7-8"})
    assert (answer.status_code, answer.headers["Range"]) == (416, "0-0")


def test_a_blob_that_hashes_to_something_else_is_refused(
    side: "DataSide", client: "RegistryClient"
) -> None:
    """A digest mismatch gets 400 DIGEST_INVALID and leaves nothing behind."""
    wrong = client.digest_of(b"other")
    answer = client.call("POST", "services/app", f"blobs/uploads/?digest={wrong}", data=GOOD)
    assert (answer.status_code, _error(answer)) == (400, "DIGEST_INVALID")
    assert _stored(side) == []
    assert list((side.directory / "uploads").iterdir()) == []


@pytest.mark.parametrize("digest", ["", "sha256:..", "sha256:../../etc/passwd", "md5:abc"])
def test_a_malformed_digest_is_refused(client: "RegistryClient", digest: str) -> None:
    """What is no sha256 digest never becomes a path."""
    answer = client.call("POST", "services/app", f"blobs/uploads/?digest={digest}", data=GOOD)
    assert (answer.status_code, _error(answer)) == (400, "DIGEST_INVALID")


def test_a_truncated_upload_never_becomes_a_blob(
    side: "DataSide", client: "RegistryClient"
) -> None:
    """A connection that breaks off before the announced length leaves no blob."""
    digest = client.digest_of(GOOD)
    path = f"/v2/asia-east1/acme-prod/services/app/blobs/uploads/?digest={digest}"
    with socket.create_connection(("127.0.0.1", int(side.host.partition(":")[2]))) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: {side.host}\r\nContent-Length: {len(GOOD)}\r\n"
        head += f"Authorization: {client.authorization}\r\n\r\n"
        connection.sendall(head.encode() + GOOD[:4])
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1000)
    assert client.call("HEAD", "services/app", f"blobs/{digest}").status_code == 404
    assert _stored(side) == []


def test_an_upload_belongs_to_its_image(client: "RegistryClient") -> None:
    """An upload opened for one image cannot be finished into another."""
    upload = _begin(client).rpartition("/")[2]
    digest = client.digest_of(b"")
    answer = client.call("PUT", "services/other", f"blobs/uploads/{upload}?digest={digest}")
    assert (answer.status_code, _error(answer)) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_an_upload_can_be_given_up(side: "DataSide", client: "RegistryClient") -> None:
    """DELETE ends an upload."""
    url = f"http://{side.host}{_begin(client)}"
    assert client.session.delete(url).status_code == 204
    assert client.session.get(url).status_code == 404


def test_a_blob_is_mounted_from_another_repository(
    side: "DataSide", client: "RegistryClient"
) -> None:
    """Whoever may read the origin mounts a blob without sending it again."""
    side.repository("other")
    digest = client.push_blob("services/app", GOOD)
    assert client.call("HEAD", "other/app", f"blobs/{digest}").status_code == 404
    origin = "asia-east1/acme-prod/services/app"
    answer = client.call("POST", "other/app", f"blobs/uploads/?mount={digest}&from={origin}")
    assert answer.status_code == 201
    assert client.call("GET", "other/app", f"blobs/{digest}").content == GOOD


def test_a_mount_from_where_one_may_not_read_opens_an_upload_instead(
    side: "DataSide", client: "RegistryClient", other_client: "RegistryClient"
) -> None:
    """A digest alone does not open another repository's content."""
    digest = client.push_blob("services/app", GOOD)
    key = side.repository("other")
    upload = "artifactregistry.repositories.uploadArtifacts"
    side.grants.allow("user:stranger@example.com", upload, key.name)
    origin = "asia-east1/acme-prod/services/app"
    answer = other_client.call("POST", "other/app", f"blobs/uploads/?mount={digest}&from={origin}")
    assert answer.status_code == 202


@pytest.mark.parametrize(
    "name",
    ["services/UPPER", "services/a..b/c", "services/-x", "services/%2e%2e/%2e%2e/etc", "services"],
)
def test_a_name_that_is_no_image_name_is_refused(client: "RegistryClient", name: str) -> None:
    """Names with anything that could climb out of a folder get 400 NAME_INVALID."""
    answer = client.call("POST", name, "blobs/uploads/")
    assert (answer.status_code, _error(answer)) == (400, "NAME_INVALID")


def test_a_manifest_needs_its_blobs(client: "RegistryClient") -> None:
    """A manifest whose layer was never pushed gets MANIFEST_BLOB_UNKNOWN."""
    config = client.push_blob("services/app", b"{}")
    content = client.manifest_of((config, 2), (client.digest_of(b"never sent"), 10))
    answer = client.put_manifest("services/app", "latest", content)
    assert (answer.status_code, _error(answer)) == (400, "MANIFEST_BLOB_UNKNOWN")


def test_an_index_needs_its_manifests(client: "RegistryClient") -> None:
    """An index that points at an unknown manifest is refused as well."""
    kind = "application/vnd.oci.image.index.v1+json"
    child = f'{{"digest": "{client.digest_of(b"x")}", "size": 1}}'
    content = f'{{"schemaVersion": 2, "mediaType": "{kind}", "manifests": [{child}]}}'
    answer = client.put_manifest("services/app", "latest", content.encode(), kind)
    assert (answer.status_code, _error(answer)) == (400, "MANIFEST_BLOB_UNKNOWN")


def test_a_huge_manifest_is_refused(client: "RegistryClient") -> None:
    """More than 4 MiB is no manifest."""
    answer = client.put_manifest("services/app", "latest", b" " * (4 * 1024 * 1024 + 1))
    assert (answer.status_code, _error(answer)) == (413, "MANIFEST_INVALID")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{" * 3000,
        b"[" * 100_000,
        b'{"schemaVersion": 1}',
        b'{"schemaVersion": 2, "layers": []}',
        b'{"schemaVersion": 2, "config": {"digest": "sha256:..", "size": 1}, "layers": []}',
        b'{"schemaVersion": 2, "config": {}, "layers": [], "manifests": []}',
    ],
)
def test_what_is_no_manifest_is_refused(client: "RegistryClient", content: bytes) -> None:
    """Malformed, version 1 and ambiguous manifests get MANIFEST_INVALID."""
    answer = client.put_manifest("services/app", "latest", content)
    assert (answer.status_code, _error(answer)) == (400, "MANIFEST_INVALID")


def test_a_manifest_pushed_by_another_digest_is_refused(client: "RegistryClient") -> None:
    """The digest in the path has to be the content's."""
    _, content = client.push_image("services/app", "latest")
    answer = client.put_manifest("services/app", client.digest_of(b"other"), content)
    assert (answer.status_code, _error(answer)) == (400, "DIGEST_INVALID")


def test_an_immutable_tag_stays_where_it_is(side: "DataSide", client: "RegistryClient") -> None:
    """Such a tag takes the same manifest again, but no other, and is not deleted."""
    side.repository("fixed", immutable=True)
    digest, content = client.push_image("fixed/app", "v1")
    assert client.put_manifest("fixed/app", "v1", content).status_code == 201
    _, other = client.push_image("fixed/app", "v2", layer=b"changed")
    answer = client.put_manifest("fixed/app", "v1", other)
    assert (answer.status_code, _error(answer)) == (400, "MANIFEST_INVALID")
    assert "tag immutability" in answer.text
    assert client.call("DELETE", "fixed/app", "manifests/v1").status_code == 400
    image = side.find("{host}/asia-east1/acme-prod/fixed/app:v1")
    assert image is not None
    assert image.digest == digest
