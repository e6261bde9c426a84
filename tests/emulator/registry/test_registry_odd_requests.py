"""Requests that nobody sends by mistake: refused like any other, and told in no traceback."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.registry.talk import INDEX, MANIFEST, Peer, digest_of

if TYPE_CHECKING:
    from collections.abc import Callable


def _config(document: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    return document["config"]


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.update(mediaType=["x"]),
        lambda document: document.update(mediaType=7),
        lambda document: _config(document).update(size=10**30),
        lambda document: _config(document).update(size=-1),
        lambda document: _config(document).update(size="7"),
        lambda document: _config(document).update(digest=7),
        lambda document: document.update(layers={"a": 1}),
        lambda document: document.update(layers=[[]]),
        lambda document: document.update(subject="x"),
        lambda document: document.update(schemaVersion="2"),
        lambda document: document.update(manifests=[]),
    ],
)
@pytest.mark.parametrize("media_type", [MANIFEST, ""])
def test_a_manifest_of_nonsense_is_invalid(
    subject: Peer, change: "Callable[[dict[str, Any]], object]", media_type: str
) -> None:
    """With a type in the header or without."""
    document = json.loads(subject.manifest("odd", "1"))
    change(document)
    answer = subject.put("odd", "v1", json.dumps(document).encode(), media_type)
    assert answer.outcome == "400 MANIFEST_INVALID"


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}", b"\xff", b"NaN"]
)
def test_json_of_nonsense_is_invalid(subject: Peer, content: bytes) -> None:
    """However deep, long or not text at all."""
    assert subject.put("odd", "v1", content).outcome == "400 MANIFEST_INVALID"


@pytest.mark.parametrize("value", ["\ud800", {"a": 1}, "a b", "x" * 9, "", None, 7])
def test_a_platform_of_nonsense_is_no_platform(subject: Peer, value: object) -> None:
    """In an index and in an image's config alike, the image is kept as it is."""
    config = subject.push_blob("odd", json.dumps({"os": value, "architecture": value}).encode())
    document = json.loads(subject.manifest("odd", "1"))
    document["config"].update(config)
    content = json.dumps(document).encode()
    assert subject.put("odd", "v1", content).status == 201
    child = {"mediaType": MANIFEST, "digest": digest_of(content), "size": len(content)}
    child["platform"] = {"os": value, "architecture": value}
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [child]}
    assert subject.put("odd", "all", json.dumps(index).encode(), INDEX).status == 201


@pytest.mark.parametrize(
    "query", ["n=" + "9" * 5000, "n=" + "0" * 5000 + "1", "last=%00", "last=%ff"]
)
def test_pages_of_any_size_can_be_asked_for(subject: Peer, query: str) -> None:
    """A number that no machine holds is a large one."""
    subject.put("odd", "v1", subject.manifest("odd", "1"))
    assert subject.image("GET", "odd", f"tags/list?{query}").status == 200


@pytest.mark.parametrize(
    "value", ["bytes=" + "9" * 5000 + "-", "bytes=--1", "bytes=1-0", "bytes=0-0,2-3", "bytes=", "x"]
)
def test_a_range_of_nonsense_is_not_satisfied(subject: Peer, value: str) -> None:
    """And says how long the blob is."""
    digest = subject.push_blob("odd", b"0123456789")["digest"]
    answer = subject.image("GET", "odd", f"blobs/{digest}", Range=value)
    assert (answer.outcome, answer.headers["Content-Range"]) == ("416 RANGE_INVALID", "bytes */10")


@pytest.mark.parametrize(
    "path",
    [
        "../one/odd/manifests/v1",
        "a//b/manifests/v1",
        "%2e%2e/manifests/v1",
        "odd/blobs/sha256:..%2f..%2f..%2fregistry.sqlite3",
        "odd/blobs/uploads/..%2f..%2fregistry.sqlite3",
        "odd/manifests/" + "v" * 4000,
        "x" * 300 + "/manifests/v1",
        "odd/manifests/%00",
    ],
)
def test_no_path_leads_out_of_a_repository(subject: Peer, path: str) -> None:
    """Names, digests and uploads are checked before they become files."""
    answer = subject.call("GET", f"/v2/{subject.prefix}/one/{path}")
    assert answer.status in (400, 404)


@pytest.mark.parametrize(
    "value",
    ["Basic", "Basic x", "Basic Og==", "Basic \u00e9", "Bearer", "Bearer ", "Negotiate x", ""],
)
def test_credentials_of_nonsense_are_none(subject: Peer, value: str) -> None:
    """401 and where to get better ones."""
    answer = subject.image("GET", "odd", "manifests/v1", Authorization=value)
    assert answer.outcome == "401 UNAUTHORIZED"


def test_tags_are_told_with_what_they_point_at(subject: Peer) -> None:
    """As from Google, each manifest with its size, type, tags and times."""
    one, other = subject.manifest("told-tags", "1"), subject.manifest("told-tags", "2")
    for content in (one, other):
        subject.put("told-tags", "v1", content)
    told = subject.image("GET", "told-tags", "tags/list").json["manifest"]
    assert {digest: entry["tag"] for digest, entry in told.items()} == {
        digest_of(one): [],
        digest_of(other): ["v1"],
    }
    assert told[digest_of(other)]["mediaType"] == MANIFEST
    assert int(told[digest_of(other)]["timeUploadedMs"]) > 1_500_000_000_000
    page = subject.image("GET", "told-tags", "tags/list?n=1").json["manifest"]
    assert list(page) == [digest_of(other)]
