"""`provision audit who|what|why`: one target, one principal, or one of each."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from provision.audit.answers import Answer, Verdict
from provision.cli import audit_formats as formats
from provision.cli import audit_source as source
from provision.cli import options
from provision.cli.audit_answers import TargetAnswers, gaps, how, worth_telling
from provision.cli.audit_first import first
from provision.cli.audit_formats import Format
from provision.cli.audit_narrowed import Question
from provision.cli.audit_place import Place
from provision.cli.audit_principals import alike, find_principal, is_named
from provision.cli.audit_source import Source
from provision.cli.audit_targets import find_target, names_told
from provision.cli.console import note
from provision.cli.progress import Progress
from provision.cli.views import audit_basis, audit_csv, audit_json, audit_text, audit_why
from provision.cli.views.audit_words import LIMIT, Names, placed, titled
from provision.errors import ExitCode, NotProvenError, ProvisionError
from provision.principals import is_public
from provision.snapshot.records import Target, Unread

if TYPE_CHECKING:
    from provision.audit import Audit

TargetArgument = Annotated[
    str,
    typer.Argument(
        metavar="TARGET",
        help="A name in the spec, service/NAME, job/NAME, function/NAME, instance/NAME, the"
        " address of a service, or a full resource name.",
    ),
]
PrincipalArgument = Annotated[
    str,
    typer.Argument(
        metavar="PRINCIPAL",
        help="As policies write it: user:ann@example.com, serviceAccount:…, group:…, allUsers.",
    ),
]


def who(
    target: TargetArgument,
    snapshot: source.SnapshotFile = None,
    at: source.At = None,
    scope: source.Scope = None,
    file: options.OptionalFiles = None,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: formats.Json = False,
    as_csv: formats.Csv = False,
    as_sarif: formats.Sarif = False,
    as_html: formats.Html = False,
    output: formats.Output = None,
    verbose: source.Verbose = False,
) -> None:
    """Show every principal that can invoke a target, each with its path.

    Also who gets in as somebody else, who could grant itself access, and what is not known.
    """
    asked = Source(snapshot, at, scope, Place(file, project, region, impersonate))
    to = formats.flagged(output, json=as_json, csv=as_csv, sarif=as_sarif, html=as_html)
    with Progress() as progress:
        audit, found = _about(target, asked, progress)
        progress.brief(f"judging {target}")
        brief = to.is_text and not verbose
        told = _who(audit, found, most=LIMIT if brief else None)
    basis, names = asked.basis(audit), _names(audit, found)

    def show() -> None:
        audit_text.show_who(told, names, verbose=verbose)
        audit_basis.show_basis(basis)

    to.emit(
        {
            Format.JSON: lambda: audit_json.text(
                audit_json.answered(basis, audit_json.about_all(told), told.answers, ExitCode.DONE)
            ),
            Format.CSV: lambda: _csv(audit, told.answers, names),
            **Question(asked, audit, f"Who can invoke {titled(found)}", (found.name,)).renders(),
        },
        show,
    )


def _who(audit: "Audit", target: Target, most: int | None) -> TargetAnswers:
    """All answers about a target; with `most`, paths of so many that get in, where that will do."""
    groups = None if most is None else first(audit, target.name, most)
    answers = worth_telling(audit.who(target.name)) if groups is None else ()
    whole = audit.summary(target.name)
    sets = {one: audit.known_in(one) for one in whole.sets}
    told = (target, whole.public, whole.reach, answers, sets, whole.unknown)
    return TargetAnswers(*told, _gaps(audit, target), groups)


def what(
    principal: PrincipalArgument,
    snapshot: source.SnapshotFile = None,
    at: source.At = None,
    scope: source.Scope = None,
    inventory: source.Inventory = False,
    file: options.OptionalFiles = None,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: formats.Json = False,
    as_csv: formats.Csv = False,
    as_sarif: formats.Sarif = False,
    as_html: formats.Html = False,
    output: formats.Output = None,
    verbose: source.Verbose = False,
) -> None:
    """Show everything that a principal can invoke, each with its path."""
    asked = Source(snapshot, at, scope, Place(file, project, region, impersonate), inventory)
    asked.check()
    to = formats.flagged(output, json=as_json, csv=as_csv, sarif=as_sarif, html=as_html)
    with Progress() as progress:
        read = asked.whole(progress)
        member = find_principal(principal, read)
        audit = asked.judge(read, progress)
        progress.brief(f"judging what {member} can invoke, of {len(read.targets):,} targets")
        answers = tuple(one for one in audit.what(member) if how(one))
    targets = {one.name: one for one in read.targets}
    basis, names = asked.basis(audit), Names.of(read.containers)
    _note_stranger(member, audit)

    def show() -> None:
        audit_text.show_what(member, answers, targets, names, gaps(read.unread), verbose=verbose)
        audit_basis.show_basis(basis)

    body = {"principal": member, "targets": len(targets)}
    to.emit(
        {
            Format.JSON: lambda: audit_json.text(
                audit_json.answered(basis, body, answers, ExitCode.DONE)
            ),
            Format.CSV: lambda: _csv(audit, answers, names),
            **_of(member, answers, asked, audit).renders(),
        },
        show,
    )


def _of(member: str, answers: tuple[Answer, ...], asked: Source, audit: "Audit") -> Question:
    """A page about one principal: what it gets into, may or could."""
    names = {one.target for one in answers}
    return Question(asked, audit, f"What {member} can invoke", names, member)


_CODES = {
    Verdict.CAN: ExitCode.DONE,
    Verdict.WHILE: ExitCode.NOT_PROVEN,
    Verdict.UNKNOWN: ExitCode.NOT_PROVEN,
    Verdict.CANNOT: ExitCode.FAILED,
}


def why(
    principal: PrincipalArgument,
    target: TargetArgument,
    snapshot: source.SnapshotFile = None,
    at: source.At = None,
    scope: source.Scope = None,
    file: options.OptionalFiles = None,
    project: options.Project = None,
    region: options.Region = None,
    impersonate: options.Impersonate = None,
    as_json: formats.Json = False,
    as_csv: formats.Csv = False,
    as_sarif: formats.Sarif = False,
    as_html: formats.Html = False,
    output: formats.Output = None,
    verbose: source.Verbose = False,
) -> None:
    """Show by which path a principal can invoke a target, or what stops it.

    Exits 0 when it can, 1 when it cannot, and 4 when that is not known, could not be read, or
    depends on a condition that only a request decides.
    """
    asked = Source(snapshot, at, scope, Place(file, project, region, impersonate))
    to = formats.flagged(output, json=as_json, csv=as_csv, sarif=as_sarif, html=as_html)
    with _failing_as_not_proven():
        code = _tell_why(principal, target, asked, to, verbose=verbose)
    raise typer.Exit(int(code))


def _tell_why(
    principal: str, target: str, asked: Source, to: formats.Outputs, *, verbose: bool
) -> ExitCode:
    with Progress() as progress:
        audit, found = _about(target, asked, progress)
        member = find_principal(principal, audit.snapshot)
        progress.brief(f"judging {target}")
        answer = audit.why(member, found.name)
        told = TargetAnswers(
            *(found, audit.public(found.name), audit.reach(found.name), (answer,)),
            gaps=_gaps(audit, found),
        )
    code, basis, names = _CODES[answer.verdict], asked.basis(audit), _names(audit, found)
    _note_stranger(member, audit)

    def show() -> None:
        audit_why.show_why(answer, told, names, verbose=verbose)
        audit_basis.show_basis(basis, apart=False)

    body = {"principal": member, **audit_json.about_target(told)}
    title = f"Whether {member} can invoke {titled(found)}"
    to.emit(
        {
            Format.JSON: lambda: audit_json.text(audit_json.answered(basis, body, (answer,), code)),
            Format.CSV: lambda: _csv(audit, (answer,), names),
            **Question(asked, audit, title, (found.name,), member).renders(),
        },
        show,
    )
    return code


@contextmanager
def _failing_as_not_proven() -> Iterator[None]:
    """Ends with 4 whatever goes wrong: the 1 of a failure would say "cannot" to a script."""
    try:
        yield
    except ProvisionError as error:
        if error.exit_code is not ExitCode.FAILED:
            raise
        raise NotProvenError(str(error), hint=error.hint) from error
    except Exception:  # noqa: BLE001 - a bug must not say "cannot" either
        traceback.print_exc()  # without the values of variables
        raise typer.Exit(int(ExitCode.NOT_PROVEN)) from None


def _about(text: str, asked: Source, progress: Progress) -> "tuple[Audit, Target]":
    """The audit of what decides about the target that `text` means, and the target."""
    asked.check()
    told = () if asked.snapshot or asked.scope else names_told(text, asked.place)
    read = asked.around(told, progress)
    if told and not read.targets:  # of another region, or of another name
        read = asked.whole(progress)
    target = find_target(text, read, asked.place)
    return asked.judge(read, progress), target


def _gaps(audit: "Audit", target: Target) -> tuple[Unread, ...]:
    return gaps(audit.snapshot.unread, audit.judge.index.lineage(target.name).containers)


def _names(audit: "Audit", target: Target) -> Names:
    return Names.of(audit.snapshot.containers, placed(target.name)[0])


def _csv(audit: "Audit", answers: tuple[Answer, ...], names: Names) -> str:
    targets = {one.name: one for one in audit.snapshot.targets}
    reach = {name: audit.reach(name) for name in {one.target for one in answers}}
    return audit_csv.answers(answers, targets, reach, names)


def _note_stranger(member: str, audit: "Audit") -> None:
    """Say that nothing that was read names the principal, which may be a slip of the pen."""
    read = audit.snapshot
    if is_public(member) or is_named(member, read):
        return
    close = alike(member, read)
    note(
        f"Nothing that was read names {member}.{f' Did you mean {close}?' if close else ''} What"
        " holds for everybody and for whole domains or pools is judged all the same."
    )
