"""Conversations about what is there: blobs, manifests, tags, deletion, and what is refused."""

import json
from collections.abc import Mapping

from tests.emulator.registry.pushing import UNKNOWN, Conversation, Steps
from tests.emulator.registry.talk import DOCKER, INDEX, MANIFEST, OCI, Answer, Peer, digest_of

DOCKER_MANIFEST = f"{DOCKER}.distribution.manifest.v2+json"
DOCKER_INDEX = f"{DOCKER}.distribution.manifest.list.v2+json"


def ping(peer: Peer) -> Steps:
    """The version check."""
    yield "GET", peer.call("GET", "/v2/")
    yield "HEAD", peer.call("HEAD", "/v2/")
    yield "without slash", peer.call("GET", "/v2")


def ranges(peer: Peer) -> Steps:
    """Parts of a blob."""
    digest = peer.push_blob("ranges", b"0123456789")["digest"]
    wanted = {
        "middle": "bytes=2-5",
        "to the end": "bytes=4-",
        "past the end": "bytes=4-99",
        "suffix": "bytes=-3",
        "longer suffix": "bytes=-99",
        "behind the end": "bytes=10-12",
        "not bytes": "lines=1-2",
    }
    for label, value in wanted.items():
        yield label, peer.image("GET", "ranges", f"blobs/{digest}", Range=value)
    yield "HEAD", peer.image("HEAD", "ranges", f"blobs/{digest}", Range="bytes=2-5")


def unknown_content(peer: Peer) -> Steps:
    """Blobs and manifests that are not there, by names that are valid and names that are not."""
    peer.put("known", "v1", peer.manifest("known", "1"))
    for method in ("GET", "HEAD"):
        yield f"{method} blob", peer.image(method, "known", f"blobs/{UNKNOWN}")
        yield f"{method} tag", peer.image(method, "known", "manifests/v2")
        yield f"{method} digest", peer.image(method, "known", f"manifests/{UNKNOWN}")
        yield f"{method} in no image", peer.image(method, "nowhere", "manifests/v1")
    yield "half a digest", peer.image("GET", "known", "blobs/sha256:12")
    yield "no digest", peer.image("GET", "known", "blobs/v1")
    yield "half a manifest digest", peer.image("GET", "known", "manifests/sha256:12")
    yield "tags of no image", peer.image("GET", "nowhere", "tags/list")
    yield "invalid name", peer.image("GET", "UPPER", "manifests/v1")


def manifest_of_oci(peer: Peer) -> Steps:
    """An OCI manifest, by tag and by digest."""
    content = peer.manifest("oci", "1")
    yield from _pushed_and_pulled(peer, "oci", content, MANIFEST)


def manifest_of_docker(peer: Peer) -> Steps:
    """A Docker schema 2 manifest, by tag and by digest."""
    document = json.loads(peer.manifest("docker", "1"))
    document["mediaType"] = DOCKER_MANIFEST
    document["config"]["mediaType"] = f"{DOCKER}.container.image.v1+json"
    document["layers"][0]["mediaType"] = f"{DOCKER}.image.rootfs.diff.tar.gzip"
    yield from _pushed_and_pulled(peer, "docker", json.dumps(document).encode(), DOCKER_MANIFEST)


def _pushed_and_pulled(peer: Peer, image: str, content: bytes, media_type: str) -> Steps:
    digest = digest_of(content)
    yield "PUT by tag", peer.put(image, "v1", content, media_type)
    yield "PUT again", peer.put(image, "v1", content, media_type)
    yield "PUT by digest", peer.put(image, digest, content, media_type)
    for target in ("v1", digest):
        for method in ("GET", "HEAD"):
            path = f"manifests/{target}"
            yield f"{method} {target[:6]}", peer.image(method, image, path, Accept=media_type)
    yield "any type", peer.image("GET", image, "manifests/v1", Accept="*/*")
    yield "no Accept", peer.image("GET", image, "manifests/v1")


def accepted_types(peer: Peer) -> Steps:
    """What is asked for is not what is there."""
    peer.put("accept", "oci", peer.manifest("accept", "1"))
    both = f"{DOCKER_MANIFEST}, {MANIFEST}"
    yield "both", peer.image("GET", "accept", "manifests/oci", Accept=both)
    yield "Docker alone", peer.image("GET", "accept", "manifests/oci", Accept=DOCKER_MANIFEST)


def index_of_oci(peer: Peer) -> Steps:
    """An OCI index over two manifests."""
    yield from _index(peer, "index", INDEX, MANIFEST)


def index_of_docker(peer: Peer) -> Steps:
    """A Docker manifest list over two manifests."""
    yield from _index(peer, "list", DOCKER_INDEX, MANIFEST)


def _index(peer: Peer, image: str, media_type: str, child_type: str) -> Steps:
    children = []
    for architecture in ("amd64", "arm64"):
        content = peer.manifest(image, architecture)
        peer.put(image, digest_of(content), content)
        platform = {"os": "linux", "architecture": architecture}
        children.append(_child(content, child_type, platform))
    document = {"schemaVersion": 2, "mediaType": media_type, "manifests": children}
    content = json.dumps(document).encode()
    yield "PUT", peer.put(image, "all", content, media_type)
    yield "GET", peer.image("GET", image, "manifests/all", Accept=f"{media_type}, {child_type}")
    child = children[1]["digest"]
    yield "child", peer.image("GET", image, f"manifests/{child}", Accept=child_type)
    missing = {**document, "manifests": [{**children[0], "digest": UNKNOWN}]}
    yield "missing child", peer.put(image, "bad", json.dumps(missing).encode(), media_type)


def _child(content: bytes, media_type: str, platform: Mapping[str, str]) -> dict[str, object]:
    found = {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}
    return {**found, "platform": platform}


def tag_moves(peer: Peer) -> Steps:
    """A tag that is pushed again points at the new manifest; the old one stays."""
    old, new = peer.manifest("moves", "old"), peer.manifest("moves", "new")
    peer.put("moves", "v1", old)
    yield "PUT", peer.put("moves", "v1", new)
    yield "by tag", peer.image("HEAD", "moves", "manifests/v1", Accept=MANIFEST)
    yield "old one", peer.image("HEAD", "moves", f"manifests/{digest_of(old)}", Accept=MANIFEST)


def tags_in_pages(peer: Peer) -> Steps:
    """All tags, and page by page by the Link header."""
    content = peer.manifest("tags", "1")
    for tag in ("v1", "a", "Z", "v10", "v2"):
        peer.put("tags", tag, content)
    yield "all", peer.image("GET", "tags", "tags/list")
    page = peer.image("GET", "tags", "tags/list?n=2")
    yield "first page", page
    yield "next page", peer.call("GET", _next(page))
    yield "after one", peer.image("GET", "tags", "tags/list?n=2&last=v10")
    yield "after none", peer.image("GET", "tags", "tags/list?last=zzz")
    yield "exactly all", peer.image("GET", "tags", "tags/list?n=5")
    yield "more than all", peer.image("GET", "tags", "tags/list?n=9")
    yield "none", peer.image("GET", "tags", "tags/list?n=0")
    yield "no number", peer.image("GET", "tags", "tags/list?n=two")
    yield "negative", peer.image("GET", "tags", "tags/list?n=-1")


def _next(answer: Answer) -> str:
    """The address of the next page; the same page again where none is told."""
    link = answer.headers.get("Link", "</v2/>")
    return link[link.index("<") + 1 : link.index(">")]


def deletion(peer: Peer) -> Steps:
    """A manifest by its digest, a tag, a blob."""
    content = peer.manifest("delete", "1")
    digest = digest_of(content)
    blob = json.loads(content)["layers"][0]["digest"]
    peer.put("delete", digest, content)
    yield "manifest", peer.image("DELETE", "delete", f"manifests/{digest}")
    yield "GET manifest", peer.image("GET", "delete", f"manifests/{digest}")
    yield "manifest again", peer.image("DELETE", "delete", f"manifests/{digest}")
    yield "blob", peer.image("DELETE", "delete", f"blobs/{blob}")
    yield "GET blob", peer.image("GET", "delete", f"blobs/{blob}")
    yield "unknown tag", peer.image("DELETE", "delete", "manifests/v9")


def deletion_under_a_tag(peer: Peer) -> Steps:
    """A manifest that a tag points at, and the tag."""
    content = peer.manifest("tagged", "1")
    peer.put("tagged", "v1", content)
    yield "manifest", peer.image("DELETE", "tagged", f"manifests/{digest_of(content)}")
    yield "tag", peer.image("DELETE", "tagged", "manifests/v1")
    yield "GET tag", peer.image("GET", "tagged", "manifests/v1")


def invalid_manifests(peer: Peer) -> Steps:
    """Manifests that are none, or that point at what is not there."""
    content = peer.manifest("invalid", "1")
    document = json.loads(content)
    bad = {
        "no JSON": b"{",
        "a list": b"[]",
        "nothing": b"",
        "schema 1": json.dumps({**document, "schemaVersion": 1}).encode(),
        "other type within": json.dumps({**document, "mediaType": INDEX}).encode(),
        "no config": json.dumps({**document, "config": None}).encode(),
        "missing layer": json.dumps(
            {**document, "layers": [{**document["layers"][0], "digest": UNKNOWN}]}
        ).encode(),
        "missing config": json.dumps(
            {**document, "config": {**document["config"], "digest": UNKNOWN}}
        ).encode(),
        "half a digest": json.dumps(
            {**document, "config": {**document["config"], "digest": "sha256:12"}}
        ).encode(),
    }
    for label, one in bad.items():
        yield label, peer.put("invalid", "v1", one)
    yield "other digest", peer.put("invalid", UNKNOWN, content)
    yield "other type", peer.put("invalid", "v1", content, "text/plain")
    yield "still nothing", peer.image("GET", "invalid", "manifests/v1")
    yield "tag with a space", peer.put("invalid", "v%201", content)
    yield "long tag", peer.put("invalid", 129 * "t", content)
    yield "dotted tag", peer.put("invalid", ".v1", content)


def big_manifests(peer: Peer) -> Steps:
    """Just small enough, and too big."""
    document = json.loads(peer.manifest("big", "1"))
    for label, size in (("4 MiB", 4 * 1024 * 1024), ("a byte more", 4 * 1024 * 1024 + 1)):
        bare = json.dumps({**document, "annotations": {"text": ""}})
        text = "x" * (size - len(bare))
        content = json.dumps({**document, "annotations": {"text": text}}).encode()
        assert len(content) == size
        yield label, peer.put("big", "v1", content)


def other_methods(peer: Peer) -> Steps:
    """Methods that a path does not have, and paths that are none."""
    content = peer.manifest("methods", "1")
    peer.put("methods", "v1", content)
    digest = digest_of(content)
    yield "POST manifest", peer.image("POST", "methods", "manifests/v1")
    yield "PUT tags", peer.image("PUT", "methods", "tags/list")
    yield "POST blob", peer.image("POST", "methods", f"blobs/{digest}")
    yield "GET uploads", peer.image("GET", "methods", "blobs/uploads/")
    yield "unknown path", peer.image("GET", "methods", "nothing/here")
    yield "catalog", peer.call("GET", "/v2/_catalog?n=1")


PULLING: tuple[Conversation, ...] = (
    ping,
    ranges,
    unknown_content,
    manifest_of_oci,
    manifest_of_docker,
    accepted_types,
    index_of_oci,
    index_of_docker,
    tag_moves,
    tags_in_pages,
    deletion,
    deletion_under_a_tag,
    invalid_manifests,
    big_manifests,
    other_methods,
)

__all__ = ["OCI", "PULLING"]
