"""A deny policy counts at the front door of a service that is open to everybody, too."""

import requests
from google.cloud import iam_v2, run_v2

from tests.conftest import Clients, RunningEmulator

PROJECT = "projects/demo-project"
PARENT = f"{PROJECT}/locations/asia-east1"
ORDERS = f"{PARENT}/services/orders"


def deny(clients: Clients, emulator: RunningEmulator, account: str) -> None:
    """Deny an account to invoke anything in the project."""
    emulator.admin(
        "POST",
        "/grants",
        resource="organizations/100000000001",
        member="user:developer@example.com",
        role="roles/iam.denyAdmin",
    )
    rule = iam_v2.DenyRule(
        denied_principals=[f"principal://iam.googleapis.com/projects/-/serviceAccounts/{account}"],
        denied_permissions=["run.googleapis.com/routes.invoke"],
    )
    policy = iam_v2.Policy(rules=[iam_v2.PolicyRule(deny_rule=rule)])
    parent = "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fdemo-project/denypolicies"
    clients.make(iam_v2.PoliciesClient).create_policy(
        request={"parent": parent, "policy": policy, "policy_id": "stop"}
    ).result(timeout=30)


def test_who_is_denied_is_refused_where_everybody_else_may_call(
    grpc_clients: Clients, emulator: RunningEmulator, pushed_image: str
) -> None:
    """Nobody in particular is let in; somebody who is denied, and says who they are, is not."""
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=pushed_image)])
    service = grpc_clients.services.create_service(
        parent=PARENT, service_id="orders", service=run_v2.Service(template=template)
    ).result(timeout=30)
    binding = {"role": "roles/run.invoker", "members": ["allUsers"]}
    grpc_clients.services.set_iam_policy(
        request={"resource": ORDERS, "policy": {"bindings": [binding]}}
    )
    account = service.template.service_account
    token = grpc_clients.credentials.generate_id_token(
        name=f"projects/-/serviceAccounts/{account}", audience=service.uri, include_email=True
    ).token
    known = {"Authorization": f"Bearer {token}"}
    assert requests.get(service.uri, headers=known, timeout=30).status_code == 200
    deny(grpc_clients, emulator, account)
    assert requests.get(service.uri, headers=known, timeout=30).status_code == 403
    assert requests.get(service.uri, timeout=30).status_code == 200
    strange = {"Authorization": "Basic abc"}
    assert requests.get(service.uri, headers=strange, timeout=30).status_code == 200
