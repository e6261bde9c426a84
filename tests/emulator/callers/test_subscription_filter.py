"""What filters of subscriptions let through, and how long is waited between attempts."""

import pytest

from provision.emulator.services.callers.attempts import backoff
from provision.emulator.services.callers.pubsub.subscription_filter import (
    FilterError,
    matches,
    parsed,
)

ORDER = {"kind": "new", "place": "eu-1", "a b": "c"}


@pytest.mark.parametrize(
    ("text", "through"),
    [
        ("", True),
        ("attributes:kind", True),
        ("attributes:none", False),
        ('attributes.kind = "new"', True),
        ('attributes.kind="old"', False),
        ('attributes.kind != "old"', True),
        ('attributes.none != "x"', True),
        ('attributes.none = ""', False),
        ('hasPrefix(attributes.place, "eu-")', True),
        ('hasPrefix(attributes.none, "")', False),
        ("NOT attributes:kind", False),
        ("-attributes:none", True),
        ('attributes:kind AND attributes.place = "us-1"', False),
        ('attributes:none OR attributes.place = "eu-1"', True),
        ('NOT (attributes:none OR attributes:kind) OR attributes."a b" = "c"', True),
        ('attributes:kind AND (attributes:none OR attributes.kind = "new")', True),
    ],
)
def test_a_filter_lets_through_what_it_says(text: str, *, through: bool) -> None:
    """By attributes alone."""
    assert matches(text, ORDER) is through


@pytest.mark.parametrize(
    "text",
    [
        "attributes",
        "attributes.kind",
        "attributes.kind = new",
        'attributes.kind > "a"',
        'data = "x"',
        "(attributes:a",
        "attributes:a attributes:b",
        "attributes:a AND attributes:b OR attributes:c",
        'hasPrefix(kind, "x")',
        "(" * 50 + "attributes:a" + ")" * 50,
        "- " * 50 + "attributes:a",
        "NOT",
    ],
)
def test_what_is_no_filter_is_told(text: str) -> None:
    """AND and OR are not mixed without parentheses (documented)."""
    with pytest.raises(FilterError):
        parsed(text)


def test_waits_double_and_then_grow_by_the_same() -> None:
    """Google's own example: 10 s, three doublings, at most 300 s."""
    waits = [backoff(retry, 10, 300, 3) for retry in range(8)]
    assert waits == [10, 20, 40, 80, 160, 240, 300, 300]
