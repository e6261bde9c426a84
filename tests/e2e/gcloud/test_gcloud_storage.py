"""`gcloud storage` on the emulator's Cloud Storage: buckets, and objects there and back."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.gcloud.conftest import Gcloud

BUCKET = "gs://gcloud-orders"


def test_gcloud_stores_and_reads_objects(local_gcloud: "Gcloud", tmp_path: Path) -> None:
    """A small one and one that goes piece by piece, checked by its checksum on the way back."""
    small, large = tmp_path / "small.txt", tmp_path / "large.bin"
    small.write_text("one\n")
    large.write_bytes(bytes(range(256)) * 4_000)
    local_gcloud.told(f"storage buckets create {BUCKET} --location=us-central1")
    in_pieces = local_gcloud.having(CLOUDSDK_STORAGE_RESUMABLE_THRESHOLD="64Ki")
    in_pieces.told(f"storage cp {small} {large} {BUCKET}/in/")
    assert local_gcloud(f"storage cat {BUCKET}/in/small.txt") == "one\n"
    listed = local_gcloud(f"storage ls -r {BUCKET}").split()
    assert {f"{BUCKET}/in/small.txt", f"{BUCKET}/in/large.bin"} <= set(listed)
    local_gcloud.told(f"storage cp {BUCKET}/in/large.bin {tmp_path}/back.bin")
    assert (tmp_path / "back.bin").read_bytes() == large.read_bytes()
    local_gcloud.told(f"storage rm -r {BUCKET}")
