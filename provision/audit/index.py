"""A snapshot arranged for judging: what is attached where, and what could not be read. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from provision.resources.accounts import project_in
from provision.roles import included, permissions
from provision.snapshot import Snapshot
from provision.snapshot.records import (
    Account,
    Binding,
    Container,
    DenyPolicy,
    Part,
    Role,
    Tag,
    Target,
)

_CONTAINERS = ("projects", "folders", "organizations")
_WITHOUT_POLICY = frozenset({"cloudscheduler.googleapis.com", "workflows.googleapis.com"})
"""Services whose resources have no allow policy of their own: the project's decides."""

_ACCOUNTS = "//iam.googleapis.com/projects/{}/serviceAccounts/{}"
_IAP = "//iap.googleapis.com/"
_TAGS = "Tag"
"""In the name of every function that asks for tags: ``matchTag``, ``hasTagKeyId`` …"""

_TOLD = frozenset(permissions())


Giving = frozenset[tuple[str, bool]]
"""Roles, and whether they include something surely or perhaps."""

_NONE_GIVING: Giving = frozenset()


class Lineage(NamedTuple):
    """What stands above something, itself first.

    Args:
        containers: the nearest first.
        gap: why it goes on higher up without being known; empty when it is complete.
    """

    containers: tuple[str, ...]
    gap: str = ""


class TagsKnown(NamedTuple):
    """Tags by key, and why there may be others of other keys; empty: there are none."""

    tags: Mapping[str, Tag]
    more: str = ""


@dataclass
class Index:
    """Lookups in a snapshot.

    Args:
        snapshot: what was read.
    """

    snapshot: Snapshot
    _lineages: dict[str, Lineage] = field(default_factory=dict)
    _places: dict[str, Lineage] = field(default_factory=dict)
    _levels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _tags_known: dict[str, TagsKnown] = field(default_factory=dict)
    _including: dict[tuple[str, ...], dict[str, bool]] = field(default_factory=dict)
    _giving: dict[tuple[str, frozenset[str]], Giving] = field(default_factory=dict)
    _shared: dict[Giving, Giving] = field(default_factory=dict)

    @cached_property
    def containers(self) -> dict[str, Container]:
        """By short name."""
        return {container.name: container for container in self.snapshot.containers}

    @cached_property
    def by_number(self) -> dict[str, str]:
        """Projects by ``projects/NUMBER``."""
        return {
            f"projects/{one.number}": one.name for one in self.snapshot.containers if one.number
        }

    @cached_property
    def targets(self) -> dict[str, Target]:
        """By full name."""
        return {target.name: target for target in self.snapshot.targets}

    @cached_property
    def policies(self) -> dict[str, tuple[Binding, ...]]:
        """Bindings by resource."""
        return {policy.resource: policy.bindings for policy in self.snapshot.policies}

    @cached_property
    def deny(self) -> dict[str, tuple[DenyPolicy, ...]]:
        """Deny policies by container."""
        found = defaultdict[str, list[DenyPolicy]](list)
        for policy in self.snapshot.deny_policies:
            found[self.short(policy.resource)].append(policy)
        return {name: tuple(policies) for name, policies in found.items()}

    @cached_property
    def roles(self) -> dict[str, Role]:
        """Those that the snapshot tells of."""
        return {role.name: role for role in self.snapshot.roles}

    @cached_property
    def accounts(self) -> dict[str, Account]:
        """By e-mail."""
        return {account.email: account for account in self.snapshot.accounts}

    @cached_property
    def tags(self) -> dict[str, tuple[Tag, ...]]:
        """Bound to the resource itself."""
        return {tags.resource: tags.tags for tags in self.snapshot.tags}

    @cached_property
    def asks_for_tags(self) -> bool:
        """Whether any condition asks for tags."""
        return bool(self.tag_conditions) or any(
            _TAGS in rule.condition for deny in self.snapshot.deny_policies for rule in deny.rules
        )

    @cached_property
    def tag_conditions(self) -> frozenset[str]:
        """Resources whose allow policies have conditions that ask for tags."""
        return frozenset(
            policy.resource
            for policy in self.snapshot.policies
            if any(_TAGS in binding.condition for binding in policy.bindings)
        )

    @cached_property
    def conditional_deny(self) -> frozenset[str]:
        """Containers with deny rules under a condition."""
        return frozenset(
            self.short(deny.resource)
            for deny in self.snapshot.deny_policies
            if any(rule.condition for rule in deny.rules)
        )

    @cached_property
    def unread(self) -> dict[tuple[str, Part], str]:
        """Why a part of something could not be read."""
        found: dict[tuple[str, Part], str] = {}
        for one in self.snapshot.unread:
            found.setdefault((one.of, one.part), one.why)
        return found

    def short(self, name: str) -> str:
        """A container by its short name with its id, however it is written."""
        if name.startswith("//"):
            name = name[2:].partition("/")[2]
        return self.by_number.get(name, name)

    def account_name(self, email: str) -> str:
        """The full name of a service account; of one that was not read, by its e-mail."""
        known = self.accounts.get(email)
        return known.name if known else _ACCOUNTS.format(project_of(email) or "-", email)

    def lineage(self, resource: str) -> Lineage:
        """The containers above a resource, or a container and those above it."""
        found = self._places.get(resource)
        if found is None:
            found = self._places[resource] = self._lineage(resource)
        return found

    def _lineage(self, resource: str) -> Lineage:
        start = self.short(container_of(resource))
        found = self._lineages.get(start)
        if found is None:
            found = self._lineages[start] = self._climb(start)
        return found

    def _climb(self, start: str) -> Lineage:
        if not start:
            return Lineage(("",), "something without a name is in no project")
        found: list[str] = []
        name = start
        while name:
            if name in found:
                return Lineage(tuple(found), f"{name} is above itself")
            found.append(name)
            container = self.containers.get(name)
            if container is None or container.parent is None:
                why = self.unread.get((name, Part.PARENT), "it was not read")
                return Lineage(tuple(found), f"what stands above {name} is not known: {why}")
            name = self.short(container.parent)
        return Lineage(tuple(found))

    def holders_of_policies(self, resource: str) -> Iterator[str]:
        """Everything whose allow policy counts for a resource, itself first."""
        yield from self.own_levels(resource)
        yield from self.lineage(resource).containers

    def unread_policy(self, resource: str) -> str:
        """Why the allow policy of a resource is not known; empty when it is."""
        why = self.unread.get((resource, Part.POLICY))
        if why is None and resource in self.policies:
            return ""
        return f"the policy of {resource} could not be read: {why or 'it was not read'}"

    @cached_property
    def _bound_roles(self) -> dict[str, frozenset[str]]:
        """The roles that each policy binds; equal sets are one."""
        shared: dict[frozenset[str], frozenset[str]] = {}
        found = {}
        for resource, bindings in self.policies.items():
            roles = frozenset([binding.role for binding in bindings])
            found[resource] = shared.setdefault(roles, roles)
        return found

    def including(self, *permissions: str) -> dict[str, bool]:
        """The roles bound anywhere that include any of these: surely, or False for perhaps."""
        found = self._including.get(permissions)
        if found is None:
            found = self._including[permissions] = {}
            for role in frozenset[str]().union(*set(self._bound_roles.values())):
                told = [self.includes(role, permission) for permission in permissions]
                if any(known is not False for known in told):
                    found[role] = any(told)
        return found

    def giving(self, permission: str, resource: str) -> Giving:
        """The roles bound on a resource that include a permission or may: equal ones are one."""
        bound = self._bound_roles.get(resource)
        if not bound:
            return _NONE_GIVING
        key = (permission, bound)
        found = self._giving.get(key)
        if found is None:
            including = self.including(permission)
            told = frozenset((role, including[role]) for role in bound if role in including)
            found = self._giving[key] = self._shared.setdefault(told, told)
        return found

    def grants_below(self, permission: str, resource: str) -> bool:
        """Whether a policy below the containers may give a permission, or could not be read."""
        for level in self.own_levels(resource):
            roles = self._bound_roles.get(level)
            if roles is None or not roles.isdisjoint(self.including(permission)):
                return True
            if (level, Part.POLICY) in self.unread:
                return True
        return False

    def own_levels(self, resource: str) -> tuple[str, ...]:
        """The same as the function `own_levels`, remembered."""
        found = self._levels.get(resource)
        if found is None:
            found = self._levels[resource] = own_levels(resource)
        return found

    def includes(self, role: str, permission: str) -> bool | None:
        """Whether a role includes a permission; None when that is not known."""
        told = self.roles.get(role)
        if told is not None:
            return not told.deleted and permission in told.permissions
        table = included(role)
        if table is None or permission not in _TOLD:
            return None
        return permission in table

    def has_own_tags(self, resource: str) -> bool:
        """Whether something below the containers has tags of its own, or unread ones."""
        return any(
            level in self.tags or (level, Part.TAGS) in self.unread
            for level in self.own_levels(resource)
        )

    def tags_of(self, resource: str) -> TagsKnown:
        """The tags of a resource, inherited ones with them, and why there may be more.

        Of one key the value that is bound nearest counts: so what is known below something that
        was not read, is known.
        """
        lineage = self.lineage(resource)
        found = self._inherited_tags(lineage.containers, lineage.gap)
        for level in reversed(self.own_levels(resource)):
            found = self._with_tags(level, found)
        return found

    def _inherited_tags(self, containers: tuple[str, ...], gap: str) -> TagsKnown:
        if not containers:
            return TagsKnown({}, gap)
        found = self._tags_known.get(containers[0])
        if found is None:
            above = self._inherited_tags(containers[1:], gap)
            found = self._tags_known[containers[0]] = self._with_tags(containers[0], above)
        return found

    def _with_tags(self, level: str, above: TagsKnown) -> TagsKnown:
        why = self.unread.get((level, Part.TAGS))
        if why is not None:
            return TagsKnown({}, f"the tags of {level} could not be read: {why}")
        own = self.tags.get(level)
        if not own:
            return above
        return TagsKnown({**above.tags, **{tag.key_id or tag.key: tag for tag in own}}, above.more)


def project_of(email: str) -> str:
    """The id of the project that an account's e-mail names; empty when it names none."""
    domain = email.rpartition("@")[2]
    if domain == "appspot.gserviceaccount.com":
        return email.partition("@")[0]
    project = domain.removesuffix(".iam.gserviceaccount.com")
    if project == domain or project.startswith("gcp-sa-"):
        return ""
    return project_in(project)


def container_of(resource: str) -> str:
    """The container that a resource is in, or a container itself, as it is written."""
    parts = resource.split("/", 5)
    if parts[0] in _CONTAINERS:
        return "/".join(parts[:2])
    _, _, container = resource.removeprefix("//").partition("/")
    within = container.split("/", 2)
    return "/".join(within[:2]) if within[0] in _CONTAINERS else resource


def own_levels(resource: str) -> tuple[str, ...]:
    """What has an allow policy below the project: the resource; for IAP what is above it too."""
    if not resource.startswith("//"):
        return ()
    host = resource[2:].partition("/")[0]
    if host in _WITHOUT_POLICY:
        return ()
    if host == "cloudresourcemanager.googleapis.com":
        return ()
    if not resource.startswith(_IAP):
        return (resource,)
    return tuple(_iap_levels(resource))


def _iap_levels(resource: str) -> Iterable[str]:
    """``…/iap_web/cloud_run-REGION/services/NAME``, ``…/cloud_run-REGION``, ``…/iap_web``."""
    head, mark, rest = resource.partition("/iap_web")
    place = rest.strip("/").split("/")
    if len(place) > 1:
        yield resource
    if mark and place[0]:
        yield f"{head}{mark}/{place[0]}"
    yield f"{head}{mark}"
