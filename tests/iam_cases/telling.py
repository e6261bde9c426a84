"""Paths and blocks of an answer in the words of the cases."""

from provision.audit.answers import Answer, Block, BlockKind, Hop, HopKind, Path
from tests.iam_cases.names import shortened

_WORDS = {
    HopKind.MEMBER: "is in {end}",
    HopKind.ROLE: "holds {role} on {on}",
    HopKind.OPEN: "needs nothing",
    HopKind.IAP: "passes IAP",
    HopKind.AGENT: "is let through by {start}",
    HopKind.MINT_ID: "mints ID tokens of {end}",
    HopKind.MINT_ACCESS: "mints access tokens of {end}",
    HopKind.SIGN: "signs as {end}",
    HopKind.KEY: "makes keys of {end}",
    HopKind.ACT_AS: "runs code as {end}",
    HopKind.DELEGATE: "delegates through {end}",
    HopKind.SET_OFF: "sets off {end}",
    HopKind.CALLS_AS: "calls as {end}",
    HopKind.GRANT: "can grant itself access on {end}",
}
_BY_ROLE = frozenset(HopKind) - {HopKind.MEMBER, HopKind.ROLE, HopKind.OPEN, HopKind.CALLS_AS}


def line(principal: str, path: Path) -> str:
    """A path in one line: who, and the steps."""
    return f"{shortened(principal)} {'; '.join(_step(hop) for hop in path.hops)}"


def _step(hop: Hop) -> str:
    words = _WORDS[hop.kind].format(
        start=shortened(hop.start),
        end=shortened(hop.end),
        role=shortened(hop.role),
        on=shortened(hop.on),
    )
    if hop.kind in _BY_ROLE and hop.role:
        words += f" by {shortened(hop.role)} on {shortened(hop.on)}"
    return words


def lines(answer: Answer) -> list[str]:
    """All paths of the answer's verdict, and those that take a change first, the best first."""
    counted = (path for path in answer.paths if path.second_order or path.verdict is answer.verdict)
    return [line(answer.principal, path) for path in counted]


def names_block(text: str, block: Block) -> bool:
    """Whether a block is the one that a case names, as ``KIND``, or ``KIND BY on RESOURCE``."""
    kind = max((one for one in BlockKind if text.startswith(one)), key=len)
    by, _, on = text.removeprefix(kind).strip().partition(" on ")
    return (
        block.kind is kind
        and shortened(by) in shortened(block.by)
        and on in ("", shortened(block.on))
    )
