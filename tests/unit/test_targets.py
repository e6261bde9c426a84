"""Targets: every way to write one, and what is said of the others."""

from pathlib import Path

import pytest

from provision.errors import UsageError
from provision.resources import FunctionName, JobName, Name, ServiceName
from provision.spec import Setting, Spec, load
from provision.targets import TargetKind, parse_targets

HERE = Setting("acme-prod", "--project"), Setting("asia-east1", "--region")
SPEC = """\
project: acme-prod
region: europe-west1
service: orders
image: {reference: gcr.io/acme/orders:v1}
ingress: all
"""


@pytest.fixture
def declared(tmp_path: Path) -> tuple[Spec, ...]:
    """One declared service, orders, in europe-west1."""
    file = tmp_path / "provision.yaml"
    file.write_text(SPEC)
    return load([file])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("service/orders", ServiceName("acme-prod", "asia-east1", "orders")),
        ("services/orders", ServiceName("acme-prod", "asia-east1", "orders")),
        ("job/nightly", JobName("acme-prod", "asia-east1", "nightly")),
        ("function/Resize_1", FunctionName("acme-prod", "asia-east1", "Resize_1")),
        (
            "projects/other-1/locations/us-west1/jobs/nightly",
            JobName("other-1", "us-west1", "nightly"),
        ),
        (
            "//run.googleapis.com/projects/other-1/locations/us-west1/services/a",
            ServiceName("other-1", "us-west1", "a"),
        ),
        (
            "https://run.googleapis.com/v2/projects/other-1/locations/us-west1/services/a",
            ServiceName("other-1", "us-west1", "a"),
        ),
        (
            "//cloudfunctions.googleapis.com/projects/other-1/locations/us-west1/functions/f",
            FunctionName("other-1", "us-west1", "f"),
        ),
    ],
)
def test_forms(text: str, name: Name) -> None:
    """Each form names one thing, completed from project and region."""
    (target,) = parse_targets([text], (), *HERE)
    assert target.name == name
    assert target.kind in TargetKind
    assert target.spec is None


@pytest.mark.parametrize(
    "text",
    ["orders", "service/orders", "projects/acme-prod/locations/europe-west1/services/orders"],
)
def test_what_the_spec_declares_is_found_there(declared: tuple[Spec, ...], text: str) -> None:
    """A declared service brings its own project and region, whatever else is set."""
    (target,) = parse_targets([text], declared, None, None)
    assert target.name == declared[0].resource_name
    assert target.spec is declared[0]


def test_the_same_target_twice_is_one(declared: tuple[Spec, ...]) -> None:
    """Two names of one thing are one target."""
    assert len(parse_targets(["orders", "service/orders"], declared, None, None)) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("order", "Did you mean orders?"),
        ("orders/", "no kind of thing"),
        ("worker/a", "no kind of thing"),
        ("job/UPPER", "job name"),
        ("job/", "job name"),
        ("service/a/b", "service name"),
        ("function/1st", "function name"),
        ("projects/p/locations/r", "is not the name of"),
        ("projects/acme-prod/locations/asia-east1-a/services/a", "region"),
        ("//example.com/projects/acme-prod/locations/asia-east1/services/a", "is not the name of"),
        (
            "//run.googleapis.com/projects/acme-prod/locations/asia-east1/functions/a",
            "is not the name of",
        ),
    ],
)
def test_what_is_no_target(declared: tuple[Spec, ...], text: str, told: str) -> None:
    """What cannot be meant is refused, saying why."""
    with pytest.raises(UsageError, match=r".") as error:
        parse_targets([text], declared, *HERE)
    assert told in str(error.value)
    assert int(error.value.exit_code) == 2


def test_a_missing_project_is_asked_for() -> None:
    """Without a project nothing is guessed."""
    with pytest.raises(UsageError, match="no project is given") as error:
        parse_targets(["job/nightly"], (), None, HERE[1])
    assert "--project" in error.value.hint
