"""Why the front end answers 403: nobody was named, or somebody whom no policy lets in. Pure."""

from collections.abc import Sequence
from datetime import datetime

from provision.invoke.explain.facts import (
    SPREADS,
    Asked,
    Credential,
    Explanation,
    Finding,
    Holds,
    Known,
    Standing,
)

_MOST = 5
"""Bindings that are shown; more would hide the answer."""
_AGAIN = "Nothing is wrong with the request: try again in a few minutes."


def forbidden(asked: Asked, known: Known, now: datetime) -> Explanation:
    """Why a caller was not let in.

    Args:
        asked: the request.
        known: what the control side says, policies included where they could be read.
        now: this machine's time.
    """
    if asked.credential is Credential.NOTHING:
        return _anonymous(known)
    if known.unchecked:
        return _beyond_iam(known)
    standings = known.standings or ()
    for holds, said in ((Holds.YES, _held), (Holds.NO, _condition), (Holds.UNKNOWN, _perhaps)):
        found = [one for one in standings if one.holds is holds]
        if found:
            return said(asked, known, found, now)
    return _no_role(asked, known, now)


def _anonymous(known: Known) -> Explanation:
    return Explanation(
        Finding.ANONYMOUS,
        f"no token was sent, and {known.name} answers only those that it knows",
        (("needs", f"{known.permission}, as {known.role} gives it"),),
        "Leave --anonymous away; another client sends `Authorization: Bearer ID_TOKEN`, and"
        " `provision token` prints one.",
    )


def _beyond_iam(known: Known) -> Explanation:
    return Explanation(
        Finding.PERIMETER,
        "the invoker check is off, so something else refuses: a VPC Service Controls perimeter,"
        " or the check was only just turned off",
        (("service", f"{known.name}: invokerIamDisabled is true"),),
        "Ask whoever administers the organisation's perimeters, or try again in a few minutes.",
        certain=False,
    )


def _held(asked: Asked, known: Known, found: Sequence[Standing], now: datetime) -> Explanation:
    """A policy lets the caller in, and yet the front end does not."""
    evidence = _shown(found)
    ages = [now - one.changed_at for one in found if one.changed_at is not None]
    if ages and min(ages) < SPREADS:
        minutes = max(int(min(ages).total_seconds()), 0)
        return Explanation(
            Finding.NOT_SPREAD,
            f"{asked.who} holds the role; the policy was changed {minutes} s ago and has likely not"
            " spread yet",
            (*evidence, ("IAM", "typically 2 minutes, potentially 7 minutes or longer")),
            _AGAIN,
            certain=False,
        )
    return Explanation(
        Finding.DENIED,
        f"{asked.who} holds the role, so a deny policy or a VPC Service Controls perimeter likely"
        " stands against it",
        (*evidence, *_gaps(known)),
        f"`gcloud iam policies list --kind=denypolicies --attachment-point=…` on the project and"
        f" above shows who denies {known.permission}.",
        certain=False,
    )


def _condition(asked: Asked, known: Known, found: Sequence[Standing], _: datetime) -> Explanation:
    return Explanation(
        Finding.CONDITION,
        f"{asked.who} holds the role only under a condition that does not hold for this request",
        (*_shown(found), *_gaps(known)),
        f"`provision grants {known.argument}` shows until when and where it holds;"
        " `provision grant` gives it anew.",
        certain=not known.unread,
    )


def _perhaps(asked: Asked, known: Known, found: Sequence[Standing], _: datetime) -> Explanation:
    """Only bindings about which it cannot be told from here."""
    if any(one.conditional for one in found):
        return Explanation(
            Finding.PERHAPS_CONDITION,
            f"{asked.who} holds the role under a condition, which cannot be judged from here",
            (*_shown(found), *_gaps(known)),
            "Look at the condition: on Cloud Run it can ask for request.time, request.path,"
            " request.host and tags.",
            certain=False,
        )
    return Explanation(
        Finding.PERHAPS_MEMBER,
        f"no policy names {asked.who}; it would get in as a member of what is named",
        (*_shown(found), *_gaps(known)),
        "Look whether it is a member. A new membership takes several minutes to spread, and"
        " hours at times.",
        certain=False,
    )


def _no_role(asked: Asked, known: Known, now: datetime) -> Explanation:
    whose = asked.member or "PRINCIPAL"
    grant = f"`provision grant {whose} --on {known.argument}` lets it in."
    if known.standings is None or known.unread:
        return Explanation(
            Finding.PERHAPS_NO_ROLE,
            f"{asked.who} was recognised, and is likely not allowed to call {known.name}",
            (("needs", f"{known.permission}, as {known.role} gives it"), *_gaps(known)),
            f"{grant} Or ask somebody who may see the policy.",
            certain=False,
        )
    evidence = [("needs", f"{known.permission}, as {known.role} gives it")]
    evidence.append(("policies", f"no binding of {known.name} or above it names {asked.who}"))
    if known.changed_at is not None and now - known.changed_at < SPREADS:
        seconds = max(int((now - known.changed_at).total_seconds()), 0)
        evidence.append(("changed", f"{seconds} s ago: perhaps it was taken out just now"))
    return Explanation(
        Finding.NO_ROLE,
        f"{asked.who} is not allowed to call {known.name}",
        tuple(evidence),
        grant,
    )


def _shown(found: Sequence[Standing]) -> tuple[tuple[str, str], ...]:
    more = len(found) - _MOST
    rest = (("bindings", f"and {more} more"),) if more > 0 else ()
    return (*(("binding", str(one)) for one in found[:_MOST]), *rest)


def _gaps(known: Known) -> tuple[tuple[str, str], ...]:
    return tuple(("not read", one) for one in known.unread)
