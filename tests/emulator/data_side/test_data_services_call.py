"""One service calls another with the token that Google's own library fetched in its container."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import requests
from google.cloud import artifactregistry_v1, run_v2
from google.iam.v1 import iam_policy_pb2, policy_pb2

from tests.conftest import Clients, RunningEmulator, StartEmulator
from tests.emulator.data_side.workshop import Workshop

if TYPE_CHECKING:
    import docker

    from tests.emulator.data_side.conftest import DataSide

pytestmark = pytest.mark.engine

INVOKE = "run.routes.invoke"
CHECKOUT = "serviceAccount:checkout@acme-prod.iam.gserviceaccount.com"
LIBRARIES = (
    *("google-auth", "pyasn1", "pyasn1-modules", "cryptography", "cffi"),
    *("requests", "urllib3", "idna", "certifi", "charset-normalizer"),
)
APP = """
import http.server, json, os, urllib.parse

class App(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        try:
            answer = getattr(self, "do" + parts.path.replace("/", "_"))(**query)
        except Exception as error:
            answer = {"error": repr(error)}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_(self):
        return {"service": os.environ["K_SERVICE"]}

    def do_call(self, url):
        import requests
        from google.auth.transport.requests import Request
        from google.oauth2 import id_token
        token = id_token.fetch_id_token(Request(), url)
        answer = requests.get(url, headers={"Authorization": "Bearer " + token}, timeout=20)
        return {"status": answer.status_code, "body": answer.text}

    def do_environment(self):
        return dict(os.environ)

    def do_credentials(self):
        import google.auth
        from google.auth.transport.requests import Request
        credentials, project = google.auth.default()
        credentials.refresh(Request())
        return {
            "account": credentials.service_account_email,
            "project": project,
            "token": credentials.token,
        }

    def do_metadata(self, path, flavor="Google", forwarded=""):
        import requests
        url = "http://" + os.environ["GCE_METADATA_HOST"] + path
        headers = {"Metadata-Flavor": flavor} if flavor else {}
        if forwarded:
            headers["X-Forwarded-For"] = forwarded
        answer = requests.get(url, headers=headers, timeout=20)
        return {"status": answer.status_code, "body": answer.text}

http.server.HTTPServer(("0.0.0.0", int(os.environ["PORT"])), App).serve_forever()
"""


@pytest.fixture(scope="module")
def image(workshop: Workshop) -> str:
    """An image with Google's authentication library."""
    return workshop.python("caller", APP, LIBRARIES)


@pytest.fixture
def orders(engine_side: "DataSide", image: str) -> str:
    """The address of an internal service that nobody may invoke yet."""
    revision = engine_side.running(engine_side.revision_of("orders", image))
    engine_side.grants.held.discard((CHECKOUT, INVOKE, revision.service.name))
    ingress = "INGRESS_TRAFFIC_INTERNAL_ONLY"
    _, url, _ = engine_side.open_service("orders", ingress=ingress)
    return url


def _checkout(side: "DataSide", image: str, vpc_egress: str) -> str:
    """The address of a caller that the host may ask to call."""
    name = f"checkout-{vpc_egress.lower() or 'none'}"
    revision = side.revision_of("checkout", image, revision=name, vpc_egress=vpc_egress)
    side.running(revision)
    _, _, url = side.open_service("checkout", revision=name, invoker_iam_disabled=True)
    return url


def _ask(url: str, what: str, /, **query: str) -> dict[str, object]:
    answer = requests.get(f"{url}/{what}", params=query, timeout=60)
    told: dict[str, object] = answer.json()
    assert "error" not in told, told
    return told


def _grant(side: "DataSide", image: str) -> None:
    side.grants.allow(CHECKOUT, INVOKE, side.revision_of("orders", image).service.name)


def test_checkout_calls_an_internal_orders(
    engine_side: "DataSide", image: str, orders: str
) -> None:
    """Through the VPC: refused without the role, answered with it; the host is outside."""
    checkout = _checkout(engine_side, image, "ALL_TRAFFIC")
    assert _ask(checkout, "call", url=orders)["status"] == 403
    _grant(engine_side, image)
    assert _ask(checkout, "call", url=orders) == {"status": 200, "body": '{"service": "orders"}'}
    token = engine_side.identities.id_token(CHECKOUT, orders)
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.get(orders, headers=headers, timeout=30).status_code == 404


@pytest.mark.parametrize("vpc_egress", ["", "PRIVATE_RANGES_ONLY"])
def test_a_caller_that_does_not_go_through_the_vpc_is_outside(
    engine_side: "DataSide", image: str, orders: str, vpc_egress: str
) -> None:
    """The role alone does not open an internal service."""
    _grant(engine_side, image)
    checkout = _checkout(engine_side, image, vpc_egress)
    assert _ask(checkout, "call", url=orders)["status"] == 404


def test_another_projects_vpc_is_outside(engine_side: "DataSide", image: str, orders: str) -> None:
    """Only the VPC of the service's own project counts as inside."""
    _grant(engine_side, image)
    revision = engine_side.revision_of("checkout", image, "acme-dev", vpc_egress="ALL_TRAFFIC")
    engine_side.run(engine_side.runtime.start(revision))
    _, _, checkout = engine_side.open_service("checkout", "acme-dev", invoker_iam_disabled=True)
    assert _ask(checkout, "call", url=orders)["status"] == 404


def test_application_default_credentials_are_the_services_account(
    engine_side: "DataSide", image: str
) -> None:
    """Google's library finds project and account, and its access token is that account's."""
    found = _ask(_checkout(engine_side, image, ""), "credentials")
    assert found["account"] == "checkout@acme-prod.iam.gserviceaccount.com"
    assert found["project"] == "acme-prod"
    assert engine_side.identities.member(str(found["token"])) == CHECKOUT


def test_metadata_wants_its_header(engine_side: "DataSide", image: str) -> None:
    """Without Metadata-Flavor, or through a proxy, nothing is told."""
    url = _checkout(engine_side, image, "")
    path = "/computeMetadata/v1/project/project-id"
    assert _ask(url, "metadata", path=path) == {"status": 200, "body": "acme-prod"}
    assert _ask(url, "metadata", path=path, flavor="Other")["status"] == 403
    assert _ask(url, "metadata", path=path, forwarded="192.0.2.1")["status"] == 403


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("project/numeric-project-id", "123456789012"),
        ("instance/region", "projects/123456789012/regions/asia-east1"),
        ("instance/zone", "projects/123456789012/zones/asia-east1-1"),
        (
            "instance/service-accounts/default/email",
            "checkout@acme-prod.iam.gserviceaccount.com",
        ),
        (
            "instance/service-accounts/",
            "default/\ncheckout@acme-prod.iam.gserviceaccount.com/\n",
        ),
        ("project/", "numeric-project-id\nproject-id\n"),
    ],
)
def test_metadata_tells_of_the_revision(
    engine_side: "DataSide", image: str, path: str, body: str
) -> None:
    """Each container is told of its own service."""
    url = _checkout(engine_side, image, "")
    told = _ask(url, "metadata", path=f"/computeMetadata/v1/{path}")
    assert told == {"status": 200, "body": body}


def test_metadata_tells_of_no_other_account(engine_side: "DataSide", image: str) -> None:
    """Another account's token cannot be had, nor an identity for no audience."""
    url = _checkout(engine_side, image, "")
    accounts = "/computeMetadata/v1/instance/service-accounts"
    other = f"{accounts}/orders@acme-prod.iam.gserviceaccount.com/token"
    assert _ask(url, "metadata", path=other)["status"] == 404
    assert _ask(url, "metadata", path=f"{accounts}/default/identity")["status"] == 400


def test_the_host_gets_no_metadata(engine_side: "DataSide", image: str) -> None:
    """Only containers are handed tokens."""
    url = _checkout(engine_side, image, "")
    address = _ask(url, "environment")["GCE_METADATA_HOST"]
    path = "/computeMetadata/v1/instance/service-accounts/default/token"
    answer = requests.get(
        f"http://{address}{path}", headers={"Metadata-Flavor": "Google"}, timeout=30
    )
    assert answer.status_code == 403


PARENT = "projects/acme-prod/locations/asia-east1"


@pytest.fixture(scope="module")
def whole(start_emulator: StartEmulator) -> RunningEmulator:
    """The emulator as users start it, with an engine, a repository and two accounts."""
    running = start_emulator("--project", "acme-prod", "--operation-delay", "0")
    assert running.about["engine"]
    clients = Clients(running, "grpc", "user:developer@example.com")
    docker_format = artifactregistry_v1.Repository.Format.DOCKER
    clients.repositories.create_repository(
        parent=PARENT,
        repository_id="services",
        repository=artifactregistry_v1.Repository(format_=docker_format),
    ).result(timeout=30)
    for account in ("checkout", "orders"):
        clients.iam.create_service_account(
            request={"name": "projects/acme-prod", "account_id": account}
        )
    return running


@pytest.fixture(scope="module")
def pushed(whole: RunningEmulator, engine: "docker.DockerClient") -> Iterator[str]:
    """The program above in the emulator's registry."""
    shop = Workshop(engine, str(whole.about["registry"]), whole.token)
    yield shop.python("caller", APP, LIBRARIES)
    shop.clean()


def _deploy(clients: Clients, name: str, image: str, service: run_v2.Service) -> run_v2.Service:
    service.template.containers = [run_v2.Container(image=image)]
    service.template.service_account = f"{name}@acme-prod.iam.gserviceaccount.com"
    deployed: run_v2.Service = clients.services.create_service(
        parent=PARENT, service_id=name, service=service
    ).result(timeout=60)
    return deployed


def test_the_whole_emulator_lets_checkout_call_orders(whole: RunningEmulator, pushed: str) -> None:
    """Deployed and bound with Google's clients: 403 before the binding, 200 after, 404 outside."""
    clients = Clients(whole, "grpc", "user:developer@example.com")
    internal = run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY
    orders = _deploy(clients, "orders", pushed, run_v2.Service(ingress=internal))
    vpc = run_v2.VpcAccess(
        egress=run_v2.VpcAccess.VpcEgress.ALL_TRAFFIC,
        network_interfaces=[run_v2.VpcAccess.NetworkInterface(network="default")],
    )
    template = run_v2.RevisionTemplate(vpc_access=vpc)
    checkout = _deploy(
        clients, "checkout", pushed, run_v2.Service(template=template, invoker_iam_disabled=True)
    )
    assert _ask(checkout.uri, "call", url=orders.uri)["status"] == 403
    binding = policy_pb2.Binding(role="roles/run.invoker", members=[CHECKOUT])
    clients.services.set_iam_policy(
        iam_policy_pb2.SetIamPolicyRequest(
            resource=orders.name, policy=policy_pb2.Policy(bindings=[binding])
        )
    )
    told = _ask(checkout.uri, "call", url=orders.uri)
    assert told == {"status": 200, "body": '{"service": "orders"}'}
    assert [requests.get(url, timeout=30).status_code for url in orders.urls] == [404, 404]
    for name in (orders.name, checkout.name):
        clients.services.delete_service(name=name).result(timeout=60)
