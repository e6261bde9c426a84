"""Lists of Cloud Run v1, the parts of a service, and policies under v1's paths."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.run.conftest import LOCATION, NAMESPACE, REGION, KnativeApi, knative_service

GOLDEN = Path(__file__).parents[4] / "shared" / "golden" / "c7n"
ORDERS = f"{LOCATION}/services/orders"
ANN = {"role": "roles/run.invoker", "members": ["user:ann@example.com"]}
# What newer servers add: the service's own limit (2026, in v2) and both addresses (2024).
ADDED = {"run.googleapis.com/maxScale", "run.googleapis.com/urls"}


def names(listed: dict[str, Any]) -> list[str]:
    """Names of the items."""
    return [one["metadata"]["name"] for one in listed.get("items", ())]


@pytest.fixture
def three(v1: KnativeApi, pushed_image: str) -> KnativeApi:
    """Three services, two of one team, and one in another region."""
    for name, team in (("one", "a"), ("two", "a"), ("three", "b")):
        body = knative_service(pushed_image, name)
        body["metadata"]["labels"] = {"team": team}
        v1.create(body)
    elsewhere = replace(v1, host="us-central1-run.googleapis.com")
    elsewhere.ok("POST", f"{NAMESPACE}/services", knative_service(pushed_image, "far"))
    return v1


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("team=a", ["one", "two"]),
        ("team==b", ["three"]),
        ("team!=a", ["three"]),
        ("team in (a, b),team notin (b)", ["one", "two"]),
        ("team", ["one", "two", "three"]),
        ("!team", []),
        ("cloud.googleapis.com/location = asia-east1,team = b", ["three"]),
        ("", ["one", "two", "three"]),
    ],
)
def test_labels_are_selected_in_kubernetes_notation(
    three: KnativeApi, selector: str, found: list[str]
) -> None:
    """All of the requirements have to fit."""
    listed = three.ok("GET", f"{NAMESPACE}/services", labelSelector=selector)
    assert sorted(names(listed)) == sorted(found)


@pytest.mark.parametrize("selector", ["a in b", "=a", "a=b=c", "a in (b"])
def test_a_selector_that_cannot_be_read_is_refused(v1: KnativeApi, selector: str) -> None:
    """As an invalid argument."""
    error = v1.error("GET", f"{NAMESPACE}/services", labelSelector=selector)
    assert error["status"] == "INVALID_ARGUMENT"


def test_lists_come_in_pages(three: KnativeApi) -> None:
    """``limit`` and ``continue`` lead through all of them, each once."""
    seen: list[str] = []
    token = ""
    while True:
        page = three.ok("GET", f"{NAMESPACE}/services", limit="2", **({"continue": token}))
        assert len(names(page)) <= 2
        seen += names(page)
        token = page["metadata"].get("continue", "")
        if not token:
            break
    assert sorted(seen) == ["one", "three", "two"]
    assert three.error("GET", f"{NAMESPACE}/services", limit="many")["code"] == 400


def test_a_host_s_region_and_a_wildcard_bound_a_list(three: KnativeApi) -> None:
    """A regional host lists its own region; the location ``-`` lists all."""
    worldwide = replace(three, host="run.googleapis.com")
    everywhere = worldwide.ok("GET", "/v1/projects/demo-project/locations/-/services")
    assert sorted(names(everywhere)) == ["far", "one", "three", "two"]
    elsewhere = replace(three, host="us-central1-run.googleapis.com")
    assert names(elsewhere.ok("GET", f"{NAMESPACE}/services")) == ["far"]


def test_a_plain_list_of_a_region_has_the_metadata_that_gcloud_reads(v1: KnativeApi) -> None:
    """`gcloud run revisions list` without a service asks for nothing, and reads ``continue``."""
    assert v1.ok("GET", f"{NAMESPACE}/revisions")["metadata"] == {}
    worldwide = replace(v1, host="run.googleapis.com")
    assert "metadata" not in worldwide.ok("GET", f"{NAMESPACE}/revisions")


def test_locations_come_in_pages_and_have_short_names(v1: KnativeApi) -> None:
    """No ``projects/`` in front, as recorded."""
    worldwide = replace(v1, host="run.googleapis.com")
    path = "/v1/projects/demo-project/locations"
    first = worldwide.ok("GET", path, pageSize="10")
    rest = worldwide.ok("GET", path, pageSize="100", pageToken=first["nextPageToken"])
    found = {one["name"]: one for one in (*first["locations"], *rest["locations"])}
    assert len(found) == len(first["locations"]) + len(rest["locations"]) > 30
    assert found[f"demo-project/locations/{REGION}"] == {
        "name": f"demo-project/locations/{REGION}",
        "locationId": REGION,
        "displayName": "Taiwan",
    }


def test_a_service_has_a_configuration_and_a_route(v1: KnativeApi, pushed_image: str) -> None:
    """With the service's own state, template and traffic."""
    service = v1.create(knative_service(pushed_image))
    revision = service["status"]["latestReadyRevisionName"]
    configuration = v1.ok("GET", f"{NAMESPACE}/configurations/orders")
    assert configuration["spec"]["template"] == service["spec"]["template"]
    assert configuration["status"]["latestReadyRevisionName"] == revision
    route = v1.ok("GET", f"{NAMESPACE}/routes/orders")
    assert route["status"]["traffic"] == service["status"]["traffic"]
    assert route["status"]["url"] == service["status"]["url"]
    assert {one["metadata"]["uid"] for one in (service, configuration, route)} == {
        service["metadata"]["uid"],
        configuration["metadata"]["uid"],
        route["metadata"]["uid"],
    }
    for kind in ("configurations", "routes"):
        listed = v1.ok("GET", f"{LOCATION}/{kind}")
        assert names(listed) == ["orders"]
    shown = v1.ok("GET", f"{NAMESPACE}/revisions/{revision}")
    owner = shown["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["uid"]) == ("Configuration", configuration["metadata"]["uid"])
    assert (
        shown["metadata"]["labels"]["serving.knative.dev/serviceUid"]
        == (service["metadata"]["uid"])
    )


def test_a_revision_that_serves_is_kept_and_another_one_goes(
    v1: KnativeApi, pushed_image: str
) -> None:
    """Deleted by its name alone; it is gone a moment later."""
    first = v1.create(knative_service(pushed_image))
    old = first["status"]["latestReadyRevisionName"]
    error = v1.error("DELETE", f"{NAMESPACE}/revisions/{old}")
    assert error["status"] == "FAILED_PRECONDITION"
    service = v1.get("orders")
    service["spec"]["template"]["spec"]["timeoutSeconds"] = 17
    v1.replace(service)
    status = v1.ok("DELETE", f"{NAMESPACE}/revisions/{old}")
    assert (status["status"], status["details"]["name"]) == ("Success", old)
    for operation in v1.ok("GET", f"{LOCATION}/operations")["operations"]:
        v1.ok("POST", f"/v1/{operation['name']}:wait", {"timeout": "30s"})
    error = v1.error("GET", f"{NAMESPACE}/revisions/{old}")
    assert error["message"] == (
        f"Resource '{old}' of kind 'REVISION' in region '{REGION}' in project 'demo-project' "
        "does not exist."
    )


def test_policies_are_those_of_v2(v1: KnativeApi, pushed_image: str) -> None:
    """Read by GET with the version in the query, written and tested by POST."""
    v1.create(knative_service(pushed_image))
    worldwide = replace(v1, host="run.googleapis.com")
    assert worldwide.ok("GET", f"{ORDERS}:getIamPolicy") == {"etag": "ACAB"}
    written = worldwide.ok("POST", f"{ORDERS}:setIamPolicy", {"policy": {"bindings": [ANN]}})
    version = {"options.requestedPolicyVersion": "3"}
    assert worldwide.ok("GET", f"{ORDERS}:getIamPolicy", **version) == written
    assert v1.ok("GET", f"/v2/{ORDERS.removeprefix('/v1/')}:getIamPolicy") == written
    stale = {"policy": {"bindings": [ANN], "etag": "BwYW4c5j91M="}}
    assert worldwide.error("POST", f"{ORDERS}:setIamPolicy", stale)["status"] == "ABORTED"
    ann = replace(worldwide, member="user:ann@example.com")
    asked = {"permissions": ["run.routes.invoke", "run.services.delete"]}
    held = ann.ok("POST", f"{ORDERS}:testIamPermissions", asked)
    assert held == {"permissions": ["run.routes.invoke"]}
    assert ann.error("GET", f"{ORDERS}:getIamPolicy")["status"] == "PERMISSION_DENIED"


def fields(value: Any, path: str = "") -> set[str]:  # noqa: ANN401 - JSON
    """Every field's path; entries of lists are taken together."""
    if isinstance(value, dict):
        inner = [fields(one, f"{path}.{key}") for key, one in value.items() if key not in ADDED]
        return {path}.union(*inner)
    if isinstance(value, list):
        return {path}.union(*(fields(one, f"{path}[]") for one in value))
    return {path}


@pytest.fixture
def recorded() -> dict[str, Any]:
    """A recorded service and its like's recorded revision, as v1 listed them."""
    files = [
        next((GOLDEN / f"gcp-cloud-run-{kind}").glob("*.json"), None)
        for kind in ("service", "revision")
    ]
    found = [json.loads(file.read_text())["body"] for file in files if file is not None]
    if len(found) != len(files):
        pytest.skip("the recordings are not at hand")
    return {"services": found[0], "revisions": found[1]}


def test_lists_have_the_fields_that_google_s_had(
    v1: KnativeApi, pushed_image: str, recorded: dict[str, Any]
) -> None:
    """A service made as the recorded one was is listed with the same fields, as is its revision."""
    told = recorded["services"]["items"][0]
    body = knative_service(pushed_image, told["metadata"]["name"])
    console = {"run.googleapis.com/client-name": "cloud-console"}
    body["metadata"]["annotations"] = console
    body["spec"]["template"]["metadata"] = {
        "name": told["spec"]["template"]["metadata"]["name"],
        "annotations": {**console, "autoscaling.knative.dev/maxScale": "5"},
    }
    v1.create(body)
    worldwide = replace(v1, host="run.googleapis.com")  # the recorded client names no region
    listed = worldwide.ok("GET", f"{NAMESPACE}/services")
    assert fields(listed) == fields(recorded["services"])
    assert list(listed["items"][0]["status"]["conditions"][0]) == [
        "type",
        "status",
        "lastTransitionTime",
    ]
    revisions = worldwide.ok("GET", f"{NAMESPACE}/revisions")
    assert fields(revisions) == fields(recorded["revisions"])
    kinds = [one["type"] for one in revisions["items"][0]["status"]["conditions"]]
    there = [one["type"] for one in recorded["revisions"]["items"][0]["status"]["conditions"]]
    assert kinds == there
