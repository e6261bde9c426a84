"""The JSON Schema of the spec agrees with what is loaded."""

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator
from pydantic import BaseModel

from provision.spec.border import JobFields, ServiceFields
from provision.spec.schema import field_table, json_schema

_FULL = """\
project: acme-prod
region: asia-east1
service: orders
image: {context: ., repository: services, build_args: {A: 1}}
ingress: internal
invokers: [user:ann@example.com]
env: {A: 1, B: true, C: x}
secrets: {D: e:1}
cpu: 500m
memory: 512Mi
timeout: 5m
labels: {a: b}
workflows:
  - {name: a, service_account: caller-a, call: {query: {page: 1}, body: [1, a]}, argument: 1}
  - {name: b, service_account: caller-b, source: own.yaml, verify: false}
callers:
  - {kind: schedule, name: a, service_account: ticker, schedule: "0 3 * * *", call: {body: {}}}
  - {kind: push, name: abc, service_account: pusher, topic: orders, call: {path: /events}}
  - {kind: queue, name: a, service_account: worker}
run: {template: {sessionAffinity: true}}
"""

_JOB = """\
kind: job
project: acme-prod
region: asia-east1
job: nightly
image: {reference: gcr.io/acme/nightly:v1}
invokers: [user:ann@example.com]
invoker_role: roles/run.jobsExecutor
tasks: 10
timeout: 2h
args: [--day, 1]
run: {template: {labels: {a: b}}}
"""


def _complaints(text: str) -> list[str]:
    Draft7Validator.check_schema(json_schema())
    return [
        error.message for error in Draft7Validator(json_schema()).iter_errors(yaml.safe_load(text))
    ]


def test_a_good_spec_is_good_to_an_editor() -> None:
    """An editor underlines nothing in a file that loads."""
    assert _complaints(_FULL) == []
    assert _complaints(_FULL + "kind: service\n") == []
    assert _complaints(_JOB) == []


@pytest.mark.parametrize(
    "change",
    [
        ("internal", "interal"),
        ("service: orders", "service: Orders"),
        ("service:", "servce:"),
        ("repository: services", "reference: a:b, repository: services"),
        ("repository: services", "target: x"),
        ("memory: 512Mi", "memory: 512 MB"),
    ],
)
def test_an_editor_underlines_what_would_be_refused(change: tuple[str, str]) -> None:
    """Misspelt words, unknown fields and missing ones are seen while typing."""
    assert _complaints(_FULL.replace(*change))


@pytest.mark.parametrize(
    "change",
    [
        ("kind: job", "kind: jbo"),
        ("kind: job\n", ""),
        ("job: nightly", "service: nightly"),
        ("tasks: 10", "tasks: 0"),
        ("tasks: 10", "ingress: all"),
        ("roles/run.jobsExecutor", "roles/run.servicesInvoker"),
    ],
)
def test_an_editor_underlines_what_a_job_cannot_have(change: tuple[str, str]) -> None:
    """The kind decides which fields there are."""
    assert _complaints(_JOB.replace(*change))


@pytest.mark.parametrize("model", [ServiceFields, JobFields])
def test_every_field_is_described(model: type[BaseModel]) -> None:
    """Editors show a sentence for each field."""
    assert all(description for _, description in field_table(model))


@pytest.mark.parametrize("model", [ServiceFields, JobFields])
def test_the_documentation_names_every_field(model: type[BaseModel]) -> None:
    """docs/spec.md falls behind nowhere."""
    text = (Path(__file__).parents[2] / "docs" / "spec.md").read_text(encoding="utf-8")
    missing = [name for name, _ in field_table(model) if f"`{name}`" not in text]
    assert missing == []
