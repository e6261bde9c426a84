"""What a binding on a service means at its address: times, paths and hosts, tokens, and delays."""

import datetime as dt
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from google.auth.transport.requests import Request
from google.cloud import iam_admin_v1
from google.iam.v1 import policy_pb2
from google.oauth2 import service_account
from google.type import expr_pb2

from tests.conftest import Clients, RunningEmulator
from tests.emulator.iam.deployed import SERVICE, deploy_bound

PROJECT = "projects/demo-project"


@dataclass(frozen=True)
class Caller:
    """A service account, and the service `orders` that it calls.

    Args:
        clients: the developer's.
        url: of the service.
        email: the account's.
    """

    clients: Clients
    url: str
    email: str

    def bind(self, expression: str = "", resource: str = SERVICE) -> None:
        """Make the account the one invoker of a service or project, where the condition holds."""
        owner: Any = self.clients.services if resource == SERVICE else self.clients.projects
        policy = owner.get_iam_policy(
            request={"resource": resource, "options": {"requested_policy_version": 3}}
        )
        policy.version = 3
        condition = expr_pb2.Expr(title="some", expression=expression) if expression else None
        policy.bindings.append(
            policy_pb2.Binding(
                role="roles/run.invoker",
                members=[f"serviceAccount:{self.email}"],
                condition=condition,
            )
        )
        owner.set_iam_policy(request={"resource": resource, "policy": policy})

    def unbind(self) -> None:
        """Take all bindings off the service."""
        policy = self.clients.services.get_iam_policy(
            request={"resource": SERVICE, "options": {"requested_policy_version": 3}}
        )
        del policy.bindings[:]
        self.clients.services.set_iam_policy(request={"resource": SERVICE, "policy": policy})

    def token(self, audience: str = "") -> str:
        """An ID token for the service, or for another audience."""
        return str(
            self.clients.credentials.generate_id_token(
                name=f"projects/-/serviceAccounts/{self.email}",
                audience=audience or self.url,
                include_email=True,
            ).token
        )

    def status(self, path: str = "/", token: str = "") -> int:
        """How the service answers."""
        headers = {"Authorization": f"Bearer {token or self.token()}"}
        return requests.get(f"{self.url}{path}", headers=headers, timeout=30).status_code

    def becomes(self, status: int) -> None:
        """Ask until the service answers so; half a minute is enough on a busy machine."""
        token, ends = self.token(), time.monotonic() + 30
        while (found := self.status(token=token)) != status:
            assert time.monotonic() < ends, f"it still answers {found}"


@pytest.fixture
def caller(emulator: RunningEmulator, grpc_clients: Clients, pushed_image: str) -> Iterator[Caller]:
    """An account that may not call the service yet."""
    made = deploy_bound(
        grpc_clients, pushed_image, "roles/run.viewer", "user:developer@example.com"
    )
    account = grpc_clients.iam.create_service_account(
        request=iam_admin_v1.CreateServiceAccountRequest(name=PROJECT, account_id="checkout")
    )
    yield Caller(grpc_clients, made.urls[0], account.email)
    emulator.admin("POST", "/settings", iamDelay=0)


def moment(seconds: float) -> str:
    """A moment from now, as conditions write it."""
    then = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
    return f'timestamp("{then.isoformat(timespec="milliseconds").replace("+00:00", "Z")}")'


def test_access_ends_when_its_condition_says_so(caller: Caller) -> None:
    """Nothing is written in between: the same policy lets in, and then it does not."""
    caller.bind(f"request.time < {moment(6)}")
    assert caller.status() == 200
    caller.becomes(403)


def test_access_begins_when_its_condition_says_so(caller: Caller) -> None:
    """A binding for later is none now."""
    caller.bind(f"request.time >= {moment(6)}")
    assert caller.status() == 403
    caller.becomes(200)


def test_a_condition_on_the_project_counts_for_its_services(caller: Caller) -> None:
    """What is inherited is inherited with its condition."""
    caller.bind('request.path == "/reports"', PROJECT)
    assert (caller.status("/reports"), caller.status("/reports/")) == (200, 403)


@pytest.mark.parametrize(
    ("expression", "admitted", "refused"),
    [
        ('request.path == "/reports"', ("/reports", "/reports?day=1"), ("/", "/reports/")),
        ('request.path.endsWith(".json")', ("/a.json", "/b/c.json?x=1"), ("/a.json/", "/json")),
        ('request.path.startsWith("/reports/")', ("/reports/1",), ("/Reports/1", "/?/reports/")),
        ('!request.path.startsWith("/admin")', ("/",), ("/admin", "/admin/users")),
        ('request.path == "/a" || request.path == "/b"', ("/a", "/b"), ("/c",)),
    ],
)
def test_a_path_is_compared_as_it_was_asked_for(
    caller: Caller, expression: str, admitted: tuple[str, ...], refused: tuple[str, ...]
) -> None:
    """Without its query, and with its case."""
    caller.bind(expression)
    assert [caller.status(path) for path in admitted] == [200] * len(admitted)
    assert [caller.status(path) for path in refused] == [403] * len(refused)


def test_a_host_is_the_one_that_was_asked(caller: Caller) -> None:
    """Its name without the port; a condition on another name does not let in."""
    host = urlsplit(caller.url).hostname or ""
    caller.bind(f'request.host.endsWith("{host[-6:]}")')
    assert caller.status() == 200
    caller.unbind()
    caller.bind('request.host == "orders.example.com"')
    assert caller.status() == 403


def test_a_time_and_a_path_hold_together(caller: Caller) -> None:
    """Both have to be so, as in what a grant for a day and a path writes."""
    caller.bind(f'request.time < {moment(600)} && request.path.startsWith("/reports/")')
    assert (caller.status("/reports/1"), caller.status("/")) == (200, 403)
    caller.unbind()
    caller.bind(f'request.time < {moment(-60)} && request.path.startsWith("/reports/")')
    assert caller.status("/reports/1") == 403


def test_a_grant_and_its_revocation_spread_alike(caller: Caller, emulator: RunningEmulator) -> None:
    """Until the delay is over the policy that was there before is the one that counts."""
    emulator.admin("POST", "/settings", iamDelay=4)
    caller.bind()
    assert caller.status() == 403
    caller.becomes(200)
    caller.unbind()
    assert caller.status() == 200
    caller.becomes(403)


def test_an_id_token_is_for_its_audience_alone(caller: Caller) -> None:
    """Any address of the service will do; another one, a path of it or a slash more is refused."""
    caller.bind()
    service = caller.clients.services.get_service(name=SERVICE)
    assert [caller.status(token=caller.token(url)) for url in service.urls] == [200, 200]
    others = ("https://elsewhere.example.com", f"{caller.url}/", f"{caller.url}/reports", "orders")
    assert [caller.status(token=caller.token(one)) for one in others] == [401] * len(others)


def test_a_custom_audience_opens_a_service_as_its_address_does(caller: Caller) -> None:
    """Once it is set; before, it is another audience like all others."""
    caller.bind()
    wanted = "https://orders.example.com"
    assert caller.status(token=caller.token(wanted)) == 401
    service = caller.clients.services.get_service(name=SERVICE)
    service.custom_audiences.append(wanted)
    caller.clients.services.update_service(service=service).result(timeout=30)
    assert caller.status(token=caller.token(wanted)) == 200
    assert caller.status() == 200


def test_a_key_opens_a_service_until_it_is_disabled(caller: Caller) -> None:
    """Disabled, it makes no token any more; enabled again it does."""
    caller.bind()
    iam = caller.clients.iam
    made = iam.create_service_account_key(name=f"projects/-/serviceAccounts/{caller.email}")
    identity = service_account.IDTokenCredentials.from_service_account_info(
        json.loads(made.private_key_data), target_audience=caller.url
    )
    identity.refresh(Request())
    assert caller.status(token=identity.token) == 200
    iam.disable_service_account_key(request={"name": made.name})
    with pytest.raises(Exception, match="Invalid JWT Signature"):
        identity.refresh(Request())
    iam.enable_service_account_key(request={"name": made.name})
    identity.refresh(Request())
    assert caller.status(token=identity.token) == 200


def test_a_token_of_a_disabled_account_opens_nothing(caller: Caller) -> None:
    """Its binding stays, and counts again when the account does."""
    caller.bind()
    token = caller.token()
    name = f"projects/-/serviceAccounts/{caller.email}"
    caller.clients.iam.disable_service_account(request={"name": name})
    assert caller.status(token=token) == 401
    caller.clients.iam.enable_service_account(request={"name": name})
    assert caller.status(token=token) == 200


def test_a_user_is_let_in_by_what_gcloud_makes_for_users(
    caller: Caller, emulator: RunningEmulator
) -> None:
    """An ID token for gcloud's client; an access token of the same user is none."""
    ann = "user:ann@example.com"
    emulator.admin("POST", "/grants", resource=SERVICE, member=ann, role="roles/run.invoker")
    made = emulator.admin("POST", "/identities", member=ann)
    fields = ("client_id", "client_secret", "refresh_token")
    adc = made["adc"]
    answer = requests.post(
        f"{emulator.http}/token",
        data={"grant_type": "refresh_token", **{name: adc[name] for name in fields}},
        timeout=30,
    ).json()
    assert caller.status(token=answer["id_token"]) == 200
    assert caller.status(token=answer["access_token"]) == 401
