"""Projects in a folder in an organisation: the default world, and who inherits from whom."""

import hashlib
from dataclasses import asdict, dataclass

from provision.emulator.store import Store
from provision.emulator.times import micros

ORGANIZATION = "organizations/100000000001"
FOLDER = "folders/200000000001"
ORGANIZATION_DOMAIN = "example.com"
CUSTOMER_ID = "C01emulator"


@dataclass(frozen=True)
class Project:
    """A project: its id, its number and when it was made (µs)."""

    project_id: str
    number: int
    created: int

    @property
    def name(self) -> str:
        """``projects/ID``, the form that policies are kept under."""
        return f"projects/{self.project_id}"

    @property
    def compute_account(self) -> str:
        """E-mail of the default compute service account."""
        return f"{self.number}-compute@developer.gserviceaccount.com"


class Hierarchy:
    """The resource hierarchy.

    Args:
        store: where projects live.
    """

    def __init__(self, store: Store) -> None:
        self._projects = store.table(
            "projects", encode=asdict, decode=lambda value: Project(**value)
        )

    def add(self, project_id: str) -> Project:
        """The project of that id, made when it is not there."""
        found = self._projects.get(project_id)
        if found is not None:
            return found
        return self._projects.put(project_id, Project(project_id, number_of(project_id), micros()))

    def find(self, id_or_number: str) -> Project | None:
        """The project by its id or number; None when there is none."""
        found = self._projects.get(id_or_number)
        if found is not None:
            return found
        numbered = (one for one in self._projects.values() if str(one.number) == id_or_number)
        return next(numbered, None)

    def all(self) -> tuple[Project, ...]:
        """Every project, the first one made first."""
        return tuple(self._projects.values())

    def canonical(self, name: str) -> str:
        """A resource name with the project's id where its number may have stood."""
        parts = name.split("/")
        if len(parts) > 1 and parts[0] == "projects":
            found = self.find(parts[1])
            if found is not None:
                parts[1] = found.project_id
        return "/".join(parts)

    def chain(self, resource: str) -> tuple[str, ...]:
        """The resource and all it inherits policies from, nearest first."""
        name = self.canonical(resource)
        parts = name.split("/")
        above: tuple[str, ...] = ()
        if parts[0] == "projects":
            above = ("/".join(parts[:2]), FOLDER, ORGANIZATION)
        elif parts[0] == "folders":
            above = (ORGANIZATION,)
        return (name, *(one for one in above if one != name))

    def contains(self, ancestor: str, project_id: str) -> bool:
        """Whether a project is, or is beneath, a resource that is named by number."""
        found = self.find(project_id)
        if found is None:
            return False
        return ancestor in (f"projects/{found.number}", FOLDER, ORGANIZATION)


def number_of(project_id: str) -> int:
    """A project's number: twelve digits, the same for the same id always."""
    digest = hashlib.sha256(project_id.encode()).digest()
    return 10**11 + int.from_bytes(digest[:8], "big") % (9 * 10**11)
