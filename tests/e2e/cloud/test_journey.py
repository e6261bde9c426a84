"""A private service from nothing to nothing, with `provision`, on whichever cloud.

What is expected here is what the emulator does. Run with ``--cloud google`` it says where Google
Cloud differs.
"""

import json
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from google.cloud import run_v2
from google.iam.v1 import iam_policy_pb2, options_pb2, policy_pb2

from tests.e2e.cloud.target import LABEL, Target
from tests.functional.conftest import APP, DOCKERFILE

pytestmark = [pytest.mark.engine, pytest.mark.timeout(3600)]

Run = Callable[..., dict[str, Any]]


class Application:
    """A directory with an application and a spec.

    Args:
        target: where it goes.
        path: the directory.
        word: what its names end in.
    """

    def __init__(self, target: Target, path: Path, word: str) -> None:
        self.target = target
        self.word = word
        self._path = path
        self.declared: dict[str, Any] = {
            "project": target.project,
            "region": target.region,
            "service": target.name(word),
            "image": {"context": ".", "repository": target.name("images")},
            "ingress": "all",
            "service_account": target.name(f"{word}-run"),
            "labels": {LABEL: target.run},
            "invokers": [target.member],
        }
        (path / "app.py").write_text(f"{APP}\n# {uuid.uuid4()}\n")
        (path / "Dockerfile").write_text(DOCKERFILE)
        (path / ".dockerignore").write_text("*.yaml\n")

    def declare(self, **changes: object) -> None:
        """Change what the spec says."""
        self.declared.update(changes)

    def run(self, *words: str, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
        """The service in the JSON that a command prints."""
        (self._path / "provision.yaml").write_text(yaml.safe_dump(self.declared))
        done = subprocess.run(
            [sys.executable, "-m", "provision", *words, "--json"],
            cwd=self._path,
            env=dict(self.target.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=1800,
            check=False,
        )
        assert done.returncode in codes, f"exit code {done.returncode}: {done.stderr[-2000:]}"
        service: dict[str, Any] = json.loads(done.stdout)["services"][0]
        return service

    def up(self, *, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
        """``provision up``."""
        return self.run("up", "--yes", "--wait", self.target.wait, codes=codes)

    def verify(self, *, code: int) -> dict[str, str]:
        """``provision verify``: the verdict of each check."""
        told = self.run("verify", "--wait", self.target.wait, codes=(code,))
        return {check["check"]: check["verdict"] for check in told["checks"]}

    @property
    def service(self) -> Any:  # noqa: ANN401 - Service
        """The service as Cloud Run has it."""
        client = self.target.client(run_v2.ServicesClient)
        return client.get_service(name=self.target.service(self.word))

    def policy(self) -> policy_pb2.Policy:
        """The service's own policy."""
        options = options_pb2.GetPolicyOptions(requested_policy_version=3)
        ask = iam_policy_pb2.GetIamPolicyRequest(
            resource=self.target.service(self.word), options=options
        )
        found: policy_pb2.Policy = self.target.client(run_v2.ServicesClient).get_iam_policy(ask)
        return found

    def set_policy(self, policy: policy_pb2.Policy) -> None:
        """Write the policy as somebody else would."""
        ask = iam_policy_pb2.SetIamPolicyRequest(
            resource=self.target.service(self.word), policy=policy
        )
        self.target.client(run_v2.ServicesClient).set_iam_policy(ask)


@pytest.fixture
def application(target: Target, tmp_path: Path, request: pytest.FixtureRequest) -> Application:
    """An application of its own for each test."""
    return Application(target, tmp_path, request.param)


@pytest.mark.parametrize("application", ["life"], indirect=True)
def test_a_private_service_from_nothing_to_nothing(application: Application) -> None:
    """`up` proves it private, a second `up` changes nothing, and `destroy --all` leaves nothing."""
    first = application.up()
    assert {check["verdict"] for check in first["checks"]} == {"passed"}
    assert requests.get(first["url"], timeout=30).status_code == 403
    before = application.service

    second = application.up()
    after = application.service
    assert [stage["action"] for stage in second["stages"]] == ["nothing"] * 4
    assert (before.generation, before.etag) == (after.generation, after.etag)

    gone = application.run("destroy", "--all", "--yes")
    assert [one["removed"] for one in gone["removals"]] == [True] * 3


@pytest.mark.parametrize("application", ["open"], indirect=True)
def test_a_service_that_somebody_opened_is_found_and_closed(application: Application) -> None:
    """With `allUsers` bound by hand `verify` fails; `up` takes it away."""
    url = application.up()["url"]
    policy = application.policy()
    policy.bindings.add(role="roles/run.invoker", members=["allUsers"])
    application.set_policy(policy)
    verdicts = application.verify(code=1)
    assert "failed" in verdicts.values(), verdicts

    application.up()
    assert set(application.verify(code=0).values()) == {"passed"}
    assert requests.get(url, timeout=30).status_code == 403


@pytest.mark.parametrize("application", ["switch"], indirect=True)
def test_the_invoker_check_that_somebody_switched_off_is_found(application: Application) -> None:
    """`invokerIamDisabled` opens a service whose policy names nobody; `up` switches it on again."""
    url = application.up()["url"]
    service = application.service
    service.invoker_iam_disabled = True
    client = application.target.client(run_v2.ServicesClient)
    client.update_service(service=service, update_mask={"paths": ["invoker_iam_disabled"]}).result(
        timeout=300
    )
    assert "failed" in application.verify(code=1).values()
    assert requests.get(url, timeout=30).status_code == 200

    application.up()
    assert application.service.invoker_iam_disabled is False


@pytest.mark.parametrize("application", ["inside"], indirect=True)
def test_internal_ingress_answers_not_found_from_outside(application: Application) -> None:
    """From outside the network the address answers 404, to an invoker too."""
    application.declare(ingress="internal")
    done = application.up()
    assert requests.get(done["url"], timeout=30).status_code == 404


@pytest.mark.parametrize("application", ["silent"], indirect=True)
def test_a_container_that_does_not_listen_is_told_in_cloud_run_s_words(
    application: Application,
) -> None:
    """`up` ends with exit code 1, and the service says why it is not ready."""
    command = ["python3", "-c", "raise SystemExit(3)"]
    application.declare(run={"template": {"containers": [{"command": command}]}})
    application.up(codes=(1,))
    condition = application.service.terminal_condition
    assert condition.state == run_v2.Condition.State.CONDITION_FAILED
    assert "failed to start and listen on the port" in condition.message
