"""REST payloads that cannot be read are refused field by field, in Google's own words."""

from typing import Any

import pytest
import requests

from tests.conftest import RunningEmulator

PARENT = "/v2/projects/demo-project/locations/asia-east1"
TRAFFIC = "type.googleapis.com/google.cloud.run.v2.TrafficTarget"
INGRESS = "type.googleapis.com/google.cloud.run.v2.IngressTraffic"
DURATION = "type.googleapis.com/google.protobuf.Duration"
UNKNOWN = "Invalid JSON payload received. Unknown name"


def refused(emulator: RunningEmulator, body: object, query: str = "serviceId=orders") -> Any:  # noqa: ANN401 - JSON
    """The error of a CreateService with that body."""
    answer = requests.post(
        f"{emulator.http}{PARENT}/services?{query}",
        json=body,
        headers={"Authorization": f"Bearer {emulator.token()}"},
        timeout=30,
    )
    assert answer.status_code == 400
    return answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"tempalte": {}}, "service", f"{UNKNOWN} \"tempalte\" at 'service': Cannot find field."),
        (
            {"template": {"containers": [{}, {"imgae": "x"}]}},
            "service.template.containers[1]",
            f"{UNKNOWN} \"imgae\" at 'service.template.containers[1]': Cannot find field.",
        ),
        (
            {"traffic": 1},
            "service.traffic",
            f"Invalid value at 'service.traffic' ({TRAFFIC}), 1",
        ),
        (
            {"template": {"maxInstanceRequestConcurrency": "many"}},
            "service.template.max_instance_request_concurrency",
            (
                "Invalid value at 'service.template.max_instance_request_concurrency' "
                "(TYPE_INT32), "
                '"many"'
            ),
        ),
        (
            {"ingress": "INGRESS_TRAFFIC_SOME"},
            "service.ingress",
            f"Invalid value at 'service.ingress' ({INGRESS}), \"INGRESS_TRAFFIC_SOME\"",
        ),
        (
            {"template": {"timeout": "soon"}},
            "service.template.timeout",
            f"Invalid value at 'service.template.timeout' ({DURATION}), \"soon\"",
        ),
        (
            {"description": ["x"]},
            "service",
            (
                f"{UNKNOWN} \"description\" at 'service': Proto field is not repeating, cannot "
                "start "
                "list."
            ),
        ),
        (
            {"description": {"x": "y"}},
            "service",
            f"{UNKNOWN} \"description\" at 'service': Starting an object on a scalar field.",
        ),
        (
            {"labels": {"team": {"x": 1}}},
            "service.labels[0].value",
            "Invalid value at 'service.labels[0].value' (TYPE_STRING), {\"x\": 1}",
        ),
    ],
)
def test_the_field_is_named_with_its_place(
    emulator: RunningEmulator, body: object, field: str, words: str
) -> None:
    """Message and violation tell the place below the request and what is wrong there."""
    error = refused(emulator, body)
    assert (error["status"], error["message"]) == ("INVALID_ARGUMENT", words)
    [detail] = error["details"]
    assert detail["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    assert detail["fieldViolations"] == [{"field": field, "description": words}]


def test_every_wrong_field_is_told_at_once(emulator: RunningEmulator) -> None:
    """Several mistakes are several lines and several violations."""
    error = refused(emulator, {"one": 1, "template": {"two": 2}})
    assert error["message"].count("\n") == 1
    assert len(error["details"][0]["fieldViolations"]) == 2


def test_an_unknown_parameter_is_named(emulator: RunningEmulator) -> None:
    """A query parameter that is no field of the request is refused."""
    error = refused(emulator, {}, "serviceId=orders&colour=red")
    assert error["message"] == (
        f"{UNKNOWN} \"colour\": Cannot bind query parameter. Field 'colour' could not be found in "
        "request message."
    )
