"""Results about access for people."""

from datetime import datetime

from provision.access.changing import Difference, PolicyChange
from provision.access.granting import Granted, Offer, Outcome
from provision.access.revoking import Revoked
from provision.cli.access_report import TargetReport
from provision.cli.console import results, safe

_GREEN, _DIM, _YELLOW = "green", "dim", "yellow"
_COLOURS = {Outcome.ALREADY: _DIM, Outcome.UNLIMITED: _YELLOW}


def show_heading(report: TargetReport) -> None:
    """Which target, where, and what should be known of it."""
    name = report.target.name
    results.print(
        f"[bold]{safe(str(report.target))}[/] in {safe(name.region)} of {safe(name.project)}"
    )
    if report.resolved is not None and report.resolved.said:
        results.print(f"  {safe(report.resolved.said)}")


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
            results.print(f"      {safe(line)}")
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
            results.print(f"      {safe(line)}")
    _show_end(report)


def _only_looked(change: PolicyChange[tuple[Granted, ...]], one: Granted) -> bool:
    return one.outcome.writes and not change.written


def _granted_lines(one: Granted, offer: Offer, now: datetime) -> list[str]:
    lines = [", ".join(_terms(offer, now))]
    if one.outcome is Outcome.UNLIMITED:
        return [
            f"holds {offer.role} without a condition already: an end or a path would",
            "mean nothing, so nothing was written. Revoke it first.",
        ]
    if one.replaced:
        end = f"until {moment(one.before)}" if one.before else "without an end"
        lines.append(f"in the place of an earlier grant {end}")
    lines += [
        f"holds it beside that under: {condition.title or condition.expression}"
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
        told.append(f"if {offer.condition.title or offer.condition.expression}")
    return told


def _revoked_lines(one: Revoked) -> list[str]:
    lines = []
    for held in one.taken:
        condition = held.binding.condition
        under = f" if {condition.title or condition.expression}" if condition else ""
        lines.append(f"{held.binding.role}{under}")
    return lines


def _show_end(report: TargetReport) -> None:
    """The difference where it was only looked at, notes, and whether anything was written."""
    change = report.change
    if change is None:
        return
    if change.after == change.before:
        results.print("  Nothing to change: nothing was written.")
    elif not change.written:
        results.print("  The policy would change so:")
        for one in change.differences:
            results.print(f"    {_difference(one)}")
    for note in report.notes:
        results.print(f"  [{_YELLOW}]{safe(note)}[/]")


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
    left = max(0, round(seconds))
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"
