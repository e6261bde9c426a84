"""Asking an emulator's REST APIs plainly, to make what a recording takes for granted."""

import time
from typing import Any

import requests

from tests.conftest import RunningEmulator

_PATIENCE_SECONDS = 30


def ask(
    emulator: RunningEmulator, method: str, path: str, body: object = None, host: str = ""
) -> Any:  # noqa: ANN401 - JSON
    """The answer; of a long-running operation, what it ends with. Raises for any refusal.

    Args:
        emulator: who is asked, as the developer.
        method: HTTP method.
        path: with the query.
        body: what to send.
        host: one of Google's, where the path does not tell which API is meant.
    """
    answer = _send(emulator, method, path, body, host)
    name = str(answer.get("name", ""))
    if "operations/" not in name or answer.get("done"):
        return answer.get("response", answer)
    version = path.split("/")[1]
    end = time.monotonic() + _PATIENCE_SECONDS
    while not answer.get("done"):
        assert time.monotonic() < end, f"{name} does not end"
        answer = _send(emulator, "GET", f"/{version}/{name}", None, host)
    assert "error" not in answer, answer
    return answer.get("response")


def _send(
    emulator: RunningEmulator, method: str, path: str, body: object, host: str
) -> dict[str, Any]:
    answer = requests.request(
        method,
        f"{emulator.http}{path}",
        json=body,
        headers={"Authorization": f"Bearer {emulator.token()}", **({"Host": host} if host else {})},
        timeout=_PATIENCE_SECONDS,
    )
    assert answer.ok, f"{method} {path}: {answer.text}"
    found: dict[str, Any] = answer.json()
    return found
