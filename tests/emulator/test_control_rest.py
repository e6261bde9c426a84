"""The REST form: envelopes, enums, routes, and the shapes of Google's own answers."""

from typing import Any

import pytest
import requests
from google.cloud import run_v2

from tests.conftest import Clients, RunningEmulator

PARENT = "projects/demo-project/locations/asia-east1"


class Rest:
    """Plain HTTP with the developer's token."""

    def __init__(self, emulator: RunningEmulator) -> None:
        self._base = emulator.http
        self._headers = {"Authorization": f"Bearer {emulator.token()}"}

    def call(self, method: str, path: str, **options: Any) -> requests.Response:  # noqa: ANN401 - as requests has it
        """One request."""
        headers = {**self._headers, **options.pop("headers", {})}
        return requests.request(
            method, f"{self._base}{path}", headers=headers, timeout=30, **options
        )


@pytest.fixture
def rest(emulator: RunningEmulator) -> Rest:
    """Plain HTTP as the developer."""
    return Rest(emulator)


@pytest.fixture
def orders(grpc_clients: Clients, pushed_image: str) -> str:
    """The service `orders`; its name."""
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=pushed_image)])
    grpc_clients.services.create_service(
        parent=PARENT, service_id="orders", service=run_v2.Service(template=template)
    ).result(timeout=30)
    return f"{PARENT}/services/orders"


def test_errors_come_in_google_s_envelope(rest: Rest) -> None:
    """Code, message and status; no details where Google sends none."""
    answer = rest.call("GET", f"/v2/{PARENT}/services/orders")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert answer.json() == {
        "error": {
            "code": 404,
            "message": "Resource 'orders' of kind 'SERVICE' in region 'asia-east1' in project "
            "'demo-project' does not exist.",
            "status": "NOT_FOUND",
        }
    }


@pytest.mark.parametrize(
    ("header", "words"), [("", "missing required"), ("Bearer x", "invalid authentication")]
)
def test_callers_without_a_valid_token_are_unauthenticated(
    rest: Rest, header: str, words: str
) -> None:
    """Missing and wrong credentials are told apart, as Google does."""
    answer = rest.call("GET", f"/v2/{PARENT}/services/orders", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["error"]["status"] == "UNAUTHENTICATED"
    assert words in answer.json()["error"]["message"]


def test_a_service_in_json_has_strings_for_int64_and_nothing_empty(rest: Rest, orders: str) -> None:
    """Exactly the fields that the real service shows for a bare container."""
    service = rest.call("GET", f"/v2/{orders}").json()
    assert service["generation"] == "1"
    assert service["observedGeneration"] == "1"
    assert service["launchStage"] == "GA"
    assert "reconciling" not in service
    assert service["scaling"] == {"maxInstanceCount": 100}
    assert service["traffic"] == [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100}]
    assert set(service) == {
        "name", "uid", "generation", "createTime", "updateTime", "creator", "lastModifier",
        "ingress", "launchStage", "template", "traffic", "scaling", "observedGeneration",
        "terminalCondition", "conditions", "latestReadyRevision", "latestCreatedRevision",
        "trafficStatuses", "uri", "urls", "etag",
    }  # fmt: skip
    assert service["template"]["containers"][0]["startupProbe"] == {
        "timeoutSeconds": 240,
        "periodSeconds": 240,
        "failureThreshold": 1,
        "tcpSocket": {"port": 8080},
    }


def test_enums_come_as_numbers_when_asked_for(rest: Rest, orders: str) -> None:
    """As Google's REST clients ask."""
    service = rest.call("GET", f"/v2/{orders}", params={"$alt": "json;enum-encoding=int"}).json()
    assert service["launchStage"] == 4
    assert service["terminalCondition"]["state"] == 4


def test_masks_and_fields_travel_in_the_query(rest: Rest, orders: str) -> None:
    """A PATCH with updateMask changes what it names."""
    answer = rest.call(
        "PATCH",
        f"/v2/{orders}",
        params={"updateMask": "invokerIamDisabled,labels"},
        json={"invokerIamDisabled": True, "labels": {"team": "orders"}, "description": "ignored"},
    )
    assert answer.json()["metadata"]["invokerIamDisabled"] is True
    assert answer.json()["metadata"]["labels"] == {"team": "orders"}
    assert "description" not in answer.json()["metadata"]
    assert "done" not in answer.json()


def test_a_parameter_that_says_two_things_is_refused(rest: Rest, orders: str) -> None:
    """What was only to be validated is not written because of a second word."""
    query = "updateMask=description&validateOnly=true&validateOnly=false"
    answer = rest.call("PATCH", f"/v2/{orders}?{query}", json={"description": "new"})
    assert answer.status_code == 400
    assert "Proto field is not repeating" in answer.json()["error"]["message"]
    assert "description" not in rest.call("GET", f"/v2/{orders}").json()


def test_the_policy_version_travels_in_the_query(rest: Rest, orders: str) -> None:
    """options.requestedPolicyVersion is understood; a policy never set is its etag alone."""
    answer = rest.call(
        "GET", f"/v2/{orders}:getIamPolicy", params={"options.requestedPolicyVersion": 3}
    )
    assert answer.json() == {"etag": "ACAB"}


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        (f"/v2/{PARENT}/services?serviceId=a", {"nonsense": 1}, "nonsense"),
        (f"/v2/{PARENT}/services?nonsense=a", {}, "nonsense"),
        (f"/v2/{PARENT}/services?serviceId=a", "text", "Invalid value at 'service'"),
    ],
)
def test_payloads_that_cannot_be_read_are_invalid_arguments(
    rest: Rest, path: str, body: object, words: str
) -> None:
    """Unknown fields, unknown parameters, not a message."""
    answer = rest.call("POST", path, json=body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


def test_what_is_not_offered_is_unimplemented_by_name(rest: Rest) -> None:
    """An RPC of an offered API says that it is not there."""
    answer = rest.call("GET", f"/v2/{PARENT}/workerPools")
    assert answer.status_code == 501
    assert "google.cloud.run.v2.WorkerPools/ListWorkerPools" in answer.json()["error"]["message"]


def test_v1_lists_services_of_all_regions(rest: Rest, orders: str) -> None:
    """The Knative form: namespace is the project's number, the region is a label."""
    listed = rest.call("GET", "/v1/projects/demo-project/locations/-/services").json()
    assert listed["kind"] == "ServiceList"
    item = listed["items"][0]
    assert item["metadata"]["name"] == orders.rpartition("/")[2]
    assert item["metadata"]["namespace"].isdigit()
    assert item["metadata"]["labels"]["cloud.googleapis.com/location"] == "asia-east1"
    assert item["spec"]["template"]["spec"]["serviceAccountName"].endswith(
        "-compute@developer.gserviceaccount.com"
    )
    locations = rest.call("GET", "/v1/projects/demo-project/locations").json()["locations"]
    assert "demo-project/locations/asia-east1" in {one["name"] for one in locations}


def test_iam_has_rest_routes_too(rest: Rest) -> None:
    """Routes of the discovery document: create, get, policy with a query parameter, patch."""
    made = rest.call(
        "POST", "/v1/projects/demo-project/serviceAccounts", json={"accountId": "orders-run"}
    ).json()
    path = f"/v1/{made['name']}"
    assert rest.call("GET", path).json() == made
    policy = rest.call("POST", f"{path}:getIamPolicy?options.requestedPolicyVersion=3")
    assert policy.json() == {"etag": "ACAB"}
    body = {"serviceAccount": {"displayName": "Orders"}, "updateMask": "displayName"}
    assert rest.call("PATCH", path, json=body).json()["displayName"] == "Orders"
    assert rest.call("DELETE", path).json() == {}


def test_a_project_may_be_named_by_its_number(rest: Rest, orders: str) -> None:
    """Answers always have the id."""
    project = rest.call("GET", "/v3/projects/demo-project").json()
    number = project["name"].removeprefix("projects/")
    assert project["parent"] == "folders/200000000001"
    by_number = rest.call("GET", f"/v2/{orders.replace('demo-project', number)}")
    assert by_number.json()["name"] == orders


def test_a_project_that_does_not_exist_is_refused_like_one_that_may_not_be_read(
    rest: Rest,
) -> None:
    """403, as recorded."""
    answer = rest.call("GET", "/v3/projects/no-such-project")
    assert answer.status_code == 403
    assert answer.json()["error"]["message"] == "The caller does not have permission"


def test_the_folder_and_the_organisation_can_be_read(rest: Rest) -> None:
    """The default identity sees what stands above its projects, and cannot change it."""
    organization = rest.call("GET", "/v3/organizations/100000000001").json()
    assert organization["displayName"] == "example.com"
    assert rest.call("GET", "/v3/folders/200000000001").json()["parent"] == organization["name"]
    path = "/v3/organizations/100000000001"
    assert rest.call("POST", f"{path}:getIamPolicy", json={}).json()["bindings"]
    assert rest.call("POST", f"{path}:setIamPolicy", json={"policy": {}}).status_code == 403


def test_a_made_repository_has_no_times_in_the_operation_and_has_them_when_read(
    rest: Rest,
) -> None:
    """As recorded, with the registry's own address in registryUri."""
    started = rest.call(
        "POST",
        f"/v1/{PARENT}/repositories",
        params={"repositoryId": "services"},
        json={"format": "DOCKER", "dockerConfig": {"immutableTags": True}},
    ).json()
    assert "response" not in started
    operation = started
    while not operation.get("done"):
        operation = rest.call("GET", f"/v1/{started['name']}").json()
    response = operation["response"]
    assert response["mode"] == "STANDARD_REPOSITORY"
    assert "createTime" not in response
    read = rest.call("GET", f"/v1/{PARENT}/repositories/services").json()
    assert read["createTime"]
    assert read["registryUri"].endswith("/asia-east1/demo-project/services")
    assert read["dockerConfig"] == {"immutableTags": True}
    missing = rest.call("GET", f"/v1/{PARENT}/repositories/nothing")
    assert missing.json()["error"]["message"] == "Requested entity was not found."
    again = rest.call(
        "POST",
        f"/v1/{PARENT}/repositories",
        params={"repositoryId": "services"},
        json={"format": "DOCKER"},
    )
    assert again.status_code == 409


def test_requests_by_google_s_own_host_name_are_understood(
    emulator: RunningEmulator, orders: str
) -> None:
    """The absolute form, as a client behind a proxy setting sends it."""
    answer = requests.get(
        f"http://run.googleapis.com/v2/{orders}",
        headers={"Authorization": f"Bearer {emulator.token()}"},
        proxies={"http": emulator.http},
        timeout=30,
    )
    assert answer.json()["name"] == orders


def test_an_operation_is_shown_only_to_those_who_may_see_operations(
    rest: Rest, emulator: RunningEmulator, orders: str
) -> None:
    """run.operations.get is a permission of its own."""
    started = rest.call("DELETE", f"/v2/{orders}").json()
    stranger = emulator.token("user:stranger@example.com")
    headers = {"Authorization": f"Bearer {stranger}"}
    refused = rest.call("GET", f"/v2/{started['name']}", headers=headers)
    assert refused.status_code == 403
    assert "run.operations.get" in refused.json()["error"]["message"]
    waited = rest.call("POST", f"/v2/{started['name']}:wait", json={"timeout": "30s"}).json()
    assert waited["done"] is True
    listed = rest.call("GET", f"/v2/{PARENT}/operations").json()["operations"]
    assert started["name"] in {one["name"] for one in listed}
    assert rest.call("DELETE", f"/v2/{started['name']}").json() == {}
    assert rest.call("GET", f"/v2/{started['name']}").status_code == 404
