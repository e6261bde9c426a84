"""What the audit answers, held to what the emulator's front door and its job API really do."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
import requests
from google.api_core.exceptions import GoogleAPICallError, PermissionDenied
from google.cloud import run_v2

from provision.audit import Audit
from provision.audit.answers import HopKind, Path, Verdict
from provision.clients.reading import read
from provision.conditions import Request, evaluate
from provision.snapshot.records import Kind, Target
from tests.conftest import Clients, RunningEmulator, StartEmulator
from tests.functional.audit.made_up import MadeUp
from tests.functional.audit.reading_world import PROJECT, google_of

STRANGER = "user:stranger@elsewhere.example"
WHERE = "/v3/orders"


@dataclass
class Held:
    """A made-up project that was deployed, read and judged.

    Args:
        emulator: where it is.
        made: what was deployed.
        audit: of what was read.
    """

    emulator: RunningEmulator
    made: MadeUp
    audit: Audit
    _tokens: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def principals(self) -> tuple[str, ...]:
        """Everybody whom it is tried with, one of them without a token."""
        return (*self.made.users, *self.made.accounts, STRANGER, "allUsers")

    def targets(self, kind: Kind) -> tuple[Target, ...]:
        """What it has of a kind."""
        return tuple(one for one in self.audit.targets.values() if one.kind is kind)

    def admits(self, principal: str, target: Target) -> bool:
        """Whether a request of a principal is let in: without a token, no request is its own."""
        token = self.id_token(principal, target.urls[0])
        if not token and principal != "allUsers":
            return False
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = requests.get(f"{target.urls[0]}{WHERE}", headers=headers, timeout=30)
        assert answer.status_code in {200, 401, 403}, answer.text
        return answer.status_code == 200

    def id_token(self, principal: str, audience: str) -> str:
        """An ID token of a principal; empty where there is none: nobody's, a disabled account's."""
        if principal == "allUsers":
            return ""
        key = (principal, audience if principal.startswith("serviceAccount:") else "")
        if key not in self._tokens:
            self._tokens[key] = self._new_id_token(principal, audience)
        return self._tokens[key]

    def _new_id_token(self, principal: str, audience: str) -> str:
        if principal.startswith("serviceAccount:"):
            return minted(self.made.clients, principal, audience)
        adc = self.emulator.admin("POST", "/identities", member=principal)["adc"]
        fields = {name: adc[name] for name in ("client_id", "client_secret", "refresh_token")}
        answer = requests.post(
            f"{self.emulator.http}/token",
            data={"grant_type": "refresh_token", **fields},
            timeout=30,
        )
        return str(answer.json()["id_token"])


def minted(clients: Clients, account: str, audience: str) -> str:
    """An ID token of a service account, if these clients' member may mint it, else nothing."""
    name = f"projects/-/serviceAccounts/{account.removeprefix('serviceAccount:')}"
    try:
        answer = clients.credentials.generate_id_token(
            name=name, audience=audience, include_email=True
        )
    except GoogleAPICallError:
        return ""
    return str(answer.token)


def holds(path: Path, target: Target) -> bool:
    """Whether a path leads in, at the address that is tried."""
    if path.verdict is not Verdict.WHILE:
        return path.verdict is Verdict.CAN
    host = urlsplit(target.urls[0]).hostname if target.urls else None
    request = Request(time=datetime.now(UTC), path=WHERE, host=host, tags=frozenset())
    return evaluate(path.condition, request).value is True


@pytest.fixture(scope="module", params=[1, 2, 3, 6, 8])
def held(request: pytest.FixtureRequest, start_emulator: StartEmulator) -> Iterator[Held]:
    """Five projects, each as another seed makes it."""
    started = start_emulator("--engine", "none", "--operation-delay", "0", "--iam-delay", "0")
    made = MadeUp(started, request.param)
    made.deploy()
    audit = Audit(read(google_of(started), PROJECT))
    yield Held(started, made, audit)
    started.stop()


def test_whoever_can_is_let_in_and_nobody_else(held: Held) -> None:
    """Every principal with its own ID token, and nobody's, at every service."""
    wrong, let_in = [], 0
    for target in held.targets(Kind.SERVICE):
        for principal in held.principals:
            answer = held.audit.why(principal, target.name)
            expected = any(path.direct and holds(path, target) for path in answer.paths)
            admitted = held.admits(principal, target)
            let_in += admitted
            if admitted is not expected:
                wrong.append(f"{principal} at {target.name}: {admitted}, not {answer}")
    assert not wrong, "\n".join(wrong)
    assert 0 < let_in < len(held.principals) * len(held.targets(Kind.SERVICE))


def test_whoever_can_executes_a_job_and_nobody_else(held: Held) -> None:
    """Every principal with its own access token, at every job."""
    wrong, done = [], 0
    for principal in held.principals[:-1]:
        jobs = Clients(held.emulator, "grpc", principal).make(run_v2.JobsClient)
        for target in held.targets(Kind.JOB):
            answer = held.audit.why(principal, target.name)
            expected = any(path.direct and holds(path, target) for path in answer.paths)
            executed = _executes(jobs, target.name)
            done += executed
            if executed is not expected:
                wrong.append(f"{principal} at {target.name}: {executed}, not {answer}")
    assert not wrong, "\n".join(wrong)
    assert done


def _executes(jobs: run_v2.JobsClient, name: str) -> bool:
    try:
        jobs.run_job(name=name.split("/", 3)[3])
    except PermissionDenied:
        return False
    except GoogleAPICallError as error:
        return "UNAUTHENTICATED" not in str(error.grpc_status_code)
    return True


def test_whoever_mints_gets_in_as_the_account(held: Held) -> None:
    """Each who the audit says mints ID tokens of an account does, nobody else, and it opens."""
    edges = {
        (start, account)
        for start, account, kind, verdict in held.audit.indirect.edges()
        if kind is HopKind.MINT_ID and verdict is not Verdict.UNKNOWN
    }
    target = held.targets(Kind.SERVICE)[0]
    wrong = []
    for principal in held.principals[:-2]:
        clients = Clients(held.emulator, "grpc", principal)
        for account in held.made.accounts:
            token = minted(clients, account, target.urls[0])
            if bool(token) is not ((principal, account) in edges):
                wrong.append(f"{principal} as {account}: {bool(token)}")
    assert edges
    assert not wrong, "\n".join(wrong)
