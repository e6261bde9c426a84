"""Who comes by tokens of an account by a policy that leaves nothing open, without large sets. Pure.

Most policies of accounts are so: a few members, and no condition that is not decided. It says what
`Leads` says of any policy, and is there because it is many times quicker.
"""

from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from provision.audit.answers import Token
from provision.audit.closure import positions
from provision.audit.conditioned import View
from provision.audit.degrees import DEGREES, Degrees
from provision.audit.forms import Sort
from provision.audit.impersonation import ACT_AS, ASKED, BY_PERMISSION, LINK, Impersonation
from provision.audit.shares import NO_SHARE, Few, Parts, Share, Taken

_NOBODY: frozenset[int] = frozenset()
_Held = dict[str, frozenset[int]]
"""Who has each permission, as places."""


@dataclass
class Plainly:
    """Policies, one by one.

    Args:
        impersonation: what leads onto accounts.
        most: how many places are few.
    """

    impersonation: Impersonation
    most: int
    _places: dict[str, tuple[int, ...] | None] = field(default_factory=dict)
    _masks: dict[int, tuple[int, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """The judge is at hand."""
        self._judge = self.impersonation.judge

    def parts(self, level: str, view: View, taken: Taken) -> Parts | None:
        """What leads onto an account by a policy; None where anything is open, or many do.

        Args:
            level: whose policy.
            view: what its conditions may know.
            taken: of each permission `ASKED`, from whom it is taken away.
        """
        held = self._held(level, view, taken)
        if held is None:
            return None
        acting = held[ACT_AS]
        found = Parts(
            self._share(_having(held, Token.ACCESS), acting, self._coding),
            self._share(_having(held, Token.ID), acting, self._calling),
            self._share(_having(held, Token.ACCESS, linked=True)),
            self._share(_having(held, Token.ID, linked=True)),
            self._share(held[LINK]),
        )
        return None if any(len(share[-1].ones) > self.most for share in found) else found

    def _held(self, level: str, view: View, taken: Taken) -> _Held | None:
        held: _Held = {}
        known: dict[Hashable, frozenset[int]] = {}
        for permission, pair in zip(ASKED, taken, strict=False):
            key = (self._judge.index.giving(permission, level), id(pair))
            if key not in known:
                found = self.having(permission, level, view, pair)
                if found is None:
                    return None
                known[key] = found
            held[permission] = known[key]
        return held

    def having(
        self, permission: str, level: str, view: View, taken: tuple[int, int]
    ) -> frozenset[int] | None:
        """Who surely has a permission by a policy; None where anything is open, or many have it.

        Args:
            permission: as allow policies name it.
            level: whose policy.
            view: what its conditions may know.
            taken: from whom the permission is taken away, surely and perhaps.
        """
        members = self._judge.outright(permission, level, view)
        found = None if members is None else self._found(members)
        if not found:
            return found
        found = self._among(found, taken[0], inside=False)
        return None if self._among(found, taken[1], inside=True) else found

    def _found(self, bindings: Iterable[tuple[str, ...]]) -> frozenset[int] | None:
        """The places of members; None if one of them is many, or not known."""
        found: set[int] = set()
        for members in bindings:
            for member in members:
                if member not in self._places:
                    self._places[member] = self._placed(member)
                places = self._places[member]
                if places is None:
                    return None
                found.update(places)
        return frozenset(found)

    def _placed(self, member: str) -> tuple[int, ...] | None:
        extent = self._judge.spelled(member)
        if extent is None:
            return ()
        if isinstance(extent, int):
            return (extent,)
        if extent.maybe or extent.rest or extent.sure.bit_count() > self.most:
            return None
        nameless = self._judge.universe.sort(Sort.ANYBODY)
        return None if extent.sure & nameless else tuple(positions(extent.sure))

    def _among(self, places: frozenset[int], bits: int, *, inside: bool) -> frozenset[int]:
        """Those that are among these bits, or those that are not."""
        if not bits or not places:
            return _NOBODY if inside else places
        if id(bits) not in self._masks:
            self._masks[id(bits)] = (
                bits,
                bits.to_bytes(len(self._judge.universe) // 8 + 1, "little"),
            )
        data = self._masks[id(bits)][1]
        return frozenset(one for one in places if bool(data[one >> 3] >> (one & 7) & 1) is inside)

    def _share(
        self, sure: frozenset[int], acting: Collection[int] = (), levels: bytes = b""
    ) -> Share:
        """Those who surely do, and those who may act as it and can make something, by degree."""
        if not sure and not acting:
            return NO_SHARE
        found: list[Few] = []
        for degree in range(DEGREES):
            more = [one for one in acting if levels[one] == degree and one not in sure]
            if more or not found:
                before = found[-1].ones if found else tuple(sure)
                found.append(Few((*before, *more)))
            else:
                found.append(found[-1])
        return tuple(found)

    @cached_property
    def _coding(self) -> bytes:
        return self._levels(self.impersonation.creators.code.everybody)

    @cached_property
    def _calling(self) -> bytes:
        creators = self.impersonation.creators
        return self._levels(creators.code.everybody.either(creators.calls.everybody))

    def _levels(self, who: Degrees) -> bytes:
        """For each place the first degree that it is in."""
        found = bytearray([DEGREES]) * len(self._judge.universe)
        for degree in reversed(range(DEGREES)):
            for place in positions(who[degree]):
                found[place] = degree
        return bytes(found)


def _having(held: _Held, token: Token, *, linked: bool = False) -> frozenset[int]:
    """Who comes by such a token without making anything."""
    return _NOBODY.union(
        *(
            held[means.permission]
            for means in BY_PERMISSION
            if token in means.tokens and (means.linked or not linked)
        )
    )
