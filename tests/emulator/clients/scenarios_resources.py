"""Resource Manager v3 with Google's clients: projects, folders, organisations, tags, policies."""

from collections.abc import Callable
from typing import Any

from google.cloud import resourcemanager_v3 as rm
from google.iam.v1 import iam_policy_pb2, policy_pb2

from tests.conftest import DEVELOPER
from tests.emulator.clients.scenario import Scenario, Stage

ORGANIZATION = "organizations/100000000001"
_PACKAGE = "google.cloud.resourcemanager.v3"
_POLICIES = ("GetIamPolicy", "SetIamPolicy", "TestIamPermissions")
_ROLES = (
    "resourcemanager.folderAdmin",
    "resourcemanager.organizationAdmin",
    "resourcemanager.projectCreator",
    "resourcemanager.projectMover",
    "resourcemanager.tagAdmin",
    "resourcemanager.tagUser",
)


def become_administrator(stage: Stage) -> None:
    """Give the developer what administrators of an organisation have."""
    for role in _ROLES:
        stage.emulator.admin(
            "POST", "/grants", resource=ORGANIZATION, member=DEVELOPER, role=f"roles/{role}"
        )


def round_trip(client: Any, resource: str, role: str, permission: str) -> None:  # noqa: ANN401 - any client with policies
    """Read a policy, write it with one binding more, read it again, ask for a permission."""
    get = iam_policy_pb2.GetIamPolicyRequest(resource=resource)
    get.options.requested_policy_version = 3
    policy = client.get_iam_policy(request=get)
    policy.bindings.append(policy_pb2.Binding(role=role, members=["user:ann@example.com"]))
    client.set_iam_policy(
        request=iam_policy_pb2.SetIamPolicyRequest(resource=resource, policy=policy)
    )
    after = client.get_iam_policy(request=get)
    assert (role, ["user:ann@example.com"]) in [(b.role, list(b.members)) for b in after.bindings]
    asked = iam_policy_pb2.TestIamPermissionsRequest(resource=resource, permissions=[permission])
    assert list(client.test_iam_permissions(request=asked).permissions) == [permission]


def _folders(stage: Stage) -> None:
    become_administrator(stage)
    folders = stage.clients.make(rm.FoldersClient)
    made = folders.create_folder(
        folder=rm.Folder(parent=ORGANIZATION, display_name="Team One")
    ).result(timeout=30)
    assert folders.get_folder(name=made.name).display_name == "Team One"
    assert made.name in [one.name for one in folders.list_folders(parent=ORGANIZATION)]
    found = folders.search_folders(query='displayName="Team*" AND state:ACTIVE')
    assert [one.name for one in found] == [made.name]
    named = rm.Folder(name=made.name, display_name="Team Two")
    mask = {"paths": ["display_name"]}
    assert folders.update_folder(folder=named, update_mask=mask).result(timeout=30).display_name
    destination = "folders/200000000001"
    moved = folders.move_folder(name=made.name, destination_parent=destination)
    assert moved.result(timeout=30).parent == destination
    round_trip(
        folders, made.name, "roles/resourcemanager.folderViewer", "resourcemanager.folders.get"
    )
    deleted = folders.delete_folder(name=made.name).result(timeout=30)
    assert deleted.state == rm.Folder.State.DELETE_REQUESTED
    restored = folders.undelete_folder(name=made.name).result(timeout=30)
    assert restored.state == rm.Folder.State.ACTIVE


def _projects(stage: Stage) -> None:
    become_administrator(stage)
    projects = stage.clients.projects
    wanted = rm.Project(parent=ORGANIZATION, project_id="another-one", labels={"env": "test"})
    made = projects.create_project(project=wanted).result(timeout=30)
    assert made.name.removeprefix("projects/").isdigit()
    assert projects.get_project(name="projects/another-one").state == rm.Project.State.ACTIVE
    assert [one.project_id for one in projects.list_projects(parent=ORGANIZATION)] == [
        "another-one"
    ]
    found = projects.search_projects(query="labels.env:test projectId:another*")
    assert [one.project_id for one in found] == ["another-one"]
    renamed = rm.Project(name=made.name, display_name="Another one")
    mask = {"paths": ["display_name"]}
    updated = projects.update_project(project=renamed, update_mask=mask).result(timeout=30)
    assert (updated.display_name, dict(updated.labels)) == ("Another one", {"env": "test"})
    destination = "folders/200000000001"
    moved = projects.move_project(name=made.name, destination_parent=destination)
    assert moved.result(timeout=30).parent == destination
    round_trip(projects, "projects/another-one", "roles/viewer", "resourcemanager.projects.get")
    gone = projects.delete_project(name=made.name).result(timeout=30)
    assert gone.state == rm.Project.State.DELETE_REQUESTED
    back = projects.undelete_project(name=made.name).result(timeout=30)
    assert back.state == rm.Project.State.ACTIVE


def _organizations(stage: Stage) -> None:
    become_administrator(stage)
    organizations = stage.clients.make(rm.OrganizationsClient)
    assert organizations.get_organization(name=ORGANIZATION).display_name == "example.com"
    found = organizations.search_organizations(query="domain:example.com")
    assert [one.name for one in found] == [ORGANIZATION]
    round_trip(
        organizations,
        ORGANIZATION,
        "roles/browser",
        "resourcemanager.organizations.get",
    )


def _tag_keys(stage: Stage) -> None:
    become_administrator(stage)
    keys = stage.clients.make(rm.TagKeysClient)
    made = keys.create_tag_key(tag_key=rm.TagKey(parent=stage.project, short_name="env")).result(
        timeout=30
    )
    assert made.namespaced_name == "demo-project/env"
    assert keys.get_tag_key(name=made.name) == made
    assert keys.get_namespaced_tag_key(name=made.namespaced_name) == made
    assert list(keys.list_tag_keys(parent=stage.project)) == [made]
    described = rm.TagKey(name=made.name, description="where it runs")
    mask = {"paths": ["description"]}
    changed = keys.update_tag_key(tag_key=described, update_mask=mask).result(timeout=30)
    assert (changed.description, changed.short_name) == ("where it runs", "env")
    round_trip(keys, made.name, "roles/resourcemanager.tagViewer", "resourcemanager.tagKeys.get")
    assert keys.delete_tag_key(name=made.name).result(timeout=30).name == made.name
    assert list(keys.list_tag_keys(parent=stage.project)) == []


def _tag_values(stage: Stage) -> None:
    become_administrator(stage)
    keys, values = stage.clients.make(rm.TagKeysClient), stage.clients.make(rm.TagValuesClient)
    key = keys.create_tag_key(tag_key=rm.TagKey(parent=ORGANIZATION, short_name="env"))
    parent = key.result(timeout=30).name
    made = values.create_tag_value(tag_value=rm.TagValue(parent=parent, short_name="prod")).result(
        timeout=30
    )
    assert made.namespaced_name == "100000000001/env/prod"
    assert values.get_tag_value(name=made.name) == made
    assert values.get_namespaced_tag_value(name=made.namespaced_name) == made
    assert list(values.list_tag_values(parent=parent)) == [made]
    described = rm.TagValue(name=made.name, description="for customers")
    mask = {"paths": ["description"]}
    changed = values.update_tag_value(tag_value=described, update_mask=mask).result(timeout=30)
    assert changed.description == "for customers"
    round_trip(
        values, made.name, "roles/resourcemanager.tagViewer", "resourcemanager.tagValues.get"
    )
    assert values.delete_tag_value(name=made.name).result(timeout=30).name == made.name


def _tag_bindings(stage: Stage) -> None:
    become_administrator(stage)
    keys, values = stage.clients.make(rm.TagKeysClient), stage.clients.make(rm.TagValuesClient)
    bindings = stage.clients.make(rm.TagBindingsClient)
    key = keys.create_tag_key(tag_key=rm.TagKey(parent=ORGANIZATION, short_name="env"))
    value = values.create_tag_value(
        tag_value=rm.TagValue(parent=key.result(timeout=30).name, short_name="prod")
    ).result(timeout=30)
    full_name = f"//cloudresourcemanager.googleapis.com/{stage.project}"
    bound = bindings.create_tag_binding(
        tag_binding=rm.TagBinding(parent=full_name, tag_value=value.name)
    ).result(timeout=30)
    assert bound.tag_value_namespaced_name == value.namespaced_name
    listed = list(bindings.list_tag_bindings(parent=full_name))
    assert [(one.name, one.tag_value) for one in listed] == [(bound.name, value.name)]
    effective = list(bindings.list_effective_tags(parent=full_name))
    assert [(one.tag_value, one.inherited) for one in effective] == [(value.name, False)]
    bindings.delete_tag_binding(name=bound.name).result(timeout=30)
    assert list(bindings.list_effective_tags(parent=full_name)) == []


def _scenario(service: str, play: Callable[[Stage], None], *rpcs: str) -> Scenario:
    return Scenario(f"resource-manager-{service}", play, f"{_PACKAGE}.{service}", rpcs)


RESOURCES = (
    _scenario(
        "Projects",
        _projects,
        *(f"{verb}Project" for verb in ("Get", "Create", "Update", "Move", "Delete", "Undelete")),
        "ListProjects",
        "SearchProjects",
        *_POLICIES,
    ),
    _scenario(
        "Folders",
        _folders,
        *(f"{verb}Folder" for verb in ("Get", "Create", "Update", "Move", "Delete", "Undelete")),
        "ListFolders",
        "SearchFolders",
        *_POLICIES,
    ),
    _scenario(
        "Organizations", _organizations, "GetOrganization", "SearchOrganizations", *_POLICIES
    ),
    _scenario(
        "TagKeys",
        _tag_keys,
        *(f"{verb}TagKey" for verb in ("Get", "GetNamespaced", "Create", "Update", "Delete")),
        "ListTagKeys",
        *_POLICIES,
    ),
    _scenario(
        "TagValues",
        _tag_values,
        *(f"{verb}TagValue" for verb in ("Get", "GetNamespaced", "Create", "Update", "Delete")),
        "ListTagValues",
        *_POLICIES,
    ),
    _scenario(
        "TagBindings",
        _tag_bindings,
        "ListTagBindings",
        "CreateTagBinding",
        "DeleteTagBinding",
        "ListEffectiveTags",
    ),
)
"""Scenarios of Resource Manager v3."""
