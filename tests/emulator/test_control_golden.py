"""The emulator's answers beside recorded ones: the same fields, present and absent."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import requests

from tests.conftest import RunningEmulator

GOLDEN = Path(__file__).parents[3] / "shared" / "golden" / "kcc"
RUN = "run/*cloudruncomputeregionnetworkendpointgroup__http__2026-06-13*.log"
REPOSITORIES = "artifactregistry/*repository_crud__http__2025-05-14*.log"
ACCOUNTS = "iam/*iamserviceaccount-full__http__2025-05-23*.log"
# What newer servers add to recordings from before it existed, and what the recorder left out (uid).
ADDED = {"uid", "metadata.uid", "response.uid"}
ADDED |= {"registryUri", "response.registryUri", "response.satisfiesPzi"}
LEGACY = {"error.errors[]", "error.errors[].domain", "error.errors[].message"}
LEGACY |= {"error.errors[].reason", "error.errors"}


class Exchange(NamedTuple):
    """One recorded request and its answer."""

    method: str
    path: str
    query: str
    body: Any
    status: int
    answer: Any


def exchanges(pattern: str, host: str) -> Iterator[Exchange]:
    """The recorded exchanges with one host; the test is skipped where there are no recordings."""
    found = sorted(GOLDEN.glob(pattern))
    if not found:
        pytest.skip("the recordings are not at hand")
    for block in found[0].read_text().split("\n---\n"):
        head, _, answer = re.split(r"\n(\d{3} [A-Z].*)\n", block.strip() + "\n", maxsplit=1)
        method, url = head.split("\n", 1)[0].split(" ")
        if urlsplit(url).hostname == host:
            status = int(re.findall(r"\n(\d{3}) [A-Z]", block)[0])
            parts = urlsplit(url)
            yield Exchange(method, parts.path, parts.query, _json(head), status, _json(answer))


def _json(text: str) -> Any:  # noqa: ANN401 - JSON
    start = text.find("\n{")
    return json.loads(text[start:]) if start >= 0 else None


def fields(value: Any, path: str = "") -> set[str]:  # noqa: ANN401 - JSON
    """Every field's path; entries of lists are taken together."""
    if isinstance(value, dict):
        inner = [fields(one, f"{path}.{key}" if path else key) for key, one in value.items()]
        return {path}.union(*inner) - {""}
    if isinstance(value, list):
        return {path}.union(*(fields(one, f"{path}[]") for one in value))
    return {path}


class Replay:
    """Sends recorded requests to the emulator."""

    def __init__(self, emulator: RunningEmulator, image: str) -> None:
        self._emulator = emulator
        self._image = image
        self._operation = ""

    def send(self, exchange: Exchange) -> requests.Response:
        """The emulator's answer to a recorded request; operations are waited for."""
        path = self._filled(exchange.path).replace("${operationID}", "")
        if "/operations/" in path:
            return self._wait(path[: path.index("/projects/")])
        answer = requests.request(
            exchange.method,
            f"{self._emulator.http}{path}",
            params=self._filled(exchange.query),
            data=self._filled(json.dumps(exchange.body)) if exchange.body else None,
            headers={"Authorization": f"Bearer {self._emulator.token()}"},
            timeout=30,
        )
        name = str(answer.json().get("name", ""))
        self._operation = name if "/operations/" in name else self._operation
        return answer

    def _wait(self, version: str) -> requests.Response:
        while True:
            answer = requests.get(
                f"{self._emulator.http}{version}/{self._operation}",
                headers={"Authorization": f"Bearer {self._emulator.token()}"},
                timeout=30,
            )
            if answer.json().get("done"):
                return answer

    def _filled(self, text: str) -> str:
        known = {"${projectId}": "demo-project", "${uniqueId}": "abcde"}
        for name, value in {**known, "gcr.io/cloudrun/hello": self._image}.items():
            text = text.replace(name, value)
        return re.sub(r'"etag": "abcdef0123A="', '"etag": ""', text)


@pytest.mark.parametrize(
    ("pattern", "host"),
    [
        (RUN, "run.googleapis.com"),
        (REPOSITORIES, "artifactregistry.googleapis.com"),
        (ACCOUNTS, "iam.googleapis.com"),
    ],
)
def test_answers_have_the_fields_that_google_s_had(
    emulator: RunningEmulator, pushed_image: str, pattern: str, host: str
) -> None:
    """A recorded life, from 404 to deletion, is answered with the same fields and statuses."""
    replay = Replay(emulator, pushed_image)
    count = 0
    for count, exchange in enumerate(exchanges(pattern, host), start=1):  # noqa: B007 - counted
        answer = replay.send(exchange)
        what = f"{exchange.method} {exchange.path}"
        assert answer.status_code == exchange.status, what
        here, there = fields(answer.json()) - ADDED, fields(exchange.answer) - ADDED - LEGACY
        assert (here - there, there - here) == (set(), set()), what
    assert count > 5
