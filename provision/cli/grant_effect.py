"""What `provision grant --wait` waits for, and how it can be told."""

from collections.abc import Iterator
from datetime import datetime

from provision.access.granting import Offer, Outcome, granted
from provision.access.remaining import How, Remains
from provision.cli.access_report import TargetReport
from provision.cli.access_run import AccessRun, found
from provision.clients.clock import Clock
from provision.conditions import parse_path
from provision.invoke.taking_effect import Awaited
from provision.policy import Policy, without
from provision.principals import canonical


def awaited_grants(run: AccessRun) -> Iterator[tuple[TargetReport, Awaited]]:
    """Everybody who was to be let in, and is by the policy."""
    now = Clock().now()
    for report in run.reports:
        change, offered = report.granted, report.offer
        if report.error is not None or change is None or offered is None:
            continue
        for one in change.told:
            if one.outcome is not Outcome.UNLIMITED:
                yield report, _awaited(run, report, one.member, offered, now)


def _awaited(
    run: AccessRun, report: TargetReport, member: str, offered: Offer, now: datetime
) -> Awaited:
    own = offered.condition is not None and offered.terms is None
    terms = offered.terms
    return Awaited(
        found(report),
        member,
        admitted=True,
        settled=lambda policy: granted(policy, [member], offered, now)[0] == policy,
        paths=(parse_path(terms.path).page if terms and terms.path else "",),
        written=report.granted.written_at if report.granted is not None else None,
        until=terms.until if terms else None,
        unaskable=(
            "it depends on a condition of your own"
            if own
            else _otherwise(run, report, member, offered, now)
        ),
    )


def _otherwise(
    run: AccessRun, report: TargetReport, member: str, offered: Offer, now: datetime
) -> str:
    """By what somebody surely gets in beside this grant: being let in proves nothing then."""
    resolved, change = found(report), report.granted
    if change is None:
        return ""
    run.progress.brief(f"looking at what else opens {report.target}")
    above = tuple(run.above.layers(report.target.name.project))
    beside = _without_offered(change.after, member, offered)
    remains = Remains(resolved, beside, above, run.carries(resolved), run.groups.has_member, now)
    for one in remains.of([member]):
        if one.how is How.STILL:
            by = f"as {one.role} on {one.resource}" if one.role else one.why
            return f"being let in would not show it, for it gets in anyway: {by}"
    return ""


def _without_offered(policy: Policy, member: str, offered: Offer) -> Policy:
    """The policy as if the grant were not in it."""
    expression = offered.condition.expression if offered.condition else None
    return without(
        policy,
        lambda binding, holder: (
            binding.role == offered.role
            and canonical(holder) == canonical(member)
            and (binding.condition.expression if binding.condition else None) == expression
        ),
    )
