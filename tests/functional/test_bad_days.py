"""Bad input and bad days: a clear error, the right exit code, nothing left unexplained."""

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from google.cloud import artifactregistry_v1

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator
    from tests.functional.conftest import Project

pytestmark = pytest.mark.engine

ORDERS = "projects/demo-project/locations/asia-east1/services/orders"
DEPLOYER = "user:deployer@example.com"
DEAF = 'CMD ["python3", "-c", "import time; time.sleep(600)"]\n'
SHORT_PROBE = {
    "template": {
        "containers": [
            {"startupProbe": {"tcpSocket": {}, "timeoutSeconds": 1, "periodSeconds": 1}},
        ]
    }
}


def grant(cloud: "RunningEmulator", role: str, member: str = DEPLOYER) -> None:
    """Give a role on the project, as its owner would."""
    cloud.admin("POST", "/grants", resource="projects/demo-project", role=role, member=member)


def test_no_engine(project: "Project") -> None:
    """Said with what was tried and what to install."""
    (project.path / "Dockerfile").write_text("FROM scratch\nCOPY app.py /\n")
    done = project.run("up", "--yes", DOCKER_HOST="unix:///nowhere/docker.sock")
    assert done.code == 1
    assert "unix:///nowhere/docker.sock" in done.err
    assert "Docker engine" in done.err


def test_a_failing_step_is_shown_with_its_output(project: "Project") -> None:
    """The step and what it printed, as `docker build` shows them."""
    with (project.path / "Dockerfile").open("a") as dockerfile:
        dockerfile.write('RUN ["python3", "-c", "raise SystemExit(\'no such luck\')"]\n')
    done = project.run("build")
    assert done.code == 1
    assert "no such luck" in done.err
    assert "RUN" in done.err


def test_a_repository_of_another_format(project: "Project") -> None:
    """Named, with what it is for."""
    repositories = project.pipeline().google.repositories
    repositories.create_repository(
        parent="projects/demo-project/locations/asia-east1",
        repository_id="services",
        repository=artifactregistry_v1.Repository(format_="MAVEN"),
    ).result(timeout=30)
    done = project.run("plan")
    assert done.code == 1
    assert "maven" in done.err
    assert "image.repository" in done.err


def test_a_name_that_is_too_long(project: "Project") -> None:
    """All that is wrong comes at once, with file, line and what is allowed."""
    project.declare(service="o" * 50, ingress="private", region="asia")
    done = project.run("plan")
    assert done.code == 2
    assert "provision.yaml:2" in done.err
    assert "provision.yaml:3" in done.err
    assert "internal-and-cloud-load-balancing" in done.err


def test_a_project_that_does_not_exist(project: "Project") -> None:
    """Google answers as if it were forbidden; the hint says both."""
    project.declare(project="no-such-project")
    done = project.run("plan")
    assert done.code == 1
    assert "no-such-project" in done.err
    assert "exist" in done.err


@pytest.mark.parametrize(
    ("roles", "permission", "least"),
    [
        (
            ["roles/artifactregistry.reader", "roles/viewer"],
            "artifactregistry.repositories.create",
            "roles/artifactregistry.admin",
        ),
        (
            ["roles/artifactregistry.admin", "roles/viewer"],
            "iam.serviceAccounts.create",
            "roles/iam.serviceAccountCreator",
        ),
        (
            ["roles/artifactregistry.admin", "roles/iam.serviceAccountAdmin", "roles/viewer"],
            "run.services.create",
            "roles/run.developer",
        ),
    ],
)
def test_a_missing_permission(
    project: "Project",
    cloud: "RunningEmulator",
    roles: list[str],
    permission: str,
    least: str,
) -> None:
    """Which one, on what, for whom, and the least role that has it."""
    for role in roles:
        grant(cloud, role)
    done = project.run("up", "--yes", **project.act_as(DEPLOYER))
    assert done.code == 1
    assert f"{DEPLOYER} needs {permission}" in done.err
    assert least in done.err


def test_a_deployer_who_may_not_act_as_the_account(
    project: "Project", cloud: "RunningEmulator"
) -> None:
    """Google spells that permission in lower case; the role is named all the same."""
    for role in (
        "roles/artifactregistry.admin",
        "roles/iam.serviceAccountCreator",
        "roles/run.admin",
        "roles/viewer",
    ):
        grant(cloud, role)
    done = project.run("up", "--yes", **project.act_as(DEPLOYER))
    assert done.code == 1
    assert "roles/iam.serviceAccountUser" in done.err


def test_a_policy_that_is_full(project: "Project", cloud: "RunningEmulator") -> None:
    """1,500 principals are the most; the way out is a group."""
    project.up()
    services = project.pipeline().google.services
    policy = services.get_iam_policy(request={"resource": ORDERS})
    members = [f"user:u{number}@example.com" for number in range(1499)]
    policy.bindings.add(role="roles/run.viewer", members=members)
    services.set_iam_policy(request={"resource": ORDERS, "policy": policy})
    project.declare(invokers=["user:developer@example.com", "user:one.more@example.com"])
    done = project.run("bind")
    assert done.code == 1
    assert "1,501 principals" in done.err
    assert "group" in done.err
    del cloud


def test_an_organisation_policy_that_refuses_a_member(
    project: "Project", cloud: "RunningEmulator"
) -> None:
    """The member is named, and nobody is told to loosen the policy."""
    cloud.admin(
        "POST",
        "/orgpolicy",
        constraint="iam.allowedPolicyMemberDomains",
        allowed=["example.com", "demo-project.iam.gserviceaccount.com"],
    )
    project.declare(invokers=["user:developer@example.com", "user:eve@elsewhere.example.net"])
    done = project.run("up", "--yes", "--wait", "1s")
    assert done.code == 1
    assert "iam.allowedPolicyMemberDomains" in done.err
    assert "eve@elsewhere.example.net" in done.err
    assert not any(word in done.err for word in ("disable", "loosen", "remove the"))


def test_a_revision_that_fails_is_a_starting_point(project: "Project") -> None:
    """Its reason and its log are printed, and the next run mends it."""
    whole = (project.path / "Dockerfile").read_text()
    (project.path / "Dockerfile").write_text(whole + DEAF)
    project.declare(run=SHORT_PROBE)
    failed = project.run("up", "--yes", "--wait", "1s")
    assert failed.code == 1
    assert "failed to start and listen on the port" in failed.err
    assert "Its log:" in failed.err
    (project.path / "Dockerfile").write_text(whole)
    mended = project.up()
    assert mended.code == 0, mended.err
    assert {check["verdict"] for check in mended.service["checks"]} == {"passed"}


def test_a_failed_revision_is_tried_again_unchanged(project: "Project") -> None:
    """The cause may lie elsewhere: the same spec again makes a new attempt, not a shrug."""
    (project.path / "Dockerfile").write_text((project.path / "Dockerfile").read_text() + DEAF)
    project.declare(run=SHORT_PROBE)
    assert project.run("up", "--yes", "--wait", "1s").code == 1
    plan = project.run("plan", "--json")
    # The ingress is not told while no revision serves (run v2, Service.ingress).
    changed = {change["path"] for change in plan.service["stages"][2]["changes"]}
    assert changed == {"ready", "ingress"}
    assert project.run("up", "--yes", "--wait", "1s").code == 1
    live = project.pipeline().google.services.get_service(name=ORDERS)
    assert "-00002-" in live.latest_created_revision


def test_a_refused_push(project: "Project", cloud: "RunningEmulator") -> None:
    """docker-py never raises for it; the permission and the least role are named."""
    project.up()
    with (project.path / "app.py").open("a") as app:
        app.write("# another image\n")
    for role in ("roles/artifactregistry.reader", "roles/viewer", "roles/run.admin"):
        grant(cloud, role)
    done = project.run("up", "--yes", **project.act_as(DEPLOYER))
    assert done.code == 1
    assert "artifactregistry.repositories.uploadArtifacts" in done.err
    assert "roles/artifactregistry.writer" in done.err


@pytest.mark.parametrize("moment", ["Step", "deploy:", "bind:"])
def test_ctrl_c_at_any_moment_and_up_again(project: "Project", moment: str) -> None:
    """130 with what was done by then; the same command goes on from there."""
    process = subprocess.Popen(
        [sys.executable, "-m", "provision", "up", "--yes", "--json", "--wait", "3s"],
        cwd=project.path,
        env=project.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(moment):
            break
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    if process.returncode != 0:  # the moment may have been the last one
        assert process.returncode == 130, err
        assert "Interrupted" in err
        assert '"InterruptedByUserError"' in out
        assert "Traceback" not in err
    again = project.up()
    assert again.code == 0, again.err
