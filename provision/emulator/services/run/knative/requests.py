"""What a v1 request asks, whichever of its two paths it took."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provision.emulator.rpc.status import ApiError, invalid

V1 = "google.cloud.run.v1"
ANYWHERE = "-"
"""The location that means every region."""


@dataclass(frozen=True)
class KnativeRequest:
    """A request of v1.

    Args:
        project: id or number, as it was written.
        region: of the path, or of the host; ``-`` for every region.
        kind: the collection, as ``services``.
        name: what it is about; empty for the collection.
        query: decoded query parameters.
        body: decoded JSON; None when there was none.
        project_id: the project's id; as written when there is no such project.
    """

    project: str
    region: str
    kind: str
    name: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    project_id: str = ""

    @property
    def parent(self) -> str:
        """``projects/P/locations/R`` with the project's id, or ``projects/P`` for every region."""
        project = f"projects/{self.project_id or self.project}"
        return project if self.region == ANYWHERE else f"{project}/locations/{self.region}"

    @property
    def resource(self) -> str:
        """The full name of what it is about, as v2 has it; revisions without their service."""
        return f"{self.parent}/{self.kind}/{self.name}" if self.name else self.parent

    @property
    def dry_run(self) -> bool:
        """Whether nothing is to be kept. Raises `ApiError` for another value than ``all``."""
        asked = self.query.get("dryRun", "")
        if asked not in ("", "all"):
            raise invalid(f"dryRun: '{asked}' is not supported; the only value is 'all'.")
        return asked == "all"

    def in_one_region(self) -> None:
        """Raise (UNIMPLEMENTED) where neither the path nor the host tells the region."""
        if self.region == ANYWHERE:
            raise ApiError(
                "UNIMPLEMENTED", "Operation is not implemented, or supported, or enabled."
            )
