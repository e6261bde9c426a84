"""Adding up what accounts bring, and the quicker way without the last degree."""

from hypothesis import given, settings
from hypothesis import strategies as st

from provision.audit import Audit
from provision.audit.closure import positions
from provision.audit.degrees import Degrees, union
from provision.audit.holding import Holders
from provision.audit.sums import Sums
from tests.unit.audit.random_world import NOON, World

_ACCOUNTS = 600


def _brings(account: int) -> Degrees:
    """Somebody surely, and somebody else perhaps; of some nobody at all."""
    sure = 1 << account % 97 if account % 5 else 0
    perhaps = sure | 1 << account % 41 + 100
    return Degrees(sure, sure, perhaps, perhaps | 1 << account % 7 + 200)


def _from(account: int, degree: int) -> Degrees:
    return Degrees(*(bits if at >= degree else 0 for at, bits in enumerate(_brings(account))))


def _many(accounts: int, degree: int) -> Degrees:
    return union(_from(account, degree) for account in positions(accounts))


_SETS = st.one_of(
    st.sets(st.integers(0, _ACCOUNTS - 1), max_size=6),
    st.integers(0, _ACCOUNTS).map(lambda many: set(range(many))),
)


@given(st.lists(st.tuples(st.sampled_from(("here", "there")), _SETS, _SETS, _SETS), max_size=6))
def test_what_neighbours_share_changes_nothing(
    asked: list[tuple[str, set[int], set[int], set[int]]],
) -> None:
    """Whatever was asked before, each account counts from the degree at which it is there."""
    sums = Sums(_brings, _many, 300)
    for near, can, unknown, rest in asked:
        sets = (can, can, can | unknown, can | unknown | rest)
        accounts = Degrees(*(sum(1 << one for one in some) for some in sets))
        expected = union(
            _from(one, min(at for at, some in enumerate(sets) if one in some)) for one in sets[-1]
        )
        assert sums.of(accounts, near) == expected


@settings(max_examples=40)
@given(st.integers(0, 400))
def test_without_reasons_for_others_the_same_are_told(seed: int) -> None:
    """Who gets in or could, and how sure that is, does not hang on the last degree."""
    audit = Audit(World(seed).snapshot(), NOON)
    whole = Audit(World(seed).snapshot(), NOON).indirect
    for target in audit.targets.values():
        quick = audit.indirect.named
        assert _known(quick.impersonating(target)) == _known(whole.impersonating(target))
        assert _known(quick.granting(target)) == _known(whole.granting(target))


def _known(holders: Holders) -> tuple[int, int, int]:
    return holders.can, holders.while_, holders.unknown
