"""What the report's page carries: verdicts as sets, and the evidence that paths are drawn from.

A verdict is never worked out again in the browser: it is looked up in the sets. The memberships,
bindings and impersonations beside them are only drawn. Pure.
"""

import base64
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from provision.audit.answers import Finding, Reach, Summary, Verdict
from provision.audit.audit import Audit
from provision.audit.findings import Report
from provision.audit.gates import iap_resource
from provision.principals import canonical
from provision.snapshot import Snapshot
from provision.snapshot.records import Kind, Policy, Target

_REQUEST, _RUN, _FUNCTION, _INSTANCE, _IAP = 1, 2, 4, 8, 16
_OPENS = {
    "run.routes.invoke": _REQUEST,
    "run.jobs.run": _RUN,
    "cloudfunctions.functions.invoke": _FUNCTION,
    "cloudfunctions.functions.call": _FUNCTION,
    "run.instances.invoke": _INSTANCE,
    "iap.webServiceVersions.accessViaIAP": _IAP,
}
"""A bit a way in: which bindings open which kind of target."""
_ASKS = {
    Kind.SERVICE: _REQUEST,
    Kind.JOB: _RUN,
    Kind.FUNCTION: _FUNCTION,
    Kind.INSTANCE: _INSTANCE,
}
_NOTHING = -1


def page_data(report: Report, audit: Audit) -> dict[str, Any]:
    """The page's data, as JSON takes it; templates/audit/data.js says what reads it.

    Args:
        report: what was found.
        audit: over the snapshot that it was found in.
    """
    return _Page(report, audit).data()


def packed(positions: int, size: int) -> list[int] | str:
    """A set as the page reads it: the gaps between its members, or a bitset in base64.

    Args:
        positions: a bit a member.
        size: how many bits there are.
    """
    if positions.bit_count() * 3 < size // 6:
        return list(_gaps(positions))
    return base64.b64encode(positions.to_bytes((size + 7) // 8, "little")).decode()


def _gaps(positions: int) -> Iterator[int]:
    last = -1
    while positions:
        lowest = positions & -positions
        here = lowest.bit_length() - 1
        yield here - last - 1
        last, positions = here, positions ^ lowest


@dataclass
class _Numbered:
    """Values that are told once, and by number after that."""

    found: dict[Any, int] = field(default_factory=dict)

    def of(self, value: Any) -> int:  # noqa: ANN401 - strings here, sets there
        return self.found.setdefault(value, len(self.found))


@dataclass
class _Page:
    report: Report
    audit: Audit
    sets: _Numbered = field(default_factory=_Numbered)
    roles: _Numbered = field(default_factory=_Numbered)
    conditions: _Numbered = field(default_factory=_Numbered)
    ways: _Numbered = field(default_factory=_Numbered)
    reasons: _Numbered = field(default_factory=_Numbered)
    reached: Counter[int] = field(default_factory=Counter)
    nodes: dict[str, int] = field(default_factory=dict)
    told: list[list[Any]] = field(default_factory=list)

    def data(self) -> dict[str, Any]:
        snapshot = self.audit.snapshot
        at = {target.name: index for index, target in enumerate(self._targets())}
        targets = [self._target(summary) for summary in self.report.summaries]
        universe = self.audit.judge.universe
        grants = list(self._grants(snapshot.policies))
        return {
            "about": self._about(),
            "footer": self._footer(),
            "counts": self._counts(),
            "principals": [universe.member(position) for position in range(len(universe))],
            "opens": self._opens(len(universe)),
            "targets": targets,
            "nodes": self.told,
            "memberships": list(self._memberships(snapshot)),
            "grants": grants,
            "becomes": list(self._becomes()),
            "sets": [packed(one, len(universe)) for one in self.sets.found],
            "roles": list(self.roles.found),
            "conditions": list(self.conditions.found),
            "ways": list(self.ways.found),
            "findings": [self._finding(one, at) for one in self.report.findings],
            "reasons": list(self.reasons.found),
        }

    def _targets(self) -> Iterator[Target]:
        return (summary.target for summary in self.report.summaries)

    def _target(self, summary: Summary) -> dict[str, Any]:
        target = summary.target
        found = self.audit.sets(target.name)
        kept = (found.can, found.while_, found.via, found.unknown, found.granting)
        self.reached[found.can | found.while_ | found.via | found.unknown | found.granting] += 1
        return {
            "name": target.name,
            "label": label(target),
            "kind": target.kind.value,
            "project": target.name.split("/")[4],
            "public": summary.public.value,
            "reach": summary.reach.value,
            "sets": [self.sets.of(one) if one else _NOTHING for one in kept],
            "unknown": list(summary.unknown),
            "node": self._node(
                iap_resource(target) if target.iap else target.service or target.name
            ),
            "asks": _IAP if target.iap else _ASKS[target.kind] if not target.service else _REQUEST,
            "open": "" if target.invoker_check else "is not asked by the service: its check is off",
        }

    def _node(self, name: str) -> int:
        """The number of a resource or container; those above it get theirs first."""
        if name not in self.nodes:
            levels = tuple(self.audit.judge.index.holders_of_policies(name))
            parent = self._node(levels[1]) if len(levels) > 1 else _NOTHING
            self.nodes[name] = len(self.told)
            self.told.append([name, parent])
        return self.nodes[name]

    def _grants(self, policies: Iterable[Policy]) -> Iterator[int]:
        """node, member, role, condition, what it opens: five numbers a binding's member."""
        bit = self.audit.judge.universe.bit
        opening: dict[str, int] = {}
        for policy in policies:
            for binding in policy.bindings:
                role = binding.role
                opens = opening.setdefault(role, -1)
                if opens < 0:
                    opens = opening[role] = self._opened_by(role)
                if not opens:
                    continue
                given = self.conditions.of(binding.condition) if binding.condition else _NOTHING
                for member in binding.members:
                    whom = bit(canonical(member))
                    if whom is not None:
                        node = self._node(policy.resource)
                        yield from (node, whom, self.roles.of(role), given, opens)

    def _opened_by(self, role: str) -> int:
        found = 0
        for permission, opens in _OPENS.items():
            if self.audit.judge.index.includes(role, permission) is not False:
                found |= opens
        return found

    def _memberships(self, snapshot: Snapshot) -> Iterator[int]:
        bit = self.audit.judge.universe.bit
        for group in snapshot.groups:
            whole = bit(canonical(group.member))
            for one in group.members:
                part = bit(canonical(one.member))
                if whole is not None and part is not None:
                    yield from (part, whole)

    def _becomes(self) -> Iterator[int]:
        """start, way, set of accounts: three numbers for all accounts that it becomes in a way."""
        bit = self.audit.judge.universe.bit
        found: dict[tuple[int, int], int] = {}
        for start, account, kind, verdict in self.audit.indirect.edges():
            whom, whose = bit(start), bit(account)
            if verdict is not Verdict.UNKNOWN and whom is not None and whose is not None:
                key = whom, self.ways.of(kind.value)
                found[key] = found.get(key, 0) | 1 << whose
        for (whom, way), accounts in found.items():
            yield from (whom, way, self.sets.of(accounts))

    def _opens(self, size: int) -> list[int]:
        """How many targets each principal gets into, in any way."""
        found = [0] * size
        for positions, times in self.reached.items():
            left = positions
            while left:
                lowest = left & -left
                found[lowest.bit_length() - 1] += times
                left ^= lowest
        return found

    def _finding(self, one: Finding, at: dict[str, int]) -> dict[str, Any]:
        return {
            "id": one.id,
            "rule": one.rule,
            "severity": one.severity.value,
            "claim": one.claim,
            "reason": self.reasons.of(one.reason),
            "resource": one.resource,
            "principal": one.principal,
            "mend": list(one.mend),
            "accepted": one.accepted,
            "targets": [at[name] for name in one.targets if name in at],
        }

    def _about(self) -> str:
        header = self.report.header
        read = self.audit.snapshot.taken
        return (
            f"{header.scope} · read {read:%Y-%m-%d %H:%M} UTC"
            f" · as of {self.report.at:%Y-%m-%d %H:%M} UTC"
        )

    def _footer(self) -> str:
        header = self.report.header
        reader = f" by {header.reader}" if header.reader else ""
        return (
            f"provision {header.tool}, read{reader}. Changes of policies take about 2 minutes, up"
            " to 7 or more, to count everywhere; those of groups up to hours."
        )

    def _counts(self) -> list[list[Any]]:
        kinds: dict[str, int] = {}
        for target in self._targets():
            kinds[target.kind] = kinds.get(target.kind, 0) + 1
        public = sum(summary.public is Verdict.CAN for summary in self.report.summaries)
        online = sum(summary.reach is Reach.INTERNET for summary in self.report.summaries)
        found = [[count, _many(count, kind), ""] for kind, count in sorted(kinds.items())]
        found.append([public, "public", "high" if public else ""])
        found.append([online, "reached from the internet", ""])
        gaps = len(self.report.unread)
        found.append([gaps, _many(gaps, "gap") + " in what was read", "medium"])
        return [one for one in found if one[0] or one[1] == "public"]


def label(target: Target) -> str:
    """A target in few words: its name and region."""
    parts = target.name.split("/")
    return f"{parts[-1]} ({parts[6]})"


def _many(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"
