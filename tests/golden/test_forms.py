"""The form of identifiers in answers: what no world can have is no identifier."""

import pytest

from tests.golden.comparison import Pairing, compare

_TIME = "2024-04-12T01:28:25.123456Z"


@pytest.mark.parametrize(
    ("field", "recorded", "ours"),
    [
        ("createTime", _TIME, "2026-99-12T01:28:25.123456Z"),
        ("createTime", _TIME, "2026-04-12T25:28:25.123456Z"),
        ("createTime", _TIME, "1970-01-01T00:00:00Z"),
        ("createTime", _TIME, "2026-04-12T01:28:25.1Z"),
        ("etag", "abcdef0123A=", ""),
        ("etag", "abcdef0123A=", "abc def"),
        ("etag", "abcdef0123A=", '"abc'),
        ("creator", "${creatorID}", "somebody@example.com"),
        ("uri", "https://a-1234567890.us-central1.run.app", "http://a.example.com"),
        ("uri", "https://a-1234567890.us-central1.run.app", "https://127.0.0.1:8080"),
        ("uid", "b2b1a2d8-3c44-4f5a-9d5e-2f9a0c1d3e4f", "B2B1A2D8-3C44-4F5A-9D5E-2F9A0C1D3E4F"),
    ],
)
def test_what_has_not_the_form_of_an_identifier_is_noticed(
    field: str, recorded: str, ours: str
) -> None:
    """Recorders write over identifiers; an answer still has to have one there."""
    assert [each.kind for each in compare({field: recorded}, {field: ours}, Pairing())] == ["value"]
