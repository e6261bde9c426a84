"""Who could give themselves access, by changing a policy, a role or the invoker check. Pure.

Somebody who may set the policy of a target, of what stands above it, or of an account that gets in,
has no access yet and needs nobody for it. It is told apart from access.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from provision.audit.asking import Asking
from provision.audit.degrees import NOBODY, Degrees, union
from provision.roles import INVOKE
from provision.snapshot.records import Kind, Target

SET_ACCOUNT = "iam.serviceAccounts.setIamPolicy"
UPDATE_ROLE = "iam.roles.update"
UPDATE_SERVICE = "run.services.update"
_SET = {
    Kind.SERVICE: "run.services.setIamPolicy",
    Kind.JOB: "run.jobs.setIamPolicy",
    Kind.INSTANCE: "run.instances.setIamPolicy",
    Kind.FUNCTION: "cloudfunctions.functions.setIamPolicy",
}
_SET_ABOVE = {
    "projects": "resourcemanager.projects.setIamPolicy",
    "folders": "resourcemanager.folders.setIamPolicy",
    "organizations": "resourcemanager.organizations.setIamPolicy",
}
_SET_SWITCH = {
    "pubsub.googleapis.com": "pubsub.topics.setIamPolicy",
    "cloudtasks.googleapis.com": "cloudtasks.queues.setIamPolicy",
}
_SERVICE_AT = 8
"""In ``//run.googleapis.com/projects/ID/locations/REGION/services/NAME``, cut at its slashes."""
_SET_IAP = ("iap.webServices.setIamPolicy", "iap.web.setIamPolicy")


class Grant(NamedTuple):
    """One change that gives access, and who can make it.

    Args:
        permission: what it takes.
        resource: where that is asked.
        changed: what is changed: a resource whose policy is set, or a custom role.
        who: who can.
        note: in words, where it is not the policy that is changed.
    """

    permission: str
    resource: str
    changed: str
    who: Degrees
    note: str = ""


@dataclass
class SecondOrder:
    """Grants by what they open.

    Args:
        asking: of the snapshot.
    """

    asking: Asking
    _above: dict[str, tuple[Grant, ...]] = field(default_factory=dict)
    _joined: dict[str, Degrees] = field(default_factory=dict)
    _by_role: dict[str, tuple[Grant, ...]] = field(default_factory=dict)
    _roles_above: dict[str, Degrees] = field(default_factory=dict)

    def on_target(self, target: Target) -> tuple[Grant, ...]:
        """Changes that open a target, on itself first."""
        entered = entered_by(target)
        return tuple(self._on_target(target, entered))

    def _on_target(self, target: Target, entered: str) -> Iterator[Grant]:
        if target.iap:
            resource = iap_resource(entered)
            for permission in _SET_IAP:
                yield from self._set(permission, resource, resource)
            yield from self._without_iap(target, entered)
        else:
            kind = Kind.SERVICE if target.service else target.kind
            yield from self._set(_SET[kind], entered, entered)
            if kind is Kind.SERVICE and target.invoker_check:
                yield from self._check(entered)
            yield from self._roles(entered)
        yield from self.above(entered)

    def _check(self, service: str) -> Iterator[Grant]:
        """Turning the invoker check off takes both permissions (run/docs/securing)."""
        both = self._who(_SET[Kind.SERVICE], service).both(self._who(UPDATE_SERVICE, service))
        if both.rest:
            note = "by turning the invoker check off"
            yield Grant(UPDATE_SERVICE, service, service, both, note)

    def _without_iap(self, target: Target, service: str) -> Iterator[Grant]:
        """Once IAP is off, the service asks for the invoker's permission alone.

        An inference from run/docs/securing/identity-aware-proxy-cloud-run.
        """
        who = self._who(UPDATE_SERVICE, service)
        if target.invoker_check and who.rest:
            setting = self._who(_SET[Kind.SERVICE], service)
            who = who.both(setting.either(self._who(INVOKE, service)))
        if who.rest:
            yield Grant(UPDATE_SERVICE, service, service, who, "by turning IAP off")

    def all_on_target(self, target: Target) -> Degrees:
        """Who can make any of the changes that open a target."""
        entered = entered_by(target)
        found = self.all_above(entered)
        if target.iap:
            resource = iap_resource(entered)
            found = union((found, *(self._who(permission, resource) for permission in _SET_IAP)))
            return union((found, *(grant.who for grant in self._without_iap(target, entered))))
        kind = Kind.SERVICE if target.service else target.kind
        # Whoever turns the invoker check off may set the policy as well.
        found = found.either(self._all_roles_above(entered))
        own = (grant.who for level in self._own(entered) for grant in self._roles_at(level))
        return union((found, self._who(_SET[kind], entered), *own))

    def on_account(self, resource: str) -> tuple[Grant, ...]:
        """Changes that let somebody mint tokens of an account."""
        return (*self._set(SET_ACCOUNT, resource, resource), *self.above(resource))

    def on_switch(self, resource: str) -> tuple[Grant, ...]:
        """Changes that let somebody set off what a topic or queue leads to."""
        permission = _SET_SWITCH.get(resource[2:].partition("/")[0], "")
        return tuple(self._set(permission, resource, resource)) if permission else ()

    def above(self, resource: str) -> tuple[Grant, ...]:
        """Changes to the policies of what stands above something."""
        containers = self.asking.judge.index.lineage(resource).containers
        start = containers[0] if containers else ""
        if start not in self._above:
            self._above[start] = tuple(
                grant
                for name in containers
                for grant in self._set(_SET_ABOVE.get(name.partition("/")[0], ""), name, name)
            )
        return self._above[start]

    def all_above(self, resource: str) -> Degrees:
        """Who can change any of the policies of what stands above something."""
        start = next(iter(self.asking.judge.index.lineage(resource).containers), "")
        if start not in self._joined:
            self._joined[start] = union(grant.who for grant in self.above(resource))
        return self._joined[start]

    def _set(self, permission: str, resource: str, changed: str) -> Iterator[Grant]:
        who = self._who(permission, resource) if permission else NOBODY
        if who.rest:
            yield Grant(permission, resource, changed, who)

    def _who(self, permission: str, resource: str) -> Degrees:
        return self.asking.who(permission, resource)

    def _roles(self, resource: str) -> Iterator[Grant]:
        """Custom roles that somebody holds there and may add the permission to."""
        for level in self.asking.judge.index.holders_of_policies(resource):
            yield from self._roles_at(level)

    def _roles_at(self, level: str) -> tuple[Grant, ...]:
        if level not in self._custom:
            return ()
        if level not in self._by_role:
            self._by_role[level] = tuple(self._of_roles(level))
        return self._by_role[level]

    def _of_roles(self, level: str) -> Iterator[Grant]:
        for role, members in self._custom[level]:
            owner = role.rpartition("/roles/")[0]
            holding = union(map(self._inside, members))
            who = holding.both(self._who(UPDATE_ROLE, owner))
            if who.rest:
                note = f"by adding the permission to a role that it holds on {level}"
                yield Grant(UPDATE_ROLE, owner, role, who, note)

    def _own(self, resource: str) -> tuple[str, ...]:
        return self.asking.judge.index.own_levels(resource)

    def _all_roles_above(self, resource: str) -> Degrees:
        containers = self.asking.judge.index.lineage(resource).containers
        start = next(iter(containers), "")
        if start not in self._roles_above:
            self._roles_above[start] = union(
                grant.who for name in containers for grant in self._roles_at(name)
            )
        return self._roles_above[start]

    @cached_property
    def _custom(self) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
        """Bindings of custom roles, by resource."""
        found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        for resource, bindings in self.asking.judge.index.policies.items():
            for binding in bindings:
                if not binding.role.startswith("roles/"):
                    found.setdefault(resource, []).append((binding.role, binding.members))
        return found

    def _inside(self, member: str) -> Degrees:
        extent = self.asking.judge.members(member)
        perhaps = extent.sure | extent.maybe
        return Degrees(extent.sure, extent.sure, perhaps, perhaps)


def entered_by(target: Target) -> str:
    """The name of what is really entered: a second-generation function is its service."""
    return target.service or target.name


def iap_resource(service: str) -> str:
    """The name by which IAP keeps a policy for a Cloud Run service."""
    parts = service.split("/")
    if len(parts) <= _SERVICE_AT:
        return service  # no name of a service: nothing is known of it either
    project, region, name = parts[4], parts[6], parts[_SERVICE_AT]
    return f"//iap.googleapis.com/projects/{project}/iap_web/cloud_run-{region}/services/{name}"
