"""Deny policies (IAM v2): kept by what they are attached to, and evaluated before any grant.

Rules: deny policies page of IAM's documentation and the proto comments of ``google.iam.v2``.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from google.cloud import iam_v2
from google.protobuf import json_format

from provision.emulator.iam.conditions import Context, holds
from provision.emulator.iam.permission_names import forms
from provision.emulator.iam.principals import Principals
from provision.emulator.store import Store

PolicyMessage = iam_v2.Policy.pb()


@dataclass(frozen=True)
class _Rule:
    """A deny rule made ready to be asked often."""

    permissions: frozenset[str]
    excepted_permissions: frozenset[str]
    principals: tuple[str, ...]
    excepted_principals: tuple[str, ...]
    condition: str


@dataclass
class _Version:
    """The policies of one attachment point from a moment on; rules are read when asked for."""

    since: float
    policies: dict[str, Any]
    _rules: tuple[_Rule, ...] | None = field(default=None, repr=False)

    @property
    def rules(self) -> tuple[_Rule, ...]:
        """Every rule of every policy."""
        if self._rules is None:
            self._rules = tuple(
                _rule(one.deny_rule) for policy in self.policies.values() for one in policy.rules
            )
        return self._rules


class DenyPolicies:
    """All deny policies.

    Args:
        store: where they live.
        delay: seconds until a written policy takes effect.
        principals: whom principals of rules stand for.
    """

    def __init__(self, store: Store, delay: Callable[[], float], principals: Principals) -> None:
        self._delay = delay
        self._principals = principals
        self._kept = store.table("deny_policies", encode=_encode, decode=_decode)

    def attached(self, node: str) -> dict[str, Any]:
        """The policies of ``projects/ID``, ``folders/N`` or ``organizations/N`` by id, as written.

        They are messages of ``google.iam.v2.Policy``.
        """
        versions = self._kept.get(node)
        return dict(versions[-1].policies) if versions else {}

    def write(self, node: str, policies: dict[str, Any]) -> None:
        """Replace the policies of an attachment point; they take effect after the delay."""
        now = time.time()
        versions = self._kept.get(node) or []
        counting = max((at for at, one in enumerate(versions) if one.since <= now), default=0)
        fresh = _Version(now + self._delay(), policies)
        # What was written before the one that counts was overtaken by a shorter delay.
        self._kept.put(node, [*versions[counting:], fresh])

    def forget(self, node: str) -> None:
        """The resource is gone, and what was attached to it."""
        self._kept.pop(node)

    def rename(self, before: str, after: str) -> None:
        """Put one principal in the place of another in every rule, at once."""
        for node in tuple(self._kept):
            versions = self._kept.get(node) or []
            policies = [policy for one in versions for policy in one.policies.values()]
            # Each is gone through: versions share policies, and none may bring the old one back.
            if sum(_renamed(policy, before, after) for policy in policies):
                self._kept.put(node, [_Version(one.since, one.policies) for one in versions])

    def denies(
        self, member: str, permission: str, chain: Iterable[str], context: Callable[[], Context]
    ) -> bool:
        """Whether any rule on the way up keeps `member` from using `permission`.

        Args:
            member: ``user:…``, ``serviceAccount:…`` or ``allUsers`` for an anonymous caller.
            permission: as in ``run.routes.invoke``.
            chain: the resource and all above it.
            context: what conditions may know; asked for only when there is a condition.
        """
        names: frozenset[str] | None = None
        for rule in self._in_effect(chain):
            names = names or forms(permission)
            if names.isdisjoint(rule.permissions) or not names.isdisjoint(
                rule.excepted_permissions
            ):
                continue
            if self._concerns(rule, member) and _applies(rule.condition, context):
                return True
        return False

    def _in_effect(self, chain: Iterable[str]) -> Iterator[_Rule]:
        for node in chain:
            versions = self._kept.get(node)
            if versions:
                now = time.time()
                counting = [one for one in versions if one.since <= now][-1:]
                yield from (rule for one in counting for rule in one.rules)

    def _concerns(self, rule: _Rule, member: str) -> bool:
        include = self._principals.include
        return any(include(one, member) for one in rule.principals) and not any(
            include(one, member) for one in rule.excepted_principals
        )


def _renamed(policy: Any, before: str, after: str) -> bool:  # noqa: ANN401 - Policy
    touched = False
    for rule in policy.rules:
        for principals in (rule.deny_rule.denied_principals, rule.deny_rule.exception_principals):
            changed = [after if one == before else one for one in principals]
            if changed != list(principals):
                touched = True
                del principals[:]
                principals.extend(changed)
    return touched


def _applies(condition: str, context: Callable[[], Context]) -> bool:
    # A condition that cannot be evaluated denies.
    return not condition or holds(condition, context(), deny=True) is not False


def _rule(rule: Any) -> _Rule:  # noqa: ANN401 - DenyRule
    return _Rule(
        frozenset(rule.denied_permissions),
        frozenset(rule.exception_permissions),
        tuple(rule.denied_principals),
        tuple(rule.exception_principals),
        rule.denial_condition.expression,
    )


def _encode(versions: list[_Version]) -> Any:  # noqa: ANN401 - JSON
    return [
        [one.since, {key: json_format.MessageToDict(each) for key, each in one.policies.items()}]
        for one in versions
    ]


def _decode(value: Any) -> list[_Version]:  # noqa: ANN401 - JSON
    return [
        _Version(
            since,
            {key: json_format.ParseDict(each, PolicyMessage()) for key, each in policies.items()},
        )
        for since, policies in value
    ]
