"""Members of allow policies: their forms, and when two are the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provision.principals import (
    InvalidPrincipalError,
    Kind,
    Principal,
    canonical,
    is_public,
    same,
)

_WORKFORCE = "iam.googleapis.com/locations/global/workforcePools/staff"
_WORKLOAD = "iam.googleapis.com/projects/12/locations/global/workloadIdentityPools/ci"
FORMS = [
    "user:ann@example.com",
    "serviceAccount:orders@acme-prod.iam.gserviceaccount.com",
    "serviceAccount:12-compute@developer.gserviceaccount.com",
    "serviceAccount:acme-prod.svc.id.goog[shop/checkout]",
    "group:staff@example.com",
    "domain:example.com",
    "allUsers",
    "allAuthenticatedUsers",
    f"principal://{_WORKFORCE}/subject/ann",
    f"principalSet://{_WORKFORCE}/group/shop",
    f"principalSet://{_WORKFORCE}/attribute.team/shop",
    f"principalSet://{_WORKFORCE}/*",
    f"principal://{_WORKLOAD}/subject/repo:acme/orders:ref:refs/heads/main",
    f"principalSet://{_WORKLOAD}/group/shop",
    f"principalSet://{_WORKLOAD}/attribute.repository/acme/orders",
    f"principalSet://{_WORKLOAD}/*",
    "principalSet://cloudresourcemanager.googleapis.com/projects/12/type/ServiceAccount",
    "principalSet://cloudresourcemanager.googleapis.com/folders/12/type/ServiceAgent",
    "principalSet://cloudresourcemanager.googleapis.com/organizations/12/type/ServiceAccount",
    "principal://agents.global.org-12.system.id.goog/resources/aiplatform/projects/1/engines/2",
    "deleted:user:ann@example.com?uid=123",
    "deleted:serviceAccount:orders@acme-prod.iam.gserviceaccount.com?uid=123",
    "deleted:group:staff@example.com?uid=123",
    f"deleted:principal://{_WORKFORCE}/subject/ann?uid=5",
    "projectOwner:acme-prod",
    "projectEditor:acme-prod",
    "projectViewer:acme-prod",
]


@pytest.mark.parametrize("text", FORMS)
def test_every_form_of_an_allow_policy_is_known(text: str) -> None:
    """Each documented form is taken, and written back unchanged."""
    assert str(Principal.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("ann@example.com", "write user:ann@example.com"),
        ("a@acme-prod.iam.gserviceaccount.com", "write serviceAccount:a@acme-prod"),
        ("user:a@acme-prod.iam.gserviceaccount.com", "write serviceAccount:a@acme-prod"),
        ("serviceAccount:ann@example.com", "write user:ann@example.com"),
        ("User:ann@example.com", "did you mean user:"),
        ("serviceaccount:a@p.iam.gserviceaccount.com", "did you mean serviceAccount:"),
        ("allusers", "did you mean allUsers"),
        ("user:ann", "'ann' is not an e-mail address"),
        ("user:", "is not an e-mail address"),
        ("domain:example", "is not a domain"),
        ("somebody", "user:EMAIL, serviceAccount:EMAIL, group:EMAIL"),
        ("serviceAccount:acme-prod.svc.id.goog[shop]", r"PROJECT.svc.id.goog\[NAMESPACE/ACCOUNT\]"),
        (f"principalSet://{_WORKLOAD}", "followed by /group/ID"),
        (f"principal://{_WORKLOAD}/group/a", "subject/ID"),
        ("deleted:user:ann@example.com", r"\?uid=NUMBER"),
        ("deleted:allUsers?uid=1", r"\?uid=NUMBER"),
        ("deleted:deleted:user:ann@example.com?uid=1?uid=1", r"\?uid=NUMBER"),
        ("allUsers:x", "Allowed: "),
        ("", "Allowed: "),
    ],
)
def test_impossible_members_are_refused_with_advice(text: str, advice: str) -> None:
    """The message says what to write instead, or which forms there are."""
    with pytest.raises(InvalidPrincipalError, match=advice):
        Principal.parse(text)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("user:Ann@Example.com", "user:ann@example.COM", True),
        ("domain:Example.com", "domain:example.com", True),
        ("user:ann@example.com", "group:ann@example.com", False),
        ("user:ann@example.com", "deleted:user:ann@example.com?uid=1", False),
        ("deleted:user:Ann@example.com?uid=1", "deleted:user:ann@example.com?uid=1", True),
        ("deleted:user:ann@example.com?uid=1", "deleted:user:ann@example.com?uid=2", False),
        (f"principal://{_WORKFORCE}/subject/Ann", f"principal://{_WORKFORCE}/subject/ann", False),
        ("future:Form", "future:form", False),
        ("future:form", "future:form", True),
        ("allUsers", "allAuthenticatedUsers", False),
    ],
)
def test_members_are_compared_as_google_compares_them(one: str, other: str, *, equal: bool) -> None:
    """Case counts in paths and not in e-mails; a deleted principal is never the live one."""
    assert same(one, other) is equal
    assert same(other, one) is equal


def test_only_two_members_are_public() -> None:
    """Everybody, and everybody with an account; a domain is not the public."""
    assert [text for text in FORMS if is_public(text)] == ["allUsers", "allAuthenticatedUsers"]
    assert Principal.parse("allUsers").is_public
    assert not Principal.parse("domain:example.com").is_public


def test_a_deleted_principal_keeps_its_number() -> None:
    """The number tells it from a later principal of the same name."""
    gone = Principal.parse("deleted:group:staff@example.com?uid=123")
    assert gone == Principal(Kind.GROUP, "staff@example.com", "123")
    assert gone.is_deleted


@settings(deadline=None)
@given(st.text(max_size=60) | st.sampled_from(FORMS).map(str.swapcase))
def test_any_text_is_a_principal_or_an_error(text: str) -> None:
    """No input makes the parser fail in another way, and canonical forms are stable."""
    assert canonical(canonical(text)) == canonical(text)
    try:
        principal = Principal.parse(text)
    except InvalidPrincipalError:
        return
    assert str(principal) == text
    assert principal.canonical() == canonical(text)
