"""A service behind Identity-Aware Proxy: first IAP decides, then IAM about IAP's own agent."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from google.cloud import iam_credentials_v1, iap_v1, run_v2
from google.iam.v1 import policy_pb2

from tests.conftest import Clients, RunningEmulator
from tests.emulator.iam.boundary_world import ORGANIZATION, Bounding, allow_boundaries
from tests.emulator.iam.deployed import SERVICE

PROJECT = "projects/demo-project"
WEB_SERVICE = f"{PROJECT}/iap_web/cloud_run-asia-east1/services/orders"
ACCESSOR = "roles/iap.httpsResourceAccessor"
BY_IAP = "x-goog-iap-generated-response"


@dataclass(frozen=True)
class Behind:
    """A service with IAP on.

    Args:
        emulator: where it is.
        clients: the developer's.
        url: its address.
        number: its project's.
    """

    emulator: RunningEmulator
    clients: Clients
    url: str
    number: str

    @property
    def account(self) -> str:
        """The address of an account that calls."""
        return f"{self.number}-compute@developer.gserviceaccount.com"

    def token(self, audience: str) -> str:
        """An ID token of the account."""
        made = self.clients.make(iam_credentials_v1.IAMCredentialsClient).generate_id_token(
            request={
                "name": f"projects/-/serviceAccounts/{self.account}",
                "audience": audience,
                "include_email": True,
            }
        )
        return str(made.token)

    def get(self, path: str = "/", **headers: str) -> requests.Response:
        """Ask the service, following nothing."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.get(f"{self.url}{path}", headers=named, allow_redirects=False, timeout=30)

    def client_id(self) -> str:
        """The OAuth client that the redirect tells of."""
        found = parse_qs(urlsplit(self.get().headers["Location"]).query)
        return found["client_id"][0]

    def grant(self, resource: str, member: str, role: str) -> None:
        """Bind a role."""
        self.emulator.admin("POST", "/grants", resource=resource, member=member, role=role)

    def admit_agent(self) -> None:
        """Let IAP's service agent invoke the service."""
        agent = f"serviceAccount:service-{self.number}@gcp-sa-iap.iam.gserviceaccount.com"
        self.grant(SERVICE, agent, "roles/run.invoker")


@pytest.fixture
def behind(emulator: RunningEmulator, grpc_clients: Clients, pushed_image: str) -> Behind:
    """The service `orders`, IAP on, with nobody let in."""
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=pushed_image)])
    made = grpc_clients.services.create_service(
        parent=SERVICE.rpartition("/services/")[0],
        service_id="orders",
        service=run_v2.Service(template=template, iap_enabled=True, launch_stage="BETA"),
    ).result(timeout=30)
    number = grpc_clients.projects.get_project(name=PROJECT).name.partition("/")[2]
    return Behind(emulator, grpc_clients, str(made.urls[0]), number)


def test_without_credentials_one_is_sent_to_sign_in(behind: Behind) -> None:
    """To Google's accounts, with IAP's own OAuth client and the address to come back to."""
    answer = behind.get("/report?x=1")
    assert answer.status_code == 302
    assert answer.headers[BY_IAP] == "true"
    target = urlsplit(answer.headers["Location"])
    assert target.hostname == "accounts.google.com"
    query = parse_qs(target.query)
    assert query["state"] == [f"{behind.url}/report?x=1"]
    assert query["client_id"][0].endswith(".apps.googleusercontent.com")


def test_a_token_for_the_service_is_not_one_for_iap(behind: Behind) -> None:
    """One audience cannot satisfy both; a holder of run.invoker is cut off."""
    behind.grant(SERVICE, f"serviceAccount:{behind.account}", "roles/run.invoker")
    answer = behind.get(Authorization=f"Bearer {behind.token(behind.url)}")
    assert (answer.status_code, answer.headers[BY_IAP]) == (401, "true")
    assert "JWT audience doesn't match" in answer.text
    spoilt = behind.get(Authorization="Bearer not-a-token")
    assert (spoilt.status_code, spoilt.headers[BY_IAP]) == (401, "true")


def test_access_to_iap_and_its_agent_as_invoker_are_both_needed(behind: Behind) -> None:
    """First IAP's 403, then Cloud Run's, then the service."""
    bearer = f"Bearer {behind.token(behind.client_id())}"
    refused = behind.get(Authorization=bearer)
    assert (refused.status_code, refused.headers.get(BY_IAP)) == (403, "true")
    behind.grant(WEB_SERVICE, f"serviceAccount:{behind.account}", ACCESSOR)
    uninvited = behind.get(Authorization=bearer)
    assert (uninvited.status_code, uninvited.headers.get(BY_IAP)) == (403, None)
    behind.admit_agent()
    assert behind.get(Authorization=bearer).status_code == 200
    assert behind.get(Proxy_Authorization=bearer, Authorization="Bearer x").status_code == 200


def test_a_condition_on_the_path_opens_a_part(behind: Behind) -> None:
    """Conditions of IAP's policies see path and host of the request."""
    policy = policy_pb2.Policy(version=3)
    binding = policy.bindings.add(role=ACCESSOR, members=[f"serviceAccount:{behind.account}"])
    binding.condition.title = "part"
    binding.condition.expression = "request.path.startsWith('/open')"
    client = behind.clients.make(iap_v1.IdentityAwareProxyAdminServiceClient)
    client.set_iam_policy(request={"resource": WEB_SERVICE, "policy": policy})
    behind.admit_agent()
    bearer = f"Bearer {behind.token(behind.client_id())}"
    assert behind.get("/open/it", Authorization=bearer).status_code == 200
    assert behind.get("/shut", Authorization=bearer).status_code == 403


def test_a_user_who_signed_in_passes_and_leaves_with_the_role(behind: Behind) -> None:
    """By a group, too; a membership that is taken away shuts the door."""
    behind.admit_agent()
    behind.grant(WEB_SERVICE, "group:team@example.com", ACCESSOR)
    made = behind.emulator.admin(
        "POST", "/identities", member="user:ann@example.com", audience=behind.client_id()
    )
    bearer = f"Bearer {made['id_token']}"
    assert behind.get(Authorization=bearer).status_code == 403
    team = {"group": "group:team@example.com"}
    behind.emulator.admin("POST", "/groups", **team, members=["user:ann@example.com"])
    assert behind.get(Authorization=bearer).status_code == 200
    behind.emulator.admin("POST", "/groups", **team, members=[])
    assert behind.get(Authorization=bearer).status_code == 403


def test_everybody_may_be_let_past_iap(behind: Behind) -> None:
    """A policy for allUsers asks for no sign-in."""
    behind.admit_agent()
    behind.grant(WEB_SERVICE, "allUsers", ACCESSOR)
    assert behind.get().status_code == 200


def test_a_boundary_stops_at_iap_what_it_does_not_stop_at_the_invoker(behind: Behind) -> None:
    """``accessViaIAP`` is blocked from version 2, ``run.routes.invoke`` never."""
    behind.admit_agent()
    behind.grant(WEB_SERVICE, f"serviceAccount:{behind.account}", ACCESSOR)
    bearer = f"Bearer {behind.token(behind.client_id())}"
    assert behind.get(Authorization=bearer).status_code == 200
    admin = "user:admin@example.net"
    allow_boundaries(behind.emulator, admin)
    bounding = Bounding(Clients(behind.emulator, "grpc", admin))
    bounding.policy("narrow", "projects/other-project")
    bounding.bind("narrow", ORGANIZATION)
    assert behind.get(Authorization=bearer).status_code == 403
