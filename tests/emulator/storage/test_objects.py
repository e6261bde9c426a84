"""Objects of Cloud Storage: read, in part, under conditions, listed, changed and deleted."""

import base64
import hashlib
import json
from functools import cache
from typing import Any

import pytest

from tests.conftest import Clients
from tests.emulator.callers.kit import grant, make_caller
from tests.emulator.storage.kit import BUCKET, DOCUMENT, Storage, said

OBJECTS = f"/storage/v1/b/{BUCKET}/o"
NAMES = ["a b", "a/b/c.txt", "é.txt", "100%", "?#&+", "..a", "a//b", "日本", "a%2Fb", "'\"", "~*"]
TREE = ["a.txt", "in/one.txt", "in/two.csv", "in/deep/three.txt", "out/four.txt"]


@pytest.fixture
def filled(storage: Storage) -> Storage:
    """A bucket with a small tree of objects."""
    storage.bucket()
    for name in TREE:
        storage.put(name)
    return storage


def test_an_object_tells_what_it_is(storage: Storage) -> None:
    """With checksums that anybody can compute, and an address that gives its content."""
    storage.bucket()
    made = storage.put("a/b.txt", b"123456789").json()
    assert (made["kind"], made["name"], made["bucket"]) == ("storage#object", "a/b.txt", BUCKET)
    assert (made["size"], made["contentType"]) == ("9", "text/plain")
    assert made["md5Hash"] == base64.b64encode(hashlib.md5(b"123456789").digest()).decode()  # noqa: S324 - Cloud Storage's
    assert base64.b64decode(made["crc32c"]).hex() == "e3069283"  # the value that RFC 3720 tests by
    assert made["id"] == f"{BUCKET}/a/b.txt/{made['generation']}"
    assert storage.get("a/b.txt").json() == made
    assert storage("GET", made["mediaLink"]).content == b"123456789"


@pytest.mark.parametrize("name", NAMES)
def test_names_are_what_they_are(storage: Storage, name: str) -> None:
    """Whatever they hold, in addresses and in lists."""
    storage.bucket()
    assert storage.put(name).json()["name"] == name
    assert storage.get(name, alt="media").content == b"one"
    assert storage.names() == ([name], [])


@pytest.mark.parametrize("name", ["", ".", "..", "a\nb", "a" * 1025, ".well-known/acme-challenge/"])
def test_names_that_cannot_be_are_refused(storage: Storage, name: str) -> None:
    """Nothing is written."""
    storage.bucket()
    assert said(storage.put(name))[0] == 400
    assert storage.names() == ([], [])


@pytest.mark.parametrize(
    ("asked", "got", "told"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=0-", b"0123456789", "bytes 0-9/10"),
        ("bytes=8-", b"89", "bytes 8-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=5-100", b"56789", "bytes 5-9/10"),
    ],
)
def test_a_part_can_be_read(storage: Storage, asked: str, got: bytes, told: str) -> None:
    """As HTTP has it; the whole content's checksum comes along."""
    storage.bucket()
    whole = storage.put("ten", b"0123456789").json()
    path = f"/download{OBJECTS}/ten?alt=media"
    part = storage("GET", path, headers={"Range": asked})
    assert (part.status_code, part.content) == (206, got)
    assert part.headers["Content-Range"] == told
    assert f"crc32c={whole['crc32c']}" in part.headers["X-Goog-Hash"]
    beyond = storage("GET", path, headers={"Range": "bytes=10-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, "bytes */10")


def test_what_is_not_there_is_told(storage: Storage) -> None:
    """In JSON, and in plain text to whoever wants the content."""
    storage.bucket()
    words = f"No such object: {BUCKET}/none"
    assert said(storage.get("none")) == (404, "notFound", words)
    content = storage.get("none", alt="media")
    assert (content.status_code, content.text) == (404, words)
    assert said(storage("DELETE", f"{OBJECTS}/none"))[0] == 404
    words = "The specified bucket does not exist."
    assert said(storage("GET", "/storage/v1/b/none/o/none")) == (404, "notFound", words)


def test_generations_tell_one_content_from_the_next(storage: Storage) -> None:
    """Conditions hold, or 412; one that must not be there is generation 0."""
    storage.bucket()
    first = storage.put("one", ifGenerationMatch="0").json()
    words = "At least one of the pre-conditions you specified did not hold."
    assert said(storage.put("one", ifGenerationMatch="0")) == (412, "conditionNotMet", words)
    second = storage.put("one", b"two", ifGenerationMatch=first["generation"]).json()
    assert int(second["generation"]) > int(first["generation"])
    assert said(storage.get("one", generation=first["generation"]))[0] == 404
    assert storage.get("one", ifGenerationNotMatch=second["generation"]).status_code == 304
    assert said(storage.get("one", ifMetagenerationMatch="2"))[0] == 412
    stale = {"ifGenerationMatch": first["generation"]}
    assert said(storage("DELETE", f"{OBJECTS}/one", params=stale))[0] == 412
    assert said(storage.put("one", ifGenerationMatch="x"))[:2] == (400, "invalid")
    assert storage.get("one", alt="media").content == b"two"


def test_metadata_are_changed_without_the_content(storage: Storage) -> None:
    """Null takes away; the content's generation stays."""
    storage.bucket()
    made = storage.put("one").json()
    sent = {"contentType": "text/csv", "metadata": {"a": "1", "b": "2"}}
    changed = storage("PATCH", f"{OBJECTS}/one", json=sent).json()
    assert (changed["metageneration"], changed["generation"]) == ("2", made["generation"])
    changed = storage("PATCH", f"{OBJECTS}/one", json={"metadata": {"a": None}}).json()
    assert (changed["contentType"], changed["metadata"]) == ("text/csv", {"b": "2"})
    answer = storage.get("one", alt="media")
    assert (answer.headers["Content-Type"], answer.headers["X-Goog-Metageneration"]) == (
        "text/csv",
        "3",
    )


@pytest.mark.parametrize(
    ("query", "names", "prefixes"),
    [
        ({}, TREE, []),
        ({"prefix": "in/"}, ["in/one.txt", "in/two.csv", "in/deep/three.txt"], []),
        ({"delimiter": "/"}, ["a.txt"], ["in/", "out/"]),
        ({"delimiter": "/", "prefix": "in/"}, ["in/one.txt", "in/two.csv"], ["in/deep/"]),
        ({"startOffset": "in/one", "endOffset": "out"}, ["in/one.txt", "in/two.csv"], []),
        ({"matchGlob": "**.txt"}, [one for one in TREE if one.endswith(".txt")], []),
        ({"matchGlob": "in/*.{txt,csv}"}, ["in/one.txt", "in/two.csv"], []),
    ],
)
def test_a_list_tells_what_is_asked_for(
    filled: Storage, query: dict[str, str], names: list[str], prefixes: list[str]
) -> None:
    """By beginnings, up to a delimiter, between two names, by a pattern."""
    assert filled.names(**query) == (sorted(names), prefixes)


def test_a_list_comes_in_pages(filled: Storage) -> None:
    """Prefixes count among the entries; what is no token of it is refused."""
    found: list[str] = []
    token, pages = "", 0
    while pages == 0 or token:
        query = {"maxResults": "2", "delimiter": "/", **({"pageToken": token} if token else {})}
        told = filled("GET", OBJECTS, params=query).json()
        found += [one["name"] for one in told.get("items", [])] + told.get("prefixes", [])
        token, pages = told.get("nextPageToken", ""), pages + 1
    assert (found, pages) == (["a.txt", "in/", "out/"], 2)
    assert said(filled("GET", OBJECTS, params={"pageToken": "none"}))[0] == 400


def test_an_object_is_gone_once_it_is_deleted(filled: Storage) -> None:
    """Its name can be had again."""
    assert filled("DELETE", f"{OBJECTS}/a.txt").status_code == 204
    assert filled.names(delimiter="/") == ([], ["in/", "out/"])
    assert filled.put("a.txt").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/storage/v1/b/{BUCKET}/acl"),
        ("POST", f"{OBJECTS}/one/compose"),
        ("PUT", f"{OBJECTS}/one"),
        ("POST", "/batch/storage/v1"),
    ],
)
def test_what_is_not_offered_says_so(storage: Storage, method: str, path: str) -> None:
    """By method and path."""
    storage.bucket()
    assert said(storage(method, path))[:2] == (501, "notImplemented")


def test_requests_are_recorded(filled: Storage) -> None:
    """Like those of every other API: by whom, about what, and how they ended."""
    filled.get("none")
    last = filled.emulator.requests()[-1]
    assert last["method"] == "google.storage.v1.Objects/GetObject"
    assert last["resource"] == f"projects/_/buckets/{BUCKET}/objects/none"
    assert (last["status"], last["write"]) == ("NOT_FOUND", False)


def test_a_token_that_is_none_is_refused(storage: Storage) -> None:
    """In Cloud Storage's form; a fault can be made to happen, too."""
    sent = {"Authorization": "Bearer none"}
    answer = Storage(storage.emulator, "")("GET", "/storage/v1/b/none", headers=sent)
    assert said(answer) == (401, "authError", "Invalid Credentials")
    fault = {"method": "*/GetBucket", "code": "UNAVAILABLE", "message": "later"}
    storage.emulator.admin("POST", "/faults", **fault)
    assert said(storage("GET", "/storage/v1/b/none")) == (503, "backendError", "later")
    storage.emulator.admin("DELETE", "/faults")


def test_a_token_reads_and_writes_what_its_scopes_hold(
    storage: Storage, grpc_clients: Clients
) -> None:
    """One for reading does not write, whoever has it."""
    storage.bucket()
    email = make_caller(grpc_clients)
    grant(storage.emulator, "storage.admin", to=f"serviceAccount:{email}")
    request = {
        "name": f"projects/-/serviceAccounts/{email}",
        "scope": ["https://www.googleapis.com/auth/devstorage.read_only"],
    }
    token = grpc_clients.credentials.generate_access_token(request=request).access_token
    theirs, sent = Storage(storage.emulator, ""), {"Authorization": f"Bearer {token}"}
    assert theirs("GET", f"/storage/v1/b/{BUCKET}", headers=sent).status_code == 200
    refusal = said(theirs("DELETE", f"/storage/v1/b/{BUCKET}", headers=sent))
    assert refusal == (403, "forbidden", "Provided scope(s) are not authorized")


@cache
def _schemas() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(DOCUMENT.read_text())["schemas"]
    return told


def unknown(value: Any, schema: dict[str, Any]) -> list[str]:  # noqa: ANN401 - JSON
    """The fields of an answer that Google's discovery document does not have."""
    schema = _schemas()[schema["$ref"]] if "$ref" in schema else schema
    if isinstance(value, list):
        return [one for item in value for one in unknown(item, schema["items"])]
    known = schema.get("properties")
    if not isinstance(value, dict) or known is None:
        return []
    strange = [key for key in value if key not in known]
    return strange + [
        one for key in value if key in known for one in unknown(value[key], known[key])
    ]


def test_answers_have_the_fields_of_googles_document(filled: Storage) -> None:
    """Nothing is told that Cloud Storage does not know."""
    bucket = f"/storage/v1/b/{BUCKET}"
    for path, schema in (
        (bucket, "Bucket"),
        ("/storage/v1/b?project=demo-project", "Buckets"),
        (f"{bucket}/iam", "Policy"),
        (f"{bucket}/storageLayout", "BucketStorageLayout"),
        (f"{OBJECTS}?delimiter=/", "Objects"),
        (f"{OBJECTS}/a.txt", "Object"),
        ("/storage/v1/projects/demo-project/serviceAccount", "ServiceAccount"),
    ):
        assert unknown(filled("GET", path).json(), {"$ref": schema}) == [], path
