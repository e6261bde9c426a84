"""What is claimed of a deployed service, judged on what Cloud Run says of it. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provision.plan import Check, Claim, Evidence, Verdict
from provision.service_fields import is_ready, serving_image
from provision.spec import Spec

Json = Mapping[str, Any]

_WHOLE = 100


@dataclass(frozen=True)
class _Finding:
    """One claim: what was asked, what was answered, and how it reads either way."""

    name: str
    claim: Claim
    passed: bool
    asked: str
    answered: str
    yes: str
    no: str

    def check(self, at: str) -> Check:
        verdict = Verdict.PASSED if self.passed else Verdict.FAILED
        summary = self.yes if self.passed else self.no
        return Check(
            self.name, self.claim, verdict, summary, (Evidence(self.asked, self.answered, at),)
        )


def service_checks(spec: Spec, live: Json, revision: Json, at: str) -> tuple[Check, ...]:
    """The control side's claims.

    Args:
        spec: what is declared.
        live: GetService, read just now.
        revision: GetRevision of the latest ready revision; empty when there is none.
        at: when they were read, RFC 3339.
    """
    return tuple(finding.check(at) for finding in _findings(spec, live, revision))


def _findings(spec: Spec, live: Json, revision: Json) -> Iterator[_Finding]:
    asked = f"GetService {spec.service_name}"
    yield _ready(live, asked)
    yield _digest(live, revision)
    disabled = live.get("invokerIamDisabled", False)
    yield _Finding(
        "invoker-check-on",
        Claim.PRIVACY,
        not disabled,
        f"{asked}: invokerIamDisabled",
        json.dumps(disabled),
        "every caller is checked for run.routes.invoke",
        "the invoker check is switched off: whoever reaches the service may call it",
    )
    ingress = live.get("ingress", "not told")
    yield _Finding(
        "ingress",
        Claim.PRIVACY,
        ingress == spec.ingress.api_name,
        f"{asked}: ingress",
        ingress,
        f"ingress is {spec.ingress}",
        f"ingress is not {spec.ingress}",
    )
    yield _account(spec, live, asked)


def _ready(live: Json, asked: str) -> _Finding:
    told = live.get("terminalCondition", {})
    answered = f"{told.get('state', 'no condition')} {told.get('message', '')}".strip()
    return _Finding(
        "revision-ready",
        Claim.CONFIGURATION,
        is_ready(live),
        f"{asked}: terminalCondition",
        answered,
        "the latest revision is ready",
        f"the latest revision is not ready: {answered}",
    )


def _digest(live: Json, revision: Json) -> _Finding:
    """The revision that serves everything runs the digest that the service asks for.

    Compared on the revision: the service keeps whatever was sent, a tag too.
    """
    name = str(revision.get("name", "none")).rsplit("/", 1)[-1]
    wanted, runs = serving_image(live), serving_image({"template": revision}) or "none"
    share = sum(
        status.get("percent", 0)
        for status in live.get("trafficStatuses", [])
        if status.get("revision", name).rsplit("/", 1)[-1] == name
    )
    return _Finding(
        "digest",
        Claim.CONFIGURATION,
        "@sha256:" in wanted and runs == wanted and share == _WHOLE,
        f"GetRevision {name}: image",
        f"{runs}; {share} % of the traffic",
        f"revision {name} serves everything and runs the deployed digest",
        f"revision {name} is not the one digest {wanted or '(none)'} that serves everything",
    )


def _account(spec: Spec, live: Json, asked: str) -> _Finding:
    account = live.get("template", {}).get("serviceAccount", "")
    return _Finding(
        "runtime-account",
        Claim.CONFIGURATION,
        account == spec.account_email,
        f"{asked}: template.serviceAccount",
        account or "none, so the default compute account",
        f"it runs as {spec.account_email}",
        f"it does not run as {spec.account_email}",
    )
