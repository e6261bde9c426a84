"""Explanations, by tables: from facts to a finding, whatever was read and whatever was not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provision.clients.outside import Answer
from provision.conditions import Request
from provision.invoke.explain import (
    Asked,
    Credential,
    Explanation,
    Finding,
    Holds,
    Known,
    Standing,
    explain,
    is_reserved,
    needs_policies,
)
from provision.invoke.explain.standings import Place, changed_at
from provision.policy import Binding, Condition, Policy
from provision.proof.judge import Gate
from provision.tokens.audiences import ADC_CLIENT_ID, GCLOUD_CLIENT_ID

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
URL = "https://orders-123456789012.asia-east1.run.app"
ANN = "user:ann@example.com"
OPEN = Gate("INGRESS_TRAFFIC_ALL", default_url_disabled=False, iap=False)
KNOWN = Known("service orders", "service/orders", OPEN, (URL,), standings=())
REFUSED = "<h2>Your client does not have permission to get URL <code>/</code>"
ROBOT = "service@demo-project.iam.gserviceaccount.com"


def token(**told: Any) -> Asked:  # noqa: ANN401 - claims
    """A request with an ID token of a service account."""
    times = {"iat": NOW.timestamp() - 60, "exp": NOW.timestamp() + 3540}
    said = {"aud": URL, "iss": "https://accounts.google.com", "email": ROBOT, **times, **told}
    member = f"serviceAccount:{ROBOT}"
    return Asked("GET", f"{URL}/a", Credential.ID, member, "Authorization", said)


def answered(status: int, body: str = REFUSED, **headers: str) -> Answer:
    """An answer of the service's address."""
    return Answer(status, body, headers)


def told(asked: Asked, answer: Answer, known: Known = KNOWN) -> Explanation:
    """The explanation, which there has to be."""
    found = explain(asked, answer, known, NOW)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("asked", "finding"),
    [
        (token(), Finding.UNVERIFIED),
        (token(aud=f"{URL}/"), Finding.WRONG_AUDIENCE),
        (token(aud=None), Finding.WRONG_AUDIENCE),
        (token(aud=GCLOUD_CLIENT_ID), Finding.WRONG_AUDIENCE),
        (replace(token(aud=GCLOUD_CLIENT_ID), member=ANN), Finding.UNVERIFIED),
        (replace(token(aud=ADC_CLIENT_ID), member=ANN), Finding.WRONG_AUDIENCE),
        (token(exp=NOW.timestamp() - 1), Finding.EXPIRED),
        (token(iat=NOW.timestamp() + 31), Finding.NOT_YET_VALID),
        (token(iat=NOW.timestamp() + 29), Finding.UNVERIFIED),
        (token(exp=1e30), Finding.UNVERIFIED),
        (token(exp="soon"), Finding.UNVERIFIED),
        (token(iss="https://securetoken.google.com/demo"), Finding.FOREIGN_ISSUER),
        (token(email=None), Finding.NO_EMAIL),
        (Asked("GET", URL, Credential.ACCESS), Finding.WRONG_KIND),
        (Asked("GET", URL, Credential.SEVERAL), Finding.MALFORMED),
        (Asked("GET", URL, Credential.OTHER), Finding.MALFORMED),
    ],
)
def test_a_401_is_explained_by_the_token(asked: Asked, finding: Finding) -> None:
    """The plainest reason that the claims show, and never "wait"."""
    assert told(asked, answered(401)).finding is finding


def test_the_server_s_clock_counts_and_ours_is_compared() -> None:
    """A token that is good by our clock is expired by the server's; both are shown."""
    later = (NOW + timedelta(hours=2)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    found = told(token(), answered(401, date=later))
    assert found.finding is Finding.EXPIRED
    assert ("clock", "this machine's is 2 h behind the server's") in found.evidence


def standing(holds: Holds, **fields: Any) -> Standing:  # noqa: ANN401 - fields
    """A binding that is about the caller."""
    return Standing("service orders", "roles/run.invoker", ANN, holds, **fields)


OLD, NEW = NOW - timedelta(days=1), NOW - timedelta(seconds=30)


@pytest.mark.parametrize(
    ("known", "finding", "certain"),
    [
        ({"standings": ()}, Finding.NO_ROLE, True),
        ({"standings": None}, Finding.PERHAPS_NO_ROLE, False),
        ({"standings": (), "unread": ("project demo: no",)}, Finding.PERHAPS_NO_ROLE, False),
        ({"unchecked": True}, Finding.PERIMETER, False),
        ({"standings": (standing(Holds.YES, changed_at=NEW),)}, Finding.NOT_SPREAD, False),
        ({"standings": (standing(Holds.YES, changed_at=OLD),)}, Finding.DENIED, False),
        ({"standings": (standing(Holds.YES),)}, Finding.DENIED, False),
        ({"standings": (standing(Holds.NO, conditional=True),)}, Finding.CONDITION, True),
        (
            {"standings": (standing(Holds.UNKNOWN, conditional=True),)},
            Finding.PERHAPS_CONDITION,
            False,
        ),
        ({"standings": (standing(Holds.UNKNOWN),)}, Finding.PERHAPS_MEMBER, False),
        (
            {"standings": (standing(Holds.NO), standing(Holds.YES, changed_at=OLD))},
            Finding.DENIED,
            False,
        ),
    ],
)
def test_a_403_is_explained_by_the_policies(
    known: dict[str, Any], finding: Finding, certain: bool
) -> None:
    """What could not be read makes an answer likely, and no more."""
    found = told(token(), answered(403), replace(KNOWN, **known))
    assert (found.finding, found.certain) == (finding, certain)


def test_only_a_refusal_of_somebody_needs_policies() -> None:
    """They take several calls, and tell nothing of anything else."""
    assert needs_policies(token(), answered(403))
    assert not needs_policies(Asked("GET", URL), answered(403))
    assert not needs_policies(token(), answered(401))
    assert not needs_policies(token(), answered(403, "the application's words"))


SHUT = Gate("INGRESS_TRAFFIC_INTERNAL_ONLY", default_url_disabled=False, iap=False)
OFF = replace(OPEN, default_url_disabled=True)
MISSING = "<h1>Error: Page not found</h1>"


@pytest.mark.parametrize(
    ("path", "gate", "finding"),
    [
        ("/a", SHUT, Finding.INGRESS),
        ("/a", OFF, Finding.ADDRESS_OFF),
        ("/a", OPEN, Finding.NO_ADDRESS),
        ("/a", None, Finding.NO_ADDRESS),
        ("/healthz", OPEN, Finding.RESERVED_PATH),
        ("/healthz?x=1", SHUT, Finding.RESERVED_PATH),
    ],
)
def test_a_404_of_the_front_end_is_about_the_way_in(
    path: str, gate: Gate | None, finding: Finding
) -> None:
    """Before IAM, and before any container."""
    asked = Asked("GET", URL + path)
    assert told(asked, answered(404, MISSING), replace(KNOWN, gate=gate)).finding is finding


@pytest.mark.parametrize(
    ("status", "body", "finding"),
    [
        (403, "Forbidden by the application", Finding.APPLICATION),
        (404, '{"detail": "Not Found"}', Finding.APPLICATION),
        (429, "Rate exceeded.", Finding.NO_INSTANCE),
        (429, "slow down", Finding.APPLICATION),
        (500, "Internal Server Error", Finding.APPLICATION),
        (503, "Service Unavailable", Finding.BROKEN),
        (503, "Service Unavailable" + " for maintenance" * 30, Finding.APPLICATION),
        (504, "upstream request timeout", Finding.TIMED_OUT),
    ],
)
def test_the_front_end_is_told_from_the_application(
    status: int, body: str, finding: Finding
) -> None:
    """By its words; the server header stands on both."""
    answer = answered(status, body, server="Google Frontend")
    assert told(token(), answer).finding is finding


def test_a_login_page_is_identity_aware_proxy_s() -> None:
    """By its own header, or by where it sends."""
    by_header = answered(401, "x", **{"x-goog-iap-generated-response": "true"})
    by_place = answered(302, "", location="https://accounts.google.com/o/oauth2/v2/auth?x=1")
    for answer in (by_header, by_place):
        assert told(token(), answer).finding is Finding.IAP


@pytest.mark.parametrize("status", [200, 204, 302, 400, 405, 418])
def test_what_needs_no_explanation_has_none(status: int) -> None:
    """Only refusals of the way are explained."""
    assert explain(token(), answered(status, ""), KNOWN, NOW) is None


@pytest.mark.parametrize(
    ("path", "reserved"),
    [("/healthz", True), ("/%7a", True), ("/_ah/x", True), ("/z/a", False), ("/_ahead", False)],
)
def test_reserved_paths(path: str, reserved: bool) -> None:
    """As Cloud Run's known issues have it, however they are spelled."""
    assert is_reserved(path) is reserved


def stands(member: str, named: str, expression: str = "", role: str = "roles/r") -> list[Holds]:
    """How a binding of `named` stands for `member`."""
    condition = Condition(expression) if expression else None
    policy = Policy((Binding(role, (named,), condition),))
    request = Request(time=NOW, path="/orders", host="orders.run.app")
    carries = {"roles/r": True, "roles/none": False}.get
    place = Place("service orders", policy, carries, request)
    return [one.holds for one in place.standings(member)]


@pytest.mark.parametrize(
    ("named", "holds"),
    [
        ("user:Ann@Example.com", [Holds.YES]),
        ("allUsers", [Holds.YES]),
        ("allAuthenticatedUsers", [Holds.YES]),
        ("user:bob@example.com", []),
        ("deleted:user:ann@example.com?uid=1", []),
        ("group:team@example.com", [Holds.UNKNOWN]),
        ("domain:example.com", [Holds.UNKNOWN]),
        ("domain:ample.com", []),
        ("projectOwner:demo-project", [Holds.UNKNOWN]),
        ("principalSet://iam.googleapis.com/locations/global/workforcePools/p/*", [Holds.UNKNOWN]),
        (
            "principalSet://cloudresourcemanager.googleapis.com/projects/1/type/ServiceAccount",
            [],
        ),
    ],
)
def test_whom_a_policy_means(named: str, holds: list[Holds]) -> None:
    """Certainly, perhaps or not; never guessed."""
    assert stands(ANN, named) == holds


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ('request.path == "/orders"', Holds.YES),
        ('request.path.startsWith("/reports")', Holds.NO),
        ('request.time < timestamp("2026-11-22T11:59:59Z")', Holds.NO),
        ('resource.matchTag("1/env", "prod")', Holds.UNKNOWN),
        ("what is this", Holds.UNKNOWN),
    ],
)
def test_conditions_are_judged_for_the_request(expression: str, holds: Holds) -> None:
    """In three values."""
    assert stands(ANN, ANN, expression) == [holds]


def test_roles_that_cannot_be_read_are_not_known() -> None:
    """A role without the permission does not count at all."""
    assert stands(ANN, ANN, role="roles/none") == []
    assert stands(ANN, ANN, role="roles/custom") == [Holds.UNKNOWN]


@pytest.mark.parametrize(
    ("etag", "moment"),
    [
        (b"\x07" + (1_700_000_000_000_000).to_bytes(7), datetime(2023, 11, 14, 22, 13, 20, 0, UTC)),
        (b"\x00\x20\x01", None),
        (b"", None),
        (b"\x07" + bytes(7), None),
        (b"\x07" + b"\xff" * 7, None),
        (b"\x08" + (1_700_000_000_000_000).to_bytes(7), None),
    ],
)
def test_an_etag_tells_when_a_policy_was_changed(etag: bytes, moment: datetime | None) -> None:
    """Where it has the form that was seen, and nothing where it has not."""
    assert changed_at(etag) == moment
