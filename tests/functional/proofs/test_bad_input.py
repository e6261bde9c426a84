"""What cannot be used is refused in words that say what to do, and nothing is written."""

import datetime as dt
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.iam.v1 import policy_pb2
from google.oauth2 import service_account

from tests.emulator.resources.own_keys import certificate, new_key, pem
from tests.functional.proofs.wrong_clock import build_clock

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Clients, RunningEmulator
    from tests.functional.conftest import Result
    from tests.functional.proofs.conftest import Orders, Provision

ANN, BOB = "user:ann@example.com", "user:bob@example.com"
ON = ("--on", "service/orders")
PROJECT = "projects/demo-project"
ROBOT = "checker@demo-project.iam.gserviceaccount.com"
DEPLOYER = "user:deployer@example.com"

Refused = Callable[..., "Result"]


@pytest.fixture
def refused(provision: "Provision", orders: "Orders", emulator: "RunningEmulator") -> Refused:
    """Runs a command that has to end with a code, in plain words, without a write."""

    def run(*words: str, code: int, **environ: str) -> "Result":
        before = orders.policy()
        emulator.admin("DELETE", "/requests")
        done = provision(*words, **environ)
        assert done.code == code, done.err + done.out
        assert "Traceback" not in done.err
        written = [one for one in emulator.requests() if one["write"] and one["status"] == "OK"]
        assert written == []
        assert orders.policy() == before
        return done

    return run


@pytest.mark.parametrize(
    ("principal", "words"),
    [
        ("ann", "is not a principal"),
        ("usr:ann@example.com", "did you mean user:…?"),
        ("user:ann", "is not an e-mail address"),
        ("ann@example.com", "Write user:ann@example.com or group:ann@example.com"),
        (f"user:{ROBOT}", f"write serviceAccount:{ROBOT}"),
        ("allUsers", "would let anybody"),
        ("deleted:user:ann@example.com?uid=123", "is deleted"),
    ],
)
def test_a_wrong_principal(refused: Refused, principal: str, words: str) -> None:
    """Told with the right spelling; an e-mail of an unknown kind is not guessed."""
    assert words in " ".join(refused("grant", principal, *ON, code=2).err.split())


def test_a_principal_that_there_is_none_of(refused: Refused) -> None:
    """IAM refuses it, and the answer says what to look at."""
    said = refused("grant", f"serviceAccount:not-{ROBOT}", *ON, code=1).err
    assert f"Service account not-{ROBOT} does not exist." in said
    assert "Next: Is it spelled right?" in said


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("--until=2020-01-01T00:00Z", "is past"),
        ("--until=10000-01-01T00:00Z", "is no time"),
        ("--until=2030-02-30T00:00Z", "is no time"),
        ("--until=2030-01-01T00:00", "time zone"),
        ("--for=0h", "no time at all"),
        ("--for=-1h", "no length of time"),
        ("--for=999999999w", "later than the year 9999"),
        ("--for=soon", "no length of time"),
    ],
)
def test_an_expiry_that_cannot_be(refused: Refused, term: str, words: str) -> None:
    """In the past, past what a condition can name, or no time: told with a form that works."""
    assert words in " ".join(refused("grant", ANN, *ON, term, code=2).err.split())


@pytest.mark.parametrize(
    ("command", "target"),
    [
        (["grant", ANN, "--on"], "service/nope"),
        (["grant", ANN, "--on"], "job/nope"),
        (["grant", ANN, "--on"], "function/nope"),
        (["revoke", ANN, "--on"], "service/nope"),
        (["grants"], "service/nope"),
        (["prune-expired"], "service/nope"),
        (["token"], "service/nope"),
        (["call"], "service/nope"),
        (["execute"], "job/nope"),
    ],
)
def test_a_target_that_is_not_there(refused: Refused, command: list[str], target: str) -> None:
    """Told with where it was looked for, and with what lists those that are there."""
    said = " ".join(refused(*command, target, code=1).err.split())
    assert f"{target.replace('/', ' ')} in asia-east1 of demo-project: there is none" in said
    assert "gcloud" in said


def test_one_target_of_two_that_is_not_there(refused: Refused) -> None:
    """Nothing is granted on the other one either."""
    refused("grant", ANN, *ON, "--on", "service/nope", code=1)


def test_a_name_that_is_no_target(refused: Refused) -> None:
    """Told with the forms that there are."""
    assert "service/NAME" in refused("grant", ANN, "--on", "svc/orders", code=2).err


@pytest.mark.parametrize("command", [["grant", BOB, *ON], ["revoke", ANN, *ON]])
def test_a_missing_permission(
    refused: Refused,
    orders: "Orders",
    emulator: "RunningEmulator",
    tmp_path: "Path",
    command: list[str],
) -> None:
    """Which one, on what, for whom, and the least role that has it."""
    emulator.admin("POST", "/grants", resource=PROJECT, member=DEPLOYER, role="roles/run.viewer")
    bound = policy_pb2.Policy()
    bound.bindings.add(role="roles/run.invoker", members=[ANN])
    orders.set(bound)
    file = tmp_path / "deployer.json"
    file.write_text(json.dumps(emulator.admin("POST", "/identities", member=DEPLOYER)["adc"]))
    done = refused(*command, code=1, GOOGLE_APPLICATION_CREDENTIALS=str(file))
    said = " ".join(done.err.split())
    assert f"{DEPLOYER} needs run.services.setIamPolicy on {orders.name}" in said
    assert "the least role that has it is roles/run.admin" in said


@dataclass(frozen=True)
class Key:
    """A service account's key.

    Args:
        name: its resource name.
        file: where its JSON lies.
    """

    name: str
    file: "Path"

    @property
    def environ(self) -> dict[str, str]:
        """The environment in which commands use it."""
        return {"GOOGLE_APPLICATION_CREDENTIALS": str(self.file)}


@pytest.fixture
def key(grpc_clients: "Clients", tmp_path: "Path") -> Key:
    """A key of an account that may do everything in the project."""
    iam = grpc_clients.iam
    iam.create_service_account(request={"name": PROJECT, "account_id": "checker"})
    made = iam.create_service_account_key(name=f"{PROJECT}/serviceAccounts/{ROBOT}")
    file = tmp_path / "key.json"
    file.write_bytes(made.private_key_data)
    return Key(made.name, file)


def spoil_by_deleting(clients: "Clients", key: Key) -> None:
    """The key is deleted."""
    clients.iam.delete_service_account_key(name=key.name)


def spoil_by_disabling(clients: "Clients", key: Key) -> None:
    """The key is disabled."""
    clients.iam.disable_service_account_key(request={"name": key.name})


@pytest.mark.parametrize("spoil", [spoil_by_deleting, spoil_by_disabling])
def test_a_key_that_counts_no_more(
    refused: Refused,
    grpc_clients: "Clients",
    key: Key,
    spoil: Callable[["Clients", Key], None],
) -> None:
    """Told as a matter of the key, with its account; nobody is sent to log in as a user."""
    spoil(grpc_clients, key)
    said = " ".join(refused("grant", ANN, *ON, code=2, **key.environ).err.split())
    assert ROBOT in said
    assert "key" in said
    assert "auth application-default login" not in said


def is_taken(file: "Path") -> bool:
    """Whether Google's own library gets an access token for the key in the file."""
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    credentials = service_account.Credentials.from_service_account_file(str(file), scopes=scopes)
    try:
        credentials.refresh(Request())
    except RefreshError:
        return False
    return True


def test_a_key_that_has_expired(
    refused: Refused, grpc_clients: "Clients", key: Key, tmp_path: "Path"
) -> None:
    """An uploaded key whose certificate ended meanwhile; told as a matter of the key."""
    own = new_key()
    public = certificate(own, days=5 / 86400)
    account = f"{PROJECT}/serviceAccounts/{ROBOT}"
    grpc_clients.iam.upload_service_account_key({"name": account, "public_key_data": public})
    file = tmp_path / "own.json"
    told = json.loads(key.file.read_text())
    file.write_text(json.dumps({**told, "private_key": pem(own)}))
    while is_taken(file):
        time.sleep(0.2)
    environ = {"GOOGLE_APPLICATION_CREDENTIALS": str(file)}
    said = " ".join(refused("grant", ANN, *ON, code=2, **environ).err.split())
    assert ROBOT in said
    assert "key" in said


def test_an_account_that_is_disabled(refused: Refused, grpc_clients: "Clients", key: Key) -> None:
    """Told with the account."""
    grpc_clients.iam.disable_service_account({"name": f"{PROJECT}/serviceAccounts/{ROBOT}"})
    assert ROBOT in refused("grant", ANN, *ON, code=2, **key.environ).err


@pytest.mark.parametrize("hours", [-2, 1])
def test_a_clock_that_is_wrong(refused: Refused, key: Key, tmp_path: "Path", hours: int) -> None:
    """Told as a matter of this machine's clock, before or after the time."""
    environ = {**key.environ, **build_clock(tmp_path), "CLOCK_OFF": str(hours * 3600)}
    assert "clock" in refused("grant", ANN, *ON, code=2, **environ).err


@pytest.mark.parametrize("hours", [-2, 2])
def test_an_end_by_a_clock_that_is_wrong(
    provision: "Provision", orders: "Orders", tmp_path: "Path", hours: int
) -> None:
    """A grant for an hour ends an hour from now by Google's time, and the clock is told of."""
    environ = {**build_clock(tmp_path), "CLOCK_OFF": str(hours * 3600)}
    done = provision("grant", ANN, *ON, "--for=1h", **environ)
    assert done.code == 0, done.err
    assert "clock" in done.out + done.err
    (binding,) = orders.policy().bindings
    written = binding.condition.expression.partition('timestamp("')[2].partition('"')[0]
    left = dt.datetime.fromisoformat(written) - dt.datetime.now(dt.UTC)
    assert dt.timedelta(minutes=30) < left <= dt.timedelta(hours=1, minutes=1)


def test_an_emulator_that_does_not_answer(refused: Refused) -> None:
    """Told with its address, how to start it, and how to do without it."""
    done = refused("grant", ANN, *ON, code=1, PROVISION_EMULATOR="http://127.0.0.1:9")
    assert "http://127.0.0.1:9" in done.err
    assert "provision emulator start" in done.err
