"""From whom deny policies take what bindings open. Pure."""

from functools import reduce
from operator import and_

from provision.audit.findings.holds import Hold
from provision.audit.findings.places import Places
from provision.audit.forms import normal
from provision.audit.judge import Judge
from provision.snapshot.records import Part


class Denying:
    """Deny policies of a snapshot, beside its bindings.

    Args:
        judge: of the snapshot.
        places: where targets stand.
    """

    def __init__(self, judge: Judge, places: Places) -> None:
        self._judge = judge
        self._index = judge.index
        self._places = places
        self._taken: dict[tuple[str, frozenset[str]], int] = {}
        self._everywhere: dict[tuple[str, frozenset[str]], int] = {}

    def takes(self, member: str, hold: Hold) -> bool:
        """Whether deny policies take away all that a binding opens for a member."""
        bits = self.bits(hold)
        position = self._judge.universe.bit(normal(member)) if bits else None
        return position is not None and bool(bits >> position & 1)

    def bits(self, hold: Hold) -> int:
        """From whom all of a binding's effect is taken: where it stands, or wherever it counts."""
        if self._places.is_container(hold.resource):
            return self._below(hold)
        # Deny policies stand on containers, and their conditions ask for tags at the most.
        tagged = hold.resource in self._index.tags
        return self._at(hold.resource if tagged else hold.project, hold.gates)

    def _below(self, hold: Hold) -> int:
        """Of a container's binding."""
        key = (hold.resource, hold.gates)
        found = self._everywhere.get(key)
        if found is None:
            found = self._at(*key)
            projects = self._places.projects
            below = {projects[name] for name in hold.opened}
            taken = (self._at(one, hold.gates) for one in below)
            found |= reduce(and_, taken, -1) if below else 0
            self._everywhere[key] = found
        return found

    def _at(self, resource: str, gates: frozenset[str]) -> int:
        found = self._taken.get((resource, gates))
        if found is None:
            above = self._nearest(resource)
            if above == resource:
                found = reduce(and_, (self._judge.denied(one, above).sure for one in gates), -1)
            else:
                found = self._at(above, gates) if above else 0
            self._taken[resource, gates] = found
        return found

    def _nearest(self, resource: str) -> str:
        """Where the same is denied: the nearest that something hangs on; empty for nowhere."""
        index = self._index
        containers = index.lineage(resource).containers
        denying = next((one for one in containers if one in index.deny), "")
        if not denying or index.conditional_deny.isdisjoint(containers):
            return denying
        lineage = containers if resource in containers else (resource, *containers)
        tagged = (one for one in lineage if one in index.tags or (one, Part.TAGS) in index.unread)
        return min(denying, next(tagged, denying), key=lineage.index)
