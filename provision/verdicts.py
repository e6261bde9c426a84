"""From checks to an exit code: what is not proven is never passed off as proven. Pure."""

from collections.abc import Iterable

from provision.errors import ExitCode
from provision.plan import Check, Claim, Verdict


def exit_code(checks: Iterable[Check], *, strict: bool) -> ExitCode:
    """The exit code that `checks` call for.

    A false claim is 1. What is not proven or not yet in effect is 4; only admission that could not
    be looked at from here is 0, or 4 with `strict`.
    """
    checks = tuple(checks)
    if any(check.verdict is Verdict.FAILED for check in checks):
        return ExitCode.FAILED
    open_ = [check for check in checks if check.verdict is Verdict.NOT_PROVEN]
    if any(strict or check.pending or check.claim is not Claim.ADMISSION for check in open_):
        return ExitCode.NOT_PROVEN
    return ExitCode.DONE


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """One exit code for several: interrupted, failed, not proven, differences, done."""
    order = (
        ExitCode.INTERRUPTED,
        ExitCode.FAILED,
        ExitCode.USAGE,
        ExitCode.NOT_PROVEN,
        ExitCode.DIFFERENCES,
    )
    found = set(codes)
    return next((code for code in order if code in found), ExitCode.DONE)
