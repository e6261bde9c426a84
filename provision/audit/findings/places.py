"""Which targets a policy speaks for. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from operator import attrgetter

from provision.audit.index import Index, container_of
from provision.roles import INVOKE, INVOKE_FUNCTION, RUN_JOB
from provision.snapshot.records import Kind, Target

_OPENS = {
    Kind.JOB: RUN_JOB,
    Kind.INSTANCE: "run.instances.invoke",
    Kind.SERVICE: INVOKE,
}
_IAP = "iap.webServiceVersions.accessViaIAP"
_CONTAINERS = ("projects/", "folders/", "organizations/")
_IAP_WEB = "/iap_web"
_HOST = "//iap.googleapis.com/"


class Places:
    """Where targets stand in the hierarchy.

    Args:
        index: of the snapshot.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._opened: dict[tuple[str, frozenset[str]], tuple[str, ...]] = {}

    @staticmethod
    def is_container(resource: str) -> bool:
        """Whether it is a project, folder or organisation."""
        return resource.startswith(_CONTAINERS)

    def project(self, resource: str) -> str:
        """The project that it is in, as ``projects/ID``; a container is its own."""
        parts = resource.split("/", 5)
        if not parts[0] and parts[3:4] == ["projects"]:  # nearly all; looked up, not remembered
            return self._index.short("/".join(parts[3:5]))
        return self._index.short(container_of(resource))

    def opened(self, resource: str, gates: frozenset[str]) -> tuple[str, ...]:
        """Targets at or below `resource` that one of those permissions opens, sorted."""
        own = self._gates.get(resource)
        if own is not None:
            return own[1] if own[0] in gates else ()
        key = (resource, gates)
        found = self._opened.get(key)
        if found is None:
            found = self._opened[key] = tuple(
                target.name for target in self.below(resource) if gate(target) in gates
            )
        return found

    def all_below(self, resource: str) -> tuple[str, ...]:
        """Every target at or below a container, sorted."""
        return self.of_kinds(resource, frozenset(Kind))

    def of_kinds(self, resource: str, kinds: frozenset[Kind]) -> tuple[str, ...]:
        """Targets of some kinds at or below `resource`, sorted."""
        key = (resource, frozenset(map(str, kinds)))
        found = self._opened.get(key)
        if found is None:
            found = self._opened[key] = tuple(
                target.name for target in self.below(resource) if target.kind in kinds
            )
        return found

    def concerned(self, resource: str) -> Iterator[Target]:
        """Targets at or below `resource`, functions beside the services that decide on them."""
        own = self._index.targets.get(resource)
        for target in {one.name: one for one in (own, *self.below(resource)) if one}.values():
            yield target
            yield from self._functions.get(target.name, ())

    @cached_property
    def _functions(self) -> dict[str, list[Target]]:
        found = defaultdict[str, list[Target]](list)
        for target in self._index.snapshot.targets:
            if target.service:
                found[target.service].append(target)
        return found

    def below(self, resource: str) -> tuple[Target, ...]:
        """Targets at or below a container, target or place of IAP, by name."""
        if self.is_container(resource):
            return self._below.get(resource, ())
        if resource.startswith(_HOST):
            return self._behind_iap(resource)
        return self._own.get(resource, ())

    @cached_property
    def _own(self) -> dict[str, tuple[Target, ...]]:
        """Targets by the resource whose own policy decides."""
        found: dict[str, tuple[Target, ...]] = {
            target.name: (target,) for target in self._index.snapshot.targets
        }
        for target in self._index.snapshot.targets:
            if target.kind is Kind.FUNCTION and target.generation != 1 and target.service:
                # Its service decides, and stands for it wherever that was read.
                found[target.name] = ()
                found.setdefault(target.service, (target,))
        return found

    @cached_property
    def _gates(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """The permission that opens a resource's own target, and that target."""
        return {
            name: (gate(target), (target.name,))
            for name, targets in self._own.items()
            for target in targets
        }

    @cached_property
    def projects(self) -> dict[str, str]:
        """The project of every target, by the target's full name."""
        return {name: self.project(name) for name in self._index.targets}

    @cached_property
    def _below(self) -> dict[str, tuple[Target, ...]]:
        by_project = defaultdict[str, list[Target]](list)
        for own in self._own.values():
            for target in own:
                by_project[self.projects[target.name]].append(target)
        found = defaultdict[str, list[Target]](list)
        for project, targets in by_project.items():
            for above in self._index.lineage(project).containers:
                found[above].extend(targets)
        return {
            name: tuple(sorted(several, key=attrgetter("name"))) for name, several in found.items()
        }

    def _behind_iap(self, resource: str) -> tuple[Target, ...]:
        place, _, name = resource.partition(_IAP_WEB)[2].strip("/").partition("/services/")
        region = place.removeprefix("cloud_run-")
        return tuple(
            target
            for target in self._below.get(self.project(resource), ())
            if target.iap
            and (not region or f"/locations/{region}/" in target.name)
            and (not name or target.name.endswith(f"/services/{name}"))
        )


def gate(target: Target) -> str:
    """The permission that is asked of whoever wants in; of IAP where that stands before it."""
    if target.iap:
        return _IAP
    if target.kind is Kind.FUNCTION:
        return INVOKE_FUNCTION if target.generation == 1 else INVOKE
    return _OPENS[target.kind]


def joined(several: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """All of them, sorted, each once; the tuple itself where there is but one."""
    distinct = list({id(one): one for one in several if one}.values())
    if len(distinct) == 1:
        return distinct[0]
    return tuple(sorted(set[str]().union(*distinct)))
