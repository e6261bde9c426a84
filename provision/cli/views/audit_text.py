"""Who can invoke what, for people: the answer, then the paths, then what it rests on."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import islice

from provision.audit.answers import Answer, Path, Reach, Verdict
from provision.cli.audit_answers import How, TargetAnswers, best, how, surely_grants
from provision.cli.console import results, safe
from provision.cli.views.audit_gaps import show_gaps, untold
from provision.cli.views.audit_hops import show_path
from provision.cli.views.audit_words import (
    COLOURS,
    COLUMNS,
    LIMIT,
    Names,
    condition_of,
    count,
    placed,
    reached,
    say,
    say_path,
    selves,
    titled,
    verb,
)
from provision.principals import is_public
from provision.snapshot.records import Target, Unread

_INDENT = 14
"""Columns before a principal, beneath which its details stand."""
_LABEL = 40
"""Columns of a principal that a path may stand beside."""
_SETS = ("group:", "domain:", "principalSet:", "project", "cloudIdentityCustomerId:")
_REASONS = 6
"""Reasons that a terminal gets without `-v`."""


def show_who(found: TargetAnswers, names: Names, *, verbose: bool) -> None:
    """Every principal that gets in, by how; what is not known; who could grant itself access."""
    groups = _grouped(found.answers) if found.groups is None else found.groups
    _heading(found, groups, names)
    for kind in How:
        rows = groups.get(kind, ())
        if rows:
            results.print(f"\n[bold]{kind}[/]")
            told = _shared(rows, found.gaps, verbose=verbose)
            _table(rows, lambda one: one.principal, names, told, verbose=verbose)
    _sets({one: known for one, known in found.sets.items() if not is_public(one)})
    _unknown(untold(found.unknown, found.gaps), verbose=verbose)


def _heading(found: TargetAnswers, groups: Mapping[How, Sequence[Answer]], names: Names) -> None:
    target, does = found.target, verb(found.target)
    public = groups.get(How.PUBLIC, ())
    named = [*groups.get(How.ITSELF, ()), *groups.get(How.INDIRECT, ())]
    can = sum(one.verdict is Verdict.CAN for one in named)
    what = titled(target)
    if public:
        say(f"{_anybody(public)} can {does} {what}.", style="bold red")
    told = _told([one for one in named if one.verdict is Verdict.CAN])
    besides = _besides(groups, len(named) - can)
    lead = f"Also named: {told} can {does} it" if public else f"{told} can {does} {what}"
    if named or besides or not public:
        say(f"{lead[:1].upper()}{lead[1:]}{besides}.", style="bold")
    show_gaps(found.gaps, names)
    show_place(found)


def _told(inside: Sequence[Answer]) -> str:
    """How many they are; groups and other sets are more than one each."""
    sets = [one for one in inside if one.principal.startswith(_SETS)]
    groups = all(one.principal.startswith("group:") for one in sets)
    parts = []
    if len(sets) < len(inside):
        parts.append(count(len(inside) - len(sets), "principal"))
    if sets:
        parts.append(count(len(sets), "group" if groups else "set"))
    return " and ".join(parts) or "nobody"


def show_place(found: TargetAnswers) -> None:
    """Where a target is, and what the network does about it."""
    project, region = placed(found.target.name)
    say(f"In {region} of {project}. {reached(found.reach)}{_public_note(found)}.")


def _anybody(public: Sequence[Answer]) -> str:
    everybody = any(one.principal == "allUsers" for one in public)
    return "Anybody at all" if everybody else "Anybody with a Google account"


def _besides(groups: Mapping[How, Sequence[Answer]], conditional: int) -> str:
    parts = []
    if conditional:
        parts.append(f"{conditional:,} more while a condition holds")
    unknown, could = len(groups.get(How.UNKNOWN, ())), groups.get(How.GRANT, ())
    granting = sum(surely_grants(one) for one in could)
    if unknown:
        parts.append(f"of {unknown:,} it is not known")
    if granting:
        parts.append(f"{granting:,} could grant {selves(granting)} access")
    if perhaps := len(could) - granting:
        parts.append(f"{perhaps:,} perhaps could grant {selves(perhaps)} access")
    return "".join(f"; {part}" for part in parts)


def _public_note(found: TargetAnswers) -> str:
    """What the network does about a target that IAM leaves open, and the other way round."""
    target = found.target
    public = found.public in {Verdict.CAN, Verdict.WHILE}
    if public and found.reach not in {Reach.INTERNET, Reach.BALANCER}:
        return ": public by IAM, and not reachable from the internet"
    return "; Identity-Aware Proxy stands before it" if target.iap else ""


def show_what(
    principal: str,
    answers: Sequence[Answer],
    targets: Mapping[str, Target],
    names: Names,
    gaps: Sequence[Unread] = (),
    *,
    verbose: bool,
) -> None:
    """Every target that a principal gets into, by how."""
    groups = _grouped(answers)
    groups[How.ITSELF] = [*groups.pop(How.PUBLIC, ()), *groups.get(How.ITSELF, ())]
    inside = [*groups[How.ITSELF], *groups.get(How.INDIRECT, ())]
    can = sum(one.verdict is Verdict.CAN for one in inside)
    told = f"{can:,} of {count(len(targets), 'target')}" if can else "nothing"
    besides = _besides_targets(groups, len(inside) - can)
    say(f"{principal} can invoke {told}{besides}.", style="bold")
    show_gaps(gaps, names)
    for kind in How:
        rows = groups.get(kind, ())
        if rows:
            results.print(f"\n[bold]{_OF_PRINCIPAL[kind]}[/]")
            above = _shared(rows, gaps, verbose=verbose)
            _table(
                rows, lambda one: _placed_title(targets[one.target]), names, above, verbose=verbose
            )


_OF_PRINCIPAL = {
    How.ITSELF: "As itself",
    How.INDIRECT: "As somebody else, or by something that calls on its own",
    How.UNKNOWN: "Not known",
    How.GRANT: "Not in, but could grant itself access",
}


def _besides_targets(groups: Mapping[How, Sequence[Answer]], conditional: int) -> str:
    parts = []
    if conditional:
        parts.append(f"{conditional:,} more while a condition holds")
    if groups.get(How.UNKNOWN):
        parts.append(f"of {len(groups[How.UNKNOWN]):,} it is not known")
    could = groups.get(How.GRANT, ())
    granting = sum(surely_grants(one) for one in could)
    if granting:
        parts.append(f"could grant itself access to {granting:,}")
    if perhaps := len(could) - granting:
        parts.append(f"perhaps could grant itself access to {perhaps:,}")
    return "".join(f"; {part}" for part in parts)


def _placed_title(target: Target) -> str:
    project, region = placed(target.name)
    return f"{titled(target)} ({region}, {project})"


def _grouped(answers: Iterable[Answer]) -> dict[How, list[Answer]]:
    groups: dict[How, list[Answer]] = {}
    for one in answers:
        kind = how(one)
        if kind is not None:
            groups.setdefault(kind, []).append(one)
    return groups


def _table(
    rows: Sequence[Answer],
    label: Callable[[Answer], str],
    names: Names,
    told_above: Collection[str],
    *,
    verbose: bool,
) -> None:
    shown = rows if verbose else rows[:LIMIT]
    width = max((size for one in shown if (size := len(label(one))) <= _LABEL), default=0)
    for one in shown:
        colour = "bold red" if _is_open(one) else COLOURS[one.verdict]
        path, named = best(one), label(one)
        line = "" if verbose or path is None else names.line(path, one.target)
        beside = len(named) <= width and 0 < len(line) <= COLUMNS - _INDENT - width - 2
        told = f"{safe(f'{named:<{width}}')}  [dim]{safe(line)}[/]" if beside else safe(named)
        results.print(f"  [{colour}]{one.verdict:<10}[/]  {told}")
        if line and not beside:
            say_path(line, _INDENT)
        _row_details(one, path, names, told_above, verbose=verbose)
    if len(shown) < len(rows):
        results.print(f"  [dim]… and {len(rows) - len(shown):,} more (-v or --json)[/]")


def _is_open(one: Answer) -> bool:
    return is_public(one.principal) and one.verdict is Verdict.CAN


def _row_details(
    one: Answer, path: Path | None, names: Names, told: Collection[str], *, verbose: bool
) -> None:
    for other in one.paths if verbose else ():
        show_path(other, one.target, names, _INDENT)
    if not verbose and path is not None and path.verdict is Verdict.WHILE:
        say(f"while {condition_of(path)}", _INDENT)
    granting = "" if one.verdict is Verdict.UNKNOWN else "not known: "
    for reason in _doubts(one):
        if reason not in told:
            say(f"{granting}{reason}", _INDENT, "yellow")


def _shared(rows: Sequence[Answer], gaps: Sequence[Unread], *, verbose: bool) -> frozenset[str]:
    """Tell once what is not known of several of them; all reasons that no row has to tell."""
    every = Counter(reason for one in rows for reason in _doubts(one))
    above = frozenset(every) - frozenset(untold(every, gaps))
    several = [reason for reason, number in every.most_common() if number > 1]
    several = [reason for reason in several if reason not in above]
    for reason in several if verbose else several[:_REASONS]:
        of = "all" if every[reason] == len(rows) else f"{every[reason]:,}"
        say(f"of {of}: {reason}", 2, "yellow", hang=2)
    if not verbose and len(several) > _REASONS:
        results.print(f"  [dim]… and {len(several) - _REASONS:,} more (-v or --json)[/]")
    return above | frozenset(several)


def _doubts(one: Answer) -> tuple[str, ...]:
    """Why it is not known whether somebody gets in, or could grant itself access."""
    if one.verdict is Verdict.UNKNOWN:
        return one.reasons
    path = best(one)
    if one.verdict is not Verdict.CANNOT or path is None or surely_grants(one):
        return ()
    return path.reasons


def _sets(sets: Mapping[str, int]) -> None:
    if sets:
        results.print("\n[bold]Sets whose members cannot be counted[/]")
        for one, known in islice(sets.items(), LIMIT):
            results.print(f"  {safe(one)}")
            if known:
                say(f"{known:,} of them known", 4, "dim")
        if len(sets) > LIMIT:
            results.print(f"  [dim]… and {len(sets) - LIMIT:,} more (--json)[/]")


def _unknown(reasons: Sequence[str], *, verbose: bool) -> None:
    if not reasons:
        return
    results.print("\n[bold yellow]There may be others, for not all is known[/]")
    shown = reasons if verbose else reasons[:_REASONS]
    for reason in shown:
        say(reason, 2, "yellow")
    if len(shown) < len(reasons):
        results.print(f"  [dim]… and {len(reasons) - len(shown):,} more (-v or --json)[/]")
