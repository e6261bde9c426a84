"""What `render` writes: it passes the schema, tokens are for the root URL, data stays data."""

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from provision.errors import UsageError
from provision.workflows import HttpCall, JobRun, Laid, render
from provision.workflows.about import About
from provision.workflows.document import parse
from provision.workflows.lint import lint

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "templates" / "workflows" / "schema.json").read_text())
LANGUAGE = Draft202012Validator(SCHEMA)
URL = "https://orders-123456789012.asia-east1.run.app"
FIRST = "https://asia-east1-acme-prod.cloudfunctions.net/Resize"
KEY = "projects/acme-prod/locations/asia-east1/keyRings/ring/cryptoKeys/data"
JOB = JobRun("job nightly", "acme-prod", "asia-east1", "nightly")


def orders(**told: Any) -> HttpCall:  # noqa: ANN401 - as HttpCall's
    """A call of the service."""
    return HttpCall("service orders", **{"url": URL, **told})


def step(source: str, name: str) -> dict[str, Any]:
    """What a step of `main` does."""
    steps = yaml.safe_load(source)["main"]["steps"]
    found: dict[str, Any] = next(one[name] for one in steps if name in one)
    return found


def args(source: str) -> dict[str, Any]:
    """The arguments of the call."""
    body = step(source, "call_service")
    found: dict[str, Any] = body.get("try", body)["args"]
    return found


CALLS: dict[str, HttpCall | JobRun] = {
    "a shortcut": orders(),
    "a body": orders(method="POST", path="/reconcile", body={"day": "today", "dry": False}),
    "a body with GET": orders(body=[1]),
    "no shortcut": orders(method="HEAD"),
    "everything": orders(
        method="PATCH",
        path="/a%20b",
        query={"n": 1, "all": True, "day": "${args.day}"},
        headers={"Accept": "text/csv"},
        body="text",
        timeout=900,
    ),
    "an expression as path": orders(path='${"/orders/" + args.id}'),
    "a function of the first generation": HttpCall("function Resize", FIRST, "POST", body={}),
    "a function of the second generation": HttpCall("function hello", URL),
    "an address of this machine": orders(url="http://127.0.0.1:41234"),
    "a job": JOB,
    "a job with overrides": JobRun(
        *("job nightly", "acme-prod", "asia-east1", "nightly", {"DAY": "${args.day}"}),
        args=("--all",),
        tasks=3,
        timeout=600,
        container="worker",
    ),
    "a job that is not waited for": JobRun("job n", "acme-prod", "us-west1", "n", wait=False),
    "a job with data": JobRun("job n", "acme-prod", "us-west1", "n", data=Laid("inbox")),
    "a job with data under a key": JobRun(
        "job n", "acme-prod", "us-west1", "n", {"MODE": "fast"}, data=Laid("inbox", KEY)
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_everything_that_is_rendered_is_a_workflow(name: str) -> None:
    """YAML and JSON, in all manners, pass the schema and lint's own look, and say the same."""
    call = CALLS[name]
    manners = product((False, True), repeat=3) if isinstance(call, HttpCall) else [(False,) * 3]
    for request, decode, retry in manners:
        manner = {"request": request, "decode": decode, "retry": retry}
        text, as_json = render(call, **manner), render(call, **manner, as_json=True)
        assert yaml.safe_load(text) == json.loads(as_json)
        assert list(LANGUAGE.iter_errors(json.loads(as_json))) == []
        for source in (text, as_json):
            assert lint(parse(source), source, About()).findings == ()
        assert text == render(call, **manner)


@pytest.mark.parametrize(
    ("url", "audience"),
    [
        (URL, URL),
        (f"{URL}/", URL),
        ("https://blue---orders-123456789012.asia-east1.run.app", URL),
        (FIRST, FIRST),
        ("http://127.0.0.1:41234/Resize", "http://127.0.0.1:41234/Resize"),
    ],
)
@pytest.mark.parametrize("path", ["", "/a/b", '${"/" + args.id}'])
def test_the_audience_is_the_root_url_whatever_is_asked_for(
    url: str, audience: str, path: str
) -> None:
    """Without path and slash, of a tag the service's own, of a function with its name."""
    told = args(render(orders(url=url, path=path)))
    assert told["auth"] == {"type": "OIDC", "audience": audience}


def test_a_custom_audience_is_taken_as_it_is() -> None:
    """Where the target has one and the user wants it."""
    assert args(render(orders(audience="orders")))["auth"]["audience"] == "orders"


@pytest.mark.parametrize(
    ("method", "predicate"),
    [
        ("GET", "${http.default_retry_predicate}"),
        ("PUT", "${http.default_retry_predicate}"),
        ("POST", "${http.default_retry_predicate_non_idempotent}"),
        ("PATCH", "${http.default_retry_predicate_non_idempotent}"),
    ],
)
def test_what_must_not_be_done_twice_is_not_retried_as_if_it_might(
    method: str, predicate: str
) -> None:
    """The predicate follows the method."""
    retry = step(render(orders(method=method), retry=True), "call_service")["retry"]
    assert retry["predicate"] == predicate
    assert retry["max_retries"] == 5


def test_an_answer_that_is_no_json_by_its_type_is_decoded() -> None:
    """Only where that is wanted."""
    assert step(render(orders()), "give_back")["return"] == "${answer.body}"
    decoded = step(render(orders(), decode=True), "give_back")["return"]
    assert decoded == "${json.decode(text.encode(answer.body))}"


def test_a_job_gets_overrides_only_where_something_is_otherwise() -> None:
    """A body asks for a permission more."""
    assert "body" not in step(render(JOB), "run_job")["args"]
    told = step(render(CALLS["a job with overrides"]), "run_job")["args"]
    assert told["name"] == "namespaces/acme-prod/jobs/nightly"
    assert told["location"] == "asia-east1"
    assert told["body"]["overrides"] == {
        "containerOverrides": [
            {
                "name": "worker",
                "args": ["--all"],
                "env": [{"name": "DAY", "value": "${args.day}"}],
            }
        ],
        "taskCount": 3,
        "timeoutSeconds": 600,
    }


@pytest.mark.parametrize("key", ["", KEY])
def test_data_is_laid_in_the_bucket_and_its_place_told(key: str) -> None:
    """Under the customer's key where one is given; no trace of one, comment included, otherwise."""
    source = render(JobRun("job n", "acme-prod", "us-west1", "n", data=Laid("inbox", key)))
    laid = step(source, "lay_data")["args"]
    assert laid["url"] == "https://storage.googleapis.com/upload/storage/v1/b/inbox/o"
    assert laid["auth"] == {"type": "OAuth2"}
    assert laid["body"] == "${args}"
    assert laid["query"].get("kmsKeyName", "") == key
    assert ("under this key" in source) == bool(key)
    overrides = step(source, "run_job")["args"]["body"]["overrides"]
    assert overrides["containerOverrides"][0]["env"] == [
        {"name": "INPUT_BUCKET", "value": "${bucket}"},
        {"name": "INPUT_FILE", "value": "${object}"},
    ]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (orders(method="FETCH"), "no method"),
        (orders(path="orders"), "no path"),
        (orders(path="/a b"), "no path"),
        (orders(path="/a#b"), "no path"),
        (orders(path="/${args.id}"), "no path"),
        (orders(headers={"authorization": "Bearer x"}), "header of the token"),
        (orders(timeout=1801), "1800 s at most"),
        (orders(timeout=0), "1800 s at most"),
        (orders(url="http://orders.example.com"), "not https"),
        (orders(body=float("nan")), "no number of JSON"),
        (orders(body={"x": {1, 2}}), "no JSON value"),
        (orders(body={1: 2}), "no key of a JSON value"),
        (orders(body="x" * 140_000), "bytes long"),
        (orders(body="${" + "a" * 400 + "}"), "characters long"),
        (JobRun("job n", "p", "r", "n", data=Laid("gs://inbox")), "no bucket's name"),
        (JobRun("job n", "p", "r", "n", data=Laid("inbox", "data-key")), "no key"),
    ],
)
def test_what_cannot_be_written_is_refused(call: HttpCall | JobRun, said: str) -> None:
    """In words, and before anything is printed."""
    with pytest.raises(UsageError, match=said):
        render(call)


def test_a_body_nested_without_end_is_refused() -> None:
    """And does not exhaust the stack."""
    body: object = []
    for _ in range(5000):
        body = [body]
    with pytest.raises(UsageError, match="nested deeper"):
        render(orders(body=body))


def test_a_job_has_none_of_the_manners_of_http() -> None:
    """They would be left aside in silence otherwise."""
    with pytest.raises(UsageError, match="no answer over HTTP"):
        render(JOB, retry=True)


TEXTS = st.text(max_size=20) | st.sampled_from(
    [
        "yes",
        "NO",
        "on",
        "~",
        "null",
        "1e3",
        "0o17",
        "1:30",
        "- a",
        "a: b",
        "# a",
        "${x}",
        "a ",
        "é\u2028",
    ]
)
VALUES = st.recursive(
    TEXTS
    | st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_any_body_comes_through_as_it_is(body: object) -> None:
    """Whatever YAML would like to make of it."""
    told = args(render(orders(method="POST", body=body)))
    assert told.get("body") == body


@given(TEXTS)
def test_no_name_breaks_out_of_its_comment(what: str) -> None:
    """The first line is one comment, and the rest does not depend on it."""
    first, _, rest = render(HttpCall(what, URL)).partition("\n")
    assert first.startswith("# GET / of ")
    assert rest == render(orders()).partition("\n")[2]
