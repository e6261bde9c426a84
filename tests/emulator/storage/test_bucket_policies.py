"""Policies of buckets, and whom they let read and write objects."""

from typing import Any

import pytest

from tests.conftest import RunningEmulator
from tests.emulator.storage.kit import BUCKET, STRANGER, Storage, said

POLICY = f"/storage/v1/b/{BUCKET}/iam"


def bind(storage: Storage, role: str, *members: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Add a binding by reading and writing."""
    policy = storage("GET", f"{POLICY}?optionsRequestedPolicyVersion=3").json()
    binding = {"role": f"roles/storage.{role}", "members": list(members), **more}
    policy["bindings"].append(binding)
    answer = storage("PUT", POLICY, json={**policy, "version": 3})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_new_bucket_is_for_those_who_have_its_project(storage: Storage) -> None:
    """By members that stand for the project's basic roles."""
    storage.bucket()
    policy = storage("GET", POLICY).json()
    assert policy["kind"] == "storage#policy"
    assert policy["resourceId"] == f"projects/_/buckets/{BUCKET}"
    owners = next(
        one["members"]
        for one in policy["bindings"]
        if one["role"] == "roles/storage.legacyBucketOwner"
    )
    assert owners == ["projectEditor:demo-project", "projectOwner:demo-project"]


def test_a_role_on_the_bucket_lets_read(storage: Storage, stranger: Storage) -> None:
    """One that is taken away lets nobody."""
    storage.bucket()
    storage.put("one")
    refusal = said(stranger.get("one"))
    assert refusal[:2] == (403, "forbidden")
    assert "ann@example.com does not have storage.objects.get access" in refusal[2]
    bind(storage, "objectViewer", STRANGER)
    assert stranger.get("one", alt="media").content == b"one"
    assert said(stranger.put("two"))[0] == 403
    policy = storage("GET", POLICY).json()
    policy["bindings"] = [one for one in policy["bindings"] if STRANGER not in one["members"]]
    storage("PUT", POLICY, json=policy)
    assert said(stranger.get("one"))[0] == 403


def test_whoever_may_create_may_not_overwrite(storage: Storage, stranger: Storage) -> None:
    """That takes the permission to delete."""
    storage.bucket()
    bind(storage, "objectCreator", STRANGER)
    assert stranger.put("one").status_code == 200
    refusal = said(stranger.put("one"))
    assert refusal[0] == 403
    assert "does not have storage.objects.delete access" in refusal[2]


def test_viewers_of_the_project_read(
    emulator: RunningEmulator, storage: Storage, stranger: Storage
) -> None:
    """Until they are no viewers any more; they do not write."""
    storage.bucket()
    storage.put("one")
    project = {"resource": "projects/demo-project", "member": STRANGER}
    emulator.admin("POST", "/grants", **project, role="roles/viewer")
    assert stranger.get("one", alt="media").content == b"one"
    assert said(stranger.put("two"))[0] == 403


def test_the_public_reads_what_is_public(storage: Storage, anonymous: Storage) -> None:
    """Without a token; what is not is refused to nobody in particular."""
    storage.bucket()
    storage.put("one")
    refusal = said(anonymous.get("one"))
    assert refusal[:2] == (401, "required")
    assert refusal[2].startswith("Anonymous caller does not have storage.objects.get access")
    bind(storage, "objectViewer", "allUsers")
    assert anonymous.get("one", alt="media").content == b"one"
    assert said(anonymous.put("two"))[0] == 401
    assert said(anonymous("GET", f"/storage/v1/b/{BUCKET}"))[0] == 401


def test_public_access_can_be_prevented(storage: Storage, anonymous: Storage) -> None:
    """Of what was public before, and for good."""
    storage.bucket()
    storage.put("one")
    bind(storage, "objectViewer", "allUsers")
    prevented = {"iamConfiguration": {"publicAccessPrevention": "enforced"}}
    storage("PATCH", f"/storage/v1/b/{BUCKET}", json=prevented)
    assert said(anonymous.get("one"))[0] == 401
    policy = storage("GET", POLICY).json()
    status, reason, message = said(storage("PUT", POLICY, json=policy))
    assert (status, reason) == (412, "conditionNotMet")
    assert "public access prevention is enforced" in message


def test_a_condition_can_be_about_names_of_objects(storage: Storage, stranger: Storage) -> None:
    """Cloud Storage tells the name of each."""
    storage.bucket()
    for name in ("in/one", "out/two"):
        storage.put(name)
    start = f"projects/_/buckets/{BUCKET}/objects/in/"
    expression = f'resource.name.startsWith("{start}")'
    bind(storage, "objectViewer", STRANGER, condition={"title": "in", "expression": expression})
    assert stranger.get("in/one", alt="media").content == b"one"
    assert said(stranger.get("out/two"))[0] == 403


def test_a_policy_that_changed_meanwhile_is_not_overwritten(storage: Storage) -> None:
    """The etag tells."""
    storage.bucket()
    before = storage("GET", POLICY).json()
    bind(storage, "objectViewer", STRANGER)
    assert said(storage("PUT", POLICY, json=before))[:2] == (412, "conditionNotMet")


@pytest.mark.parametrize(
    ("binding", "words"),
    [
        ({"role": "roles/run.invoker", "members": [STRANGER]}, "is not supported for this"),
        ({"role": "roles/storage.nothing", "members": [STRANGER]}, "does not exist in"),
        ({"role": "roles/storage.objectViewer", "members": ["ann"]}, "Invalid member: ann"),
        ({"role": "roles/storage.objectViewer", "members": ["projectOwner:none"]}, "Invalid mem"),
        ({"role": 5}, "Parse Error"),
    ],
)
def test_what_a_policy_cannot_hold_is_refused(
    storage: Storage, binding: dict[str, Any], words: str
) -> None:
    """The policy stays as it was."""
    storage.bucket()
    before = storage("GET", POLICY).json()
    status, _, message = said(storage("PUT", POLICY, json={"bindings": [binding]}))
    assert (status, words in message) == (400, True)
    assert storage("GET", POLICY).json() == before


def test_permissions_are_tested(storage: Storage, stranger: Storage) -> None:
    """For whoever asks."""
    storage.bucket()
    bind(storage, "objectViewer", STRANGER)
    asked = {"permissions": ["storage.objects.get", "storage.objects.create"]}
    told = stranger("GET", f"{POLICY}/testPermissions", params=asked).json()
    kind = "storage#testIamPermissionsResponse"
    assert told == {"kind": kind, "permissions": ["storage.objects.get"]}
