"""Conditions: what IAM's own attributes and functions tell, and which texts are refused."""

import datetime as dt
from typing import NamedTuple

import pytest
from google.type import expr_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from provision.emulator.iam.conditions import Context, holds, refusal
from provision.emulator.seams import TagPair

NOW = dt.datetime(2026, 3, 28, 23, 30, tzinfo=dt.UTC)  # a Saturday
PROD = TagPair("100000000001/env", "tagKeys/1", "prod", "tagValues/2")
FRONT_DOOR = Context(NOW, path="/orders/1", host="orders.example.com", tags=(PROD,))


class Mangled(NamedTuple):
    """A condition whose text protobuf would not take."""

    expression: str
    title: str = "t"
    description: str = ""


PROJECT = Context(
    NOW,
    resource=(
        "projects/123",
        "cloudresourcemanager.googleapis.com/Project",
        "cloudresourcemanager.googleapis.com",
    ),
)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('request.path.startsWith("/orders/")', True),
        ('request.path == "/orders"', False),
        ('request.host.endsWith(".example.com")', True),
        ('request.time.getDayOfWeek("UTC") == 6', True),
        ('request.time.getDayOfWeek("Europe/Berlin") == 0', True),
        ('request.time.getHours("America/New_York") < 20', True),
        ('request.time < timestamp("2026-03-28T00:00:00Z") + duration("24h")', True),
        ('request.time - timestamp("2026-03-28T00:00:00Z") > duration("86400s")', False),
        ('resource.matchTag("100000000001/env", "prod")', True),
        ('resource.matchTag("100000000001/env", "dev")', False),
        ('resource.matchTagId("tagKeys/1", "tagValues/2")', True),
        ('resource.hasTagKey("100000000001/env")', True),
        ('resource.hasTagKeyId("tagKeys/9")', False),
        ("has({}.jitAccessConstraint)", False),
        ("api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly([])", True),
        ('resource.name.startsWith("projects/")', None),
        ('!resource.name.startsWith("projects/")', None),
        ("resource.type == 'run.googleapis.com/Service'", None),
        ("!(resource.type == 'run.googleapis.com/Service')", None),
        ("resource.type != 'compute.googleapis.com/Disk'", True),
        ("resource.service != 'compute.googleapis.com'", True),
        ("resource.name != 'x'", None),
        ("'accessPolicies/1/accessLevels/a' in request.auth.access_levels", None),
        ("resource.name == 'x' || request.path == '/orders/1'", True),
        ("resource.name == 'x' && request.path == '/'", False),
        ("resource.name == 'x' ? true : true", None),
        ('timestamp("tomorrow") > request.time', None),
        (f"duration('{'9' * 6000}s') > duration('1s')", None),
        ("{{}: 1} == {{}: 1}", None),
        ("[{'a': 1}] == [{'a': 1}]", True),
        ("1 / 0 == 1 || true", True),
    ],
)
def test_at_the_front_door(expression: str, expected: bool | None) -> None:
    """Path, host, time and tags are known there; name, type and service are not."""
    assert holds(expression, FRONT_DOOR) is expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("resource.name == 'projects/123'", True),
        ("resource.type == 'cloudresourcemanager.googleapis.com/Project'", True),
        ("resource.service.startsWith('cloudresourcemanager')", True),
        ("resource.type != 'cloudresourcemanager.googleapis.com/Project'", False),
        ("request.path == '/'", None),
        ("request.path != '/'", None),
        ("resource.hasTagKey('100000000001/env')", False),
    ],
)
def test_on_a_project(expression: str, expected: bool | None) -> None:
    """Resource Manager tells name, type and service; no request has a path there."""
    assert holds(expression, PROJECT) is expected


@pytest.mark.parametrize(
    ("text", "template", "expected"),
    [
        ("projects/_/buckets/acme/objects/data/1", "/objects/{start}/1", "data"),
        ("projects/_/buckets/acme/objects/data/1", "{start}/", "projects"),
        ("projects/_/buckets/acme/objects/data/1", "buckets/{name}/", "acme"),
        ("projects/_/buckets/acme/objects/data/1", "objects/{rest}", "data/1"),
        ("projects/_/buckets/acme/objects/data/1", "{whole}", None),
        ("projects/_/buckets/acme/objects/data/1", "/nothing/{rest}", ""),
        ("projects/_/buckets/acme/objects/data/1", "buckets/{name}/nothing", ""),
        ("a/b/a/c", "a/{x}", "b/a/c"),
        ("a/b", "a/b{x}", ""),
    ],
)
def test_extract_takes_what_stands_in_the_place_of_the_braces(
    text: str, template: str, expected: str | None
) -> None:
    """Up to the first occurrence of what follows; empty when the template does not fit."""
    wanted = text if expected is None else expected
    assert holds(f"'{text}'.extract('{template}') == '{wanted}'", FRONT_DOOR) is True


@pytest.mark.parametrize("template", ["no braces", "{}", "{open", "close}"])
def test_a_template_without_a_name_in_braces_tells_nothing(template: str) -> None:
    """It neither grants nor can be turned into a grant."""
    assert holds(f"'a'.extract('{template}') != 'x'", FRONT_DOOR) is None


def test_a_limit_on_granted_roles_looks_at_the_roles_that_change() -> None:
    """As for a delegate who may grant one role only."""
    expression = (
        "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', [])"
        ".hasOnly(['roles/run.invoker'])"
    )
    for roles, expected in ((["roles/run.invoker"], True), (["roles/run.admin"], False)):
        context = Context(NOW, modified_roles=frozenset(roles))
        assert holds(expression, context) is expected


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("", "must have an expression"),
        ("9" * 6000 + " == 1", "invalid int literal"),
        ("request.time <", "mismatched input '<EOF>'"),
        ("foo == 1", "undeclared reference to 'foo' (in container '')"),
        ("request.foo == 1", "undeclared reference to 'request.foo'"),
        ('resource.name.matches("x")', "undeclared reference to 'matches' (in container '')"),
        (
            'request.time < "2027"',
            "overload for '_<_' applied to '(timestamp, string)'",
        ),
        ("request.time", "expected type 'bool' but found 'timestamp'"),
        ("true &", "token recognition error"),
        ("'open", "token recognition error"),
        ("for == 1", "reserved identifier: for"),
        ("true" + " && true" * 13, "13 logical operators"),
        ("(" * 500 + "true" + ")" * 500, "nested too deeply"),
        ("1" + "+1" * 4000 + " == 4001", "too many operators"),
        ("true || '" + "x" * 20_000 + "' == ''", "too long"),
        ("has(request.time)", "undeclared reference"),
        ('resource.matchTag("a")', "no matching overload"),
    ],
)
def test_an_expression_without_sense_is_refused(expression: str, words: str) -> None:
    """In the words of the language's own checker."""
    refused = refusal(expr_pb2.Expr(title="t", expression=expression))
    assert refused is not None
    assert words in refused
    assert holds(expression, FRONT_DOOR) is None or "logical operators" in words


WORDS = (
    *("request", "resource", "time", "name", "path", "api", "true", "null", "in", "has", "x"),
    *("startsWith", "extract", "getHours", "getAttribute", "matchTag", "hasOnly", "timestamp"),
    *("(", ")", "[", "]", "{", "}", ".", ",", ":", "?", "!", "-", "+", "*", "/", "%", "<", "=="),
    *("&&", "||", "'a{b}c'", '"2026-01-01T00:00:00Z"', "'3s'", "1", "0x7f", "1.5e300", "'\\"),
    *("\x00", "\ud800", "é", "//", "\n", " ", "9223372036854775808", "r'", "'''"),
)


@settings(max_examples=2000, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(WORDS), max_size=25).map("".join))
def test_no_text_breaks_the_evaluator(expression: str) -> None:
    """Whatever is written is refused or told, never a traceback."""
    condition = Mangled(expression)
    refused = refusal(condition)
    told = holds(expression, FRONT_DOOR)
    assert told is None or refused is None or "logical operators" in refused


@pytest.mark.parametrize(
    ("title", "description", "words"),
    [
        ("", "", "must have a title"),
        ("x" * 101, "", "title of a condition must have at most 100"),
        ("t", "x" * 257, "description of a condition must have at most 256"),
    ],
)
def test_title_and_description_have_their_limits(title: str, description: str, words: str) -> None:
    """A title is needed; both are short."""
    condition = expr_pb2.Expr(title=title, description=description, expression="true")
    assert words in (refusal(condition) or "")


def test_a_condition_at_every_limit_is_taken() -> None:
    """Twelve logical operators, a title of 100 and a description of 256 characters."""
    expression = "true" + " && true" * 12
    condition = expr_pb2.Expr(title="t" * 100, description="d" * 256, expression=expression)
    assert refusal(condition) is None


@pytest.mark.parametrize(
    ("expression", "taken"),
    [
        ('resource.matchTag("1/env", "prod")', True),
        ('!resource.hasTagKey("1/env") || resource.hasTagKeyId("tagKeys/1")', True),
        ('request.time < timestamp("2027-01-01T00:00:00Z")', False),
        ('resource.name == "x"', False),
        ("1 + 1 == 2", False),
    ],
)
def test_deny_rules_know_tags_alone(expression: str, taken: bool) -> None:
    """Other functions and attributes are refused."""
    refused = refusal(expr_pb2.Expr(expression=expression), deny=True)
    assert (refused is None) is taken
