"""Whom commands act as, and where project and region come from."""

import base64
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator
    from tests.functional.conftest import Project

pytestmark = pytest.mark.engine

DEPLOYER = "deployer@demo-project.iam.gserviceaccount.com"
PROJECT = "projects/demo-project"


def make_deployer(project: "Project", cloud: "RunningEmulator") -> None:
    """A service account that owns the project and may look above it."""
    iam = project.pipeline().google.iam
    iam.create_service_account(request={"name": PROJECT, "account_id": "deployer"})
    member = f"serviceAccount:{DEPLOYER}"
    cloud.admin("POST", "/grants", resource=PROJECT, role="roles/owner", member=member)
    for role in ("roles/iam.securityReviewer", "roles/browser"):
        above = "organizations/100000000001"
        cloud.admin("POST", "/grants", resource=above, role=role, member=member)


def test_an_impersonated_account_is_named_and_acts(
    project: "Project", cloud: "RunningEmulator"
) -> None:
    """As in gcloud; what it does is done in its name."""
    make_deployer(project, cloud)
    project.forget_requests()
    done = project.run("plan", "--impersonate-service-account", DEPLOYER)
    assert done.code == 0, done.err
    assert f"acting as serviceAccount:{DEPLOYER}" in done.out
    principals = {one["principal"] for one in cloud.requests() if "run.v2" in one["method"]}
    assert principals == {f"serviceAccount:{DEPLOYER}"}


def test_a_chain_of_accounts_acts_as_its_last(project: "Project", cloud: "RunningEmulator") -> None:
    """Each may act as the next; the last one is an invoker, and its admission is proven."""
    make_deployer(project, cloud)
    iam = project.pipeline().google.iam
    iam.create_service_account(request={"name": PROJECT, "account_id": "between"})
    between = "between@demo-project.iam.gserviceaccount.com"
    cloud.admin(
        "POST",
        "/grants",
        resource=f"{PROJECT}/serviceAccounts/{DEPLOYER}",
        role="roles/iam.serviceAccountTokenCreator",
        member=f"serviceAccount:{between}",
    )
    project.declare(invokers=[f"serviceAccount:{DEPLOYER}"])
    chain = f"{between},{DEPLOYER}"
    done = project.up("--impersonate-service-account", chain)
    assert done.code == 0, done.err
    assert done.service["identity"] == f"serviceAccount:{DEPLOYER}"
    assert done.check("invoker-admitted")["verdict"] == "passed"


def test_credentials_that_cannot_be_used_are_told(project: "Project") -> None:
    """A missing file, one that is no JSON, and a chain without accounts: 2, and no traceback."""
    broken = project.path.parent / "broken.json"
    broken.write_text(
        json.dumps({"type": "service_account", "token_uri": f"{project.cloud.http}/token"})
    )
    for done in (
        project.run("plan", GOOGLE_APPLICATION_CREDENTIALS="/nowhere.json"),
        project.run("plan", GOOGLE_APPLICATION_CREDENTIALS=str(broken)),
        project.run("plan", "--impersonate-service-account", ","),
    ):
        assert done.code == 2
        assert "Traceback" not in done.err


def test_an_account_that_may_not_be_impersonated_is_refused(project: "Project") -> None:
    """With the account named, and nothing that is secret."""
    nobody = "nobody@demo-project.iam.gserviceaccount.com"
    done = project.run("plan", "--impersonate-service-account", nobody)
    assert done.code == 1
    assert f"Acting as {nobody}" in done.err
    assert "roles/iam.serviceAccountTokenCreator" in done.err
    assert "Traceback" not in done.err
    assert "ya29" not in done.err


def test_a_key_of_an_invoker_proves_its_own_admission(
    project: "Project", cloud: "RunningEmulator"
) -> None:
    """The caller is named among the invokers, so it is tried as itself."""
    make_deployer(project, cloud)
    key = project.pipeline().google.iam.create_service_account_key(
        request={"name": f"projects/-/serviceAccounts/{DEPLOYER}"}
    )
    file = project.path.parent / "key.json"
    file.write_bytes(key.private_key_data)
    project.declare(invokers=[f"serviceAccount:{DEPLOYER}"])
    done = project.run(
        "up", "--yes", "--json", "--wait", "3s", GOOGLE_APPLICATION_CREDENTIALS=str(file)
    )
    assert done.code == 0, done.err
    assert done.service["identity"] == f"serviceAccount:{DEPLOYER}"
    assert done.check("invoker-admitted")["verdict"] == "passed"


def test_project_and_region_come_from_where_gcloud_takes_them(project: "Project") -> None:
    """Flags, then the file, then the environment; the result says which."""
    project.declare(project=None, region=None)
    environ = {"CLOUDSDK_CORE_PROJECT": "demo-project", "CLOUDSDK_RUN_REGION": "europe-west4"}
    told = project.run("plan", "--json", **environ).service
    assert told["project"] == {"value": "demo-project", "from": "CLOUDSDK_CORE_PROJECT"}
    assert told["region"] == {"value": "europe-west4", "from": "CLOUDSDK_RUN_REGION"}
    told = project.run("plan", "--json", "--region", "us-west1", **environ).service
    assert told["region"] == {"value": "us-west1", "from": "--region"}


def test_no_token_is_ever_printed(project: "Project", cloud: "RunningEmulator") -> None:
    """Neither on success nor on failure, neither as text nor as JSON."""
    secrets = [cloud.admin("GET", "")["adc"]["refresh_token"], "ya29.", _jwt_head()]
    broken = {"method": "google.cloud.run.v2.Services/CreateService", "code": "INTERNAL"}
    cloud.admin("POST", "/faults", **broken)
    for done in (project.run("up", "--yes"), project.up(), project.run("verify")):
        assert not any(secret in done.out + done.err for secret in secrets)


def _jwt_head() -> str:
    """How every ID token begins."""
    head = json.dumps({"alg": "RS256"}, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(head)[:8].decode()
