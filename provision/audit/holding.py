"""Who holds something, as bits: surely, under a condition, perhaps. Pure."""

from dataclasses import dataclass

from provision.audit.answers import Verdict


@dataclass(frozen=True, slots=True)
class Holders:
    """Who holds a permission, in bits of `Judge.universe`, no bit in two of them.

    Args:
        can: surely.
        while_: while a condition holds that only a request tells.
        unknown: perhaps, each for reasons of their own.
        rest: why others are not known to hold nothing.
        rest_mask: who those others are.
    """

    can: int = 0
    while_: int = 0
    unknown: int = 0
    rest: tuple[str, ...] = ()
    rest_mask: int = 0

    def verdict(self, position: int) -> Verdict:
        """Of one principal."""
        if self.can >> position & 1:
            return Verdict.CAN
        if self.while_ >> position & 1:
            return Verdict.WHILE
        if (self.unknown | self.rest_mask) >> position & 1:
            return Verdict.UNKNOWN
        return Verdict.CANNOT

    @property
    def any(self) -> int:
        """Whoever may hold it, those of `rest_mask` aside."""
        return self.can | self.while_ | self.unknown

    @property
    def named(self) -> "Holders":
        """Without those of whom nothing is known but a reason that is the same for all."""
        return Holders(self.can, self.while_, self.unknown) if self.rest_mask else self

    def joined(self, other: "Holders") -> "Holders":
        """Who holds one or the other, each by what is the stronger."""
        if other is NONE:
            return self
        if self is NONE:
            return other
        can = self.can | other.can
        while_ = without(self.while_ | other.while_, can)
        unknown = without(without(self.unknown | other.unknown, can), while_)
        if not (self.rest or other.rest):
            return Holders(can, while_, unknown)
        rest = self.rest if not other.rest else tuple(dict.fromkeys((*self.rest, *other.rest)))
        mask = without(self.rest_mask | other.rest_mask, can | while_ | unknown)
        return Holders(can, while_, unknown, rest, mask)

    def with_sure(self, bits: int) -> "Holders":
        """With those in `bits` as well, who surely hold it."""
        if self.can | bits == self.can:
            return self
        return Holders(
            self.can | bits,
            without(self.while_, bits),
            without(self.unknown, bits),
            self.rest,
            without(self.rest_mask, bits),
        )

    def weakened(self, doubtful: int) -> "Holders":
        """With those in `doubtful` no longer sure."""
        if not doubtful or not (self.can | self.while_) & doubtful:
            return self
        unknown = self.unknown | (self.can | self.while_) & doubtful
        return Holders(
            self.can & ~doubtful, self.while_ & ~doubtful, unknown, self.rest, self.rest_mask
        )

    def without(self, gone: int) -> "Holders":
        """With those in `gone` left out."""
        if not gone:
            return self
        return Holders(
            without(self.can, gone),
            without(self.while_, gone),
            without(self.unknown, gone),
            self.rest,
            without(self.rest_mask, gone),
        )

    def within(self, kept: int) -> "Holders":
        """Those of `kept` alone."""
        return Holders(self.can & kept, self.while_ & kept, self.unknown & kept)

    def under(self, verdict: Verdict) -> "Holders":
        """At most as strong as `verdict`."""
        match verdict:
            case Verdict.CAN:
                return self
            case Verdict.WHILE:
                return Holders(0, self.can | self.while_, self.unknown, self.rest, self.rest_mask)
            case Verdict.UNKNOWN:
                return Holders(0, 0, self.any, self.rest, self.rest_mask)
        return NONE


def without(bits: int, gone: int) -> int:
    """Bits without others; most often there is nothing to take away, and nothing is made anew."""
    common = bits & gone
    return bits ^ common if common else bits


NONE = Holders()


@dataclass(frozen=True, slots=True)
class Sets:
    """Who gets into one target, in bits of `Judge.universe`, no bit in two of them.

    Args:
        can: as themselves.
        while_: as themselves, while a condition holds.
        via: as somebody else, surely or while a condition holds.
        unknown: perhaps.
        granting: not at all, but they could give themselves access.
    """

    can: int = 0
    while_: int = 0
    via: int = 0
    unknown: int = 0
    granting: int = 0
