"""Principal access boundaries: kept as IAM v3 keeps them, and what they refuse to be."""

import pytest
from google.api_core import exceptions
from google.cloud import iam_v3

from tests.conftest import Clients, RunningEmulator
from tests.emulator.iam.boundary_world import (
    FOLDER,
    ORGANIZATION,
    PLACE,
    PROJECT,
    RESOURCES,
    Bounding,
    allow_boundaries,
    boundary,
)

CONFLICTS = (exceptions.Aborted, exceptions.Conflict)
ALLOW = iam_v3.PrincipalAccessBoundaryPolicyRule.Effect.ALLOW


@pytest.fixture
def bounding(clients: Clients, emulator: RunningEmulator) -> Bounding:
    """Over both transports, by somebody who may."""
    allow_boundaries(emulator)
    return Bounding(clients)


@pytest.fixture
def grpc_bounding(grpc_clients: Clients, emulator: RunningEmulator) -> Bounding:
    """Where the transport does not matter."""
    allow_boundaries(emulator)
    return Bounding(grpc_clients)


def test_a_policy_is_made_read_listed_changed_and_deleted(bounding: Bounding) -> None:
    """Its version is the newest unless said; each change is an operation with its own metadata."""
    policies = bounding.policies
    running = policies.create_principal_access_boundary_policy(
        request={
            "parent": PLACE,
            "principal_access_boundary_policy": boundary("projects/demo-project"),
            "principal_access_boundary_policy_id": "narrow",
        }
    )
    assert running.operation.done is False
    made = running.result(timeout=30)
    assert running.metadata.verb == "create"
    assert made.name == f"{PLACE}/principalAccessBoundaryPolicies/narrow"
    assert running.operation.name.startswith(f"{PLACE}/operations/")
    assert made.details.enforcement_version == "4"
    assert made.uid
    assert policies.get_principal_access_boundary_policy(name=made.name) == made
    assert list(policies.list_principal_access_boundary_policies(parent=PLACE)) == [made]
    changed = policies.update_principal_access_boundary_policy(
        request={
            "principal_access_boundary_policy": {
                "name": made.name,
                "display_name": "other",
                "etag": made.etag,
            },
            "update_mask": "displayName",
        }
    ).result(timeout=30)
    assert changed.display_name == "other"
    assert changed.details == made.details
    assert changed.etag != made.etag
    with pytest.raises(CONFLICTS):
        policies.delete_principal_access_boundary_policy(
            request={"name": made.name, "etag": made.etag}
        )
    policies.delete_principal_access_boundary_policy(name=made.name).result(timeout=30)
    with pytest.raises(exceptions.NotFound):
        policies.get_principal_access_boundary_policy(name=made.name)


def test_a_binding_is_made_read_found_changed_and_deleted(bounding: Bounding) -> None:
    """It tells the kind and the unique id of its policy, and is found from both of its ends."""
    policy = bounding.policy("narrow", "projects/demo-project")
    made = bounding.bind("narrow", PROJECT, condition="principal.subject != 'ann@example.com'")
    assert made.policy_kind == iam_v3.PolicyBinding.PolicyKind.PRINCIPAL_ACCESS_BOUNDARY
    assert (made.policy, made.policy_uid) == (policy.name, policy.uid)
    bindings, parent = bounding.bindings, f"{PROJECT}/locations/global"
    assert bindings.get_policy_binding(name=f"{parent}/policyBindings/bind") == made
    assert list(bindings.list_policy_bindings(parent=parent)) == [made]
    target = f"{RESOURCES}/{PROJECT}"
    found = bindings.search_target_policy_bindings(request={"parent": parent, "target": target})
    assert list(found) == [made]
    found_too = bounding.policies.search_principal_access_boundary_policy_bindings(name=policy.name)
    assert list(found_too) == [made]
    changed = bindings.update_policy_binding(
        request={
            "policy_binding": {"name": made.name, "display_name": "x", "etag": made.etag},
            "update_mask": "displayName",
        }
    ).result(timeout=30)
    assert (changed.display_name, changed.condition) == ("x", made.condition)
    bindings.delete_policy_binding(name=made.name).result(timeout=30)
    assert list(bindings.list_policy_bindings(parent=parent)) == []


def test_a_bound_policy_is_deleted_only_by_force(grpc_bounding: Bounding) -> None:
    """And its bindings with it."""
    policy = grpc_bounding.policy("narrow", "projects/demo-project")
    grpc_bounding.bind("narrow", ORGANIZATION)
    delete = grpc_bounding.policies.delete_principal_access_boundary_policy
    with pytest.raises(exceptions.FailedPrecondition, match="referenced by policy bindings"):
        delete(name=policy.name)
    delete(request={"name": policy.name, "force": True}).result(timeout=30)
    assert list(grpc_bounding.bindings.list_policy_bindings(parent=PLACE)) == []


def test_lists_come_in_pages_and_can_be_filtered(grpc_bounding: Bounding) -> None:
    """By the policy or the target of a binding; fifty to a page unless asked for fewer."""
    for number in range(3):
        grpc_bounding.policy(f"narrow-{number}", "projects/demo-project")
        grpc_bounding.bind(f"narrow-{number}", ORGANIZATION, binding_id=f"bind-{number}")
    request = {"parent": PLACE, "page_size": 2}
    pages = list(grpc_bounding.bindings.list_policy_bindings(request=request).pages)
    assert [len(one.policy_bindings) for one in pages] == [2, 1]
    wanted = f"{PLACE}/principalAccessBoundaryPolicies/narrow-1"
    for text in (f"policy:{wanted}", f'policy:"{wanted}"', f"policy:{wanted[:-1]}1*"):
        found = grpc_bounding.bindings.list_policy_bindings(
            request={"parent": PLACE, "filter": text}
        )
        assert [one.policy for one in found] == [wanted]


def test_validation_alone_keeps_nothing(grpc_bounding: Bounding) -> None:
    """The operation is done at once and nothing is there afterwards."""
    running = grpc_bounding.policies.create_principal_access_boundary_policy(
        request={
            "parent": PLACE,
            "principal_access_boundary_policy": boundary("projects/demo-project"),
            "principal_access_boundary_policy_id": "narrow",
            "validate_only": True,
        }
    )
    assert running.operation.done is True
    assert list(grpc_bounding.policies.list_principal_access_boundary_policies(parent=PLACE)) == []


BAD_DETAILS = {
    "no rules": {"rules": []},
    "no resources": {"rules": [{"effect": ALLOW}]},
    "no effect": {"rules": [{"resources": [f"{RESOURCES}/{PROJECT}"]}]},
    "a service": {
        "rules": [{"effect": ALLOW, "resources": ["//run.googleapis.com/projects/demo-project"]}]
    },
    "a relative name": {"rules": [{"effect": ALLOW, "resources": [PROJECT]}]},
    "501 resources": {
        "rules": [
            {"effect": ALLOW, "resources": [f"{RESOURCES}/folders/{at}" for at in range(251)]},
            {"effect": ALLOW, "resources": [f"{RESOURCES}/folders/{at}" for at in range(250)]},
        ]
    },
    "501 rules": {"rules": [{"effect": ALLOW, "resources": [f"{RESOURCES}/{FOLDER}"]}] * 501},
    "a version to come": {
        "rules": [{"effect": ALLOW, "resources": [f"{RESOURCES}/{FOLDER}"]}],
        "enforcement_version": "5",
    },
    "a long description": {
        "rules": [
            {"effect": ALLOW, "resources": [f"{RESOURCES}/{FOLDER}"], "description": "x" * 257}
        ]
    },
}


@pytest.mark.parametrize("details", BAD_DETAILS.values(), ids=BAD_DETAILS)
def test_what_cannot_be_a_policy_is_refused(
    grpc_bounding: Bounding, details: dict[str, object]
) -> None:
    """The forms and limits that Google documents."""
    with pytest.raises(exceptions.InvalidArgument):
        grpc_bounding.policies.create_principal_access_boundary_policy(
            request={
                "parent": PLACE,
                "principal_access_boundary_policy": {"details": details},
                "principal_access_boundary_policy_id": "narrow",
            }
        )


@pytest.mark.parametrize(
    ("parent", "policy_id"),
    [
        (f"{PROJECT}/locations/global", "narrow"),
        (f"{ORGANIZATION}/locations/us-central1", "narrow"),
        (PLACE, "Narrow"),
        (PLACE, "no"),
        (PLACE, ""),
    ],
)
def test_a_policy_elsewhere_or_of_a_bad_id_is_refused(
    grpc_bounding: Bounding, parent: str, policy_id: str
) -> None:
    """Organisations alone have them, in the location global; ids have 3 to 63 characters."""
    with pytest.raises(exceptions.InvalidArgument):
        grpc_bounding.policies.create_principal_access_boundary_policy(
            request={
                "parent": parent,
                "principal_access_boundary_policy": boundary("projects/demo-project"),
                "principal_access_boundary_policy_id": policy_id,
            }
        )


BAD_CONDITIONS = {
    "another attribute": "resource.name == 'x'",
    "a type that is none": "principal.type == 'iam.googleapis.com/User'",
    "starts of a type": "principal.type.startsWith('iam')",
    "no comparison": "true",
    "two attributes": "principal.type == principal.subject",
    "part of a subject": "principal.subject.contains('ann')",
    "eleven parts": " || ".join(f"principal.subject == '{one}@x.com'" for one in range(11)),
    "251 characters": f"principal.subject == '{'x' * 228}'",
    "no language": "principal.subject ==",
}


@pytest.mark.parametrize("condition", BAD_CONDITIONS.values(), ids=BAD_CONDITIONS)
def test_a_condition_knows_type_and_subject_alone(grpc_bounding: Bounding, condition: str) -> None:
    """With the operators of each, at most ten of them, in 250 characters."""
    grpc_bounding.policy("narrow", "projects/demo-project")
    with pytest.raises(exceptions.InvalidArgument):
        grpc_bounding.bind("narrow", ORGANIZATION, condition=condition)


def test_good_conditions_are_kept(grpc_bounding: Bounding) -> None:
    """Every operator that is documented."""
    grpc_bounding.policy("narrow", "projects/demo-project")
    for number, condition in enumerate(
        (
            "principal.type == 'iam.googleapis.com/ServiceAccount'",
            "principal.type in ['iam.googleapis.com/WorkspaceIdentity']",
            "!(principal.subject in ['ann@example.com', 'bob@example.com'])",
            "principal.subject.startsWith('a') && principal.subject.endsWith('.com')",
        )
    ):
        made = grpc_bounding.bind(
            "narrow", ORGANIZATION, condition=condition, binding_id=f"bind-{number}"
        )
        assert made.condition.expression == condition


def test_a_binding_stands_with_its_target(grpc_bounding: Bounding) -> None:
    """The parent is the nearest project, folder or organisation of the principal set."""
    policy = grpc_bounding.policy("narrow", "projects/demo-project")
    for parent, target in (
        (ORGANIZATION, f"{RESOURCES}/{PROJECT}"),
        (PROJECT, f"{RESOURCES}/{ORGANIZATION}"),
        (FOLDER, "//iam.googleapis.com/locations/global/workspace/C01emulator"),
        (ORGANIZATION, "//iam.googleapis.com/something"),
    ):
        with pytest.raises(exceptions.InvalidArgument, match="is not valid for a binding"):
            grpc_bounding.bindings.create_policy_binding(
                request={
                    "parent": f"{parent}/locations/global",
                    "policy_binding_id": "bind",
                    "policy_binding": {
                        "target": {"principal_set": target},
                        "policy": policy.name,
                    },
                }
            )


def test_target_and_policy_of_a_binding_stay(grpc_bounding: Bounding) -> None:
    """They are immutable."""
    grpc_bounding.policy("narrow", "projects/demo-project")
    other = grpc_bounding.policy("wide", ORGANIZATION)
    made = grpc_bounding.bind("narrow", PROJECT)
    for changed in (
        {"name": made.name, "policy": other.name},
        {"name": made.name, "target": {"principal_set": f"{RESOURCES}/{FOLDER}"}},
    ):
        with pytest.raises(exceptions.InvalidArgument, match="cannot be changed"):
            grpc_bounding.bindings.update_policy_binding(request={"policy_binding": changed})


def test_a_principal_set_has_ten_policies_at_most(grpc_bounding: Bounding) -> None:
    """The eleventh is refused, and so is the same one twice."""
    for number in range(10):
        grpc_bounding.policy(f"narrow-{number}", "projects/demo-project")
        grpc_bounding.bind(f"narrow-{number}", FOLDER, binding_id=f"bind-{number}")
    with pytest.raises(exceptions.AlreadyExists):
        grpc_bounding.bind("narrow-0", FOLDER, binding_id="again")
    grpc_bounding.policy("narrow-10", "projects/demo-project")
    with pytest.raises(exceptions.ResourceExhausted):
        grpc_bounding.bind("narrow-10", FOLDER, binding_id="bind-10")


def test_an_owner_may_neither_write_nor_bind(
    grpc_clients: Clients, emulator: RunningEmulator
) -> None:
    """Binding needs a permission on the policy and another one on the target."""
    mine = Bounding(grpc_clients)
    with pytest.raises(exceptions.PermissionDenied, match=r"policies\.create"):
        mine.policy("narrow", "projects/demo-project")
    allow_boundaries(emulator, "user:admin@example.com")
    Bounding(Clients(emulator, "grpc", "user:admin@example.com")).policy("narrow", PROJECT)
    with pytest.raises(exceptions.PermissionDenied, match=r"policies\.bind"):
        mine.bind("narrow", PROJECT)
    emulator.admin(
        "POST",
        "/grants",
        resource=ORGANIZATION,
        member="user:developer@example.com",
        role="roles/iam.principalAccessBoundaryUser",
    )
    mine.bind("narrow", PROJECT)
    with pytest.raises(exceptions.PermissionDenied, match=r"folders\.createPolicyBinding"):
        mine.bind("narrow", FOLDER)


def test_access_policies_are_not_bound(grpc_bounding: Bounding) -> None:
    """They are another kind of policy, and said to be missing."""
    with pytest.raises(exceptions.MethodNotImplemented, match="Access policies"):
        grpc_bounding.bind("narrow", PROJECT, policy_kind="ACCESS")
