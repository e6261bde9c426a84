"""What the commands about access share: each target on its own, and nothing written on a guess."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import typer

from provision.access.above import Above
from provision.access.completing import Completer, Known, Named
from provision.cli.access_report import TargetReport
from provision.cli.console import errors, interactive, note, print_json, results, safe
from provision.cli.group import show_error
from provision.cli.progress import Progress
from provision.cli.target_context import TargetContext, open_targets
from provision.cli.views import access_json
from provision.clients.groups import Groups
from provision.clients.iam import Iam
from provision.clients.resource_manager import ResourceManager
from provision.clients.targets import Resolved
from provision.errors import ExitCode, InterruptedByUserError, ProvisionError
from provision.verdicts import worst


@dataclass
class AccessRun:
    """One command over all its targets."""

    context: TargetContext
    progress: Progress
    as_json: bool
    reports: list[TargetReport] = field(default_factory=list)
    otherwise: ExitCode = ExitCode.DONE

    def begin(self) -> None:
        """Look every target up, so that nothing is written where one is not there."""
        self.progress.brief("looking at who we act as")
        _ = self.context.caller
        self.reports = [TargetReport(target) for target in self.context.targets]

        def look_up(report: TargetReport) -> None:
            self.progress.brief(f"looking for {report.target}")
            report.resolved = self.context.lookup.resolve(report.target)

        self.each(look_up)

    @cached_property
    def iam(self) -> Iam:
        """Tells which roles let somebody in."""
        return Iam(self.context.google)

    @cached_property
    def groups(self) -> Groups:
        """Tells who is a group, and who is in one."""
        return Groups(self.context.google)

    @cached_property
    def above(self) -> Above:
        """The policies above projects, each read once."""
        return Above(ResourceManager(self.context.google))

    def carries(self, resolved: Resolved) -> Callable[[str], bool | None]:
        """Which roles let somebody call a target."""
        return lambda role: self.iam.carries(role, resolved.permission)

    @property
    def failed(self) -> bool:
        """Whether something is wrong with a target already; says then that nothing was written."""
        wrong = any(report.error is not None for report in self.reports)
        if wrong and not self.interrupted:
            self.progress.pause()
            errors.print("Nothing was written, on any target.")
        return wrong

    def members(self, texts: Sequence[str]) -> tuple[Named, ...]:
        """The members that `texts` mean; the user is asked where it cannot be told."""
        can_ask = interactive() and not self.as_json
        completer = Completer(self._known, self.groups.is_group, self._ask if can_ask else None)
        named = completer.members(texts)
        self.progress.pause()
        for one in named:
            if one.told_by:
                note(f"{one.told_by}.", one.member)
        return named

    def _known(self) -> Iterator[Known]:
        """Where an e-mail may stand under its prefix: in the spec, or in a target's policy."""
        for spec in self.context.specs:
            yield Known(spec.all_invokers, f"in the spec of {spec.name}")
        for report in self.reports:
            if report.resolved is not None:
                policy = report.resolved.policies.get(report.resolved.resource)
                members = [one for binding in policy.bindings for one in binding.members]
                yield Known(members, f"in the policy of {report.target}")

    def _ask(self, email: str) -> str:
        self.progress.pause()
        while True:
            try:
                answer = errors.input(
                    f"Is {safe(email)} a [bold]u[/]ser or a [bold]g[/]roup? ", markup=True
                )
            except EOFError:
                raise InterruptedByUserError("Nothing was changed.") from None
            found = {"u": "user", "g": "group"}.get(answer.strip().lower()[:1])
            if found:
                return found

    def each(self, action: Callable[[TargetReport], None]) -> None:
        """Do `action` for every target that has not failed; one that fails stops no other."""
        for report in self.reports:
            if report.error is not None or self.interrupted:
                continue
            try:
                action(report)
            except ProvisionError as error:
                self._ended(report, error)
            except KeyboardInterrupt:
                self._ended(report, self._interrupted(report))

    @property
    def interrupted(self) -> bool:
        """Whether the user pressed Ctrl-C; nothing more is begun then."""
        return any(isinstance(report.error, InterruptedByUserError) for report in self.reports)

    def _interrupted(self, report: TargetReport) -> InterruptedByUserError:
        written = [
            str(one.target) for one in self.reports if one.change is not None and one.change.written
        ]
        told = f"changed by then: {', '.join(written)}" if written else "nothing had been changed"
        return InterruptedByUserError(
            f"Interrupted at {report.target}; {told}.",
            hint="Run the same command again: it reads first, and writes what is still missing.",
        )

    def _ended(self, report: TargetReport, error: ProvisionError) -> None:
        report.error = error
        self.progress.pause()
        show_error(error)

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Room for text on stdout; none is printed where the result is JSON."""
        self.progress.pause()
        results.quiet = self.as_json
        yield

    @property
    def code(self) -> ExitCode:
        """The worst exit code of the targets."""
        code = worst(report.exit_code for report in self.reports)
        return self.otherwise if code is ExitCode.DONE else code

    def finish(self) -> None:
        """Print the JSON result, where asked for."""
        self.progress.pause()
        if self.as_json:
            member = self.context.caller.member
            print_json(access_json.document(self.reports, member or None, self.code))


def found(report: TargetReport) -> Resolved:
    """The thing itself, of a report that did not fail."""
    if report.resolved is None:
        raise TypeError(f"{report.target} was not looked up")
    return report.resolved


@contextmanager
def over_targets(
    texts: Sequence[str],
    *,
    files: Sequence[Path] | None,
    project: str | None,
    region: str | None,
    impersonate: str | None,
    as_json: bool,
    check: Callable[[], object] | None = None,
) -> Iterator[AccessRun]:
    """A run over targets; leaves with the exit code that it ended with.

    `check` refuses what the command line says wrong, before anything is looked up.
    """
    run: AccessRun | None = None
    try:
        if check is not None:
            check()
        context = open_targets(
            texts, files=files, project=project, region=region, impersonate=impersonate
        )
        with Progress() as progress:
            run = AccessRun(context, progress, as_json)
            run.begin()
            yield run
            run.finish()
    except ProvisionError as error:
        if not as_json:
            raise
        show_error(error)
        reports = run.reports if run is not None else ()
        print_json(access_json.document(reports, None, error.exit_code, error))
        raise typer.Exit(int(error.exit_code)) from error
    raise typer.Exit(int(run.code))
