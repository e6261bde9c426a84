"""What `workflow render` prints is deployed as it stands, and does what it says."""

import json
from typing import TYPE_CHECKING

import pytest

from tests.emulator.callers.kit import grant
from tests.emulator.functions.workbench import deploy, deploy_first
from tests.emulator.storage.kit import BUCKET, Storage

if TYPE_CHECKING:
    from tests.functional.workflows.conftest import Bench

KEY = "projects/demo-project/locations/asia-east1/keyRings/ring/cryptoKeys/data"


def rendered(bench: "Bench", *words: str) -> str:
    """What the command prints."""
    done = bench.provision("workflow", "render", *words)
    assert done.code == 0, done.err
    return done.out


@pytest.mark.parametrize("generation", [1, 2])
def test_a_function_of_either_generation_answers(bench: "Bench", generation: int) -> None:
    """By its root URL, once its account has the role of that generation, on what asks for it."""
    if generation == 1:
        deploy_first(bench.clients)
    else:
        deploy(bench.clients)
    target = ("function/Old_one" if generation == 1 else "function/hello", "--region=us-central1")
    source = rendered(bench, *target, "--path", "/a/b", "--json")
    args = json.loads(source)["main"]["steps"][0]["call_service"]["args"]
    assert args["url"] == f"{args['auth']['audience']}/a/b"
    bench.deploy(source)
    assert bench.execute().failure is not None
    given = bench.provision("grant", f"serviceAccount:{bench.caller}", "--on", *target)
    assert given.code == 0, given.err
    assert "The request was let in" in bench.execute().result


def test_a_job_finds_the_argument_in_a_bucket_under_the_key(bench: "Bench", job: str) -> None:
    """As JSON, and it is told where, its other variables beside."""
    storage = Storage(bench.emulator)
    storage.bucket()
    words = ("--bucket", BUCKET, "--kms-key", KEY, "--env", "MODE=${args.mode}")
    bench.deploy(rendered(bench, "job/nightly", *words))
    member = f"serviceAccount:{bench.caller}"
    for role in ("run.jobsExecutorWithOverrides", "run.viewer"):
        grant(bench.emulator, role, on=job, to=member)
    refused = bench.execute({"mode": "fast"})
    assert refused.failure is not None
    assert "storage.objects.create" in refused.failure.payload
    grant(bench.emulator, "storage.objectCreator", to=member)
    done = bench.execute({"mode": "fast"})
    assert done.failure is None
    file = f"{done.own_id}.json"
    assert storage.get(file, alt="media").json() == {"mode": "fast"}
    assert storage.get(file).json()["kmsKeyName"].startswith(KEY)
    spec = json.loads(done.result)["spec"]["template"]["spec"]["containers"][0]
    assert {one["name"]: one["value"] for one in spec["env"]} == {
        "MODE": "fast",
        "INPUT_BUCKET": BUCKET,
        "INPUT_FILE": file,
    }
