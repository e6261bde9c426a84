"""What an answer of a service's address proves. Pure.

How Google's front end answers: ingress first (404), then Identity-Aware Proxy (302), then the
invoker check (403 without a token or permission, 401 for a token it cannot verify).
https://cloud.google.com/run/docs/troubleshooting
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from provision.clients.outside import Answer
from provision.plan import Verdict
from provision.tokens.authorization import REFUSED


class Status(IntEnum):
    """HTTP statuses that mean something here."""

    OK = 200
    FOUND = 302
    CLIENT_ERROR = 400
    UNAUTHORIZED = 401
    FORBIDDEN = 403
    NOT_FOUND = 404
    BROKEN = 500


REFUSALS = (Status.UNAUTHORIZED, Status.FORBIDDEN)

_IAP = "x-goog-iap-generated-response"
_OPEN = "INGRESS_TRAFFIC_ALL"


@dataclass(frozen=True)
class Gate:
    """What the control side says of the way to the service, seen at the time of the request.

    Args:
        ingress: the observed ingress, by API name.
        default_url_disabled: the default addresses are off.
        iap: Identity-Aware Proxy is on.
    """

    ingress: str
    default_url_disabled: bool
    iap: bool

    @classmethod
    def of(cls, live: Mapping[str, Any]) -> "Gate":
        """The gate of a service in Google's JSON form."""
        return cls(
            live.get("ingress", ""),
            live.get("defaultUriDisabled", False),
            live.get("iapEnabled", False),
        )

    @property
    def shut_from_outside(self) -> bool:
        """Whether a 404 from outside is what the ingress promises."""
        return self.default_url_disabled or self.ingress not in ("", _OPEN)

    @property
    def why_shut(self) -> str:
        """What answers 404 to everybody outside."""
        return "its address is off" if self.default_url_disabled else "the ingress answers 404"


@dataclass(frozen=True)
class Judgement:
    """What an answer proves.

    Args:
        verdict: of the claim.
        summary: one sentence.
        may_change: waiting for IAM to take effect may change it.
        hint: what to do; empty when there is nothing.
    """

    verdict: Verdict
    summary: str
    may_change: bool = False
    hint: str = ""


def is_front_end_refusal(answer: Answer) -> bool:
    """Whether the front end refused, in its own words: no application was reached."""
    return answer.status in REFUSALS and REFUSED in answer.body


def judge_anonymous(answer: Answer, gate: Gate) -> Judgement:
    """Whether nobody gets in."""
    if not answer.status:
        return Judgement(Verdict.NOT_PROVEN, f"nobody could be tried: {answer.problem}")
    if answer.status in REFUSALS:
        return _refused(answer)
    if answer.status == Status.NOT_FOUND and gate.shut_from_outside:
        return Judgement(Verdict.PASSED, f"nobody gets in from outside: {gate.why_shut}")
    if gate.iap and answer.status == Status.FOUND and _IAP in answer.headers:
        return Judgement(Verdict.PASSED, "nobody gets in: Identity-Aware Proxy asks for a login")
    if Status.OK <= answer.status < Status.CLIENT_ERROR:
        return Judgement(
            Verdict.FAILED,
            f"anybody gets in: a request without a token was answered {answer.status}",
            may_change=True,
        )
    return Judgement(
        Verdict.NOT_PROVEN,
        f"a request without a token was answered {answer.status}, which is no clear refusal",
        may_change=True,
    )


def judge_public(answer: Answer) -> Judgement:
    """Whether anybody gets in, where the spec wants that."""
    if Status.OK <= answer.status < Status.CLIENT_ERROR:
        return Judgement(Verdict.PASSED, f"public, as the spec says: answered {answer.status}")
    return Judgement(
        Verdict.NOT_PROVEN,
        f"the spec says public, and a request without a token got: {answer}",
        may_change=answer.status in REFUSALS,
    )


def _refused(answer: Answer) -> Judgement:
    if REFUSED in answer.body:
        return Judgement(Verdict.PASSED, "a request without a token is refused")
    return Judgement(
        Verdict.NOT_PROVEN,
        f"{answer.status} was answered, but not in the front end's words: the application itself"
        " may have been reached",
        may_change=True,
    )


_ANOTHER_PATH = "Name a path that the application answers with `probe_path` in the spec."


def judge_invoker(answer: Answer, gate: Gate, bound: bool) -> Judgement:  # noqa: FBT001 - a fact
    """Whether an invoker gets in.

    Args:
        answer: what came back with the invoker's token.
        gate: the way to the service.
        bound: the policy shows the invoker bound, so a 403 may heal by waiting.
    """
    if not answer.status:
        return Judgement(Verdict.NOT_PROVEN, f"an invoker could not be tried: {answer.problem}")
    if answer.status == Status.NOT_FOUND:
        return _not_found(gate)
    if gate.iap:
        return Judgement(Verdict.NOT_PROVEN, "Identity-Aware Proxy stands before the invoker check")
    if answer.status in REFUSALS:
        return _kept_out(answer, bound=bound)
    if answer.status >= Status.BROKEN:
        return Judgement(
            Verdict.NOT_PROVEN, f"an invoker was answered {answer.status}", hint=_ANOTHER_PATH
        )
    return Judgement(Verdict.PASSED, f"an invoker gets in: answered {answer.status}")


def _not_found(gate: Gate) -> Judgement:
    if gate.shut_from_outside:
        return Judgement(
            Verdict.NOT_PROVEN,
            "admission cannot be looked at from here: the ingress keeps everybody outside out",
            hint="Run `provision verify` from inside the network to look at it.",
        )
    return Judgement(
        Verdict.NOT_PROVEN,
        "an invoker was answered 404, which the front end and the application both can say",
        hint=_ANOTHER_PATH,
    )


def _kept_out(answer: Answer, *, bound: bool) -> Judgement:
    if REFUSED not in answer.body:
        return Judgement(
            Verdict.NOT_PROVEN,
            f"the application itself answered an invoker {answer.status}",
            hint=_ANOTHER_PATH,
        )
    if answer.status == Status.UNAUTHORIZED:
        return Judgement(
            Verdict.FAILED,
            "the front end does not accept the invoker's token (401): waiting never heals that",
            hint="Look at the token's audience: it is the service's own URL, never a tag's.",
        )
    if bound:
        return Judgement(
            Verdict.NOT_PROVEN,
            "an invoker is still refused (403), though the policy names it",
            may_change=True,
        )
    return Judgement(Verdict.FAILED, "an invoker is refused (403): the policy does not name it")
