"""The workflows of the recordings, and what their executions came to at Google."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from provision.emulator.language import compile_source, execute
from tests.emulator.language.world import Notes, World
from tests.golden.recordings import GOLDEN

FOLDER = GOLDEN / "kcc" / "workflows"
_MESSAGE = re.compile(r"^\{\n.*?^\}", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def recorded() -> list[list[dict[str, Any]]]:
    """The JSON messages of each recording, in turn."""
    if not FOLDER.is_dir():
        pytest.skip("the recordings (../shared/golden) are not at hand")
    return [_messages(path) for path in sorted(FOLDER.glob("*.log"))]


def _messages(path: Path) -> list[dict[str, Any]]:
    return [json.loads(found.group()) for found in _MESSAGE.finditer(path.read_text())]


def _inside(message: Any, key: str) -> list[Any]:  # noqa: ANN401 - any JSON
    """Every value of a key, wherever it is in a message."""
    if isinstance(message, list):
        return [found for one in message for found in _inside(one, key)]
    if not isinstance(message, dict):
        return []
    own = [message[key]] if key in message else []
    return own + [found for one in message.values() for found in _inside(one, key)]


def test_every_recorded_source_is_deployed(recorded: list[list[dict[str, Any]]]) -> None:
    """As Google deployed it."""
    sources = {source for life in recorded for source in _inside(life, "sourceContents")}
    assert len(sources) >= 2
    for source in sources:
        assert compile_source(source).routines.keys() == {"main"}


def test_every_recorded_execution_comes_to_the_same(
    recorded: list[list[dict[str, Any]]],
) -> None:
    """The result as JSON, and the step that was the last."""
    compared = 0
    for life in recorded:
        ended = [one for message in life for one in _executions(message) if "result" in one]
        sources = _inside(life, "sourceContents")
        for execution in ended:
            notes = Notes()
            argument = json.loads(execution["argument"])
            result = asyncio.run(execute(compile_source(sources[0]), argument, World(), notes))
            assert json.dumps(result) == execution["result"]
            last = notes.started[-1]
            steps = execution["status"]["currentSteps"]
            assert steps == [{"routine": last.routine, "step": last.step}]
            compared += 1
    assert compared >= 2


def _executions(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The executions that a message is, or lists."""
    listed = message.get("executions", [])
    return [one for one in (message, *listed) if "currentSteps" in one.get("status", {})]
