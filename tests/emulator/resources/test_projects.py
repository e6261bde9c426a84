"""Resource Manager: who may make, move and delete projects, and what Google refuses."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from google.api_core import exceptions
from google.cloud import resourcemanager_v3 as rm
from google.cloud import run_v2

from tests.conftest import DEVELOPER, Clients, RunningEmulator, StartEmulator
from tests.emulator.resources.conftest import ORGANIZATION, make_folder, make_project

ANN = "user:ann@example.com"
NAME = "projects/another-one"


@pytest.mark.parametrize(
    "project_id", ["short", "Capitals", "1-digit-first", "ends-with-", "a" * 31, "dots.in.it"]
)
def test_impossible_project_ids_are_refused(administrator: Clients, project_id: str) -> None:
    """6 to 30 lower case letters, digits and dashes, a letter first and no dash last."""
    with pytest.raises(exceptions.InvalidArgument, match=r"field \[project_id\] has issue"):
        make_project(administrator, project_id)


@pytest.mark.parametrize(
    "fields",
    [
        {"display_name": "abc"},
        {"display_name": "slashes/are/not"},
        {"labels": {"Upper": "x"}},
        {"labels": {"key": "Not Good"}},
        {"labels": {f"k{number}": "" for number in range(257)}},
    ],
    ids=["short name", "bad name", "bad key", "bad value", "too many labels"],
)
def test_impossible_names_and_labels_are_refused(
    administrator: Clients, fields: dict[str, Any]
) -> None:
    """The rules for display names and labels stand in the API's own comments."""
    wanted = rm.Project(project_id="another-one", parent=ORGANIZATION, **fields)
    with pytest.raises(exceptions.InvalidArgument, match="has issue"):
        administrator.projects.create_project(project=wanted)


def test_a_project_id_is_taken_even_while_its_deletion_is_pending(administrator: Clients) -> None:
    """Google's words, before and after the deletion."""
    make_project(administrator, "another-one")
    with pytest.raises(exceptions.AlreadyExists, match="Requested entity already exists"):
        make_project(administrator, "another-one")
    administrator.projects.delete_project(name=NAME).result(timeout=30)
    with pytest.raises(exceptions.AlreadyExists):
        make_project(administrator, "another-one")


def test_only_who_may_makes_projects(
    administrator: Clients, clients_of: Callable[[str], Clients]
) -> None:
    """Neither a stranger, nor anybody beneath a parent that does not exist."""
    with pytest.raises(exceptions.PermissionDenied, match="The caller does not have permission"):
        make_project(clients_of(ANN), "another-one")
    with pytest.raises(exceptions.PermissionDenied):
        make_project(administrator, "another-one", "folders/999999999999")


def test_without_a_parent_users_get_their_organization_and_accounts_nothing(
    administrator: Clients, clients_of: Callable[[str], Clients], emulator: RunningEmulator
) -> None:
    """Users of the organisation's domain, users of another one, and service accounts."""
    assert make_project(administrator, "another-one", "").parent == ORGANIZATION
    assert make_project(clients_of("user:eve@elsewhere.test"), "nobody-s-own", "").parent == ""
    administrator.iam.create_service_account(
        request={"name": "projects/demo-project", "account_id": "xyzxyz"}
    )
    account = f"serviceAccount:xyzxyz@{emulator.project}.iam.gserviceaccount.com"
    with pytest.raises(exceptions.PermissionDenied, match="without a parent"):
        make_project(clients_of(account), "third-one", "")


def test_whoever_makes_a_project_owns_it(
    administrator: Clients, clients_of: Callable[[str], Clients], emulator: RunningEmulator
) -> None:
    """Its maker may do what owners may; nobody else is in its policy as an owner."""
    emulator.admin(
        "POST",
        "/grants",
        resource=ORGANIZATION,
        member=ANN,
        role="roles/resourcemanager.projectCreator",
    )
    ann = clients_of(ANN)
    make_project(ann, "another-one")
    policy = ann.projects.get_iam_policy(resource=NAME)
    owners = [list(one.members) for one in policy.bindings if one.role == "roles/owner"]
    assert owners == [[ANN]]
    made = ann.iam.create_service_account(request={"name": NAME, "account_id": "orders-run"})
    assert made.email == "orders-run@another-one.iam.gserviceaccount.com"
    with pytest.raises(exceptions.PermissionDenied):
        administrator.projects.delete_project(name=NAME)


def test_a_deleted_project_waits_and_can_be_restored(administrator: Clients) -> None:
    """It is listed on demand only, found, and not deleted twice; restored, it is as before."""
    projects = administrator.projects
    made = make_project(administrator, "another-one")
    deleted = projects.delete_project(name=NAME).result(timeout=30)
    assert deleted.delete_time is not None
    assert list(projects.list_projects(parent=ORGANIZATION)) == []
    request = {"parent": ORGANIZATION, "show_deleted": True}
    assert len(list(projects.list_projects(request=request))) == 1
    assert len(list(projects.search_projects(query="state:DELETE_REQUESTED"))) == 1
    with pytest.raises(exceptions.FailedPrecondition, match="inactive project"):
        projects.delete_project(name=NAME)
    restored = projects.undelete_project(name=NAME).result(timeout=30)
    assert (restored.state, restored.name) == (rm.Project.State.ACTIVE, made.name)
    with pytest.raises(exceptions.FailedPrecondition):
        projects.undelete_project(name=NAME)


def test_nothing_goes_on_in_a_deleted_project(
    administrator: Clients, emulator: RunningEmulator, pushed_image: str
) -> None:
    """Services answer nobody, accounts cannot act, APIs refuse; restored, all is back."""
    project, parent = "projects/demo-project", "projects/demo-project/locations/asia-east1"
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=pushed_image)])
    service = administrator.services.create_service(
        parent=parent,
        service_id="open",
        service=run_v2.Service(template=template, invoker_iam_disabled=True),
    ).result(timeout=30)
    account = administrator.iam.create_service_account(
        request={"name": project, "account_id": "worker"}
    )
    member = f"serviceAccount:{account.email}"
    emulator.admin("POST", "/grants", resource=ORGANIZATION, member=member, role="roles/viewer")
    repositories = Clients(emulator, "grpc", member).repositories
    assert requests.get(service.uri, timeout=30).status_code == 200
    number = administrator.projects.delete_project(name=project).result(timeout=30).name[9:]
    assert requests.get(service.uri, timeout=30).status_code == 404
    with pytest.raises(exceptions.Unauthenticated):
        list(repositories.list_repositories(parent=parent))
    with pytest.raises(exceptions.PermissionDenied, match=f"Project #{number} has been deleted"):
        administrator.services.get_service(name=service.name)
    administrator.projects.undelete_project(name=project).result(timeout=30)
    assert requests.get(service.uri, timeout=30).status_code == 200
    assert len(list(repositories.list_repositories(parent=parent))) == 1


def test_a_moved_project_inherits_anew(
    administrator: Clients, clients_of: Callable[[str], Clients], emulator: RunningEmulator
) -> None:
    """A role on the old folder counts no more, one on the new folder does."""
    old, new = (make_folder(administrator, name).name for name in ("Old home", "New home"))
    make_project(administrator, "another-one", old)
    bob = "user:bob@example.com"
    for folder, member in ((old, ANN), (new, bob)):
        emulator.admin("POST", "/grants", resource=folder, member=member, role="roles/browser")
    get = {one: clients_of(one).projects.get_project for one in (ANN, bob)}
    assert get[ANN](name=NAME).parent == old
    administrator.projects.move_project(name=NAME, destination_parent=new).result(timeout=30)
    assert get[bob](name=NAME).parent == new
    with pytest.raises(exceptions.PermissionDenied):
        get[ANN](name=NAME)


def test_a_stale_etag_is_refused(administrator: Clients) -> None:
    """An update with the etag of an older state writes nothing."""
    made = make_project(administrator, "another-one")
    mask = {"paths": ["labels"]}
    first = rm.Project(name=made.name, etag=made.etag, labels={"a": "1"})
    administrator.projects.update_project(project=first, update_mask=mask).result(timeout=30)
    second = rm.Project(name=made.name, etag=made.etag, labels={"a": "2"})
    with pytest.raises(exceptions.Aborted):
        administrator.projects.update_project(project=second, update_mask=mask)
    assert dict(administrator.projects.get_project(name=NAME).labels) == {"a": "1"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 2),
        ("projectId:another-one", 1),
        ("projectId=ANOTHER*", 1),
        ("displayName:demo* OR labels.env:prod", 2),
        ("NOT labels.env:*", 1),
        ("(state:ACTIVE AND parent:organizations/100000000001)", 1),
        ("labels.env!=prod state:ACTIVE", 1),
        ('displayName:"another-one"', 1),
        ("nothing", 0),
    ],
)
def test_projects_are_searched(administrator: Clients, query: str, found: int) -> None:
    """The grammar of queries: terms side by side, AND, OR, NOT, brackets, quotes, a final star."""
    wanted = rm.Project(project_id="another-one", parent=ORGANIZATION, labels={"env": "prod"})
    administrator.projects.create_project(project=wanted).result(timeout=30)
    assert len(list(administrator.projects.search_projects(query=query))) == found


@pytest.mark.parametrize("query", ["(projectId:x", "projectId:x)", "projectId:x OR", "NOT"])
def test_queries_that_are_none_are_refused(administrator: Clients, query: str) -> None:
    """Unbalanced brackets and dangling operators: INVALID_ARGUMENT."""
    with pytest.raises(exceptions.InvalidArgument):
        list(administrator.projects.search_projects(query=query))


def test_v1_shows_what_v3_made(administrator: Clients, emulator: RunningEmulator) -> None:
    """The same project in v1's form; the v1 filter; and 403 for one that is not there."""
    make_project(administrator, "another-one")
    headers = {"Authorization": f"Bearer {emulator.token()}"}

    def get(path: str) -> requests.Response:
        return requests.get(f"{emulator.http}/v1/{path}", headers=headers, timeout=30)

    shown = get("projects/another-one").json()
    assert shown["parent"] == {"type": "organization", "id": "100000000001"}
    assert get("projects?filter=lifecycleState:ACTIVE AND id:another*").json() == {
        "projects": [shown]
    }
    missing = get("projects/not-there-at-all")
    assert (missing.status_code, missing.json()["error"]["message"]) == (
        403,
        "The caller does not have permission",
    )


def test_made_projects_and_folders_survive_a_restart(
    start_emulator: StartEmulator, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With a data folder: the project, its folder, its owner and a tag are there again."""
    arguments = ("--engine", "none", "--data", str(tmp_path_factory.mktemp("kept")))
    first = start_emulator(*arguments)
    for role in ("folderAdmin", "projectCreator", "tagAdmin"):
        name = f"roles/resourcemanager.{role}"
        first.admin("POST", "/grants", resource=ORGANIZATION, member=DEVELOPER, role=name)
    clients = Clients(first, "grpc", DEVELOPER)
    folder = make_folder(clients, "Team one").name
    make_project(clients, "another-one", folder)
    keys = clients.make(rm.TagKeysClient)
    key = keys.create_tag_key(tag_key=rm.TagKey(parent=NAME, short_name="env")).result(timeout=30)
    first.stop()
    again = Clients(start_emulator(*arguments), "grpc", DEVELOPER)
    assert again.projects.get_project(name=NAME).parent == folder
    assert again.make(rm.TagKeysClient).get_tag_key(name=key.name).short_name == "env"
