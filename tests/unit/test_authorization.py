"""Which header carries a token, and what a token says."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provision.errors import UsageError
from provision.tokens.authorization import AUTHORIZATION, SERVERLESS, claims_of, header_for


@pytest.mark.parametrize(
    ("brought", "header"),
    [
        ((), AUTHORIZATION),
        (("Accept",), AUTHORIZATION),
        (("authorization",), SERVERLESS),
        (("AUTHORIZATION", "Accept"), SERVERLESS),
        (("x-serverless-authorization",), None),
        (("authorization", "X-SERVERLESS-AUTHORIZATION"), None),
    ],
)
def test_header_is_one_that_the_caller_leaves_free(
    brought: tuple[str, ...], header: str | None
) -> None:
    """Names are compared as HTTP compares them."""
    assert header_for(brought) == header


@given(st.dictionaries(st.text(), st.integers() | st.text(), max_size=5))
def test_claims_are_read_whatever_they_are(claims: dict[str, object]) -> None:
    """Whatever was signed comes back, without looking at the signature."""
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    assert claims_of(f"head.{middle}.signature\n") == claims


@given(st.text())
def test_what_is_no_token_is_never_quoted(text: str) -> None:
    """A refusal has nothing of what was refused."""
    with pytest.raises(UsageError) as caught:
        claims_of(f"secret-{text}")
    assert "secret-" not in str(caught.value)
    assert "secret-" not in caught.value.hint
