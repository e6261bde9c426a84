"""A report for people: what is wrong first, then every target, then what could not be read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from provision.audit.answers import Reach, Severity, Summary, Verdict
from provision.cli.audit_answers import gaps
from provision.cli.audit_checking import Checked
from provision.cli.console import results, safe
from provision.cli.views.audit_findings_text import show_findings
from provision.cli.views.audit_gaps import show_gaps
from provision.cli.views.audit_words import Names, count, placed, say, selves, titled
from provision.snapshot.records import Unread

if TYPE_CHECKING:
    from provision.audit.findings import Report
    from provision.audit.findings.overview import Overview
    from provision.clients.reading import Written
    from provision.clients.reading.export import Tables

_REACH = {
    Reach.INTERNET: "internet",
    Reach.BALANCER: "balancer",
    Reach.INTERNAL: "internal",
    Reach.BALANCER_ALONE: "balancer",
    Reach.NOWHERE: "nobody",
    Reach.API: "the API",
}
_NAME, _REGION = 29, 16
_UNREAD, _DETAIL = 6, 40


def show_report(found: "Report", seen: "Overview", names: Names, *, verbose: bool) -> None:
    """All of it, what is wrong first."""
    scope = names.short(found.header.scope) if found.header.scope else "What was read"
    targets = count(found.targets, "target")
    say(f"{scope}: {_counted(found)} on {targets}.", style="bold")
    known = _known(seen.unsure, len(found.unread))
    say(f"{_public(seen.public)} {known}{_set_aside(found)}".strip())
    show_gaps(gaps(found.unread), names)
    show_findings(found.findings if verbose else found.new, names, verbose=verbose)
    _targets(found.summaries if verbose else seen.first, found.targets)
    show_unread(found.unread, names, verbose=verbose)


def _counted(found: "Report") -> str:
    parts = [
        f"{number:,} {severity}" for severity in Severity if (number := found.counts.get(severity))
    ]
    total = sum(found.counts.values())
    return (
        f"{', '.join(parts)} {'finding' if total == 1 else 'findings'}"
        if parts
        else ("no findings")
    )


def _public(number: int) -> str:
    if not number:
        return "No target is public."
    return f"{count(number, 'target')} {'is' if number == 1 else 'are'} public."


def _known(unsure: int, unread: int) -> str:
    if not unsure and not unread:
        return "Everything could be read."
    told = f"Of {count(unsure, 'target')} not all is known. " if unsure else ""
    return f"{told}{count(unread, 'thing')} could not be read."


def _set_aside(found: "Report") -> str:
    known = sum(one.id in found.known for one in found.findings)
    parts = []
    if found.accepted:
        parts.append(f"{count(found.accepted, 'finding')} accepted")
    if known:
        parts.append(f"{known:,} in the baseline")
    return f" Not counted: {' and '.join(parts)} (-v)." if parts else ""


def _targets(shown: Sequence[Summary], targets: int) -> None:
    if not shown:
        return
    results.print("\n[bold]Targets[/], and how many principals get in")
    head = f"{'':<{_NAME}} {'':<{_REGION}}"
    results.print(f"  [dim]{head} {'can':>6} {'while':>5} {'?':>4} {'as others':>9}[/]")
    for one in shown:
        _target(one)
    _more(targets - len(shown), "target")


def _target(one: Summary) -> None:
    numbers: Mapping[Verdict, int] = dict(one.verdicts)
    public = one.public is Verdict.CAN
    can = "public" if public else f"{numbers.get(Verdict.CAN, 0):,}"
    columns = (
        f"{numbers.get(Verdict.WHILE, 0):>5,} {numbers.get(Verdict.UNKNOWN, 0):>4,}"
        f" {one.impersonating:>9,}"
    )
    region = placed(one.target.name)[1]
    name = _cut(titled(one.target), _NAME)
    colour = "bold red" if public else "default"
    results.print(
        f"  {safe(f'{name:<{_NAME}} {_cut(region, _REGION):<{_REGION}}')}"
        f" [{colour}]{can:>6}[/] {columns}"
    )
    notes = [_REACHED.format(_REACH[one.reach])] if public else []
    if one.granting:
        notes.append(f"{one.granting:,} could grant {selves(one.granting)} access")
    if one.unknown:
        notes.append("not all is known")
    if notes:
        say("; ".join(notes), 6, "dim")


_REACHED = "reached by: {}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def show_unread(unread: Sequence[Unread], names: Names, *, verbose: bool) -> None:
    """What could not be read: what depends on it is not known."""
    if not unread:
        return
    results.print("\n[bold yellow]Could not be read[/]")
    shown = unread if verbose else unread[:_UNREAD]
    for one in shown:
        detail = one.detail if verbose else _cut(one.detail, _DETAIL)
        where = f" ({detail})" if detail else ""
        say(f"{one.part} of {names.short(one.of)}{where}: {one.why}", 2, "yellow", hang=2)
    _more(len(unread) - len(shown), "thing")


def _more(number: int, what: str) -> None:
    if number > 0:
        results.print(f"  [dim]… and {count(number, f'more {what}')} (-v or --json)[/]")


def show_check(checked: Checked, names: Names, *, verbose: bool) -> None:
    """Whether it passes, and what fails it."""
    found, level = checked.report, checked.fail_on
    targets = count(found.targets, "target")
    above = level.value if level is Severity.HIGH else f"{level.value} or worse"
    if checked.failing:
        findings = count(len(checked.failing), "finding")
        say(f"Not passed: {findings} ({above}) on {targets}.", style="bold red")
    elif checked.unproven:
        say(
            f"Not proven: nothing found that is {above} on {targets}, but it may hide in"
            " what could not be read.",
            style="bold yellow",
        )
    else:
        say(f"Passed: no finding that is {above} on {targets}.", style="bold green")
    told = {one.id for one in (*checked.failing, *checked.unproven)}
    below = sum(one.id not in told for one in found.new)
    if below:
        more = count(below, "more finding")
        say(f"{more}, which fail nothing: `provision audit report` shows all.")
    if aside := _set_aside(found).strip():
        say(aside)
    rows = found.findings if verbose else checked.failing or checked.unproven
    show_findings(rows, names, verbose=verbose)


def show_written(one: "Written", path: Path) -> None:
    """What a snapshot holds."""
    say(f"Wrote {path}: {one.header.scope}.", style="bold")
    told = sorted(one.counts, key=lambda kind: (kind not in _FIRST, kind))
    counted = {kind: one.counts[kind] for kind in told if kind != "unread"}
    held = ", ".join(f"{number:,} {_kind(kind, number)}" for kind, number in counted.items())
    say(f"It holds {held}.")
    if one.resumed:
        say(f"{count(one.resumed, 'call')} of an earlier run were not made again.")
    show_unread(one.unread, Names(), verbose=False)
    say(f"`provision audit report --snapshot {path}` judges it, offline.")


def show_exported(scope: str, tables: "Tables") -> None:
    """Where an export went, and what to ask of it."""
    say(f"Exported {scope}.", style="bold")
    for table in ("resources", "policies"):
        say(f"  {tables.name(table)}")
    dataset = f"{tables.project}.{tables.dataset}"
    say("Findings that need no graph:")
    say(f"  provision audit sql {dataset} | bq query --use_legacy_sql=false")


def _kind(kind: str, number: int) -> str:
    words = _KINDS.get(kind, kind)
    if number == 1:
        return words
    if words == "resource with tags":
        return "resources with tags"
    return f"{words[:-1]}ies" if words.endswith("y") and words[-2] not in "aeiou" else f"{words}s"


_FIRST = frozenset({"target"})
"""Kinds of records that people look for first."""
_KINDS = {
    "denypolicy": "deny policy",
    "boundarybinding": "boundary binding",
    "tags": "resource with tags",
}
"""Kinds of records whose name is not what people call them."""
