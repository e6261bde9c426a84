"""Resource Manager v3: what stands above a project, and the policies there."""

from dataclasses import dataclass
from typing import Any

from provision.clients.calls import TIMEOUT, calling
from provision.clients.google import GoogleClients
from provision.clients.policies import PolicyClient
from provision.errors import NotFoundError, PermissionDeniedError
from provision.policy import Policy

MAX_DEPTH = 12
"""Organisation, ten levels of folders, project (cloud.google.com/resource-manager/docs/limits)."""


@dataclass(frozen=True)
class ResourceManager:
    """Projects, folders and organisations.

    Args:
        google: the clients to call with.
    """

    google: GoogleClients

    def parent(self, resource: str) -> str:
        """What stands directly above, ``folders/…`` or ``organizations/…``; empty at the top."""
        if resource.startswith("organizations/"):
            return ""
        needs = f"resourcemanager.{resource.partition('/')[0]}.get on {resource}"
        with calling(f"Reading {resource}", member=self.google.caller.member, needs=needs):
            if resource.startswith("folders/"):
                told = self.google.folders.get_folder(name=resource, timeout=TIMEOUT)
            else:
                told = self.google.projects.get_project(name=resource, timeout=TIMEOUT)
        return str(told.parent)

    def number(self, project: str) -> str:
        """The number of the project of that id; empty where it may not be read."""
        try:
            with calling(f"Reading projects/{project}", member=self.google.caller.member):
                told = self.google.projects.get_project(name=f"projects/{project}", timeout=TIMEOUT)
        except (PermissionDeniedError, NotFoundError):
            return ""
        return str(told.name).rpartition("/")[2]

    def policy(self, resource: str) -> Policy:
        """The allow policy of a project, a folder or an organisation."""
        needs = f"resourcemanager.{resource.partition('/')[0]}.getIamPolicy on {resource}"
        client = PolicyClient(self._api(resource), self.google.caller.member)
        return client.get(resource, needs=needs)

    def _api(self, resource: str) -> Any:  # noqa: ANN401
        kind = resource.partition("/")[0]
        return getattr(self.google, kind)
