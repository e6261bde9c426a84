"""The check against discovery documents notices what is wrong and passes what is right."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.conftest import RunningEmulator
from tests.golden.answers import AnswersFile
from tests.golden.schema_check import faults

_NAME = "projects/p/locations/us-central1/services/s"
_SERVICE = {
    "host": "127.0.0.1:1",
    "method": "GET",
    "path": f"/v2/{_NAME}",
    "integers": False,
    "status": 200,
    "body": {
        "name": _NAME,
        "generation": "1",
        "createTime": "2024-04-12T01:28:25.431863Z",
        "ingress": "INGRESS_TRAFFIC_ALL",
        "launchStage": "GA",
        "reconciling": True,
        "template": {"timeout": "300s", "containers": [{"image": "i", "ports": []}]},
    },
}
_ERROR = {
    "host": "run.googleapis.com",
    "method": "GET",
    "path": f"/v2/{_NAME}",
    "integers": False,
    "status": 404,
    "body": {"error": {"code": 404, "message": "no", "status": "NOT_FOUND"}},
}
_OPERATION = {
    **_SERVICE,
    "path": "/v2/projects/p/locations/us-central1/operations/o",
    "body": {
        "name": "projects/p/locations/us-central1/operations/o",
        "done": True,
        "response": {"@type": "type.googleapis.com/google.cloud.run.v2.Service", "name": _NAME},
    },
}


def _changed(answer: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> Any:  # noqa: ANN401 - JSON
    altered = copy.deepcopy(answer)
    change(altered)
    return altered


@pytest.mark.parametrize("answer", [_SERVICE, _ERROR, _OPERATION], ids=["plain", "error", "packed"])
def test_what_google_would_answer_passes(answer: dict[str, Any]) -> None:
    """A service, an error and an operation of the documented form have no faults."""
    assert faults(answer) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda body: body.update(colour="red"), "colour is unknown"),
        (lambda body: body["template"].update(colour="red"), "template.colour is unknown"),
        (lambda body: body.update(generation=1), "generation is 1"),
        (lambda body: body.update(generation="one"), "no int64"),
        (lambda body: body.update(ingress="OPEN"), "not listed"),
        (lambda body: body.update(launchStage=4), "launchStage is 4"),
        (lambda body: body.update(createTime="2024-04-12 01:28:25"), "no google-datetime"),
        (lambda body: body.update(createTime="2024-04-12T01:28:25.4318Z"), "no google-datetime"),
        (lambda body: body["template"].update(timeout="5m"), "no google-duration"),
        (lambda body: body.update(reconciling="true"), "no boolean"),
        (lambda body: body["template"].update(containers={}), "no array"),
        (lambda body: body["template"]["containers"][0].update(image=None), "no string"),
    ],
)
def test_an_altered_answer_is_noticed(
    change: Callable[[dict[str, Any]], object], words: str
) -> None:
    """Unknown fields, wrong types, unlisted values and other formats are faults, by field."""
    altered = _changed(_SERVICE, lambda answer: change(answer["body"]))

    (fault,) = faults(altered)

    assert words in fault
    assert altered["path"] in fault


def test_a_packed_message_is_checked_too() -> None:
    """An operation's response is held to the schema of the type it names."""
    altered = _changed(_OPERATION, lambda answer: answer["body"]["response"].update(colour="red"))

    assert "response.colour is unknown" in faults(altered)[0]


@pytest.mark.parametrize("stage", [4, 0])
def test_integer_enums_are_mapped_where_they_were_asked_for(stage: int) -> None:
    """Google's Python clients ask for numbers; these are the proto's, not places in a list."""
    answer = {**_SERVICE, "integers": True, "body": {"launchStage": stage}}

    assert faults(answer) == []
    assert faults({**answer, "body": {"launchStage": 99}}) != []


@pytest.mark.parametrize(
    "change",
    [
        lambda error: error.pop("status"),
        lambda error: error.update(status="ABORTED"),
        lambda error: error.update(code="404"),
        lambda error: error.update(message=None),
        lambda error: error.update(reason="x"),
        lambda error: error.update(details=[{"reason": "x"}]),
    ],
)
def test_an_error_of_another_form_is_noticed(change: Callable[[dict[str, Any]], object]) -> None:
    """Errors have Google's envelope, with the code that fits the status."""
    altered = _changed(_ERROR, lambda answer: change(answer["body"]["error"]))

    assert faults(altered) != []


def test_a_request_line_that_no_document_has_is_noticed() -> None:
    """Only what an API documents can succeed."""
    assert "no discovery document" in faults({**_SERVICE, "path": "/v2/projects/p/things"})[0]
    assert faults({**_SERVICE, "host": "iam.googleapis.com"}) != []


def test_every_answer_of_an_emulator_is_written_down_for_the_check(
    emulator: RunningEmulator, rest_answers: AnswersFile
) -> None:
    """A REST answer is in the file when the client has it; a broken one would be told."""
    assert rest_answers.faults() == []
    path = f"/v3/projects/{emulator.project}"
    headers = {"Authorization": f"Bearer {emulator.token()}"}
    requests.get(f"{emulator.http}{path}", headers=headers, timeout=30).raise_for_status()

    written = rest_answers.path.read_text(encoding="utf-8").splitlines()[-1]

    assert json.loads(written)["path"] == path
    with rest_answers.path.open("a", encoding="utf-8") as file:
        broken = json.loads(written)
        broken["body"]["colour"] = "red"
        file.write(json.dumps(broken) + "\n")
    assert rest_answers.faults() == [f"GET {path}: colour is unknown"]


def test_tokens_and_keys_are_not_written_down(
    emulator: RunningEmulator, rest_answers: AnswersFile
) -> None:
    """What is written is safe to keep: secrets are replaced by texts of the same form."""
    email = "courier@demo-project.iam.gserviceaccount.com"
    headers = {"Authorization": f"Bearer {emulator.token()}"}
    base = f"{emulator.http}/v1/projects/{emulator.project}"
    for path, body in (
        ("/serviceAccounts", {"accountId": "courier"}),
        (f"/serviceAccounts/{email}/keys", {}),
    ):
        answer = requests.post(f"{base}{path}", json=body, headers=headers, timeout=30)
        answer.raise_for_status()
    token = requests.post(
        f"{emulator.http}/v1/projects/-/serviceAccounts/{email}:generateAccessToken",
        json={"scope": ["https://www.googleapis.com/auth/cloud-platform"]},
        headers=headers,
        timeout=30,
    ).json()["accessToken"]

    written = rest_answers.path.read_text(encoding="utf-8")

    assert token not in written
    assert answer.json()["privateKeyData"] not in written
