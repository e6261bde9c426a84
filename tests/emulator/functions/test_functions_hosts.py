"""What Cloud Functions, and gcloud on its behalf, ask at Google's own host names."""

from typing import Any

import pytest
import requests

from tests.conftest import RunningEmulator
from tests.emulator.functions.workbench import LOCATION, PROJECT, RANGED, ZIP, archive


def ask(emulator: RunningEmulator, verb: str, host: str, path: str) -> Any:  # noqa: ANN401 - JSON
    """The answer of a Google host, as the developer."""
    headers = {"Host": host, "Authorization": f"Bearer {emulator.token()}"}
    answer = requests.request(verb, f"{emulator.http}{path}", headers=headers, timeout=30)
    return answer.json()


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_locations_are_regions_with_both_generations(
    emulator: RunningEmulator, version: str
) -> None:
    """Other than Artifact Registry's on the same path, there are no multi-regions among them."""
    path = f"/{version}/{PROJECT}/locations"
    listed = ask(emulator, "GET", "cloudfunctions.googleapis.com", path)["locations"]
    found = {one["locationId"]: one for one in listed}
    assert "us-central1" in found
    assert "us" not in found
    assert found["us-central1"]["name"] == LOCATION
    assert found["us-central1"]["metadata"]["environments"] == ["GEN_1", "GEN_2"]


def test_the_default_build_account_is_the_compute_account(emulator: RunningEmulator) -> None:
    """Gcloud asks Cloud Build for it before it deploys; nothing else is answered there."""
    host, path = "cloudbuild.googleapis.com", f"/v1/{LOCATION}"
    told = ask(emulator, "GET", host, f"{path}/defaultServiceAccount")
    assert told["serviceAccountEmail"].startswith(f"{PROJECT}/serviceAccounts/")
    assert told["serviceAccountEmail"].endswith("-compute@developer.gserviceaccount.com")
    assert ask(emulator, "GET", host, f"{path}/builds")["error"]["status"] == "UNIMPLEMENTED"


@pytest.mark.parametrize(("version", "headers"), [("v1", RANGED), ("v2", ZIP)])
def test_uploads_go_to_google_s_host_for_whoever_came_by_it(
    emulator: RunningEmulator, version: str, headers: dict[str, str]
) -> None:
    """And are taken there."""
    path = f"/{version}/{LOCATION}/functions:generateUploadUrl"
    url = ask(emulator, "POST", "cloudfunctions.googleapis.com", path)["uploadUrl"]
    host = "storage.googleapis.com"
    assert url.startswith(f"https://{host}/")
    here = url.replace(f"https://{host}", emulator.http)
    sent = {"Host": host, **headers}
    content = archive({"main.py": ""})
    assert requests.put(here, data=content, headers=sent, timeout=30).status_code == 200
