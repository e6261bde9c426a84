"""Resource Manager: tags, who may bind them, and what comes of them."""

from collections.abc import Callable

import pytest
from google.api_core import exceptions
from google.cloud import iam_admin_v1
from google.cloud import resourcemanager_v3 as rm
from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.type import expr_pb2

from tests.conftest import Clients, RunningEmulator
from tests.emulator.resources.conftest import ORGANIZATION, make_folder, make_project

ANN = "user:ann@example.com"
PROJECT = "//cloudresourcemanager.googleapis.com/projects/demo-project"


def make_value(clients: Clients, value: str = "prod", key: str = "env") -> rm.TagValue:
    """A value of a key of the organisation; the key is made when it is not there."""
    keys, values = clients.make(rm.TagKeysClient), clients.make(rm.TagValuesClient)
    known = {one.short_name: one.name for one in keys.list_tag_keys(parent=ORGANIZATION)}
    if key not in known:
        wanted = rm.TagKey(parent=ORGANIZATION, short_name=key)
        known[key] = keys.create_tag_key(tag_key=wanted).result(timeout=30).name
    made: rm.TagValue = values.create_tag_value(
        tag_value=rm.TagValue(parent=known[key], short_name=value)
    ).result(timeout=30)
    return made


def bind(clients: Clients, parent: str, value: rm.TagValue) -> rm.TagBinding:
    """Bind a value to a resource by its full name."""
    bindings = clients.make(rm.TagBindingsClient)
    binding = rm.TagBinding(parent=parent, tag_value=value.name)
    bound: rm.TagBinding = bindings.create_tag_binding(tag_binding=binding).result(timeout=30)
    return bound


def test_short_names_are_unique_beneath_their_parent(administrator: Clients) -> None:
    """The operation ends with Google's words."""
    value = make_value(administrator)
    with pytest.raises(
        exceptions.AlreadyExists,
        match=f"A TagValue with short name 'prod' already exists under parent '{value.parent}'",
    ):
        make_value(administrator)


def test_a_resource_has_one_value_of_a_key(administrator: Clients) -> None:
    """Another value of the key is refused until the first is taken off; the same one as well."""
    prod, test = make_value(administrator), make_value(administrator, "test")
    bound = bind(administrator, PROJECT, prod)
    with pytest.raises(exceptions.FailedPrecondition, match="presented by the same TagKey"):
        bind(administrator, PROJECT, test)
    with pytest.raises(exceptions.AlreadyExists):
        bind(administrator, PROJECT, prod)
    bindings = administrator.make(rm.TagBindingsClient)
    bindings.delete_tag_binding(name=bound.name).result(timeout=30)
    assert bind(administrator, PROJECT, test).tag_value == test.name
    with pytest.raises(exceptions.NotFound):
        bindings.delete_tag_binding(name=bound.name)


def test_what_is_in_use_is_not_deleted(administrator: Clients) -> None:
    """A value that is bound, a key that has values."""
    value = make_value(administrator)
    bind(administrator, PROJECT, value)
    values, keys = administrator.make(rm.TagValuesClient), administrator.make(rm.TagKeysClient)
    with pytest.raises(exceptions.FailedPrecondition, match="still attached to resources"):
        values.delete_tag_value(name=value.name).result(timeout=30)
    with pytest.raises(exceptions.FailedPrecondition, match="TagValues"):
        keys.delete_tag_key(name=value.parent).result(timeout=30)
    assert values.get_tag_value(name=value.name) == value


def test_tags_are_inherited_and_the_nearer_counts(administrator: Clients) -> None:
    """A folder's tag reaches the project, until the project has one of the same key."""
    prod, test = make_value(administrator), make_value(administrator, "test")
    folder = make_folder(administrator, "Team one").name
    make_project(administrator, "another-one", folder)
    project = "//cloudresourcemanager.googleapis.com/projects/another-one"
    bind(administrator, f"//cloudresourcemanager.googleapis.com/{folder}", prod)
    effective = administrator.make(rm.TagBindingsClient).list_effective_tags
    assert [(one.tag_value, one.inherited) for one in effective(parent=project)] == [
        (prod.name, True)
    ]
    bind(administrator, project, test)
    assert [(one.tag_value, one.inherited) for one in effective(parent=project)] == [
        (test.name, False)
    ]


def test_a_condition_asks_for_a_tag(
    administrator: Clients, clients_of: Callable[[str], Clients]
) -> None:
    """Ann reads the project while it is tagged as the condition of her role says."""
    value = make_value(administrator)
    condition = expr_pb2.Expr(
        title="production", expression="resource.matchTag('100000000001/env', 'prod')"
    )
    get = iam_policy_pb2.GetIamPolicyRequest(resource="projects/demo-project")
    get.options.requested_policy_version = 3
    policy = administrator.projects.get_iam_policy(request=get)
    policy.version = 3
    policy.bindings.append(
        policy_pb2.Binding(role="roles/browser", members=[ANN], condition=condition)
    )
    request = iam_policy_pb2.SetIamPolicyRequest(resource="projects/demo-project", policy=policy)
    administrator.projects.set_iam_policy(request=request)
    read = clients_of(ANN).projects.get_project
    with pytest.raises(exceptions.PermissionDenied):
        read(name="projects/demo-project")
    bind(administrator, PROJECT, value)
    assert read(name="projects/demo-project").project_id == "demo-project"


def test_binding_needs_the_right_on_both_ends(
    administrator: Clients, clients_of: Callable[[str], Clients], emulator: RunningEmulator
) -> None:
    """The value alone will not do, nor the resource alone."""
    value, ann = make_value(administrator), clients_of(ANN)
    role = "roles/resourcemanager.tagUser"
    for resource in (value.name, "projects/demo-project"):
        with pytest.raises(exceptions.PermissionDenied):
            bind(ann, PROJECT, value)
        emulator.admin("POST", "/grants", resource=resource, member=ANN, role=role)
    assert bind(ann, PROJECT, value).tag_value == value.name


@pytest.mark.parametrize(
    "parent",
    [
        "cloudresourcemanager.googleapis.com/projects/demo-project",
        "//cloudresourcemanager.googleapis.com/projects/demo-project/things/1",
        "//run.googleapis.com/projects/demo-project/locations/asia-east1/revisions/x",
    ],
)
def test_what_carries_no_tags_is_refused(administrator: Clients, parent: str) -> None:
    """Full names alone, and those of resources that can have tags."""
    value = make_value(administrator)
    with pytest.raises(exceptions.InvalidArgument) as caught:
        bind(administrator, parent, value)
    violations = [one for detail in caught.value.details for one in detail.field_violations]
    assert [one.field for one in violations] == ["binding.resource"]


def test_a_tag_serves_what_is_beneath_its_keys_parent(
    administrator: Clients, emulator: RunningEmulator
) -> None:
    """A project's tag is bound neither to another project nor to the folder above."""
    make_project(administrator, "other-project")
    key = rm.TagKey(parent="projects/demo-project", short_name="own")
    made = administrator.make(rm.TagKeysClient).create_tag_key(tag_key=key).result(timeout=30)
    values = administrator.make(rm.TagValuesClient)
    value = values.create_tag_value(
        tag_value=rm.TagValue(parent=made.name, short_name="yes")
    ).result(timeout=30)
    emulator.admin(
        "POST",
        "/grants",
        resource=ORGANIZATION,
        member="user:developer@example.com",
        role="roles/resourcemanager.tagUser",
    )
    for parent in ("projects/other-project", "folders/200000000001"):
        with pytest.raises(exceptions.FailedPrecondition):
            bind(administrator, f"//cloudresourcemanager.googleapis.com/{parent}", value)
    assert bind(administrator, PROJECT, value).tag_value == value.name


def test_a_namesake_of_a_deleted_account_has_no_tags(administrator: Clients) -> None:
    """An account's tags go with it."""
    value = make_value(administrator)
    request = {"name": "projects/demo-project", "account_id": "orders-run"}
    made: iam_admin_v1.ServiceAccount = administrator.iam.create_service_account(request=request)
    full_name = f"//iam.googleapis.com/{made.name}"
    bind(administrator, full_name, value)
    administrator.iam.delete_service_account(name=made.name)
    with pytest.raises(exceptions.PermissionDenied):
        list(administrator.make(rm.TagBindingsClient).list_tag_bindings(parent=full_name))
    administrator.iam.create_service_account(request=request)
    bindings = administrator.make(rm.TagBindingsClient)
    assert list(bindings.list_tag_bindings(parent=full_name)) == []
