"""The difference of two snapshots, for people: who gained and who lost, and by which change."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from provision.cli.audit_answers import Basis
from provision.cli.console import results, safe
from provision.cli.views.audit_basis import moment
from provision.cli.views.audit_words import LIMIT, Names, count, say

if TYPE_CHECKING:
    from provision.audit.diff import Diff, Moved, TargetDiff


def show_diff(found: "Diff", bases: Sequence[Basis], names: Names, *, verbose: bool) -> None:
    """Who gained and who lost, target by target; then the changes."""
    before, after = bases
    gained = sum(len(one.gained) for one in found.targets)
    lost = sum(len(one.lost) for one in found.targets)
    between = f"between {moment(before.taken)} and {moment(after.taken)}"
    if not gained and not lost:
        say(f"Nobody gained or lost anything {between}.", style="bold")
    else:
        targets = count(len(found.targets), "target")
        say(f"{gained:,} gained and {lost:,} lost, on {targets}, {between}.", style="bold")
    shown = found.targets if verbose else found.targets[:LIMIT]
    for one in shown:
        _target(one, names, verbose=verbose)
    _more(len(found.targets) - len(shown), "target")
    _changes(found, names, verbose=verbose)


def _target(one: "TargetDiff", names: Names, *, verbose: bool) -> None:
    results.print(f"\n[bold]{safe(names.short(one.target))}[/]")
    moves = [("[green]+[/]", each) for each in one.gained]
    moves += [("[red]-[/]", each) for each in one.lost]
    shown = moves if verbose else moves[:LIMIT]
    for sign, each in shown:
        inside = f" and {count(each.members, 'member')} of it" if each.members else ""
        verdicts = f"[dim]{each.before} → {each.after}[/]"
        results.print(f"  {sign} {safe(each.principal)}{inside}  {verdicts}")
        _causes(each)
    _more(len(moves) - len(shown), "principal")


def _causes(one: "Moved") -> None:
    for cause in one.by:
        say(f"by: {cause}", 6, "dim")


def _changes(found: "Diff", names: Names, *, verbose: bool) -> None:
    if not found.changes:
        return
    results.print("\n[bold]What changed on the ways to an invocation[/]")
    shown = found.changes if verbose else found.changes[:LIMIT]
    for one in shown:
        on = f" ({names.short(one.resource)})" if one.resource else ""
        say(f"{one.words}{on}", 2, hang=2)
    _more(len(found.changes) - len(shown), "change")


def _more(number: int, what: str) -> None:
    if number > 0:
        results.print(f"  [dim]… and {count(number, f'more {what}')} (-v or --json)[/]")
