"""When tokens are minted, replaced and kept."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from provision.clients.clock import Clock
from provision.clients.id_tokens import Minted
from provision.clients.invoking.source import TokenSource
from provision.errors import PermissionDeniedError, ProvisionError, UnavailableError

_START = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Hands(Clock):
    """A clock that is set by hand."""

    moved: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        """Since noon, what it was moved."""
        return _START + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """What it was moved, in all."""
        return sum(self.moved)


@dataclass
class Minting:
    """Makes tokens that are good for an hour, or fails.

    Args:
        clock: tells the time.
        failure: raised in the place of a token.
    """

    clock: Clock
    failure: ProvisionError | None = None
    fresh: list[bool] = field(default_factory=list)

    def __call__(self, *, fresh: bool) -> Minted:
        """A token with a number."""
        self.fresh.append(fresh)
        if self.failure is not None:
            raise self.failure
        ends = self.clock.now() + timedelta(hours=1)
        return Minted(f"secret-{len(self.fresh)}", "https://a", "user:ann@example.com", ends)


@pytest.fixture
def clock() -> Hands:
    """A clock at noon."""
    return Hands()


def test_token_is_kept_until_five_minutes_before_its_end(clock: Hands) -> None:
    """And then replaced, without having been refused."""
    mint = Minting(clock)
    source = TokenSource(mint, clock)
    first = source.get()
    clock.moved.append(3299)
    assert source.get() is first
    clock.moved.append(2)
    assert source.find() is None
    assert source.get() is not first
    assert mint.fresh == [False, False]


def test_held_token_outlives_an_outage_of_the_token_service(clock: Hands) -> None:
    """It is used until shortly before its end, and a new one is tried for every ten seconds."""
    mint = Minting(clock)
    source = TokenSource(mint, clock)
    first = source.get()
    clock.moved.append(3400)
    mint.failure = UnavailableError("down")
    for _ in range(3):
        assert source.get() is first
    assert len(mint.fresh) == 2
    clock.moved.append(11)
    assert source.get() is first
    assert len(mint.fresh) == 3
    clock.moved.append(180)
    with pytest.raises(UnavailableError):
        source.get()
    mint.failure = None
    assert source.get() is not first


def test_refusal_to_mint_is_no_outage(clock: Hands) -> None:
    """Whoever lost the right to impersonate is told at once."""
    mint = Minting(clock)
    source = TokenSource(mint, clock)
    source.get()
    clock.moved.append(3400)
    mint.failure = PermissionDeniedError("no", hint="ask")
    with pytest.raises(PermissionDeniedError) as caught:
        source.get()
    assert caught.value.hint == "ask"


def test_refused_token_is_replaced_once_for_all(clock: Hands) -> None:
    """Whoever comes second with the same refused token gets the first one's new one."""
    mint = Minting(clock)
    source = TokenSource(mint, clock)
    refused = source.get()
    new = source.renewed(refused)
    assert source.renewed(refused) is new
    assert source.get() is new
    assert mint.fresh == [False, True]


def test_every_thread_is_told_that_no_token_can_be_had(clock: Hands) -> None:
    """Those that waited for the try of another one, too, each with an error of its own."""
    together = threading.Barrier(8)
    source = TokenSource(Minting(clock, UnavailableError("down", hint="later")), clock)
    hints: list[str] = []

    def call() -> None:
        together.wait()
        with pytest.raises(UnavailableError) as caught:
            source.get()
        hints.append(caught.value.hint)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert hints == ["later"] * 8


def test_age_of_a_token_is_told_by_the_service_s_clock_too(clock: Hands) -> None:
    """With a clock that is behind, an old token looks young to us."""
    source = TokenSource(Minting(clock), clock)
    minted = source.get()
    later = {"Date": format_datetime(_START + timedelta(minutes=55), usegmt=True)}
    earlier = {"date": format_datetime(_START - timedelta(minutes=55), usegmt=True)}
    assert not source.may_be_stale(minted, {})
    assert not source.may_be_stale(minted, {"Date": "no date"})
    assert not source.may_be_stale(minted, earlier)
    assert source.may_be_stale(minted, later)
    clock.moved.append(3001)
    assert source.may_be_stale(minted, {})


def test_token_is_in_no_repr(clock: Hands) -> None:
    """Neither in the source's nor in its own."""
    source = TokenSource(Minting(clock), clock)
    assert "secret" not in repr(source.get()) + repr(source)
