"""What Cloud Run v1 refuses, in Google's words where they are known."""

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.run.conftest import LOCATION, NAMESPACE, REGION, KnativeApi, knative_service

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICES = f"{NAMESPACE}/services"
ORDERS = f"{SERVICES}/orders"
NAME_RULE = (
    "Resource name must use only lowercase letters, numbers and '-'. Must begin with a letter and "
    "cannot end with a '-'. Maximum length is 63 characters."
)


def violations(error: dict[str, Any]) -> list[dict[str, str]]:
    """The field violations of an error."""
    found: list[dict[str, str]] = error["details"][0]["fieldViolations"]
    return found


@pytest.mark.parametrize("name", ["Bad", "1st", "a_b", "end-", "", "a" * 64])
def test_bad_names_are_violations_of_metadata_name(v1: KnativeApi, name: str) -> None:
    """As reported from the real service, with BadRequest details."""
    error = v1.error("POST", SERVICES, knative_service("image", name))
    assert error["message"] == f"metadata.name: {NAME_RULE}"
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert violations(error) == [{"field": "metadata.name", "description": NAME_RULE}]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_missing_service_is_told_by_project_and_region(v1: KnativeApi, method: str) -> None:
    """As recorded, for each method."""
    error = v1.error(method, ORDERS, knative_service("image"))
    assert error == {
        "code": 404,
        "message": f"Resource 'orders' of kind 'SERVICE' in region '{REGION}' in project "
        "'demo-project' does not exist.",
        "status": "NOT_FOUND",
    }


def test_a_service_that_exists_is_named(v1: KnativeApi, pushed_image: str) -> None:
    """Unlike v2's words."""
    v1.create(knative_service(pushed_image))
    error = v1.error("POST", SERVICES, knative_service(pushed_image))
    assert (error["code"], error["status"]) == (409, "ALREADY_EXISTS")
    assert error["message"] == "Resource 'orders' already exists."


def test_a_stale_version_conflicts_in_decimal(v1: KnativeApi, pushed_image: str) -> None:
    """Both versions are told as microseconds; without a version a write is blind."""
    stale = v1.ok("POST", SERVICES, knative_service(pushed_image))
    ready = v1.wait(stale)
    versions = [
        int.from_bytes(base64.b64decode(one["metadata"]["resourceVersion"] + "="), "big")
        for one in (stale, ready)
    ]
    error = v1.error("PUT", ORDERS, stale)
    assert (error["code"], error["status"]) == (409, "ABORTED")
    assert error["message"] == (
        f"Conflict for resource 'orders': version '{versions[0]}' was specified but current "
        f"version is '{versions[1]}'."
    )
    del stale["metadata"]["resourceVersion"]
    v1.replace(stale)


@pytest.mark.parametrize(
    ("method", "path", "permission", "resource"),
    [
        ("GET", ORDERS, "run.services.get", "services/orders"),
        ("GET", SERVICES, "run.services.list", "services"),
        ("POST", SERVICES, "run.services.create", "services/orders"),
        ("PUT", ORDERS, "run.services.update", "services/orders"),
        ("DELETE", ORDERS, "run.services.delete", "services/orders"),
        ("GET", f"{NAMESPACE}/revisions", "run.revisions.list", "revisions"),
        ("GET", f"{NAMESPACE}/revisions/r", "run.revisions.get", "revisions/r"),
        ("GET", f"{NAMESPACE}/routes/orders", "run.routes.get", "routes/orders"),
        ("GET", f"{NAMESPACE}/configurations", "run.configurations.list", "configurations"),
    ],
)
def test_a_missing_permission_names_the_namespace(
    v1: KnativeApi, method: str, path: str, permission: str, resource: str
) -> None:
    """Whether the thing is there or not."""
    stranger = replace(v1, member="user:stranger@example.com")
    error = stranger.error(method, path, knative_service("image"))
    assert (error["code"], error["status"]) == (403, "PERMISSION_DENIED")
    assert error["message"] == (
        f"Permission '{permission}' denied on resource 'namespaces/demo-project/{resource}' "
        "(or resource may not exist)."
    )


def test_callers_without_a_token_are_unauthenticated(v1: KnativeApi) -> None:
    """Before anything else is looked at."""
    v1.emulator.tokens["nobody"] = "x"
    error = replace(v1, member="nobody").error("GET", ORDERS)
    assert error["status"] == "UNAUTHENTICATED"


def spec_of(service: dict[str, Any]) -> dict[str, Any]:
    """The template's spec."""
    found: dict[str, Any] = service["spec"]["template"]["spec"]
    return found


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        (lambda one: one["metadata"].update(namespace="other"), "metadata.namespace"),
        (lambda one: one.update(kind="Job"), "kind"),
        (lambda one: one.update(apiVersion="v1"), "apiVersion"),
        (
            lambda one: spec_of(one)["containers"][0].update(env=[{"name": "PORT", "value": "1"}]),
            "spec.template.spec.containers[0].env",
        ),
        (
            lambda one: spec_of(one)["containers"][0].update(envFrom=[{"prefix": "A"}]),
            "spec.template.spec.containers[0].envFrom",
        ),
        (
            lambda one: spec_of(one).update(volumes=[{"name": "a", "configMap": {}}]),
            "spec.template.spec.volumes[0]",
        ),
        (
            lambda one: spec_of(one).update(containerConcurrency=5000),
            "spec.template.spec.containerConcurrency",
        ),
        (
            lambda one: spec_of(one).update(timeoutSeconds=99999),
            "spec.template.spec.timeoutSeconds",
        ),
        (
            lambda one: one["spec"]["template"].update(metadata={"name": "else-1"}),
            "spec.template.metadata.name",
        ),
        (
            lambda one: one["metadata"].update(
                annotations={"run.googleapis.com/ingress": "sideways"}
            ),
            "metadata.annotations[run.googleapis.com/ingress]",
        ),
        (
            lambda one: one["spec"]["template"].update(
                metadata={"annotations": {"autoscaling.knative.dev/maxScale": "many"}}
            ),
            "spec.template.metadata.annotations[autoscaling.knative.dev/maxScale]",
        ),
        (
            lambda one: one["spec"]["template"].update(
                metadata={"annotations": {"run.googleapis.com/ingress": "internal"}}
            ),
            "spec.template.metadata.annotations",
        ),
        (
            lambda one: one["metadata"].update(
                annotations={"run.googleapis.com/vpc-access-egress": "all-traffic"}
            ),
            "metadata.annotations",
        ),
        (
            lambda one: one["spec"].update(traffic=[{"percent": 60, "latestRevision": True}]),
            "spec.traffic",
        ),
        (
            lambda one: one["spec"].update(
                traffic=[{"percent": 100, "revisionName": "orders-1", "latestRevision": True}]
            ),
            "spec.traffic[0].latestRevision",
        ),
        (
            lambda one: one["spec"].update(traffic=[{"percent": 100, "latestRevision": False}]),
            "spec.traffic[0].latestRevision",
        ),
    ],
)
def test_what_cannot_be_is_told_by_its_own_path(
    v1: KnativeApi,
    pushed_image: str,
    edit: "Callable[[dict[str, Any]], object]",
    field: str,
) -> None:
    """Paths are those of the Knative form, in the message and in the violation alike."""
    body = knative_service(pushed_image)
    edit(body)
    error = v1.error("POST", SERVICES, body)
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert [one["field"] for one in violations(error)] == [field]
    assert error["message"].startswith(f"{field}: ")
    assert v1.call("GET", ORDERS).status_code == 404


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("metadata", "text", "'service.metadata'"),
        ("spec", {"nonsense": 1}, "Unknown name \"nonsense\" at 'service.spec'"),
        ("metadata", {"labels": {"a": 1}}, "'service.metadata.labels[a]' (TYPE_STRING), 1"),
        ("metadata", {"generation": "x"}, "'service.metadata.generation' (TYPE_INT32), \"x\""),
        ("spec", {"template": {"spec": {"containers": {}}}}, "containers'"),
    ],
)
def test_bodies_that_are_no_service_are_told_where(
    v1: KnativeApi, path: str, value: object, words: str
) -> None:
    """Unknown fields and wrong types, as Google's front end words them."""
    error = v1.error("POST", SERVICES, {**knative_service("image"), path: value})
    assert error["status"] == "INVALID_ARGUMENT"
    assert words in error["message"]


@pytest.mark.parametrize("body", [None, [], "text", 7])
def test_bodies_of_another_kind_are_refused(v1: KnativeApi, body: object) -> None:
    """No body at all, a list, a text, a number."""
    assert v1.error("POST", SERVICES, body)["code"] == 400


def test_what_may_not_change_is_refused(v1: KnativeApi, pushed_image: str) -> None:
    """The creator, the unique id, and another name than the path's."""
    service = v1.create(knative_service(pushed_image))
    creator = "serving.knative.dev/creator"
    for place, key in (
        (service["metadata"]["annotations"], creator),
        (service["metadata"], "uid"),
        (service["metadata"], "name"),
    ):
        kept, place[key] = place[key], "another"
        error = v1.error("PUT", ORDERS, service)
        assert violations(error)[0]["field"].endswith(key)
        place[key] = kept
    v1.replace(service)


def test_a_revision_s_name_cannot_be_used_twice(v1: KnativeApi, pushed_image: str) -> None:
    """With another configuration under it."""
    service = knative_service(pushed_image)
    service["spec"]["template"]["metadata"] = {"name": "orders-one"}
    made = v1.create(service)
    assert made["status"]["latestReadyRevisionName"] == "orders-one"
    spec_of(service)["timeoutSeconds"] = 17
    error = v1.error("PUT", ORDERS, service)
    assert error["message"] == (
        "Revision named 'orders-one' with different configuration already exists."
    )


def test_the_global_host_knows_no_namespace_s_region(v1: KnativeApi, pushed_image: str) -> None:
    """A single service is asked for on its region's host; another region's host has none."""
    v1.create(knative_service(pushed_image))
    worldwide = replace(v1, host="run.googleapis.com")
    assert worldwide.error("GET", ORDERS)["status"] == "UNIMPLEMENTED"
    elsewhere = replace(v1, host="us-central1-run.googleapis.com")
    assert elsewhere.call("GET", ORDERS).status_code == 404
    assert elsewhere.error("GET", f"{LOCATION}/services/orders")["status"] == "UNIMPLEMENTED"
    assert "items" not in elsewhere.ok("GET", SERVICES)


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/demo-project/locations/{REGION}/services",
        "/v1/locations/-/services",
        "/v1/projects/demo-project/locations/nowhere/services",
    ],
)
def test_a_parent_of_the_wrong_form_has_no_services(v1: KnativeApi, path: str) -> None:
    """200 and nothing: what an audit must not take for an answer."""
    listed = replace(v1, host="run.googleapis.com").ok("GET", path)
    assert listed["kind"] == "ServiceList"
    assert "items" not in listed


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", f"{LOCATION}/domainmappings", "DomainMappings/ListDomainMappings"),
        (
            "POST",
            "/apis/run.googleapis.com/v1/namespaces/demo-project/workerpools",
            "WorkerPools/CreateWorkerPool",
        ),
        ("PUT", f"{NAMESPACE}/routes/orders", "Routes/ReplaceRoute"),
    ],
)
def test_what_is_not_offered_is_unimplemented_by_name(
    v1: KnativeApi, method: str, path: str, name: str
) -> None:
    """A method of v1 that there is at Google and not here."""
    error = v1.error(method, path)
    assert error["code"] == 501
    assert f"google.cloud.run.v1.{name}" in error["message"]
