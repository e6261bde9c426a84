"""Results about access for people."""

from collections.abc import Sequence
from datetime import datetime
from textwrap import wrap

from provision.access.changing import Difference, PolicyChange
from provision.access.granting import Granted, Offer, Outcome
from provision.access.offering import verb
from provision.access.remaining import How, Remaining
from provision.access.revoking import Revoked
from provision.access.standing import Grant
from provision.cli.access_report import Listing, TargetReport
from provision.cli.console import results, safe
from provision.conditions import State
from provision.policy import Condition
from provision.principals import canonical, is_public
from provision.targets import TargetKind

_GREEN, _DIM, _YELLOW = "green", "dim", "yellow"
_EXACT = 600
"""Seconds up to which a length of time is told to the second."""
_COLUMNS = 79
_FITS = 55
"""Characters of a member and a role that fit one line of a terminal."""
_COLOURS = {Outcome.ALREADY: _DIM, Outcome.UNLIMITED: _YELLOW}


def show_heading(report: TargetReport) -> None:
    """Which target, where, and what should be known of it."""
    name = report.target.name
    results.print(
        f"[bold]{safe(str(report.target))}[/] in {safe(name.region)} of {safe(name.project)}"
    )
    if report.resolved is not None and report.resolved.said:
        _print(f"{report.resolved.said}.", 2)


def show_granted(report: TargetReport, now: datetime) -> None:
    """What became of each principal of a grant."""
    change, offer = report.granted, report.offer
    if change is None or offer is None:
        return
    show_heading(report)
    for one in change.told:
        colour = _COLOURS.get(one.outcome, _GREEN)
        word = f"would be {one.outcome}" if _only_looked(change, one) else str(one.outcome)
        results.print(f"  [{colour}]{word}[/]  {safe(one.member)}")
        for line in _granted_lines(one, offer, now):
            _print(line, 6)
    _show_end(report)


def show_revoked(report: TargetReport) -> None:
    """What became of each principal of a revocation."""
    change = report.revoked
    if change is None:
        return
    show_heading(report)
    looked = change.after != change.before and not change.written
    for one in change.told:
        word = "would be revoked" if looked else "revoked"
        colour = _GREEN if one.taken else _DIM
        results.print(f"  [{colour}]{word if one.taken else 'not there'}[/]  {safe(one.member)}")
        for line in _revoked_lines(one):
            _print(line, 6)
        for left in report.remaining:
            if left.member == one.member:
                _show_remaining(left, report)
    _show_end(report)


def _show_remaining(left: Remaining, report: TargetReport) -> None:
    colour = {How.STILL: "bold red", How.MAY: _YELLOW, How.UNKNOWN: _DIM}[left.how]
    own = report.resolved is not None and left.resource == report.resolved.resource
    where = f"on this {report.target.kind}" if own else f"on {left.resource}"
    held = f"as {left.role} {where}" if left.role else where
    results.print(f"      [{colour}]{left.how}[/] {safe(held)}")
    by = f"by {left.by}" if left.by and left.by != left.member else ""
    for line in (by, left.why):
        _print(line, 10)


def show_pruned(report: TargetReport) -> None:
    """Whose time was over."""
    change = report.pruned
    if change is None:
        return
    show_heading(report)
    word = "taken out" if change.written else "would be taken out"
    for one in change.told:
        results.print(f"  [{_GREEN}]{word}[/]  {safe(one.member)}")
        over = f", over since {moment(one.since)}" if one.since else ", over"
        results.print(f"      {safe(one.binding.role)}{over}")
    _show_end(report)


def show_listing(report: TargetReport, now: datetime) -> None:
    """Who can call it: those of its own policy, and in brief those of what stands above."""
    listing = report.listing
    if listing is None:
        return
    show_heading(report)
    for note in report.notes:
        _print(note, 2, "bold red" if listing.open_to_all else _YELLOW)
    results.print(f"  {_counted(listing, report.target.kind)}")
    for one in listing.here:
        colour = _GREEN if one.lets_in else _DIM
        name = "[bold red]public[/] " if is_public(one.member) else ""
        results.print(f"  [{colour}]{one.state:<11}[/]  {name}{safe(one.member)}")
        for line in _grant_lines(one, now):
            _print(line, 6)
    _show_above(listing)


def _counted(listing: Listing, kind: TargetKind) -> str:
    inside = {canonical(one.member) for one in listing.here if one.lets_in}
    told = "1 principal" if len(inside) == 1 else f"{len(inside)} principals"
    parts = [f"{told} can {verb(kind)} it by its own policy"]
    for state in (State.EXPIRED, State.NOT_YET, State.NEVER, State.ELIGIBLE):
        count = sum(one.state is state for one in listing.here)
        if count:
            parts.append(f"{count} {state}")
    return "; ".join(parts) + "."


def _grant_lines(one: Grant, now: datetime) -> list[str]:
    terms, told = one.terms, [one.role]
    if one.is_deleted:
        told.append("deleted: lets nobody in")
    if not one.certain:
        told.append("a role that cannot be read")
    if terms.until is not None:
        left = (terms.until - now).total_seconds()
        when = f"{length(left)} left" if left > 0 else "over"
        told.append(f"until {moment(terms.until)} ({when})")
    if terms.path is not None:
        told.append(terms.path)
    lines = [", ".join(told)]
    if one.ours and (terms.reason or terms.who):
        lines.append(", ".join(filter(None, (terms.reason, f"asked by {terms.who}"))))
    elif one.condition is not None and not one.ours:
        lines.append(f"if {one.condition.expression}")
    told_already = one.state is State.EXPIRED or (one.ours and one.state is State.CONDITIONAL)
    if one.why and not told_already:
        lines.append(one.why)
    return lines


def _show_above(listing: Listing) -> None:
    for resource in dict.fromkeys(one.resource for one in listing.above):
        results.print(f"  Also by {safe(resource)}:")
        for one in listing.above:
            if one.resource == resource:
                under = "" if one.state is State.ACTIVE else f" ({one.state})"
                apart = "\n        " if len(one.member) + len(one.role) > _FITS else " "
                results.print(f"      {safe(one.member)}{apart}as {safe(one.role)}{under}")
    for layer in listing.unread:
        _print(f"Not known, for it cannot be read: {layer.resource}", 2, _YELLOW)


def _only_looked(change: PolicyChange[tuple[Granted, ...]], one: Granted) -> bool:
    return one.outcome.writes and not change.written


def show_effects(reports: Sequence[TargetReport]) -> None:
    """What came of waiting for IAM, and how that was told."""
    for report in reports:
        for one in report.effects:
            mark = (
                f"[{_GREEN}]in effect[/]" if one.in_effect else f"[{_YELLOW}]not in effect yet[/]"
            )
            results.print(f"{mark}  {safe(one.awaited.member)}")
            _print(f"on {report.target}, {one.by}:", 4)
            _print(one.told, 4)


def _granted_lines(one: Granted, offer: Offer, now: datetime) -> list[str]:
    lines = [", ".join(_terms(offer, now))]
    if one.outcome is Outcome.UNLIMITED:
        why = "an end or a path would mean nothing, so nothing was written. Revoke it first."
        return [f"holds {offer.role} without a condition already: {why}"]
    if one.replaced:
        end = f"until {moment(one.before)}" if one.before else "without an end"
        lines.append(f"in the place of an earlier grant {end}")
    lines += [
        f"holds it also under a condition: {condition.title or condition.expression}"
        for condition in one.beside
    ]
    return lines


def _terms(offer: Offer, now: datetime) -> list[str]:
    told = [offer.role]
    if offer.terms is not None:
        if offer.terms.until is not None:
            left = length((offer.terms.until - now).total_seconds())
            told.append(f"until {moment(offer.terms.until)} ({left})")
        told += [part for part in (offer.terms.path, offer.terms.reason) if part]
    elif offer.condition is not None:
        told.append(_named(offer.condition))
    return told


def _named(condition: Condition) -> str:
    """A condition by its title where it has one; what it says otherwise."""
    return f'condition "{condition.title}"' if condition.title else f"if {condition.expression}"


def _revoked_lines(one: Revoked) -> list[str]:
    lines = []
    for held in one.taken:
        condition = held.binding.condition
        under = f", {_named(condition)}" if condition else ""
        lines.append(f"{held.binding.role}{under}")
    return lines


def _show_end(report: TargetReport) -> None:
    """The difference where it was only looked at, notes, and whether anything was written."""
    change = report.change
    if change is None:
        return
    if change.after == change.before:
        if not _said_already(report):
            results.print("  Nothing to change: nothing was written.")
    elif not change.written:
        results.print("  The policy would change so:")
        for one in change.differences:
            results.print(f"    {_difference(one)}")
    for note in report.notes:
        _print(note, 2, _YELLOW)


def _said_already(report: TargetReport) -> bool:
    """Whether somebody whose access is not limited was told that nothing was written."""
    told = report.granted.told if report.granted is not None else ()
    return any(one.outcome is Outcome.UNLIMITED for one in told)


def _print(text: str, indent: int, style: str = "default") -> None:
    """A sentence in as many lines as it needs; what has no spaces is never broken."""
    width = _COLUMNS - indent
    for line in wrap(text, width, break_long_words=False, break_on_hyphens=False):
        results.print(f"{' ' * indent}[{style}]{safe(line)}[/]")


def _difference(one: Difference) -> str:
    colour, sign = (_GREEN, "+") if one.added else ("red", "-")
    under = f"\n        if {safe(one.condition.expression)}" if one.condition else ""
    return f"[{colour}]{sign} {safe(one.role)}: {safe(one.member)}[/]{under}"


def moment(time: datetime) -> str:
    """A time for people, UTC."""
    seconds = "%H:%M:%S" if time.second else "%H:%M"
    return time.strftime(f"%Y-%m-%d {seconds} UTC")


def length(seconds: float) -> str:
    """A length of time for people: its two largest units."""
    left = max(0, int(seconds))
    if left > _EXACT:
        left = round(left / 60) * 60
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"
