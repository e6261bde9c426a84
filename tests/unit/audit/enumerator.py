"""Who can invoke what, reckoned from the rules one by one: plain and slow, to check against.

It shares no code with the evaluator. What somebody may do as itself is in `plain_rules`, who is in
what in `plain_members`.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import product

from provision.audit.answers import Token, Verdict
from provision.snapshot import Snapshot
from provision.snapshot.records import Caller, CallerKind, Kind, Target
from tests.unit.audit.plain_members import best, is_agent, project_in, project_of, worst
from tests.unit.audit.plain_rules import Rules, iap_levels

CAN, WHILE, UNKNOWN, CANNOT = Verdict

PERMISSIONS = {
    Kind.SERVICE: "run.routes.invoke",
    Kind.JOB: "run.jobs.run",
    Kind.INSTANCE: "run.instances.invoke",
}
MINTING = {
    "iam.serviceAccounts.getOpenIdToken": (Token.ID,),
    "iam.serviceAccounts.getAccessToken": (Token.ACCESS,),
    "iam.serviceAccounts.signJwt": (Token.ID, Token.ACCESS),
    "iam.serviceAccounts.signBlob": (Token.ID, Token.ACCESS),
}
RUNNING = (
    *("run.services.create", "run.jobs.create", "run.instances.create", "run.workerpools.create"),
    *("run.services.update", "run.jobs.update", "run.instances.update", "run.workerpools.update"),
    *("cloudfunctions.functions.create", "cloudfunctions.functions.update"),
    *("cloudbuild.builds.create", "workflows.workflows.create", "workflows.workflows.update"),
    *("cloudscheduler.jobs.create", "cloudscheduler.jobs.update", "cloudtasks.tasks.create"),
)
"""What makes something run as an account; others only send its ID tokens."""
SENDING = (
    *("pubsub.subscriptions.create", "pubsub.subscriptions.update"),
    *("eventarc.triggers.create", "eventarc.triggers.update"),
)
UPDATING = {
    Kind.SERVICE: "run.services.update",
    Kind.JOB: "run.jobs.update",
    Kind.INSTANCE: "run.instances.update",
    Kind.FUNCTION: "cloudfunctions.functions.update",
}
SETTING_OFF = {
    CallerKind.PUSH: "pubsub.topics.publish",
    CallerKind.TRIGGER: "pubsub.topics.publish",
    CallerKind.SCHEDULER: "cloudscheduler.jobs.run",
    CallerKind.QUEUE: "cloudtasks.tasks.create",
    CallerKind.WORKFLOW: "workflows.executions.create",
}


class Enumerator(Rules):
    """All answers over one snapshot.

    Args:
        snapshot: small.
        at: when.
    """

    def __init__(self, snapshot: Snapshot, at: datetime) -> None:
        super().__init__(snapshot, at)
        self.targets = {one.name: one for one in snapshot.targets}
        self.containers = {one.name: one for one in snapshot.containers}
        self.projects = [name for name in self.containers if name.startswith("projects/")]
        self.accounts = sorted(self._accounts())
        self._tokens: dict[str, dict[tuple[str, Token], Verdict]] = {}

    def verdict(self, principal: str, target: str) -> Verdict:
        """Whether a principal gets in, by whatever way."""
        found = self.targets[target]
        ways = [self.itself(principal, found, token) for token in Token]
        for (account, token), had in self.tokens(principal).items():
            ways.append(worst(had, self.itself(account, found, token)))
        ways += [self.by_caller(principal, found, caller) for caller in self.snapshot.callers]
        return best(ways)

    # As itself.

    def itself(self, principal: str, target: Target, token: Token) -> Verdict:
        """Whether a principal gets in as itself, by what takes that kind of token."""
        if self.inert(principal):
            return CANNOT
        if target.kind is Kind.FUNCTION and target.generation == 2:
            beneath = self.targets.get(target.service)
            if beneath is None:
                return UNKNOWN if token is Token.ID else CANNOT
            return self.itself(principal, beneath, token)
        if target.kind is Kind.SERVICE and not target.iap and not target.invoker_check:
            return CAN
        asked = self.asked(target, token)
        if asked is None or (token is Token.ACCESS and principal == "allUsers"):
            return CANNOT
        found = self.may(principal, *asked)
        return worst(found, self.agent(target)) if target.iap else found

    def asked(self, target: Target, token: Token) -> tuple[str, str] | None:
        """The permission that is asked of who shows that kind of token, and where."""
        wanted = Token.ACCESS if target.kind is Kind.JOB else Token.ID
        if target.kind is Kind.FUNCTION and token is not Token.NONE:
            verb = "invoke" if token is Token.ID else "call"
            return f"cloudfunctions.functions.{verb}", target.name
        if token is not wanted:
            return None
        if target.iap:
            return "iap.webServiceVersions.accessViaIAP", iap_levels(target.name)[0]
        return PERMISSIONS[target.kind], target.name

    def agent(self, target: Target) -> Verdict:
        """Whether IAP's own agent is let through."""
        container = self.containers.get(project_in(target.name))
        if not target.invoker_check:
            return CAN
        if container is None or not container.number:
            return UNKNOWN
        agent = f"service-{container.number}@gcp-sa-iap.iam.gserviceaccount.com"
        return self.may(f"serviceAccount:{agent}", "run.routes.invoke", target.name)

    # As somebody else.

    def tokens(self, principal: str) -> dict[tuple[str, Token], Verdict]:
        """The tokens of accounts that a principal comes by."""
        if principal not in self._tokens:
            self._tokens[principal] = self._find_tokens(principal)
        return self._tokens[principal]

    def _find_tokens(self, principal: str) -> dict[tuple[str, Token], Verdict]:
        had: dict[tuple[str, Token], Verdict] = {}
        if principal == "allUsers" or self.inert(principal):
            return had
        while True:
            acting = {principal: CAN}
            acting |= {who: one for (who, token), one in had.items() if token is Token.ACCESS}
            found = dict(had)
            for actor, sure in acting.items():
                for account, token, step in self.steps(actor):
                    reached = best((found.get((account, token), CANNOT), worst(sure, step)))
                    if reached is not CANNOT:
                        found[account, token] = reached
            if found == had:
                return had
            had = found

    def steps(self, actor: str) -> Iterator[tuple[str, Token, Verdict]]:
        """The tokens that somebody comes by at once, by each means."""
        chain = self.chain(actor)
        for account in self.accounts:
            name = full_name(account)
            for permission, tokens in MINTING.items():
                for link, sure in chain.items():
                    for token in tokens:
                        yield account, token, worst(sure, self.may(link, permission, name))
            key = self.may(actor, "iam.serviceAccountKeys.create", name)
            acting = self.may(actor, "iam.serviceAccounts.actAs", name)
            runs, sends = self.runs(actor), self.sends(actor)
            yield account, Token.ACCESS, best((key, worst(acting, runs)))
            yield account, Token.ID, best((key, worst(acting, best((runs, sends)))))

    def chain(self, actor: str) -> dict[str, Verdict]:
        """Whom it can name as delegates, itself the first."""
        found = {actor: CAN}
        for _ in self.accounts:
            for link, sure in list(found.items()):
                for account in self.accounts:
                    permission = "iam.serviceAccounts.implicitDelegation"
                    step = worst(sure, self.may(link, permission, full_name(account)))
                    found[account] = best((found.get(account, CANNOT), step))
        return found

    def runs(self, actor: str) -> Verdict:
        """Whether it can make something run code, in any project, or change what runs there."""
        changing = ((UPDATING[one.kind], one.name) for one in self.targets.values())
        asked = (*product(RUNNING, self.projects), *changing)
        return best(self.may(actor, *one) for one in asked)

    def sends(self, actor: str) -> Verdict:
        """Whether it can make something send ID tokens."""
        return best(self.may(actor, *one) for one in product(SENDING, self.projects))

    def _accounts(self) -> Iterator[str]:
        """Accounts that have a token to be come by: all that are named, but Google's own."""
        named = {f"serviceAccount:{one.email}" for one in self.snapshot.accounts}
        for bindings in self.policies.values():
            named.update(member for one in bindings for member in one.members)
        for members in self.members.groups.values():
            named.update(one.member for one in members)
        for name in named - self.disabled:
            if name.startswith("serviceAccount:") and not is_agent(name):
                yield name

    # By what calls on its own.

    def by_caller(self, principal: str, target: Target, caller: Caller) -> Verdict:
        """Whether it can set off a call of a target by an account that gets in."""
        account = f"serviceAccount:{caller.account}"
        return worst(
            self.calls(caller, target),
            best(self.itself(account, target, token) for token in Token),
            self.sets_off(principal, caller),
        )

    def calls(self, caller: Caller, target: Target) -> Verdict:
        """Whether something calls a target."""
        if not caller.account:
            return CANNOT
        if caller.paused and caller.kind is not CallerKind.SCHEDULER:
            return CANNOT
        beneath = {one.service for one in (target, self.targets.get(caller.calls)) if one}
        if not caller.calls:
            return CAN if caller.kind is CallerKind.QUEUE else UNKNOWN
        if caller.calls != target.name and not beneath & {caller.calls, target.name}:
            return CANNOT
        return UNKNOWN if caller.paused else CAN

    def sets_off(self, principal: str, caller: Caller) -> Verdict:
        """Whether somebody sets it off, itself or as an account."""
        if principal == "allUsers":
            return CANNOT
        permission = SETTING_OFF[caller.kind]
        switch = caller.by if permission == "pubsub.topics.publish" else caller.name
        acting = {principal: CAN}
        had = self.tokens(principal).items()
        acting |= {account: sure for (account, token), sure in had if token is Token.ACCESS}
        return best(
            worst(sure, self.may(actor, permission, switch)) for actor, sure in acting.items()
        )


def full_name(account: str) -> str:
    """The full resource name of an account."""
    email = account.removeprefix("serviceAccount:")
    return f"//iam.googleapis.com/projects/{project_of(account)}/serviceAccounts/{email}"
