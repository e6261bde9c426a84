"""Resources of one kind: kept by their full names, asked for in the words of their API."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from provision.emulator.packing import packed, unpacked
from provision.emulator.rpc.calls import Call
from provision.emulator.rpc.status import ApiError
from provision.emulator.services.callers.agents import ServiceAgents
from provision.emulator.services.paging import page
from provision.emulator.services.permissions import Refusal, require
from provision.emulator.world import World


@dataclass(frozen=True)
class Kind:
    """What is told apart between kinds of resources.

    Args:
        api: as in ``pubsub``.
        collection: the plural in their names, as in ``topics``.
        message: makes a message of the kind.
        refusal: how a caller without a permission is refused.
        missing: how a name without a resource is told.
    """

    api: str
    collection: str
    message: Callable[..., Any]
    refusal: Refusal
    missing: Callable[[str], ApiError]

    @property
    def permission(self) -> str:
        """What permissions begin with, as in ``pubsub.topics``."""
        return f"{self.api}.{self.collection}"


class Resources:
    """The resources of one kind, over all projects.

    Args:
        world: projects, policies, where they are kept.
        kind: the kind.
    """

    def __init__(self, world: World, kind: Kind) -> None:
        self.world = world
        self.kind = kind
        self._agents = ServiceAgents(world)
        self._table = world.store.table(
            f"{kind.api}-{kind.collection}",
            encode=packed,
            decode=lambda value: unpacked(value, kind.message()),
        )

    def require(self, call: Call, verb: str, resource: str) -> None:
        """Raise the refusal unless the caller may, as in ``pubsub.topics.create``."""
        require(self.world, call, f"{self.kind.permission}.{verb}", resource, self.kind.refusal)

    def canonical(self, name: str) -> str:
        """A name with the project's id where its number may have stood."""
        return self.world.hierarchy.canonical(name)

    def get(self, name: str) -> Any:  # noqa: ANN401 - a message
        """The resource. Raises `ApiError` (NOT_FOUND)."""
        found = self._table.get(name)
        if found is None:
            raise self.kind.missing(name)
        return found

    def find(self, name: str) -> Any:  # noqa: ANN401 - a message or None
        """The resource; None when there is none."""
        return self._table.get(name)

    def check_exists(self, name: str) -> None:
        """Raise `ApiError` (NOT_FOUND) for a name without a resource."""
        self.get(name)

    def copy(self, name: str) -> Any:  # noqa: ANN401 - a message
        """A copy that may be changed. Raises `ApiError` (NOT_FOUND)."""
        made = self.kind.message()
        made.CopyFrom(self.get(name))
        return made

    def keep(self, message: Any) -> Any:  # noqa: ANN401 - a message
        """Keep a resource, new or changed, under the name it has; returns it."""
        if message.name not in self._table:
            self._agents.appear(self.kind.api, message.name)
        return self._table.put(message.name, message)

    def remove(self, name: str) -> Any:  # noqa: ANN401 - a message
        """Take a resource out, its policy and its tags with it. Raises `ApiError` (NOT_FOUND)."""
        gone = self.get(name)
        self._table.pop(name)
        self.world.policies.forget(name)
        self.world.tags.forget(name)
        return gone

    def below(self, parent: str) -> list[Any]:
        """The resources of a project or location, in order of creation; ``-`` is any location."""
        if parent.endswith("/locations/-"):
            prefix = parent.removesuffix("-")
            names = [name for name in self._table if name.startswith(prefix)]
        else:
            names = self._table.below(f"{parent}/{self.kind.collection}")
        return [one for one in map(self._table.get, names) if one is not None]

    def page(self, parent: str, request: Any) -> tuple[Sequence[Any], str]:  # noqa: ANN401 - protobuf
        """One page of `below`, and the token of the next.

        Args:
            parent: canonical name of what they are in.
            request: with a page size and token.
        """
        return page(self.below(parent), request.page_size, request.page_token, parent)

    def all(self) -> list[Any]:
        """Every one of them."""
        return list(self._table.values())
