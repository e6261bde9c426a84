"""What is the organisation's own, by the snapshot and by what the team says. Pure."""

from functools import cached_property

from provision.audit.settings import Settings
from provision.snapshot import Snapshot

_CONSUMER = frozenset({"gmail.com", "googlemail.com"})
"""Where anybody may open an account: nobody's own, unless they say so."""

_ORGANIZATION = "organizations/"


class Own:
    """Tells one's own domains, customers and projects from others.

    Where neither the settings nor an organisation in the snapshot says what is one's own, only
    consumer accounts count as others: to call a stranger what may be a colleague helps nobody.

    Args:
        snapshot: whose organisation's title is its primary domain.
        settings: of the team.
    """

    def __init__(self, snapshot: Snapshot, settings: Settings) -> None:
        self._snapshot = snapshot
        self._settings = settings

    @cached_property
    def domains(self) -> frozenset[str]:
        """Those that are told or that an organisation is named by."""
        titles = (
            one.title.lower()
            for one in self._snapshot.containers
            if one.name.startswith(_ORGANIZATION)
        )
        named = {title for title in titles if "." in title and " " not in title}
        return self._settings.domains | named

    @cached_property
    def _customers(self) -> frozenset[str]:
        read = {one.customer for one in self._snapshot.containers if one.customer}
        return self._settings.customers | read

    @cached_property
    def _projects(self) -> frozenset[str]:
        numbers = {one.number for one in self._snapshot.containers if one.number}
        ids = {
            one.name.partition("/")[2]
            for one in self._snapshot.containers
            if one.name.startswith("projects/")
        }
        return self._settings.projects | numbers | ids

    @cached_property
    def _all_projects(self) -> bool:
        """Whether the snapshot has all of the organisation's projects, or the team says which."""
        whole = self._snapshot.header.scope.startswith(_ORGANIZATION)
        return whole or bool(self._settings.projects)

    def domain(self, name: str) -> bool:
        """Whether users and groups of that domain are one's own, or may be."""
        if name in self.domains:
            return True
        return name not in _CONSUMER and not self.domains

    def customer(self, name: str) -> bool:
        """Whether a Workspace account is one's own, or may be."""
        return name in self._customers or not self._customers

    def project(self, name: str) -> bool:
        """Whether service accounts of a project, by id or number, are one's own, or may be."""
        return name in self._projects or not self._all_projects
