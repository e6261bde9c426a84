"""`gcloud functions` as it comes, on the emulator without an engine: both generations."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.gcloud.conftest import Gcloud

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator

WHERE = "--region=us-central1"
DEPLOY = f"{WHERE} --runtime=python311 --trigger-http --entry-point=hello"
ANN = "--member=user:ann@example.com"


@pytest.fixture
def source(tmp_path: Path) -> str:
    """A folder with a function."""
    (tmp_path / "main.py").write_text("def hello(request):\n    return 'hello'\n")
    (tmp_path / "requirements.txt").write_text("functions-framework==3.*\n")
    return f"--source={tmp_path}"


def test_the_second_generation_is_deployed_bound_and_deleted(
    local_gcloud: Gcloud, source: str
) -> None:
    """Gcloud shows its stages; an invoker is bound on its service, and taken out again."""
    told = local_gcloud.told(
        f"functions deploy second --gen2 {DEPLOY} --no-allow-unauthenticated {source}"
    )
    assert "[Build]" in told
    assert "[Service]" in told
    made = local_gcloud.json(f"functions describe second {WHERE}")
    assert (made["environment"], made["state"]) == ("GEN_2", "ACTIVE")
    bound = local_gcloud.json(f"functions add-invoker-policy-binding second {WHERE} {ANN}")
    assert bound["bindings"] == [{"members": ["user:ann@example.com"], "role": "roles/run.invoker"}]
    on_service = local_gcloud.json(f"run services get-iam-policy second {WHERE}")
    assert on_service["bindings"] == bound["bindings"]
    own = local_gcloud.json(f"functions get-iam-policy second {WHERE}")
    assert "bindings" not in own
    left = local_gcloud.json(f"functions remove-invoker-policy-binding second {WHERE} {ANN}")
    assert "bindings" not in left
    assert "placeholder" in local_gcloud(f"functions call second {WHERE} --data={{}}")
    local_gcloud.told(f"functions delete second {WHERE} --quiet")
    assert "was not found" in local_gcloud.refused(f"functions describe second {WHERE}")


def test_the_first_generation_is_deployed_bound_and_called(
    local_gcloud: Gcloud, source: str
) -> None:
    """An invoker is bound on the function itself; v1 calls, lists and deletes it."""
    local_gcloud.told(
        f"functions deploy First --no-gen2 {DEPLOY} --no-allow-unauthenticated {source}"
    )
    [listed] = local_gcloud.json("functions list")
    assert listed["name"].endswith("/functions/First")
    assert "1st gen" in local_gcloud("functions list")
    role = "roles/cloudfunctions.invoker"
    bound = local_gcloud.json(f"functions add-invoker-policy-binding First {WHERE} {ANN}")
    assert bound["bindings"] == [{"members": ["user:ann@example.com"], "role": role}]
    line = f"functions remove-iam-policy-binding First {WHERE} --no-gen2 --role={role} {ANN}"
    assert "bindings" not in local_gcloud.json(line)
    assert "no Docker engine" in local_gcloud(f"functions call First {WHERE} --data={{}}")
    local_gcloud.told(f"functions delete First {WHERE} --quiet")
    assert local_gcloud.json("functions list") == []


def test_a_function_that_cannot_be_built_is_told_why(
    local_gcloud: Gcloud, source: str, local: "RunningEmulator"
) -> None:
    """In gcloud's own words around the build's."""
    main = Path(source.partition("=")[2]) / "main.py"
    main.write_text("def hello(request:\n")
    line = f"functions deploy broken --no-gen2 {DEPLOY} --no-allow-unauthenticated {source}"
    told = local_gcloud.refused(line)
    assert "OperationError: code=3, message=Build failed: *** Error compiling './main.py'" in told
    local_gcloud.told(f"functions delete broken {WHERE} --quiet")
    assert local.about["engine"] is None
