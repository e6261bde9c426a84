"""Buckets of Cloud Storage: made, read, listed, changed, deleted, and whose they are."""

from typing import Any

import pytest

from tests.conftest import RunningEmulator
from tests.emulator.storage.kit import BUCKET, STRANGER, Storage, said

ONE = f"/storage/v1/b/{BUCKET}"
KEY = "projects/demo-project/locations/us-central1/keyRings/ring/cryptoKeys/key"


def test_a_bucket_lives_until_it_is_deleted(storage: Storage) -> None:
    """What its owner did not say has Google's defaults."""
    made = storage.bucket()
    assert storage("GET", ONE).json() == made
    assert (made["kind"], made["id"], made["etag"]) == ("storage#bucket", BUCKET, "CAE=")
    assert (made["location"], made["locationType"]) == ("US", "multi-region")
    assert (made["storageClass"], made["metageneration"]) == ("STANDARD", "1")
    listed = storage("GET", "/storage/v1/b?project=demo-project").json()
    assert listed == {"kind": "storage#buckets", "items": [made]}
    gone = storage("DELETE", ONE)
    assert (gone.status_code, gone.content) == (204, b"")
    words = "The specified bucket does not exist."
    assert said(storage("GET", ONE)) == (404, "notFound", words)
    assert storage("GET", "/storage/v1/b?project=demo-project").json() == {
        "kind": "storage#buckets"
    }


def test_a_bucket_shows_what_was_asked_for(storage: Storage) -> None:
    """Its region, labels, key and access."""
    access = {"uniformBucketLevelAccess": {"enabled": True}}
    made = storage.bucket(
        location="us-central1",
        storageClass="NEARLINE",
        labels={"team": "orders"},
        encryption={"defaultKmsKeyName": KEY},
        iamConfiguration=access,
    )
    assert (made["location"], made["locationType"]) == ("US-CENTRAL1", "region")
    assert (made["storageClass"], made["labels"]) == ("NEARLINE", {"team": "orders"})
    assert made["encryption"] == {"defaultKmsKeyName": KEY}
    assert made["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"] is True


def test_a_patch_changes_what_it_names(storage: Storage) -> None:
    """Null takes away; each change counts; what was read may be sent as it is (gcloud does)."""
    storage.bucket(location="us-central1", labels={"team": "orders", "env": "prod"})
    changed = storage("PATCH", ONE, json={"labels": {"env": None, "tier": "1"}}).json()
    assert changed["labels"] == {"team": "orders", "tier": "1"}
    assert (changed["metageneration"], changed["etag"]) == ("2", "CAI=")
    again = storage("PATCH", ONE, json=changed).json()
    assert {**again, "updated": ""} == {
        **changed,
        "updated": "",
        "metageneration": "3",
        "etag": "CAM=",
    }
    storage("PATCH", ONE, json={"metageneration": "1"})
    stale = storage("PATCH", f"{ONE}?ifMetagenerationMatch=1", json={"labels": None})
    assert said(stale)[:2] == (412, "conditionNotMet")
    assert storage("GET", f"{ONE}?ifMetagenerationNotMatch=4").status_code == 304


def test_a_name_is_used_once_in_the_world(
    emulator: RunningEmulator, storage: Storage, stranger: Storage
) -> None:
    """Whoever has it is told so, and others that it is not available."""
    storage.bucket()
    path = "/storage/v1/b?project=demo-project"
    again = said(storage("POST", path, json={"name": BUCKET}))
    assert again[:2] == (409, "conflict")
    assert again[2].endswith("and you already own it.")
    emulator.admin("POST", "/projects", projectId="their-project")
    grant = {"resource": "projects/their-project", "member": STRANGER, "role": "roles/owner"}
    emulator.admin("POST", "/grants", **grant)
    theirs = said(stranger("POST", "/storage/v1/b?project=their-project", json={"name": BUCKET}))
    assert theirs[2].startswith("The requested bucket name is not available.")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "Orders"}, "Invalid bucket name: 'Orders'"),
        ({"name": "ab"}, "Invalid bucket name: 'ab'"),
        ({"name": "a" * 64}, "Invalid bucket name: '"),
        ({"name": "10.0.0.1"}, "Invalid bucket name: '10.0.0.1'"),
        ({"name": "goog-orders"}, "Invalid bucket name: 'goog-orders'"),
        ({"name": "a..b"}, "Invalid bucket name: 'a..b'"),
        ({}, "Required"),
        ({"name": "abc", "location": "the moon"}, "location constraint is not valid"),
        ({"name": "abc", "storageClass": "WARM"}, "Invalid storage class: WARM"),
        ({"name": "abc", "encryption": {"defaultKmsKeyName": "key"}}, "Malformed Cloud KMS"),
        ({"name": "abc", "labels": {"a": 1}}, "Parse Error"),
        ({"name": "abc", "labels": "a"}, "Parse Error"),
        ({"name": "abc", "iamConfiguration": {"uniformBucketLevelAccess": "x"}}, "Parse Error"),
        ({"name": "abc", "iamConfiguration": {"publicAccessPrevention": []}}, "Invalid value"),
        ({"name": "abc", "softDeletePolicy": {"retentionDurationSeconds": []}}, "Invalid value"),
    ],
)
def test_what_a_bucket_cannot_be_is_refused(
    storage: Storage, fields: dict[str, Any], words: str
) -> None:
    """Each rule by itself; nothing is made."""
    answer = storage("POST", "/storage/v1/b?project=demo-project", json=fields)
    assert said(answer)[0] == 400
    assert words in answer.json()["error"]["message"]
    assert "items" not in storage("GET", "/storage/v1/b?project=demo-project").json()


@pytest.mark.parametrize(
    "fields",
    [
        {"versioning": {"enabled": True}},
        {"lifecycle": {"rule": [{"action": {"type": "Delete"}}]}},
        {"retentionPolicy": {"retentionPeriod": "1"}},
        {"unheardOf": 1},
    ],
)
def test_what_would_be_kept_for_nothing_is_refused_by_name(
    storage: Storage, fields: dict[str, Any]
) -> None:
    """Nobody takes it for done."""
    answer = storage("POST", "/storage/v1/b?project=demo-project", json={"name": "abc", **fields})
    assert said(answer)[:2] == (501, "notImplemented")
    assert next(iter(fields)) in answer.json()["error"]["message"]


def test_buckets_are_for_those_who_may(stranger: Storage, storage: Storage) -> None:
    """The words name who, the permission and what kind of thing it is."""
    storage.bucket()
    words = (
        "ann@example.com does not have {0} access to the Google Cloud {1}. Permission '{0}' denied "
        "on resource (or it may not exist)."
    )
    for method, path, permission, kind in (
        ("GET", "/storage/v1/b?project=demo-project", "storage.buckets.list", "project"),
        ("GET", "/storage/v1/b?project=nowhere", "storage.buckets.list", "project"),
        ("POST", "/storage/v1/b?project=demo-project", "storage.buckets.create", "project"),
        ("GET", ONE, "storage.buckets.get", "Storage bucket"),
        ("PATCH", ONE, "storage.buckets.update", "Storage bucket"),
        ("DELETE", ONE, "storage.buckets.delete", "Storage bucket"),
        ("GET", f"{ONE}/iam", "storage.buckets.getIamPolicy", "Storage bucket"),
        ("PUT", f"{ONE}/iam", "storage.buckets.setIamPolicy", "Storage bucket"),
        ("GET", f"{ONE}/o", "storage.objects.list", "Storage bucket"),
    ):
        expected = (403, "forbidden", words.format(permission, kind))
        assert said(stranger(method, path, json={"name": "abc"})) == expected


def test_a_bucket_with_objects_is_not_deleted(storage: Storage) -> None:
    """Until it is empty."""
    storage.bucket()
    storage.put("one")
    words = "The bucket you tried to delete is not empty."
    assert said(storage("DELETE", ONE)) == (409, "conflict", words)
    storage("DELETE", f"{ONE}/o/one")
    assert storage("DELETE", ONE).status_code == 204


def test_the_projects_agent_is_told(storage: Storage) -> None:
    """It is whom a key of one's own is to be granted to."""
    told = storage("GET", "/storage/v1/projects/demo-project/serviceAccount").json()
    assert told["email_address"].endswith("@gs-project-accounts.iam.gserviceaccount.com")
