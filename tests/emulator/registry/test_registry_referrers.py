"""What docker-registry has not: referrers by the specification, and mounts that policies forbid."""

import json
from typing import TYPE_CHECKING

import pytest

from tests.emulator.registry.conftest import PROJECT, peer_of
from tests.emulator.registry.talk import INDEX, MANIFEST, OCI, Peer, digest_of

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator

SBOM, SIGNATURE = "application/spdx+json", "application/vnd.example.signature"


def _attach(peer: Peer, image: str, subject: str, kind: str, **more: object) -> str:
    """Attach a manifest to a digest; its own digest."""
    target = {"mediaType": MANIFEST, "digest": subject, "size": 7}
    content = peer.manifest(image, kind, artifactType=kind, subject=target, **more)
    answer = peer.put(image, digest_of(content), content)
    assert (answer.status, answer.headers["OCI-Subject"]) == (201, subject)
    return digest_of(content)


def _referrers(peer: Peer, image: str, digest: str, query: str = "") -> list[dict[str, object]]:
    answer = peer.image("GET", image, f"referrers/{digest}{query}")
    assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (200, INDEX)
    document = answer.json
    assert (document["schemaVersion"], document["mediaType"]) == (2, INDEX)
    found: list[dict[str, object]] = document["manifests"]
    return found


def test_what_is_attached_to_a_manifest_is_listed(subject: Peer) -> None:
    """As an index of descriptors with the artifact's type and annotations."""
    content = subject.manifest("signed", "1")
    subject.put("signed", "v1", content)
    digest = digest_of(content)
    attached = _attach(subject, "signed", digest, SBOM, annotations={"org.example.tool": "x"})
    (found,) = _referrers(subject, "signed", digest)
    stored = subject.image("GET", "signed", f"manifests/{attached}")
    assert found == {
        "mediaType": MANIFEST,
        "digest": attached,
        "size": len(stored.body),
        "artifactType": SBOM,
        "annotations": {"org.example.tool": "x"},
    }


def test_referrers_are_filtered_by_type(subject: Peer) -> None:
    """And the answer says that it did."""
    content = subject.manifest("filtered", "1")
    subject.put("filtered", "v1", content)
    digest = digest_of(content)
    sbom = _attach(subject, "filtered", digest, SBOM)
    _attach(subject, "filtered", digest, SIGNATURE)
    assert len(_referrers(subject, "filtered", digest)) == 2
    query = f"?artifactType={SBOM.replace('+', '%2B')}"
    (found,) = _referrers(subject, "filtered", digest, query)
    assert found["digest"] == sbom
    answer = subject.image("GET", "filtered", f"referrers/{digest}{query}")
    assert answer.headers["OCI-Filters-Applied"] == "artifactType"
    assert _referrers(subject, "filtered", digest, "?artifactType=none") == []


def test_a_referrer_may_come_before_what_it_is_attached_to(subject: Peer) -> None:
    """The subject need not be there; where nothing is attached the list is empty."""
    nobody = digest_of(b"not pushed")
    assert _referrers(subject, "early", nobody) == []
    attached = _attach(subject, "early", nobody, SIGNATURE)
    assert [one["digest"] for one in _referrers(subject, "early", nobody)] == [attached]


def test_a_referrer_without_a_type_has_that_of_its_config(subject: Peer) -> None:
    """So says the specification of manifests from before 1.1."""
    target = {"mediaType": MANIFEST, "digest": digest_of(b"old"), "size": 7}
    content = subject.manifest("old", "1", subject=target)
    subject.put("old", digest_of(content), content)
    (found,) = _referrers(subject, "old", digest_of(b"old"))
    assert found["artifactType"] == f"{OCI}.config.v1+json"


def test_an_index_can_be_attached(subject: Peer) -> None:
    """An index may have a subject too."""
    target = {"mediaType": MANIFEST, "digest": digest_of(b"indexed"), "size": 7}
    document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "subject": target}
    content = json.dumps({**document, "artifactType": SIGNATURE}).encode()
    assert subject.put("indexes", digest_of(content), content, INDEX).status == 201
    (found,) = _referrers(subject, "indexes", digest_of(b"indexed"))
    assert (found["mediaType"], found["artifactType"]) == (INDEX, SIGNATURE)


def test_a_deleted_referrer_is_no_longer_listed(subject: Peer) -> None:
    """Only what is there is attached."""
    attached = _attach(subject, "deleted", digest_of(b"subject"), SBOM)
    assert subject.image("DELETE", "deleted", f"manifests/{attached}").status == 202
    assert _referrers(subject, "deleted", digest_of(b"subject")) == []


def test_a_referrers_digest_must_be_one(subject: Peer) -> None:
    """Anything else is 400."""
    answer = subject.image("GET", "signed", "referrers/v1")
    assert answer.outcome == "400 DIGEST_INVALID"


@pytest.mark.parametrize("granted", [False, True])
def test_a_blob_is_mounted_only_from_where_the_caller_may_read(
    judged_emulator: "RunningEmulator", subject: Peer, granted: bool
) -> None:
    """Who may not read the source gets an upload, as if the blob were not there."""
    writer = f"user:writer-{granted}@example.com".lower()
    repository = f"projects/{PROJECT}/locations/asia-east1/repositories"
    grants = [("two", "roles/artifactregistry.writer")]
    grants += [("one", "roles/artifactregistry.reader")] if granted else []
    for name, role in grants:
        resource = f"{repository}/{name}"
        judged_emulator.admin("POST", "/grants", resource=resource, member=writer, role=role)
    digest = subject.push_blob("secret", f"secret {granted}".encode())["digest"]
    peer = peer_of(judged_emulator, writer)
    path = f"/v2/{peer.name('copy', 'two')}/blobs/uploads/"
    answer = peer.call("POST", f"{path}?mount={digest}&from={peer.name('secret')}")
    assert answer.status == (201 if granted else 202)
    found = peer.call("HEAD", f"/v2/{peer.name('copy', 'two')}/blobs/{digest}")
    assert found.status == (200 if granted else 404)
