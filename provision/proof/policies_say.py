"""The control side of the proof: who may invoke by the policies, its own and those above."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from provision.clients.clock import Clock
from provision.clients.iam import Iam
from provision.clients.policies import PolicyClient
from provision.clients.resource_manager import MAX_DEPTH, ResourceManager
from provision.errors import ProvisionError
from provision.invokers import Carries, Holding, Wanted, bound, granted, others, public
from provision.plan import Check, Claim, Evidence, Verdict
from provision.policy import Policy
from provision.principals import is_public
from provision.spec import Spec

_NOBODY = Wanted("", (), exclusive=False)


@dataclass(frozen=True)
class PoliciesSay:
    """Judges the policies about one service or job.

    Args:
        spec: what is declared.
        wanted: what it says about invokers.
        policies: the policies of that kind of resource.
        permission: what an invoker needs.
        iam: tells which roles carry it.
        resources: what stands above the project.
    """

    spec: Spec
    wanted: Wanted
    policies: PolicyClient
    permission: str
    iam: Iam
    resources: ResourceManager
    clock: Clock = field(default_factory=Clock)

    def checks(self) -> tuple[Policy, tuple[Check, ...]]:
        """Its own policy, empty where it cannot be read; the claims about it and those above."""
        try:
            policy = self.policies.get(self.spec.resource_name.name)
            here = tuple(self._here(policy))
        except ProvisionError as error:
            policy = Policy()
            here = (self._unread("no-public-member", f"on the {self.spec.kind}", error),)
        return policy, (*here, *self._above())

    @property
    def _carries(self) -> Carries:
        return self.iam.carrying(self.permission)

    def _here(self, policy: Policy) -> Iterator[Check]:
        asked, wanted = f"GetIamPolicy {self.spec.resource_name}", self.wanted
        yield self._named(wanted, policy, asked)
        yield from self._nobody_else(wanted, policy, asked)
        yield self._nobody_public(wanted, policy, asked)

    def _above(self) -> Iterator[Check]:
        """One check for each folder and the organisation; not proven where one is unreadable.

        A project itself refuses public members (Resource Manager v3, setIamPolicy).
        """
        resource = f"projects/{self.spec.project.value}"
        for _ in range(MAX_DEPTH):
            try:
                resource = self.resources.parent(resource)
                if not resource:
                    return
                found = public(self.resources.policy(resource), _NOBODY, self._carries)
            except ProvisionError as error:
                yield self._unread("no-public-member-above", f"at or above {resource}", error)
                return
            yield self._check(
                "no-public-member-above",
                Claim.PRIVACY,
                f"GetIamPolicy {resource}",
                _listed(found) or "no public member",
                wrong=f"public by {resource}: {_listed(found)}" if found else "",
                right=f"no public member at {resource}",
            )

    def _named(self, wanted: Wanted, policy: Policy, asked: str) -> Check:
        held = bound(policy, wanted)
        missing = wanted.all - held
        every = "every invoker of the spec is bound" if wanted.members else "the spec names nobody"
        return self._check(
            "invokers-as-named",
            Claim.CONFIGURATION,
            f"{asked}: {wanted.role}",
            ", ".join(sorted(held)) or "nobody of the spec",
            wrong=f"not bound: {', '.join(sorted(missing))}" if missing else "",
            right=every,
        )

    def _nobody_else(self, wanted: Wanted, policy: Policy, asked: str) -> Iterator[Check]:
        """Who else can invoke by this policy; a claim only where the spec is exclusive."""
        now, carries = self.clock.now(), self._carries
        rest = others(policy, wanted, carries, now)
        told = _listed((*rest, *granted(policy, wanted, now)))
        if not told and not wanted.exclusive:
            return
        summary = f"can invoke too, and is not in the spec: {told}"
        check = self._check(
            "nobody-else",
            Claim.CONFIGURATION,
            f"{asked}: every role with {self.permission}",
            told or "nobody else",
            wrong=summary if wanted.exclusive and rest else "",
            right=summary
            if told
            else f"nobody else can invoke by the {self.spec.kind}'s own policy",
        )
        doubtful = all(carries(one.binding.role) is None for one in rest)
        if check.verdict is Verdict.FAILED and doubtful:
            unreadable = f"A role in it cannot be read: it may carry {self.permission}, or not."
            check = replace(check, verdict=Verdict.NOT_PROVEN, hint=unreadable)
        yield check

    def _nobody_public(self, wanted: Wanted, policy: Policy, asked: str) -> Check:
        found = public(policy, wanted, self._carries)
        declared = [member for member in wanted.members if is_public(member)]
        return self._check(
            "no-public-member",
            Claim.PRIVACY,
            f"{asked}: allUsers, allAuthenticatedUsers",
            _listed(found) or "none that the spec does not name",
            wrong=f"public by the {self.spec.kind}'s own policy: {_listed(found)}" if found else "",
            right=f"public because the spec says so: {', '.join(declared)}"
            if declared
            else f"no public member on the {self.spec.kind}",
        )

    def _unread(self, name: str, where: str, error: ProvisionError) -> Check:
        """The claim that nobody public can invoke, where a policy cannot be read."""
        return Check(
            name,
            Claim.PRIVACY,
            Verdict.NOT_PROVEN,
            f"whether a public member stands {where} could not be read",
            (Evidence(f"the policies {where}", str(error), self.clock.stamp()),),
            hint=error.hint,
        )

    def _check(  # noqa: PLR0913 - the parts of one check
        self, name: str, claim: Claim, asked: str, answered: str, *, wrong: str, right: str
    ) -> Check:
        verdict = Verdict.FAILED if wrong else Verdict.PASSED
        evidence = (Evidence(asked, answered, self.clock.stamp()),)
        return Check(name, claim, verdict, wrong or right, evidence)


def _listed(holdings: tuple[Holding, ...]) -> str:
    return "; ".join(str(holding) for holding in holdings)
