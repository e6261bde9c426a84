"""`provision up`, `plan` and `verify`, as a user runs them."""

from typing import TYPE_CHECKING

import pytest
import requests
from google.cloud import run_v2

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator
    from tests.functional.conftest import Project

pytestmark = pytest.mark.engine

ORDERS = "projects/demo-project/locations/asia-east1/services/orders"
CHECKOUT = "checkout@demo-project.iam.gserviceaccount.com"


def make_account(project: "Project", name: str = "checkout") -> None:
    """A service account of the project, as a teammate would make it."""
    project.pipeline().google.iam.create_service_account(
        request={"name": "projects/demo-project", "account_id": name}
    )


def test_up_takes_a_dockerfile_to_a_proven_private_service(project: "Project") -> None:
    """Everything in one command; the result says what was done and why it is believed."""
    done = project.up()
    assert done.code == 0, done.err
    service = done.service
    assert [stage["applied"] for stage in service["stages"]] == [True] * 4
    assert [stage["stage"] for stage in service["stages"]] == ["build", "push", "deploy", "bind"]
    assert service["digest"].startswith("sha256:")
    assert service["identity"] == "user:developer@example.com"
    assert {check["verdict"] for check in service["checks"]} == {"passed"}
    assert all(check["evidence"] for check in service["checks"])
    assert requests.get(service["url"], timeout=10).status_code == 403
    assert done.check("invoker-admitted")["evidence"][0]["answered"] == "HTTP 200"


def test_the_second_up_in_a_row_sends_no_write(project: "Project") -> None:
    """Neither to Google's services nor to the registry; no new revision."""
    project.up()
    project.forget_requests()
    again = project.up()
    assert again.code == 0
    assert project.writes() == []
    assert [stage["action"] for stage in again.service["stages"]] == ["nothing"] * 4
    assert all(stage["reason"] for stage in again.service["stages"])


def test_a_fresh_machine_makes_no_new_digest(project: "Project") -> None:
    """The same inputs are found by their hash, without any engine."""
    first = project.up().service
    project.forget_requests()
    again = project.run("plan", "--json", "--detailed-exitcode", DOCKER_HOST="unix:///nowhere.sock")
    assert again.code in {0, 1}, again.err  # 1: the base is known to this machine's engine only
    project.declare(image={"reference": first["image"]})
    again = project.run("plan", "--detailed-exitcode", DOCKER_HOST="unix:///nowhere.sock")
    assert again.code == 0, again.err


def test_plan_says_with_its_exit_code_that_something_would_change(project: "Project") -> None:
    """3 when something would, 0 when nothing would, 0 always without the option."""
    assert project.run("plan", "--detailed-exitcode").code == 3
    assert project.run("plan").code == 0
    project.up()
    assert project.run("plan", "--detailed-exitcode").code == 0
    project.declare(ingress="internal")
    changed = project.run("plan", "--detailed-exitcode", "--json")
    assert changed.code == 3
    deploy = changed.service["stages"][2]
    assert deploy["changes"] == [
        {
            "path": "ingress",
            "before": "INGRESS_TRAFFIC_ALL",
            "after": "INGRESS_TRAFFIC_INTERNAL_ONLY",
        }
    ]


def test_only_fields_that_differ_are_written(project: "Project", cloud: "RunningEmulator") -> None:
    """What others set stays, and a change outside the template makes no revision."""
    project.up()
    services = project.pipeline().google.services
    service = run_v2.Service(name=ORDERS, description="theirs")
    services.update_service(service=service, update_mask={"paths": ["description"]}).result()
    before = services.get_service(name=ORDERS)
    project.declare(ingress="internal", labels={"team": "checkout"})
    assert project.up().code == 0
    after = services.get_service(name=ORDERS)
    assert after.description == "theirs"
    assert after.labels == {"managed-by": "provision", "team": "checkout"}
    assert after.latest_created_revision == before.latest_created_revision
    del cloud


def test_internal_ingress_is_proven_shut_and_admission_is_not_passed_off(
    project: "Project",
) -> None:
    """From outside, 404 counts as a refusal; admission cannot be looked at, and strict says so."""
    project.declare(ingress="internal")
    done = project.up()
    assert done.code == 0, done.err
    assert done.check("anonymous-refused")["verdict"] == "passed"
    assert done.check("anonymous-refused")["evidence"][0]["answered"] == "HTTP 404"
    assert done.check("invoker-admitted")["verdict"] == "not proven"
    assert project.run("verify", "--strict", "--json", "--wait", "1s").code == 4


@pytest.mark.parametrize("change", [{"ingress": "none"}, {"default_url": False}])
def test_an_address_that_is_off_is_proven_shut(
    project: "Project", change: dict[str, object]
) -> None:
    """No ingress at all, or no default address: nobody gets in."""
    project.declare(**change)
    done = project.up()
    assert done.code == 0, done.err
    assert done.check("anonymous-refused")["verdict"] == "passed"


def test_iap_in_front_is_proven_by_its_redirect(project: "Project") -> None:
    """Identity-Aware Proxy asks for a login before anything else."""
    project.declare(iap=True, run={"launchStage": "BETA"})
    done = project.up()
    assert done.code == 0, done.err
    assert done.check("anonymous-refused")["summary"].startswith("nobody gets in: Identity-Aware")
    assert done.check("invoker-admitted")["verdict"] == "not proven"


def test_admission_is_proven_as_the_account_named_for_it(project: "Project") -> None:
    """By impersonating it; nothing is granted for that."""
    make_account(project)
    project.declare(invokers=[f"serviceAccount:{CHECKOUT}"], probe_as=CHECKOUT)
    done = project.up()
    assert done.code == 0, done.err
    assert done.check("invoker-admitted")["verdict"] == "passed"
    assert CHECKOUT in done.check("invoker-admitted")["evidence"][0]["asked"]


def test_admission_that_cannot_be_tried_is_not_proven(project: "Project") -> None:
    """Nobody of the invokers can be spoken as: exit 0, and 4 when strict."""
    make_account(project)
    project.declare(invokers=[f"serviceAccount:{CHECKOUT}"])
    done = project.up()
    assert done.code == 0, done.err
    assert done.check("invoker-admitted")["verdict"] == "not proven"
    assert project.run("verify", "--strict", "--wait", "1s").code == 4


def test_waiting_for_iam_is_shown_and_ends(project: "Project", cloud: "RunningEmulator") -> None:
    """A grant that takes effect in time is proven; one that does not is 4 with its own message."""
    # The developer owns the project and is let in at once; an account is let in by its grant only.
    make_account(project)
    project.declare(invokers=[f"serviceAccount:{CHECKOUT}"], probe_as=CHECKOUT)
    cloud.admin("POST", "/settings", iamDelay=10)
    done = project.run("up", "--yes", "--json", "--wait", "60s")
    assert done.code == 0, done.err
    assert "waiting for IAM to take effect" in done.err
    cloud.admin("POST", "/reset")
    make_account(project)
    cloud.admin("POST", "/settings", iamDelay=3600)
    late = project.up()
    assert late.code == 4, late.err
    assert "Not yet in effect after 3 s" in late.check("invoker-admitted")["hint"]


def set_policy(project: "Project", *bindings: tuple[str, list[str]]) -> None:
    """Overwrite the service's policy, as somebody else might."""
    services = project.pipeline().google.services
    policy = services.get_iam_policy(
        request={"resource": ORDERS, "options": {"requested_policy_version": 3}}
    )
    del policy.bindings[:]
    for role, members in bindings:
        policy.bindings.add(role=role, members=members)
    services.set_iam_policy(request={"resource": ORDERS, "policy": policy})


PUBLIC_IN_FOUR_WAYS = (
    ("roles/run.invoker", ["allAuthenticatedUsers", "allUsers", "user:Developer@Example.com"]),
    ("roles/run.servicesInvoker", ["allUsers"]),
    ("roles/run.admin", ["allUsers", "user:admin@example.com"]),
    ("roles/run.viewer", ["allUsers"]),
)


def test_up_closes_a_service_that_is_public_in_four_ways(project: "Project") -> None:
    """Every role with the permission, both public members, and the invoker check."""
    project.up()
    set_policy(project, *PUBLIC_IN_FOUR_WAYS)
    services = project.pipeline().google.services
    open_ = run_v2.Service(name=ORDERS, invoker_iam_disabled=True)
    services.update_service(service=open_, update_mask={"paths": ["invoker_iam_disabled"]}).result()
    found = project.run("verify", "--json", "--wait", "1s")
    assert found.code == 1, found.err
    assert found.check("no-public-member")["verdict"] == "failed"
    assert found.check("invoker-check-on")["verdict"] == "failed"
    assert found.check("anonymous-refused")["verdict"] == "failed"
    closed = project.up()
    # Whoever has any Google account got in until now, and nobody can be asked as them.
    assert closed.code == 4, closed.out
    assert closed.check("revocations-in-effect")["verdict"] == "not proven"
    assert closed.check("anonymous-refused")["verdict"] == "passed"
    assert project.run("verify", "--wait", "3s").code == 0
    policy = services.get_iam_policy(request={"resource": ORDERS})
    assert {binding.role: list(binding.members) for binding in policy.bindings} == {
        "roles/run.invoker": ["user:Developer@Example.com"],
        "roles/run.admin": ["user:admin@example.com"],
        "roles/run.viewer": ["allUsers"],
    }


def test_a_public_folder_makes_the_claim_false(
    project: "Project", cloud: "RunningEmulator"
) -> None:
    """What stands above the project opens every service below, and is looked at too."""
    project.up()
    folder = "folders/200000000001"
    cloud.admin("POST", "/grants", resource=folder, role="roles/run.invoker", member="allUsers")
    found = project.run("verify", "--json", "--wait", "1s")
    assert found.code == 1
    assert f"public by {folder}" in found.check("no-public-member-above")["summary"]
    assert found.check("anonymous-refused")["verdict"] == "failed"


def test_what_cannot_be_read_above_the_project_is_not_proven(project: "Project") -> None:
    """A caller who may not read the organisation's policy cannot prove privacy: 4, always."""
    project.up()
    member = "user:deployer@example.com"
    grant = {"resource": "projects/demo-project", "role": "roles/owner", "member": member}
    project.cloud.admin("POST", "/grants", **grant)
    done = project.run("verify", "--json", "--wait", "1s", **project.act_as(member))
    assert done.code == 4, done.err
    above = done.check("no-public-member-above")
    assert above["verdict"] == "not proven"
    assert "user:deployer@example.com needs" in above["hint"]


def test_members_that_the_spec_does_not_name_are_shown_and_pruned_only_when_asked(
    project: "Project",
) -> None:
    """A warning by default; out with --prune or `exclusive`."""
    project.up()
    both = ["user:developer@example.com", "user:other@example.com"]
    set_policy(project, ("roles/run.invoker", both))
    shown = project.run("plan")
    assert "user:other@example.com as roles/run.invoker" in shown.out
    assert project.run("plan", "--detailed-exitcode").code == 0
    assert project.run("plan", "--detailed-exitcode", "--prune").code == 3
    project.declare(exclusive=True)
    pruned = project.up()
    assert pruned.code == 4, pruned.err
    assert "user:other@example.com" in pruned.check("revocations-in-effect")["summary"]
    policy = project.pipeline().google.services.get_iam_policy(request={"resource": ORDERS})
    assert [list(binding.members) for binding in policy.bindings] == [both[:1]]


def test_public_is_public_only_in_so_many_words(project: "Project") -> None:
    """Refused by the spec, unless it says `public: true`; then it is said in the result."""
    project.declare(invokers=["allUsers"])
    refused = project.up()
    assert refused.code == 2
    assert "public: true" in refused.err
    project.declare(public=True)
    done = project.up()
    assert done.code == 0, done.err
    assert done.check("public-as-declared")["evidence"][0]["answered"] == "HTTP 200"


def test_several_services_are_converged_and_one_failing_stops_no_other(
    project: "Project",
) -> None:
    """The exit code is the worst one's."""
    other = {**project.declared, "service": "broken", "image": {"reference": "nowhere:5/x:1"}}
    (project.path / "broken.yaml").write_text(str(other))
    done = project.up("-f", "broken.yaml", "-f", "provision.yaml")
    assert done.code == 1
    broken, orders = done.document["services"]
    assert broken["error"]["message"]
    assert orders["error"] is None
    assert {check["verdict"] for check in orders["checks"]} == {"passed"}
    assert done.err.splitlines()[-1].startswith("Not done: service broken;")


@pytest.mark.parametrize("command", ["up", "destroy"])
def test_nothing_is_changed_unasked(project: "Project", command: str) -> None:
    """Without a terminal and without --yes."""
    project.forget_requests()
    done = project.run(command)
    assert done.code == 2
    assert "--yes" in done.err
    assert project.writes() == []


def test_one_stage_at_a_time_leads_to_the_same(project: "Project") -> None:
    """Each observes the ones before it and runs none of them."""
    early = project.run("deploy")
    assert early.code == 1
    assert "provision push" in early.err
    for stage in ("build", "push", "deploy", "bind"):
        done = project.run(stage, "--json")
        assert done.code == 0, done.err
        assert [step["stage"] for step in done.service["stages"]] == [stage]
    assert project.run("verify", "--wait", "3s").code == 0


def test_binding_needs_nothing_but_the_service(project: "Project") -> None:
    """An edited source or a missing engine must not keep anybody from closing a service."""
    project.up()
    set_policy(project, ("roles/run.invoker", ["allUsers"]))
    with (project.path / "app.py").open("a") as app:
        app.write("# edited\n")
    done = project.run("bind", DOCKER_HOST="unix:///nowhere.sock")
    assert done.code == 0, done.err
    policy = project.pipeline().google.services.get_iam_policy(request={"resource": ORDERS})
    assert list(policy.bindings[0].members) == ["user:developer@example.com"]


def test_verify_looks_at_everything_it_can(project: "Project") -> None:
    """What cannot be looked at hides nothing else, and is not proven."""
    project.up()
    done = project.run("verify", "--json", "--wait", "1s", DOCKER_HOST="unix:///nowhere.sock")
    assert done.code == 4, done.out
    assert done.check("build-as-declared")["verdict"] == "not proven"
    assert done.check("anonymous-refused")["verdict"] == "passed"


def test_public_members_go_before_the_service_is_opened_to_the_internet(
    project: "Project", cloud: "RunningEmulator"
) -> None:
    """A wider ingress is written only after the policy is closed, whatever fails then."""
    project.declare(ingress="internal")
    project.up()
    set_policy(project, ("roles/run.invoker", ["allUsers"]))
    project.declare(ingress="all")
    fault = {"code": "PERMISSION_DENIED", "message": "not today", "times": 9}
    cloud.admin(
        "POST", "/faults", **{"method": "google.cloud.run.v2.Services/SetIamPolicy", **fault}
    )
    assert project.up().code == 1
    live = project.pipeline().google.services.get_service(name=ORDERS)
    assert live.ingress.name == "INGRESS_TRAFFIC_INTERNAL_ONLY"


def test_an_application_that_refuses_in_google_s_words_proves_nothing(
    project: "Project", cloud: "RunningEmulator"
) -> None:
    """One path may be refused by the application itself; a made-up one it does not know."""
    app = (project.path / "app.py").read_text()
    refusing = app.replace(
        "        self.send_response(200)\n        self.end_headers()\n",
        "        mine = self.path == '/'\n"
        "        self.send_response(403 if mine else 200)\n"
        "        self.end_headers()\n"
        "        self.wfile.write(b'Your client does not have permission to get URL')\n",
    )
    assert refusing != app
    (project.path / "app.py").write_text(refusing)
    project.declare(invokers=["allUsers"], public=True, probe_path="/data")
    assert project.up().code == 0
    project.declare(invokers=[], public=None, probe_path=None)
    cloud.admin("POST", "/settings", iamDelay=3600)
    done = project.up()
    assert done.check("anonymous-refused")["verdict"] == "failed"
    assert done.code == 1
