"""Real gcloud on IAM and Resource Manager: accounts, roles and policies."""

from typing import TYPE_CHECKING

import pytest
from google.cloud import iam_admin_v1, resourcemanager_v3
from google.iam.v1 import iam_policy_pb2

from tests.conftest import DEVELOPER
from tests.e2e.gcloud.conftest import Gcloud, as_member

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import RunningEmulator
    from tests.e2e.cloud.target import Target

pytestmark = pytest.mark.timeout(600)

USER_ROLE = "roles/iam.serviceAccountUser"


def test_an_account_is_made_listed_and_given_to_someone(gcloud: Gcloud, target: "Target") -> None:
    """An account that gcloud made is Google's client's too, and so is the binding on it."""
    name, email = target.name("gc-acct"), target.account("gc-acct")
    made = gcloud.json(f"iam service-accounts create {name}", "--display-name=Made by gcloud")
    assert made["email"] == email
    assert made["displayName"] == "Made by gcloud"
    assert made["name"] == f"projects/{target.project}/serviceAccounts/{email}"
    listed = gcloud.json("iam service-accounts list")
    assert email in [one["email"] for one in listed]
    add = f"iam service-accounts add-iam-policy-binding {email} --role={USER_ROLE}"
    policy = gcloud.json(f"{add} --member=serviceAccount:{email}")
    binding = {"role": USER_ROLE, "members": [f"serviceAccount:{email}"]}
    assert policy["bindings"] == [binding]
    seen = target.client(iam_admin_v1.IAMClient).get_iam_policy(
        request=iam_policy_pb2.GetIamPolicyRequest(resource=made["name"])
    )
    assert [(one.role, list(one.members)) for one in seen.bindings] == [
        (USER_ROLE, [f"serviceAccount:{email}"])
    ]


def test_an_account_that_exists_is_refused(gcloud: Gcloud, target: "Target") -> None:
    """A second account of a name is refused in Google's words."""
    name = target.name("gc-same")
    gcloud.told(f"iam service-accounts create {name}")
    refusal = gcloud.refused(f"iam service-accounts create {name}")
    assert f"Service account {name} already exists within project" in refusal


def test_a_predefined_role_is_described(gcloud: Gcloud) -> None:
    """What `roles/run.invoker` permits is told by name."""
    role = gcloud.json("iam roles describe roles/run.invoker")
    assert role["name"] == "roles/run.invoker"
    assert "run.routes.invoke" in role["includedPermissions"]
    assert role["stage"] == "GA"


@pytest.fixture
def role(gcloud: Gcloud, target: "Target") -> "Iterator[str]":
    """A name for a custom role, which is deleted at the end: the clean-up knows of no roles."""
    name = target.name("gc").replace("-", "_")
    yield name
    deleted = gcloud.json(f"iam roles delete {name} --project={target.project}")
    assert deleted["deleted"] is True


def test_a_custom_role_is_made_and_described(gcloud: Gcloud, target: "Target", role: str) -> None:
    """A role of a project's own is what gcloud was told."""
    name, where = role, f"--project={target.project}"
    wanted = "run.services.get,run.services.list"
    made = gcloud.json(
        f"iam roles create {name} {where} --permissions={wanted} --stage=GA", "--title=By gcloud"
    )
    assert made["name"] == f"projects/{target.project}/roles/{name}"
    described = gcloud.json(f"iam roles describe {name} {where}")
    assert described["title"] == "By gcloud"
    assert sorted(described["includedPermissions"]) == wanted.split(",")
    refusal = gcloud.refused(f"iam roles create {name} {where} --stage=GA")
    assert f"A role named {name} in projects/{target.project} already exists." in refusal


def test_a_projects_policy_is_read_and_added_to(gcloud: Gcloud, target: "Target") -> None:
    """A binding that gcloud adds to a project is there beside those that were, for all to see."""
    gcloud.told(f"iam service-accounts create {target.name('gc-view')}")
    member = f"serviceAccount:{target.account('gc-view')}"
    before = gcloud.json(f"projects get-iam-policy {target.project}")
    change = f"projects add-iam-policy-binding {target.project} --condition=None"
    after = gcloud.json(f"{change} --member={member} --role=roles/run.viewer")
    assert after["etag"] != before["etag"]
    # On either cloud, others may add to it at the same time.
    viewers = [one for one in after["bindings"] if one["role"] == "roles/run.viewer"]
    assert any(member in one["members"] for one in viewers)
    assert {one["role"] for one in before["bindings"]} <= {one["role"] for one in after["bindings"]}
    projects = target.client(resourcemanager_v3.ProjectsClient)
    seen = projects.get_iam_policy(resource=f"projects/{target.project}")
    assert any(member in one.members for one in seen.bindings if one.role == "roles/run.viewer")
    told = gcloud.told(
        f"projects remove-iam-policy-binding {target.project} --condition=None"
        f" --member={member} --role=roles/run.viewer"
    )
    assert "Updated IAM policy for project" in told


def test_a_conditional_binding_is_kept(local_gcloud: Gcloud, local: "RunningEmulator") -> None:
    """A condition arrives, and a later edit of something else does not lose it."""
    local.admin("POST", "/reset")
    change = f"projects add-iam-policy-binding {local.project} --member=user:ann@example.com"
    condition = 'expression=request.time < timestamp("2100-01-01T00:00:00Z"),title=until-then'
    local_gcloud.json(f"{change} --role=roles/run.viewer", f"--condition={condition}")
    policy = local_gcloud.json(f"{change} --role=roles/run.developer --condition=None")
    assert policy["version"] == 3
    held = [one for one in policy["bindings"] if one["role"] == "roles/run.viewer"]
    assert [one["condition"]["title"] for one in held] == ["until-then"]


def test_projects_are_described_and_listed(gcloud: Gcloud, target: "Target") -> None:
    """The project is told in the form of Resource Manager v1, which gcloud reads."""
    project = gcloud.json(f"projects describe {target.project}")
    assert project["projectId"] == target.project
    assert project["projectNumber"].isdigit()
    assert project["lifecycleState"] == "ACTIVE"
    listed = gcloud.json(f"projects list --filter=projectId:{target.project}")
    assert [one["projectNumber"] for one in listed] == [project["projectNumber"]]
    number = gcloud.json(f"projects describe {project['projectNumber']}")
    assert number == project


def test_overrides_reach_the_same_policies(
    override_gcloud: Gcloud, local: "RunningEmulator"
) -> None:
    """With ``http://`` endpoints and the HTTP port as proxy, accounts and policies are the same."""
    local.admin("POST", "/reset")
    override_gcloud.told("iam service-accounts create by-override")
    email = f"by-override@{local.project}.iam.gserviceaccount.com"
    listed = override_gcloud.json("iam service-accounts list")
    assert email in [one["email"] for one in listed]
    policy = override_gcloud.json(f"projects get-iam-policy {local.project}")
    owners = [one["members"] for one in policy["bindings"] if one["role"] == "roles/owner"]
    assert owners == [[DEVELOPER]]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("iam service-accounts create stranger", "iam.serviceAccounts.create"),
        ("projects get-iam-policy {project}", "The caller does not have permission"),
        (
            "projects add-iam-policy-binding {project} --member=allUsers --role=roles/viewer",
            "The caller does not have permission",
        ),
        ("iam roles describe secret --project={project}", "iam.roles.get"),
        ("projects describe {project}", "The caller does not have permission"),
    ],
)
def test_a_stranger_is_refused(
    local_gcloud: Gcloud, local: "RunningEmulator", tmp_path: "Path", line: str, words: str
) -> None:
    """Who holds nothing gets Google's refusal of every command, exit code 1."""
    stranger = as_member(local_gcloud, local, "user:stranger@example.com", tmp_path)
    refusal = stranger.refused(line.format(project=local.project))
    assert "PERMISSION_DENIED" in refusal or "does not have permission to access" in refusal
    assert words in refusal
