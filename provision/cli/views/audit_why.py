"""Why a principal gets into a target, or what stops it, for people."""

from collections.abc import Sequence

from provision.audit.answers import Answer, Block, HopKind, Path, Verdict
from provision.cli.audit_answers import TargetAnswers, best, surely_grants
from provision.cli.console import results, safe
from provision.cli.views.audit_gaps import show_gaps, untold
from provision.cli.views.audit_hops import show_path
from provision.cli.views.audit_text import show_place
from provision.cli.views.audit_words import (
    Names,
    condition_of,
    count,
    entered,
    say,
    say_path,
    titled,
    verb,
)

_WHY = {
    Verdict.CAN: "[bold green]{who} can {does} {what}.[/]",
    Verdict.WHILE: "[bold green]{who} can {does} {what}, while a condition holds.[/]",
    Verdict.UNKNOWN: "[bold yellow]It is not known whether {who} can {does} {what}.[/]",
    Verdict.CANNOT: "[bold]{who} cannot {does} {what}.[/]",
}


def show_why(answer: Answer, found: TargetAnswers, names: Names, *, verbose: bool) -> None:
    """Whether one principal gets into one target: the path, or what stops it."""
    target = found.target
    words = {"does": verb(target), "what": safe(titled(target)), "who": safe(answer.principal)}
    results.print(_WHY[answer.verdict].format(**words))
    path = best(answer)
    if answer.verdict is not Verdict.CANNOT and path is not None:
        _show_best(path, answer, names)
    for reason in untold(answer.reasons, found.gaps):
        say(f"not known: {reason}", 2, "yellow")
    if answer.verdict is Verdict.UNKNOWN:
        show_gaps(found.gaps, names)
    if answer.verdict is not Verdict.CAN or verbose:
        _blocks(answer.blocks, names)
    _others(answer, path, names, verbose=verbose)
    results.print()
    show_place(found)


def _show_best(path: Path, answer: Answer, names: Names) -> None:
    say_path(names.line(path, answer.target), 2, "default")
    if path.verdict is Verdict.WHILE or condition_of(path):
        holds = "holds at that time: " if path.verdict is Verdict.CAN else "while "
        say(f"{holds}{condition_of(path)}", 2)
    say(entered(path), 2, "dim")
    for hop in path.hops:
        if hop.kind in _HELD and hop.note:
            say(f"though {hop.note}" if hop.kind is HopKind.ROLE else hop.note, 2, hang=2)


_HELD = frozenset({HopKind.ROLE, HopKind.IAP, HopKind.AGENT})


def _blocks(blocks: Sequence[Block], names: Names) -> None:
    for one in blocks:
        on = f" on {names.short(one.on)}" if one.on else ""
        if one.by and one.by.rpartition("/")[2] in one.reason:  # which says what it is already
            say(f"{one.reason}{on and f' (it stands{on})'}", 2, hang=2)
        else:
            by = f" {names.short(one.by)}" if one.by else ""
            say(f"{one.kind}{by}{on}: {one.reason}", 2, hang=2)


def _others(answer: Answer, told: Path | None, names: Names, *, verbose: bool) -> None:
    """The paths beside the one that was told; all of them, hop by hop, where that is wanted."""
    if verbose:
        for number, path in enumerate(answer.paths, start=1):
            results.print(f"\n[bold]Path {number} of {len(answer.paths)}[/]")
            show_path(path, answer.target, names, 2)
        return
    rest = [path for path in answer.paths if path is not told or answer.verdict is Verdict.CANNOT]
    second = [path for path in rest if path.second_order]
    if second and answer.verdict is not Verdict.CAN:
        perhaps = "It" if surely_grants(answer) else "It is not known whether it"
        results.print(f"  {perhaps} could grant itself access:")
        say_path(names.line(second[0], answer.target), 4)
        rest.remove(second[0])
    if rest:
        results.print(f"  [dim]{count(len(rest), 'more path')} (-v shows every hop)[/]")
