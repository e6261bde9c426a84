"""The end-to-end suite's target: the emulator, or with ``--cloud google`` Google Cloud itself.

Against Google, what is different there is told as a difference, one paragraph each and all together
at the end: the test's sentence says what the emulator does, the failure what Google did.
"""

import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import DEVELOPER, Clients
from tests.e2e.cloud.clean import clean
from tests.e2e.cloud.target import Target, google

if TYPE_CHECKING:
    from tests.conftest import StartEmulator


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which cloud, and where in it."""
    group = parser.getgroup("cloud", "the cloud that the end-to-end suite runs against")
    group.addoption("--cloud", choices=["emulator", "google"], default="emulator")
    group.addoption("--project", help="project id, with --cloud google")
    group.addoption("--region", help="region, with --cloud google")


def _is_google(config: pytest.Config) -> bool:
    # The options are there only when pytest is pointed at this folder.
    return bool(config.getoption("--cloud", "emulator") == "google")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Against Google, run what speaks to a cloud; the rest is about this machine."""
    if _is_google(config):
        chosen = [one for one in items if "target" in getattr(one, "fixturenames", ())]
        config.hook.pytest_deselected(items=[one for one in items if one not in chosen])
        items[:] = chosen


@pytest.fixture
def bare_checkout(tmp_path: Path) -> Path:
    """A checkout's scripts, where no Docker engine answers and a private one can be started."""
    if Path("/var/run/docker.sock").exists():
        pytest.skip("an engine is at the default socket: there is no need for a private one")
    if os.geteuid() != 0 or shutil.which("dockerd") is None:
        pytest.skip("a private engine needs root and dockerd")
    shutil.copytree(Path(__file__).parents[2] / "scripts", tmp_path / "scripts")
    return tmp_path


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """The cloud, with names of this run's own; what was made is deleted at the end."""
    made = _of_google(request) if _is_google(request.config) else _of_emulator(request)
    yield made
    if made.kind == "google":
        left = clean(made, _tell)
        assert not left, "could not be deleted: " + "; ".join(left)


def _of_google(request: pytest.FixtureRequest) -> Target:
    project, region = (request.config.getoption(f"--{name}") for name in ("project", "region"))
    if not project or not region:
        pytest.exit("--cloud google needs --project and --region", returncode=2)
    return google(project, region, _new_run())


def _of_emulator(request: pytest.FixtureRequest) -> Target:
    start: StartEmulator = request.getfixturevalue("start_emulator")
    emulator = start("--operation-delay", "0")
    home = request.getfixturevalue("tmp_path_factory").mktemp("home")
    kept = ("PATH", "DOCKER_HOST", "LANG", "PYTHONPATH")
    passed = {name: os.environ[name] for name in kept if name in os.environ}
    return Target(
        kind="emulator",
        project=emulator.project,
        region="asia-east1",
        run=_new_run(),
        member=DEVELOPER,
        environ={**passed, "HOME": str(home), "PROVISION_EMULATOR": emulator.http},
        client=Clients(emulator, "grpc", DEVELOPER).make,
    )


def _new_run() -> str:
    return secrets.token_hex(3)


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:  # noqa: ANN401 - pytest's
    """Against Google, a failure is a difference: the emulator passes the same test."""
    report = yield
    if _is_google(item.config) and report.when == "call" and report.failed and call.excinfo:
        says = (getattr(item.obj, "__doc__", "") or "").strip()  # type: ignore[attr-defined] # functions have it
        saw = call.excinfo.exconly(tryshort=True)
        report.longrepr = f"With the emulator: {says}\nHere: {saw}\n"
    return report


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:  # noqa: ANN401 - pytest's
    """Every difference once more, together."""
    if not _is_google(config):
        return
    found = terminalreporter.stats.get("failed", [])
    terminalreporter.section(f"differences from the emulator: {len(found)}")
    for report in found:
        terminalreporter.write_line(f"{report.nodeid}\n{report.longrepr}")
