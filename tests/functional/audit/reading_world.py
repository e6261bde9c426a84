"""A world with everything in it that an audit reads, made with Google's own clients."""

from collections.abc import Sequence
from typing import Any

from google.cloud import (
    eventarc_v1,
    iam_admin_v1,
    iam_v2,
    iap_v1,
    resourcemanager_v3,
    run_v2,
    scheduler_v1,
    tasks_v2,
    workflows_v1,
)
from google.iam.v1 import policy_pb2
from google.oauth2.credentials import Credentials
from google.pubsub_v1 import PublisherClient, SubscriberClient
from google.type import expr_pb2

from provision.clients.credentials import caller_of
from provision.clients.google import GoogleClients
from provision.clients.local_cloud import find_local_cloud
from tests.conftest import DEVELOPER, Clients, ImagePusher, RunningEmulator, make_repository
from tests.emulator.functions.workbench import deploy, deploy_first
from tests.emulator.iam.boundary_world import Bounding, allow_boundaries

PROJECT, OTHER = "projects/demo-project", "projects/acme-other"
FOLDER, ORG = "folders/200000000001", "organizations/100000000001"
RUN = "//run.googleapis.com"
ORDERS = f"{RUN}/{PROJECT}/locations/asia-east1/services/orders"
NIGHTLY = f"{RUN}/{PROJECT}/locations/asia-east1/jobs/nightly"
BOX = f"{RUN}/{PROJECT}/locations/asia-east1/instances/box"
HELLO = f"{RUN}/{PROJECT}/locations/us-central1/services/hello"
FUNCTION = f"//cloudfunctions.googleapis.com/{PROJECT}/locations/us-central1/functions/hello"
OLD = f"//cloudfunctions.googleapis.com/{PROJECT}/locations/us-central1/functions/Old_one"
CALLER_EMAIL = "caller@demo-project.iam.gserviceaccount.com"
CALLER = f"//iam.googleapis.com/{PROJECT}/serviceAccounts/{CALLER_EMAIL}"
STRANGER_EMAIL = "robots@acme-other.iam.gserviceaccount.com"
STRANGER = f"//iam.googleapis.com/{OTHER}/serviceAccounts/{STRANGER_EMAIL}"
OUTER, INNER = "group:outer@example.com", "group:inner@example.com"
DENIED = "group:denied@example.com"
TOPIC = f"//pubsub.googleapis.com/{PROJECT}/topics/events"
PUSH = f"//pubsub.googleapis.com/{PROJECT}/subscriptions/push"
TRIGGER = f"//eventarc.googleapis.com/{PROJECT}/locations/asia-east1/triggers/on-upload"
SCHEDULE = f"//cloudscheduler.googleapis.com/{PROJECT}/locations/asia-east1/jobs/hourly"
QUEUE = f"//cloudtasks.googleapis.com/{PROJECT}/locations/asia-east1/queues/later"
WORKFLOW = f"//workflows.googleapis.com/{PROJECT}/locations/asia-east1/workflows/flow"
WEB = f"//iap.googleapis.com/{PROJECT}/iap_web"
CUSTOM = f"{PROJECT}/roles/callers"
ENDS = "2027-01-01T00:00:00Z"
TAGGED = "resource.matchTag('100000000001/env', 'prod')"

_ROLES = (
    "cloudasset.viewer",
    "iam.denyAdmin",
    "iam.organizationRoleAdmin",
    "iam.securityReviewer",
    "resourcemanager.tagAdmin",
    "resourcemanager.tagUser",
)
_OWN = ("owner", "iam.serviceAccountKeyAdmin", "resourcemanager.tagUser")


def google_of(emulator: RunningEmulator, member: str = DEVELOPER) -> GoogleClients:
    """The product's own clients, of a member."""
    local = find_local_cloud({"PROVISION_EMULATOR": emulator.http})
    return GoogleClients(caller_of(Credentials(token=emulator.token(member)), local), local)


def build(emulator: RunningEmulator) -> Clients:
    """Make it all, in an emulator that was just reset."""
    clients = Clients(emulator, "grpc", DEVELOPER)
    emulator.admin("POST", "/projects", projectId=OTHER.rpartition("/")[2])
    allow_boundaries(emulator)
    for role in _ROLES:
        _grant(emulator, ORG, f"roles/{role}")
    for role in _OWN:
        _grant(emulator, PROJECT, f"roles/{role}")
    emulator.admin("POST", "/groups", group=OUTER, members=[INNER, "user:cy@example.com"])
    inner = {"member": "user:ann@example.com", "expireTime": ENDS}
    emulator.admin("POST", "/groups", group=INNER, members=[inner, OUTER])
    emulator.admin("POST", "/groups", group=DENIED, members=["user:bob@example.com"])
    _identities(clients)
    _run(clients, emulator)
    deploy(clients)
    deploy_first(clients)
    bind(clients.services, _short(HELLO), (CUSTOM, ["user:finn@example.com"], ""))
    _denials(clients)
    _boundary(clients)
    _tags(clients)
    _push(clients)
    _others_that_call(clients)
    return clients


def _grant(emulator: RunningEmulator, resource: str, role: str, member: str = DEVELOPER) -> None:
    emulator.admin("POST", "/grants", resource=resource, member=member, role=role)


def _identities(clients: Clients) -> None:
    iam = clients.iam
    for project, name in ((PROJECT, "caller"), (OTHER, "robots")):
        iam.create_service_account(request={"name": project, "account_id": name})
    name = CALLER.removeprefix("//iam.googleapis.com/")
    bind(iam, name, ("roles/iam.serviceAccountTokenCreator", ["user:dan@example.com"], ""))
    iam.create_service_account_key(request={"name": name})
    role = iam_admin_v1.Role(
        title="callers", included_permissions=["run.routes.invoke"], stage="GA"
    )
    iam.create_role(request={"parent": PROJECT, "role_id": "callers", "role": role})


def _run(clients: Clients, emulator: RunningEmulator) -> None:
    make_repository(clients, emulator.project)
    image = ImagePusher(emulator).push(f"asia-east1/{emulator.project}/services/hello", "v1")
    container = run_v2.Container(image=image)
    template = run_v2.RevisionTemplate(containers=[container], service_account=CALLER_EMAIL)
    parent = f"{PROJECT}/locations/asia-east1"
    service = run_v2.Service(
        template=template,
        iap_enabled=True,
        invoker_iam_disabled=False,
        ingress=run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY,
        custom_audiences=["orders"],
        labels={"team": "shop"},
    )
    clients.services.create_service(parent=parent, service_id="orders", service=service).result(
        timeout=30
    )
    task = run_v2.TaskTemplate(containers=[container], service_account=CALLER_EMAIL)
    job = run_v2.Job(template=run_v2.ExecutionTemplate(template=task))
    jobs = clients.make(run_v2.JobsClient)
    jobs.create_job(parent=parent, job_id="nightly", job=job).result(timeout=30)
    instance = {"containers": [{"image": image}]}
    clients.make(run_v2.InstancesClient).create_instance(
        request={"parent": parent, "instance_id": "box", "instance": instance}
    ).result(timeout=30)
    bind(
        clients.services,
        _short(ORDERS),
        ("roles/run.invoker", [OUTER, f"serviceAccount:{STRANGER_EMAIL}"], ""),
        (CUSTOM, ["group:custom@example.com"], ""),
        ("roles/run.invoker", ["user:eve@example.com"], TAGGED),
    )
    bind(jobs, _short(NIGHTLY), ("roles/run.jobsExecutor", [OUTER], ""))
    iap = clients.make(iap_v1.IdentityAwareProxyAdminServiceClient)
    accessor = ("roles/iap.httpsResourceAccessor", ["user:ann@example.com"], "")
    bind(iap, f"{_short(WEB)}/cloud_run-asia-east1/services/orders", accessor)


def _short(name: str) -> str:
    return name.split("/", 3)[3]


def bind(client: Any, resource: str, *bindings: tuple[str, Sequence[str], str]) -> None:  # noqa: ANN401 - any client with policies
    """Make these the policy of a resource: role, members, condition."""
    policy = policy_pb2.Policy(version=3)
    for role, members, condition in bindings:
        made = policy.bindings.add(role=role, members=members)
        if condition:
            made.condition.CopyFrom(expr_pb2.Expr(title="only", expression=condition))
    client.set_iam_policy(request={"resource": resource, "policy": policy})


def _denials(clients: Clients) -> None:
    rule = iam_v2.DenyRule(
        denied_principals=["principalSet://goog/group/denied@example.com"],
        denied_permissions=["run.googleapis.com/routes.invoke"],
    )
    policy = iam_v2.Policy(display_name="stop", rules=[iam_v2.PolicyRule(deny_rule=rule)])
    point = f"cloudresourcemanager.googleapis.com/{FOLDER}".replace("/", "%2F")
    request = {
        "parent": f"policies/{point}/denypolicies",
        "policy": policy,
        "policy_id": "no-invoke",
    }
    clients.make(iam_v2.PoliciesClient).create_policy(request=request).result(timeout=30)


def _boundary(clients: Clients) -> None:
    bounding = Bounding(clients)
    bounding.policy("narrow", FOLDER)
    bounding.bind("narrow", ORG, condition="principal.subject == 'ann@example.com'")


def _tags(clients: Clients) -> None:
    rm = resourcemanager_v3
    key = rm.TagKey(parent=ORG, short_name="env")
    made = clients.make(rm.TagKeysClient).create_tag_key(tag_key=key).result(timeout=30)
    value = rm.TagValue(parent=made.name, short_name="prod")
    prod = clients.make(rm.TagValuesClient).create_tag_value(tag_value=value).result(timeout=30)
    parent = f"//cloudresourcemanager.googleapis.com/{PROJECT}"
    binding = rm.TagBinding(parent=parent, tag_value=prod.name)
    clients.make(rm.TagBindingsClient).create_tag_binding(tag_binding=binding).result(timeout=30)


def _push(clients: Clients) -> None:
    topic = _short(TOPIC)
    publisher = clients.make(PublisherClient)
    publisher.create_topic(request={"name": topic})
    bind(publisher, topic, ("roles/pubsub.publisher", ["group:inner@example.com"], ""))
    push = {
        "push_endpoint": "https://orders.example.com/",
        "oidc_token": {"service_account_email": CALLER_EMAIL},
    }
    clients.make(SubscriberClient).create_subscription(
        request={"name": _short(PUSH), "topic": topic, "push_config": push}
    )


def _others_that_call(clients: Clients) -> None:
    parent = f"{PROJECT}/locations/asia-east1"
    destination = {"cloud_run": {"service": "orders", "region": "asia-east1", "path": "/"}}
    kind = {"attribute": "type", "value": "google.cloud.pubsub.topic.v1.messagePublished"}
    trigger = {
        "destination": destination,
        "service_account": CALLER_EMAIL,
        "event_filters": [kind],
        "transport": {"pubsub": {"topic": _short(TOPIC)}},
    }
    clients.make(eventarc_v1.EventarcClient).create_trigger(
        request={"parent": parent, "trigger": trigger, "trigger_id": "on-upload"}
    ).result(timeout=30)
    oidc = {"service_account_email": CALLER_EMAIL}
    target = {"uri": "https://orders.example.com/", "oidc_token": oidc}
    job = {"name": _short(SCHEDULE), "schedule": "0 * * * *", "http_target": target}
    clients.make(scheduler_v1.CloudSchedulerClient).create_job(
        request={"parent": parent, "job": job}
    )
    over = {
        "oidc_token": {**oidc, "audience": "orders"},
        "uri_override": {"host": "orders.example.com"},
    }
    queue = {"name": _short(QUEUE), "http_target": over}
    tasks = clients.make(tasks_v2.CloudTasksClient)
    tasks.create_queue(request={"parent": parent, "queue": queue})
    bind(tasks, _short(QUEUE), ("roles/cloudtasks.enqueuer", ["user:bob@example.com"], ""))
    flow = {"source_contents": "main: {steps: [{end: {return: 1}}]}"}
    clients.make(workflows_v1.WorkflowsClient).create_workflow(
        request={
            "parent": parent,
            "workflow_id": "flow",
            "workflow": {**flow, "service_account": CALLER_EMAIL},
        }
    ).result(timeout=30)
