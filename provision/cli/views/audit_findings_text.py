"""Findings for people: each rule once, why it matters, then the things that it found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from provision.audit.answers import Finding, Severity
from provision.cli.console import results, safe
from provision.cli.views.audit_words import Names, count, placed, sentence

_COLOURS = {
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "default",
    Severity.INFO: "dim",
}
_CLAIMS = 5
"""Claims of one rule that a terminal gets without `-v`."""
_NAMED = 5
"""Targets by name, of a finding or of several that differ in nothing else."""
_COMMANDS = 2
"""Commands of one claim; those of `narrower-role` come in pairs."""
_INDENT = 10


@dataclass(frozen=True)
class Alike:
    """Findings of one rule that differ in the resource alone.

    Args:
        first: the one that is told in full.
        others: those that say the same of other resources.
    """

    first: Finding
    others: tuple[Finding, ...] = ()


def show_findings(findings: Sequence[Finding], names: Names, *, verbose: bool) -> None:
    """Findings by rule, the worst first, each with what to run to mend it."""
    if not findings:
        return
    lines = ["", "[bold]Findings[/]"]
    for (severity, rule), several in groupby(findings, lambda one: (one.severity, one.rule)):
        lines += _rule(severity, rule, tuple(several), names, verbose=verbose)
    results.print("\n".join(lines))  # at once, as each print takes as long as forty lines


def _rule(
    severity: Severity, rule: str, found: Sequence[Finding], names: Names, *, verbose: bool
) -> Iterator[str]:
    number = f"  ({len(found):,})" if len(found) > 1 else ""
    open_ = any(not one.accepted for one in found)
    colour = _COLOURS[severity] if open_ else "dim"
    yield f"  [{colour}]{severity:<6}[/]  [bold]{safe(rule)}[/]{number}"
    yield from sentence(found[0].reason if verbose else f"{_title(rule)}.", _INDENT, "dim")
    rows = [Alike(one) for one in found] if verbose else list(alike(found, _CLAIMS))
    for row in rows:
        yield from _claim(row, names, verbose=verbose)
    rest = len(found) - sum(1 + len(row.others) for row in rows)
    if rest:
        yield from sentence(f"… and {rest:,} more (-v or --json)", _INDENT, "dim")


def _title(rule: str) -> str:
    from provision.audit.findings.catalogue import BY_NAME  # all rules, which only reports need

    return BY_NAME[rule].title


def alike(found: Sequence[Finding], most: int) -> Iterator[Alike]:
    """Findings of one rule, those that say the same of other resources gathered behind the first.

    Args:
        found: in the order in which they are told.
        most: how many things are said; what says something else after that is left out.
    """
    from provision.audit.findings.words import called

    gathered: dict[tuple[str, str], list[Finding]] = {}
    principals = set[str]()
    for one in found:
        full = len(gathered) == most
        if full and one.principal not in principals:
            continue
        key = (one.claim.replace(called(one.resource), "\0"), one.principal)
        if key in gathered or not full:
            gathered.setdefault(key, []).append(one)
            principals.add(one.principal)
    for first, *others in gathered.values():
        yield Alike(first, tuple(others))


def _claim(row: Alike, names: Names, *, verbose: bool) -> Iterator[str]:
    one, inner = row.first, _INDENT + 2
    resources = [each.resource for each in (one, *row.others)]
    several = _in_several(resources)
    first = f" ({placed(one.resource)[0]})" if several else ""
    yield from sentence(f"{one.claim}{first}", _INDENT, hang=2, mark="- ")
    if row.others:
        others = _listed(resources[1:], names, projects=several)
        yield from sentence(f"likewise {others}", inner, hang=2)
    if one.accepted:
        yield from sentence(f"accepted: {one.accepted}", inner, "dim")
    if len(one.targets) > 1 or (verbose and one.targets):
        most = len(one.targets) if verbose else _NAMED
        projects = verbose or _in_several(one.targets)
        targets = _listed(one.targets, names, most, projects=projects)
        yield from sentence(f"on {targets}", inner, "dim", hang=2)
    shown = one.mend if verbose else one.mend[:_COMMANDS]
    for command in shown:
        yield f"{' ' * inner}[cyan]{safe(command)}[/]"
    more = len(one.mend) - len(shown) + sum(len(each.mend) for each in row.others)
    if more and shown:
        alike_ = "it" if len(shown) == 1 else "these"
        yield from sentence(f"… and {count(more, 'command')} like {alike_} (-v)", inner, "dim")


def _in_several(resources: Sequence[str]) -> bool:
    """Whether they are of more than one project, so that their names alone may mislead."""
    projects = (placed(one)[0] for one in resources)
    first = next(projects)
    return any(one != first for one in projects)


def _listed(
    resources: Sequence[str], names: Names, most: int = _NAMED, *, projects: bool = False
) -> str:
    """Some by name, with their project where that is wanted, and how many more."""
    shown = resources[:most]
    told = [
        f"{names.short(one)}{f' of {project}' if projects and (project := placed(one)[0]) else ''}"
        for one in shown
    ]
    more = f" … and {len(resources) - len(shown):,} more" if len(shown) < len(resources) else ""
    return f"{', '.join(told)}{more}"
