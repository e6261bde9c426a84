"""Cloud Run v1 under bodies that nobody meant, and under two writers at once."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.emulator.run.conftest import NAMESPACE, KnativeApi, knative_service
from tests.emulator.run.test_knative_jobs import JOBS, knative_job

SERVICES = f"{NAMESPACE}/services"
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 2**40, 1.5, "", "x", "true", "-", "é\u0000", "\ud800", "a" * 300,
    {"\ud800": "x"}, [], [[]], [None], {},
    {"a": None}, {"name": 1}, {"secretKeyRef": {}}, [{"name": ""}], [{"percent": "100"}],
)  # fmt: skip
KEYS = (
    "autoscaling.knative.dev/maxScale",
    "run.googleapis.com/cpu-throttling",
    "run.googleapis.com/startup-cpu-boost",
    "run.googleapis.com/network-interfaces",
    "run.googleapis.com/container-dependencies",
    "run.googleapis.com/cloudsql-instances",
    "run.googleapis.com/execution-environment",
    "run.googleapis.com/encryption-key-shutdown-hours",
)
TEXTS = (
    "",
    "true",
    "1",
    "-1",
    "{}",
    "[]",
    "[1]",
    '{"a":1}',
    '{"main":5}',
    "99999999999",
    "null",
    "a,b",
)


def full(image: str) -> dict[str, Any]:
    """A service with something in every place."""
    probe = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 5}
    body = knative_service(image)
    container = body["spec"]["template"]["spec"]["containers"][0]
    container |= {
        "name": "main",
        "env": [{"name": "A", "value": "1"}],
        "ports": [{"containerPort": 8080}],
        "resources": {"limits": {"cpu": "1"}},
        "startupProbe": probe,
        "volumeMounts": [{"name": "v", "mountPath": "/v"}],
    }
    body["spec"]["template"]["spec"]["volumes"] = [{"name": "v", "emptyDir": {"sizeLimit": "1Mi"}}]
    body["spec"]["template"]["metadata"] = {"labels": {"a": "b"}, "annotations": {"c": "d"}}
    body["spec"]["traffic"] = [{"percent": 100, "latestRevision": True, "tag": "t"}]
    return body


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401 - JSON
    """Every place in a document."""
    entries = list(value.items()) if isinstance(value, dict) else []
    entries += list(enumerate(value)) if isinstance(value, list) else []
    return [path, *(place for key, one in entries for place in places(one, (*path, key)))]


def altered(body: dict[str, Any], rng: random.Random) -> Any:  # noqa: ANN401 - JSON
    """The document with something odd in one or two places."""
    made = json.loads(json.dumps(body))
    about = made["spec"]["template"]["metadata"]["annotations"]
    about[rng.choice(KEYS)] = rng.choice(TEXTS)
    for _ in range(rng.randint(0, 2)):
        *above, last = rng.choice(places(made)[1:])
        inner = made
        for key in above:
            inner = inner[key]
        inner[last] = rng.choice(ODD)
    return made


@pytest.mark.parametrize("seed", range(4))
def test_odd_bodies_are_answered_or_refused_but_break_nothing(
    v1: KnativeApi, pushed_image: str, seed: int
) -> None:
    """Two hundred altered bodies a seed: never a 500, and what is refused says so."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, no secret
    body = full(pushed_image)
    v1.create(full(pushed_image))
    seen = set()
    for _ in range(100):
        for method, path in (("POST", SERVICES), ("PUT", f"{SERVICES}/orders")):
            answer = v1.call(method, path, altered(body, rng), dryRun="all")
            seen.add(answer.status_code)
            assert answer.status_code in (200, 400, 403, 404, 409), answer.text
    assert {200, 400} <= seen
    assert v1.get("orders")["status"]["conditions"][0]["status"] == "True"


def test_of_two_writers_with_one_version_one_wins(v1: KnativeApi, pushed_image: str) -> None:
    """The other one is told of the conflict, and nothing of it is kept."""
    v1.create(knative_service(pushed_image))
    read = v1.get("orders")

    def write(word: str) -> int:
        body = json.loads(json.dumps(read))
        body["metadata"]["annotations"]["run.googleapis.com/description"] = word
        return v1.call("PUT", f"{SERVICES}/orders", body).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(write, map(str, range(8))))
    assert sorted(codes) == [200] + [409] * 7
    winner = str(codes.index(200))
    about = v1.get("orders")["metadata"]["annotations"]
    assert about["run.googleapis.com/description"] == winner


@pytest.mark.parametrize("seed", range(2))
def test_odd_overrides_are_taken_or_refused_but_break_nothing(
    v1: KnativeApi, pushed_image: str, seed: int
) -> None:
    """A hundred altered requests a seed: each executes the job or is refused, never a 500."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, no secret
    v1.ok("POST", JOBS, knative_job(pushed_image))
    v1.ok("GET", f"{JOBS}/nightly")
    container = {
        "name": "",
        "args": ["a"],
        "env": [{"name": "A", "value": "1"}],
        "clearArgs": False,
    }
    body = {
        "overrides": {"containerOverrides": [container], "taskCount": 2, "timeoutSeconds": 60},
    }
    seen = []
    for _ in range(100):
        made = json.loads(json.dumps(body))
        *above, last = rng.choice(places(made)[1:])
        inner = made
        for key in above:
            inner = inner[key]
        inner[last] = rng.choice(ODD)
        answer = v1.call("POST", f"{JOBS}/nightly:run", made)
        seen.append(answer.status_code)
        assert answer.status_code in (200, 400), answer.text
    assert {200, 400} == set(seen)
    done = v1.ok("GET", f"{JOBS}/nightly")["status"]["executionCount"]
    assert done == seen.count(200)
