"""Objects that are written: at once, with metadata beside them, and piece by piece."""

import json
from typing import Any

import pytest
import requests

from tests.emulator.storage.kit import BUCKET, STRANGER, Storage, said

UPLOAD = f"/upload/storage/v1/b/{BUCKET}/o"
KEY = "projects/demo-project/locations/us/keyRings/ring/cryptoKeys/key"
CONTENT = bytes(range(256)) * 2048


def multipart(storage: Storage, metadata: str, content: bytes, end: str) -> requests.Response:
    """Upload with metadata, the lines ending as told."""
    before = f'--"x"{end}Content-Type: application/json{end}{end}{metadata}{end}'
    between = f'--"x"{end}Content-Type: text/csv{end}{end}'
    body = before.encode() + between.encode() + content + f'{end}--"x"--{end}'.encode()
    body = body.replace(b'"x"', b"x")
    return storage(
        "POST",
        f"{UPLOAD}?uploadType=multipart",
        data=body,
        headers={"Content-Type": "multipart/related; boundary=x"},
    )


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("content", [b"a,b\n", b"", b"one\r", b"\r\n\r\n--y\n", bytes(range(256))])
def test_metadata_come_along_with_the_content(storage: Storage, end: str, content: bytes) -> None:
    """As Google's clients send them: each byte of the content is its own."""
    storage.bucket()
    told = {"name": "one.csv", "metadata": {"a": "b"}, "cacheControl": "no-store"}
    made = multipart(storage, json.dumps(told), content, end)
    assert made.status_code == 200, made.text
    assert made.json()["contentType"] == "text/csv"
    assert (made.json()["metadata"], made.json()["cacheControl"]) == ({"a": "b"}, "no-store")
    assert storage.get("one.csv", alt="media").content == content


@pytest.mark.parametrize("metadata", ["", "[]", "{", '{"name": 5}', "{}"])
def test_metadata_that_are_none_are_refused(storage: Storage, metadata: str) -> None:
    """Nothing is written."""
    storage.bucket()
    assert said(multipart(storage, metadata, b"one", "\r\n"))[0] == 400
    assert storage.names() == ([], [])


def test_metadata_cannot_break_the_headers_of_the_content(storage: Storage) -> None:
    """What holds line ends comes as one line; half of a letter is no part of a name."""
    storage.bucket(storageClass="NEARLINE")
    told = {"name": "a", "contentDisposition": "x\r\nSet-Cookie: a=b", "contentEncoding": "\x01"}
    made = multipart(storage, json.dumps(told), b"one", "\n")
    assert made.json()["storageClass"] == "NEARLINE"
    answer = storage.get("a", alt="media")
    assert answer.headers["Content-Disposition"] == "x Set-Cookie: a=b"
    assert "Set-Cookie" not in answer.headers
    assert said(multipart(storage, json.dumps({"name": "\ud800"}), b"one", "\n"))[0] == 400
    assert said(multipart(storage, '{"name": "b", "storageClass": "WARM"}', b"x", "\n"))[0] == 400


def begin(storage: Storage, name: str = "big", **metadata: Any) -> str:  # noqa: ANN401 - JSON
    """Begin a resumable upload; its address."""
    path = f"{UPLOAD}?uploadType=resumable&name={name}"
    headers = {"X-Upload-Content-Type": "application/x-big"}
    answer = storage("POST", path, json=metadata, headers=headers)
    assert (answer.status_code, answer.content) == (200, b""), answer.text
    return answer.headers["Location"]


def send(anybody: Storage, address: str, first: int, end: int, total: str) -> requests.Response:
    """Send a piece of the content."""
    told = f"bytes {first}-{end - 1}/{total}"
    piece = CONTENT[first:end]
    return anybody("PUT", address, data=piece, headers={"Content-Range": told})


def test_a_resumable_upload_goes_on_where_it_was(storage: Storage, anonymous: Storage) -> None:
    """Its address is enough; it tells what came so far, and what comes twice counts once."""
    storage.bucket()
    address, size = begin(storage, metadata={"a": "b"}), len(CONTENT)
    half = 256 * 1024
    assert send(anonymous, address, 0, half, "*").status_code == 308
    asked = anonymous("PUT", address, headers={"Content-Range": f"bytes */{size}"})
    assert (asked.status_code, asked.headers["Range"]) == (308, f"bytes=0-{half - 1}")
    assert storage.names() == ([], [])
    done = send(anonymous, address, half // 2, size, str(size))
    assert (done.status_code, done.json()["size"]) == (200, str(size))
    assert (done.json()["contentType"], done.json()["metadata"]) == (
        "application/x-big",
        {"a": "b"},
    )
    assert storage.get("big", alt="media").content == CONTENT
    assert said(send(anonymous, address, 0, size, str(size)))[0] == 404


def test_a_resumable_upload_of_one_piece(storage: Storage) -> None:
    """Without saying where it is; an empty one, too."""
    storage.bucket()
    assert storage("PUT", begin(storage), data=CONTENT).json()["size"] == str(len(CONTENT))
    nothing = storage("PUT", begin(storage, "none"), headers={"Content-Range": "bytes */0"})
    assert nothing.json()["size"] == "0"


def test_a_piece_that_begins_too_late_is_refused(storage: Storage) -> None:
    """What came before stays."""
    storage.bucket()
    address = begin(storage)
    send(storage, address, 0, 10, "*")
    refusal = said(send(storage, address, 20, 30, "30"))
    assert (refusal[0], "exceeds already uploaded size of 10 byte(s)" in refusal[2]) == (400, True)
    for header in ("bytes 1-", "items 0-1/2"):
        answer = storage("PUT", address, data=b"x", headers={"Content-Range": header})
        assert said(answer)[2] == "Failed to parse Content-Range header."
    assert send(storage, address, 10, 30, "30").json()["size"] == "30"


def test_a_resumable_upload_can_be_given_up(storage: Storage) -> None:
    """It cannot be gone on with."""
    storage.bucket()
    address = begin(storage)
    assert storage("DELETE", address).status_code == 499
    assert said(storage("PUT", address, data=b"x"))[0] == 404
    assert storage.names() == ([], [])


def test_whoever_lost_the_permission_meanwhile_writes_nothing(
    storage: Storage, stranger: Storage
) -> None:
    """It is looked at again when all has come."""
    storage.bucket()
    policy = f"/storage/v1/b/{BUCKET}/iam"
    before = storage("GET", policy).json()
    binding = {"role": "roles/storage.objectCreator", "members": [STRANGER]}
    storage("PUT", policy, json={"bindings": [*before["bindings"], binding]})
    address = begin(stranger)
    storage("PUT", policy, json={"bindings": before["bindings"]})
    assert said(stranger("PUT", address, data=b"x"))[0] == 403
    assert said(stranger("POST", f"{UPLOAD}?uploadType=resumable&name=a", json={}))[0] == 403
    assert storage.names() == ([], [])


def test_checksums_that_are_sent_have_to_fit(storage: Storage) -> None:
    """In the metadata or in a header; what does not fit is not kept."""
    storage.bucket()
    wrong = "AAAAAA=="
    answer = multipart(storage, json.dumps({"name": "a", "crc32c": wrong}), b"one", "\r\n")
    assert f'Provided CRC32C "{wrong}" doesn\'t match' in said(answer)[2]
    path = f"{UPLOAD}?uploadType=media&name=a"
    headers = {"X-Goog-Hash": f"crc32c={wrong}"}
    assert said(storage("POST", path, data=b"one", headers=headers))[0] == 400
    assert storage.names() == ([], [])
    right = storage.put("a").json()["crc32c"]
    headers = {"X-Goog-Hash": f"crc32c={right}"}
    assert storage("POST", path, data=b"one", headers=headers).status_code == 200


def test_a_key_is_the_objects_or_the_buckets(storage: Storage) -> None:
    """Told with its version; its name has to be one, nothing else of it is looked at."""
    storage.bucket(encryption={"defaultKmsKeyName": KEY})
    assert storage.put("one").json()["kmsKeyName"] == f"{KEY}/cryptoKeyVersions/1"
    other = KEY.replace("cryptoKeys/key", "cryptoKeys/other")
    assert storage.put("two", kmsKeyName=other).json()["kmsKeyName"].startswith(other)
    refusal = said(storage.put("three", kmsKeyName="key"))
    assert (refusal[0], refusal[2]) == (400, "Malformed Cloud KMS crypto key: key")


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ({}, {}, 400),
        ({"uploadType": "carrier-pigeon"}, {}, 400),
        ({"uploadType": "multipart"}, {"Content-Type": "text/plain"}, 400),
        ({"uploadType": "media", "predefinedAcl": "publicRead"}, {}, 501),
        ({"uploadType": "media"}, {"X-Goog-Encryption-Algorithm": "AES256"}, 501),
    ],
)
def test_uploads_that_are_none_are_refused(
    storage: Storage, query: dict[str, str], headers: dict[str, str], status: int
) -> None:
    """By what is wrong with them."""
    storage.bucket()
    answer = storage("POST", UPLOAD, params={"name": "a", **query}, data=b"one", headers=headers)
    assert said(answer)[0] == status
    assert storage.names() == ([], [])
