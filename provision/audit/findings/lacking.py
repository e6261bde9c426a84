"""What decides and is not in a snapshot, though nothing says that it could not be read. Pure."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from provision.audit.findings.members import Shape
from provision.snapshot.records import Kind, Part, Unread

if TYPE_CHECKING:
    from provision.audit.findings.scene import Scene

_WHY = "the snapshot does not have it"


def missing(scene: "Scene") -> Iterator[Unread]:
    """Groups that open something, and policies that decide, of which there is no record."""
    told = {(one.of, one.part) for one in scene.snapshot.unread}
    yield from (one for one in _missing(scene) if (one.of, one.part) not in told)


def _missing(scene: "Scene") -> Iterator[Unread]:
    read = {group.member for group in scene.snapshot.groups}
    held = scene.held(Shape.GROUP)
    named = {one.member.text for one in held if any(hold.live for hold in one.holds)}
    for group in sorted(named - read):
        yield Unread(group, Part.MEMBERS, _WHY)
    above: dict[str, None] = {}
    for target in scene.snapshot.targets:
        if target.kind is not Kind.FUNCTION or target.generation == 1:
            above[target.name] = None
        project = scene.places.project(target.name)
        if project not in above:
            above.update(dict.fromkeys(scene.index.lineage(project).containers))
    for resource in above:
        if resource not in scene.index.policies:
            yield Unread(resource, Part.POLICY, _WHY)
        container = scene.index.containers.get(resource)
        if scene.places.is_container(resource) and (container is None or container.parent is None):
            yield Unread(resource, Part.PARENT, _WHY)
