"""Principal access boundaries (IAM v3): policies and what binds them, asked before all others.

Rules: the principal access boundary pages of IAM's documentation and the comments of
``google.iam.v3``. Boundaries fail closed: what cannot be told counts as bound.
"""

import re
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any

from google.cloud import iam_v3

from provision.emulator.iam.boundary_conditions import holds
from provision.emulator.iam.boundary_versions import blocked_since, number
from provision.emulator.iam.hierarchy import Hierarchy
from provision.emulator.iam.members import Membership
from provision.emulator.iam.permission_names import to_v2
from provision.emulator.packing import packed, unpacked
from provision.emulator.store import Store

PolicyMessage = iam_v3.PrincipalAccessBoundaryPolicy.pb()
BindingMessage = iam_v3.PolicyBinding.pb()
NODE = re.compile(
    r"//cloudresourcemanager\.googleapis\.com/"
    r"((?:projects/[a-z0-9][a-z0-9.:-]*)|(?:(?:folders|organizations)/\d+))"
)
WORKSPACE = re.compile(r"//iam\.googleapis\.com/locations/global/workspace/(C[A-Za-z0-9]+)")


class Delayed:
    """Messages by name, each counting some time after it was written.

    Args:
        store: where they live.
        table: what they are called there.
        message: their class.
        delay: seconds until what is written takes effect.
    """

    def __init__(self, store: Store, table: str, message: Any, delay: Callable[[], float]) -> None:  # noqa: ANN401 - a message class
        self._delay = delay
        self._kept = store.table(
            table,
            encode=lambda versions: [[at, one and packed(one)] for at, one in versions],
            decode=lambda value: [[at, one and unpacked(one, message())] for at, one in value],
        )

    def written(self, name: str) -> Any:  # noqa: ANN401 - a message or None
        """What was written last; None when it was deleted or never was."""
        versions = self._kept.get(name)
        return versions[-1][1] if versions else None

    def all(self) -> Iterator[Any]:
        """Everything that was written, the first one made first."""
        yield from (one for one in map(self.written, tuple(self._kept)) if one is not None)

    def in_effect(self) -> Iterator[Any]:
        """Everything that counts now."""
        now = time.time()
        for versions in self._kept.values():
            counting = [one for at, one in versions if at <= now]
            if counting and counting[-1] is not None:
                yield counting[-1]

    def write(self, name: str, message: Any) -> None:  # noqa: ANN401 - a message or None
        """Keep a message, or None for what is deleted."""
        now, versions = time.time(), self._kept.get(name) or []
        counting = max((at for at, one in enumerate(versions) if one[0] <= now), default=0)
        since = now + self._delay()
        if message is None and since <= time.time():
            self._kept.pop(name)
        else:
            self._kept.put(name, [*versions[counting:], [since, message]])


class Boundaries:
    """All principal access boundary policies and their bindings.

    Args:
        store: where they live.
        delay: seconds until a written one takes effect.
        hierarchy: tells what is beneath what.
        membership: tells which accounts are beneath which resource, and who is in a domain.
    """

    def __init__(
        self,
        store: Store,
        delay: Callable[[], float],
        hierarchy: Hierarchy,
        membership: Membership,
    ) -> None:
        self._hierarchy = hierarchy
        self._membership = membership
        self.policies = Delayed(store, "boundaries", PolicyMessage, delay)
        self.bindings = Delayed(store, "boundaryBindings", BindingMessage, delay)

    def blocks(self, member: str, permission: str, chain: Collection[str]) -> bool:
        """Whether boundaries keep `member` from using `permission` on a resource.

        Args:
            member: ``user:…``, ``serviceAccount:…`` or ``allUsers`` for an anonymous caller.
            permission: as in ``run.jobs.run``.
            chain: the resource and all above it.
        """
        since = blocked_since(to_v2(permission))
        if since is None or member == "allUsers":
            return False
        bound = {one.policy for one in self.bindings.in_effect() if self._concerns(one, member)}
        if not bound:
            return False
        relevant = [
            one
            for one in self.policies.in_effect()
            if one.name in bound and number(one.details.enforcement_version) >= since
        ]
        # Whoever has several may use what any of them includes (documented).
        return bool(relevant) and not any(self._includes(one, chain) for one in relevant)

    def _includes(self, policy: Any, chain: Collection[str]) -> bool:  # noqa: ANN401 - a policy
        return any(
            found is not None and self._hierarchy.canonical(found.group(1)) in chain
            for rule in policy.details.rules
            for found in map(NODE.fullmatch, rule.resources)
        )

    def _concerns(self, binding: Any, member: str) -> bool:  # noqa: ANN401 - a binding
        if not self._is_in(binding.target.principal_set, member):
            return False
        condition = binding.condition.expression
        return not condition or holds(condition, member) is not False

    def _is_in(self, principal_set: str, member: str) -> bool:
        """Whether a principal set holds a member; pools hold nobody that the emulator knows."""
        found = WORKSPACE.fullmatch(principal_set)
        if found is not None:
            return self._is_of(found.group(1), member)
        found = NODE.fullmatch(principal_set)
        if found is None:
            return False
        node = self._numbered(found.group(1))
        accounts = f"principalSet://cloudresourcemanager.googleapis.com/{node}/type/ServiceAccount"
        if self._membership.includes(accounts, member):
            return True
        organization = self._hierarchy.organization(node)
        return organization is not None and self._is_of(organization.customer_id, member)

    def _is_of(self, customer: str, member: str) -> bool:
        return any(
            self._membership.includes(f"domain:{domain}", member)
            for domain in self._hierarchy.domains(customer)
        )

    def _numbered(self, node: str) -> str:
        kind, _, key = node.partition("/")
        project = self._hierarchy.find(key) if kind == "projects" else None
        return f"projects/{project.number}" if project is not None else node
