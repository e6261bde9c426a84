"""Recordings altered as mocks get them wrong: the comparison has to notice each."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import RunningEmulator
from tests.golden.differences import covering, listed
from tests.golden.lives import replay
from tests.golden.recordings import Recording, recordings
from tests.golden.scope import why_not

_SERVICE = "kcc/run/basic_compute_*__2026-06-13__*"
_CASSETTE = "kcc/run/*runservicebasic__vcr_cassettes_tf__2024-08-29__*"
_POLICY = "kcc/run/basic_eventarc_*"
_ACCOUNT = "kcc/iam/*iamserviceaccount-full__http__2025-05-23__*"
_REPOSITORY = "kcc/artifactregistry/*repository_crud__http__2025-05-14__*"
_TAG = "kcc/tags/*tagkey_crud__http__2025-03-10__*"


class Altered(NamedTuple):
    """One way in which a mock is wrong.

    Args:
        recording: glob of the recording that is altered.
        where: the altered step: part of its method and path, and which one of these.
        change: alters the recorded answer in place; may return another status.
    """

    recording: str
    where: tuple[str, int]
    change: Callable[[Any], int | None]


def _set(path: str, value: object) -> Callable[[Any], None]:
    """Write a value at a path of keys and indexes, as in ``metadata.conditions.0.type``."""

    def change(answer: Any) -> None:  # noqa: ANN401 - JSON
        *way, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        for key in way:
            answer = answer[key]
        answer[last] = value

    return change


def _drop(*path: str) -> Callable[[Any], None]:
    def change(answer: Any) -> None:  # noqa: ANN401 - JSON
        for key in path[:-1]:
            answer = answer[key]
        del answer[path[-1]]

    return change


def _reverse(*path: str) -> Callable[[Any], None]:
    def change(answer: Any) -> None:  # noqa: ANN401 - JSON
        for key in path:
            answer = answer[int(key) if key.isdigit() else key]
        answer.reverse()

    return change


def _swap(one: str, other: str, key: str) -> Callable[[Any], None]:
    """Give one of two objects, named as by `_set`, the other's value, and the other way round."""

    def change(answer: Any) -> None:  # noqa: ANN401 - JSON
        found = []
        for path in (one, other):
            place = answer
            for part in path.split("."):
                place = place[int(part) if part.isdigit() else part]
            found.append(place)
        found[0][key], found[1][key] = found[1][key], found[0][key]

    return change


def _stand_still(answer: Any) -> None:  # noqa: ANN401 - JSON
    answer["metadata"]["updateTime"] = answer["metadata"]["createTime"]


def _reverse_members(answer: Any) -> None:  # noqa: ANN401 - JSON
    known = ("roles/editor", "roles/owner")
    several = [each for each in answer["bindings"] if each["role"] in known]
    several[0]["members"].reverse()


def _add_ready(answer: Any) -> None:  # noqa: ANN401 - JSON
    ready = {"lastTransitionTime": "2025-01-01T00:00:00Z", "state": "CONDITION_SUCCEEDED"}
    answer["conditions"].insert(0, {**ready, "type": "Ready"})


def _unquote(answer: Any) -> None:  # noqa: ANN401 - JSON
    answer["etag"] = answer["etag"].strip('"')


def _forbid(answer: Any) -> int:  # noqa: ANN401 - JSON
    answer["error"] |= {"code": 403, "status": "PERMISSION_DENIED"}
    return 403


_ALTERED = {
    "done at once in the create reply": Altered(_SERVICE, ("POST", 0), _set("done", value=True)),
    "no metadata while pending": Altered(_SERVICE, ("POST", 0), _drop("metadata")),
    "an integer instead of an int64 text": Altered(
        _SERVICE, ("operations", 0), _set("metadata.generation", 1)
    ),
    "false written out": Altered(_SERVICE, ("GET", 2), _set("reconciling", value=False)),
    "an empty text written out": Altered(_ACCOUNT, ("GET", 1), _set("etag2", "")),
    "an empty list written out": Altered(_SERVICE, ("GET", 2), _set("template.volumes", [])),
    "Ready among the conditions": Altered(_SERVICE, ("GET", 2), _add_ready),
    "conditions in another order": Altered(_SERVICE, ("GET", 2), _reverse("conditions")),
    "a condition in another state": Altered(
        _SERVICE, ("GET", 2), _set("conditions.1.state", "CONDITION_PENDING")
    ),
    "a type on the pending condition": Altered(
        _SERVICE, ("POST", 0), _set("metadata.terminalCondition.type", "Ready")
    ),
    "no response when done": Altered(_SERVICE, ("operations", 0), _drop("response")),
    "another default": Altered(
        _SERVICE,
        ("POST", 0),
        _set("metadata.template.containers.0.resources.limits.memory", "256Mi"),
    ),
    "another default number": Altered(
        _SERVICE, ("GET", 2), _set("template.maxInstanceRequestConcurrency", 100)
    ),
    "other words for what is missing": Altered(
        _SERVICE, ("GET", 0), _set("error.message", "Service not found.")
    ),
    "another status": Altered(_SERVICE, ("GET", 0), _forbid),
    "an etag without quotes": Altered(_CASSETTE, ("GET", 2), _unquote),
    "a time in another form": Altered(
        _CASSETTE, ("GET", 2), _set("createTime", "2024-04-12 01:28:25")
    ),
    "a unique id that changes": Altered(
        _CASSETTE, ("GET", 3), _set("uid", "00000000-1111-4222-8333-444444444444")
    ),
    "an update time that no update moves": Altered(_CASSETTE, ("PATCH", 0), _stand_still),
    "no version in a policy": Altered(_POLICY, (":getIamPolicy", 0), _drop("version")),
    "bindings in another order": Altered(_POLICY, (":getIamPolicy", 1), _reverse("bindings")),
    "members in another order": Altered(_POLICY, (":setIamPolicy", 0), _reverse_members),
    "an unknown account's legacy list left out": Altered(
        _ACCOUNT, ("GET", 0), _drop("error", "errors")
    ),
    "more than the changed fields after a patch": Altered(
        _ACCOUNT, ("PATCH", 0), _set("projectId", "${projectId}")
    ),
    "a repository's mode left out": Altered(_REPOSITORY, ("GET", 1), _drop("mode")),
    "made after it was updated": Altered(
        _CASSETTE, ("GET", 3), _set("createTime", "2024-12-31T00:00:00.000001Z")
    ),
    "conditions that come true in another order": Altered(
        _CASSETTE, ("GET", 2), _swap("conditions.0", "conditions.1", "lastTransitionTime")
    ),
    "an operation's metadata of another type": Altered(
        _TAG, ("POST", 0), _set("metadata.@type", "type.googleapis.com/google.protobuf.Empty")
    ),
}


@pytest.fixture(scope="session")
def unaltered() -> dict[tuple[str, int], list[str]]:
    """What differs without an alteration, by recording and step: found once, expected nowhere."""
    return {}


@pytest.mark.parametrize("name", _ALTERED)
def test_a_recording_altered_as_mocks_get_it_wrong_is_noticed(
    golden: Path, emulator: RunningEmulator, unaltered: dict[tuple[str, int], list[str]], name: str
) -> None:
    """The altered step differs, in a way that is not listed, from what the emulator answers."""
    assert golden.is_dir()
    altered = _ALTERED[name]
    (recording,) = recordings(altered.recording)
    number = _number(recording, *altered.where)
    changed = _with(recording, number, altered.change)

    place = (altered.recording, number)
    if place not in unaltered:
        unaltered[place] = _strange(emulator, recording, number)
    assert unaltered[place] == []
    assert _strange(emulator, changed, number) != []


def _number(recording: Recording, part: str, which: int) -> int:
    fitting = [number for number, each in enumerate(recording.exchanges) if part in each.line]
    return fitting[which]


def _with(recording: Recording, number: int, change: Callable[[Any], int | None]) -> Recording:
    exchanges = list(recording.exchanges)
    answer = copy.deepcopy(exchanges[number].answer)
    status = change(answer) or exchanges[number].status
    exchanges[number] = replace(exchanges[number], answer=answer, status=status)
    return recording._replace(exchanges=tuple(exchanges))


def _strange(emulator: RunningEmulator, recording: Recording, number: int) -> list[str]:
    """The differences of one step that are not listed."""
    emulator.admin("POST", "/reset")
    entries = [each for each in listed() if each.names(recording.name)]
    place = sum(not why_not(recording.name, each) for each in recording.exchanges[: number + 1])
    step = next(step for step in replay(emulator, recording, entries) if step.number == place)
    return [
        str(each)
        for each in step.differences
        if not covering(entries, recording.name, step.exchange, each)
    ]
