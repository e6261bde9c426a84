"""Recordings of single answers: a world like the recorded one is made, and asked the same.

The requests are told by the files' names and by their `content-location`; bodies were not recorded,
so what is sent is chosen to have the recorded effect.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.conftest import DEVELOPER, RunningEmulator
from tests.golden import policies
from tests.golden.asking import ask
from tests.golden.comparison import Pairing
from tests.golden.differences import Entry, covering
from tests.golden.recordings import GOLDEN, Exchange
from tests.golden.replay import Replay, Step, in_all
from tests.golden.surroundings import number_of, provide_samples

ORGANIZATION = "organizations/100000000001"
FOLDER = "folders/200000000001"


@dataclass(frozen=True)
class Asked:
    """A request whose answer was recorded.

    Args:
        file: the answer, below the world's folder.
        request: method and URL, as in ``GET run.googleapis.com/v1/projects/…``.
        body: what to send; `POLICY` to set the policy that was answered.
    """

    file: str
    request: str
    body: Any = None


POLICY = "the answered policy"
ADMIN = {"role": "roles/resourcemanager.organizationAdmin", "members": [DEVELOPER]}
"""The caller's own right to an organisation, which no recording has."""


@dataclass(frozen=True)
class World:
    """A recorded world.

    Args:
        folder: below the folder of recordings.
        asked: the requests in their order.
        names: our words for the words of the recording.
        prepare: makes the world; takes what it needs and may add names.
    """

    folder: str
    asked: tuple[Asked, ...]
    names: dict[str, str] = field(default_factory=dict)
    prepare: Callable[["Making"], None] = lambda _making: None

    @property
    def name(self) -> str:
        """The folder; where that has several worlds, the file."""
        return f"{self.folder}/{self.asked[0].file}" if "gcpdiag" in self.folder else self.folder


@dataclass
class Making:
    """A world in the making.

    Args:
        emulator: where.
        names: our words for recorded words, so far.
        exchanges: what is going to be asked.
    """

    emulator: RunningEmulator
    names: dict[str, str]
    exchanges: Sequence[Exchange]

    def send(self, line: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Send ``METHOD path``; the answer, of a finished operation its response."""
        method, _, path = line.partition(" ")
        host = urlsplit(path).hostname or ""
        return ask(self.emulator, method, path.removeprefix(f"http://{host}"), body, host)

    def recorded(self, number: int = 0) -> Any:  # noqa: ANN401 - JSON
        """A recorded answer with our names."""
        return in_all(self.exchanges[number].answer, Replay(self.emulator, self.names).named)

    def grant(self, resource: str, role: str) -> None:
        """Give the developer a role."""
        body = {"resource": resource, "member": DEVELOPER, "role": role}
        self.emulator.admin("POST", "/grants", **body)


def load(world: World) -> tuple[Exchange, ...]:
    """The world's requests with their recorded answers."""
    return tuple(_load(world, asked) for asked in world.asked)


def _load(world: World, asked: Asked) -> Exchange:
    document = json.loads((GOLDEN / world.folder / asked.file).read_text(encoding="utf-8"))
    answer = document["body"] if set(document) == {"body", "headers"} else document
    method, _, url = asked.request.partition(" ")
    parts = urlsplit(f"https://{url}")
    query = tuple(parse_qsl(parts.query))
    body = _setting(answer, parts.path) if asked.body == POLICY else asked.body
    return Exchange(method, parts.hostname or "", parts.path, query, body, 200, answer)


def _setting(answer: dict[str, Any], path: str) -> dict[str, Any]:
    own = [ADMIN] if "/organizations/" in path else []
    return {"policy": {"bindings": [*answer["bindings"], *own]}}


def replay(
    emulator: RunningEmulator, world: World, entries: Sequence[Entry] = ()
) -> Iterator[Step]:
    """Make the world in an emulator that was just reset, and compare its answers."""
    provide_samples(emulator)
    exchanges = policies.cut(load(world), policies.known_roles(emulator))
    number = number_of(emulator, emulator.project)
    # Names are replaced in their order: one recorded word may be another word for the project.
    words = {**world.names, "cloud-custodian": emulator.project}
    names = {key: value.format(number=number) for key, value in words.items()}
    making = Making(emulator, names, exchanges)
    world.prepare(making)

    def listed(exchange: Exchange, difference: Any) -> bool:  # noqa: ANN401 - a difference
        return bool(covering(entries, world.name, exchange, difference))

    # A state was recorded, not a life: what happened when, or at one time, means nothing there.
    pairing = Pairing(moments=False)
    life = Replay(emulator, making.names, listed, pairing, narrow=_narrow, ordered=False)
    yield from life.steps(exchanges)


def _narrow(recorded: Any, ours: Any) -> Any:  # noqa: ANN401 - JSON
    """Our answer without what the recorded world did not have: other projects, our own rights."""
    if not isinstance(ours, dict) or not isinstance(recorded, dict):
        return ours
    return {key: _among(recorded.get(key), value) for key, value in ours.items()}


def _among(recorded: Any, ours: Any) -> Any:  # noqa: ANN401 - JSON
    if not isinstance(ours, list) or not isinstance(recorded, list):
        return ours
    ours = [one for one in ours if one != ADMIN]
    for key in ("projectId", "email", "displayName", "locationId"):
        wanted = {one.get(key) for one in recorded if isinstance(one, dict)} - {None}
        if wanted:
            return [one for one in ours if isinstance(one, dict) and one.get(key) in wanted]
    return ours
