"""`gcloud workflows`: deployed, executed, followed, cancelled, and refused where it cannot run."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.gcloud.conftest import Gcloud

WHERE = "--location=us-central1"
SOURCE = """
main:
  params: [args]
  steps:
    - rest:
        call: sys.sleep
        args:
          seconds: ${args.seconds}
    - done:
        return: ${"hello " + args.name}
"""


def test_gcloud_follows_and_cancels_executions(local_gcloud: "Gcloud", tmp_path: Path) -> None:
    """`run` waits for the result, `execute` does not; what was begun is found again."""
    source = tmp_path / "greeting.yaml"
    source.write_text(SOURCE)
    local_gcloud.told(f"workflows deploy greeting {WHERE} --source={source}")
    data = json.dumps({"name": "ann", "seconds": 0}, separators=(",", ":"))
    done = local_gcloud.json(f"workflows run greeting {WHERE} --data={data}")
    assert (done["state"], done["result"]) == ("SUCCEEDED", '"hello ann"')
    assert done["argument"] == data

    slow = data.replace("0", "600")
    begun = local_gcloud.json(f"workflows execute greeting {WHERE} --data={slow} --labels=a=b")
    one = f"{begun['name'].rpartition('/')[2]} --workflow=greeting {WHERE}"
    local_gcloud.told(f"workflows executions cancel {one}")
    shown = local_gcloud.json(f"workflows executions describe {one}")
    assert (shown["state"], shown["labels"]) == ("CANCELLED", {"a": "b"})
    assert shown["status"]["currentSteps"] == [{"routine": "main", "step": "rest"}]
    waited = local_gcloud.json(f"workflows executions wait {one}")
    assert waited == shown
    listed = local_gcloud.json(f"workflows executions list greeting {WHERE}")
    assert [one["state"] for one in listed] == ["CANCELLED", "SUCCEEDED"]


def test_gcloud_tells_why_a_source_is_refused(local_gcloud: "Gcloud", tmp_path: Path) -> None:
    """By the name of what there is not, in the form that gcloud has for it."""
    source = tmp_path / "broken.yaml"
    source.write_text("- land:\n    call: googleapis.moon.v1.land\n")
    said = local_gcloud.refused(f"workflows deploy broken {WHERE} --source={source}")
    assert "(gcloud.workflows.deploy) [INVALID_ARGUMENT] failed to build: " in said
    assert "googleapis.moon.v1.land" in said
