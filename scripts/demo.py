#!/usr/bin/env python3
"""The demo: from a Dockerfile to a private service and its proof, on this machine alone.

Every command is run as a user would type it, in a temporary folder and against an emulator of the
demo's own. Each claim is checked on the way; the exit code is 0 only when all of them held.
"""
# ruff: noqa: T201 - the demo is what it prints

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import docker
from debian import InstallError, can_install, install
from demo_cloud import DemoCloud

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
REGION = "europe-west1"
SERVICE = "greeter"
SPEC = """\
project: {project}
region: {region}
service: {service}
image:
  context: .
  dockerfile: Dockerfile.sample
  repository: services{build_args}
ingress: all
invokers:
  - serviceAccount:{invoker}
probe_as: {invoker}
env: {{GREETING: Hello}}
"""
GO_ON = """
That was the demo. The same in a project of yours, still on this machine:

  source .venv/bin/activate
  eval "$(provision emulator start)"
  cd YOUR-APPLICATION
  provision init
  provision up

And on Google Cloud:

  provision emulator stop; unset PROVISION_EMULATOR
  gcloud auth application-default login
  gcloud services enable run.googleapis.com artifactregistry.googleapis.com iam.googleapis.com \\
    iamcredentials.googleapis.com cloudresourcemanager.googleapis.com --project YOUR-PROJECT
  provision init --project YOUR-PROJECT --invoker user:YOU@YOUR-DOMAIN --force
  provision plan
  provision up
"""


class ClaimError(Exception):
    """Something is not as the demo says it is."""


class Terminal:
    """Runs commands as a user would type them, and shows both.

    Args:
        folder: the folder that the user is in.
        environment: the user's environment.
    """

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment

    def run(self, command: list[str], *, expect: int = 0, shown: str = "", given: str = "") -> str:
        """Show and run `command`, show what it says, and return that.

        Args:
            command: what is run.
            expect: the exit code that it must end with.
            shown: how it is shown, where that differs from what is run.
            given: text for its standard input.

        Raises:
            ClaimError: it ended with another exit code.
        """
        print(f"\n$ {shown or ' '.join(command)}", flush=True)
        lines = []
        with subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            assert process.stdin is not None  # noqa: S101 - for the type checker; they are pipes
            assert process.stdout is not None  # noqa: S101 - likewise
            with process.stdin as to_it:
                to_it.write(given)
            for line in process.stdout:
                print(line, end="", flush=True)
                lines.append(line)
        if process.returncode != expect:
            raise ClaimError(f"exit code {process.returncode} instead of {expect}")
        return "".join(lines)


def main() -> int:
    """Run the demo in a temporary folder, and leave nothing behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        with tempfile.TemporaryDirectory(prefix="provision-demo-") as folder:
            terminal = Terminal(Path(folder) / SERVICE, user_environment(Path(folder) / "state"))
            with images_removed(), emulator(terminal) as cloud:
                demonstrate(terminal, cloud)
    except ClaimError as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    print(GO_ON)
    return 0


def user_environment(state: Path) -> dict[str, str]:
    """The environment without anything that points to a cloud of the user's."""
    theirs = ("CLOUDSDK_", "GOOGLE_", "GCLOUD_", "PROVISION_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(theirs)}
    path = f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**kept, "PATH": path, "XDG_STATE_HOME": str(state), "PYTHONUNBUFFERED": "1"}


@contextlib.contextmanager
def images_removed() -> Iterator[None]:
    """Take the images away that are built meanwhile, so that the next demo builds again."""
    engine = docker.from_env()
    before = {image.id for image in engine.images.list(name=SERVICE)}
    try:
        yield
    finally:
        for image in engine.images.list(name=SERVICE):
            if image.id not in before:
                engine.images.remove(str(image.id), force=True)
        engine.close()


@contextlib.contextmanager
def emulator(terminal: Terminal) -> Iterator[DemoCloud]:
    """An emulator of the demo's own, on free ports; it is stopped whatever happens."""
    terminal.folder.mkdir()
    base = base_image()
    get_curl()
    heading("A Google Cloud on this machine")
    try:
        said = terminal.run(["provision", "emulator", "start", "--port", "0"])
        found = re.search(r"^export PROVISION_EMULATOR=(\S+)$", said, re.MULTILINE)
        if found is None:
            raise ClaimError("the emulator did not say where it listens")
        terminal.environment["PROVISION_EMULATOR"] = found[1]
        cloud = DemoCloud(found[1])
        prepare(terminal.folder, cloud, base)
        yield cloud
    finally:
        subprocess.run(
            ["provision", "emulator", "stop"],
            check=False,
            capture_output=True,
            env=terminal.environment,
        )


def base_image() -> str:
    """What the sample builds from: Docker's own Python image, or the one of Debian's packages."""
    script = [sys.executable, str(ROOT / "scripts" / "base_image.py")]
    done = subprocess.run(script, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise ClaimError("there is no base image for the sample to build from")
    return done.stdout.strip()


def get_curl() -> None:
    """Install curl, with which a user would look, where it is missing and can be had."""
    if shutil.which("curl"):
        return
    if not can_install():
        raise ClaimError("it calls the service with curl, which is not installed")
    try:
        install("curl")
    except InstallError as error:
        raise ClaimError(str(error)) from error


def prepare(folder: Path, cloud: DemoCloud, base: str) -> None:
    """Lay out the user's project: the application, its Dockerfile, and the spec."""
    shutil.copytree(ROOT / "sample", folder / "sample")
    shutil.copy(ROOT / "Dockerfile.sample", folder)
    default = f"ARG BASE={base}\n" in (folder / "Dockerfile.sample").read_text()
    text = SPEC.format(
        project=cloud.project,
        region=REGION,
        service=SERVICE,
        build_args="" if default else f"\n  build_args: {{BASE: {base}}}",
        invoker=cloud.create_account("checkout"),
    )
    (folder / "provision.yaml").write_text(text)


def demonstrate(terminal: Terminal, cloud: DemoCloud) -> None:
    """Plan, up, up again, verify; then the calls that a user would make by hand."""
    heading("What is declared, and what would change")
    terminal.run(["cat", "provision.yaml"])
    terminal.run(["provision", "plan", "--detailed-exitcode"], expect=3)
    heading("From the Dockerfile to a private service")
    terminal.run(["provision", "up", "--yes"])
    heading("Once more: there is nothing to do")
    before = cloud.writes()
    terminal.run(["provision", "up", "--yes"])
    if cloud.writes() != before:
        raise ClaimError("the second `up` wrote something")
    terminal.run(["provision", "plan", "--detailed-exitcode"])
    heading("Every claim, looked at from outside")
    terminal.run(["provision", "verify", "--strict"])
    by_hand(terminal, cloud)


def by_hand(terminal: Terminal, cloud: DemoCloud) -> None:
    """Call the service as nobody, as an invoker, and as somebody who is no invoker."""
    url = cloud.url(REGION, SERVICE)
    heading("By hand: nobody is refused")
    expect(terminal.run(["curl", "-sS", "-i", url]), "HTTP/1.1 403")
    heading("By hand: the invoker is let in")
    invoker = cloud.email("checkout")
    expect(call_as(terminal, cloud, invoker, url), "HTTP/1.1 200", invoker)
    heading("By hand: another account, with a valid token, is refused")
    expect(call_as(terminal, cloud, cloud.create_account("stranger"), url), "HTTP/1.1 403")


def call_as(terminal: Terminal, cloud: DemoCloud, account: str, url: str) -> str:
    """Call `url` with an ID token of `account`; the token is on no command line and not shown."""
    print(
        f"\n$ TOKEN=$(gcloud auth print-identity-token --impersonate-service-account={account} \\"
        f"\n    --audiences={url})        # here: the emulator's IAM Credentials API"
    )
    return terminal.run(
        ["curl", "-sS", "-i", "--config", "-", url],
        shown=f'curl -i -H "Authorization: Bearer $TOKEN" {url}',
        given=f'header = "Authorization: Bearer {cloud.id_token(account, url)}"\n',
    )


def expect(said: str, *wanted: str) -> None:
    """Raise `ClaimError` unless every one of `wanted` was said."""
    missing = [text for text in wanted if text not in said]
    if missing:
        raise ClaimError(f"the answer lacks {', '.join(missing)}")


def heading(text: str) -> None:
    """Begin a part of the demo."""
    print(f"\n=== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
