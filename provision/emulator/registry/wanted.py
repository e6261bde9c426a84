"""Content that a push in progress counts on, so that a deletion meanwhile leaves it alone.

A client asks for a blob, or pushes or mounts it, and names it in a manifest later. What is deleted
in between must not take the blob along.
"""

from collections.abc import Iterable

from provision.emulator.seams import RepositoryKey


class Wanted:
    """Which digests are wanted, by repository; forgotten when the emulator ends."""

    def __init__(self) -> None:
        self._digests: dict[str, set[str]] = {}

    def want(self, repository: RepositoryKey, digest: str) -> None:
        """Somebody counts on it."""
        self._digests.setdefault(repository.name, set()).add(digest)

    def settle(self, repository: RepositoryKey, digests: Iterable[str]) -> None:
        """A manifest uses them now, or they never came."""
        self._digests.get(repository.name, set()).difference_update(digests)

    def of(self, repository: RepositoryKey) -> frozenset[str]:
        """What is wanted in a repository."""
        return frozenset(self._digests.get(repository.name, ()))

    def anywhere(self, digest: str) -> bool:
        """Whether it is wanted in any repository."""
        return any(digest in wanted for wanted in self._digests.values())
