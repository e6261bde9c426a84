"""What conditions come to: IAM's own functions, absent attributes, and what is not known."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provision.conditions import Request, Tag, evaluate
from provision.conditions.truth import BREAKS, FAILS, HOLDS, Outcome

NOW = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)  # a Sunday
PROD = Tag("123456789012/env", "prod", "tagKeys/1", "tagValues/2")
ALL = Request(NOW, "/reports/2026", "orders.example.com", frozenset({PROD}))
NOTHING = Request()

BACKUP = "shelves/cellar/boxes/tax-2019/papers/box_date=2019-04-30/page-7"


@pytest.mark.parametrize(
    ("template", "taken"),
    [
        ("/box_date={day}/", "2019-04-30"),  # between what stands before and after
        ("shelves/{shelf}/", "cellar"),  # the first place where both fit
        ("/papers/{nothing}box_date", ""),  # nothing in between
        ("{start}/papers/box_date", "shelves/cellar/boxes/tax-2019"),  # all before
        ("papers/{end}", "box_date=2019-04-30/page-7"),  # all after
        ("{everything}", BACKUP),
        ("/papers/{missing}/box_date=", ""),  # what follows is not there any more
        ("/papers/box_date=2019-04-30/{page}/boxes", ""),  # it stands before only
    ],
)
def test_extract_takes_what_google_documents(template: str, taken: str) -> None:
    """The eight worked examples of the attribute reference, in other words."""
    found = evaluate(f"'{BACKUP}'.extract('{template}') == '{taken}'", NOTHING)
    assert found.value is True


@pytest.mark.parametrize("template", ["no braces", "{}", "{a}{b}", "{open", "{a b}"])
def test_a_template_without_one_name_never_grants(template: str) -> None:
    """Neither as it stands nor turned round."""
    for sign in ("==", "!="):
        assert evaluate(f"'a'.extract('{template}') {sign} 'a'", ALL).possible is BREAKS


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('request.time < timestamp("2026-12-24T18:00:00Z")', True),
        ('request.time.getDayOfWeek() == 0 && request.time.getDayOfWeek("Asia/Tokyo") == 1', True),
        ('request.time.getHours("America/New_York") == 18', True),
        ('request.time.getHours("+02:00") == 1 && request.time.getDate("+02:00") == 23', True),
        ("request.time.getDayOfMonth() == 21 && request.time.getMonth() == 10", True),
        ('date("2026-11-22") < request.time && request.time < date("2026-11-23")', True),
        ('date("2026-2-30") < request.time', False),
        ('request.time - timestamp("2026-11-22T00:00:00Z") > duration("84600s")', False),
        ('request.path.startsWith("/reports/") && request.host.endsWith(".example.com")', True),
        ('request.path == "/reports"', False),
        ("resource.matchTag('123456789012/env', 'prod')", True),
        ("resource.matchTag('123456789012/env', 'dev')", False),
        ("resource.matchTagId('tagKeys/1', 'tagValues/2')", True),
        ("resource.hasTagKey('123456789012/env') && !resource.hasTagKeyId('tagKeys/3')", True),
        ("compute.isForwardingRuleCreationOperation()", False),
        ("has({}.jitAccessConstraint)", False),
        ("true || has({}.x)", True),
    ],
)
def test_attributes_and_functions_of_iam(expression: str, expected: bool) -> None:
    """As the attribute reference describes them."""
    assert evaluate(expression, ALL).value is expected


@pytest.mark.parametrize(
    ("expression", "expected", "why"),
    [
        ("request.path == '/a' && request.time < timestamp('2020-01-01T00:00:00Z')", False, "2020"),
        ("request.path == '/a' || request.host == 'b' || true", True, ""),
        ("request.path == '/a'", None, "it depends on request.path"),
        ("!(request.path == '/a')", None, "it depends on request.path"),
        ("request.path == '/a' && request.host == 'b'", None, "request.host"),
        ("resource.matchTag('1/env', 'prod')", None, "it depends on tags"),
        ("request.path.extract('/{a}/') == 'x' ? true : true", None, "request.path"),
        ("request.path.size() > 3 ? 1 == 1 : 2 == 3", None, "request.path"),
        ("request.wish == 1", None, "request.wish is not known here"),
        ("request.path.matches('^/a')", None, "matches() is not known here"),
        ("request.path ==", None, "the end comes too early"),
        ("b'a' == b'a'", None, "bytes"),
    ],
)
def test_what_is_not_known_is_told_unless_the_rest_decides(
    expression: str, expected: bool | None, why: str
) -> None:
    """With the words for what is missing, or for what decided."""
    found = evaluate(expression, Request(NOW))
    assert (found.value, why in found.why) == (expected, True)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("resource.name == 'a'", False),
        ("resource.name.startsWith('a')", False),
        ("resource.name.extract('services/{name}') == 'orders'", False),
        ("'a' in [resource.name]", False),
        ("resource.type == 'run.googleapis.com/Service'", False),
        ("resource.type != 'compute.googleapis.com/Disk'", True),
        ("resource.type != 'compute.googleapis.com/Disk' || resource.name == 'a'", True),
        ("resource.service != 'compute.googleapis.com'", True),
        ("'compute.googleapis.com' != resource.service", True),
        ("resource.type != ''", None),
        ("resource.type != resource.service", None),
        ("resource.name != 'a'", None),
        ("!resource.name.startsWith('a')", None),
        ("resource.name.startsWith('a') == false", None),
        ("resource.name.startsWith('a') in [false]", None),
        ("resource.name.startsWith('a') ? false : true", None),
        ("!(resource.type == 'a')", None),
        ("resource.name == 'a' || request.path == '/reports/2026'", True),
        ("'l' in request.auth.access_levels", False),
        ("destination.port == 22", False),
        ("principal.type == 'iam.googleapis.com/ServiceAccount'", False),
    ],
)
def test_attributes_that_cloud_run_does_not_have(expression: str, expected: bool | None) -> None:
    """What uses them never grants; of what is turned round only `!=` on two of them is told."""
    assert evaluate(expression, ALL).value is expected


def test_jobs_have_no_path() -> None:
    """A condition on it, inherited from the project, never opens a job."""
    request = Request(NOW, kind="job")
    assert evaluate("request.path == '/'", request).value is False
    assert evaluate("request.time > timestamp('2020-01-01T00:00:00Z')", request).value is True


def test_projects_have_a_name() -> None:
    """Resource Manager is on the list, so the part is judged when it is told, and open when not."""
    told = Request(kind="project", resource={"resource.name": "projects/1"})
    assert evaluate("resource.name == 'projects/1'", told).value is True
    assert evaluate("resource.name == 'projects/1'", Request(kind="project")).value is None


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ((), True),  # an invocation changes none
        (("roles/run.invoker",), True),
        (("roles/run.invoker", "roles/owner"), False),
        (None, None),
    ],
)
def test_a_limit_on_granted_roles(roles: tuple[str, ...] | None, expected: bool | None) -> None:
    """Where no role is changed, the default counts: so the limit lets every invocation in."""
    expression = (
        "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', [])"
        ".hasOnly(['roles/run.invoker'])"
    )
    assert evaluate(expression, Request(changed_roles=roles)).value is expected


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [("storage.googleapis.com/objectListPrefix", True), ("run.googleapis.com/news", None)],
)
def test_api_attributes_of_other_services_have_their_default(
    attribute: str, expected: bool | None
) -> None:
    """An invocation lists no bucket; what is not documented is not known."""
    assert evaluate(f"api.getAttribute('{attribute}', '') == ''", ALL).value is expected


@pytest.mark.parametrize(
    ("expression", "outcome"),
    [
        ("1 / 0 == 1", BREAKS),
        ("!(1 / 0 == 1)", BREAKS),
        ("1 / 0 == 1 && false", FAILS),
        ("1 / 0 == 1 || true", HOLDS),
        ("[1][1] == 1", BREAKS),
        ("{'a': 1}['b'] == 1", BREAKS),
        ("{'a': request.path} == {'a': '/reports/2026'}", HOLDS),
        ("{'a': 1, 'b': 2} == {'b': 2, 'a': 1}", HOLDS),
        ("1.0 / 0.0 > 1.0", HOLDS),
        ("9223372036854775807 + 1 > 0", BREAKS),
        ("-9223372036854775808 < 0", HOLDS),
    ],
)
def test_what_cannot_be_evaluated_never_grants(expression: str, outcome: object) -> None:
    """Unless the other side of the logic decides."""
    assert evaluate(expression, ALL).possible is outcome


ATOMS = st.sampled_from(
    [
        "resource.matchTag('123456789012/env', 'prod')",
        "resource.hasTagKeyId('tagKeys/9')",
        "resource.name == 'projects/1'",
        "resource.type != 'compute.googleapis.com/Disk'",
        "request.path.startsWith('/reports')",
        "request.host in ['orders.example.com']",
        "request.time.getDayOfWeek('Asia/Tokyo') == 1",
        "request.time < date(request.path.extract('/reports/{day}'))",
        "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(['a'])",
        "'l' in request.auth.access_levels",
        "request.wish",
    ]
)
LOGIC = st.recursive(
    ATOMS,
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from(["&&", "||", "==", "!="]), part).map(
            lambda parts: f"({' '.join(parts)})"
        ),
        part.map(lambda one: f"!{one}" if one[0] == "(" else f"!({one})"),
        st.tuples(part, part, part).map(lambda parts: "({} ? {} : {})".format(*parts)),
    ),
    max_leaves=5,
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    LOGIC,
    st.sampled_from([NOW, None]),
    st.sampled_from(["/reports/2026-11-30", "/", None]),
    st.sampled_from([frozenset[Tag](), frozenset({PROD}), None]),
    st.sampled_from(["service", "job", "project"]),
)
def test_to_know_more_never_takes_an_answer_back(
    expression: str,
    time: datetime | None,
    path: str | None,
    tags: frozenset[Tag] | None,
    kind: str,
) -> None:
    """Each thing that becomes known leaves outcomes that were possible before."""
    steps = [
        Request(kind=kind, changed_roles=None),
        Request(time, kind=kind, changed_roles=None),
        Request(time, path, kind=kind, changed_roles=None),
        Request(time, path, tags=tags, kind=kind, changed_roles=None),
        Request(time, path, tags=tags, kind=kind, changed_roles=("a",)),
        Request(time, path, "h", tags, kind, {"resource.name": "projects/1"}, ("a",)),
    ]
    possible = [evaluate(expression, step).possible for step in steps]
    for before, after in pairwise(possible):
        assert after & ~before == Outcome(0), (expression, possible)


def test_the_reason_names_the_part_that_failed() -> None:
    """As a refused caller wants to read it."""
    expression = 'request.path.startsWith("/admin/") && request.host == "orders.example.com"'
    found = evaluate(expression, ALL)
    assert (found.value, found.why) == (False, 'request.path.startsWith("/admin/") is false')
