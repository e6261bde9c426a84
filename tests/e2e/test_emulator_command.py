"""`provision emulator`: the process that it starts, finds again and stops."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from provision.cli.emulator_process import check_packages
from provision.errors import UsageError

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Runs `provision emulator …` with a state folder of its own; stops what is left running."""
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "NO_COLOR": "1"}

    def command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        main = "from provision.__main__ import main; main()"
        return subprocess.run(
            [sys.executable, "-c", main, "emulator", *arguments],
            check=False,
            capture_output=True,
            text=True,
            env=environment | variables,
            timeout=120,
        )

    yield command
    for record in (tmp_path / "provision").glob("*.json"):
        command("stop", "--name", json.loads(record.read_text())["name"])


def _start(run: Run, *arguments: str) -> dict[str, Any]:
    done = run("start", "--port", "0", "--engine", "none", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert isinstance(told, dict)
    return told


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_emulator", timeout=10) as answer:  # noqa: S310 - http, on loopback
            return bool(answer.status == 200)
    except OSError:
        return False


def test_start_returns_with_the_emulator_listening(run: Run) -> None:
    """When `start` returns, the emulator answers where it said it would."""
    told = _start(run)

    assert told["started"] is True
    assert told["http"].startswith("http://127.0.0.1:")
    assert _answers(told["http"])


def test_text_can_be_evaluated_by_a_shell(run: Run) -> None:
    """Without --json, the export line is all there is on stdout."""
    done = run("start", "--port", "0", "--engine", "none")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("export PROVISION_EMULATOR=http://127.0.0.1:")
    assert done.stdout.count("\n") == 1


def test_second_start_finds_the_first(run: Run) -> None:
    """An emulator that runs already is said to, and none is added."""
    first = _start(run)
    second = _start(run)

    assert second["started"] is False
    assert second["pid"] == first["pid"]


def test_stop_ends_it(run: Run) -> None:
    """After `stop` nothing answers any more, and `status` knows."""
    told = _start(run)

    assert run("stop").returncode == 0
    assert not _answers(told["http"])
    assert run("status").returncode == 1


def test_status_and_stop_read_well(run: Run) -> None:
    """Values stand below each other; whoever stops it is told what the shell still has set."""
    told = _start(run)
    lines = run("status").stdout.splitlines()
    values = [line.split(maxsplit=1)[1] for line in lines]
    columns = {line.index(value) for line, value in zip(lines, values, strict=True)}
    stopped = run("stop", PROVISION_EMULATOR=told["http"], PROVISION_EMULATOR_ENV="HTTPS_PROXY")

    assert "yes" in values
    assert "None" not in values
    assert len(columns) == 1
    assert 'eval "$(provision emulator env --unset)"' in stopped.stderr


def test_undoing_nothing_says_so(run: Run) -> None:
    """Where the variables were never set, `--unset` does no harm and says so."""
    done = run("env", "--unset")

    assert done.returncode == 0
    assert "Nothing is to be undone" in done.stderr


def test_stop_without_emulator_is_no_error(run: Run) -> None:
    """Stopping what does not run is done already."""
    done = run("stop")

    assert done.returncode == 0
    assert "does not run" in done.stderr


def test_status_says_where_it_is(run: Run) -> None:
    """`status` shows what `start` did, and its exit code is 0 while it runs."""
    told = _start(run)
    done = run("status", "--json")

    assert done.returncode == 0
    shown = json.loads(done.stdout)
    assert shown["running"] is True
    assert {key: shown[key] for key in ("http", "grpc", "pid", "project")} == {
        key: told[key] for key in ("http", "grpc", "pid", "project")
    }


def test_status_of_none_is_exit_code_1(run: Run) -> None:
    """Without an emulator, `status` says so on both channels."""
    done = run("status", "--json")

    assert done.returncode == 1
    assert json.loads(done.stdout) == {"name": "default", "running": False}


def test_projects_are_those_named(run: Run) -> None:
    """The emulator begins with the projects that were asked for."""
    told = _start(run, "--project", "acme-prod", "--project", "acme-test")

    assert told["project"] == "acme-prod"
    assert told["projects"] == ["acme-prod", "acme-test"]


def test_names_keep_emulators_apart(run: Run) -> None:
    """Two names are two emulators; stopping one leaves the other."""
    one, two = _start(run, "--name", "one"), _start(run, "--name", "two")

    assert one["http"] != two["http"]
    run("stop", "--name", "one")
    assert not _answers(one["http"])
    assert _answers(two["http"])


def test_reset_forgets(run: Run) -> None:
    """After `reset` the emulator runs on, in the state it began with."""
    told = _start(run)
    done = run("reset", "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["reset"] is True
    assert _answers(told["http"])


def test_reset_without_emulator_is_an_error(run: Run) -> None:
    """There is nothing to reset, and how to start one is said."""
    done = run("reset")

    assert done.returncode == 1
    assert "provision emulator start" in done.stderr


def test_taken_port_is_named(run: Run) -> None:
    """A port that something else has is an error that says which one and what to do."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run("start", "--port", str(port))

    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_records_are_for_their_owner_alone(run: Run, tmp_path: Path) -> None:
    """What is written down about an emulator, and its log, nobody else may read."""
    _start(run)
    written = list((tmp_path / "provision").glob("emulator.[jl]*"))

    assert {path.name for path in written} >= {"emulator.json", "emulator.log"}
    for path in written:
        if path.suffix != ".lock":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_another_process_with_its_number_is_left_alone(run: Run, tmp_path: Path) -> None:
    """A record that outlived its emulator does not get an innocent process killed."""
    _start(run)
    record = tmp_path / "provision" / "emulator.json"
    old = record.read_text()
    run("stop")
    with subprocess.Popen(["sleep", "60"]) as innocent:
        record.write_text(json.dumps({**json.loads(old), "pid": innocent.pid}))
        done = run("stop")
        survived = innocent.poll() is None
        innocent.kill()

    assert survived
    assert "does not run" in done.stderr


def test_emulator_that_cannot_start_shows_its_log(run: Run, tmp_path: Path) -> None:
    """What kept the emulator from starting is in the error, and it is no traceback of ours."""
    data = tmp_path / "file"
    data.write_text("not a folder")
    done = run("start", "--port", "0", "--engine", "none", "--data", str(data))

    assert done.returncode == 1
    assert "starting the emulator" in done.stderr
    assert str(tmp_path / "provision" / "emulator.log") in done.stderr
    assert run("status").returncode == 1


def test_data_outlives_a_restart(run: Run, tmp_path: Path) -> None:
    """The same data folder brings the same project back without naming it again."""
    data = str(tmp_path / "data")
    _start(run, "--data", data, "--project", "acme-prod")
    run("stop")
    told = _start(run, "--data", data)

    assert "acme-prod" in told["projects"]


def test_foreground_ends_with_the_terminal(tmp_path: Path) -> None:
    """In the foreground it writes its line to stdout, and Ctrl-C ends it without a traceback."""
    main = "from provision.__main__ import main; main()"
    arguments = ["emulator", "start", "--foreground", "--port", "0", "--engine", "none"]
    with subprocess.Popen(
        [sys.executable, "-c", main, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
    ) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        answered = _answers(told["http"])
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)

    assert answered
    assert process.returncode == 0
    assert "Traceback" not in said


def test_missing_packages_are_named() -> None:
    """Without the extra's packages, the error says which, and how to install them."""
    with pytest.raises(UsageError, match="no_such_package") as caught:
        check_packages(["json", "no_such_package"])

    assert caught.value.hint == "pip install 'provision[emulator]'"


@pytest.mark.parametrize("name", ["../up", "A", "", "a" * 32])
def test_names_that_are_no_file_names_are_refused(run: Run, name: str) -> None:
    """A name becomes part of a file's name, so it may not be anything else."""
    done = run("status", "--name", name)

    assert done.returncode == 2
    assert "cannot be called" in done.stderr
