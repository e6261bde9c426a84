"""Laws that hold of any organisation, tried on small ones made by a seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import msgspec
import pytest

from provision.audit import Audit
from provision.audit.answers import Verdict
from provision.snapshot import Snapshot
from provision.snapshot import records as r
from tests.unit.audit.random_world import NOON, ONE, PRINCIPALS, STRANGER, TWO, World

Verdicts = dict[tuple[str, str], Verdict]
_HEADER = r.Header(r.VERSION, "organizations/1", NOON, NOON)
_EACH = 15
_CHUNKS = pytest.mark.parametrize("chunk", range(4))


def _seeds(chunk: int) -> range:
    return range(30_000 + chunk * _EACH, 30_000 + (chunk + 1) * _EACH)


def _verdicts(records: list[r.AnyRecord]) -> Verdicts:
    audit = Audit(Snapshot.of(records, _HEADER))
    pairs = product(PRINCIPALS, audit.targets)
    return {pair: audit.why(*pair).verdict for pair in pairs}


def _worse(before: Verdicts, after: Verdicts) -> list[tuple[str, str]]:
    return [pair for pair, verdict in before.items() if after[pair].rank > verdict.rank]


def _drawn(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - nothing secret


@dataclass
class _Other:
    """Another organisation, to take a record from.

    Args:
        seed: of the one that it is for.
    """

    seed: int

    def one(self, kind: type) -> r.AnyRecord | None:
        """A record of a kind; None when none of a few organisations has one."""
        for seed in range(40_000 + 7 * self.seed, 40_007 + 7 * self.seed):
            found = [one for one in World(seed).records if isinstance(one, kind)]
            found = [one for one in found if not isinstance(one, r.Policy) or one.bindings]
            if found:
                return _drawn(self.seed).choice(found)
        return None


@_CHUNKS
def test_what_is_granted_on_top_takes_nothing_away(chunk: int) -> None:
    """An added binding makes no verdict worse."""
    wrong = []
    for seed in _seeds(chunk):
        records, added = World(seed).records, _Other(seed).one(r.Policy)
        assert isinstance(added, r.Policy)
        widened = [
            r.Policy(one.resource, one.bindings + added.bindings)
            if isinstance(one, r.Policy) and one.resource == added.resource
            else one
            for one in records
        ]
        wrong += [(seed, *pair) for pair in _worse(_verdicts(records), _verdicts(widened))]
    assert not wrong


@_CHUNKS
def test_what_is_denied_on_top_lets_nobody_in(chunk: int) -> None:
    """An added deny policy makes no verdict better."""
    wrong = []
    for seed in _seeds(chunk):
        records, added = World(seed).records, _Other(seed).one(r.DenyPolicy)
        if added is not None:
            narrowed = [*records, added]
            wrong += [(seed, *pair) for pair in _worse(_verdicts(narrowed), _verdicts(records))]
    assert not wrong


@_CHUNKS
def test_a_binding_above_is_one_on_every_project_below(chunk: int) -> None:
    """A folder's or organisation's bindings, moved down, change no verdict."""
    wrong = []
    for seed in _seeds(chunk):
        records = [_known(one) for one in World(seed).records]
        moved = _moved_down(records)
        before, after = _verdicts(records), _verdicts(moved)
        wrong += [(seed, *pair) for pair in before if before[pair] is not after[pair]]
    assert not wrong


def _known(record: r.AnyRecord) -> r.AnyRecord:
    """Projects below the folder: so that what is bound there has somewhere to go."""
    if isinstance(record, r.Container) and not (record.parent or record.name == "organizations/1"):
        return msgspec.structs.replace(record, parent="folders/2")
    return record


def _moved_down(records: list[r.AnyRecord]) -> list[r.AnyRecord]:
    parents = {one.name: one.parent for one in records if isinstance(one, r.Container)}
    policies = {one.resource: one.bindings for one in records if isinstance(one, r.Policy)}
    found: list[r.AnyRecord] = []
    for one in records:
        if not isinstance(one, r.Policy) or one.resource.startswith("//"):
            found.append(one)
        elif one.resource.startswith("projects/"):
            bindings, above = one.bindings, parents[one.resource]
            while above:
                bindings, above = bindings + policies.get(above, ()), parents[above]
            found.append(r.Policy(one.resource, bindings))
        else:
            found.append(r.Policy(one.resource))
    read = set(policies)
    for project in ("projects/p", "projects/q"):
        if project not in read:  # a policy that was not read takes the bindings as well
            above, bindings = parents[project], ()
            while above:
                bindings, above = bindings + policies.get(above, ()), parents[above]
            found.append(r.Policy(project, bindings))
    return found


_NAMES = {
    "ann@": "zoe@",
    "bob@": "yan@",
    "eve@": "xia@",
    "group:a@": "group:west@",
    "group/a@": "group/west@",
    "group:b@": "group:ask@",
    "group/b@": "group/ask@",
    "one@p.": "uno@pears.",
    "/p/": "/pears/",
    '"projects/p"': '"projects/pears"',
    '/projects/p"': '/projects/pears"',
    "services/web": "services/web-2",
}


@_CHUNKS
def test_other_names_are_the_same_answers_under_other_names(chunk: int) -> None:
    """Nothing hangs on how a project, person, group, account or service is called."""
    wrong = []
    for seed in _seeds(chunk):
        records = World(seed).records
        audit = Audit(Snapshot.of(_renamed(records), _HEADER))
        for (principal, target), verdict in _verdicts(records).items():
            found = audit.why(_rename(principal), _rename(target)).verdict
            if found is not verdict:
                wrong.append((seed, principal, target, verdict, found))
    assert not wrong


def _rename(text: str) -> str:
    for name, other in _NAMES.items():
        text = text.replace(name, other)
    return text


def _renamed(records: list[r.AnyRecord]) -> list[r.AnyRecord]:
    text = _rename(msgspec.json.encode(records).decode())
    return msgspec.json.decode(text, type=list[r.AnyRecord])


@_CHUNKS
def test_the_order_in_which_things_were_read_does_not_matter(chunk: int) -> None:
    """Shuffled records are the same organisation."""
    wrong = []
    for seed in _seeds(chunk):
        records = World(seed).records
        shuffled = list(records)
        _drawn(seed).shuffle(shuffled)
        before, after = _verdicts(records), _verdicts(shuffled)
        wrong += [(seed, *pair) for pair in before if before[pair] is not after[pair]]
    assert not wrong


@_CHUNKS
def test_what_is_not_read_is_never_a_no(chunk: int) -> None:
    """Any record replaced by word that it could not be read: the answer stays, or is not known."""
    wrong = []
    for seed in _seeds(chunk):
        records = [*World(seed).records, _NAMED]
        before = _verdicts(records)
        hidings = list(_hidden(records))
        for words, hidden in _drawn(seed).sample(hidings, min(4, len(hidings))):
            for pair, verdict in _verdicts(hidden).items():
                if verdict not in {before[pair], Verdict.UNKNOWN}:
                    wrong.append((seed, words, *pair, before[pair], verdict))
    assert not wrong


_NAMED = r.Group("group:kept@example.com", tuple(map(r.Membership, (ONE, TWO, STRANGER))))
"""Accounts count that something names; these stay named when what else names them is hidden."""

_PARTS = {
    r.DenyPolicy: r.Part.DENY,
    r.Tags: r.Part.TAGS,
    r.Boundary: r.Part.BOUNDARIES,
    r.Policy: r.Part.POLICY,
    r.Group: r.Part.MEMBERS,
    r.Role: r.Part.ROLE,
}


def _hidden(records: list[r.AnyRecord]) -> Iterator[tuple[str, list[r.AnyRecord]]]:
    """The same organisation with one thing less read, and what that is."""
    for one in records:
        if isinstance(one, r.Container) and one.parent:
            orphan = msgspec.structs.replace(one, parent=None)
            yield f"above {one.name}", [orphan if other is one else other for other in records]
        part = _PARTS.get(type(one))
        if part is None or _names_only(one) or (isinstance(one, r.Policy) and not one.bindings):
            continue
        of = _subject(one)
        kept = [other for other in records if not _same(other, type(one), of)]
        yield f"{part} of {of}", [*kept, r.Unread(of, part, "forbidden")]


def _names_only(record: r.AnyRecord) -> bool:
    """Whether it is there for the names in it: a group that no policy names."""
    return isinstance(record, r.Group) and record.member in {
        "group:kept@example.com",
        "group:named@example.com",
    }


def _subject(record: r.AnyRecord) -> str:
    match record:
        case r.DenyPolicy() | r.Tags() | r.Policy():
            return record.resource
        case r.Group():
            return record.member
        case r.Role():
            return record.name
    return "organizations/1"


def _same(record: r.AnyRecord, kind: type, of: str) -> bool:
    """Whether it goes unread with the rest of its part."""
    if kind is r.Boundary:
        return isinstance(record, r.Boundary | r.BoundaryBinding)
    return type(record) is kind and _subject(record) == of
