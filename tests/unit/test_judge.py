"""What an answer of a service's address proves."""

import pytest

from provision.clients.outside import Answer
from provision.plan import Verdict
from provision.proof.judge import Gate, judge_anonymous, judge_invoker

OPEN = Gate("INGRESS_TRAFFIC_ALL", default_url_disabled=False, iap=False)
INTERNAL = Gate("INGRESS_TRAFFIC_INTERNAL_ONLY", default_url_disabled=False, iap=False)
NO_URL = Gate("INGRESS_TRAFFIC_ALL", default_url_disabled=True, iap=False)
IAP = Gate("INGRESS_TRAFFIC_ALL", default_url_disabled=False, iap=True)

REFUSAL = "<h2>Your client does not have permission to get URL <code>/</code></h2>"
PASSED, FAILED, NOT_PROVEN = Verdict.PASSED, Verdict.FAILED, Verdict.NOT_PROVEN


@pytest.mark.parametrize(
    ("answer", "gate", "verdict"),
    [
        (Answer(403, REFUSAL), OPEN, PASSED),
        (Answer(401, REFUSAL), OPEN, PASSED),
        (Answer(403, REFUSAL), INTERNAL, PASSED),
        (Answer(404), INTERNAL, PASSED),
        (Answer(404), NO_URL, PASSED),
        (Answer(302, headers={"x-goog-iap-generated-response": "true"}), IAP, PASSED),
        (Answer(200), OPEN, FAILED),
        (Answer(204), INTERNAL, FAILED),
        (Answer(302), OPEN, FAILED),
        (Answer(302, headers={"x-goog-iap-generated-response": "true"}), OPEN, FAILED),
        (Answer(403, "forbidden by the application"), OPEN, NOT_PROVEN),
        (Answer(404), OPEN, NOT_PROVEN),
        (Answer(404), Gate("", default_url_disabled=False, iap=False), NOT_PROVEN),
        (Answer(405), OPEN, NOT_PROVEN),
        (Answer(503), OPEN, NOT_PROVEN),
        (Answer(0, problem="no answer"), OPEN, NOT_PROVEN),
    ],
)
def test_nobody_gets_in_only_by_a_clear_refusal(
    answer: Answer, gate: Gate, verdict: Verdict
) -> None:
    """When in doubt, it is not proven; an answer that lets anybody in is always false."""
    assert judge_anonymous(answer, gate).verdict is verdict


@pytest.mark.parametrize(
    ("answer", "gate", "bound", "verdict", "may_change"),
    [
        (Answer(200), OPEN, True, PASSED, False),
        (Answer(302), OPEN, True, PASSED, False),
        (Answer(400, "bad request"), OPEN, True, PASSED, False),
        (Answer(403, REFUSAL), OPEN, True, NOT_PROVEN, True),
        (Answer(403, REFUSAL), OPEN, False, FAILED, False),
        (Answer(401, REFUSAL), OPEN, True, FAILED, False),
        (Answer(403, "the application's own"), OPEN, True, NOT_PROVEN, False),
        (Answer(404), INTERNAL, True, NOT_PROVEN, False),
        (Answer(404), OPEN, True, NOT_PROVEN, False),
        (Answer(500), OPEN, True, NOT_PROVEN, False),
        (Answer(302), IAP, True, NOT_PROVEN, False),
        (Answer(0, problem="no answer"), OPEN, True, NOT_PROVEN, False),
    ],
)
def test_an_invoker_gets_in_only_by_being_answered(
    answer: Answer, gate: Gate, bound: bool, verdict: Verdict, may_change: bool
) -> None:
    """A 401 never heals by waiting, a 403 may, and a 404 says nothing about the application."""
    judged = judge_invoker(answer, gate, bound=bound)
    assert (judged.verdict, judged.may_change) == (verdict, may_change)
