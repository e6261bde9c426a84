"""What a deny policy must be before it is kept (documented forms and limits of IAM v2)."""

from collections.abc import Sequence
from typing import Any

from provision.emulator.iam import conditions
from provision.emulator.iam.permission_names import is_well_formed, to_v1
from provision.emulator.iam.principals import EVERYONE, is_principal, service_account_in
from provision.emulator.rpc.status import invalid
from provision.emulator.world import World

_MAX_RULES = 500
_MAX_PRINCIPALS = 2500
_MAX_GROUPS = 500
_MAX_DISPLAY_NAME = 63
_MAX_DESCRIPTION = 256
_MAX_KEY, _MAX_VALUE = 63, 255
# Of these services every permission is known.
_KNOWN_SERVICES = ("run.googleapis.com/", "artifactregistry.googleapis.com/")


def check_policy(world: World, policy: Any) -> None:  # noqa: ANN401 - Policy
    """Raise `ApiError` (INVALID_ARGUMENT) for what cannot be a deny policy."""
    if len(policy.display_name) > _MAX_DISPLAY_NAME:
        raise invalid(f"The display name must have at most {_MAX_DISPLAY_NAME} characters.")
    if any(len(key) > _MAX_KEY or len(value) > _MAX_VALUE for key, value in _pairs(policy)):
        raise invalid("Keys of annotations have at most 63 characters, values at most 255.")
    if len(policy.rules) > _MAX_RULES:
        raise invalid(f"A deny policy can have at most {_MAX_RULES} rules.")
    for index, rule in enumerate(policy.rules):
        _check_rule(world, rule, f"policy.rules[{index}].deny_rule")
    _check_totals([rule.deny_rule for rule in policy.rules])


def _pairs(policy: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - Policy
    return list(policy.annotations.items())


def _check_rule(world: World, rule: Any, where: str) -> None:  # noqa: ANN401 - PolicyRule
    if len(rule.description) > _MAX_DESCRIPTION:
        raise invalid(f"The description of a rule must have at most {_MAX_DESCRIPTION} characters.")
    deny = rule.deny_rule
    if not deny.denied_principals or not deny.denied_permissions:
        raise invalid("A deny rule needs denied principals and denied permissions.", (where, ""))
    for name in ("denied_permissions", "exception_permissions"):
        _check_permissions(world, getattr(deny, name), f"{where}.{name}")
    for name in ("denied_principals", "exception_principals"):
        _check_principals(world, getattr(deny, name), f"{where}.{name}")
    if EVERYONE in deny.exception_principals:
        raise invalid(
            f"Principal {EVERYONE} is not allowed as an exception.",
            (f"{where}.exception_principals", EVERYONE),
        )
    if deny.HasField("denial_condition"):
        refused = conditions.refusal(deny.denial_condition, deny=True)
        if refused:
            raise invalid(refused, (f"{where}.denial_condition", refused))


def _check_permissions(world: World, permissions: Sequence[str], where: str) -> None:
    known = world.roles.known_permissions()
    for permission in permissions:
        single = "*" not in permission and permission.startswith(_KNOWN_SERVICES)
        if not is_well_formed(permission) or (single and to_v1(permission) not in known):
            raise invalid(
                f"Permission {permission} is not supported in deny policies.", (where, permission)
            )


def _check_principals(world: World, principals: Sequence[str], where: str) -> None:
    for principal in principals:
        if not is_principal(principal):
            raise invalid(f"Invalid principal: {principal}", (where, principal))
        email = service_account_in(principal)
        if email and not world.account_exists(email):
            raise invalid(f"Service account {email} does not exist.", (where, principal))


def _check_totals(rules: Sequence[Any]) -> None:
    principals = [
        principal
        for rule in rules
        for principal in (*rule.denied_principals, *rule.exception_principals)
    ]
    groups = sum(one.startswith("principalSet://goog/group/") for one in principals)
    if len(principals) > _MAX_PRINCIPALS or groups > _MAX_GROUPS:
        raise invalid(
            f"A deny policy can name at most {_MAX_PRINCIPALS} principals, {_MAX_GROUPS} of them "
            "groups."
        )
