"""For each rule a world in which it finds something, and one nearly the same where it does not."""

from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from provision.audit.settings import Acceptance, Settings
from provision.snapshot.records import (
    Account,
    AnyRecord,
    Binding,
    Caller,
    CallerKind,
    DenyPolicy,
    DenyRule,
    Key,
    Kind,
    Part,
    Policy,
    Role,
    Target,
    Unread,
)
from provision.spec import Setting, Spec, load
from tests.unit.audit.finding_worlds import (
    ANN,
    AT,
    CALLER,
    CALLS,
    FOLDER,
    INVOKER,
    NARROW,
    NIGHTLY,
    ORDERS,
    ORGANIZATION,
    PROJECT,
    World,
    group,
    policy,
    world,
)

_SERVICE = Target(
    ORDERS, Kind.SERVICE, ingress="all", account="orders@shop-prod.iam.gserviceaccount.com"
)
_BEHIND_IAP = replace(_SERVICE, iap=True)
_AGENT = "serviceAccount:service-111@gcp-sa-iap.iam.gserviceaccount.com"
_DEFAULT = "111-compute@developer.gserviceaccount.com"
_SECOND = (
    "//cloudfunctions.googleapis.com/projects/shop-prod/locations/europe-west1/functions/resize"
)
_RESIZE = "//run.googleapis.com/projects/shop-prod/locations/europe-west1/services/resize"
_POOL = "principalSet://iam.googleapis.com/projects/9/locations/global/workloadIdentityPools/ci"
_SETS = "principalSet://cloudresourcemanager.googleapis.com/organizations/1/type/ServiceAccount"
_MINTER = "roles/iam.serviceAccountOpenIdTokenCreator"
_LONG_AGO = datetime.fromisoformat("2020-01-01T00:00:00+00:00")
_BOUND = policy(ORDERS, (INVOKER, ANN))
_CALLED = policy(ORDERS, (INVOKER, CALLS))


def _on_orders(*members: str) -> World:
    return world(Policy(ORDERS, (Binding(INVOKER, members),)))


def _while(condition: str) -> World:
    return world(policy(ORDERS, (INVOKER, ANN, condition)))


def _function(*bindings: tuple[str, str], generation: int) -> World:
    service = _RESIZE if generation == 2 else ""
    records: tuple[AnyRecord, ...] = (
        Target(_SECOND, Kind.FUNCTION, generation=generation, service=service),
        policy(_SECOND, *bindings),
    )
    return world(*records, Target(_RESIZE, Kind.SERVICE), Policy(_RESIZE))


def _denied(who: str) -> World:
    rule = DenyRule((f"principal://goog/subject/{who}",), ("run.googleapis.com/routes.invoke",))
    return world(policy(ORDERS, (NARROW, ANN)), DenyPolicy(PROJECT, "guard", (rule,)))


def _with_key(**fields: object) -> World:
    key = Key(CALLER, "abc", created=_LONG_AGO)
    return world(_CALLED, replace(key, **fields))


def _declared(ingress: str) -> World:
    """With a spec of the service."""
    return world(settings=Settings(specs=_specs(ingress)))


def _specs(ingress: str) -> tuple[Spec, ...]:
    with TemporaryDirectory() as place:
        file = Path(place) / "provision.yaml"
        file.write_text(
            f"service: orders\nimage: {{reference: gcr.io/shop/orders:v1}}\ningress: {ingress}\n"
        )
        project, region = Setting("shop-prod", "--project"), Setting("europe-west1", "--region")
        return load([file], project=project, region=region)


def _accepted(until: str) -> World:
    one = Acceptance("ann@example.com", "a test", date.fromisoformat(until), rule="whole-domain")
    return world(settings=Settings(acceptances=(one,)))


PUSH = Caller(
    "//pubsub.googleapis.com/projects/shop-prod/subscriptions/push",
    CallerKind.PUSH,
    CALLS.partition(":")[2],
    "https://orders-111.europe-west1.run.app/push",
)
"""A subscription that calls the service, by its address."""


def _called(member: str) -> World:
    service = replace(_SERVICE, urls=("https://orders-111.europe-west1.run.app",))
    return world(service, PUSH, policy(ORDERS, (NARROW, member)))


PAIRS: dict[str, tuple[World, World]] = {
    "public-by-binding": (_on_orders("allUsers"), _on_orders("allAuthenticatedUsers")),
    "any-google-account": (_on_orders("allAuthenticatedUsers"), _on_orders("allUsers")),
    "public-above": (
        world(policy(FOLDER, (INVOKER, "allUsers"))),
        world(policy(FOLDER, ("roles/run.viewer", "allUsers"))),
    ),
    "invoker-check-off": (world(replace(_SERVICE, invoker_check=False)), world(_SERVICE)),
    "public-behind-iap": (
        world(_BEHIND_IAP, policy(ORDERS, (INVOKER, "allUsers"))),
        world(_SERVICE, policy(ORDERS, (INVOKER, "allUsers"))),
    ),
    "reachable-beyond-spec": (_declared("internal"), _declared("all")),
    "iap-agent-missing": (
        world(_BEHIND_IAP),
        world(_BEHIND_IAP, policy(ORDERS, (INVOKER, _AGENT))),
    ),
    "invoker-behind-iap": (
        world(_BEHIND_IAP, policy(ORDERS, (INVOKER, ANN))),
        world(_BEHIND_IAP, policy(ORDERS, (INVOKER, _AGENT))),
    ),
    "nothing-reaches-it": (
        world(replace(_SERVICE, ingress="none")),
        world(replace(_SERVICE, ingress="internal")),
    ),
    "whole-domain": (_on_orders("domain:example.com"), _on_orders("group:all@example.com")),
    "whole-pool": (_on_orders(f"{_POOL}/*"), _on_orders(f"{_POOL}/attribute.repository/shop")),
    "whole-account-set": (
        _on_orders(_SETS),
        world(policy(NIGHTLY, (INVOKER, _SETS))),
    ),
    "whole-customer-in-group": (
        world(
            policy(ORDERS, (INVOKER, "group:all@example.com")),
            _everybody := group("group:all@example.com", "cloudIdentityCustomerId:C01"),
        ),
        world(policy(ORDERS, ("roles/run.viewer", "group:all@example.com")), _everybody),
    ),
    "external-member": (_on_orders("user:bob@gmail.com"), _on_orders("user:bob@example.com")),
    "external-in-group": (
        world(
            policy(ORDERS, (INVOKER, "group:team@example.com")),
            group("group:team@example.com", "user:bob@other.example"),
        ),
        world(
            policy(ORDERS, (INVOKER, "group:team@example.com")),
            group("group:team@example.com", "user:bob@example.com"),
        ),
    ),
    "service-agent-above": (
        world(
            policy(
                PROJECT,
                (
                    "roles/run.serviceAgent",
                    agent := "serviceAccount:service-111@"
                    "serverless-robot-prod.iam.gserviceaccount.com",
                ),
            )
        ),
        world(policy(ORDERS, ("roles/run.serviceAgent", agent))),
    ),
    "deleted-principal": (
        _on_orders("deleted:user:ann@example.com?uid=123"),
        _on_orders("user:ann@example.com"),
    ),
    "deleted-role": (
        world(
            custom := policy(ORDERS, ("projects/shop-prod/roles/caller", ANN)),
            Role("projects/shop-prod/roles/caller", ("run.routes.invoke",), deleted=True),
        ),
        world(custom, Role("projects/shop-prod/roles/caller", ("run.routes.invoke",))),
    ),
    "disabled-account": (
        world(_CALLED, Account(CALLER, CALLS.partition(":")[2], disabled=True)),
        world(_CALLED),
    ),
    "stale-key": (_with_key(), _with_key(created=AT - timedelta(days=90))),
    "id-token-minter": (
        world(_CALLED, policy(CALLER, (_MINTER, ANN))),
        world(_CALLED, policy(CALLER, ("roles/iam.serviceAccountUser", ANN))),
    ),
    "id-token-minter-above": (
        world(_CALLED, policy(PROJECT, (_MINTER, ANN))),
        world(_BOUND, policy(PROJECT, (_MINTER, ANN))),
    ),
    "default-runtime-account": (
        world(replace(_SERVICE, account=_DEFAULT)),
        world(replace(_SERVICE, account="111-compute@shop-prod.iam.gserviceaccount.com")),
    ),
    "invoker-by-basic-role": (
        world(policy(PROJECT, ("roles/editor", ANN))),
        world(policy(PROJECT, ("roles/viewer", ANN))),
    ),
    "narrower-role": (world(_BOUND), world(policy(ORDERS, (NARROW, ANN)))),
    "function-role-on-second-generation": (
        _function(("roles/cloudfunctions.invoker", ANN), generation=2),
        _function(("roles/cloudfunctions.invoker", ANN), generation=1),
    ),
    "condition-never": (
        _while('resource.name.startsWith("projects/shop-prod")'),
        _while('request.path.startsWith("/shop")'),
    ),
    "condition-always": (
        _while('request.time > timestamp("2020-01-01T00:00:00Z")'),
        _while('request.time > timestamp("2027-01-01T00:00:00Z")'),
    ),
    "condition-unreadable": (
        _while('!resource.name.startsWith("projects/shop-prod")'),
        _while('request.host == "shop.example.com"'),
    ),
    "condition-expired": (
        _while('request.time < timestamp("2026-05-31T00:00:00Z")'),
        _while('request.time < timestamp("2026-06-02T00:00:00Z")'),
    ),
    "condition-refused": (
        world(policy(PROJECT, ("roles/editor", ANN, later := 'request.path == "/shop"'))),
        world(policy(PROJECT, ("roles/run.editor", ANN, later))),
    ),
    "condition-eligible": (
        _while("has({}.jitAccessConstraint)"),
        _while('request.path == "/jitAccessConstraint"'),
    ),
    "access-denied": (_denied("ann@example.com"), _denied("bob@example.com")),
    "can-grant": (
        world(policy(PROJECT, ("roles/run.admin", ANN))),
        world(policy(PROJECT, ("roles/run.developer", ANN))),
    ),
    "caller-refused": (_called(ANN), _called(CALLS)),
    "policy-not-read": (
        world(Unread(ORGANIZATION, Part.POLICY, "403 denied")),
        world(Unread(ORGANIZATION, Part.DENY, "403 denied")),
    ),
    "targets-not-read": (
        world(Unread(PROJECT, Part.TARGETS, "403 denied", "europe-west1 jobs")),
        world(Unread(PROJECT, Part.ACCOUNTS, "403 denied")),
    ),
    "group-not-read": (
        world(
            policy(ORDERS, (INVOKER, "group:team@example.com")),
            Unread("group:team@example.com", Part.MEMBERS, "403 denied"),
        ),
        world(
            policy(ORDERS, (INVOKER, "group:team@example.com")),
            group("group:team@example.com", ANN),
        ),
    ),
    "role-not-read": (
        world(custom),
        world(custom, Role("projects/shop-prod/roles/caller", ("run.services.get",))),
    ),
    "not-read": (
        world(Unread(PROJECT, Part.DENY, "403 denied")),
        world(Unread(PROJECT, Part.POLICY, "403 denied")),
    ),
    "acceptance-over": (_accepted("2026-05-31"), _accepted("2026-06-01")),
}
