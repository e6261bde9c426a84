"""Objects that are copied within Cloud Storage."""

import pytest

from tests.emulator.storage.kit import BUCKET, STRANGER, Storage, said

SOURCE = f"/storage/v1/b/{BUCKET}/o/in%2Fone"
OTHER = "orders-copies"
KEY = "projects/demo-project/locations/us/keyRings/ring/cryptoKeys/key"


@pytest.fixture
def filled(storage: Storage) -> Storage:
    """Two buckets, and an object in one of them."""
    storage.bucket()
    storage.bucket(OTHER)
    storage.put("in/one")
    storage("PATCH", SOURCE, json={"metadata": {"a": "b"}})
    return storage


def test_a_copy_has_what_its_source_has(filled: Storage) -> None:
    """Unless the copy is given metadata of its own; a rewrite is done in one."""
    made = filled("POST", f"{SOURCE}/copyTo/b/{OTHER}/o/out%2Fone").json()
    assert (made["bucket"], made["name"]) == (OTHER, "out/one")
    assert (made["contentType"], made["metadata"]) == ("text/plain", {"a": "b"})
    own = {"contentType": "text/csv"}
    query = f"destinationKmsKeyName={KEY}"
    done = filled("POST", f"{SOURCE}/rewriteTo/b/{OTHER}/o/two?{query}", json=own).json()
    assert (done["kind"], done["done"], done["objectSize"]) == (
        "storage#rewriteResponse",
        True,
        "3",
    )
    made = done["resource"]
    assert (made["contentType"], "metadata" in made) == ("text/csv", False)
    assert made["kmsKeyName"].startswith(KEY)
    assert filled("GET", f"/storage/v1/b/{OTHER}/o/two?alt=media").content == b"one"
    assert filled.get("in/one", alt="media").content == b"one"


def test_conditions_are_about_source_and_copy(filled: Storage) -> None:
    """Each by names of its own."""
    generation = filled.get("in/one").json()["generation"]
    path = f"{SOURCE}/rewriteTo/b/{BUCKET}/o/two"
    assert said(filled("POST", f"{path}?ifSourceGenerationMatch=1"))[0] == 412
    assert said(filled("POST", f"{path}?sourceGeneration=1"))[0] == 404
    right = f"{path}?ifSourceGenerationMatch={generation}&ifGenerationMatch=0"
    assert filled("POST", right).status_code == 200
    assert said(filled("POST", right))[0] == 412
    missing = f"/storage/v1/b/{BUCKET}/o/none/copyTo/b/{OTHER}/o/one"
    assert said(filled("POST", missing))[2] == f"No such object: {BUCKET}/none"


def test_whoever_copies_may_read_the_one_and_write_the_other(
    filled: Storage, stranger: Storage
) -> None:
    """Nothing is copied otherwise."""
    path = f"{SOURCE}/copyTo/b/{OTHER}/o/one"
    for bucket, role, missing in (
        (BUCKET, "objectViewer", "storage.objects.get"),
        (OTHER, "objectCreator", "storage.objects.create"),
    ):
        refusal = said(stranger("POST", path))
        assert (refusal[0], missing in refusal[2]) == (403, True)
        policy = filled("GET", f"/storage/v1/b/{bucket}/iam").json()
        policy["bindings"].append({"role": f"roles/storage.{role}", "members": [STRANGER]})
        filled("PUT", f"/storage/v1/b/{bucket}/iam", json=policy)
    assert stranger("POST", path).status_code == 200
