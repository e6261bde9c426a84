"""Organisations, folders and projects: what is beneath what, and who inherits from whom."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from provision.emulator.store import Store
from provision.emulator.times import micros

ORGANIZATION = "organizations/100000000001"
FOLDER = "folders/200000000001"
ORGANIZATION_DOMAIN = "example.com"
CUSTOMER_ID = "C01emulator"
ACTIVE = "ACTIVE"
DELETE_REQUESTED = "DELETE_REQUESTED"
_FIRST_MADE = 1_767_225_600_000_000  # 2026-01-01, for what was there before anything


@dataclass(frozen=True)
class Project:
    """A project.

    Args:
        project_id: its id, which never changes.
        number: its number, which never changes either.
        created: when it was made (µs).
        parent: ``folders/N`` or ``organizations/N``; empty when it is in none.
        display_name: its id when left out.
        labels: as set.
        state: ``ACTIVE`` or ``DELETE_REQUESTED``.
        updated: when it was changed last (µs); 0 for never.
        deleted: when deletion was asked for (µs); 0 for never.
    """

    project_id: str
    number: int
    created: int
    parent: str = FOLDER
    display_name: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    state: str = ACTIVE
    updated: int = 0
    deleted: int = 0

    @property
    def name(self) -> str:
        """``projects/ID``, the form that policies are kept under."""
        return f"projects/{self.project_id}"

    @property
    def compute_account(self) -> str:
        """E-mail of the default compute service account."""
        return f"{self.number}-compute@developer.gserviceaccount.com"


@dataclass(frozen=True)
class Folder:
    """A folder.

    Args:
        name: ``folders/N``.
        parent: ``folders/N`` or ``organizations/N``.
        display_name: unique among its siblings.
        created: when it was made (µs).
        state: ``ACTIVE`` or ``DELETE_REQUESTED``.
        updated: when it was changed last (µs); 0 for never.
        deleted: when deletion was asked for (µs); 0 for never.
    """

    name: str
    parent: str
    display_name: str
    created: int
    state: str = ACTIVE
    updated: int = 0
    deleted: int = 0


@dataclass(frozen=True)
class Organization:
    """An organisation.

    Args:
        name: ``organizations/N``.
        domain: its primary domain.
        customer_id: of its Cloud Identity account.
        created: when it was made (µs).
    """

    name: str
    domain: str
    customer_id: str
    created: int = _FIRST_MADE


class Hierarchy:
    """The resource hierarchy.

    Args:
        store: where projects, folders and organisations live.
    """

    def __init__(self, store: Store) -> None:
        self._projects = store.table("projects", asdict, lambda value: Project(**value))
        self._folders = store.table("folders", asdict, lambda value: Folder(**value))
        self._organizations = store.table(
            "organizations", asdict, lambda value: Organization(**value)
        )
        self._ids_by_number: dict[str, str] = {}
        self._adopted: dict[str, Callable[[str], str]] = {}

    def adopt(self, collection: str, parent: Callable[[str], str]) -> None:
        """Let another kind of resource inherit.

        Args:
            collection: what its names begin with, as in ``tagKeys``.
            parent: tells the name of what is right above a name; empty when there is none.
        """
        self._adopted[collection] = parent

    def populate(self) -> None:
        """Make the first organisation and folder, where they are missing."""
        if ORGANIZATION not in self._organizations:
            self.put_organization(Organization(ORGANIZATION, ORGANIZATION_DOMAIN, CUSTOMER_ID))
        if FOLDER not in self._folders:
            self.put_folder(Folder(FOLDER, ORGANIZATION, "emulator", _FIRST_MADE))

    def add(self, project_id: str, parent: str = FOLDER) -> Project:
        """The project of that id, made beneath `parent` when it is not there."""
        found = self._projects.get(project_id)
        if found is not None:
            return found
        return self.put(Project(project_id, number_of(project_id), micros(), parent))

    def put(self, project: Project) -> Project:
        """Keep a project, new or changed (`dataclasses.replace`; a new parent moves it)."""
        self._ids_by_number[str(project.number)] = project.project_id
        return self._projects.put(project.project_id, project)

    def put_folder(self, folder: Folder) -> Folder:
        """Keep a folder, new or changed."""
        return self._folders.put(folder.name, folder)

    def put_organization(self, organization: Organization) -> Organization:
        """Keep an organisation."""
        return self._organizations.put(organization.name, organization)

    def find(self, id_or_number: str) -> Project | None:
        """The project by its id or number; None when there is none."""
        found = self._projects.get(id_or_number)
        if found is None and id_or_number.isdigit():
            found = self._projects.get(self._ids_by_number.get(id_or_number, ""))
            found = found or self._find_by_number(id_or_number)
        return found

    def _find_by_number(self, number: str) -> Project | None:
        # After a restart the numbers are not known yet.
        self._ids_by_number = {str(one.number): one.project_id for one in self._projects.values()}
        return self._projects.get(self._ids_by_number.get(number, ""))

    def folder(self, name: str) -> Folder | None:
        """The folder of that name (``folders/N``); None when there is none."""
        return self._folders.get(name)

    def organization(self, name: str) -> Organization | None:
        """The organisation of that name (``organizations/N``); None when there is none."""
        return self._organizations.get(name)

    def all(self) -> tuple[Project, ...]:
        """Every project, the first one made first."""
        return tuple(self._projects.values())

    def folders(self) -> tuple[Folder, ...]:
        """Every folder, the first one made first."""
        return tuple(self._folders.values())

    def organizations(self) -> tuple[Organization, ...]:
        """Every organisation, the first one made first."""
        return tuple(self._organizations.values())

    def awaits_deletion(self, resource: str) -> bool:
        """Whether the project that a resource is or belongs to was deleted and not restored."""
        found = self.find(self.node(resource).removeprefix("projects/"))
        return found is not None and found.state != ACTIVE

    def domains(self, customer_id: str) -> tuple[str, ...]:
        """The domains of a Cloud Identity customer."""
        return tuple(one.domain for one in self.organizations() if one.customer_id == customer_id)

    def canonical(self, name: str) -> str:
        """A resource name with the project's id where its number may have stood."""
        parts = name.split("/")
        if len(parts) > 1 and parts[0] == "projects":
            found = self.find(parts[1])
            if found is not None:
                parts[1] = found.project_id
        return "/".join(parts)

    def parent(self, name: str) -> str:
        """What is right above a project, a folder or an adopted resource; empty for nothing."""
        kind, _, key = name.partition("/")
        found: Project | Folder | None = None
        if kind in self._adopted:
            return self.canonical(self._adopted[kind](name))
        if kind == "projects":
            found = self.find(key)
        elif kind == "folders":
            found = self._folders.get(name)
        return found.parent if found is not None else ""

    def ancestors(self, name: str) -> tuple[str, ...]:
        """A project, folder or organisation and all above it, nearest first."""
        found: list[str] = []
        while name and name not in found:  # a move never makes a circle, a kept file might
            found.append(name)
            name = self.parent(name)
        return tuple(found)

    def chain(self, resource: str) -> tuple[str, ...]:
        """The resource and all it inherits policies from, nearest first.

        Within a project it inherits along its name: a revision from its service, a package from
        its repository, a key from its account; what Identity-Aware Proxy guards also from
        ``iap_web``, which is a resource of its own.
        """
        name = self.canonical(resource)
        parts = name.split("/")
        within = [name] if len(parts) > 2 else []  # noqa: PLR2004 - collection and id
        within += ["/".join(parts[:end]) for end in range(len(parts) - 1, 2, -1) if not end % 2]
        if parts[2:3] == ["iap_web"] and len(parts) > 3:  # noqa: PLR2004 - project and iap_web
            within.append("/".join(parts[:3]))
        return (*within, *self.ancestors("/".join(parts[:2])))

    def node(self, resource: str) -> str:
        """The project, folder or organisation that a resource is or belongs to."""
        return "/".join(self.canonical(resource).split("/")[:2])

    def contains(self, ancestor: str, project_id: str) -> bool:
        """Whether a project is, or is beneath, a resource that is named by number."""
        found = self.find(project_id)
        if found is None:
            return False
        return ancestor == f"projects/{found.number}" or ancestor in self.ancestors(found.name)


def number_of(project_id: str) -> int:
    """A project's number: twelve digits, the same for the same id always."""
    digest = hashlib.sha256(project_id.encode()).digest()
    return 10**11 + int.from_bytes(digest[:8], "big") % (9 * 10**11)
