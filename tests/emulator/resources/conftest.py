"""What the tests of Resource Manager and IAM share: an administrator of the organisation."""

import pytest
from google.cloud import resourcemanager_v3 as rm

from tests.conftest import DEVELOPER, Clients, RunningEmulator

ORGANIZATION = "organizations/100000000001"
_ROLES = (
    "resourcemanager.folderAdmin",
    "resourcemanager.projectCreator",
    "resourcemanager.projectMover",
    "resourcemanager.tagAdmin",
    "resourcemanager.tagUser",
    "iam.organizationRoleAdmin",
)


@pytest.fixture
def administrator(emulator: RunningEmulator) -> Clients:
    """The developer with the roles of an organisation's administrator, over gRPC."""
    for role in _ROLES:
        emulator.admin(
            "POST", "/grants", resource=ORGANIZATION, member=DEVELOPER, role=f"roles/{role}"
        )
    return Clients(emulator, "grpc", DEVELOPER)


def make_project(clients: Clients, project_id: str, parent: str = ORGANIZATION) -> rm.Project:
    """A new project."""
    wanted = rm.Project(project_id=project_id, parent=parent)
    made: rm.Project = clients.projects.create_project(project=wanted).result(timeout=30)
    return made


def make_folder(clients: Clients, name: str, parent: str = ORGANIZATION) -> rm.Folder:
    """A new folder."""
    folders = clients.make(rm.FoldersClient)
    wanted = rm.Folder(parent=parent, display_name=name)
    made: rm.Folder = folders.create_folder(folder=wanted).result(timeout=30)
    return made
