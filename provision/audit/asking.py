"""Who holds a permission of Google's APIs, which take nobody without a token. Pure."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from provision.audit.degrees import NOBODY, Degrees, nested
from provision.audit.forms import Sort
from provision.audit.holding import Holders

if TYPE_CHECKING:
    from provision.audit.judge import Judge


@dataclass
class Asking:
    """Asks a judge about APIs.

    Args:
        judge: of the snapshot.
    """

    judge: "Judge"

    def who(self, permission: str, resource: str) -> Degrees:
        """Everybody who has a permission on a resource and can show who they are."""
        return self.named(self.judge.holders(permission, resource))

    def named(self, holders: Holders) -> Degrees:
        """Those of them who can show who they are: `allUsers` is anybody without a token."""
        who = nested(holders)
        if not who.rest & self._nameless:
            return who
        named = Degrees(*(bits & ~self._nameless for bits in who))
        return named if named.rest else NOBODY

    @cached_property
    def _nameless(self) -> int:
        return self.judge.universe.sort(Sort.ANYBODY)
