"""`--wait` with or without a length of time, as in `--wait` and `--wait 2m`."""

import re

import typer
from typer.core import TyperCommand

from provision.cli.access_report import TargetReport
from provision.cli.access_run import AccessRun
from provision.cli.context import seconds
from provision.cli.views import access_text
from provision.clients.id_tokens import IdTokens
from provision.clients.job_access import JobAccess
from provision.errors import InterruptedByUserError, UsageError
from provision.invoke.taking_effect import Awaited, TakingEffect
from provision.proof.revocations import DEFAULT_LIMIT

_LENGTH = re.compile(r"[0-9]+(?:\.[0-9]+)?[smh]?")


class WaitingCommand(TyperCommand):
    """A command whose ``--wait`` may stand alone, which Typer's options cannot."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Give a ``--wait`` that stands alone its default."""
        end = args.index("--") if "--" in args else len(args)
        completed = [
            f"--wait={DEFAULT_LIMIT:.0f}s" if self._is_bare(args, index, end) else arg
            for index, arg in enumerate(args)
        ]
        return super().parse_args(ctx, completed)

    @staticmethod
    def _is_bare(args: list[str], index: int, end: int) -> bool:
        following = args[index + 1] if index + 1 < len(args) else ""
        return index < end and args[index] == "--wait" and not _LENGTH.fullmatch(following)


def wait_length(wait: str | None, *, dry_run: bool) -> float | None:
    """How long to wait, in seconds; None for not at all.

    Raises:
        UsageError: it is no length of time, or nothing is changed that could be waited for.
    """
    if wait is None:
        return None
    if dry_run:
        raise UsageError("--dry-run changes nothing that --wait could wait for.")
    return seconds(wait)


def wait_for(run: AccessRun, awaited: list[tuple[TargetReport, Awaited]], limit: float) -> None:
    """Wait until every change is true in effect, all at once, and show what came of it."""
    google = run.context.google
    watch = TakingEffect(IdTokens(google), JobAccess(google), run.progress, limit)
    try:
        effects = watch.wait([one for _, one in awaited])
    except KeyboardInterrupt:
        names = ", ".join(dict.fromkeys(str(report.target) for report, _ in awaited))
        raise InterruptedByUserError(
            f"Interrupted while waiting for IAM; what was to be changed is changed: {names}.",
            hint="Run the same command again to wait on: nothing is written twice.",
        ) from None
    for (report, _), effect in zip(awaited, effects, strict=True):
        report.effects.append(effect)
    with run.showing():
        access_text.show_effects([report for report in run.reports if report.effects])
