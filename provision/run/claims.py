"""What is claimed of services and jobs of Cloud Run alike, judged on what it says of them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provision.plan import Check, Claim, Evidence, Verdict
from provision.spec import Spec

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """One claim: what was asked, what was answered, and how it reads either way."""

    name: str
    claim: Claim
    passed: bool
    asked: str
    answered: str
    yes: str
    no: str

    def check(self, at: str) -> Check:
        """The claim, looked at `at` (RFC 3339)."""
        verdict = Verdict.PASSED if self.passed else Verdict.FAILED
        summary = self.yes if self.passed else self.no
        return Check(
            self.name, self.claim, verdict, summary, (Evidence(self.asked, self.answered, at),)
        )


def ready(name: str, live: Json, asked: str, what: str, *, passed: bool) -> Finding:
    """What was deployed last can be used: `what` in words, as in ``the latest revision``."""
    told = live.get("terminalCondition", {})
    answered = f"{told.get('state', 'no condition')} {told.get('message', '')}".strip()
    return Finding(
        name,
        Claim.CONFIGURATION,
        passed,
        f"{asked}: terminalCondition",
        answered,
        f"{what} is ready",
        f"{what} is not ready: {answered}",
    )


def runtime_account(spec: Spec, pod: Json, asked: str) -> Finding:
    """It runs as the declared account; `asked` names the field."""
    account = pod.get("serviceAccount", "")
    return Finding(
        "runtime-account",
        Claim.CONFIGURATION,
        account == spec.account_email,
        asked,
        account or "none, so the default compute account",
        f"it runs as {spec.account_email}",
        f"it does not run as {spec.account_email}",
    )
