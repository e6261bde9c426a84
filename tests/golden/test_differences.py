"""The list of differences: what it may not have, and that the documentation tells it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.golden.comparison import Pairing, compare
from tests.golden.differences import NotAllowedError, listed, load

_DOCS = [sys.executable, "scripts/docs.py"]
_ENTRY = """
values:
  - {{recordings: ["*"], steps: "*", path: '{path}', reason: '{reason}'}}
contradictions: []
"""


@pytest.mark.parametrize(
    "path",
    [
        "status",
        "done",
        ".*",
        "error.message",
        r"error\.message",
        r"error\..*",
        r"conditions\[0\].state",
        r"(metadata\.|response\.)?conditions.*",
        r"response\.terminalCondition\.state",
        r"(.*\.)?message",
        r"status\.conditions\[1\]\.reason",
    ],
)
def test_no_entry_may_let_a_status_condition_or_error_text_differ(path: str) -> None:
    """Neither by name nor by a pattern that takes them in."""
    with pytest.raises(NotAllowedError):
        load(_ENTRY.format(path=path, reason="because"))


def test_an_entry_needs_a_reason() -> None:
    """What nobody can explain is a defect."""
    with pytest.raises(NotAllowedError):
        load(_ENTRY.format(path="uri", reason=" "))


@pytest.mark.parametrize(
    ("recorded", "ours"), [({"a": "1"}, {}), ({}, {"a": "1"}), ({"a": ["1"]}, {"a": []})]
)
def test_a_value_entry_covers_no_missing_or_extra_field(recorded: object, ours: object) -> None:
    """The presence of a field is never a matter of the list of values."""
    (entry,) = load(_ENTRY.format(path="a", reason="because"))

    (difference,) = compare(recorded, ours, Pairing())

    assert difference.kind in {"missing", "extra", "length"}
    assert difference.kind not in entry.kinds


def test_a_contradiction_names_the_recording_that_is_followed() -> None:
    """A field may be extra or missing only where another recording shows it so."""
    text = """
values: []
contradictions:
  - {recordings: ["*"], steps: "*", path: uid, kind: extra, shown_by: "", reason: none}
"""
    with pytest.raises(NotAllowedError):
        load(text)


def test_the_project_s_list_is_allowed() -> None:
    """Every entry of the list passes the rules."""
    assert all(entry.reason for entry in listed())


def test_the_documentation_may_not_lag_the_list(tmp_path: Path) -> None:
    """What docs/emulator.md tells is made from the list; a page that was not made anew is told."""
    root = Path(__file__).parents[2]
    for part in ("scripts", "docs", "tests/golden"):
        names = shutil.ignore_patterns("__pycache__", "*.png")
        shutil.copytree(root / part, tmp_path / part, ignore=names)
    page = tmp_path / "docs" / "emulator.md"
    made = subprocess.run(_DOCS, cwd=tmp_path, env=_of(root), check=False)
    assert made.returncode == 0
    assert "registryUri" in page.read_text(encoding="utf-8")
    assert (
        subprocess.run([*_DOCS, "--check"], cwd=tmp_path, env=_of(root), check=False).returncode
        == 0
    )

    listed_text = (tmp_path / "tests/golden/differences.yaml").read_text(encoding="utf-8")
    changed = listed_text.replace("a field that came later", "a field of later days")
    (tmp_path / "tests/golden/differences.yaml").write_text(changed, encoding="utf-8")
    checked = subprocess.run(
        [*_DOCS, "--check"], cwd=tmp_path, env=_of(root), check=False, capture_output=True
    )

    assert changed != listed_text
    assert checked.returncode == 1
    assert b"docs/emulator.md lags" in checked.stderr
    assert b"commands.md" not in checked.stderr


def _of(root: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(root)}
