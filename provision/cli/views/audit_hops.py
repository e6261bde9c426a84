"""A path hop by hop, with the policy, the member and the condition that make each possible."""

from provision.audit.answers import Hop, HopKind, Path
from provision.cli.views.audit_words import Names, entered, say


def show_path(path: Path, target: str, names: Names, indent: int) -> None:
    """A path with its verdict, and all its hops."""
    order = "after a change that it may make: " if path.second_order else ""
    say(f"{order}{path.verdict}: {entered(path)}", indent)
    show_hops(path, target, names, indent + 2)
    if path.condition:
        say(f"while {path.condition}", indent + 2)
    for reason in path.reasons:
        say(f"not known: {reason}", indent + 2, "yellow")


def show_hops(path: Path, target: str, names: Names, indent: int) -> None:
    """Every hop of a path, numbered."""
    for number, hop in enumerate(path.hops, start=1):
        say(f"{number}. {_head(hop, target, names)}", indent, hang=3)
        for line in _details(hop):
            say(line, indent + 3, "dim", hang=2)


def _head(hop: Hop, target: str, names: Names) -> str:
    start = names.end(hop.start) if hop.start else "anybody"
    if hop.kind is HopKind.ROLE:
        return f"{start} {hop.kind} {hop.role} on {names.where(hop.on, target)}"
    end = names.where(hop.end, target) if hop.end == target else names.end(hop.end)
    return f"{start} {hop.kind} {end}"


def _details(hop: Hop) -> list[str]:
    told = []
    if hop.role and hop.on:
        told.append(f"{hop.role} bound on {hop.on}")
    if hop.member and hop.member != hop.start:
        told.append(f"as {hop.member}")
    if hop.permission:
        told.append(f"asks for {hop.permission}")
    if hop.condition:
        told.append(f"if {hop.condition}")
    if hop.note:
        told.append(hop.note)
    return told
