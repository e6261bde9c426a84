"""What a judge says of one principal, one permission and one resource. Pure."""

from dataclasses import dataclass, replace

from provision.audit.answers import Block, Hop, Verdict


@dataclass(frozen=True, slots=True)
class Grant:
    """One binding by which somebody has a permission.

    Args:
        hops: from the principal through its sets to the resource: MEMBER …, ROLE.
        verdict: CAN, WHILE or UNKNOWN.
        condition: of the binding, for WHILE.
        reasons: for UNKNOWN.
    """

    hops: tuple[Hop, ...]
    verdict: Verdict
    condition: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a principal has a permission on a resource.

    Args:
        verdict: the strongest of its grants, after what takes it away.
        grants: the best first.
        blocks: what keeps it from being so, or what takes it away.
        reasons: for UNKNOWN, what is not known.
        taken: grants that a deny policy, a boundary or the principal's state makes void.
    """

    verdict: Verdict
    grants: tuple[Grant, ...] = ()
    blocks: tuple[Block, ...] = ()
    reasons: tuple[str, ...] = ()
    taken: tuple[Grant, ...] = ()

    @property
    def condition(self) -> str:
        """What has to hold, for WHILE."""
        return self.grants[0].condition if self.verdict is Verdict.WHILE else ""


def noted(grants: tuple[Grant, ...], notes: tuple[str, ...]) -> tuple[Grant, ...]:
    """The same grants, whose last hop tells what looks as if it stopped them and does not."""
    if not notes:
        return grants
    told = "; ".join(notes)
    return tuple(
        replace(one, hops=(*one.hops[:-1], replace(one.hops[-1], note=told))) for one in grants
    )
