"""What is inherited, from where, and what a condition sees at the front door."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from google.cloud import iam_admin_v1, run_v2
from google.iam.v1 import policy_pb2
from google.type import expr_pb2

from provision.emulator.iam.groups import GroupMember, Groups
from provision.emulator.iam.hierarchy import Hierarchy, Organization, number_of
from provision.emulator.store import Store, Table
from tests.conftest import Clients, RunningEmulator
from tests.emulator.iam.deployed import SERVICE, deploy_bound

PROJECT = "projects/demo-project"


@pytest.fixture
def hierarchy() -> Hierarchy:
    """A project in a folder in a folder in the organisation."""
    made = Hierarchy(Store(None))
    made.populate()
    return made


@pytest.mark.parametrize(
    ("name", "chain"),
    [
        ("projects/p/locations/r/services/s", ("projects/p/locations/r/services/s",)),
        (
            "projects/p/locations/r/services/s/revisions/v",
            ("projects/p/locations/r/services/s/revisions/v", "projects/p/locations/r/services/s"),
        ),
        (
            "projects/p/serviceAccounts/a/keys/k",
            ("projects/p/serviceAccounts/a/keys/k", "projects/p/serviceAccounts/a"),
        ),
        ("projects/p", ()),
    ],
)
def test_within_a_project_names_tell_what_is_inherited(
    hierarchy: Hierarchy, name: str, chain: tuple[str, ...]
) -> None:
    """Then come the project, its folder and the organisation; numbers are as good as ids."""
    hierarchy.add("p")
    above = ("projects/p", "folders/200000000001", "organizations/100000000001")
    numbered = name.replace("projects/p", f"projects/{number_of('p')}")
    for spelled in (name, numbered):
        found = [one for one in hierarchy.chain(spelled) if one != "projects/p/locations/r"]
        assert tuple(found) == (*chain, *above)


def test_a_project_may_stand_alone_or_in_another_organisation(hierarchy: Hierarchy) -> None:
    """What is above it is what it says."""
    other = hierarchy.put_organization(Organization("organizations/7", "other.example", "C7"))
    alone, elsewhere = hierarchy.add("alone", parent=""), hierarchy.add("elsewhere", other.name)
    assert hierarchy.chain(alone.name) == ("projects/alone",)
    assert hierarchy.chain(elsewhere.name) == ("projects/elsewhere", "organizations/7")
    assert hierarchy.domains("C7") == ("other.example",)
    assert hierarchy.contains("organizations/7", "elsewhere")
    assert not hierarchy.contains("organizations/7", "alone")


def test_an_adopted_resource_inherits_from_what_it_names(hierarchy: Hierarchy) -> None:
    """As tag keys do from their project."""
    hierarchy.add("p")
    hierarchy.adopt("tagKeys", lambda _: f"projects/{number_of('p')}")
    assert hierarchy.chain("tagKeys/1")[:2] == ("tagKeys/1", "projects/p")


def test_a_kept_circle_of_folders_ends(hierarchy: Hierarchy) -> None:
    """A file that was changed by hand must not hang the emulator."""
    folder = hierarchy.folders()[0]
    hierarchy.put_folder(type(folder)(folder.name, folder.name, "loop", 0))
    assert hierarchy.ancestors(folder.name) == (folder.name,)


def test_a_condition_opens_a_part_of_a_service(
    emulator: RunningEmulator, grpc_clients: Clients, pushed_image: str
) -> None:
    """By path and host, at the front door alone."""
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=pushed_image)])
    url = (
        grpc_clients.services.create_service(
            parent=SERVICE.rpartition("/services/")[0],
            service_id="orders",
            service=run_v2.Service(template=template),
        )
        .result(timeout=30)
        .urls[0]
    )
    account = grpc_clients.iam.create_service_account(
        request=iam_admin_v1.CreateServiceAccountRequest(name=PROJECT, account_id="app-account")
    ).email
    policy = policy_pb2.Policy(version=3)
    host = urlsplit(url).hostname
    expression = f'request.path.startsWith("/open/") && request.host == "{host}"'
    policy.bindings.add(
        role="roles/run.invoker",
        members=[f"serviceAccount:{account}"],
        condition=expr_pb2.Expr(title="part", expression=expression),
    )
    grpc_clients.services.set_iam_policy(request={"resource": SERVICE, "policy": policy})
    token = grpc_clients.credentials.generate_id_token(
        name=f"projects/-/serviceAccounts/{account}", audience=url, include_email=True
    ).token
    headers = {"Authorization": f"Bearer {token}"}
    answers = {
        path: requests.get(f"{url}{path}", headers=headers, timeout=30).status_code
        for path in ("/open/1", "/closed/1", "/open", "/closed?/open/", "//open/")
    }
    assert answers == {
        "/open/1": 200,
        "/closed/1": 403,
        "/open": 403,
        "/closed?/open/": 403,
        "//open/": 403,
    }
    assert emulator.about["project"] == "demo-project"


def test_a_revision_inherits_from_its_service(
    grpc_clients: Clients, clients_of: Callable[[str], Clients], pushed_image: str
) -> None:
    """Whoever may view the service may view its revisions."""
    made = deploy_bound(grpc_clients, pushed_image, "roles/run.viewer", "user:ann@example.com")
    ann = clients_of("user:ann@example.com").revisions
    name = made.latest_ready_revision
    assert ann.get_revision(name=name).name == name


def test_members_of_a_group_count_after_the_delay() -> None:
    """Who joins waits, and so does who leaves."""
    delay = 0.0
    groups = Groups(Store(None), lambda: delay)
    groups.put("group:ops@example.com", ["user:ann@example.com"])
    delay = 3600.0
    groups.put("group:ops@example.com", ["user:bob@example.com"])
    groups.put("group:new@example.com", ["user:bob@example.com"])
    assert groups.members("group:ops@example.com") == ("user:ann@example.com",)
    assert groups.members("group:new@example.com") == ()
    assert "group:new@example.com" in groups
    assert groups.members("group:none@example.com") == ()


def test_a_membership_ends_by_itself() -> None:
    """At its time; what else is told of members goes with them when one is renamed."""
    groups = Groups(Store(None), lambda: 0.0)
    robot = "serviceAccount:robot@example.com"
    over = GroupMember("user:ann@example.com", expires=1.0)
    groups.put("group:ops@example.com", [over, GroupMember(robot, "OWNER")])
    assert groups.members("group:ops@example.com") == (robot,)
    groups.rename(robot.upper(), f"deleted:{robot}")
    (kept,) = groups.said("group:ops@example.com")
    assert (kept.member, kept.role) == (f"deleted:{robot}", "OWNER")


def test_groups_of_an_older_state_are_read(tmp_path: Path) -> None:
    """Kept before anything but members was told of them."""
    store = Store(tmp_path)
    table: Table[list[list[object]]] = store.table("groups")
    table.put("group:ops@example.com", [[0.0, ["user:ann@example.com"]]])
    store.flush()
    store.close()
    groups = Groups(Store(tmp_path), lambda: 0.0)
    assert groups.members("group:ops@example.com") == ("user:ann@example.com",)
    assert groups.said("group:ops@example.com") == (GroupMember("user:ann@example.com"),)
