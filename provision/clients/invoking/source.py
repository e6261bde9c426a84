"""ID tokens for one audience, minted when needed and kept until shortly before their end."""

import threading
from collections.abc import Callable, Mapping
from typing import NoReturn, Protocol

from provision.clients.clock import Clock
from provision.clients.id_tokens import Minted
from provision.clients.token_refusals import skew_of
from provision.errors import ProvisionError, UnavailableError

MARGIN = 300.0
"""Seconds before its end at which a token is replaced."""
_LAST = 20.0
"""Seconds that a token must have left to be used where no new one can be had."""
_PAUSE = 10.0
"""Seconds between two tries to replace a token that is still good."""
_NEAR = 600.0
"""Seconds before its end from which on a refusal may be for the token's age."""


class Mint(Protocol):
    """Makes a token, anew and not one that is held where `fresh`."""

    def __call__(self, *, fresh: bool) -> Minted:
        """A token. Raises `ProvisionError`."""


class TokenSource:
    """Hands out one token to any number of threads.

    Args:
        mint: makes one; never called twice at the same time.
        clock: tells the time.
    """

    def __init__(self, mint: Mint, clock: Clock) -> None:
        self._mint = mint
        self._clock = clock
        self._lock = threading.Lock()
        self._held: Minted | None = None
        self._tries = 0
        self._failure: ProvisionError | None = None
        self._again_at = 0.0

    def __repr__(self) -> str:
        """Without the token."""
        return f"TokenSource({self._held!r})"

    def find(self) -> Minted | None:
        """The token that is held, when it is good for a while yet."""
        held = self._held
        return held if held is not None and self._left(held) > MARGIN else None

    def get(self) -> Minted:
        """A token that is good for a while; minted when none is held.

        Raises:
            ProvisionError: none could be had.
        """
        found = self.find()
        if found is not None:
            return found
        tries = self._tries
        with self._lock:
            return self.find() or self._replaced(tries, fresh=False)

    def renewed(self, refused: Minted) -> Minted:
        """A token in the place of `refused`, minted unless another thread has done so.

        Raises:
            ProvisionError: none could be had.
        """
        tries = self._tries
        with self._lock:
            held = self._held
            if held is not None and held is not refused:
                return held
            self._held = None
            return self._replaced(tries, fresh=True)

    def may_be_stale(self, minted: Minted, headers: Mapping[str, str]) -> bool:
        """Whether a refusal may be for the token's age, by our clock or by the service's.

        Args:
            minted: the token that was refused.
            headers: those of the answer; its ``Date`` counts.
        """
        now = self._clock.now()
        behind = -min(skew_of(headers, now) or 0.0, 0.0)
        return self._left(minted) - behind < _NEAR

    def _left(self, minted: Minted) -> float:
        return (minted.expires_at - self._clock.now()).total_seconds()

    def _replaced(self, tries: int, *, fresh: bool) -> Minted:
        held, now = self._held, self._clock.monotonic()
        usable = held is not None and self._left(held) > _LAST
        if held is not None and usable and now < self._again_at:
            return held
        if self._tries != tries and self._failure is not None:
            _raise_anew(self._failure)  # of the try that we waited for
        self._tries += 1
        try:
            self._held = self._mint(fresh=fresh)
        except ProvisionError as error:
            self._failure = error
            if held is not None and usable and isinstance(error, UnavailableError):
                self._again_at = now + _PAUSE
                return held
            raise
        self._failure = None
        return self._held


def _raise_anew(failure: ProvisionError) -> NoReturn:
    """Raise the same failure in another thread, with a traceback of its own."""
    make: Callable[..., ProvisionError] = type(failure)
    raise make(str(failure), hint=failure.hint)
