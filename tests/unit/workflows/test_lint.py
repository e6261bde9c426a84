"""What lint finds, by tables: a source, what is known of what it calls, and the findings."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from provision.workflows.about import About, Access, Callee, Job, May, Unread
from provision.workflows.document import parse
from provision.workflows.findings import Rule
from provision.workflows.lint import Report, lint
from provision.workflows.reading import SourceError

URL = "https://orders-123456789012.asia-east1.run.app"
HASHED = "https://orders-abcdefghij-de.a.run.app"
FUNCTION = "https://asia-east1-acme-prod.cloudfunctions.net/Resize"
DOMAIN = "https://orders.example.com"
NOBODY = "nightly@acme-prod.iam.gserviceaccount.com"
YES, NO = Access(May.YES), Access(May.NO)
ORDERS = Callee(
    *("service orders", "service/orders", "acme-prod", (URL, HASHED), ("orders-api",)),
    is_internal=True,
    access=YES,
)
ABOUT = About("acme-prod", NOBODY)


def call(url: str = f"{URL}/day", auth: str | None = f"{{type: OIDC, audience: '{URL}'}}") -> str:
    """A workflow of one call."""
    told = f", auth: {auth}" if auth else ""
    return f"- ask:\n    call: http.get\n    args: {{url: '{url}'{told}}}\n"


def judged(source: str, about: About = ABOUT, env: Mapping[str, str] | None = None) -> Report:
    """What is found in a source."""
    return lint(parse(source), source, about, env)


def rules(source: str, about: About = ABOUT) -> list[str]:
    """The rules that found something."""
    return [str(one.rule) for one in judged(source, about).findings]


def knowing(callee: Callee | Unread | None, url: str = f"{URL}/day") -> About:
    """What is known of one address."""
    return replace(ABOUT, at={url: callee})


@pytest.mark.parametrize("root", [URL, HASHED, FUNCTION, "https://blue---x-1.asia-east1.run.app"])
def test_a_right_call_has_no_findings(root: str) -> None:
    """By either address of a service, by a function's; a tag's with the service's audience."""
    audience = root.replace("blue---", "")
    assert rules(call(f"{root}/a/b?c=d", f"{{type: OIDC, audience: '{audience}'}}")) == []


def test_the_root_itself_needs_no_audience() -> None:
    """It is the URL by default."""
    assert rules(call(URL, "{type: OIDC}")) == []
    assert rules(call(FUNCTION, "{type: OIDC}")) == []


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        (call(auth=None), Rule.AUTH_MISSING),
        (call(FUNCTION, None), Rule.AUTH_MISSING),
        (call(auth="{type: OAuth2}"), Rule.AUTH_OAUTH2),
        (call(auth="{type: oauth2}"), Rule.AUTH_OAUTH2),
        (call(auth="{type: OIDC}"), Rule.AUDIENCE),
        (call(auth=f"{{type: OIDC, audience: '{URL}/day'}}"), Rule.AUDIENCE),
        (call(auth=f"{{type: OIDC, audience: '{URL}/'}}"), Rule.AUDIENCE),
        (call(auth=f"{{type: OIDC, audience: '{FUNCTION}'}}"), Rule.AUDIENCE),
        (call(f"{FUNCTION}/x", f"{{type: OIDC, audience: '{FUNCTION[:-7]}'}}"), Rule.AUDIENCE),
        (call(f"{FUNCTION}/x", "{type: OIDC}"), Rule.AUDIENCE),
        (call(f"{URL}/healthz"), Rule.RESERVED_PATH),
        (call(f"{URL}/_ah/warmup"), Rule.RESERVED_PATH),
        (call(f"http{URL[5:]}", f"{{type: OIDC, audience: 'http{URL[5:]}'}}"), Rule.NOT_HTTPS),
        (call("https://storage.googleapis.com/x", "{type: OIDC}"), Rule.AUTH_OIDC),
        (
            call(auth=None).replace("args: {", "args: {headers: {authorization: 'Bearer x'}, "),
            Rule.AUTH_BY_HAND,
        ),
    ],
)
def test_a_wrong_call_is_found_by_its_own_words(source: str, rule: Rule) -> None:
    """Each by one rule, at its place, with what to write instead."""
    (found,) = judged(source).findings
    assert found.rule is rule
    assert (found.line, found.step) == (3, "main.ask")
    assert found.mend


def test_the_finding_stands_at_the_argument_that_it_is_about() -> None:
    """Line and column of the audience, and not of the step."""
    source = f"""main:
  steps:
    - ask:
        call: http.post
        args:
          url: {URL}/day
          auth:
            type: OIDC
            audience: {URL}/day
"""
    (found,) = judged(source).findings
    assert (found.line, found.column) == (9, 23)
    assert f"`audience: {URL}`" in found.mend


@pytest.mark.parametrize(
    ("source", "unknown"),
    [
        (call("https://api.example.com/v1", None), 0),
        (call("https://api.example.com/v1", "{type: OAuth2}"), 0),
        (call("${args.url}", None), 1),
        (call("${args.url}", "{type: OIDC}"), 1),
        (call(auth="{type: OIDC, audience: '${args.audience}'}"), 0),
        (call(auth="{type: OIDC, audience: orders-api}"), 0),
        (call(auth="'${args.auth}'"), 0),
        (call("https://storage.googleapis.com/x", "{type: OAuth2}"), 0),
        (call(f"{FUNCTION}/healthz", f"{{type: OIDC, audience: '{FUNCTION}'}}"), 0),
    ],
)
def test_what_may_be_right_is_not_found(source: str, unknown: int) -> None:
    """What is only known when it runs is said to be unknown, where it decides."""
    report = judged(source)
    assert report.findings == ()
    assert len(report.unknown) == unknown


@pytest.mark.parametrize(
    ("assigned", "url", "expected"),
    [
        (f"[{{base: '{URL}'}}]", '${base + "/day"}', ["auth-missing"]),
        (f"[{{c: {{base: '{URL}'}}}}]", '${c.base + "/" + args.id}', ["auth-missing"]),
        (f"[{{a: '{URL}'}}, {{base: '${{a}}'}}]", '${(base) + "/day"}', ["auth-missing"]),
        (f"[{{base: '{URL}'}}, {{base: '${{args.base}}'}}]", "${base}", []),
        (f"[{{c: {{base: '{URL}'}}}}, {{c.base: '${{args.b}}'}}]", "${c.base}", []),
        (f"[{{args: '{URL}'}}]", "${args}", []),
        (
            "[]",
            '${"https://r-" + sys.get_env("GOOGLE_CLOUD_PROJECT_ID") + ".cloudfunctions.net/a"}',
            ["auth-missing"],
        ),
    ],
)
def test_constants_are_followed(assigned: str, url: str, expected: list[str]) -> None:
    """A variable that is assigned once is what it was assigned; any other is unknown."""
    source = f"""main:
  params: [args]
  steps:
    - init: {{assign: {assigned}}}
    - ask:
        call: http.get
        args: {{url: '{url}'}}
"""
    report = judged(source, env={"GOOGLE_CLOUD_PROJECT_ID": "acme-prod"})
    assert [str(one.rule) for one in report.findings] == expected


_OF_ARGS = """main:
  params: [args]
  steps:
    {0}
    - ask: {{call: http.get, args: {{url: '${{args.base + args.path}}'}}}}
"""


def test_of_one_execution_the_argument_is_known() -> None:
    """Its texts are what they are, and no expressions; what is assigned anew is not known."""
    told = {"base": URL, "path": "/${x}", "n": [1]}
    source = _OF_ARGS.format("- first: {call: sys.now, result: now}")
    report = lint(parse(source), source, ABOUT, argument=told)
    assert [(one.rule, one.target) for one in report.findings] == [(Rule.AUTH_MISSING, URL)]
    again = _OF_ARGS.format("- first: {call: sys.now, result: args}")
    assert lint(parse(again), again, ABOUT, argument=told).findings == ()


_ASK = f"call: http.get, args: {{url: '{URL}'}}"
_STEPS = f"steps: [{{b: {{{_ASK}}}}}]"
_RAISE = "steps: [{c: {raise: '${e}'}}]"


@pytest.mark.parametrize(
    "within",
    [
        f"try: {{{_ASK}}}\n    retry: ${{http.default_retry}}",
        f"try: {{{_STEPS}}}\n    except: {{as: e, {_RAISE}}}",
        f"try: {{call: sys.now}}\n    except: {{as: e, {_STEPS}}}",
        f"switch: [{{condition: '${{true}}', {_ASK}}}]",
        f"switch: [{{condition: '${{true}}', {_STEPS}}}]",
        f"for: {{value: v, in: [1], {_STEPS}}}",
        f"parallel: {{for: {{value: v, in: [1], {_STEPS}}}}}",
        f"parallel: {{branches: [{{x: {{{_STEPS}}}}}, {{y: {{{_RAISE}}}}}]}}",
        _STEPS,
    ],
)
def test_a_call_is_found_wherever_it_stands(within: str) -> None:
    """Within any kind of step."""
    assert rules(f"- a:\n    {within}\n") == ["auth-missing"]


def test_a_call_in_a_subworkflow_is_found() -> None:
    """As one of that routine."""
    source = f"""main:
  steps: [{{a: {{call: sub}}}}]
sub:
  steps:
    - ask: {{call: http.get, args: {{url: '{URL}'}}}}
"""
    (found,) = judged(source).findings
    assert (found.rule, found.step) == (Rule.AUTH_MISSING, "sub.ask")


@pytest.mark.parametrize(
    ("callee", "expected"),
    [
        (ORDERS, []),
        (replace(ORDERS, access=NO), [Rule.NO_ROLE]),
        (replace(ORDERS, access=NO, is_open=True), []),
        (replace(ORDERS, project="acme-data"), [Rule.ANOTHER_PROJECT]),
        (replace(ORDERS, project="acme-data", is_internal=False), []),
        (replace(ORDERS, is_off=True, is_internal=False), [Rule.ADDRESS_OFF]),
        (None, [Rule.NO_SERVICE]),
    ],
)
def test_what_is_there_is_judged(callee: Callee | None, expected: list[Rule]) -> None:
    """The role, the ingress, the address, and whether anything is there."""
    assert rules(call(), knowing(callee)) == [str(one) for one in expected]


def test_a_missing_role_is_told_with_the_command_that_gives_it() -> None:
    """To that account, on that service."""
    (found,) = judged(call(), knowing(replace(ORDERS, access=NO))).findings
    assert f"`provision grant serviceAccount:{NOBODY} --on service/orders`" in found.mend


@pytest.mark.parametrize(
    ("callee", "expected"),
    [
        (ORDERS, ["custom-domain-internal"]),
        (replace(ORDERS, is_balanced=True), []),
        (replace(ORDERS, is_internal=False), []),
    ],
)
def test_a_custom_domain_towards_internal_ingress_is_found(
    callee: Callee, expected: list[str]
) -> None:
    """By the audience that it is called for; not where load balancers are let in."""
    source = call(f"{DOMAIN}/day")
    assert rules(source, knowing(callee, f"{DOMAIN}/day")) == expected


def test_an_audience_is_judged_by_what_the_service_accepts() -> None:
    """Custom ones included, and no other."""
    right = call(auth="{type: OIDC, audience: orders-api}")
    wrong = call(auth="{type: OIDC, audience: another-api}")
    assert rules(right, knowing(ORDERS)) == []
    assert rules(wrong, knowing(ORDERS)) == ["audience-not-root"]
    assert rules(call(auth=None), knowing(replace(ORDERS, is_open=True))) == []


@pytest.mark.parametrize(
    "about",
    [
        knowing(Unread("not permitted")),
        knowing(replace(ORDERS, access=Access(May.UNKNOWN, "project acme-prod: not permitted"))),
        replace(ABOUT, at={f"{DOMAIN}/x": None}),
    ],
)
def test_what_could_not_be_looked_at_is_unknown_and_no_finding(about: About) -> None:
    """With what stood in the way."""
    source = call(f"{DOMAIN}/x") if f"{DOMAIN}/x" in about.at else call()
    report = judged(source, about)
    assert report.findings == ()
    assert len(report.unknown) == 1


def test_the_default_account_is_found() -> None:
    """It is the one that Workflows takes where none is named."""
    account = "123456789012-compute@developer.gserviceaccount.com"
    assert rules(call(), replace(ABOUT, account=account)) == ["default-account"]


JOB = """- run:
    call: googleapis.run.v1.namespaces.jobs.run
    args:
      name: namespaces/acme-prod/jobs/nightly
      location: asia-east1
"""
OVERRIDES = "      body: {overrides: {taskCount: 2}}\n"
UNWATCHED = "      connector_params: {skip_polling: true}\n"
V2 = """- run:
    call: googleapis.run.v2.projects.locations.jobs.run
    args: {name: projects/acme-prod/locations/asia-east1/jobs/nightly}
"""
NIGHTLY = Job("job nightly", "job/nightly", YES, YES, YES)


@pytest.mark.parametrize(
    ("source", "job", "expected"),
    [
        (JOB, NIGHTLY, []),
        (V2, NIGHTLY, []),
        (JOB, None, ["no-such-job"]),
        (V2, None, ["no-such-job"]),
        (JOB, replace(NIGHTLY, run=NO), ["account-without-role"]),
        (JOB, replace(NIGHTLY, overridden=NO), []),
        (JOB + OVERRIDES, replace(NIGHTLY, overridden=NO), ["account-without-overrides"]),
        (JOB + OVERRIDES, replace(NIGHTLY, run=NO, overridden=NO), ["account-without-role"]),
        (JOB, replace(NIGHTLY, watched=NO), ["account-cannot-watch"]),
        (V2, replace(NIGHTLY, watched=NO), ["account-cannot-watch"]),
        (JOB + UNWATCHED, replace(NIGHTLY, watched=NO), []),
    ],
)
def test_an_execution_of_a_job_is_judged(source: str, job: Job | None, expected: list[str]) -> None:
    """The role, that for overrides where there are any, and that to watch where it waits."""
    about = replace(ABOUT, jobs={("acme-prod", "asia-east1", "nightly"): job})
    assert rules(source, about) == expected


@pytest.mark.parametrize(
    ("source", "rule", "place"),
    [
        ("other: {steps: [{a: {return: 1}}]}", Rule.NO_MAIN, (1, 1)),
        ("main: {steps: []}", Rule.FORM, (1, 15)),
        ("main: {param: [a], steps: [{a: {return: 1}}]}", Rule.UNKNOWN_KEY, (1, 8)),
        ("- a:\n    retrun: 1", Rule.FORM, (1, 3)),
        ("- a:\n    retrun: 1", Rule.UNKNOWN_KEY, (2, 5)),
        ("- a:\n    call: sys.now\n    results: x", Rule.UNKNOWN_KEY, (3, 5)),
        ("- a:\n    next: b", Rule.UNKNOWN_STEP, (2, 11)),
        ("- a:\n    call: sub", Rule.UNKNOWN_ROUTINE, (2, 11)),
        ("- a: {return: 1}\n- a: {return: 2}", Rule.DUPLICATE_STEP, (2, 3)),
        ("- a: {return: 1}\n  b: {return: 2}", Rule.FORM, (1, 3)),
        ("- a: 1", Rule.FORM, (1, 3)),
        ("- a:\n    return: 1\n    return: 2", Rule.YAML, (3, 5)),
        ("- a: {return: '${" + "a" * 400 + "}'}", Rule.TOO_LONG, (1, 15)),
        ("main: {params: [a, b], steps: [{s: {return: 1}}]}", Rule.FORM, (1, 16)),
        ("- a: {return: '${if(\"k\" in m, m.k, 1)}'}", Rule.EAGER_IF, (1, 15)),
        ('- a: {return: \'${if( "k" in m.n,  m.n["k"] + 1, 1)}\'}', Rule.EAGER_IF, (1, 15)),
        ("- a:\n    try: {call: sys.now}\n    retry: {predicat: x}", Rule.UNKNOWN_KEY, (3, 13)),
    ],
)
def test_a_wrong_form_is_found_where_it_is(source: str, rule: Rule, place: tuple[int, int]) -> None:
    """Line and column, from 1."""
    found = {one.rule: (one.line, one.column) for one in judged(source).findings}
    assert found.get(rule) == place


@pytest.mark.parametrize(
    "source",
    [
        "- no: {return: yes}\n- on: {next: no}",
        "- a: {next: end}",
        "- a: {for: {value: v, in: [1], steps: [{b: {next: break}}, {c: {next: continue}}]}}",
        "- a: {call: sys.log, args: {text: hello, severity: INFO}}",
        "- a: {call: text.split, args: [a, b], result: r}",
        '- a: {return: \'${if("k" in m, m.keys, default(map.get(m, "k"), 1))}\'}',
        "main: {params: [{b: 1}], steps: [{s: {call: o}}]}\no: {steps: [{s: {return: 1}}]}",
        '{\t"main": {"steps": [{"a": {"return": "\\ud83d\\ude00"}}]}}',
    ],
)
def test_a_right_form_has_no_findings(source: str) -> None:
    """Names that YAML 1.1 would make booleans of, words of loops, JSON with tabs."""
    assert judged(source).findings == ()


@pytest.mark.parametrize(
    "source",
    [
        "",
        "just text",
        "a: [",
        "a: b: c",
        "---\n- a: {return: 1}\n---\n- b: {return: 1}",
        "? [a]\n: b",
        "[" * 5000,
        "a: *nothing",
        "\x00",
        "&a [" + ",".join("*a" for _ in range(3)) + "]",
        "[&a [x,x,x,x,x,x,x,x,x]"
        + "".join(f",&{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(8))
        + "]",
    ],
    ids=range(11),
)
def test_what_is_no_source_is_said_and_not_crashed_over(source: str) -> None:
    """Not even by depth, or by aliases that multiply."""
    with pytest.raises(SourceError):
        parse(source)


_WORD = st.sampled_from(
    [
        *("call", "args", "url", "auth", "type", "audience", "steps", "assign", "switch", "for"),
        *("condition", "in", "value", "try", "except", "as", "retry", "parallel", "branches"),
        *("next", "return", "main", "params", "http.get", "OIDC", "end", "result"),
    ]
)
_ANY = st.recursive(
    _WORD | st.none() | st.integers() | st.text(max_size=8) | st.just(URL) | st.just("${a + b}"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORD, inner, max_size=4),
    max_leaves=20,
)


@given(st.lists(st.dictionaries(_WORD, _ANY, min_size=1, max_size=2), min_size=1, max_size=3))
def test_nothing_that_is_yaml_breaks_it(value: object) -> None:
    """Whatever stands where something else belongs."""
    report = judged(yaml.safe_dump(value))
    assert all(one.line >= 1 for one in report.findings)


def test_every_rule_is_documented() -> None:
    """In docs/workflows.md, by its id."""
    page = (Path(__file__).parents[3] / "docs" / "workflows.md").read_text(encoding="utf-8")
    assert [one for one in Rule if f"| `{one}` |" not in page] == []
