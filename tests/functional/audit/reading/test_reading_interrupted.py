"""The live reading on bad days: too much at once, cut connections, killed in the middle, and on."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from provision.clients.clock import Clock
from provision.clients.google import GoogleClients
from provision.clients.reading import Written, read, write
from provision.clients.reading.follow import Wanted
from provision.clients.reading.journal import beside
from provision.clients.reading.scheduler import Patience
from provision.clients.reading.steps import Outcome, Step
from provision.clients.reading.walk import Walk
from provision.errors import ProvisionError, UsageError
from provision.snapshot import Snapshot, load
from provision.snapshot.records import AnyRecord, Header, Part, Unread
from tests.conftest import RunningEmulator
from tests.functional.audit import reading_world as world

ENOUGH = 60
"""Calls that a run has made before it is interrupted, less than a third of all."""


@pytest.fixture(scope="module")
def calm(google: GoogleClients) -> Snapshot:
    """The project, read without any trouble."""
    return read(google, world.PROJECT)


def known(records: Snapshot) -> Counter[AnyRecord]:
    """What a snapshot holds, in no order, the header aside."""
    return Counter(one for one in records if not isinstance(one, Header))


@pytest.mark.parametrize(
    "fault",
    [
        {"code": "RESOURCE_EXHAUSTED", "retryDelay": 0.05, "times": 40},
        {"code": "RESOURCE_EXHAUSTED", "retryDelay": None, "times": 10},
        {"code": "UNAVAILABLE", "times": 20},
        {"code": "INTERNAL", "times": 5},
        {"kind": "cut", "times": 5},
    ],
    ids=["429 with a delay", "429", "503", "500", "cut"],
)
def test_what_passes_is_waited_out(
    cloud: RunningEmulator, google: GoogleClients, calm: Snapshot, fault: dict[str, Any]
) -> None:
    """Nothing is missing, and nothing is unread, because of it."""
    cloud.admin("POST", "/faults", method="*", skip=3, **fault)
    assert known(read(google, world.PROJECT)) == known(calm)
    (played,) = cloud.admin("GET", "/faults")["faults"]
    assert played["played"] == fault["times"]


def test_what_does_not_pass_is_unread_in_the_end(
    cloud: RunningEmulator, google: GoogleClients
) -> None:
    """As often as patience lasts, and then the rest goes on without it."""
    down = {"code": "UNAVAILABLE", "message": "try later", "times": None}
    cloud.admin("POST", "/faults", method="*.Jobs/GetIamPolicy", **down)
    found: list[AnyRecord] = []

    def keep(_: Step, outcome: Outcome) -> None:
        found.extend(outcome.records)

    patience = Patience(attempts=3, first=0.01)
    Walk(google, Wanted(world.PROJECT), keep, patience=patience).go()
    unread = [one for one in found if isinstance(one, Unread) and one.of == world.NIGHTLY]
    assert unread == [Unread(world.NIGHTLY, Part.POLICY, "try later")]
    (played,) = cloud.admin("GET", "/faults")["faults"]
    assert played["played"] == 3


def test_a_disabled_api_has_nothing_there(
    cloud: RunningEmulator, google: GoogleClients, calm: Snapshot
) -> None:
    """It is the service that says so: nothing is unread."""
    url = f"/v1/{world.PROJECT}/services/eventarc.googleapis.com"
    _service_usage(cloud, f"{url}:disable")
    try:
        found = read(google, world.PROJECT)
    finally:
        _service_usage(cloud, f"{url}:enable")
    assert world.TRIGGER not in {one.name for one in found.callers}
    assert found.unread == calm.unread


def _service_usage(cloud: RunningEmulator, path: str) -> None:
    session = world.google_of(cloud).rest
    assert session.post(f"{cloud.http}{path}", json={}, timeout=30).ok


def snapshotting(cloud: RunningEmulator, file: Path) -> subprocess.Popen[str]:
    """`provision audit snapshot`, just started."""
    command = [sys.executable, "-m", "provision", "audit", "snapshot"]
    return subprocess.Popen(
        [*command, "--scope", "project/demo-project", "-o", str(file)],
        env={**os.environ, "PROVISION_EMULATOR": cloud.http},
        stderr=subprocess.PIPE,
        text=True,
    )


def start_reading(cloud: RunningEmulator, file: Path) -> subprocess.Popen[str]:
    """`provision audit snapshot`, each call a little late, until its journal has enough."""
    cloud.admin("POST", "/faults", method="*", kind="latency", seconds=0.05, times=None)
    process = snapshotting(cloud, file)
    while journaled(file) < ENOUGH:
        assert process.poll() is None, process.communicate()
    return process


def journaled(file: Path) -> int:
    """How many steps are whole in a file's journal."""
    path = beside(file)
    return max(0, path.read_bytes().count(b"\n") - 1) if path.exists() else 0


def interrupt(process: subprocess.Popen[str], signum: int) -> int:
    """End it; its exit code."""
    process.send_signal(signum)
    process.communicate(timeout=60)
    return process.returncode


def gone_on(cloud: RunningEmulator, google: GoogleClients, file: Path) -> tuple[Written, list[str]]:
    """The same reading again, and what it said."""
    cloud.admin("DELETE", "/faults")
    cloud.admin("DELETE", "/requests")
    said: list[str] = []
    return write(google, world.PROJECT, file, say=said.append), said


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_run_goes_on_where_another_was_interrupted(
    cloud: RunningEmulator, google: GoogleClients, calm: Snapshot, tmp_path: Path, signum: int
) -> None:
    """Killed or stopped: no call whose answer came is made again, and the snapshot is whole."""
    file = tmp_path / "org.jsonl.zst"
    process = start_reading(cloud, file)
    code = interrupt(process, signum)
    assert signum != signal.SIGINT or code == 130
    before = journaled(file)
    assert not file.exists()
    whole = write(google, world.PROJECT, tmp_path / "other.jsonl")
    written, said = gone_on(cloud, google, file)
    assert (written.resumed, written.calls) == (before, whole.calls - before)
    asked = [one for one in cloud.requests() if not one["method"].startswith("token")]
    assert len(asked) == written.calls
    assert said[0].startswith(f"Going on where an earlier run stopped: {before} calls")
    assert known(load(file)) == known(calm)
    assert not beside(file).exists()


def named(requests: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What was asked; several services are asked for their locations by one name."""
    asked = [(one["method"], one["resource"]) for one in requests]
    return [one for one in asked if not one[0].endswith(".Locations/ListLocations")]


def test_ctrl_c_keeps_what_is_on_its_way(
    cloud: RunningEmulator, google: GoogleClients, tmp_path: Path
) -> None:
    """So no call that was answered is made twice, those in flight included."""
    file = tmp_path / "org.jsonl"
    interrupt(start_reading(cloud, file), signal.SIGINT)
    answered = [one for one in cloud.requests() if one["status"] == "OK"]
    first = named(answered)
    gone_on(cloud, google, file)
    again = named(cloud.requests())
    assert len(first) >= ENOUGH
    assert not set(first) & set(again)


def test_what_was_refused_is_asked_again(
    cloud: RunningEmulator, google: GoogleClients, calm: Snapshot, tmp_path: Path
) -> None:
    """The permission may have been given meanwhile."""
    file = tmp_path / "org.jsonl"
    refused = {"code": "PERMISSION_DENIED", "times": None}
    cloud.admin("POST", "/faults", method="*.Projects/GetIamPolicy", **refused)
    interrupt(start_reading(cloud, file), signal.SIGINT)
    gone_on(cloud, google, file)
    assert known(load(file)) == known(calm)


def test_a_quota_that_holds_the_reading_up_is_told(
    cloud: RunningEmulator, google: GoogleClients, calm: Snapshot, tmp_path: Path
) -> None:
    """Which one, and about how long it takes; Ctrl-C then loses nothing."""
    file = tmp_path / "org.jsonl"
    much = {"code": "RESOURCE_EXHAUSTED", "times": None}
    cloud.admin("POST", "/faults", method="*.Policies/ListPolicies", **much)
    process = snapshotting(cloud, file)
    assert process.stderr is not None
    said = next(line for line in process.stderr if line.startswith("waiting"))
    assert interrupt(process, signal.SIGINT) == 130
    words = "waiting for the quota of IAM deny policies, 5 a minute: about "
    assert said.startswith(words)
    assert len(said.rstrip()) <= 80
    written, _ = gone_on(cloud, google, file)
    assert written.resumed > ENOUGH
    assert known(load(file)) == known(calm)


def test_a_scope_that_cannot_be_seen_leaves_no_journal(
    google: GoogleClients, tmp_path: Path
) -> None:
    """There is nothing to go on with."""
    with pytest.raises(ProvisionError):
        write(google, "projects/not-there-at-all", tmp_path / "org.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_snapshot_and_journal_are_their_owner_s_alone(
    cloud: RunningEmulator, google: GoogleClients, tmp_path: Path
) -> None:
    """They name people and what these may do."""
    file = tmp_path / "org.jsonl"
    interrupt(start_reading(cloud, file), signal.SIGKILL)
    assert stat.S_IMODE(beside(file).stat().st_mode) == 0o600
    gone_on(cloud, google, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


class _Later(Clock):
    """The system's clock, some hours on."""

    def now(self) -> datetime:
        """The time, seven hours from now."""
        return datetime.now(tz=UTC) + timedelta(hours=7)


def test_what_was_read_long_ago_is_read_anew(
    cloud: RunningEmulator, google: GoogleClients, calm: Snapshot, tmp_path: Path
) -> None:
    """And it is said."""
    file = tmp_path / "org.jsonl"
    interrupt(start_reading(cloud, file), signal.SIGKILL)
    cloud.admin("DELETE", "/faults")
    said: list[str] = []
    written = write(google, world.PROJECT, file, say=said.append, clock=_Later())
    assert said == ["An earlier run began more than 6 hours ago: reading anew."]
    assert written.resumed == 0
    assert known(load(file)) == known(calm)


def test_what_another_scope_was_read_for_is_not_gone_on_with(
    cloud: RunningEmulator, google: GoogleClients, tmp_path: Path
) -> None:
    """Nor with other options."""
    file = tmp_path / "org.jsonl"
    interrupt(start_reading(cloud, file), signal.SIGKILL)
    cloud.admin("DELETE", "/faults")
    said: list[str] = []
    written = write(google, world.PROJECT, file, keys=False, say=said.append)
    assert said == ["An earlier run read something else, or as somebody else: reading anew."]
    assert written.resumed == 0


@pytest.mark.parametrize("tail", ['[["services","projects/demo', "\x00\x00\n"])
def test_a_line_that_a_crash_cut_off_is_read_again(
    cloud: RunningEmulator, google: GoogleClients, calm: Snapshot, tmp_path: Path, tail: str
) -> None:
    """What stands before it counts."""
    file = tmp_path / "org.jsonl"
    interrupt(start_reading(cloud, file), signal.SIGKILL)
    before = journaled(file)
    with beside(file).open("a") as journal:
        journal.write(tail)
    written, _ = gone_on(cloud, google, file)
    assert written.resumed == before
    assert known(load(file)) == known(calm)


def test_a_journal_of_no_kind_is_begun_anew(
    cloud: RunningEmulator, google: GoogleClients, tmp_path: Path
) -> None:
    """And it is said."""
    file = tmp_path / "org.jsonl"
    beside(file).write_text("what is this?\n")
    written, said = gone_on(cloud, google, file)
    assert said == ["What an earlier run left is damaged: reading anew."]
    assert written.resumed == 0


def test_two_runs_do_not_write_one_file(
    cloud: RunningEmulator, google: GoogleClients, tmp_path: Path
) -> None:
    """The second is told so, and the first comes to its end."""
    file = tmp_path / "org.jsonl"
    process = start_reading(cloud, file)
    with pytest.raises(UsageError, match="another run is reading into the same file"):
        write(google, world.PROJECT, file)
    cloud.admin("DELETE", "/faults")
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert load(file).targets


def test_a_page_that_is_not_there_any_more_is_asked_from_the_first(
    cloud: RunningEmulator, google: GoogleClients, calm: Snapshot, tmp_path: Path
) -> None:
    """Tokens of pages end; what was listed before counts once."""
    file = tmp_path / "org.jsonl"
    interrupt(start_reading(cloud, file), signal.SIGKILL)
    lines = beside(file).read_text().splitlines()
    ended = Step("services", world.PROJECT, ("asia-east1", "page=ended"))
    first = json.loads(lines[1])
    assert first[0][0] == "container"
    first[1].setdefault("then", []).append([ended.kind, ended.of, list(ended.rest)])
    beside(file).write_text("\n".join([lines[0], json.dumps(first), *lines[2:], ""]))
    gone_on(cloud, google, file)
    assert known(load(file)) == known(calm)
