"""One asset, and how the inventory names it.

Forms: the pages of the inventory's documentation on asset names and asset types. Projects are
named by number where assets are listed and exported, by id where they are searched.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provision.emulator.iam.hierarchy import Hierarchy

RESOURCES = "cloudresourcemanager.googleapis.com"
KINDS = {
    "projects": f"{RESOURCES}/Project",
    "folders": f"{RESOURCES}/Folder",
    "organizations": f"{RESOURCES}/Organization",
}
"""Asset types by what names of Resource Manager begin with."""


def _nothing() -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Asset:
    """A resource in the inventory.

    Args:
        asset_type: as in ``run.googleapis.com/Service``.
        name: as the emulator names it, without the service: what policies are kept under.
        policy: its allow policy; None when it has none.
        parent: what is right above it, as the emulator names that; empty for nothing.
        location: where it is; empty when that is not told.
        display_name: as its service has it.
        description: likewise.
        labels: likewise.
        state: likewise.
        created: when it was made (µs); 0 when that is not told.
        updated: when it was changed last (µs); 0 when that is not told.
        version: of the API that `data` is in the form of.
        data: makes its content, in the JSON form of that API.
        exported: its name where it is listed and exported, where that is another.
        attributes: what can be searched besides.
        resource: whether it is an asset of its own, not only something with a policy.
    """

    asset_type: str
    name: str
    policy: Any = None
    parent: str = ""
    location: str = ""
    display_name: str = ""
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    state: str = ""
    created: int = 0
    updated: int = 0
    version: str = "v1"
    data: Callable[[], dict[str, Any]] = _nothing
    exported: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    resource: bool = True

    @property
    def service(self) -> str:
        """As in ``run.googleapis.com``."""
        return self.asset_type.partition("/")[0]

    @property
    def full_name(self) -> str:
        """The name where it is searched."""
        return f"//{self.service}/{self.name}"

    @property
    def exported_name(self) -> str:
        """The name where it is listed or exported."""
        return f"//{self.service}/{self.exported or self.name}"


@dataclass(frozen=True)
class Above:
    """What an asset stands beneath, by number.

    Args:
        project: ``projects/N``; empty for none.
        folders: ``folders/N``, nearest first.
        organization: ``organizations/N``; empty for none.
    """

    project: str
    folders: tuple[str, ...]
    organization: str

    @property
    def ancestors(self) -> tuple[str, ...]:
        """All of them, nearest first."""
        return tuple(filter(None, (self.project, *self.folders, self.organization)))


def above(hierarchy: Hierarchy, name: str) -> Above:
    """What a resource is or stands beneath, by its name."""
    nodes = hierarchy.ancestors(hierarchy.node(name))
    project = hierarchy.find(nodes[0].removeprefix("projects/")) if nodes else None
    return Above(
        f"projects/{project.number}" if project is not None else "",
        tuple(one for one in nodes if one.startswith("folders/")),
        next((one for one in nodes if one.startswith("organizations/")), ""),
    )


def parent_full_name(hierarchy: Hierarchy, asset: Asset, *, numbered: bool) -> str:
    """The full name of what is right above an asset; empty for nothing.

    Args:
        hierarchy: knows projects by id.
        asset: the asset.
        numbered: whether a project is to be named by its number.
    """
    kind, _, rest = asset.parent.partition("/")
    if not kind:
        return ""
    if kind not in KINDS or "/" in rest:
        return f"//{asset.service}/{asset.parent}"
    project = hierarchy.find(rest) if kind == "projects" and numbered else None
    return f"//{RESOURCES}/{kind}/{project.number if project is not None else rest}"
