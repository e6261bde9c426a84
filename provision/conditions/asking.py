"""The functions of conditions that ask about the request: tags, API attributes. Pure.

Source: iam/docs/conditions-attribute-reference, "Resource tags", "API attributes" and "Forwarding
rule attributes".
"""

from collections.abc import Callable
from functools import partial

from provision.conditions.functions import Overload
from provision.conditions.request import Context, Tag
from provision.conditions.values import Type, Unknown, Value, type_of

TAGS: dict[str, Callable[[Tag], tuple[str, ...]]] = {
    "resource.matchTag": lambda tag: (tag.key, tag.value),
    "resource.matchTagId": lambda tag: (tag.key_id, tag.value_id),
    "resource.hasTagKey": lambda tag: (tag.key,),
    "resource.hasTagKeyId": lambda tag: (tag.key_id,),
}
"""What each function compares of a tag."""

_CHANGED_ROLES = "iam.googleapis.com/modifiedGrantsByRole"
_ELSEWHERE = frozenset(
    {
        "aiplatform.googleapis.com/memoryScope",
        "aiplatform.googleapis.com/sessionUserId",
        "storage.googleapis.com/objectListPrefix",
    }
)
"""API attributes that requests to other services have: here their default counts."""


def _tagged(name: str, context: Context, *wanted: str) -> Value:
    if context.tags is None:
        return Unknown(Type.BOOL, "it depends on tags", frozenset({name}))
    told = [TAGS[name](tag) for tag in context.tags]
    if wanted in told:
        return True
    if context.more_tags and all(names[0] != wanted[0] for names in told):
        return Unknown(Type.BOOL, context.more_tags, frozenset({name}))
    return False


def _attribute(context: Context, name: str, default: Value) -> Value:
    if name in _ELSEWHERE:
        return default
    if name != _CHANGED_ROLES or context.changed_roles is None:
        return Unknown(type_of(default), f"it depends on {name}", frozenset({name}))
    return context.changed_roles or default


def _load_balancing(_: Context, __: Value) -> Value:
    name = "compute.matchLoadBalancingSchemes"
    return Unknown(Type.BOOL, "it is about load balancers", frozenset({name}))


_S, _B = Type.STRING, Type.BOOL
QUESTIONS = {
    "resource.matchTag": Overload((_S, _S), _B, partial(_tagged, "resource.matchTag")),
    "resource.matchTagId": Overload((_S, _S), _B, partial(_tagged, "resource.matchTagId")),
    "resource.hasTagKey": Overload((_S,), _B, partial(_tagged, "resource.hasTagKey")),
    "resource.hasTagKeyId": Overload((_S,), _B, partial(_tagged, "resource.hasTagKeyId")),
    "api.getAttribute": Overload((_S, Type.ANY), Type.ANY, _attribute),
    # No call of a service, job or function makes a forwarding rule.
    "compute.isForwardingRuleCreationOperation": Overload((), _B, lambda _: False),
    "compute.matchLoadBalancingSchemes": Overload((Type.LIST,), _B, _load_balancing),
}
"""By their whole name; each is applied to what is known of the request, then its arguments."""
