"""Conditions on what is neither service nor job, and on tags that are known in part."""

import pytest

from provision.conditions import Request, Tag, evaluate

_PROD = Tag("1/env", "prod", "tagKeys/1", "tagValues/1")


@pytest.mark.parametrize(
    ("expression", "kind", "value"),
    [
        ("request.path == '/x'", "iap", None),
        ("'level' in request.auth.access_levels", "iap", None),
        ("'level' in request.auth.access_levels", "service", False),
        ("resource.name.startsWith('x')", "other", None),
        ("request.path == '/x'", "other", False),
        ("request.path == '/x'", "instance", False),
        ("resource.name.startsWith('x')", "instance", False),
    ],
)
def test_an_attribute_is_known_absent_or_open_by_kind(
    expression: str, kind: str, value: bool | None
) -> None:
    """What Google lists for no such resource never grants; what it may have is open."""
    assert evaluate(expression, Request(kind=kind)).value is value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("resource.matchTag('1/env', 'prod')", True),
        ("resource.matchTag('1/env', 'test')", False),
        ("resource.matchTagId('tagKeys/1', 'tagValues/1')", True),
        ("resource.hasTagKey('1/env')", True),
        ("resource.matchTag('1/team', 'a')", None),
        ("resource.hasTagKeyId('tagKeys/2')", None),
    ],
)
def test_a_key_that_is_bound_nearest_is_settled(expression: str, value: bool | None) -> None:
    """What is bound above and was not read can only bring other keys."""
    request = Request(tags=frozenset({_PROD}), more_tags="the tags of folders/2 were not read")
    found = evaluate(expression, request)
    assert found.value is value
    assert ("folders/2" in found.why) is (value is None)
