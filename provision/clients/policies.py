"""Reading and editing allow policies: read-modify-write with etag and version 3, always."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from provision.clients.calls import TIMEOUT, calling, is_quota
from provision.clients.clock import Clock
from provision.errors import ConflictError, ProvisionError, UnavailableError
from provision.policy import MAX_GROUPS, MAX_PRINCIPALS, Binding, Condition, Policy

VERSION = 3
"""The only version that shows and keeps conditions; lower ones lose them (iam.googleapis.com)."""

ATTEMPTS = 8


@dataclass(frozen=True)
class Revocation:
    """Members that were taken out of a policy, and when (seconds of the monotonic clock)."""

    members: frozenset[str]
    at: float


@dataclass(frozen=True)
class PolicyClient:
    """Policies of one kind of resource.

    Args:
        api: a Google client with ``get_iam_policy`` and ``set_iam_policy``.
        member: whom we act as, named when a permission is missing.
        revoked: what this client took away, by resource.
    """

    api: Any
    member: str
    revoked: dict[str, Revocation] = field(default_factory=dict, compare=False)
    clock: Clock = field(default_factory=Clock)

    def get(self, resource: str, *, needs: str = "") -> Policy:
        """The policy of `resource`, conditions included; `needs` as in `calling`."""
        with calling(f"Reading the policy of {resource}", member=self.member, needs=needs):
            return _from_message(self._read(resource))

    def edit(self, resource: str, edit: Callable[[Policy], Policy], *, reason: str = "") -> Policy:
        """Apply `edit` to the policy of `resource`; nothing is written when it changes nothing.

        The whole cycle of reading, editing and writing is repeated, with jitter, while others
        write at the same time, or too much is asked at once (429).

        Args:
            resource: whose policy.
            edit: pure; asked again in each cycle.
            reason: why, for the audit log; empty when nobody said.

        Raises:
            ConflictError: others kept writing for `ATTEMPTS` cycles.
            ProvisionError: the result would hold more principals than a policy can.
        """
        for attempt in range(ATTEMPTS):
            try:
                with calling(f"Changing the policy of {resource}", member=self.member):
                    return self._cycle(resource, edit, reason)
            except (ConflictError, UnavailableError) as error:
                again = isinstance(error, ConflictError) or is_quota(error)
                if attempt == ATTEMPTS - 1 or not again:
                    raise
            # Full jitter: writers that collided once do not collide again in step.
            self.clock.sleep(random.uniform(0, min(8.0, 0.25 * 2**attempt)))  # noqa: S311 - no secret
        raise AssertionError("unreachable")

    def preview(self, resource: str, edit: Callable[[Policy], Policy]) -> Policy:
        """What `edit` would make of the policy of `resource`; reads only, and refuses alike."""
        before = self.get(resource)
        return _checked(resource, before, edit(before))

    def _cycle(self, resource: str, edit: Callable[[Policy], Policy], reason: str) -> Policy:
        message = self._read(resource)
        before = _from_message(message)
        after = _checked(resource, before, edit(before))
        if after == before:
            return before
        _rewrite(message, before, after)
        request = {"resource": resource, "policy": message}
        sent = self.api.set_iam_policy(
            request=request, timeout=TIMEOUT, metadata=_for_the_audit_log(reason)
        )
        written = _from_message(sent)
        gone = _holders(before) - _holders(after)
        if gone:
            self.revoked[resource] = Revocation(frozenset(gone), self.clock.monotonic())
        return written

    def _read(self, resource: str) -> Any:  # noqa: ANN401 - google.iam.v1.policy_pb2.Policy
        request = {"resource": resource, "options": {"requested_policy_version": VERSION}}
        return self.api.get_iam_policy(request=request, timeout=TIMEOUT)


def _for_the_audit_log(reason: str) -> tuple[tuple[str, str], ...]:
    """Google's system parameter that audit logs show; headers are ASCII."""
    line = "".join(sign for sign in " ".join(reason.split()) if sign.isprintable())
    plain = line.encode("ascii", "backslashreplace").decode()
    return (("x-goog-request-reason", plain),) if plain else ()


def _checked(resource: str, before: Policy, after: Policy) -> Policy:
    """`after`, unless it is larger than a policy can be and `before` was not already."""
    for count, was, most, what in (
        (after.principals, before.principals, MAX_PRINCIPALS, "principals"),
        (after.groups, before.groups, MAX_GROUPS, "groups and domains"),
    ):
        if count > max(most, was):
            raise ProvisionError(
                f"Changing the policy of {resource}: it would name {count:,} {what},"
                f" and a policy holds {most:,} at most.",
                hint="Put principals into a Google group and name the group as the invoker.",
            )
    return after


def _from_message(message: Any) -> Policy:  # noqa: ANN401
    return Policy(tuple(_binding(item) for item in message.bindings), message.etag)


def _binding(item: Any) -> Binding:  # noqa: ANN401
    condition = None
    if item.HasField("condition"):
        told = item.condition
        condition = Condition(told.expression, told.title, told.description, told.location)
    return Binding(item.role, tuple(item.members), condition)


def _holders(policy: Policy) -> set[str]:
    return {member for binding in policy.bindings for member in binding.members}


def _rewrite(message: Any, before: Policy, after: Policy) -> None:  # noqa: ANN401
    """Put the bindings of `after` into `message`; one that did not change keeps its bytes."""
    kept = {
        binding: item.SerializeToString()
        for binding, item in zip(before.bindings, message.bindings, strict=True)
    }
    del message.bindings[:]
    for binding in after.bindings:
        item = message.bindings.add()
        if binding in kept:
            item.ParseFromString(kept[binding])
        else:
            _fill(item, binding)
    message.version = VERSION


def _fill(item: Any, binding: Binding) -> None:  # noqa: ANN401
    item.role = binding.role
    item.members.extend(binding.members)
    if binding.condition is not None:
        told = binding.condition
        item.condition.expression = told.expression
        item.condition.title = told.title
        item.condition.description = told.description
        item.condition.location = told.location
