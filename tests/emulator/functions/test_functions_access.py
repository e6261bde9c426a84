"""Who may call a function: by which permission, on which resource, with which token."""

import ssl
from collections.abc import Callable

import pytest
import requests
from google.api_core import exceptions
from google.iam.v1 import policy_pb2

from tests.conftest import Clients, RunningEmulator
from tests.emulator.functions.workbench import (
    HELLO,
    LOCATION,
    OLD,
    SERVICE,
    account,
    bind,
    create,
    create_first,
    deploy,
    deploy_first,
    first_function,
    function,
    id_token,
    status,
    v1,
    v2,
)

INVOKER = "roles/cloudfunctions.invoker"
RUN_INVOKER = "roles/run.invoker"
GOOGLE = "https://us-central1-demo-project.cloudfunctions.net"


def test_a_first_generation_function_asks_for_its_own_permission(grpc_clients: Clients) -> None:
    """Its invoker gets in, another account does not, a wrong audience is 401, no token 403."""
    url = deploy_first(grpc_clients).https_trigger.url
    ann, bob = account(grpc_clients, "ann-caller"), account(grpc_clients, "bob-caller")
    bind(v1(grpc_clients), OLD, INVOKER, f"serviceAccount:{ann}")
    assert status(url, id_token(grpc_clients, ann, url)) == 200
    assert status(url, id_token(grpc_clients, ann, f"{GOOGLE}/Old_one")) == 200
    assert status(f"{url}/sub?a=b", id_token(grpc_clients, ann, url)) == 200
    assert status(url, id_token(grpc_clients, bob, url)) == 403
    assert status(url, id_token(grpc_clients, ann, url.removesuffix("/Old_one"))) == 401
    assert status(url, id_token(grpc_clients, ann, f"{GOOGLE}/other")) == 401
    assert status(url, "no.such.token") == 401
    assert status(url) == 403


def test_the_role_of_cloud_run_does_not_open_a_first_generation_function(
    grpc_clients: Clients, emulator: RunningEmulator
) -> None:
    """``roles/run.invoker`` on the whole project has nothing that such a function asks for."""
    url = deploy_first(grpc_clients).https_trigger.url
    ann = account(grpc_clients, "ann-caller")
    member = f"serviceAccount:{ann}"
    project = "projects/demo-project"
    emulator.admin("POST", "/grants", resource=project, member=member, role=RUN_INVOKER)
    assert status(url, id_token(grpc_clients, ann, url)) == 403
    emulator.admin("POST", "/grants", resource=project, member=member, role=INVOKER)
    assert status(url, id_token(grpc_clients, ann, url)) == 200


def test_a_second_generation_function_asks_its_service(grpc_clients: Clients) -> None:
    """The service's policy opens both addresses; wrong audience 401, another 403, none 403."""
    made = deploy(grpc_clients)
    ann, bob = account(grpc_clients, "ann-caller"), account(grpc_clients, "bob-caller")
    bind(grpc_clients.services, SERVICE, RUN_INVOKER, f"serviceAccount:{ann}")
    for url in (made.url, made.service_config.uri):
        for audience in (made.url, made.service_config.uri, f"{GOOGLE}/hello"):
            assert status(url, id_token(grpc_clients, ann, audience)) == 200
        assert status(url, id_token(grpc_clients, bob, url)) == 403
        assert status(url, id_token(grpc_clients, ann, "https://example.com")) == 401
        assert status(url) == 403


def test_a_functions_own_policy_does_not_open_the_second_generation(grpc_clients: Clients) -> None:
    """``roles/cloudfunctions.invoker`` can be bound there, and lets nobody in."""
    made = deploy(grpc_clients)
    ann = account(grpc_clients, "ann-caller")
    bind(v2(grpc_clients), HELLO, INVOKER, f"serviceAccount:{ann}", "allUsers")
    assert status(made.url, id_token(grpc_clients, ann, made.url)) == 403
    assert status(made.service_config.uri) == 403


def test_a_function_may_be_public(clients: Clients) -> None:
    """Everybody is taken by a function's policy, and opens one of the first generation."""
    url = deploy_first(clients).https_trigger.url
    bind(v1(clients), OLD, INVOKER, "allUsers")
    assert status(url) == 200


def test_one_policy_is_read_by_both_versions(clients: Clients) -> None:
    """What v1 wrote of a first-generation function, v2 reads, and the other way round."""
    deploy_first(clients)
    bind(v1(clients), OLD, INVOKER, "user:ann@example.com")
    asked = {"resource": OLD}
    assert v2(clients).get_iam_policy(request=asked) == v1(clients).get_iam_policy(request=asked)


@pytest.mark.parametrize("make", [deploy, deploy_first], ids=["second", "first"])
def test_policies_of_functions_take_neither_conditions_nor_roles_of_cloud_run(
    clients: Clients, make: Callable[[Clients], object]
) -> None:
    """Only Cloud Run services take conditions; ``run.invoker`` is not supported on a function."""
    client, name = (v2(clients), HELLO) if make is deploy else (v1(clients), OLD)
    make(clients)
    with pytest.raises(exceptions.BadRequest, match=r"Role roles/run\.invoker is not supported"):
        bind(client, name, RUN_INVOKER, "user:ann@example.com")
    policy = policy_pb2.Policy(version=3)
    binding = policy.bindings.add(role=INVOKER, members=["user:ann@example.com"])
    binding.condition.title, binding.condition.expression = "never", "request.path == '/a'"
    with pytest.raises(exceptions.BadRequest, match="Conditions are not supported"):
        client.set_iam_policy(request={"resource": name, "policy": policy})
    asked = ["cloudfunctions.functions.invoke", "cloudfunctions.functions.call"]
    told = client.test_iam_permissions(request={"resource": name, "permissions": asked})
    assert list(told.permissions) == asked


def test_conditions_on_the_service_see_the_path_below_the_function(grpc_clients: Clients) -> None:
    """At both addresses it is the path that the container sees."""
    made = deploy(grpc_clients)
    ann = account(grpc_clients, "ann-caller")
    policy = policy_pb2.Policy(version=3)
    binding = policy.bindings.add(role=RUN_INVOKER, members=[f"serviceAccount:{ann}"])
    binding.condition.title = "reports"
    binding.condition.expression = "request.path.startsWith('/reports/')"
    grpc_clients.services.set_iam_policy(request={"resource": SERVICE, "policy": policy})
    token = id_token(grpc_clients, ann, made.url)
    for url in (made.url, made.service_config.uri):
        assert status(f"{url}/reports/1", token) == 200
        assert status(f"{url}/orders/1", token) == 403


@pytest.mark.parametrize(
    ("settings", "expected"),
    [("ALLOW_ALL", 200), ("ALLOW_INTERNAL_ONLY", 404), ("ALLOW_INTERNAL_AND_GCLB", 404)],
)
def test_ingress_is_looked_at_first(grpc_clients: Clients, settings: str, expected: int) -> None:
    """From outside, whoever may call gets 404 from either generation that is not open to it."""
    first = {**first_function(grpc_clients), "ingress_settings": settings}
    old = create_first(grpc_clients, first).result(timeout=60)
    second = {**function(grpc_clients), "service_config": {"ingress_settings": settings}}
    new = create(grpc_clients, second)
    made = new.result(timeout=60)
    bind(v1(grpc_clients), OLD, INVOKER, "allUsers")
    bind(grpc_clients.services, SERVICE, RUN_INVOKER, "allUsers")
    assert [status(old.https_trigger.url), status(made.url)] == [expected, expected]


def test_deploying_needs_to_act_as_the_account(
    grpc_clients: Clients, clients_of: Callable[[str], Clients], emulator: RunningEmulator
) -> None:
    """A developer of functions without it is refused in Cloud Functions' words."""
    member = "user:ann@example.com"
    project = "projects/demo-project"
    role = "roles/cloudfunctions.developer"
    emulator.admin("POST", "/grants", resource=project, member=member, role=role)
    ann = clients_of(member)
    text = "Permission 'iam.serviceaccounts.actAs' denied on service account .* may not exist"
    older = f"Missing necessary permission iam.serviceAccounts.actAs for {member} on the service"
    with pytest.raises(exceptions.Forbidden, match=text):
        create(ann, function(ann))
    with pytest.raises(exceptions.Forbidden, match=older):
        create_first(ann, first_function(ann))
    assert list(v2(grpc_clients).list_functions(parent=LOCATION)) == []


@pytest.fixture
def by_proxy(emulator: RunningEmulator, tmp_path: object) -> Callable[..., requests.Response]:
    """Asks Google's own address of a function by way of the emulator's proxy."""
    session = requests.Session()
    file = f"{tmp_path}/ca.pem"
    with open(file, "w", encoding="ascii") as written:  # noqa: PTH123 - a name for requests
        written.write(emulator.admin("GET", "")["ca"])
    assert ssl.create_default_context(cafile=file).get_ca_certs()
    proxies = dict.fromkeys(("http", "https"), str(emulator.about["proxy"]))

    def ask(url: str, token: str = "") -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return session.get(
            url, headers=headers, proxies=proxies, verify=file, timeout=30, allow_redirects=False
        )

    return ask


def test_google_s_own_addresses_answer_by_the_proxy(
    grpc_clients: Clients, by_proxy: Callable[..., requests.Response]
) -> None:
    """``https://REGION-PROJECT.cloudfunctions.net/NAME`` for both generations, 404 for others."""
    deploy(grpc_clients)
    deploy_first(grpc_clients)
    ann = account(grpc_clients, "ann-caller")
    bind(grpc_clients.services, SERVICE, RUN_INVOKER, f"serviceAccount:{ann}")
    bind(v1(grpc_clients), OLD, INVOKER, f"serviceAccount:{ann}")
    for name in ("hello", "Old_one"):
        url = f"{GOOGLE}/{name}"
        assert by_proxy(url).status_code == 403
        assert by_proxy(f"{url}/sub", id_token(grpc_clients, ann, url)).status_code == 200
    assert by_proxy(f"{GOOGLE}/other").status_code == 404
    assert by_proxy(GOOGLE).status_code == 404


@pytest.mark.parametrize(("level", "expected"), [("SECURE_ALWAYS", 302), ("SECURE_OPTIONAL", 200)])
def test_plain_http_is_redirected_where_it_is_to_be(
    grpc_clients: Clients,
    by_proxy: Callable[..., requests.Response],
    level: str,
    expected: int,
) -> None:
    """At Google's name; the emulator's own address stands for one that is secure already."""
    sent = {**first_function(grpc_clients), "https_trigger": {"security_level": level}}
    made = create_first(grpc_clients, sent).result(timeout=60)
    bind(v1(grpc_clients), OLD, INVOKER, "allUsers")
    answer = by_proxy(f"{GOOGLE.replace('https', 'http')}/Old_one?a=b")
    assert answer.status_code == expected
    assert answer.headers.get("Location", f"{GOOGLE}/Old_one?a=b") == f"{GOOGLE}/Old_one?a=b"
    assert status(made.https_trigger.url) == 200
