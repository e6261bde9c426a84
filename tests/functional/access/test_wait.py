"""`--wait`: until a change is true in effect, and how that was told."""

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from google.iam.v1 import policy_pb2

if TYPE_CHECKING:
    from tests.conftest import Clients, RunningEmulator
    from tests.functional.proofs.conftest import Orders, Provision

ANN = "user:ann@example.com"
ON = ("--on", "service/orders")
ROBOT = "checker@demo-project.iam.gserviceaccount.com"


@pytest.fixture
def robot(grpc_clients: "Clients") -> str:
    """A service account that the developer may impersonate, as an owner of the emulator may."""
    grpc_clients.iam.create_service_account(
        request={"name": "projects/demo-project", "account_id": "checker"}
    )
    return ROBOT


@pytest.mark.usefixtures("orders")
def test_an_account_that_may_be_impersonated_is_asked_as(
    provision: "Provision", robot: str, emulator: "RunningEmulator"
) -> None:
    """A real request, until it is admitted, and later until it is refused."""
    emulator.admin("POST", "/settings", iamDelay=3)
    granted = provision("grant", robot, *ON, "--for", "1h", "--path", "/a/*", "--wait", "--json")
    assert granted.code == 0, granted.err
    (effect,) = granted.document["targets"][0]["effects"]
    assert (effect["in_effect"], effect["by"]) == (True, "asked as the principal")
    assert "/a as serviceAccount:" in effect["told"]
    assert "s left" in granted.err
    gone = provision("revoke", robot, *ON, "--wait", "2m", "--json")
    assert gone.code == 0, gone.err
    (effect,) = gone.document["targets"][0]["effects"]
    assert (effect["in_effect"], effect["admitted"]) == (True, False)
    assert effect["told"].endswith("HTTP 403")


@pytest.mark.usefixtures("orders")
def test_what_is_not_in_effect_in_time_exits_4(
    provision: "Provision", robot: str, emulator: "RunningEmulator"
) -> None:
    """With what was answered last; the policy is written."""
    emulator.admin("POST", "/settings", iamDelay=600)
    done = provision("grant", robot, *ON, "--wait", "3s", "--json")
    assert done.code == 4, done.err
    (effect,) = done.document["targets"][0]["effects"]
    assert effect["in_effect"] is False
    assert effect["told"].endswith("HTTP 403")
    assert done.document["targets"][0]["written"] is True


def test_everybody_is_asked_as_by_a_request_without_a_token(
    provision: "Provision", orders: "Orders", emulator: "RunningEmulator"
) -> None:
    """A service that was public is waited for until it refuses."""
    orders.set(
        policy_pb2.Policy(
            bindings=[policy_pb2.Binding(role="roles/run.invoker", members=["allUsers"])]
        )
    )
    emulator.admin("POST", "/settings", iamDelay=3)
    done = provision("revoke", "allUsers", *ON, "--wait", "2m", "--json")
    assert done.code == 0, done.err
    (effect,) = done.document["targets"][0]["effects"]
    assert effect["by"] == "asked as the principal"
    assert effect["told"].endswith("HTTP 403")


@pytest.mark.usefixtures("orders")
def test_somebody_nobody_can_be_asked_as_is_told_by_the_policy(provision: "Provision") -> None:
    """The policy is read back; the time that IAM may need has not passed."""
    done = provision("grant", ANN, *ON, "--wait", "1s", "--json")
    assert done.code == 4
    (effect,) = done.document["targets"][0]["effects"]
    assert effect["by"].startswith("told by the policy")
    assert "420 s" in effect["told"]


@pytest.mark.usefixtures("orders")
def test_an_answer_that_everybody_gets_shows_nothing(provision: "Provision", robot: str) -> None:
    """Google answers a reserved path by itself, before anybody's role is looked at."""
    done = provision("grant", robot, *ON, "--path", "/healthz", "--wait", "1s", "--json")
    assert done.code == 4, done.err
    (effect,) = done.document["targets"][0]["effects"]
    assert effect["by"].startswith("told by the policy")
    assert "without a token: HTTP 404, so this shows nothing" in effect["told"]


@pytest.mark.usefixtures("orders")
def test_who_gets_in_anyway_does_not_show_that_a_grant_is_in_effect(
    provision: "Provision", robot: str, emulator: "RunningEmulator"
) -> None:
    """The account is let in at once, by a role on the project."""
    member = f"serviceAccount:{robot}"
    project = f"projects/{emulator.project}"
    emulator.admin("POST", "/grants", resource=project, role="roles/run.invoker", member=member)
    done = provision("grant", robot, *ON, "--wait", "1s", "--json")
    assert done.code == 4, done.err
    (effect,) = done.document["targets"][0]["effects"]
    assert effect["by"].startswith("told by the policy")
    assert f"gets in anyway: as roles/run.invoker on {project}" in effect["told"]


@pytest.mark.usefixtures("orders")
def test_a_grant_that_ends_while_it_is_waited_for_is_not_in_effect(provision: "Provision") -> None:
    """Also where only the policy tells, which goes on saying so."""
    done = provision("grant", ANN, *ON, "--for", "2s", "--wait", "--json")
    assert done.code == 4, done.err
    (effect,) = done.document["targets"][0]["effects"]
    assert effect["in_effect"] is False
    assert effect["told"].startswith("it ended at ")


def test_a_refusal_elsewhere_does_not_show_that_a_revocation_is_in_effect(
    provision: "Provision", orders: "Orders", robot: str
) -> None:
    """Where the account got in is not known of another's condition, nor when nothing is there."""
    policy = policy_pb2.Policy(version=3, etag=orders.policy().etag)
    binding = policy.bindings.add(role="roles/run.invoker", members=[f"serviceAccount:{robot}"])
    binding.condition.title = "theirs"
    binding.condition.expression = 'request.host.endsWith("internal.example")'
    orders.set(policy)
    for why in ("under a condition", "nothing was taken out now"):
        done = provision("revoke", robot, *ON, "--wait", "1s", "--json")
        assert done.code == 4, done.err
        (effect,) = done.document["targets"][0]["effects"]
        assert effect["by"].startswith("told by the policy")
        assert why in effect["told"]


def test_ctrl_c_while_waiting_says_what_is_changed(
    provision: "Provision", orders: "Orders"
) -> None:
    """The grant is there; the same command again waits on."""
    process = subprocess.Popen(
        [sys.executable, "-m", "provision", "grant", ANN, *ON, "--wait"],
        cwd=provision.directory,
        env=dict(provision.environ),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "s left" in line:
            process.send_signal(signal.SIGINT)
            break
    told = process.stderr.read()
    assert process.wait(timeout=30) == 130
    assert "what was to be changed is changed: service orders" in told
    assert orders.invokers() == [ANN]
