"""Real gcloud on Resource Manager: what it makes, moves and tags, in v1, v2 and v3 by turns."""

from typing import TYPE_CHECKING

import pytest
from google.cloud import resourcemanager_v3 as rm
from google.cloud import run_v2

from tests.conftest import DEVELOPER, Clients
from tests.e2e.gcloud.run_service import REGION, RunServices

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator
    from tests.e2e.gcloud.conftest import Gcloud

pytestmark = pytest.mark.timeout(600)

ORGANIZATION = "organizations/100000000001"


@pytest.fixture
def administrator(local: "RunningEmulator") -> Clients:
    """The developer as an administrator of the organisation."""
    for role in ("folderAdmin", "projectCreator", "projectMover", "tagAdmin", "tagUser"):
        name = f"roles/resourcemanager.{role}"
        local.admin("POST", "/grants", resource=ORGANIZATION, member=DEVELOPER, role=name)
    return Clients(local, "grpc", DEVELOPER)


def test_a_project_is_made_renamed_deleted_and_restored(
    local_gcloud: "Gcloud", administrator: Clients
) -> None:
    """In v1, which gcloud speaks; v3 shows the same project."""
    line = "projects create made-by-gcloud --folder=200000000001 --labels=env=test"
    made = local_gcloud.json(line, "--name=Made by gcloud")
    assert (made["lifecycleState"], made["parent"]["id"]) == ("ACTIVE", "200000000001")
    found = local_gcloud.json("projects list --filter=labels.env=test")
    assert [one["projectId"] for one in found] == ["made-by-gcloud"]
    local_gcloud("projects update made-by-gcloud", "--name=Another name")
    ancestors = local_gcloud.json("projects get-ancestors made-by-gcloud")
    assert [one["type"] for one in ancestors] == ["project", "folder", "organization"]
    local_gcloud("projects delete made-by-gcloud")
    project = administrator.projects.get_project(name="projects/made-by-gcloud")
    assert (project.display_name, project.state) == (
        "Another name",
        rm.Project.State.DELETE_REQUESTED,
    )
    local_gcloud("projects undelete made-by-gcloud")
    project = administrator.projects.get_project(name="projects/made-by-gcloud")
    assert project.state == rm.Project.State.ACTIVE


def test_folders_and_the_organization(local_gcloud: "Gcloud", administrator: Clients) -> None:
    """In v2; a folder of the same name is refused in Google's words."""
    found = local_gcloud.json("organizations list")
    assert [one["name"] for one in found] == [ORGANIZATION]
    line = "resource-manager folders create --organization=100000000001"
    made = local_gcloud.json(line, "--display-name=Made by gcloud")
    name = made["response"]["name"] if "response" in made else made["name"]
    shown = administrator.make(rm.FoldersClient).get_folder(name=name)
    assert shown.display_name == "Made by gcloud"
    refusal = local_gcloud.refused(line, "--display-name=Made by gcloud")
    assert "violates display name uniqueness within the parent" in refusal


def test_a_service_is_tagged_at_its_region_s_host(
    local_gcloud: "Gcloud", administrator: Clients, run: RunServices
) -> None:
    """Keys and values by their namespaced names; the binding by REGION-cloudresourcemanager."""
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=run.image)])
    parent = f"projects/{run.emulator.project}/locations/{REGION}"
    service = administrator.services.create_service(
        parent=parent, service=run_v2.Service(template=template), service_id="tagged"
    ).result(timeout=30)
    project = run.emulator.project
    tags = "resource-manager tags"
    local_gcloud(f"{tags} keys create env --parent=projects/{project}")
    local_gcloud(f"{tags} values create prod --parent={project}/env")
    where = f"--parent=//run.googleapis.com/{service.name} --location={REGION}"
    value = f"--tag-value={project}/env/prod"
    local_gcloud(f"{tags} bindings create {where} {value}")
    effective = local_gcloud.json(f"{tags} bindings list {where} --effective")
    assert [one["namespacedTagValue"] for one in effective] == [f"{project}/env/prod"]
    refusal = local_gcloud.refused(f"{tags} values delete {project}/env/prod")
    assert f"still attached to resources in '{REGION}' region" in refusal
    local_gcloud(f"{tags} bindings delete {where} {value}")
    local_gcloud(f"{tags} values delete {project}/env/prod")
    local_gcloud(f"{tags} keys delete {project}/env")
