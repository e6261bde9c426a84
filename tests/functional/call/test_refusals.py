"""Why a call was refused: each situation is really there, and told by its evidence."""

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.functional.call.conftest import GUEST, claims

if TYPE_CHECKING:
    from tests.functional.call.conftest import Shop

pytestmark = pytest.mark.engine

GUEST_MEMBER = f"serviceAccount:{GUEST}"


def test_nobody_was_named(shop: "Shop") -> None:
    """Without a token the answer is 403, and the body is shown."""
    done = shop.call("/", "--anonymous")
    assert done.code == 22
    assert "Your client does not have permission" in done.out
    assert done.err.startswith("HTTP 403: no token was sent")
    assert shop.explained("/", "--anonymous")["finding"] == "anonymous"


def test_the_token_is_for_another_audience(shop: "Shop") -> None:
    """What the audience was, and which ones are accepted."""
    with shop.with_binding(GUEST_MEMBER):
        told = shop.explained("/", "--as", GUEST, "--audience", "https://elsewhere.example")
    assert (told["finding"], told["certain"]) == ("wrong-audience", True)
    said = {(one["what"], one["said"]) for one in told["evidence"]}
    assert ("audience", "https://elsewhere.example") in said
    assert ("accepted", shop.url) in said


def test_the_token_has_expired(shop: "Shop") -> None:
    """By the server's time."""
    now = int(time.time())
    token = claims(
        iss="https://accounts.google.com",
        aud=shop.url,
        iat=now - 7200,
        exp=now - 3600,
        email=GUEST,
        email_verified=True,
    )
    told = shop.explained("/", "-H", f"X-Serverless-Authorization: Bearer {token}")
    assert told["finding"] == "expired-token"
    assert "60 min ago" in told["answer"]
    assert token not in json.dumps(told)


def test_a_clock_is_ahead(shop: "Shop") -> None:
    """A token of the future, by the server's time."""
    now = int(time.time())
    times = {"iat": now + 3600, "exp": now + 7200}
    token = claims(iss="https://accounts.google.com", aud=shop.url, email=GUEST, **times)
    told = shop.explained("/", "-H", f"X-Serverless-Authorization: Bearer {token}")
    assert told["finding"] == "token-not-yet-valid"


def test_an_access_token_opens_nothing(shop: "Shop") -> None:
    """The kind of token is looked at before IAM is blamed."""
    secret = shop.cloud.token()
    done = shop.call("/", "-v", "-H", f"X-Serverless-Authorization: Bearer {secret}")
    assert done.code == 22
    assert "an access token was sent, and a service takes ID tokens only" in done.err
    assert secret not in done.err + done.out


def test_no_policy_names_the_caller(shop: "Shop") -> None:
    """Every policy up to the organisation was read, and what to do is said."""
    told = shop.explained("/", "--as", GUEST)
    assert (told["finding"], told["certain"]) == ("no-role", True)
    assert f"provision grant {GUEST_MEMBER} --on service/orders" in told["next"]


def test_policies_that_cannot_be_read_are_said(shop: "Shop") -> None:
    """Somebody who may not see them gets no certain answer."""
    member = "user:visitor@example.com"
    shop.cloud.admin(
        "POST",
        "/grants",
        resource="projects/demo-project",
        role="roles/run.viewer",
        member=member,
    )
    told = shop.explained("/", **shop.project.act_as(member))
    assert told["certain"] is False
    assert any(one["what"] == "not read" for one in told["evidence"])
    assert f"{member} was recognised" in told["answer"]


@pytest.mark.parametrize(
    ("expression", "part"),
    [
        ('request.path.startsWith("/reports/")', "request.path"),
        ('request.time < timestamp("2020-01-01T00:00:00Z")', "request.time"),
    ],
)
def test_a_condition_does_not_hold(shop: "Shop", expression: str, part: str) -> None:
    """The condition is judged for this very request, and shown."""
    with shop.with_binding(GUEST_MEMBER, expression):
        told = shop.explained("/orders", "--as", GUEST)
    assert told["finding"] == "condition-does-not-hold"
    assert any(part in one["said"] for one in told["evidence"])


def test_a_condition_on_the_path_lets_that_path_through(shop: "Shop") -> None:
    """The same binding admits what it is about."""
    with shop.with_binding(GUEST_MEMBER, 'request.path.startsWith("/reports/")'):
        done = shop.call("/reports/1", "--as", GUEST)
    assert done.code == 0, done.err


def test_a_grant_has_not_spread_yet(shop: "Shop") -> None:
    """The policy's etag tells that it was changed just now."""
    shop.cloud.admin("POST", "/settings", iamDelay=3600)
    try:
        with shop.with_binding(GUEST_MEMBER):
            told = shop.explained("/", "--as", GUEST)
    finally:
        shop.cloud.admin("POST", "/settings", iamDelay=0)
    assert (told["finding"], told["certain"]) == ("not-spread-yet", False)
    assert "try again in a few minutes" in told["next"]


def test_a_group_may_or_may_not_hold_the_caller(shop: "Shop") -> None:
    """Membership is not looked at, and not guessed."""
    shop.cloud.admin("POST", "/groups", group="group:team@example.com", members=[])
    with shop.with_binding("group:team@example.com"):
        told = shop.explained("/", "--as", GUEST)
    assert told["finding"] == "perhaps-not-a-member"


@pytest.mark.parametrize(
    ("fields", "finding", "evidence"),
    [
        ({"ingress": 2}, "ingress", "INGRESS_TRAFFIC_INTERNAL_ONLY"),
        ({"default_uri_disabled": True}, "default-address-off", "defaultUriDisabled is true"),
    ],
)
def test_nobody_outside_gets_as_far_as_iam(
    shop: "Shop", fields: dict[str, Any], finding: str, evidence: str
) -> None:
    """A 404 of the front end is told by the ingress, or by the address that is off."""
    with shop.with_fields(**fields):
        told = shop.explained("/")
    assert (told["finding"], told["certain"]) == (finding, True)
    assert evidence in json.dumps(told["evidence"])


def test_a_reserved_path_reaches_nobody(shop: "Shop") -> None:
    """Paths that end in z are Google's."""
    assert shop.explained("/healthz")["finding"] == "reserved-path"
    assert shop.explained("/_ah/warmup")["finding"] == "reserved-path"


def test_identity_aware_proxy_stands_before(shop: "Shop") -> None:
    """A login page for strangers, and a refusal of service tokens."""
    with shop.with_fields(iap_enabled=True):
        stranger = shop.call("/", "--anonymous", "--json")
        known = shop.call("/", "--json")
    assert (stranger.document["status"], stranger.code) == (302, 0)
    assert stranger.document["explanation"]["finding"] == "identity-aware-proxy"
    assert (known.document["status"], known.code) == (401, 22)
    assert known.document["explanation"]["finding"] == "identity-aware-proxy"


def test_a_deny_policy_is_likely_where_all_else_holds(shop: "Shop") -> None:
    """The policy names the caller and is as old as it needs to be; something denies."""
    principal = f"principal://iam.googleapis.com/projects/-/serviceAccounts/{GUEST}"
    with (
        shop.with_binding(GUEST_MEMBER),
        shop.with_deny("run.googleapis.com/routes.invoke", principal),
    ):
        told = shop.explained("/", "--as", GUEST)
    # Just granted, a policy that has not spread is as likely; both are said to be only likely.
    assert told["finding"] in {"denied-elsewhere", "not-spread-yet"}
    assert told["certain"] is False


@pytest.mark.parametrize("status", [401, 403, 404, 503])
def test_the_application_s_own_refusals_are_its_own(shop: "Shop", status: int) -> None:
    """Told apart by their words; nothing is read of any policy."""
    done = shop.call(f"/status/{status}")
    assert (done.code, done.out) == (22, "the application says so")
    assert "the application itself answered" in done.err
