"""Sends a recorded life to the emulator, and tells where its answers differ."""

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import requests

from tests.conftest import RunningEmulator
from tests.golden.comparison import Difference, Pairing, compare, out_of_order
from tests.golden.recordings import Exchange

_PATIENCE = 3.0
_SLOW, _FAST = 1.0, 0.0
_ACCOUNT = "google.iam.admin.v1.IAM/GetServiceAccount"


class Step(NamedTuple):
    """A replayed exchange.

    Args:
        number: its place among those replayed, from 1.
        exchange: as recorded.
        differences: all of them.
    """

    number: int
    exchange: Exchange
    differences: list[Difference]


@dataclass
class Replay:
    """One life in one world.

    Args:
        emulator: who answers.
        names: our word for each word of the recording that names its world.
        expected: whether a difference of a step is one that is listed, and no reason to wait.
        pairing: which of our identifiers stands for which recorded one.
        narrow: leaves out of an answer what the recorded world did not have.
        stale: the steps that are answered as if the last write had not happened yet.
        ordered: whether the times of an answer come in the recorded order.
    """

    emulator: RunningEmulator
    names: dict[str, str]
    expected: Callable[[Exchange, Difference], bool] = lambda _exchange, _difference: False
    pairing: Pairing = field(default_factory=Pairing)
    narrow: Callable[[Any, Any], Any] = lambda _recorded, ours: ours
    stale: frozenset[int] = frozenset()
    ordered: bool = True

    def steps(self, exchanges: Sequence[Exchange]) -> Iterator[Step]:
        """Replay in order; each step with its differences."""
        for number, exchange in enumerate(exchanges, start=1):
            if exchange.method != "GET":
                pending = _stays_pending(exchanges[number:])
                delay = _SLOW if pending else _FAST
                self.emulator.admin("POST", "/settings", operationDelay=delay)
            if number in self.stale:
                fault = {"kind": "stale", "method": _ACCOUNT, "writes": 1}
                self.emulator.admin("POST", "/faults", **fault)
            yield Step(number, exchange, self._patiently(exchange))

    def _patiently(self, exchange: Exchange) -> list[Difference]:
        """What is read may still be on its way to the recorded state."""
        end = time.monotonic() + _PATIENCE
        while True:
            pairing = self.pairing.copy()
            answer = self._send(exchange)
            found = self._differences(exchange, answer, pairing)
            news = [each for each in found if not self.expected(exchange, each)]
            late = time.monotonic() > end or exchange.method != "GET"
            if not news or late or not _on_its_way(exchange, answer):
                self.pairing = pairing
                return found
            time.sleep(0.02)

    def _differences(
        self, exchange: Exchange, answer: requests.Response, pairing: Pairing
    ) -> list[Difference]:
        found = []
        if answer.status_code != exchange.status:
            found.append(Difference("status", "value", exchange.status, answer.status_code))
        ours = answer.json() if answer.content else None
        if exchange.answer is None:
            return found
        if found:
            return [*found, Difference("", "value", exchange.answer, ours)]
        recorded = in_all(exchange.answer, self.named)
        ours = self.narrow(recorded, ours)
        found += compare(recorded, ours, pairing)
        return found + (out_of_order(recorded, ours) if self.ordered else [])

    def _send(self, exchange: Exchange) -> requests.Response:
        body = None if exchange.body is None else in_all(exchange.body, self._filled)
        return requests.request(
            exchange.method,
            f"{self.emulator.http}{self._filled(exchange.path)}",
            params=[(name, self._filled(value)) for name, value in exchange.query],
            data=None if body is None else json.dumps(body),
            headers={
                "Authorization": f"Bearer {self.emulator.token()}",
                "Host": exchange.host,
            },
            timeout=30,
        )

    def named(self, text: str) -> str:
        """A recorded text with the names of our world."""
        for recorded, ours in self.names.items():
            # A number is a name only where it stands alone.
            text = re.sub(rf"(?<!\d){re.escape(recorded)}(?!\d)", ours, text)
        return text

    def _filled(self, text: str) -> str:
        return self.pairing.fill(self.named(text))


def in_all(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401 - JSON
    """The JSON value with every text and key changed."""
    if isinstance(value, dict):
        return {change(key): in_all(one, change) for key, one in value.items()}
    if isinstance(value, list):
        return [in_all(one, change) for one in value]
    return change(value) if isinstance(value, str) else value


def _stays_pending(later: Sequence[Exchange]) -> bool:
    """Whether the recording saw the write's work under way when it looked next."""
    for exchange in later:
        if exchange.method != "GET":
            return False
        if _is_operation(exchange.path):
            return not (exchange.answer or {}).get("done")
        if _under_way(exchange.answer):
            return True
    return False


def _on_its_way(exchange: Exchange, answer: requests.Response) -> bool:
    """Whether an answer shows work that the recorded one shows done."""
    if answer.status_code != exchange.status:
        return False
    ours = answer.json() if answer.content else None
    if _is_operation(exchange.path):
        return bool((exchange.answer or {}).get("done")) and not (ours or {}).get("done")
    return _under_way(ours) or _under_way(exchange.answer) or _is_knative(exchange)


def _is_knative(exchange: Exchange) -> bool:
    return exchange.path.startswith("/apis/")


def _is_operation(path: str) -> bool:
    return "/operations/" in path


def _under_way(resource: Any) -> bool:  # noqa: ANN401 - JSON
    if not isinstance(resource, dict):
        return False
    conditions = (resource.get("status") or {}) if isinstance(resource.get("status"), dict) else {}
    ready = [one for one in conditions.get("conditions", []) if one.get("type") == "Ready"]
    unknown = any(one.get("status") == "Unknown" for one in ready)
    executed = "workflowRevisionId" in resource and resource.get("state") == "ACTIVE"
    return bool(resource.get("reconciling")) or unknown or executed
