"""Faults of single requests, as Google's own clients meet them over both transports."""

import time
from collections.abc import Callable

import pytest
import requests
from google.api_core import exceptions
from google.auth.exceptions import RefreshError
from google.cloud import artifactregistry_v1
from google.protobuf import json_format

from tests.conftest import Clients, RunningEmulator, make_repository
from tests.emulator.sturdy.conftest import PARENT, SetFault

PROJECTS = "google.cloud.resourcemanager.v3.Projects"
REPOSITORIES = "google.devtools.artifactregistry.v1.ArtifactRegistry"
GET_PROJECT = f"{PROJECTS}/GetProject"
ERRORS: dict[str, type[Exception] | tuple[type[Exception], ...]] = {
    "CANCELLED": exceptions.Cancelled,
    "UNKNOWN": exceptions.ServerError,
    "INVALID_ARGUMENT": exceptions.BadRequest,
    "DEADLINE_EXCEEDED": exceptions.GatewayTimeout,
    "NOT_FOUND": exceptions.NotFound,
    "ALREADY_EXISTS": exceptions.Conflict,
    "PERMISSION_DENIED": exceptions.Forbidden,
    # Over REST google-auth takes it for an expired token, and cannot refresh the one it has.
    "UNAUTHENTICATED": (exceptions.Unauthorized, RefreshError),
    "RESOURCE_EXHAUSTED": exceptions.TooManyRequests,
    "FAILED_PRECONDITION": exceptions.BadRequest,
    "ABORTED": exceptions.Conflict,
    "OUT_OF_RANGE": exceptions.BadRequest,
    "UNIMPLEMENTED": exceptions.MethodNotImplemented,
    "INTERNAL": exceptions.InternalServerError,
    "DATA_LOSS": exceptions.GoogleAPICallError,
}

Statuses = Callable[[str], list[str]]


def repositories(clients: Clients) -> set[str]:
    """The ids of the repositories."""
    listed = clients.repositories.list_repositories(parent=PARENT)
    return {one.name.rpartition("/")[2] for one in listed}


@pytest.mark.parametrize("code", ERRORS)
def test_any_canonical_error_reaches_the_client_once(
    clients: Clients, fault: SetFault, statuses: Statuses, code: str
) -> None:
    """With its words; the next request is answered, and both were recorded."""
    method = f"{REPOSITORIES}/ListRepositories"
    fault(method, code=code, message="a bad day")
    with pytest.raises(ERRORS[code], match=r"a bad day|refresh the access token"):
        clients.repositories.list_repositories(parent=PARENT)
    assert repositories(clients) == set()
    assert statuses(method) == [code, "OK"]


def test_a_long_error_keeps_its_code(clients: Clients, fault: SetFault) -> None:
    """Over gRPC it is cut short: an error that does not fit its trailers would become another."""
    fault(f"{REPOSITORIES}/ListRepositories", code="INTERNAL", message="é" * 20_000, times=1)
    with pytest.raises(exceptions.InternalServerError, match="éééé"):
        clients.repositories.list_repositories(parent=PARENT)


def test_the_client_tries_again_by_its_own_policy(
    clients: Clients, emulator: RunningEmulator, fault: SetFault, statuses: Statuses
) -> None:
    """Three times UNAVAILABLE is four requests and an answer; the record tells which was played."""
    told = fault(GET_PROJECT, code="UNAVAILABLE", times=3)
    assert clients.projects.get_project(name="projects/demo-project").project_id == "demo-project"
    assert statuses(GET_PROJECT) == ["UNAVAILABLE"] * 3 + ["OK"]
    played = [one["faults"] for one in emulator.requests() if one["method"] == GET_PROJECT]
    assert played == [[told["id"]]] * 3 + [[]]


def test_too_many_requests_say_when_to_come_back(clients: Clients, fault: SetFault) -> None:
    """RESOURCE_EXHAUSTED carries a RetryInfo, of one second or of what was asked for."""
    for wanted, told in ((None, "1s"), (2.5, "2.500s")):
        more = {} if wanted is None else {"retryDelay": wanted}
        fault(f"{REPOSITORIES}/ListRepositories", code="RESOURCE_EXHAUSTED", **more)
        with pytest.raises(exceptions.TooManyRequests) as caught:
            clients.repositories.list_repositories(parent=PARENT)
        (detail,) = caught.value.details
        # Over REST the client hands details out as they came.
        plain = detail if isinstance(detail, dict) else json_format.MessageToDict(detail)
        assert plain["retryDelay"] == told


def test_a_cut_before_the_effect_is_tried_again(
    clients: Clients, fault: SetFault, statuses: Statuses
) -> None:
    """The connection really drops; gRPC's client comes back by itself, REST's tells its caller."""
    fault(GET_PROJECT, kind="cut", times=1)
    projects = clients.projects
    if projects.transport.kind == "rest":
        with pytest.raises(requests.ConnectionError):
            projects.get_project(name="projects/demo-project")
    assert projects.get_project(name="projects/demo-project").project_id == "demo-project"
    assert statuses(GET_PROJECT) == ["CUT", "OK"]


@pytest.mark.parametrize(("when", "there"), [("before", set()), ("after", {"services"})])
@pytest.mark.parametrize("kind", ["cut", "error"])
def test_a_write_that_was_never_answered_may_have_taken_effect(  # noqa: PLR0913, PLR0917 - fixtures
    clients: Clients,
    fault: SetFault,
    statuses: Statuses,
    when: str,
    there: set[str],
    kind: str,
) -> None:
    """With `after` what was asked for is there, and the caller was not told."""
    method = f"{REPOSITORIES}/CreateRepository"
    more = {"code": "UNAVAILABLE"} if kind == "error" else {}
    fault(method, kind=kind, when=when, **more)
    with pytest.raises((exceptions.ServiceUnavailable, requests.ConnectionError)):
        make_repository(clients, "demo-project")
    assert statuses(method) == ["CUT" if kind == "cut" else "UNAVAILABLE"]
    assert repositories(clients) == there


def test_latency_holds_an_answer_back(clients: Clients, fault: SetFault) -> None:
    """At least for as long as was asked for, before and after the effect."""
    for when in ("before", "after"):
        fault(GET_PROJECT, kind="latency", seconds=0.4, when=when)
    begun = time.monotonic()
    clients.projects.get_project(name="projects/demo-project")
    assert time.monotonic() - begun >= 0.8


def test_a_caller_who_does_not_wait_is_recorded_as_gone(
    grpc_clients: Clients, emulator: RunningEmulator, fault: SetFault, statuses: Statuses
) -> None:
    """A deadline that ends during the latency cancels the request before its effect."""
    method = f"{REPOSITORIES}/CreateRepository"
    fault(method, kind="latency", seconds=60)
    docker = artifactregistry_v1.Repository(format_="DOCKER")
    with pytest.raises(exceptions.DeadlineExceeded):
        grpc_clients.repositories.create_repository(
            parent=PARENT, repository_id="services", repository=docker, timeout=0.5
        )
    while statuses(method) != ["CANCELLED"]:
        time.sleep(0.02)
    assert repositories(grpc_clients) == set()
    assert emulator.admin("GET", "/faults")["faults"][0]["played"] == 1


def test_a_fault_picks_by_pattern_resource_and_turn(
    grpc_clients: Clients, emulator: RunningEmulator, fault: SetFault
) -> None:
    """A shell pattern, a part of the name, the first ones spared, and until it is cleared."""
    told = fault(
        "google.cloud.resourcemanager.*/Get*", code="INTERNAL", resource="demo", skip=1, times=None
    )
    emulator.admin("POST", "/projects", projectId="other-project")
    for name in ("projects/demo-project", "projects/other-project"):
        grpc_clients.projects.get_project(name=name)
    for _ in range(3):
        with pytest.raises(exceptions.InternalServerError):
            grpc_clients.projects.get_project(name="projects/demo-project")
    (listed,) = emulator.admin("GET", "/faults")["faults"]
    assert (listed["id"], listed["seen"], listed["played"]) == (told["id"], 4, 3)
    emulator.admin("DELETE", f"/faults/{told['id']}")
    grpc_clients.projects.get_project(name="projects/demo-project")


def test_a_new_thing_is_found_by_the_id_it_is_to_have(clients: Clients, fault: SetFault) -> None:
    """Creating `services` meets the fault for it; creating another does not."""
    fault(f"{REPOSITORIES}/CreateRepository", code="INTERNAL", resource="/services", times=None)
    make_repository(clients, "demo-project", "others")
    with pytest.raises(exceptions.InternalServerError):
        make_repository(clients, "demo-project", "services")


def test_every_call_can_be_made_to_fail_one_after_another(
    clients: Clients, emulator: RunningEmulator, fault: SetFault
) -> None:
    """`skip` moves one failure through a sequence of requests until it falls off its end."""
    failed = []
    for turn in range(10):
        emulator.admin("POST", "/reset")
        told = fault("*", code="INTERNAL", skip=turn)
        try:
            make_repository(clients, "demo-project")
            repositories(clients)
        except exceptions.GoogleAPICallError:
            failed.append(turn)
        (listed,) = emulator.admin("GET", "/faults")["faults"]
        assert listed["id"] == told["id"]
        if not listed["played"]:
            break
    assert failed == list(range(turn))
    assert turn >= 3


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, '"method" must be a text'),
        ({"method": "x"}, '"code" must be a text'),
        ({"method": "x", "code": "OK"}, '"code" must be one of CANCELLED'),
        ({"method": "x", "kind": "storm"}, '"kind" must be one of error'),
        ({"method": "x", "kind": ["cut"]}, '"kind" must be one of error'),
        ({"method": "x", "kind": "cut", "code": "INTERNAL"}, 'of kind "cut" has no "code"'),
        ({"method": "x", "kind": "cut", "times": 0}, '"times" must be a whole number from 1'),
        ({"method": "x", "kind": "cut", "times": True}, '"times" must be a whole number'),
        ({"method": "x", "kind": "cut", "skip": -1}, '"skip" must be a whole number from 0'),
        ({"method": "x", "kind": "cut", "when": "during"}, '"when" must be'),
        ({"method": "x", "kind": "latency"}, 'needs "seconds"'),
        ({"method": "x", "kind": "latency", "seconds": -1}, '"seconds" must be seconds'),
        ({"method": "x", "kind": "latency", "seconds": 1e300}, '"seconds" must be seconds'),
        ({"method": "x", "kind": "stale", "seconds": 1, "writes": 1}, '"seconds" or "writes"'),
        ({"method": "x", "code": "INTERNAL", "message": 5}, '"message" must be a text'),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(
    emulator: RunningEmulator, body: dict[str, object], words: str
) -> None:
    """400, in words that name the field; nothing is set."""
    answer = requests.post(f"{emulator.http}/_emulator/faults", json=body, timeout=30)
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert emulator.admin("GET", "/faults") == {"faults": []}


@pytest.mark.parametrize("value", ["NaN", "-1", "Infinity", "1e300", '"5"', "true", "null"])
@pytest.mark.parametrize("setting", ["iamDelay", "operationDelay"])
def test_a_delay_is_a_number_of_seconds(
    emulator: RunningEmulator, setting: str, value: str
) -> None:
    """Neither negative nor without end; both settings stay as they were."""
    before = emulator.admin("POST", "/settings")
    answer = requests.post(
        f"{emulator.http}/_emulator/settings", data=f'{{"{setting}": {value}}}', timeout=30
    )
    assert answer.status_code == 400
    assert setting in answer.json()["error"]
    assert emulator.admin("POST", "/settings") == before
