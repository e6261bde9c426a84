"""The policies above a target: its project's, its folders' and its organisation's."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from provision.clients.resource_manager import MAX_DEPTH, ResourceManager
from provision.errors import ProvisionError
from provision.policy import Policy


@dataclass(frozen=True)
class Layer:
    """One of the things that stand above.

    Args:
        resource: ``projects/ID``, ``folders/NUMBER`` or ``organizations/NUMBER``.
        policy: its policy; None where it cannot be read.
        unread: why not.
    """

    resource: str
    policy: Policy | None
    unread: str = ""


@dataclass(frozen=True)
class Above:
    """Reads what stands above projects, each once.

    Args:
        resources: Resource Manager.
    """

    resources: ResourceManager
    _read: dict[str, Layer] = field(default_factory=dict, repr=False)
    _parents: dict[str, str] = field(default_factory=dict, repr=False)

    def layers(self, project: str) -> Iterator[Layer]:
        """The project first, then up to the organisation; the last one tells what is not known."""
        resource = f"projects/{project}"
        for _ in range(MAX_DEPTH):
            yield self._layer(resource)
            try:
                resource = self._parent(resource)
            except ProvisionError as error:
                yield Layer(f"what stands above {resource}", None, str(error))
                return
            if not resource:
                return

    def _layer(self, resource: str) -> Layer:
        if resource not in self._read:
            try:
                self._read[resource] = Layer(resource, self.resources.policy(resource))
            except ProvisionError as error:
                self._read[resource] = Layer(resource, None, str(error))
        return self._read[resource]

    def _parent(self, resource: str) -> str:
        if resource not in self._parents:
            self._parents[resource] = self.resources.parent(resource)
        return self._parents[resource]
