"""What `provision init` and newcomers copy: it must be valid, and safe as it stands."""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from provision.spec import Ingress, JobSpec, Kind, ServiceSpec, Setting, load
from provision.spec.starter import Starter

TEMPLATES = files("provision") / "templates"


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _workflow() -> dict[str, Any]:
    # YAML 1.1 reads the key `on` as true; nothing here looks at it by that name.
    loaded = yaml.safe_load(_text("github-workflow.yaml"))
    assert isinstance(loaded, dict)
    return loaded


def _steps() -> list[dict[str, Any]]:
    return list(_workflow()["jobs"]["up"]["steps"])


def test_filled_in_spec_is_valid(tmp_path: Path) -> None:
    """A filled-in template is a spec without problems that says what was asked for."""
    starter = Starter(
        service="orders",
        project="acme-prod",
        region="asia-east1",
        ingress="internal",
        invokers=["user:ann@example.com"],
    )
    path = tmp_path / "provision.yaml"
    path.write_text(starter.render(_text("provision.yaml")))

    (spec,) = load([path])

    assert isinstance(spec, ServiceSpec)
    assert (spec.name, spec.project.value, spec.region.value) == (
        "orders",
        "acme-prod",
        "asia-east1",
    )
    assert spec.ingress is Ingress.INTERNAL
    assert [str(member) for member in spec.invokers] == ["user:ann@example.com"]
    assert not spec.public


@pytest.mark.parametrize("project", ["acme-prod", None])
def test_a_filled_in_job_is_valid(tmp_path: Path, project: str | None) -> None:
    """The template of a job is a job's, named and owned as was asked for."""
    starter = Starter("nightly", project, None, "all", ["user:ann@example.com"], kind=Kind.JOB)
    path = tmp_path / "provision.yaml"
    path.write_text(starter.render(_text("provision-job.yaml")))

    (spec,) = load([path], project=Setting("other-1", "a test"), region=Setting("us-west1", "it"))

    assert isinstance(spec, JobSpec)
    assert (spec.name, spec.project.value) == ("nightly", project or "other-1")
    assert spec.invokers == ("user:ann@example.com",)


def test_spec_without_project_leaves_it_as_a_comment(tmp_path: Path) -> None:
    """Project and region that are not known stay as comments, and nobody is an invoker."""
    starter = Starter(service="orders", project=None, region=None, ingress="all")
    rendered = starter.render(_text("provision.yaml"))
    path = tmp_path / "provision.yaml"
    path.write_text(rendered)

    declared = yaml.safe_load(rendered)

    assert "project" not in declared
    assert "region" not in declared
    assert declared["invokers"] == []


@pytest.mark.parametrize(
    "comment",
    [
        line.lstrip("# ")
        for line in (Path(str(TEMPLATES)) / "provision.yaml").read_text().splitlines()
        if re.match(r"# [a-z_]+: \S", line)
    ],
)
def test_fields_shown_as_comments_are_valid(comment: str, tmp_path: Path) -> None:
    """Every field that the template shows as a comment may be uncommented as it stands."""
    starter = Starter(
        service="orders",
        project="acme-prod",
        region="asia-east1",
        ingress="internal",
        invokers=["serviceAccount:caller@my-project.iam.gserviceaccount.com"],
    )
    path = tmp_path / "provision.yaml"
    path.write_text(f"{starter.render(_text('provision.yaml'))}\n{comment}\n")

    (spec,) = load([path])

    assert spec.name == "orders"


@pytest.mark.parametrize("template", ["provision.yaml", "provision-job.yaml"])
def test_what_calls_is_shown_as_comments_that_are_valid(template: str, tmp_path: Path) -> None:
    """The lists of the template may be uncommented as they stand."""
    kind = Kind.JOB if "job" in template else Kind.SERVICE
    starter = Starter("orders", "acme-prod", "asia-east1", "internal", (), kind=kind)
    lists = re.compile(r"^# (workflows:|callers:|  -|    [a-z_]+:)", re.MULTILINE)
    path = tmp_path / "provision.yaml"
    path.write_text(lists.sub(r"\1", starter.render(_text(template))))

    (spec,) = load([path])

    assert [type(one).__name__ for one in spec.all_callers] == [
        "WorkflowSpec",
        *(["ScheduleSpec"] if kind is Kind.SERVICE else []),
    ]


def test_dockerfile_runs_without_root() -> None:
    """The last USER of the Dockerfile is a number that is not root's."""
    users = re.findall(r"^USER (.+)$", _text("Dockerfile"), re.MULTILINE)

    assert int(users[-1]) > 0


def test_dockerfile_starts_the_application_itself() -> None:
    """The command is in exec form, so that the application gets Cloud Run's SIGTERM."""
    commands = re.findall(r"^CMD (.+)$", _text("Dockerfile"), re.MULTILINE)

    assert [json.loads(command)[0] for command in commands] == ["python"]


def test_credentials_are_not_sent_to_the_build() -> None:
    """The file that GitHub's action writes into the workspace is kept out of the context."""
    ignored = _text(".dockerignore").splitlines()

    assert "gha-creds-*.json" in ignored
    assert ".env" in ignored


def test_workflow_token_may_do_two_things() -> None:
    """The workflow's own token reads the code and asks for an identity, and no more."""
    assert _workflow()["permissions"] == {"contents": "read", "id-token": "write"}
    assert "permissions" not in _workflow()["jobs"]["up"]


def test_workflow_pins_its_actions() -> None:
    """Every action is named with a major version, and comes from GitHub or Google."""
    used = [str(step["uses"]) for step in _steps() if "uses" in step]

    assert len(used) >= 3
    for action in used:
        assert re.fullmatch(r"(actions|google-github-actions)/[a-z-]+@v[1-9][0-9]*", action)


def test_workflow_holds_no_key() -> None:
    """The workflow signs in by federation: no key, and no secret of the repository."""
    (auth,) = [step for step in _steps() if "google-github-actions/auth" in str(step.get("uses"))]

    assert set(auth["with"]) == {"workload_identity_provider", "service_account"}
    assert "secrets." not in _text("github-workflow.yaml")


def test_workflow_runs_up_without_questions() -> None:
    """The last step converges the service, unattended, and runs do not overlap."""
    assert _steps()[-1]["run"] == "provision up --yes"
    assert _workflow()["concurrency"] == {"group": "provision", "cancel-in-progress": False}


def test_workflow_takes_nothing_from_events() -> None:
    """No text of an event gets into a shell: commands have no expressions in them."""
    for step in _steps():
        assert "${{" not in str(step.get("run", ""))
