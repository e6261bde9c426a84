"""Which API a path means: told by Google's host names, and by the path where there is none."""

from typing import Any

import pytest
import requests

from tests.conftest import Clients, RunningEmulator
from tests.emulator.callers.kit import ADDRESS, LOCATION, PROJECT, publisher

TOPIC = f"{PROJECT}/topics/orders"
JOB = {"name": f"{LOCATION}/jobs/nightly", "schedule": "* * * * *", "httpTarget": {"uri": ADDRESS}}


def ask(
    emulator: RunningEmulator, host: str, verb: str, path: str, body: object = None
) -> tuple[int, Any]:
    """Status and answer of a request, for one of Google's hosts or, without one, the emulator's."""
    name = f"{host}.googleapis.com" if host else emulator.http.removeprefix("http://")
    answer = requests.request(
        verb,
        f"{emulator.http}{path}",
        headers={"Authorization": f"Bearer {emulator.token()}", "Host": name},
        json=body,
        timeout=30,
    )
    return answer.status_code, answer.json()


@pytest.mark.parametrize("host", ["cloudscheduler", ""])
def test_jobs_below_a_location_are_cloud_scheduler_s(emulator: RunningEmulator, host: str) -> None:
    """Of Cloud Run's jobs v1 has nothing but the policies there; v2 has them all."""
    status, made = ask(emulator, host, "POST", f"/v1/{LOCATION}/jobs", JOB)
    assert (status, made.get("name")) == (200, JOB["name"])
    assert ask(emulator, host, "GET", f"/v1/{LOCATION}/jobs")[1] == {"jobs": [made]}
    assert ask(emulator, "run", "GET", f"/v1/{LOCATION}/jobs")[0] == 404
    status, told = ask(emulator, "run", "GET", f"/v1/{LOCATION}/jobs/nightly:getIamPolicy")
    assert (status, "of kind 'JOB'" in told["error"]["message"]) == (404, True)
    assert ask(emulator, "", "GET", f"/v2/{LOCATION}/jobs") == (200, {})


@pytest.mark.parametrize(
    ("host", "path", "there"),
    [
        ("cloudscheduler", f"/v1/{PROJECT}/locations", {"us-central1": True, "us-east5": False}),
        ("cloudtasks", f"/v2/{PROJECT}/locations", {"us-east5": True, "global": False}),
        ("eventarc", f"/v1/{PROJECT}/locations", {"us-east5": True, "global": True}),
        ("workflows", f"/v1/{PROJECT}/locations", {"us-east5": True, "us": False}),
        ("artifactregistry", f"/v1/{PROJECT}/locations", {"us": True, "global": False}),
    ],
)
def test_each_api_lists_its_own_locations(
    emulator: RunningEmulator, host: str, path: str, there: dict[str, bool]
) -> None:
    """On its own host."""
    status, told = ask(emulator, host, "GET", path)
    found = {one["locationId"] for one in told["locations"]}
    assert (status, {place: place in found for place in there}) == (200, there)


@pytest.mark.parametrize("host", ["cloudscheduler", "cloudtasks", "eventarc", "workflows"])
def test_strangers_are_told_no_locations(emulator: RunningEmulator, host: str) -> None:
    """Whoever may not look at what is in them."""
    version = "v2" if host == "cloudtasks" else "v1"
    answer = requests.get(
        f"{emulator.http}/{version}/{PROJECT}/locations",
        headers={
            "Authorization": f"Bearer {emulator.token('user:ann@example.com')}",
            "Host": f"{host}.googleapis.com",
        },
        timeout=30,
    )
    assert answer.status_code == 403


def test_lists_of_places_that_an_api_is_not_in(emulator: RunningEmulator) -> None:
    """Refused under Google's name; empty at the emulator's own, where locations are of all APIs."""
    path = f"/v1/{PROJECT}/locations/europe-west9/jobs"
    status, told = ask(emulator, "cloudscheduler", "GET", path)
    assert (status, "is not a valid location" in told["error"]["message"]) == (400, True)
    assert ask(emulator, "", "GET", path) == (200, {})


@pytest.mark.parametrize("host", ["pubsub", "us-central1-pubsub", ""])
def test_policies_of_topics_are_pub_sub_s(emulator: RunningEmulator, host: str) -> None:
    """And of no other host."""
    assert ask(emulator, host, "PUT", f"/v1/{TOPIC}", {})[0] == 200
    path = f"/v1/{TOPIC}:getIamPolicy"
    assert ask(emulator, host, "GET", path) == (200, {"etag": "ACAB"})
    assert ask(emulator, "eventarc", "GET", path)[0] == 404
    assert ask(emulator, "cloudfunctions", "GET", path)[0] == 404


def test_a_disabled_api_refuses_its_policies_too(
    emulator: RunningEmulator, grpc_clients: Clients
) -> None:
    """Though IAM's own service answers for them."""
    publisher(grpc_clients).create_topic(name=TOPIC)
    ask(emulator, "serviceusage", "POST", f"/v1/{PROJECT}/services/pubsub.googleapis.com:disable")
    for path in (f"/v1/{TOPIC}", f"/v1/{TOPIC}:getIamPolicy", f"/v1/{PROJECT}/topics"):
        status, told = ask(emulator, "", "GET", path)
        assert status == 403
        assert told["error"]["details"][0]["reason"] == "SERVICE_DISABLED"
    assert ask(emulator, "", "GET", f"/v1/{LOCATION}/triggers")[0] == 200


@pytest.mark.parametrize(
    ("resource", "rpc"),
    [
        (f"{PROJECT}/topics/orders", "Publisher/GetTopic"),
        (f"{LOCATION}/queues/orders", "CloudTasks/GetQueue"),
    ],
)
def test_faults_are_played_by_resource(emulator: RunningEmulator, resource: str, rpc: str) -> None:
    """Of these APIs as of all others."""
    emulator.admin("POST", "/faults", method="*", code="UNAVAILABLE", resource=resource)
    version = "v2" if "queues" in resource else "v1"
    assert ask(emulator, "", "GET", f"/{version}/{resource}")[0] == 503
    recorded = emulator.requests()[-1]
    assert (recorded["method"].endswith(rpc), recorded["resource"]) == (True, resource)
