"""Resource Manager's tags as they are kept: keys, values, and what they are bound to."""

from collections.abc import Iterator, Sequence
from typing import Any

from provision.emulator.iam.hierarchy import Hierarchy
from provision.emulator.seams import TagPair
from provision.emulator.store import Store, Table

KEYS, VALUES = "tagKeys", "tagValues"


class TagState:
    """Every tag key, tag value and binding (`provision.emulator.seams.Tags`).

    Keys and values are records in the JSON form of their v3 messages, with ``parent`` as the
    emulator names it (``projects/ID``) and ``created`` and ``updated`` in microseconds.

    Args:
        store: where they live.
        hierarchy: tells what inherits from what; learns where keys and values stand.
    """

    def __init__(self, store: Store, hierarchy: Hierarchy) -> None:
        self._hierarchy = hierarchy
        self._kept: dict[str, Table[dict[str, Any]]] = {
            KEYS: store.table(KEYS),
            VALUES: store.table(VALUES),
        }
        self._bindings: Table[list[str]] = store.table("tagBindings")
        for collection in self._kept:
            hierarchy.adopt(collection, self._parent)

    def _parent(self, name: str) -> str:
        found = self.find(name)
        return str(found["parent"]) if found is not None else ""

    def find(self, name: str) -> dict[str, Any] | None:
        """The key or value of a name (``tagKeys/N``, ``tagValues/N``); None when there is none."""
        table = self._kept.get(name.partition("/")[0])
        return table.get(name) if table is not None else None

    def named(self, collection: str, namespaced: str) -> dict[str, Any] | None:
        """The key or value by its namespaced name, as in ``demo-project/env/prod``."""
        found = (one for one in self.all(collection) if self.namespaced(one) == namespaced)
        return next(found, None)

    def all(self, collection: str) -> Sequence[dict[str, Any]]:
        """Every key or every value, the first one made first."""
        return tuple(self._kept[collection].values())

    def below(self, collection: str, parent: str) -> list[dict[str, Any]]:
        """The keys of an organisation or project, or the values of a key."""
        return [one for one in self.all(collection) if one["parent"] == parent]

    def put(self, record: dict[str, Any]) -> dict[str, Any]:
        """Keep a key or value."""
        return self._kept[record["name"].partition("/")[0]].put(record["name"], record)

    def remove(self, name: str) -> None:
        """Forget a key or value."""
        self._kept[name.partition("/")[0]].pop(name)

    def namespaced(self, record: dict[str, Any]) -> str:
        """``ORGANISATION_NUMBER/key``, ``PROJECT_ID/key`` or one of these with ``/value``."""
        parent = str(record["parent"])
        above = self.find(parent)
        prefix = self.namespaced(above) if above is not None else parent.partition("/")[2]
        return f"{prefix}/{record['shortName']}"

    def bound(self, resource: str) -> list[str]:
        """Names of the values bound to a resource itself."""
        return list(self._bindings.get(resource) or ())

    def bind(self, resource: str, value: str) -> None:
        """Bind a value to a resource."""
        self._bindings.put(resource, [*self.bound(resource), value])

    def unbind(self, resource: str, value: str) -> None:
        """Take a value off a resource."""
        left = [one for one in self.bound(resource) if one != value]
        if left:
            self._bindings.put(resource, left)
        else:
            self._bindings.pop(resource)

    def forget(self, resource: str) -> None:
        """The resource is gone, and what was bound to it is, too."""
        self._bindings.pop(resource)

    def holders(self, value: str) -> list[str]:
        """The resources that a value is bound to."""
        return [one for one in self._bindings if value in self.bound(one)]

    def in_effect(self, resource: str) -> Iterator[tuple[str, str]]:
        """Values (by name) in effect on a resource, each with what it is bound to.

        Of two values of one key the nearer counts (documented).
        """
        seen: set[str] = set()
        for holder in self._hierarchy.chain(resource):
            for value in self.bound(holder):
                key = self._parent(value)
                if key not in seen:
                    seen.add(key)
                    yield value, holder

    def effective(self, resource: str) -> Sequence[TagPair]:
        """The tags bound to a resource (``projects/p/locations/r/services/s``) and inherited."""
        return [self._pair(value) for value, _ in self.in_effect(resource)]

    def _pair(self, name: str) -> TagPair:
        value = self.find(name) or {}
        key = self.find(str(value.get("parent", ""))) or {}
        return TagPair(
            key=self.namespaced(key) if key else "",
            key_id=str(key.get("name", "")),
            value=str(value.get("shortName", "")),
            value_id=name,
        )
