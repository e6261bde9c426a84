"""The account that something is to call as: whoever sets it must be allowed to act as it."""

import re

from provision.emulator.rpc.calls import Call
from provision.emulator.world import World

_ACT_AS = "iam.serviceAccounts.actAs"
_FULL = re.compile(r"projects/([^/]+)/serviceAccounts/([^/]+)")


def find_account(world: World, named: str, project: str) -> str | None:
    """The address of an account; None when there is no such account in the project.

    Args:
        world: the accounts.
        named: address, unique id, or full name with a project or ``-``.
        project: id of the project that it has to be in; empty for any.
    """
    full = _FULL.fullmatch(named)
    wanted = full.group(2) if full else named
    found = world.accounts.get(wanted)
    if found is None and wanted.isdigit():
        found = next((one for one in world.accounts.values() if one["uniqueId"] == wanted), None)
    if found is None or project not in ("", found["projectId"]):
        return None
    return str(found["email"])


def may_act_as(world: World, call: Call, email: str) -> bool:
    """Whether the account exists and the caller may act as it."""
    account = world.accounts.get(email)
    return account is not None and world.access.allowed(call.principal, _ACT_AS, account["name"])
