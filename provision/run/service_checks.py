"""What is claimed of a deployed service, judged on what Cloud Run says of it. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from provision.plan import Check, Claim
from provision.run.claims import Finding, ready, runtime_account
from provision.run.service_fields import is_ready, serving_image
from provision.spec import ServiceSpec

Json = Mapping[str, Any]

_WHOLE = 100


def service_checks(spec: ServiceSpec, live: Json, revision: Json, at: str) -> tuple[Check, ...]:
    """The control side's claims.

    Args:
        spec: what is declared.
        live: GetService, read just now.
        revision: GetRevision of the latest ready revision; empty when there is none.
        at: when they were read, RFC 3339.
    """
    return tuple(finding.check(at) for finding in _findings(spec, live, revision))


def _findings(spec: ServiceSpec, live: Json, revision: Json) -> Iterator[Finding]:
    asked = f"GetService {spec.service_name}"
    yield ready("revision-ready", live, asked, "the latest revision", passed=is_ready(live))
    yield _digest(live, revision)
    disabled = live.get("invokerIamDisabled", False)
    yield Finding(
        "invoker-check-on",
        Claim.PRIVACY,
        not disabled,
        f"{asked}: invokerIamDisabled",
        json.dumps(disabled),
        "every caller is checked for run.routes.invoke",
        "the invoker check is switched off: whoever reaches the service may call it",
    )
    ingress = live.get("ingress", "not told")
    yield Finding(
        "ingress",
        Claim.PRIVACY,
        ingress == spec.ingress.api_name,
        f"{asked}: ingress",
        ingress,
        f"ingress is {spec.ingress}",
        f"ingress is not {spec.ingress}",
    )
    yield runtime_account(spec, live.get("template", {}), f"{asked}: template.serviceAccount")


def _digest(live: Json, revision: Json) -> Finding:
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
    return Finding(
        "digest",
        Claim.CONFIGURATION,
        "@sha256:" in wanted and runs == wanted and share == _WHOLE,
        f"GetRevision {name}: image",
        f"{runs}; {share} % of the traffic",
        f"revision {name} serves everything and runs the deployed digest",
        f"revision {name} is not the one digest {wanted or '(none)'} that serves everything",
    )
