"""`provision snippet`: the code that it prints is run, where what runs it is there."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.e2e.emulator_shell import evaluated
from tests.functional.invoking.conftest import Orders, Shell

_WORDS = ("snippet", "service/orders", "--path", "/reports?day=1&x='a'", "--language")


def _key(orders: Orders, tmp_path: Path) -> dict[str, str]:
    """The environment of an invoker's key."""
    orders.key(orders.account("caller-one"), tmp_path / "key.json")
    return {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "key.json")}


def test_curl_is_let_in(orders: Orders, shell: Shell, tmp_path: Path) -> None:
    """The script runs as it is, as a user and as a service account."""
    made = shell.run(*_WORDS, "curl")
    assert made.code == 0, made.err
    for environ in ({}, _key(orders, tmp_path)):
        orders.let_in(
            "user:developer@example.com",
            f"serviceAccount:caller-one@{orders.emulator.project}.iam.gserviceaccount.com",
        )
        done = shell.command("sh", "-eu", text=made.out, **environ)
        assert done.code == 0, done.err
        assert "placeholder" in done.out


def test_python_is_let_in_both_ways(orders: Orders, shell: Shell, tmp_path: Path) -> None:
    """With our client at once, and with Google's library alone by its function."""
    made = shell.run(*_WORDS, "python")
    (shell.path / "call.py").write_text(made.out)
    code = "import call; print('alone:', call.with_google_auth_alone())"
    environ = {
        **_key(orders, tmp_path),
        "PYTHONPATH": f"{shell.path}:{shell.environ['PYTHONPATH']}",
    }
    done = shell.command(sys.executable, "-W", "error::SyntaxWarning", "-c", code, **environ)
    assert done.code == 0, done.err
    ours, alone = done.out.split("alone:")
    assert "placeholder" in ours
    assert "placeholder" in alone


@pytest.fixture(scope="session")
def node_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which Node.js finds Google's library."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node.js and npm are not installed")
    folder = tmp_path_factory.mktemp("node")
    done = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "google-auth-library"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"npm installs nothing here: {done.stderr[-200:]}")
    return folder


def test_node_is_let_in(orders: Orders, shell: Shell, tmp_path: Path, node_library: Path) -> None:
    """Google's library for Node goes by Google's host names, which the emulator's proxy answers."""
    made = shell.run(*_WORDS, "node")
    script = node_library / "call.mjs"
    script.write_text(made.out)
    environ = evaluated(shell.environ, "--for", "clients")
    done = shell.command("node", str(script), **{**environ, **_key(orders, tmp_path)})
    assert done.code == 0, done.err
    assert "placeholder" in done.out


def test_workflow_calls_with_the_audience(orders: Orders, shell: Shell) -> None:
    """The address has the path, and the audience has not."""
    steps = yaml.safe_load(shell.run(*_WORDS, "workflow").out)["main"]["steps"]
    call = steps[0]["call_service"]
    assert call["call"] == "http.get"
    assert call["args"]["url"] == f"{orders.url}/reports?day=1&x='a'"
    assert call["args"]["auth"] == {"type": "OIDC", "audience": orders.url}


def test_go_has_the_audience(orders: Orders, shell: Shell) -> None:
    """The client is made for the service's URL, and asks for the path."""
    made = shell.run(*_WORDS, "go").out
    assert f'idtoken.NewClient(context.Background(), "{orders.url}")' in made
    assert f"client.Get(\"{orders.url}/reports?day=1&x='a'\")" in made


def test_custom_audience_is_in_the_code(orders: Orders, shell: Shell) -> None:
    """Where a custom audience is set it is taken, and Python is told of it."""
    live = orders.live
    live.custom_audiences.append("orders")
    orders.clients.services.update_service(service=live).result(timeout=30)
    made = json.loads(shell.run(*_WORDS, "python", "--json").out)
    assert made["audience"] == "orders"
    assert 'audience="orders"' in made["code"]
    assert orders.url in made["notes"][0]


@pytest.mark.parametrize(
    "path", ["reports", "/a b", '/"', "/${sys.get_env}", "/%zz", "/a\nb", "/é", "/`id`"]
)
def test_path_that_is_no_path_is_refused(shell: Shell, path: str) -> None:
    """What would end a string in one of the languages never gets into it."""
    done = shell.run("snippet", "https://orders-1.a.run.app", "--path", path)
    assert (done.code, done.out) == (2, "")
    assert "is no path" in done.err


@pytest.mark.parametrize("language", ["python", "node", "go", "workflow"])
def test_audience_is_written_as_it_is(shell: Shell, language: str) -> None:
    """Two escapes for one sign are two signs to Python, and an error to Go."""
    words = ("https://orders-1.a.run.app", "--audience", "kasse-\U0001f4b0-'\"")
    made = shell.run("snippet", *words, "--language", language)
    assert made.code == 0, made.err
    assert '"kasse-\U0001f4b0-\'\\""' in made.out


def test_path_of_google_s_own_is_warned_about(shell: Shell) -> None:
    """A service never sees it."""
    done = shell.run("snippet", "https://orders-1.a.run.app", "--path", "/healthz")
    assert done.code == 0
    assert "do not reach a service" in " ".join(done.err.split())
