"""`provision emulator env`: programs that know nothing of the emulator use it."""

import json
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from google.cloud import iam_admin_v1

from tests.conftest import DEVELOPER, Clients, RunningEmulator
from tests.e2e.emulator_shell import evaluated, new_shell

# What anybody would write for Google Cloud: no endpoint, no transport, no credentials.
UNMODIFIED = """
import json, sys
import google.auth
import requests
from google.auth.transport.requests import AuthorizedSession
from google.cloud import artifactregistry_v1, iam_credentials_v1, resourcemanager_v3, run_v2

transport = sys.argv[1]
scope = "https://www.googleapis.com/auth/cloud-platform"
credentials, project = google.auth.default(scopes=[scope])
where = f"projects/{project}/locations/us-central1"
services = run_v2.ServicesClient(transport=transport)
registry = artifactregistry_v1.ArtifactRegistryClient(transport=transport)
projects = resourcemanager_v3.ProjectsClient(transport=transport)
made = registry.create_repository(
    parent=where,
    repository_id=f"by-{transport}",
    repository=artifactregistry_v1.Repository(format_="DOCKER"),
).result(timeout=60)
regional = run_v2.ServicesClient(
    transport=transport, client_options={"api_endpoint": "us-central1-run.googleapis.com"}
)
session = AuthorizedSession(credentials)
enabled = session.get(
    f"https://serviceusage.googleapis.com/v1/projects/{project}/services/run.googleapis.com"
)
print(json.dumps({
    "project": project,
    "number": projects.get_project(name=f"projects/{project}").name,
    "repository": made.name,
    "services": [one.name for one in services.list_services(parent=where)],
    "regional": [one.name for one in regional.list_services(parent=where)],
    "enabled": enabled.json()["state"],
}))
"""

Shell = Callable[..., dict[str, str]]


@pytest.fixture
def shell(emulator: RunningEmulator, tmp_path: Path) -> Shell:
    """A shell's environment after the lines ran: words are options, keywords was set before."""
    home = tmp_path / "a home"
    home.mkdir()

    def made(*words: str, **before: str) -> dict[str, str]:
        return evaluated({**new_shell(emulator.http, home), **before}, *words)

    return made


def _python(environ: Mapping[str, str], code: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        check=False,
        capture_output=True,
        text=True,
        env=dict(environ),
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _recorded(emulator: RunningEmulator, transport: str) -> dict[str, str]:
    """Who called each method by that transport."""
    found = emulator.requests()
    return {one["method"]: one["principal"] for one in found if one["transport"] == transport}


@pytest.mark.parametrize("transport", ["grpc", "rest"])
def test_googles_clients_work_unmodified(
    shell: Shell, emulator: RunningEmulator, transport: str
) -> None:
    """At Google's own addresses, as the default identity, over gRPC and REST."""
    told = json.loads(_python(shell("--for", "clients"), UNMODIFIED, transport))
    assert told["project"] == emulator.project
    assert told["number"].removeprefix("projects/").isdigit()
    assert told["repository"].endswith(f"/repositories/by-{transport}")
    assert told["services"] == told["regional"] == []
    assert told["enabled"] == "ENABLED"
    recorded = _recorded(emulator, transport)
    assert recorded["google.cloud.run.v2.Services/ListServices"] == DEVELOPER
    create = "google.devtools.artifactregistry.v1.ArtifactRegistry/CreateRepository"
    assert recorded[create] == DEVELOPER


@pytest.mark.parametrize("transport", ["grpc", "rest"])
def test_a_service_accounts_key_works_unmodified(
    shell: Shell,
    emulator: RunningEmulator,
    grpc_clients: Clients,
    tmp_path: Path,
    transport: str,
) -> None:
    """With a key that the emulator issued, Google's clients act as the account."""
    project = f"projects/{emulator.project}"
    account = grpc_clients.iam.create_service_account(
        request=iam_admin_v1.CreateServiceAccountRequest(name=project, account_id="builder")
    )
    member = f"serviceAccount:{account.email}"
    emulator.admin("POST", "/grants", resource=project, member=member, role="roles/owner")
    key = tmp_path / "key.json"
    made = grpc_clients.iam.create_service_account_key(name=account.name)
    key.write_bytes(made.private_key_data)
    environ = {**shell("--for", "clients"), "GOOGLE_APPLICATION_CREDENTIALS": str(key)}
    told = json.loads(_python(environ, UNMODIFIED, transport))
    assert told["repository"].endswith(f"/repositories/by-{transport}")
    recorded = _recorded(emulator, transport)
    assert recorded["google.cloud.run.v2.Services/ListServices"] == member


def test_provision_works_in_such_a_shell(shell: Shell, tmp_path: Path) -> None:
    """`provision` itself finds the emulator and its identity with everything set."""
    environ = shell()
    code = """
from provision.clients.credentials import load_caller
from provision.clients.google import GoogleClients
from provision.clients.local_cloud import find_local_cloud
import os
local = find_local_cloud(os.environ)
clients = GoogleClients(load_caller(os.environ, local, None), local)
print(clients.caller.member, clients.projects.get_project(name=f"projects/{local.project}").state)
print(clients.rest.get(f"{local.http}/v1/userinfo").json()["email"])
"""
    member, _, rest = _python(environ, code).partition(" ")
    assert member == DEVELOPER
    assert rest.split() == ["1", DEVELOPER.partition(":")[2]]
    spec = {
        "project": "demo-project",
        "region": "asia-east1",
        "service": "orders",
        "image": {"context": ".", "repository": "images"},
        "ingress": "all",
        "invokers": [DEVELOPER],
    }
    file = tmp_path / "provision.yaml"
    file.write_text(json.dumps(spec))
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    planned = subprocess.run(
        [sys.executable, "-m", "provision", "plan", "-f", str(file), "--json"],
        check=False,
        capture_output=True,
        text=True,
        env=environ,
        timeout=120,
    )
    assert planned.returncode == 0, planned.stderr
    assert "orders" in planned.stdout


def test_no_secret_is_printed_and_none_lies_open(shell: Shell, emulator: RunningEmulator) -> None:
    """Secrets are in files of the owner's alone; what is printed names them."""
    environ = shell()
    command = [sys.executable, "-m", "provision", "emulator", "env"]
    for words in ([], ["--json"], ["--unset"]):
        done = subprocess.run(
            [*command, *words], check=True, capture_output=True, text=True, env=environ, timeout=60
        )
        adc = emulator.admin("GET", "")["adc"]
        for secret in (adc["refresh_token"], adc["client_secret"], "ya29.", "PRIVATE KEY"):
            assert secret not in done.stdout + done.stderr
    folder = Path(environ["GOOGLE_APPLICATION_CREDENTIALS"]).parent
    assert {path.name for path in folder.iterdir()} >= {"ca.pem", "ca-bundle.pem", "docker"}
    for path in [folder, *folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_it_can_be_undone(shell: Shell, tmp_path: Path) -> None:
    """`--unset` brings back what was there before, also after the lines ran twice."""
    mine = {
        "HTTPS_PROXY": "http://me:secret@proxy.example.com:3128",
        "NO_PROXY": ".googleapis.com",
        "DOCKER_CONFIG": str(tmp_path / 'my "docker" $HOME'),
        "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT": "robot@example.com",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN": "https://run.example.com/",
    }
    first = shell(**mine)
    assert "googleapis" not in first["NO_PROXY"] + first["no_proxy"]
    assert "example.com" not in first["HTTPS_PROXY"]
    assert "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT" not in first
    assert "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN" not in first
    twice = evaluated(first)
    assert twice["HTTPS_PROXY"] == first["HTTPS_PROXY"]
    undone = evaluated(twice, "--unset")
    assert {name: undone.get(name) for name in mine} == mine
    ours = {"PROVISION_EMULATOR", "PWD", "OLDPWD", "SHLVL", "_"}
    before = shell("--unset", **mine)
    assert {key: undone[key] for key in undone if key not in ours} == {
        key: before[key] for key in before if key not in ours
    }


@pytest.mark.parametrize(
    ("whom", "there", "absent"),
    [
        ("gcloud", "CLOUDSDK_CONFIG", "GOOGLE_APPLICATION_CREDENTIALS"),
        ("clients", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "CLOUDSDK_CONFIG"),
        ("docker", "DOCKER_CONFIG", "CLOUDSDK_CONFIG"),
    ],
)
def test_one_kind_of_program_can_be_chosen(
    shell: Shell, whom: str, there: str, absent: str
) -> None:
    """With `--for`, what the others need is left alone."""
    environ = shell("--for", whom)
    assert there in environ
    assert absent not in environ
    assert {"HTTPS_PROXY", "REQUESTS_CA_BUNDLE", "PROVISION_EMULATOR"} <= environ.keys()


def test_the_users_docker_settings_come_along_without_logins(shell: Shell, tmp_path: Path) -> None:
    """Docker keeps its contexts and plug-ins; logins elsewhere stay where they were."""
    own = tmp_path / "own"
    (own / "cli-plugins").mkdir(parents=True)
    login: dict[str, Any] = {"auths": {"example.com": {"auth": "c2VjcmV0"}}}
    helpers = {"credsStore": "desktop", "credHelpers": {"gcr.io": "gcloud"}}
    settings = {"detachKeys": "ctrl-e,e", **helpers, **login}
    (own / "config.json").write_text(json.dumps(settings))
    environ = shell("--for", "docker", DOCKER_CONFIG=str(own))
    folder = Path(environ["DOCKER_CONFIG"])
    kept = json.loads((folder / "config.json").read_text())
    assert kept["detachKeys"] == "ctrl-e,e"
    assert list(kept["auths"]) == [environ["PROVISION_EMULATOR"].removeprefix("http://")]
    assert not helpers.keys() & kept.keys()
    assert (folder / "cli-plugins").resolve() == own / "cli-plugins"
    assert json.loads((own / "config.json").read_text()) == settings


def test_json_tells_the_same(shell: Shell) -> None:
    """`--json` has names and values for programs that are no shell."""
    environ = shell()
    done = subprocess.run(
        [sys.executable, "-m", "provision", "emulator", "env", "--json"],
        check=True,
        capture_output=True,
        text=True,
        env=environ,
        timeout=60,
    )
    told = json.loads(done.stdout)
    assert told["for"] == "all"
    assert {name: environ[name] for name in told["set"]} == told["set"]


def test_without_an_emulator_it_says_how_to_start_one(tmp_path: Path) -> None:
    """Nothing is printed on stdout for a shell to run."""
    environ = new_shell("", tmp_path)
    del environ["PROVISION_EMULATOR"]
    done = subprocess.run(
        [sys.executable, "-m", "provision", "emulator", "env"],
        check=False,
        capture_output=True,
        text=True,
        env=environ,
        timeout=60,
    )
    assert done.returncode != 0
    assert not done.stdout
    assert "provision emulator start" in done.stderr
    assert not list(tmp_path.rglob("*.pem"))
