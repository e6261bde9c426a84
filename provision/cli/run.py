"""What the commands share: each service or job on its own, so that one failing stops no other."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from provision import engine
from provision.cli.console import errors, note, output_files, print_json, results
from provision.cli.context import Context
from provision.cli.group import show_error
from provision.cli.progress import Progress
from provision.cli.report import ServiceReport
from provision.cli.views import as_json, as_text
from provision.clients.clock import Clock
from provision.errors import ExitCode, InterruptedByUserError, ProvisionError
from provision.pipeline import Pipeline
from provision.plan import Change
from provision.resources import JobName, ServiceName
from provision.stages import Stage
from provision.verdicts import worst


@dataclass(frozen=True)
class Manner:
    """How a command goes about it.

    Args:
        as_json: print the result as JSON, and nothing else, on stdout.
        prune: take out invokers that the spec does not name.
        wait: seconds to wait for IAM to take effect.
        strict: anything not proven is 4.
    """

    as_json: bool
    prune: bool = False
    wait: float = 0.0
    strict: bool = False


@dataclass
class Run:
    """One command over all its services and jobs."""

    context: Context
    manner: Manner
    progress: Progress
    reports: list[ServiceReport] = field(default_factory=list)
    code: ExitCode = ExitCode.DONE
    _stages: dict[ServiceName | JobName, Sequence[Stage[Any]]] = field(default_factory=dict)

    def begin(self) -> None:
        """A report for each service and job, and the identity looked up once."""
        self.progress.brief("looking at who we act as")
        self.reports = [ServiceReport(spec, self.context.caller) for spec in self.context.specs]

    @cached_property
    def pipeline(self) -> Pipeline:
        """Makes the stages; its clients serve all of them."""
        return Pipeline(
            self.context.google,
            self.context.environ,
            self.progress,
            self.manner.prune,
            self.manner.wait,
            output_files(),
        )

    def stages(self, report: ServiceReport) -> Sequence[Stage[Any]]:
        """The stages of one service or job; planned, applied and verified with the same inputs."""
        key = report.spec.resource_name
        if key not in self._stages:
            self._stages[key] = self.pipeline.stages(report.spec)
        return self._stages[key]

    def plan(self) -> None:
        """Plan every service and job and show what would change."""

        def one(report: ServiceReport) -> None:
            report.plan = engine.plan(self.stages(report))
            with self.showing(report):
                as_text.show_plan(report.plan)

        self.each(one)

    def apply(self) -> None:
        """Apply what was planned."""

        def one(report: ServiceReport) -> None:
            if report.plan is not None and not report.plan.is_empty:
                engine.apply(self.stages(report), report.plan, report.outcome, self.starting)
                with self.showing():
                    as_text.show_steps(report.outcome)

        self.each(one)

    def verify(self, *, heading: bool = False) -> None:
        """Look at every claim of each of them, showing each as it is judged."""

        def one(report: ServiceReport) -> None:
            with self.showing(report if heading or len(self.reports) > 1 else None):
                pass
            for check in engine.verify(self.stages(report), Clock().stamp, report.outcome):
                report.checks.append(check)
                with self.showing():
                    as_text.show_check(check)
            with self.showing():
                as_text.show_summary(report)

        self.each(one)

    def approve(self, question: str, *, yes: bool) -> None:
        """Ask once, unless told not to.

        Raises:
            InterruptedByUserError: the answer was no.
        """
        if yes:
            return
        self.progress.pause()
        try:
            answer = errors.input(f"{question} [y/N] ", markup=False)
        except EOFError:
            answer = ""
        if answer.strip().lower() not in {"y", "yes"}:
            raise InterruptedByUserError("Nothing was changed.")

    def finish(self, otherwise: ExitCode = ExitCode.DONE) -> None:
        """Print the JSON result, where asked for, and settle the exit code.

        Args:
            otherwise: the code when none of them calls for another.
        """
        strict = self.manner.strict
        code = worst(report.exit_code(strict=strict) for report in self.reports)
        self.code = otherwise if code is ExitCode.DONE else code
        self.progress.pause()
        failed = [str(report.spec) for report in self.reports if report.error is not None]
        if failed and len(self.reports) > 1:  # its error stands far above what was done to others
            note(f"{', '.join(failed)}; why is said above.", "Not done", style="bold red")
        if self.manner.as_json:
            print_json(as_json.document(self.reports, self.code, strict=strict))

    def each(self, action: Callable[[ServiceReport], None]) -> None:
        """Do `action` for each that has not failed; one that fails stops no other."""
        for report in self.reports:
            if report.error is not None or self.interrupted:
                continue
            self.progress.prefix = f"{report.spec.name}: " if len(self.reports) > 1 else ""
            try:
                action(report)
            except ProvisionError as error:
                self._ended(report, error)
            except KeyboardInterrupt:
                self._ended(report, _interrupted(report))

    @property
    def interrupted(self) -> bool:
        """Whether the user pressed Ctrl-C; nothing more is begun then."""
        return any(isinstance(report.error, InterruptedByUserError) for report in self.reports)

    def _ended(self, report: ServiceReport, error: ProvisionError) -> None:
        report.error = error
        self.progress.pause()
        show_error(error)

    @contextmanager
    def showing(self, report: ServiceReport | None = None) -> Iterator[None]:
        """Room for text on stdout; none is printed where the result is JSON."""
        self.progress.pause()
        results.quiet = self.manner.as_json
        if report is not None:
            as_text.show_heading(report)
        yield

    def starting(self, change: Change[Any]) -> None:
        """Tell which change is being made."""
        self.progress(f"{change.stage}: {change.subject}")


def _interrupted(report: ServiceReport) -> InterruptedByUserError:
    done = [step.change.stage for step in report.outcome.steps if step.applied]
    told = f"done by then: {', '.join(done)}" if done else "nothing had been finished by then"
    return InterruptedByUserError(
        f"Interrupted at {report.spec}; {told}.",
        hint="Run the same command again: it looks at what is there and goes on.",
    )
