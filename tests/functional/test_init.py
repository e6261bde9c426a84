"""`provision init` and `provision schema`, as a user runs them."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from provision.cli.group import ProvisionGroup
from provision.cli.init import init
from provision.cli.schema import schema
from provision.spec import Ingress, JobSpec, ServiceSpec, load
from provision.spec.schema import json_schema

PROJECT = ["--project", "acme-prod", "--region", "asia-east1"]


@pytest.fixture
def application(tmp_path: Path) -> Path:
    """An empty directory with a name that is no service name."""
    directory = tmp_path / "My Shop_2"
    directory.mkdir()
    return directory


def run(*arguments: str | Path, **environ: str) -> Result:
    """The outcome of a command in a process environment without any gcloud."""
    app = typer.Typer(cls=ProvisionGroup)
    app.command()(init)
    app.command()(schema)
    empty = {"CLOUDSDK_CONFIG": "/nonexistent", "PATH": "", "CLOUDSDK_CORE_PROJECT": ""}
    empty |= {"CLOUDSDK_RUN_REGION": "", "GOOGLE_CLOUD_PROJECT": "", "PROVISION_EMULATOR": ""}
    return CliRunner().invoke(app, [str(item) for item in arguments], env={**empty, **environ})


@contextmanager
def local_cloud(told: Mapping[str, object]) -> Iterator[str]:
    """Something that answers on the emulator's address; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(told).encode()
            self.send_response(200 if self.path == "/_emulator" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the test's output to itself."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_first_files_load_without_a_problem(application: Path) -> None:
    """What init writes is a spec, named after the directory, that lets nobody in yet."""
    result = run("init", application, *PROJECT)
    assert result.exit_code == 0, result.output
    (spec,) = load([application / "provision.yaml"])
    assert isinstance(spec, ServiceSpec)
    assert spec.service_name.name == "projects/acme-prod/locations/asia-east1/services/my-shop-2"
    assert spec.account_email == "my-shop-2-run@acme-prod.iam.gserviceaccount.com"
    assert (spec.ingress, spec.invokers, spec.public) == (Ingress.ALL, (), False)
    assert (application / "Dockerfile").exists()
    assert (application / ".dockerignore").exists()
    assert "Wrote" in result.stdout
    assert "provision up" in result.stdout


def test_options_end_up_in_the_spec(application: Path) -> None:
    """Name, ingress and invokers are written as given."""
    members = ["user:ann@example.com", "principalSet://iam.googleapis.com/projects/1/locations/"]
    members[1] += "global/workloadIdentityPools/ci/attribute.repository/acme/orders"
    named = [part for member in members for part in ("--invoker", member)]
    words = ["--service", "orders", "--ingress", "internal-and-cloud-load-balancing"]
    result = run("init", application, *PROJECT, *words, *named)
    assert result.exit_code == 0, result.output
    (spec,) = load([application / "provision.yaml"])
    assert isinstance(spec, ServiceSpec)
    assert spec.name == "orders"
    assert spec.ingress is Ingress.INTERNAL_AND_CLOUD_LOAD_BALANCING
    assert list(spec.invokers) == members


def test_a_dockerfile_is_never_overwritten(application: Path) -> None:
    """The user's own build stays, with --force as well, and nothing is put beside it."""
    (application / "Dockerfile").write_text("FROM scratch\n")
    for force in ([], ["--force"]):
        result = run("init", application, *PROJECT, *force)
        assert result.exit_code == 0, result.output
    assert (application / "Dockerfile").read_text() == "FROM scratch\n"
    assert not (application / ".dockerignore").exists()


def test_a_spec_is_overwritten_only_by_force(application: Path) -> None:
    """A second init refuses, and says how to insist."""
    assert run("init", application, *PROJECT).exit_code == 0
    before = (application / "provision.yaml").read_text()
    refused = run("init", application, *PROJECT, "--service", "other")
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert (application / "provision.yaml").read_text() == before
    assert run("init", application, *PROJECT, "--service", "other", "--force").exit_code == 0
    assert "service: other" in (application / "provision.yaml").read_text()


def test_a_workflow_comes_when_asked_for_and_leaves_the_spec(application: Path) -> None:
    """`--github-actions` adds to a project that is there already."""
    assert run("init", application, *PROJECT).exit_code == 0
    result = run("init", application, *PROJECT, "--github-actions", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["written"] == [".github/workflows/provision.yaml"]
    assert told["kept"] == ["provision.yaml"]
    assert "id-token: write" in (application / told["written"][0]).read_text()


def test_without_a_project_the_spec_says_where_to_put_it(application: Path) -> None:
    """The line stays as a comment, so that flags and gcloud can still say it."""
    result = run("init", application, "--json")
    told = json.loads(result.stdout)
    assert told["project"] is None
    assert any("project" in step for step in told["next"])
    path = application / "provision.yaml"
    assert "# project: " in path.read_text()
    assert run("init", application, "--force", CLOUDSDK_CORE_PROJECT="from-env").exit_code == 0
    assert load([path])[0].project.value == "from-env"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--service", "Orders"], "is not a service name"),
        (["--project", "x"], "is not a project id"),
        (["--region", "mars"], "is not a region"),
        (["--invoker", "ann@example.com"], "write user:ann@example.com"),
        (["--invoker", "allUsers"], "makes it public"),
    ],
)
def test_what_the_spec_would_be_refused_for_is_not_written(
    application: Path, arguments: list[str], message: str
) -> None:
    """A wrong option leaves no file behind."""
    result = run("init", application, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert list(application.iterdir()) == []


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Init makes files, not projects in mistyped places."""
    result = run("init", tmp_path / "none")
    assert result.exit_code == 2
    assert "is not a directory" in result.stderr


def test_a_link_to_nowhere_is_not_written_through(application: Path, tmp_path: Path) -> None:
    """A dangling link counts as a file that is there."""
    (application / "provision.yaml").symlink_to(tmp_path / "elsewhere")
    run("init", application, *PROJECT)
    assert not (tmp_path / "elsewhere").exists()


def test_the_local_cloud_names_its_project_and_its_user(application: Path) -> None:
    """With an emulator at hand the first spec works there as it stands."""
    told = {
        "project": "demo-project",
        "grpc": "127.0.0.1:1",
        "adc": {"type": "authorized_user", "account": "developer@example.com"},
    }
    with local_cloud(told) as address:
        result = run("init", application, PROVISION_EMULATOR=address)
    assert result.exit_code == 0, result.output
    (spec,) = load([application / "provision.yaml"])
    assert spec.project.value == "demo-project"
    assert spec.invokers == ("user:developer@example.com",)


def test_the_schema_is_printed_as_json() -> None:
    """An editor can be pointed at what the command prints."""
    result = run("schema")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == json_schema()


def test_a_job_is_begun_with_its_own_template(application: Path) -> None:
    """The spec is a job's; networks are no question, and asking one is refused."""
    result = run("init", application, *PROJECT, "--kind", "job", "--name", "nightly", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["job"] == "nightly"
    (spec,) = load([application / "provision.yaml"])
    assert isinstance(spec, JobSpec)
    assert spec.name == "nightly"
    refused = run("init", application, *PROJECT, "--kind", "job", "--ingress", "all", "--force")
    assert refused.exit_code == 2
    assert "a job has no address" in refused.output
