"""The file that state is kept in: order, restarts, kills, older and foreign files."""

import json
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from provision.emulator import history
from provision.emulator.store import Store
from tests.conftest import DEVELOPER, Clients, RunningEmulator, StartEmulator

if TYPE_CHECKING:
    from provision.emulator.store import Table

Step = tuple[str, str, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "pop", "restart"]),
        st.sampled_from(["a/x/1", "a/x/2", "a/x/2/y/1", "a/z/1", "top"]),
        st.integers(0, 9),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_a_table_keeps_what_a_dictionary_would(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    """The same records in the same order, whatever was put, taken out, or read from the file."""
    folder, expected = tmp_path_factory.mktemp("state"), dict[str, int]()
    store = Store(folder)
    table: Table[int] = store.table("numbers")
    for verb, key, number in steps:
        if verb == "put":
            expected[key] = table.put(key, number)
        elif verb == "pop":
            assert table.pop(key) == expected.pop(key, None)
        else:
            store.close()
            store = Store(folder)
            table = store.table("numbers")
        assert list(table) == list(expected)
        assert [table.get(one) for one in table] == list(expected.values())
        assert table.values() == tuple(expected.values())
        assert table.below("a/x") == [one for one in expected if one in ("a/x/1", "a/x/2")]
        assert (key in table) is (key in expected)
    store.close()


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_every_moment_can_be_read_again(steps: list[Step]) -> None:
    """Within the versions that are remembered, a read of the past sees what was there then."""
    table: Table[dict[str, int]] = Store(None).table("numbers")
    moments = []
    for verb, key, number in steps[:15]:
        if verb == "pop":
            table.pop(key)
        else:  # changed in place, as services are
            record = table.get(key) or {}
            record["number"] = number
            table.put(key, record)
        seen = {one: json.dumps(table.get(one)) for one in table}
        moments.append((history.now(), seen, table.below("a/x")))
    for moment, seen, below in moments:
        with history.reading_as_of(moment):
            assert {one: json.dumps(table.get(one)) for one in table} == seen
            assert [json.dumps(one) for one in table.values()] == list(seen.values())
            assert table.below("a/x") == below
            assert all(one in table for one in seen)


def test_what_is_older_than_this_run_is_read_from_the_file(tmp_path: Path) -> None:
    """A record that a former run made was there before its first change in this one."""
    first = Store(tmp_path)
    words: Table[str] = first.table("words")
    words.put("a", "old")
    first.close()
    second = Store(tmp_path)
    table: Table[str] = second.table("words")
    moment = history.now()
    table.put("a", "new")
    table.put("b", "new")
    with history.reading_as_of(moment):
        assert (table.get("a"), table.get("b"), list(table)) == ("old", None, ["a"])
    assert table.values() == ("new", "new")
    second.close()


def test_the_past_is_remembered_within_bounds() -> None:
    """Of many large records the oldest are forgotten, and read as they are now."""
    table: Table[str] = Store(None).table("texts")
    for number in range(200):
        table.put(f"k{number}", "a" * 50_000)
    moment = history.now()
    for key in ("k0", "k199"):
        table.put(key, "b" * 50_000)
    with history.reading_as_of(moment):
        assert [(table.get(key) or " ")[0] for key in ("k0", "k199")] == ["b", "a"]


WRITER = """
import itertools, sys
from pathlib import Path
from provision.emulator.store import Store
table = Store(Path(sys.argv[1])).table("numbers")
for number in itertools.count():
    table.put(f"k{number}", number)
    table.put("last", number)
    table.pop(f"k{number - 5}")
    print(number, flush=True)
"""


def test_a_kill_loses_nothing_that_was_written(tmp_path: Path) -> None:
    """Each write that returned is there, and the record in the making is whole or absent."""
    root = str(Path(__file__).parents[3])
    for _ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
        )
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(200)]
        writer.send_signal(signal.SIGKILL)
        told += [int(line) for line in writer.stdout if line.endswith("\n")]
        writer.wait()
        writer.stdout.close()
        store = Store(tmp_path)
        table: Table[int] = store.table("numbers")
        last = table.get("last")
        assert last is not None
        assert last - told[-1] in (0, 1)
        # The one before these may be gone: the next round may have been about to tell so.
        assert {f"k{number}" for number in range(told[-1] - 3, told[-1] + 1)} <= set(table)
        store.reset()
        store.close()


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    """It has the secret that tokens are sealed with."""
    store = Store(tmp_path / "data")
    secrets: Table[str] = store.table("secrets")
    secrets.put("tokens", "00")
    files = list((tmp_path / "data").iterdir())
    assert {one.name for one in files} >= {"state.sqlite", "state.sqlite-wal"}
    assert {stat.S_IMODE(one.stat().st_mode) for one in files} == {0o600}
    store.close()


def test_two_emulators_cannot_use_one_folder(
    start_emulator: StartEmulator, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The second one ends with a sentence; the first goes on."""
    first = start_emulator("--engine", "none", "--data", str(tmp_path))
    (tmp_path / "place.json").unlink()  # else the port is what stops it
    with pytest.raises(AssertionError, match="ended before it was ready"):
        start_emulator("--engine", "none", "--data", str(tmp_path))
    told = capfd.readouterr().err
    assert "the emulator cannot start" in told
    assert "database is locked" in told
    assert "Traceback" not in told
    assert Clients(first, "grpc", DEVELOPER).projects.get_project(name="projects/demo-project")
    first.stop()


@pytest.mark.parametrize("content", [b"no database at all" * 100, None])
def test_a_file_that_cannot_be_used_is_told_in_a_sentence(
    tmp_path: Path, content: bytes | None
) -> None:
    """Damaged, or of a later version."""
    path = tmp_path / "state.sqlite"
    if content is None:
        later = sqlite3.connect(path)
        later.execute("PRAGMA user_version = 2")
        later.close()
    else:
        path.write_bytes(content)
    with pytest.raises(RuntimeError, match=r"state\.sqlite (cannot be used|was made by a later)"):
        Store(tmp_path)


def test_a_folder_of_an_earlier_version_is_taken_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One file a record becomes one row a record; what was in progress is known to be."""
    for order, (table, key, value) in enumerate(
        [
            ("projects", "b", {"project_id": "b"}),
            ("projects", "a", {"project_id": "a"}),
            ("operations", "o/1", {"name": "o/1", "done": True}),
            ("operations", "o/2", {"name": "o/2"}),
        ]
    ):
        entry = tmp_path / "state" / table / f"{order}.json"
        entry.parent.mkdir(parents=True, exist_ok=True)
        entry.write_text(json.dumps({"key": key, "order": order + 1, "value": value}))
    store = Store(tmp_path)
    assert "took over 4 records" in capsys.readouterr().err
    assert list(store.table("projects")) == ["b", "a"]
    assert store.table("projects").get("a") == {"project_id": "a"}
    assert list(store.table("operations-pending")) == ["o/2"]
    assert not (tmp_path / "state").exists()
    store.close()


CUT_OFF = """
import asyncio, os, signal, sys
from pathlib import Path
from provision.emulator.store import Store
async def main():
    store = Store(Path(sys.argv[1]))
    table = store.table("numbers")
    table.put("whole", 1)
    await asyncio.sleep(0.01)
    table.put("told", 2)
    store.flush()
    table.put("whole", 3)
    table.put("half", 4)
    table.pop("told")
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


def test_a_kill_in_the_middle_of_a_change_leaves_nothing_of_it(tmp_path: Path) -> None:
    """What is written in one step is there as a whole or not at all; what was told is there."""
    root = str(Path(__file__).parents[3])
    command = [sys.executable, "-c", CUT_OFF, str(tmp_path)]
    assert subprocess.run(command, cwd=root, check=False).returncode == -signal.SIGKILL
    store = Store(tmp_path)
    table: Table[int] = store.table("numbers")
    assert {key: table.get(key) for key in table} == {"whole": 1, "told": 2}
    store.close()


def test_a_full_disk_is_told_and_what_did_not_fit_is_kept_once_there_is_room(
    start_emulator: StartEmulator, tmp_path: Path
) -> None:
    """No write is acknowledged that a restart would not find; reading goes on."""
    first = start_emulator("--engine", "none", "--data", str(tmp_path), "--answers", "/dev/null")
    clients = Clients(first, "grpc", DEVELOPER)
    _, hard = resource.prlimit(first.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(first.process.pid, resource.RLIMIT_FSIZE, (1, hard))
    refused = [_add_account(first, f"robot-{number}") for number in range(3)]
    assert {status for status, _ in refused} == {500}
    assert "cannot be written" in refused[0][1]["error"]["message"]
    assert clients.projects.get_project(name="projects/demo-project")
    resource.prlimit(first.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    assert _add_account(first, "robot-9")[0] == 200
    first.stop(signal.SIGKILL)
    second = start_emulator("--engine", "none", "--data", str(tmp_path))
    for number in (0, 1, 2, 9):
        assert _add_account(second, f"robot-{number}")[0] == 409
    second.stop()


def _add_account(emulator: RunningEmulator, account: str) -> tuple[int, Any]:
    answer = requests.post(
        f"{emulator.http}/v1/projects/demo-project/serviceAccounts",
        json={"accountId": account},
        headers={"Authorization": f"Bearer {emulator.token()}"},
        timeout=30,
    )
    return answer.status_code, answer.json()
