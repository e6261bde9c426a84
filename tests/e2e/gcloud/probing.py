"""Putting a case to a program, and looking at what became of the service."""

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import requests
import yaml
from google.auth.transport.requests import Request
from google.cloud import run_v2
from google.oauth2.credentials import Credentials

from tests.e2e.gcloud.probes import Probe
from tests.e2e.gcloud.run_service import ANN, REGION, RunServices

SET_POLICY = "google.cloud.run.v*.Services/SetIamPolicy"
STRANGER = "user:eve@elsewhere.example.net"
EVERYBODY, EVERY_ACCOUNT, NOBODY = "to everybody", "to every Google account", "no"

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Outcome:
    """What became of one case with one program.

    Args:
        code: the command's exit code.
        writes: calls that write, and how those that were refused were answered.
        public: who can call it without being named: `EVERYBODY`, `EVERY_ACCOUNT` or `NOBODY`.
        bindings: the policy afterwards, a binding a text.
        revisions: how many the service has.
        told: the lines that speak of the matter.
    """

    code: int
    writes: tuple[str, ...]
    public: str
    bindings: tuple[str, ...]
    revisions: int
    told: tuple[str, ...]


class Program(Protocol):
    """Something that deploys services and lets callers in."""

    @property
    def name(self) -> str:
        """As the page names it."""

    def deploy(self, service: str) -> None:
        """Deploy a private service."""

    def ask(self, probe: Probe, service: str) -> Done:
        """Run its command of a case."""


@dataclass(frozen=True)
class GcloudProgram:
    """The real gcloud.

    Args:
        run: where it goes.
    """

    run: RunServices
    name: str = "gcloud"

    def deploy(self, service: str) -> None:
        """By ``gcloud run deploy``."""
        self.run.deploy(service, "--no-allow-unauthenticated")

    def ask(self, probe: Probe, service: str) -> Done:
        """Its command, with the region that a user would have configured."""
        gcloud = self.run.gcloud.having(CLOUDSDK_RUN_REGION=REGION)
        return gcloud.tried(_named(probe.gcloud, service).replace("IMAGE", self.run.image))


@dataclass(frozen=True)
class ProvisionProgram:
    """`provision`, as its user runs it.

    Args:
        run: where it goes.
        folder: where the specs lie.
        environ: its whole environment.
    """

    run: RunServices
    folder: Path
    environ: Mapping[str, str] = field(repr=False)
    name: str = "provision"

    def deploy(self, service: str) -> None:
        """By ``provision up``."""
        done = self._run("up --yes --wait=1s", service)
        assert done.returncode == 0, done.stderr

    def ask(self, probe: Probe, service: str) -> Done:
        """Its command, beside a spec with one invoker."""
        return self._run(_named(probe.provision, service), service)

    def _run(self, line: str, service: str) -> Done:
        directory = self.folder / service
        directory.mkdir(exist_ok=True)
        spec = {
            "service": service,
            "image": {"reference": self.run.image},
            "ingress": "all",
            "invokers": [ANN],
        }
        (directory / "provision.yaml").write_text(yaml.safe_dump(spec))
        return subprocess.run(
            [sys.executable, "-m", "provision", *line.split()],
            cwd=directory,
            env={
                **self.environ,
                "CLOUDSDK_CORE_PROJECT": self.run.emulator.project,
                "CLOUDSDK_RUN_REGION": REGION,
                "COLUMNS": "300",  # no line is broken
            },
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )


def outcome(run: RunServices, program: Program, probe: Probe) -> Outcome:
    """Bring the case about, run the program's command, and look.

    Args:
        run: the emulator with its services.
        program: whose command.
        probe: the case.
    """
    service = f"{probe.name.lower()}-{program.name}"
    _bring_about(run, program, probe, service)
    run.forget()
    try:
        done = program.ask(probe, service)
    finally:
        run.emulator.admin("DELETE", "/faults")
    assert "Traceback" not in done.stderr, done.stderr
    writes = _writes(run)
    return Outcome(
        done.returncode,
        writes,
        _public(run, service),
        _bindings(run, service),
        len(list(run.v2.revisions.list_revisions(parent=run.full_name(service)))),
        tuple(dict.fromkeys(_telling(done, probe, run, service))),
    )


def _named(line: str, service: str) -> str:
    return re.sub(r"\borders\b", service, line)


def _bring_about(run: RunServices, program: Program, probe: Probe, service: str) -> None:
    start = probe.start
    if start.deployed:
        if probe.by_tool:
            program.deploy(service)
        else:
            run.create(service)
        if start.unchecked:
            open_one = run_v2.Service(name=run.full_name(service), invoker_iam_disabled=True)
            mask = {"paths": ["invoker_iam_disabled"]}
            run.v2.services.update_service(service=open_one, update_mask=mask).result(timeout=30)
        # As if somebody had written it by hand: whole, whatever was there.
        run.v2.services.set_iam_policy(
            request={"resource": run.full_name(service), "policy": start.policy()}
        )
    if start.refused is not None:
        code, message = start.refused
        run.emulator.admin("POST", "/faults", method=SET_POLICY, code=code, message=message)


def _writes(run: RunServices) -> tuple[str, ...]:
    asked = [one for one in run.emulator.requests() if one["write"]]
    return tuple(_write(one["method"].rpartition("/")[2], one["status"]) for one in asked)


def _write(name: str, status: str) -> str:
    return name if status == "OK" else f"{name} ({status})"


def _public(run: RunServices, service: str) -> str:
    url = run.get(service).uri
    if requests.get(url, timeout=30).ok:
        return EVERYBODY
    headers = {"Authorization": f"Bearer {_id_token(run, STRANGER)}"}
    return EVERY_ACCOUNT if requests.get(url, headers=headers, timeout=30).ok else NOBODY


def _id_token(run: RunServices, member: str) -> str:
    """A user's ID token, as a login gives it."""
    given = run.emulator.admin("POST", "/identities", member=member)["adc"]
    parts = {key: given[key] for key in ("refresh_token", "token_uri", "client_id")}
    login = Credentials(None, client_secret=given["client_secret"], **parts)
    login.refresh(Request())
    return str(login.id_token)


def _bindings(run: RunServices, service: str) -> tuple[str, ...]:
    request = {
        "resource": run.full_name(service),
        "options": {"requested_policy_version": 3},
    }
    found = run.v2.services.get_iam_policy(request=request).bindings
    return tuple(
        f"{one.role}{' under a condition' if one.condition.expression else ''}: "
        + ", ".join(one.members)
        for one in found
    )


def _telling(done: Done, probe: Probe, run: RunServices, service: str) -> list[str]:
    """The lines that speak of the matter, with nothing in them that changes from run to run."""
    said = f"{done.stdout}\n{done.stderr}".replace(service, "orders")
    host = run.emulator.http.removeprefix("http://")
    lines = (" ".join(line.split()) for line in said.replace(host, "HOST").splitlines())
    found = [match for match in (re.search(probe.telling, line) for line in lines) if match]
    return [_steady(match[1] if match.re.groups else match.string) for match in found]


def _steady(line: str) -> str:
    line = re.sub(r"orders-[0-9]{5}-[a-z0-9]+", "REVISION", line)
    line = re.sub(r"http://(?:127\.0\.0\.1|localhost):[0-9]+", "URL", line)
    return re.sub(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", "TIME", line)
