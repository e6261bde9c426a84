"""What a workflow reaches, as whom, and from where: through the front door like everybody."""

import json
from collections.abc import Callable

import pytest
import requests
from google.cloud import run_v2
from google.cloud.workflows import executions_v1
from google.iam.v1 import policy_pb2

from tests.conftest import Clients, RunningEmulator
from tests.emulator.callers.kit import (
    CALLER,
    LOCATION,
    PROJECT,
    account_name,
    deploy_workflow,
    error_of,
    execute,
    make_caller,
)

SERVICE = "projects/demo-project/locations/asia-east1/services/orders"
INTERNAL = run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY
STATE = executions_v1.Execution.State
CALLING = """
main:
  params: [args]
  steps:
    - call_service:
        call: http.post
        args:
          url: ${{args.url + "/work"}}
          auth: {auth}
          body: {{id: 7}}
        result: answer
    - done:
        return: ${{answer.code}}
"""
OIDC = "{type: OIDC, audience: '${args.audience}'}"


def calling(auth: str = OIDC) -> str:
    """The source of a workflow that calls a service."""
    return CALLING.format(auth=auth)


@pytest.fixture
def service(grpc_clients: Clients, pushed_image: str) -> run_v2.Service:
    """An internal service of the project."""
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=pushed_image)])
    made: run_v2.Service = grpc_clients.services.create_service(
        parent=SERVICE.rpartition("/services/")[0],
        service_id="orders",
        service=run_v2.Service(template=template, ingress=INTERNAL),
    ).result(timeout=30)
    return made


@pytest.fixture
def invoke(
    grpc_clients: Clients, service: run_v2.Service
) -> Callable[..., executions_v1.Execution]:
    """Executes a workflow of `CALLER`, made with the source, with the service as its argument."""
    make_caller(grpc_clients)

    def run(source: str = calling(), audience: str = service.uri) -> executions_v1.Execution:
        deploy_workflow(grpc_clients, source, service_account=CALLER)
        return execute(grpc_clients, {"url": service.uri, "audience": audience})

    return run


def let_in(clients: Clients, *members: str) -> None:
    """Make these the service's invokers."""
    policy = policy_pb2.Policy()
    if members:
        policy.bindings.add(role="roles/run.invoker", members=members)
    clients.services.set_iam_policy(request={"resource": SERVICE, "policy": policy})


def test_a_workflow_reaches_the_internal_service_and_an_outsider_does_not(
    grpc_clients: Clients, service: run_v2.Service, invoke: Callable[..., executions_v1.Execution]
) -> None:
    """The same address at the same time: 200 from inside, Google's 404 from outside."""
    let_in(grpc_clients, f"serviceAccount:{CALLER}")
    assert invoke().result == "200"
    request = {
        "name": account_name(CALLER).replace(PROJECT, "projects/-"),
        "audience": service.uri,
        "include_email": True,
    }
    token = grpc_clients.credentials.generate_id_token(request=request).token
    outside = requests.post(
        f"{service.uri}/work", headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    assert (outside.status_code, "<h1>Error: Page not found</h1>" in outside.text) == (404, True)


def test_without_the_role_the_front_door_says_403(
    grpc_clients: Clients, invoke: Callable[..., executions_v1.Execution]
) -> None:
    """Its own page, in the error that the step raised; given the role, the same workflow works."""
    let_in(grpc_clients)
    error = error_of(done := invoke())
    assert (error["code"], error["tags"]) == (403, ["HttpError"])
    assert error["message"] == "HTTP server responded with error code 403"
    assert "does not have permission to get URL <code>/work</code>" in error["body"]
    assert done.error.context.startswith(
        'HTTP server responded with error code 403\nin step "call_service", routine "main", line: 6'
    )
    let_in(grpc_clients, f"serviceAccount:{CALLER}")
    assert execute(grpc_clients, json.loads(done.argument)).result == "200"
    let_in(grpc_clients)
    assert error_of(execute(grpc_clients, json.loads(done.argument)))["code"] == 403


@pytest.mark.parametrize(
    ("auth", "code"),
    [
        ("{type: OIDC, audience: 'https://elsewhere.example.com'}", 401),
        ("{type: OIDC}", 401),
        ("{type: OAuth2}", 401),
        ("null", 403),
    ],
    ids=["another audience", "the url as audience", "an access token", "no token"],
)
def test_a_token_that_is_not_for_the_service_is_refused(
    grpc_clients: Clients, invoke: Callable[..., executions_v1.Execution], auth: str, code: int
) -> None:
    """The audience has to be the root, which the url called is not."""
    let_in(grpc_clients, f"serviceAccount:{CALLER}")
    assert error_of(invoke(calling(auth)))["code"] == code


def test_another_projects_workflow_is_outside(
    emulator: RunningEmulator, grpc_clients: Clients, service: run_v2.Service
) -> None:
    """Though its account is an invoker: 404 while the service is internal, 200 when it is not."""
    emulator.admin("POST", "/projects", projectId="other-project")
    email = make_caller(grpc_clients, "projects/other-project")
    let_in(grpc_clients, f"serviceAccount:{email}")
    parent = LOCATION.replace("demo-project", "other-project")
    deploy_workflow(grpc_clients, calling(), parent=parent, service_account=email)
    asked = {"url": service.uri, "audience": service.uri}, f"{parent}/workflows/orders"
    assert error_of(execute(grpc_clients, *asked))["code"] == 404
    wide = run_v2.Service(service, ingress=run_v2.IngressTraffic.INGRESS_TRAFFIC_ALL)
    grpc_clients.services.update_service(service=wide).result(timeout=30)
    assert execute(grpc_clients, *asked).result == "200"


def test_an_account_that_may_not_act_gets_no_token(
    grpc_clients: Clients, invoke: Callable[..., executions_v1.Execution]
) -> None:
    """Disabled, or out of reach of the API's own agent: the step fails before anything is sent."""
    let_in(grpc_clients, f"serviceAccount:{CALLER}")
    grpc_clients.iam.disable_service_account(request={"name": account_name(CALLER)})
    error = error_of(invoke())
    assert (error["tags"], "code" in error) == (["AuthError"], False)


@pytest.mark.parametrize(
    ("url", "tag"),
    [
        ("http://127.0.0.1:9/", "ConnectionFailedError"),
        ("https://example.com/", "ConnectionFailedError"),
    ],
)
def test_what_is_not_here_cannot_be_reached(grpc_clients: Clients, url: str, tag: str) -> None:
    """Nothing is sent to other machines."""
    deploy_workflow(
        grpc_clients, f"main: {{steps: [{{a: {{call: http.get, args: {{url: '{url}'}}}}}}]}}"
    )
    assert tag in error_of(execute(grpc_clients))["tags"]


def test_googles_apis_are_the_emulators_own(
    emulator: RunningEmulator, grpc_clients: Clients, service: run_v2.Service
) -> None:
    """By their names, with an access token of the account, who needs the permission."""
    make_caller(grpc_clients)
    url = f"https://run.googleapis.com/v2/{service.name}"
    source = f"""
main:
  steps:
    - look:
        call: http.get
        args: {{url: '{url}', auth: {{type: OAuth2}}}}
        result: answer
    - done:
        return: ${{answer.body.uri}}
"""
    deploy_workflow(grpc_clients, source, service_account=CALLER)
    error = error_of(execute(grpc_clients))
    assert error["body"]["error"]["status"] == "PERMISSION_DENIED"
    grant = {"resource": PROJECT, "member": f"serviceAccount:{CALLER}", "role": "roles/run.viewer"}
    emulator.admin("POST", "/grants", **grant)
    assert json.loads(execute(grpc_clients).result) == service.uri
