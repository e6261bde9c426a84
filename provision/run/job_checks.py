"""What is claimed of a deployed job, judged on what Cloud Run says of it. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from provision.plan import Check, Claim
from provision.run.claims import Finding, ready, runtime_account
from provision.run.job_fields import is_ready, task_image, task_of
from provision.spec import JobSpec

Json = Mapping[str, Any]


def job_checks(spec: JobSpec, live: Json, at: str) -> tuple[Check, ...]:
    """The control side's claims.

    Args:
        spec: what is declared.
        live: GetJob, read just now.
        at: when it was read, RFC 3339.
    """
    return tuple(finding.check(at) for finding in _findings(spec, live))


def _findings(spec: JobSpec, live: Json) -> Iterator[Finding]:
    asked = f"GetJob {spec.job_name}"
    yield ready("job-ready", live, asked, "the job", passed=is_ready(live))
    image = task_image(live)
    yield Finding(
        "digest",
        Claim.CONFIGURATION,
        "@sha256:" in image,
        f"{asked}: image",
        image or "none",
        "every execution runs the deployed digest",
        "the job names an image by tag: what an execution runs can change at any time",
    )
    where = f"{asked}: template.template.serviceAccount"
    yield runtime_account(spec, task_of(live), where)
