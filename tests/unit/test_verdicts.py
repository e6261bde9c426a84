"""Exit codes from checks."""

import pytest

from provision.errors import ExitCode
from provision.plan import Check, Claim, Verdict
from provision.verdicts import exit_code, worst


def check(claim: Claim, verdict: Verdict, *, pending: bool = False) -> Check:
    """A check of that claim and verdict."""
    return Check("a-check", claim, verdict, "", (), pending=pending)


PROVEN = check(Claim.PRIVACY, Verdict.PASSED)
UNPROVEN_PRIVACY = check(Claim.PRIVACY, Verdict.NOT_PROVEN)
UNPROVEN_ADMISSION = check(Claim.ADMISSION, Verdict.NOT_PROVEN)
LATE = check(Claim.ADMISSION, Verdict.NOT_PROVEN, pending=True)
FALSE = check(Claim.CONFIGURATION, Verdict.FAILED)


@pytest.mark.parametrize(
    ("checks", "strict", "code"),
    [
        ([PROVEN], False, ExitCode.DONE),
        ([PROVEN, UNPROVEN_ADMISSION], False, ExitCode.DONE),
        ([PROVEN, UNPROVEN_ADMISSION], True, ExitCode.NOT_PROVEN),
        ([UNPROVEN_PRIVACY], False, ExitCode.NOT_PROVEN),
        ([PROVEN, LATE], False, ExitCode.NOT_PROVEN),
        ([UNPROVEN_PRIVACY, FALSE], False, ExitCode.FAILED),
    ],
)
def test_what_is_not_proven_is_never_passed_off(
    checks: list[Check], strict: bool, code: ExitCode
) -> None:
    """Unproven privacy is always 4; unproven admission is 0, or 4 when strict."""
    assert exit_code(checks, strict=strict) is code


def test_one_code_stands_for_several_services() -> None:
    """The worst one."""
    codes = [ExitCode.DONE, ExitCode.NOT_PROVEN, ExitCode.FAILED, ExitCode.DIFFERENCES]
    assert worst(codes) is ExitCode.FAILED
    assert worst([ExitCode.DONE]) is ExitCode.DONE
    assert worst([]) is ExitCode.DONE
