"""What makes a fresh machine ready: locked packages, a Docker engine, a base image, the demo."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import docker
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "scripts"
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
NOWHERE = "unix:///nonexistent/docker.sock"


def _locked(path: Path) -> dict[str, str]:
    """Version by name, as a lock file says."""
    pinned = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", path.read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pinned}


def _run(script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(script), *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=240,
    )


def _private_engines(checkout: Path) -> list[int]:
    """Process ids of the engines that keep their data in that checkout."""
    marker = str(checkout / ".work").encode()
    found = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = command.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"dockerd") and any(word.startswith(marker) for word in words):
            found.append(int(command.parent.name))
    return found


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_every_locked_package_has_a_version_and_a_hash(lock: Path) -> None:
    """Nothing is installed whose version or content could change."""
    blocks = re.split(r"\n(?=\S)", lock.read_text().strip())
    requirements = [block for block in blocks if not block.startswith("#")]

    assert len(requirements) > 10
    for block in requirements:
        assert re.match(r"[A-Za-z0-9._-]+==\S+ \\\n", block), block
        assert "--hash=sha256:" in block, block


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_lock_names_no_place(lock: Path) -> None:
    """No index, folder or address of one machine is in a lock."""
    assert not re.search(r"://|--(extra-)?index|--find-links|@ ?file", lock.read_text())


def test_lock_keeps_step_with_the_project() -> None:
    """Everything that `pyproject.toml` asks for is locked, at a version it accepts."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = declared["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["emulator"]]
    everything = [*asked, *declared["dependency-groups"]["dev"]]
    for path, wanted in {"runtime.txt": asked, "dev.txt": everything}.items():
        locked = _locked(ROOT / "requirements" / path)
        for line in wanted:
            requirement = Requirement(line)
            version = locked.get(canonicalize_name(requirement.name))
            assert version is not None, f"{path} lacks {line}: make lock"
            assert requirement.specifier.contains(version), f"{path}: {line}: make lock"


def test_both_locks_agree() -> None:
    """What is developed with is what is released with."""
    runtime, development = (_locked(ROOT / "requirements" / f"{n}.txt") for n in ("runtime", "dev"))

    assert runtime.items() <= development.items()


def test_environment_that_is_up_to_date_is_left_alone(tmp_path: Path) -> None:
    """With the lock's stamp in place, nothing is installed again."""
    for name in ("scripts", "requirements"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/provision").touch(mode=0o755)
    sums = "cat requirements/dev.txt pyproject.toml | cksum > .venv/.locked"
    subprocess.run(["sh", "-c", sums], check=True, cwd=tmp_path)

    done = subprocess.run(
        [tmp_path / "scripts/venv.sh"], check=False, capture_output=True, text=True, timeout=60
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (tmp_path / ".venv/bin/python").exists()


def test_continuous_integration_ends_with_the_tests() -> None:
    """`.ci/run` runs demo, checks and tests in turn, and prints nothing after the tests."""
    lines = (ROOT / ".ci/run").read_text().splitlines()

    assert [line for line in lines if line.startswith("make ")] == [
        "make demo",
        "make check",
        "make test",
    ]
    assert lines[-1] == "make test"
    assert "set -euo pipefail" in lines


@pytest.mark.engine
def test_engine_that_answers_is_used() -> None:
    """An engine that the environment names is handed to the command as it is."""
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    done = _run(SCRIPTS / "engine.py", "run", "sh", "-c", "echo $DOCKER_HOST; exit 7")

    assert done.stdout.strip() == host
    assert done.returncode == 7


def test_private_engine_lives_as_long_as_the_command(bare_checkout: Path) -> None:
    """Without any engine a private one is started, answers, and is gone afterwards; twice."""
    for _ in range(2):
        ask = "import docker; print(docker.from_env().version()['Os'])"
        done = _run(
            bare_checkout / "scripts/engine.py",
            *("run", sys.executable, "-c", ask),
            DOCKER_HOST=NOWHERE,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == "linux"
        assert _private_engines(bare_checkout) == []


def test_private_engine_stops_when_its_user_is_told_to(bare_checkout: Path) -> None:
    """SIGTERM, as a CI system sends it, ends the command first and then the engine."""
    flag = bare_checkout / "started"
    command = ["sh", "-c", f"touch {flag}; exec sleep 120"]
    with subprocess.Popen(
        [sys.executable, str(bare_checkout / "scripts/engine.py"), "run", *command],
        env={**os.environ, "DOCKER_HOST": NOWHERE},
        stderr=subprocess.DEVNULL,
    ) as process:
        while not flag.exists():
            assert process.poll() is None
            time.sleep(0.1)
        assert len(_private_engines(bare_checkout)) == 1
        process.send_signal(signal.SIGTERM)
        code = process.wait()

    assert code == 128 + signal.SIGTERM
    assert _private_engines(bare_checkout) == []


def test_private_engine_stays_when_asked(bare_checkout: Path) -> None:
    """With KEEP=1 the engine outlives the command, is used again, and `stop` ends it."""
    script = bare_checkout / "scripts/engine.py"
    try:
        first = _run(script, "run", "sh", "-c", "echo $DOCKER_HOST", DOCKER_HOST=NOWHERE, KEEP="1")
        kept = _private_engines(bare_checkout)
        second = _run(script, "run", "sh", "-c", "echo $DOCKER_HOST", DOCKER_HOST=NOWHERE)
        still = _private_engines(bare_checkout)
    finally:
        _run(script, "stop")

    assert first.stdout == second.stdout
    assert len(kept) == 1
    assert still == kept
    assert _private_engines(bare_checkout) == []


def test_two_users_share_a_private_engine(bare_checkout: Path) -> None:
    """The first to finish does not stop the engine under the second."""
    script = bare_checkout / "scripts/engine.py"
    go_on, started = bare_checkout / "go-on", bare_checkout / "started"
    wait = f"touch {started}; until [ -e {go_on} ]; do sleep 0.1; done"
    with subprocess.Popen(
        [sys.executable, str(script), "run", "sh", "-c", wait],
        env={**os.environ, "DOCKER_HOST": NOWHERE},
        stderr=subprocess.DEVNULL,
    ) as first:
        while not started.exists():
            assert first.poll() is None
            time.sleep(0.1)
        second = _run(script, "run", "true", DOCKER_HOST=NOWHERE)
        between = _private_engines(bare_checkout)
        go_on.touch()

    assert second.returncode == 0, second.stderr
    assert len(between) == 1
    assert _private_engines(bare_checkout) == []


@pytest.mark.engine
def test_base_image_runs_python() -> None:
    """Whichever base it is, the sample's interpreter starts in it."""
    done = _run(SCRIPTS / "base_image.py")
    assert done.returncode == 0, done.stderr
    base = done.stdout.strip()

    said = docker.from_env().containers.run(base, ["python3", "-c", "print(6 * 7)"], remove=True)

    assert said.strip() == b"42"


@pytest.mark.engine
def test_demo_proves_what_it_says_and_leaves_nothing() -> None:
    """The demo shows a refusal and an admission, no token, and leaves no container or image."""
    done = _run(SCRIPTS / "demo.py")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    (image,) = set(re.findall(r"services/greeter@(sha256:[0-9a-f]{12})", done.stdout))

    by_hand = done.stdout[done.stdout.index("By hand") :]
    engine = docker.from_env()
    containers = engine.containers.list(all=True)

    assert re.findall(r"^HTTP/1.1 (\d+)", by_hand, re.MULTILINE) == ["403", "200", "403"]
    assert "eyJ" not in done.stdout + done.stderr
    assert "gcloud auth application-default login" in done.stdout
    assert not [one for one in containers if image in str(one.attrs["Config"]["Image"])]
    assert engine.images.list(name="greeter") == []
