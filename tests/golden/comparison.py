"""An answer beside the recorded one: field by field, value by value."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.golden.identifiers import moment, parts, written_by_recorder

_AS_GOOD_AS_ABSENT = ("done", False)
"""What Workflows says of operations in all but its oldest recording, and the emulator with it."""


@dataclass(frozen=True)
class Difference:
    """One way in which an answer is not the recorded one.

    Args:
        path: the field, as in ``metadata.conditions[0].type``.
        kind: ``missing`` or ``extra`` field, ``value``, ``type``, ``length`` of a list; ``moved``
            when the recording repeats an identifier and the answer does not, ``kept`` when the
            answer repeats one and the recording does not.
        recorded: as recorded.
        ours: as answered.
    """

    path: str
    kind: str
    recorded: Any
    ours: Any

    def __str__(self) -> str:
        """One line for messages."""
        return f"{self.path}: {self.kind}: recorded {self.recorded!r}, here {self.ours!r}"


@dataclass
class Pairing:
    """Which of our identifiers stands for which recorded one, over a whole life.

    Args:
        moments: whether what happened at one time in the recording has to have one time here.
    """

    moments: bool = True
    _pairs: dict[tuple[str, str], str] = field(default_factory=dict)
    _back: dict[tuple[str, str], str] = field(default_factory=dict)

    def strange(self, kind: str, recorded: str, ours: str) -> str:
        """How the pair contradicts what was seen; empty, and remembered, when it fits."""
        if written_by_recorder(recorded) or (kind == "time" and not self.moments):
            self._pairs[kind, recorded] = ours
            return ""
        if self._pairs.setdefault((kind, recorded), ours) != ours:
            return "moved"
        # Our clock may give two moments one time; other identifiers are not used for two things.
        back = recorded if kind == "time" else self._back.setdefault((kind, ours), recorded)
        return "" if back == recorded else "kept"

    def fill(self, text: str) -> str:
        """A recorded text with our identifiers in it."""
        for (_, recorded), ours in self._pairs.items():
            if len(recorded) > 3 and recorded != ours:
                text = text.replace(recorded, ours)
        return text

    def copy(self) -> "Pairing":
        """To try an answer that may not be the last."""
        return Pairing(self.moments, dict(self._pairs), dict(self._back))


def compare(recorded: Any, ours: Any, pairing: Pairing, path: str = "") -> list[Difference]:  # noqa: ANN401 - JSON
    """All differences, in the order of the recording's fields."""
    if type(recorded) is not type(ours):
        return [Difference(path, "type", recorded, ours)]
    if isinstance(recorded, dict):
        return _objects(recorded, ours, pairing, path)
    if isinstance(recorded, list):
        return _lists(recorded, ours, pairing, path)
    if isinstance(recorded, str):
        return _texts(recorded, ours, pairing, path)
    return [] if recorded == ours else [Difference(path, "value", recorded, ours)]


def _objects(
    recorded: dict[str, Any], ours: dict[str, Any], pairing: Pairing, path: str
) -> list[Difference]:
    found = []
    for key, value in recorded.items():
        inner = f"{path}.{key}" if path else key
        if key not in ours:
            found.append(Difference(inner, "missing", value, None))
        else:
            found += compare(value, ours[key], pairing, inner)
    for key in ours.keys() - recorded.keys():
        if (key, ours[key]) == _AS_GOOD_AS_ABSENT:
            continue
        inner = f"{path}.{key}" if path else key
        found.append(Difference(inner, "extra", None, ours[key]))
    return found


def _lists(recorded: list[Any], ours: list[Any], pairing: Pairing, path: str) -> list[Difference]:
    if len(recorded) != len(ours):
        return [Difference(path, "length", recorded, ours)]
    found = []
    for index, (one, other) in enumerate(zip(recorded, ours, strict=True)):
        found += compare(one, other, pairing, f"{path}[{index}]")
    return found


def out_of_order(recorded: Any, ours: Any) -> list[Difference]:  # noqa: ANN401 - JSON
    """Times of one answer that come in another order than those of the recorded one."""
    pairs = sorted(_times(recorded, ours, ""))
    found, latest = [], ""
    for then, here, path in pairs:
        if here < latest:
            found.append(Difference(path, "moved", then, here))
        latest = max(latest, here)
    return found


def _times(recorded: Any, ours: Any, path: str) -> Iterator[tuple[str, str, str]]:  # noqa: ANN401 - JSON
    if isinstance(recorded, dict) and isinstance(ours, dict):
        for key in recorded.keys() & ours.keys():
            yield from _times(recorded[key], ours[key], f"{path}.{key}" if path else key)
    elif isinstance(recorded, list) and isinstance(ours, list):
        for index, (one, other) in enumerate(zip(recorded, ours, strict=False)):
            yield from _times(one, other, f"{path}[{index}]")
    elif isinstance(recorded, str) and isinstance(ours, str) and not written_by_recorder(recorded):
        then, here = moment(recorded), moment(ours)
        if then and here:
            yield then, here, path


def _texts(recorded: str, ours: str, pairing: Pairing, path: str) -> list[Difference]:
    pairs = parts(path.rpartition(".")[2], recorded, ours)
    if pairs is None:
        return [Difference(path, "value", recorded, ours)]
    strange = (pairing.strange(*pair) for pair in pairs)
    return [Difference(path, kind, recorded, ours) for kind in strange if kind]
