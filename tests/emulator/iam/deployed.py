"""A service with a policy, for tests of what the policy lets through."""

from google.cloud import run_v2
from google.iam.v1 import policy_pb2

from tests.conftest import Clients

SERVICE = "projects/demo-project/locations/asia-east1/services/orders"


def deploy_bound(clients: Clients, image: str, role: str, member: str) -> run_v2.Service:
    """Make the service `orders`, and bind one member to one role on it.

    Args:
        clients: of who makes it.
        image: by digest.
        role: as in ``roles/run.invoker``.
        member: as in ``allUsers``.
    """
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=image)])
    made: run_v2.Service = clients.services.create_service(
        parent=SERVICE.rpartition("/services/")[0],
        service_id="orders",
        service=run_v2.Service(template=template),
    ).result(timeout=30)
    policy = policy_pb2.Policy()
    policy.bindings.add(role=role, members=[member])
    clients.services.set_iam_policy(request={"resource": SERVICE, "policy": policy})
    return made
