"""What a rule is, and how what it finds gets an id that stays. Pure."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from provision.audit.answers import Finding, Hop, Severity

if TYPE_CHECKING:
    from provision.audit.findings.scene import Scene

_DIGITS = 10
"""Of the hash: 40 bits tell the findings of one rule apart."""


class Found(NamedTuple):
    """One thing that a rule found.

    Args:
        claim: what is so, one line.
        resource: what would have to be changed.
        targets: full names of those that it is about, sorted.
        principal: whom it is about.
        also: what else tells it from others of the rule, as a role or a condition; never a count,
            a time or a place in a list.
        severity: where it is worse or better than the rule's own.
        mend: commands to paste.
        hops: the path.
    """

    claim: str
    resource: str
    targets: tuple[str, ...] = ()
    principal: str = ""
    also: tuple[str, ...] = ()
    severity: Severity | None = None
    mend: tuple[str, ...] = ()
    hops: tuple[Hop, ...] = ()


Finder = Callable[["Scene"], Iterator[Found]]


@dataclass(frozen=True, slots=True)
class Rule:
    """Something to look for.

    Args:
        name: stable; ids begin with it.
        severity: of most of what it finds.
        title: what is so, in a few words.
        why: why it matters, one or two sentences.
        mend: what to do about it, in words.
        find: looks for it.
        varies: when it is worse or better than `severity`; empty for never.
    """

    name: str
    severity: Severity
    title: str
    why: str
    mend: str
    find: Finder
    varies: str = ""

    def finding(self, found: Found, severity: Severity | None = None) -> Finding:
        """What was found, with its id.

        Args:
            found: by this rule.
            severity: what a team takes the rule for, whatever it says itself.
        """
        return Finding(
            id=stable_id(self.name, found.resource, found.principal, *found.also),
            rule=self.name,
            severity=severity or found.severity or self.severity,
            claim=found.claim,
            reason=self.why,
            resource=found.resource,
            targets=found.targets,
            principal=found.principal,
            mend=found.mend,
            hops=found.hops,
        )


def stable_id(rule: str, *about: str) -> str:
    """The rule's name and a hash of what the finding is about: the same on every machine."""
    told = "\x1f".join(about).encode()
    return f"{rule}-{hashlib.sha256(told).hexdigest()[:_DIGITS]}"


def rule(name: str, severity: Severity, **words: Any) -> Callable[[Finder], Rule]:  # noqa: ANN401 - texts of Rule
    """Make a rule of the function that looks for it."""
    return lambda find: Rule(name, severity, find=find, **words)
