"""Sets of bits and their closure."""

from hypothesis import given
from hypothesis import strategies as st

from provision.audit.closure import components, lowest, positions


@given(st.sets(st.integers(0, 5000), max_size=40))
def test_positions_are_those_of_the_bits_that_are_set(places: set[int]) -> None:
    """However far apart they are."""
    bits = sum(1 << place for place in places)
    assert list(positions(bits)) == sorted(places)
    assert lowest(bits) == min(places, default=-1)


@st.composite
def _graphs(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    many = draw(st.integers(0, 14))
    inner = [draw(st.integers(0, (1 << many) - 1)) for _ in range(many)]
    sparse = draw(st.lists(st.integers(0, max(0, (1 << many) - 1)), min_size=many, max_size=many))
    inner = [one & other for one, other in zip(inner, sparse, strict=True)]
    return [1 << (place * 3) for place in range(many)], inner


def _closed(leaves: list[int], inner: list[int]) -> list[int]:
    """What each vertex holds in the end: its own and that of all that it leads to."""
    values = [0] * len(leaves)
    done: set[int] = set()
    walked = components(len(leaves), range(len(leaves)), lambda at: positions(inner[at]))
    for component in walked:
        led_to = {one for at in component for one in positions(inner[at])}
        assert led_to - set(component) <= done  # each after those that it leads to
        value = 0
        for one in (*component, *led_to):
            value |= leaves[one] | values[one]
        for one in component:
            values[one] = value
        assert done.isdisjoint(component)
        done.update(component)
    assert len(done) == len(leaves)
    return values


@given(_graphs())
def test_a_closure_holds_what_can_be_walked_to(graph: tuple[list[int], list[int]]) -> None:
    """Cycles, loops and shared parts change nothing about that."""
    leaves, inner = graph
    expected = []
    for start in range(len(leaves)):
        seen, todo = {start}, [start]
        while todo:
            for place in positions(inner[todo.pop()]):
                if place not in seen:
                    seen.add(place)
                    todo.append(place)
        expected.append(sum(leaves[place] for place in seen))
    assert _closed(leaves, inner) == expected


def test_a_long_chain_is_closed_without_recursion() -> None:
    """Twenty thousand links, as somebody may well nest them in a snapshot made by hand."""
    many = 20_000
    inner = [1 << (place + 1) if place + 1 < many else 0 for place in range(many)]
    assert _closed([1 << 7, *[0] * (many - 2), 1], inner)[0] == (1 << 7) | 1
