"""Bindings that matter to rules, and whom they name. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from provision.audit.findings.members import Member, parsed
from provision.roles import INVOKE, INVOKE_FUNCTION, RUN_JOB
from provision.snapshot.records import Binding, Kind

ACCESS_VIA_IAP = "iap.webServiceVersions.accessViaIAP"
INVOKE_INSTANCE = "run.instances.invoke"
GATES = {
    INVOKE: Kind.SERVICE,
    RUN_JOB: Kind.JOB,
    INVOKE_FUNCTION: Kind.FUNCTION,
    INVOKE_INSTANCE: Kind.INSTANCE,
    ACCESS_VIA_IAP: Kind.SERVICE,
}
"""Permissions that open a target, and of which kind."""

MINTS_ID = "iam.serviceAccounts.getOpenIdToken"
MINTING = frozenset(
    {
        MINTS_ID,
        "iam.serviceAccounts.signBlob",
        "iam.serviceAccounts.signJwt",
        "iam.serviceAccountKeys.create",
    }
)
"""Permissions on an account that lead to an ID token of it, and so into services."""
MINTING_ACCESS = "iam.serviceAccounts.getAccessToken"

SETTING = {
    "run.services.setIamPolicy": Kind.SERVICE,
    "run.jobs.setIamPolicy": Kind.JOB,
    "cloudfunctions.functions.setIamPolicy": Kind.FUNCTION,
    "run.instances.setIamPolicy": Kind.INSTANCE,
}
"""Permissions to set the policy of a target."""
SETTING_ABOVE = {
    "resourcemanager.projects.setIamPolicy": "projects/",
    "resourcemanager.folders.setIamPolicy": "folders/",
    "resourcemanager.organizations.setIamPolicy": "organizations/",
}
"""Permissions to set the policy of what stands above a target."""

ASKED = frozenset({*GATES, *MINTING, MINTING_ACCESS, *SETTING, *SETTING_ABOVE})
"""All that rules ask about."""


class Hold(NamedTuple):
    """A binding that matters, where it stands.

    Args:
        resource: whose policy it is in.
        project: that it is in; a container is its own.
        binding: as it is there.
        allows: those permissions that rules ask about and that its role includes.
        gates: those of them that open targets.
        opened: the targets that it opens, sorted; through IAP where that stands before them.
        live: whether its condition lets anybody in, at that time or later.
    """

    resource: str
    project: str
    binding: Binding
    allows: frozenset[str]
    gates: frozenset[str]
    opened: tuple[str, ...]
    live: bool

    @property
    def role(self) -> str:
        """What is held."""
        return self.binding.role

    @property
    def condition(self) -> str:
        """In CEL; empty for none."""
        return self.binding.condition


class Held(NamedTuple):
    """What one member of policies holds.

    Args:
        member: whoever it is.
        holds: the bindings that name it, in the order in which they were read.
    """

    member: Member
    holds: list[Hold]

    def only(self, holds: Iterable[Hold]) -> "Held":
        """The same member with some of its bindings."""
        return Held(self.member, list(holds))


def collected(holds: Iterable[Hold]) -> list[Held]:
    """Bindings by the member that they name, one for all spellings of it."""
    found: dict[str, Held] = {}
    spelled: dict[str, list[Hold]] = {}
    for hold in holds:
        for text in hold.binding.members:
            several = spelled.get(text)
            if several is None:
                member = parsed(text)
                several = spelled[text] = found.setdefault(member.text, Held(member, [])).holds
            several.append(hold)
    return list(found.values())
