"""The real gcloud, unmodified, against the emulator, or with ``--cloud google`` against Google.

Its modules are loaded once (`warm`): a command does the same, in a fifth of the time.

It comes by the emulator's proxy, as `provision emulator env` has it, or with ``http://`` endpoints
and the HTTP port as its proxy.

`gcloud` is for tests that hold on either cloud: names of `target`. `local_gcloud` and
`override_gcloud` are for what only an emulator can be asked.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.emulator_shell import evaluated, new_shell
from tests.e2e.gcloud.warm import warm_gcloud

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator, StartEmulator
    from tests.e2e.cloud.target import Target
    from tests.e2e.gcloud.run_service import RunServices

_OVERRIDDEN = ("RUN", "ARTIFACTREGISTRY", "SERVICEUSAGE", "CLOUDRESOURCEMANAGER", "IAM")
_QUIET = {
    "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
    "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
    "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
    "CLOUDSDK_SURVEY_DISABLE_PROMPTS": "1",
    "CLOUDSDK_CORE_CHECK_GCE_METADATA": "0",
}


@dataclass(frozen=True)
class Gcloud:
    """gcloud, with an environment of its own.

    Args:
        program: where it is.
        environ: its whole environment.
    """

    program: str
    environ: Mapping[str, str] = field(repr=False)

    def __call__(self, line: str, *more: str, code: int = 0, given: str = "") -> str:
        """What a command printed on stdout.

        Args:
            line: the command and its arguments, separated by spaces.
            more: arguments that may hold spaces.
            code: how it is expected to end.
            given: what it reads from stdin.
        """
        done = self.tried(line, *more, given=given)
        assert done.returncode == code, done.stderr or done.stdout
        return done.stdout

    def json(self, line: str, *more: str) -> Any:  # noqa: ANN401 - JSON
        """What a command printed as JSON."""
        return json.loads(self(line, *more, "--format=json"))

    def version(self) -> str:
        """Its version, ``528.0.0``."""
        return str(self.json("version")["Google Cloud SDK"])

    def refused(self, line: str, *more: str) -> str:
        """What a command that has to fail (exit code 1) said on stderr."""
        done = self.tried(line, *more)
        assert done.returncode == 1, done.stderr or done.stdout
        return done.stderr

    def told(self, line: str, *more: str) -> str:
        """What a command that worked said on stderr, where gcloud tells what it does."""
        done = self.tried(line, *more)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def having(self, **environ: str | None) -> "Gcloud":
        """The same with other variables; None takes one away."""
        changed = {**self.environ, **environ}
        kept = {name: value for name, value in changed.items() if value is not None}
        return replace(self, environ=kept)

    def tried(self, line: str, *more: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """How a command ended, whatever came of it."""
        arguments = (*line.split(), *more)
        warm = warm_gcloud(self.program)
        if warm is not None:
            return warm.run(arguments, self.environ, given)
        return subprocess.run(
            [self.program, *arguments],
            check=False,
            capture_output=True,
            text=True,
            input=given,
            env=dict(self.environ),
            timeout=120,
        )


@pytest.fixture(scope="session")
def gcloud_program() -> str:
    """Where gcloud is."""
    found = shutil.which("gcloud")
    if found is None:
        pytest.skip("gcloud is not installed; nothing else can tell how it takes the emulator")
    return found


@pytest.fixture(scope="session")
def gcloud(
    gcloud_program: str, target: "Target", tmp_path_factory: pytest.TempPathFactory
) -> Gcloud:
    """The real gcloud on the suite's cloud: the emulator, or Google as the user has it."""
    if target.kind == "google":
        project = {"CLOUDSDK_CORE_PROJECT": target.project}
        return Gcloud(gcloud_program, {**target.environ, **_QUIET, **project})
    home = tmp_path_factory.mktemp("gcloud-home")
    return Gcloud(gcloud_program, evaluated(new_shell(target.environ["PROVISION_EMULATOR"], home)))


@pytest.fixture(scope="session")
def local(start_emulator: "StartEmulator") -> "RunningEmulator":
    """An emulator without an engine that all tests of this folder share."""
    return start_emulator("--engine", "none", "--operation-delay", "0")


@pytest.fixture(scope="session")
def local_gcloud(
    gcloud_program: str, local: "RunningEmulator", tmp_path_factory: pytest.TempPathFactory
) -> Gcloud:
    """The real gcloud on `local`, by the emulator's proxy, as the default identity."""
    home = tmp_path_factory.mktemp("local-home")
    return Gcloud(gcloud_program, evaluated(new_shell(local.http, home)))


@pytest.fixture(scope="session")
def override_gcloud(
    gcloud_program: str, local: "RunningEmulator", tmp_path_factory: pytest.TempPathFactory
) -> Gcloud:
    """The real gcloud on `local`, with ``http://`` endpoints and the HTTP port as its proxy."""
    folder = tmp_path_factory.mktemp("override")
    token = folder / "token"
    token.write_text(local.token())
    host, _, port = local.http.removeprefix("http://").partition(":")
    overrides = {
        f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}": f"http://{api.lower()}.googleapis.com/"
        for api in _OVERRIDDEN
    }
    return Gcloud(
        gcloud_program,
        {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            **_QUIET,
            "CLOUDSDK_CORE_PROJECT": local.project,
            "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(token),
            "CLOUDSDK_PROXY_TYPE": "http",
            "CLOUDSDK_PROXY_ADDRESS": host,
            "CLOUDSDK_PROXY_PORT": port,
            **overrides,
        },
    )


@pytest.fixture(scope="session")
def run(local_gcloud: Gcloud, local: "RunningEmulator") -> "RunServices":
    """`gcloud run` on `local`, with an image to deploy."""
    from tests.e2e.gcloud.run_service import open_run_services

    return open_run_services(local_gcloud, local)


def as_member(gcloud: Gcloud, emulator: "RunningEmulator", member: str, folder: Path) -> Gcloud:
    """The same gcloud with an access token of another member.

    Args:
        gcloud: on that emulator.
        emulator: where the token is from.
        member: ``user:…`` or ``serviceAccount:…``.
        folder: where the token's file goes.
    """
    file = folder / "token"
    file.write_text(emulator.token(member))
    return gcloud.having(
        CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=str(file),
    )
