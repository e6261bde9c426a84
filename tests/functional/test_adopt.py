"""Services that others made or changed: `up` converges, and keeps what is not its own."""

from typing import TYPE_CHECKING

import pytest
from google.cloud import run_v2

if TYPE_CHECKING:
    from tests.functional.conftest import Project

pytestmark = pytest.mark.engine

ORDERS = "projects/demo-project/locations/asia-east1/services/orders"


def change(project: "Project", service: run_v2.Service, *fields: str) -> None:
    """Write some fields of the service, as somebody else would."""
    service.name = ORDERS
    services = project.pipeline().google.services
    services.update_service(service=service, update_mask={"paths": list(fields)}).result(timeout=60)


def get(project: "Project") -> run_v2.Service:
    """The service as it is."""
    found: run_v2.Service = project.pipeline().google.services.get_service(name=ORDERS)
    return found


def test_traffic_comes_back_to_the_latest_revision_and_tags_stay(project: "Project") -> None:
    """A split is undone; a tag that somebody set is none of our business."""
    project.up()
    first = get(project).latest_ready_revision.rsplit("/", 1)[-1]
    project.declare(env={"A": "1"})
    project.up()
    kind = run_v2.TrafficTargetAllocationType
    old = run_v2.TrafficTarget(
        type_=kind.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION, revision=first, percent=60, tag="old"
    )
    latest = run_v2.TrafficTarget(type_=kind.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST, percent=40)
    change(project, run_v2.Service(traffic=[old, latest]), "traffic")
    assert project.run("plan", "--detailed-exitcode").code == 3
    done = project.up()
    assert done.code == 0, done.err
    targets = [(target.percent, target.tag) for target in get(project).traffic]
    assert targets == [(100, ""), (0, "old")]
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_a_sidecar_stays_as_it_is(project: "Project") -> None:
    """The container with the ports is ours; another one keeps its image and variables."""
    project.up()
    service = get(project)
    ours = service.template.containers[0]
    sidecar = run_v2.Container(
        name="sidecar",
        image=ours.image,
        command=["python3", "-c", "import time; time.sleep(600)"],
        env=[run_v2.EnvVar(name="THEIRS", value="1")],
    )
    ours.name = "main"
    service.template.containers = [sidecar, ours]
    service.template.revision = ""
    change(project, service, "template")
    assert project.run("plan", "--detailed-exitcode").code == 0
    project.declare(env={"OURS": "2"})
    done = project.up()
    assert done.code == 0, done.err
    found = {
        one.name: {e.name: e.value for e in one.env} for one in get(project).template.containers
    }
    assert found == {"main": {"OURS": "2"}, "sidecar": {"THEIRS": "1"}}


def test_variables_that_the_spec_does_not_name_are_taken_away(project: "Project") -> None:
    """The environment is the spec's own, whole."""
    project.declare(env={"KEPT": "1", "GONE": "2"})
    project.up()
    project.declare(env={"KEPT": "1"})
    plan = project.run("plan", "--json").service["stages"][2]
    assert [(item["path"], item["after"]) for item in plan["changes"]] == [
        ("template.containers[0].env.GONE", None)
    ]
    assert project.up().code == 0
    env = get(project).template.containers[0].env
    assert {item.name: item.value for item in env} == {"KEPT": "1"}


def let_in_by_custom_role(project: "Project", member: str) -> str:
    """Let a member invoke by a custom role; the role's name."""
    google = project.pipeline().google
    role = google.iam.create_role(
        request={
            "parent": "projects/demo-project",
            "role_id": "opener",
            "role": {"included_permissions": ["run.routes.invoke"]},
        }
    )
    policy = google.services.get_iam_policy(request={"resource": ORDERS})
    policy.bindings.add(role=role.name, members=[member])
    google.services.set_iam_policy(request={"resource": ORDERS, "policy": policy})
    return str(role.name)


def test_a_public_member_of_a_deleted_role_goes_too(project: "Project") -> None:
    """Undeleting the role would open the service without any policy write."""
    project.up()
    role = let_in_by_custom_role(project, "allAuthenticatedUsers")
    google = project.pipeline().google
    google.iam.delete_role(request={"name": role})
    assert project.run("verify", "--wait", "1s").code == 1
    assert project.up().code == 4  # not yet in effect: see the check revocations-in-effect
    policy = google.services.get_iam_policy(request={"resource": ORDERS})
    assert [binding.role for binding in policy.bindings] == ["roles/run.invoker"]


def test_a_role_that_cannot_be_read_makes_exclusive_not_proven(project: "Project") -> None:
    """It may let somebody in, or not; nobody is taken out on a guess."""
    project.declare(exclusive=True)
    project.up()
    let_in_by_custom_role(project, "user:eve@example.com")
    fault = {"method": "google.iam.admin.v1.IAM/GetRole", "code": "PERMISSION_DENIED"}
    project.cloud.admin("POST", "/faults", **fault, times=99)
    done = project.up()
    assert done.code == 4, done.err
    assert done.check("nobody-else")["verdict"] == "not proven"
    services = project.pipeline().google.services
    assert len(services.get_iam_policy(request={"resource": ORDERS}).bindings) == 2


def test_everything_else_in_a_policy_is_kept_byte_for_byte(project: "Project") -> None:
    """Conditions, deleted members, other roles and their order survive a write of ours."""
    project.up()
    services = project.pipeline().google.services
    request = {"resource": ORDERS, "options": {"requested_policy_version": 3}}
    policy = services.get_iam_policy(request=request)
    del policy.bindings[:]
    policy.version = 3
    policy.bindings.add(
        role="roles/run.viewer", members=["user:z@example.com", "user:a@example.com"]
    )
    theirs = policy.bindings.add(role="roles/run.invoker", members=["user:night@example.com"])
    theirs.condition.title = "theirs"
    theirs.condition.expression = 'request.time < timestamp("2030-01-01T00:00:00Z")'
    services.set_iam_policy(request={"resource": ORDERS, "policy": policy})
    before = services.get_iam_policy(request=request)
    assert project.run("bind").code == 0
    after = services.get_iam_policy(request=request)
    assert after.version == 3
    kept = [binding.SerializeToString() for binding in before.bindings]
    assert [binding.SerializeToString() for binding in after.bindings][: len(kept)] == kept
    assert list(after.bindings[-1].members) == ["user:developer@example.com"]


def test_a_policy_that_others_write_at_the_same_time_is_edited_again(project: "Project") -> None:
    """The whole cycle of reading, editing and writing is repeated on a conflict."""
    project.up()
    project.declare(invokers=["user:developer@example.com", "user:ann@example.com"])
    fault = {"method": "google.cloud.run.v2.Services/SetIamPolicy", "code": "ABORTED"}
    project.cloud.admin("POST", "/faults", **fault, times=2)
    project.forget_requests()
    assert project.run("bind").code == 0
    writes = [method.rsplit("/", 1)[-1] for method in project.writes()]
    assert writes == ["SetIamPolicy"] * 3
    policy = project.pipeline().google.services.get_iam_policy(request={"resource": ORDERS})
    assert list(policy.bindings[0].members) == [
        "user:developer@example.com",
        "user:ann@example.com",
    ]
