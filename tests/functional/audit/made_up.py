"""A made-up project, deployed into the emulator with Google's own clients."""

from google.cloud import iam_v2, run_v2
from google.type import expr_pb2

from provision.snapshot.records import DenyPolicy, Group, Kind, Policy
from tests.audit_world import Size, snapshot
from tests.conftest import DEVELOPER, Clients, ImagePusher, RunningEmulator, make_repository
from tests.functional.audit.reading_world import FOLDER, ORG, PROJECT, bind

SIZE = Size(
    services=7,
    jobs=3,
    functions=0,
    accounts=6,
    users=9,
    groups=4,
    bindings=70,
    conditional=0.3,
    impersonation=0.3,
    custom_roles=0,
    deny=4,
    boundaries=0,
    callers=0,
    keys=0,
    iap=0,
    unchecked=0.15,
    disabled=0.2,
    unread=0,
)
_PARENT = f"{PROJECT}/locations/asia-east1"
_HERE = ("user:", "group:", "serviceAccount:robot-", "allUsers", "allAuthenticatedUsers", "domain:")


class MadeUp:
    """A project of an emulator that was just reset.

    Args:
        emulator: where it goes.
        seed: of the generator.
    """

    def __init__(self, emulator: RunningEmulator, seed: int) -> None:
        self.world = snapshot(SIZE, seed, ("demo-project",))
        self.clients = Clients(emulator, "grpc", DEVELOPER)
        self._emulator = emulator
        self._made = {target.name: target for target in self.world.targets}
        named = {one.member for group in self.world.groups for one in group.members}
        self.users = sorted(one for one in named if one.startswith("user:"))
        self.accounts = [
            f"serviceAccount:{account.email}"
            for account in self.world.accounts
            if account.email.startswith("robot-")
        ]

    def deploy(self) -> None:
        """Make everything of it that stands in the project, and what is denied above."""
        self._grant(ORG, DEVELOPER, "roles/iam.denyAdmin")
        for group in self.world.groups:
            self._group(group)
        for member in self.accounts:
            name = member.removeprefix("serviceAccount:").partition("@")[0]
            self.clients.iam.create_service_account(request={"name": PROJECT, "account_id": name})
        self._targets()
        for policy in self.world.policies:
            self._policy(policy)
        for place, deny in enumerate(self.world.deny_policies):
            self._deny(deny, place)
        for account in self.world.accounts:
            if account.disabled and account.email.startswith("robot-"):
                name = f"projects/-/serviceAccounts/{account.email}"
                self.clients.iam.disable_service_account(request={"name": name})

    def _group(self, group: Group) -> None:
        members = [one.member for one in group.members if one.member.startswith(_HERE)]
        self._emulator.admin("POST", "/groups", group=group.member, members=members)

    def _targets(self) -> None:
        make_repository(self.clients, "demo-project")
        image = ImagePusher(self._emulator).push("asia-east1/demo-project/services/hello", "v1")
        container = run_v2.Container(image=image)
        jobs = self.clients.make(run_v2.JobsClient)
        pending = []
        for target in self.world.targets:
            name = target.name.rpartition("/")[2]
            if target.kind is Kind.JOB:
                task = run_v2.TaskTemplate(containers=[container])
                job = run_v2.Job(template=run_v2.ExecutionTemplate(template=task))
                pending.append(jobs.create_job(parent=_PARENT, job=job, job_id=name))
            else:
                service = run_v2.Service(
                    template=run_v2.RevisionTemplate(containers=[container]),
                    invoker_iam_disabled=not target.invoker_check,
                )
                asked = {"parent": _PARENT, "service": service, "service_id": name}
                pending.append(self.clients.services.create_service(request=asked))
        for operation in pending:
            operation.result(timeout=30)

    def _policy(self, policy: Policy) -> None:
        """Bindings on the project are added to those that are there; the others are all."""
        bindings = [
            (binding.role, members, binding.condition)
            for binding in policy.bindings
            if (members := [one for one in binding.members if one.startswith(_HERE)])
        ]
        if not bindings:
            return
        target = self._made.get(policy.resource)
        if target is not None:
            client = (
                self.clients.services
                if target.kind is Kind.SERVICE
                else self.clients.make(run_v2.JobsClient)
            )
            bind(client, f"{_PARENT}/{'/'.join(target.name.split('/')[-2:])}", *bindings)
        elif "/serviceAccounts/robot-" in policy.resource:
            name = policy.resource.removeprefix("//iam.googleapis.com/")
            bind(self.clients.iam, name, *bindings)
        elif policy.resource == PROJECT:
            for role, members, _ in bindings:
                for member in members:
                    self._grant(PROJECT, member, role)

    def _grant(self, resource: str, member: str, role: str) -> None:
        self._emulator.admin("POST", "/grants", resource=resource, member=member, role=role)

    def _deny(self, deny: DenyPolicy, place: int) -> None:
        """On the project or its folder; by people and groups."""
        where = PROJECT if deny.resource.startswith("projects/") else FOLDER
        point = f"cloudresourcemanager.googleapis.com/{where}".replace("/", "%2F")
        rules = [
            iam_v2.PolicyRule(
                deny_rule=iam_v2.DenyRule(
                    denied_principals=rule.principals,
                    denied_permissions=rule.permissions,
                    exception_principals=rule.except_principals,
                    denial_condition=(
                        expr_pb2.Expr(expression=rule.condition) if rule.condition else None
                    ),
                )
            )
            for rule in deny.rules
        ]
        self.clients.make(iam_v2.PoliciesClient).create_policy(
            parent=f"policies/{point}/denypolicies",
            policy=iam_v2.Policy(rules=rules),
            policy_id=f"guard{place}",
        ).result(timeout=30)
