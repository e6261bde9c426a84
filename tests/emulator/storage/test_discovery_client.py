"""Cloud Storage with Google's client that is made from the discovery document."""

import io
import json
from typing import Any

import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseDownload, MediaIoBaseUpload

from tests.conftest import RunningEmulator
from tests.emulator.storage.kit import BUCKET, DOCUMENT

CONTENT = bytes(range(256)) * 4096


@pytest.fixture
def client(emulator: RunningEmulator) -> Any:  # noqa: ANN401 - made at run time
    """The client, at the emulator's own address."""
    document = json.loads(DOCUMENT.read_text())
    # Uploads go to the document's own root, whatever endpoint is asked for.
    document |= {"rootUrl": f"{emulator.http}/", "baseUrl": f"{emulator.http}/storage/v1/"}
    return build_from_document(document, credentials=Credentials(token=emulator.token()))


def test_the_discovery_client_stores_and_reads(client: Any) -> None:  # noqa: ANN401 - made at run time
    """In several pieces each way; what is not there raises."""
    client.buckets().insert(project="demo-project", body={"name": BUCKET}).execute()
    media = MediaIoBaseUpload(io.BytesIO(CONTENT), "a/b", chunksize=1 << 18, resumable=True)
    put = client.objects().insert(bucket=BUCKET, name="in/one", media_body=media)
    answer = None
    while answer is None:
        _, answer = put.next_chunk()
    assert (answer["size"], answer["contentType"]) == (str(len(CONTENT)), "a/b")
    small = MediaIoBaseUpload(io.BytesIO(b"two"), "text/plain")
    body = {"name": "in/two", "metadata": {"a": "b"}}
    made = client.objects().insert(bucket=BUCKET, body=body, media_body=small).execute()
    assert made["metadata"] == {"a": "b"}
    got = io.BytesIO()
    asked = client.objects().get_media(bucket=BUCKET, object="in/one")
    download, done = MediaIoBaseDownload(got, asked, chunksize=1 << 18), False
    while not done:
        _, done = download.next_chunk()
    assert got.getvalue() == CONTENT
    listed = client.objects().list(bucket=BUCKET, prefix="in/").execute()["items"]
    assert [one["name"] for one in listed] == ["in/one", "in/two"]
    client.objects().delete(bucket=BUCKET, object="in/two").execute()
    with pytest.raises(HttpError, match="No such object: orders-data/in/two"):
        client.objects().get(bucket=BUCKET, object="in/two").execute()
