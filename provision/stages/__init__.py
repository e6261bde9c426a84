"""The one protocol that every stage speaks; one file a stage beside this one.

A stage never calls another stage. What a later one needs travels in `Known`.
"""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from provision.plan import Change, Check, Known

S = TypeVar("S")

Progress = Callable[[str], None]
"""Takes one line of what is being done; the caller decides where it is shown."""


class Stage(Protocol[S]):
    """One step towards a private service; `S` is a frozen dataclass, desired and observed alike."""

    @property
    def name(self) -> str:
        """One word, as in `STAGES`."""

    @property
    def subject(self) -> str:
        """The thing this stage is about, in words: ``service orders in asia-east1``."""

    def desired(self, known: Known) -> S:
        """What should be; pure."""

    def observe(self) -> S | None:
        """What is; reads only. None when there is nothing yet."""

    def apply(self, change: Change[S]) -> S:
        """Make it so; the only writer. Returns the state reached."""

    def learn(self, known: Known, state: S) -> Known:
        """`known` with what later stages need of `state`; pure."""

    def verify(self, state: S) -> Iterable[Check]:
        """Look from outside, trusting nothing that apply stored."""
