"""Resource Manager: where folders fit, and where not."""

import pytest
from google.api_core import exceptions
from google.cloud import resourcemanager_v3 as rm

from tests.conftest import Clients
from tests.emulator.resources.conftest import ORGANIZATION, make_folder, make_project


@pytest.mark.parametrize("name", ["ab", " starts blank", "ends-", "a" * 31, "semi;colon"])
def test_impossible_folder_names_are_refused(administrator: Clients, name: str) -> None:
    """3 to 30 letters, digits, spaces, dashes and underscores, a letter or digit at both ends."""
    with pytest.raises(exceptions.InvalidArgument, match=r"field \[display_name\]"):
        make_folder(administrator, name)


def test_siblings_have_different_names(administrator: Clients) -> None:
    """The operation fails in Google's words; under another parent the name is free."""
    first = make_folder(administrator, "Team one")
    with pytest.raises(exceptions.FailedPrecondition, match="violates display name uniqueness"):
        make_folder(administrator, "TEAM ONE")
    assert make_folder(administrator, "Team one", first.name).parent == first.name


def test_a_folder_is_not_moved_into_itself(administrator: Clients) -> None:
    """Neither beneath itself nor beneath what is in it."""
    outer = make_folder(administrator, "Outer one")
    inner = make_folder(administrator, "Inner one", outer.name)
    folders = administrator.make(rm.FoldersClient)
    for destination in (outer.name, inner.name):
        with pytest.raises(exceptions.FailedPrecondition, match="cycle"):
            folders.move_folder(name=outer.name, destination_parent=destination).result(timeout=30)
    assert folders.get_folder(name=outer.name).parent == ORGANIZATION


def test_folders_are_ten_deep_at_most(administrator: Clients) -> None:
    """The eleventh level is refused."""
    parent = ORGANIZATION
    for level in range(10):
        parent = make_folder(administrator, f"Level {level}", parent).name
    with pytest.raises(exceptions.FailedPrecondition, match="depth"):
        make_folder(administrator, "Level 10", parent)


def test_a_folder_that_holds_something_is_not_deleted(administrator: Clients) -> None:
    """Only once the project in it is deleted, too; restored, it is where it was."""
    folders = administrator.make(rm.FoldersClient)
    folder = make_folder(administrator, "Team one")
    make_project(administrator, "another-one", folder.name)
    with pytest.raises(exceptions.FailedPrecondition):
        folders.delete_folder(name=folder.name)
    administrator.projects.delete_project(name="projects/another-one").result(timeout=30)
    folders.delete_folder(name=folder.name).result(timeout=30)
    assert folder.name not in [one.name for one in folders.list_folders(parent=ORGANIZATION)]
    with pytest.raises(exceptions.FailedPrecondition, match="not active"):
        make_project(administrator, "third-one", folder.name)
    assert folders.undelete_folder(name=folder.name).result(timeout=30).parent == ORGANIZATION
