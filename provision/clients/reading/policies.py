"""Allow policies, of whatever kind of resource, read with version 3."""

from typing import Any

from provision.clients.calls import TIMEOUT
from provision.clients.policies import VERSION
from provision.clients.reading.refusals import checked
from provision.clients.reading.steps import Desk, Kind, Outcome, Step
from provision.snapshot.records import Binding, Part, Policy

_PERMISSIONS = {
    "projects": "resourcemanager.projects.getIamPolicy",
    "folders": "resourcemanager.folders.getIamPolicy",
    "organizations": "resourcemanager.organizations.getIamPolicy",
    "services": "run.services.getIamPolicy",
    "jobs": "run.jobs.getIamPolicy",
    "instances": "run.instances.getIamPolicy",
    "functions": "cloudfunctions.functions.getIamPolicy",
    "first_functions": "cloudfunctions.functions.getIamPolicy",
    "iam": "iam.serviceAccounts.getIamPolicy",
    "iap": "iap.webServices.getIamPolicy",
    "topics": "pubsub.topics.getIamPolicy",
    "queues": "cloudtasks.queues.getIamPolicy",
}
"""By the client (`GoogleClients`) that reads it."""

_QUOTAS = {
    "projects": "resources",
    "folders": "resources",
    "organizations": "resources",
    "services": "run",
    "jobs": "run",
    "instances": "run",
    "functions": "functions",
    "first_functions": "functions",
    "iam": "iam",
    "iap": "iap",
    "topics": "pubsub",
    "queues": "queues",
}


def policy_step(resource: str, client: str = "") -> Step:
    """The step that reads the policy of a resource.

    Args:
        resource: as a snapshot names it.
        client: the attribute of `GoogleClients`; of a container its own.
    """
    return Step(f"policy by {client or resource.partition('/')[0]}", resource)


def _reader(client: str) -> Any:  # noqa: ANN401 - a function of a desk and a step
    def policy(desk: Desk, step: Step) -> Outcome:
        return Outcome((to_policy(step.of, _asked(desk, client, step.of)),))

    return policy


def _asked(desk: Desk, client: str, resource: str) -> Any:  # noqa: ANN401 - policy_pb2.Policy
    from google.iam.v1.iam_policy_pb2 import GetIamPolicyRequest

    request = GetIamPolicyRequest(resource=_api_name(desk, client, resource))
    request.options.requested_policy_version = VERSION
    api = getattr(desk.google, client)
    return api.get_iam_policy(request=request, retry=None, timeout=TIMEOUT)


def _api_name(desk: Desk, client: str, resource: str) -> str:
    """As the service itself names it: without its host; IAP wants the project's number."""
    name = resource.split("/", 3)[3] if resource.startswith("//") else resource
    if client != "iap":
        return name
    project, _, rest = name.removeprefix("projects/").partition("/")
    number = desk.number(f"projects/{project}") or project
    return f"projects/{number}/{rest}"


def _instance_policy(desk: Desk, step: Step) -> Outcome:
    """Of an instance, over REST: Google's client of instances has no method for it."""
    name = _api_name(desk, "instances", step.of)
    url = f"{desk.google.rest_base('run')}/v2/{name}:getIamPolicy"
    asked = {"options.requestedPolicyVersion": VERSION}
    told = checked(desk.google.rest.get(url, params=asked, timeout=TIMEOUT))
    bindings = tuple(_of_json(one) for one in told.get("bindings", ()))
    return Outcome((Policy(step.of, bindings),))


def to_policy(resource: str, message: Any) -> Policy:  # noqa: ANN401 - policy_pb2.Policy
    """A policy as a record."""
    return Policy(resource, tuple(_binding(one) for one in message.bindings))


def _binding(told: Any) -> Binding:  # noqa: ANN401 - policy_pb2.Binding
    members = tuple(told.members)
    if not told.HasField("condition"):
        return Binding(told.role, members)
    return Binding(told.role, members, told.condition.expression, told.condition.title)


def _of_json(told: dict[str, Any]) -> Binding:
    condition = told.get("condition") or {}
    return Binding(
        str(told.get("role", "")),
        tuple(told.get("members", ())),
        str(condition.get("expression", "")),
        str(condition.get("title", "")),
    )


KINDS = {
    f"policy by {client}": Kind(
        _instance_policy if client == "instances" else _reader(client),
        quota,
        Part.POLICY,
        "policies",
        _PERMISSIONS[client],
    )
    for client, quota in _QUOTAS.items()
}
