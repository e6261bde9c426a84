"""The cases, as they stand in the files."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from provision.audit.answers import Verdict
from provision.snapshot import Snapshot
from provision.snapshot.records import VERSION, Header
from tests.iam_cases.building import KEYS, build
from tests.iam_cases.names import member, resource

FOLDER = Path(__file__).parent
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
"""When a case is asked about that does not say: a Sunday."""

GRADES = ("documented", "second-hand", "inference")

_QUESTION = re.compile(r"(?P<who>.+?) → (?P<what>.+?)(?: at (?P<at>\S+))?")
_ANSWER = re.compile(r"(?P<verdict>can|unknown|cannot)(?: (?:while|because) (?P<names>.+))?")
_ASK_KEYS = frozenset({"path", "paths", "blocks", "could grant"})


@dataclass(frozen=True)
class Ask:
    """One question and the answer that is expected.

    Args:
        principal: in full.
        target: full name.
        at: when.
        verdict: expected.
        names: what has to hold, or what is not known: names that must occur.
        paths: lines that must be among the paths.
        only: whether there must be no other path.
        blocks: what must be among the blocks.
        granting: lines of second-order paths; empty for none, None where nothing is said.
    """

    principal: str
    target: str
    at: datetime
    verdict: Verdict
    names: tuple[str, ...]
    paths: tuple[str, ...]
    only: bool
    blocks: tuple[str, ...]
    granting: tuple[str, ...] | None


@dataclass(frozen=True)
class Case:
    """One case.

    Args:
        id: file and name.
        rule: one sentence.
        sources: URLs or names of documents.
        grade: one of `GRADES`.
        given: as in the file.
        asks: what is asked.
        reach: by the full name of a target, who can send it a request.
    """

    id: str
    rule: str
    sources: tuple[str, ...]
    grade: str
    given: Mapping[str, Any]
    asks: tuple[Ask, ...]
    reach: Mapping[str, str]

    def snapshot(self) -> Snapshot:
        """What the case is given."""
        records = build(self.given, self._asked(), {ask.principal for ask in self.asks})
        return Snapshot.of(records, Header(VERSION, "organizations/1", NOON, NOON))

    def _asked(self) -> set[str]:
        told = {resource(name) for name in self.given.get("targets", {})}
        return ({ask.target for ask in self.asks} | set(self.reach)) - told


def cases() -> Iterator[Case]:
    """All of them, file by file."""
    for path in sorted(FOLDER.glob("*.yaml")):
        for told in yaml.safe_load(path.read_text(encoding="utf-8")):
            yield _case(path.stem, told)


def _case(theme: str, told: dict[str, Any]) -> Case:
    left = dict(told)
    source = left.pop("source")
    given = left.pop("given", {})
    assert set(given) <= KEYS, f"unknown in {told['case']}: {set(given) - KEYS}"
    found = Case(
        id=f"{theme}: {left.pop('case')}",
        rule=left.pop("rule"),
        sources=tuple(source) if isinstance(source, list) else (source,),
        grade=left.pop("grade", "documented"),
        given=given,
        asks=tuple(_ask(one) for one in left.pop("asks", ())),
        reach={resource(name): words for name, words in left.pop("reach", {}).items()},
    )
    assert not left, f"unknown in {found.id}: {set(left)}"
    assert found.grade in GRADES, f"{found.id}: {found.grade}"
    return found


def _ask(told: dict[str, Any]) -> Ask:
    left = {key: value for key, value in told.items() if key not in _ASK_KEYS}
    ((question, answer),) = left.items()
    asked, expected = _QUESTION.fullmatch(question), _ANSWER.fullmatch(answer)
    assert asked, f"no question: {question!r}"
    assert expected, f"no answer: {answer!r}"
    names = tuple(expected["names"].split(", ")) if expected["names"] else ()
    paths = _listed(told.get("paths", told.get("path", ())))
    return Ask(
        principal=member(asked["who"]),
        target=resource(asked["what"]),
        at=datetime.fromisoformat(asked["at"]) if asked["at"] else NOON,
        verdict=_verdict(expected["verdict"], answer),
        names=tuple(member(resource(name)) for name in names),
        paths=paths,
        only="paths" in told,
        blocks=_listed(told.get("blocks", ())),
        granting=_listed(told["could grant"]) if "could grant" in told else None,
    )


def _verdict(word: str, answer: str) -> Verdict:
    return Verdict.WHILE if " while " in answer else Verdict(word)


def _listed(told: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (told,) if isinstance(told, str) else tuple(told)
