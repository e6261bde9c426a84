"""What commands print, whatever happens: to a terminal, as JSON, into a file."""

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.functional.conftest import Project

pytestmark = pytest.mark.engine


@pytest.mark.parametrize(
    "words",
    [
        ["plan", "-f", "missing.yaml"],
        ["up"],
        ["verify", "--wait", "soon"],
        ["plan", "--nope"],
        ["grant"],
    ],
)
def test_json_is_printed_whatever_goes_wrong(project: "Project", words: list[str]) -> None:
    """One document on stdout, with what went wrong in it."""
    done = project.run(*words, "--json")
    assert done.code == 2
    assert done.document["error"]["message"]
    assert done.document["exit_code"] == 2


def test_nothing_in_a_spec_can_write_to_the_terminal(project: "Project") -> None:
    """Control characters are shown, markup is text, and a poor terminal gets question marks."""
    project.declare(env={"A": "\x1b[2Jgone", "B": "a\n  = bind   nothing to do", "C": "[bold]x"})
    done = project.run("plan", PYTHONIOENCODING="ascii")
    assert done.code == 0, done.err
    assert "\x1b" not in done.out
    assert "\\x1b[2Jgone" in done.out
    assert "[bold]x" in done.out
    assert not any(line.startswith("  = bind   nothing") for line in done.out.splitlines())


def test_errors_fit_a_terminal_and_commands_stay_whole(project: "Project") -> None:
    """Lines end between words, and what is to be copied is in one piece."""
    narrow = {"FORCE_COLOR": "1", "NO_COLOR": "1", "TERM": "xterm", "COLUMNS": "30"}
    said = project.run("execute", "orders", **narrow).err.splitlines()
    assert "job: only jobs are executed." in said
    assert "`provision call service/orders`" in said


def test_output_that_goes_into_the_context_is_no_input(project: "Project") -> None:
    """`provision up > up.txt` is what people type, in the directory that is built."""
    with (project.path / "up.txt").open("w") as out, (project.path / "log").open("w") as err:
        command = [sys.executable, "-m", "provision", "up", "--yes", "--wait", "3s"]
        done = subprocess.run(
            command,
            cwd=project.path,
            env=project.environ,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            timeout=180,
            check=False,
        )
    assert done.returncode == 0, (project.path / "log").read_text()
