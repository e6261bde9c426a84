"""What `provision up` made, gcloud describes; what gcloud made, `provision plan` sees as it is."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import requests

from tests.e2e.gcloud.application import Application
from tests.functional.conftest import APP, DOCKERFILE

if TYPE_CHECKING:
    from tests.e2e.cloud.target import Target
    from tests.e2e.gcloud.conftest import Gcloud

pytestmark = pytest.mark.engine


@pytest.fixture(scope="session")
def made(target: "Target", tmp_path_factory: pytest.TempPathFactory) -> Application:
    """An application that `provision up` brought there."""
    path = tmp_path_factory.mktemp("application")
    (path / "app.py").write_text(f"{APP}\n# {uuid4()}\n")
    (path / "Dockerfile").write_text(DOCKERFILE)
    (path / ".dockerignore").write_text("*.yaml\n")
    application = Application(path, target, target.name("up"))
    application.declare(image={"context": ".", "repository": target.name("images")})
    application.provision("up", "--yes", "--wait", target.wait)
    return application


def described(gcloud: "Gcloud", application: Application) -> Any:  # noqa: ANN401 - JSON
    """The service as gcloud describes it."""
    region = application.target.region
    return gcloud.json(f"run services describe {application.service} --region={region}")


def image_of(gcloud: "Gcloud", application: Application) -> str:
    """What the service runs."""
    spec = described(gcloud, application)["spec"]["template"]["spec"]
    return str(spec["containers"][0]["image"])


def answer(gcloud: "Gcloud", application: Application) -> str:
    """What the service answers at its URL to a token of gcloud's."""
    url = described(gcloud, application)["status"]["url"]
    token = gcloud("auth print-identity-token").strip()
    found = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=60)
    assert requests.get(url, timeout=60).status_code == 403
    return found.text


def test_what_provision_made_gcloud_describes(gcloud: "Gcloud", made: Application) -> None:
    """Account, image by digest, ingress, who may call, and an answer at the URL."""
    service = described(gcloud, made)
    spec = service["spec"]["template"]["spec"]
    assert spec["serviceAccountName"] == made.target.account("run")
    assert "@sha256:" in spec["containers"][0]["image"]
    assert service["metadata"]["annotations"]["run.googleapis.com/ingress-status"] == "all"
    policy = gcloud.json(
        f"run services get-iam-policy {made.service} --region={made.target.region}"
    )
    assert {member for one in policy["bindings"] for member in one["members"]} == {
        made.target.member
    }
    assert answer(gcloud, made) == f"hello from {made.service}"


def test_what_gcloud_deployed_anew_needs_nothing(gcloud: "Gcloud", made: Application) -> None:
    """A revision that differs in gcloud's own marks alone is no difference to `provision`."""
    region = made.target.region
    gcloud.told(
        f"run deploy {made.service} --image={image_of(gcloud, made)} --region={region} "
        "--no-allow-unauthenticated"
    )
    made.provision("plan", "--detailed-exitcode")


def test_what_gcloud_changed_is_seen_and_undone(gcloud: "Gcloud", made: Application) -> None:
    """A variable that somebody set by gcloud is in the plan, and gone after `up`."""
    region = made.target.region
    gcloud.told(f"run services update {made.service} --region={region} --update-env-vars=EXTRA=1")
    assert "EXTRA" in made.provision("plan", "--detailed-exitcode", code=3)
    made.provision("up", "--yes", "--wait", made.target.wait)
    container = described(gcloud, made)["spec"]["template"]["spec"]["containers"][0]
    assert container.get("env", []) == []


def test_what_gcloud_made_is_seen_as_it_is(gcloud: "Gcloud", made: Application) -> None:
    """A spec that says what gcloud was told wants its own label alone; its invoker gets in."""
    target, image = made.target, image_of(gcloud, made)
    theirs = replace(made, service=target.name("gcloud"))
    gcloud.told(
        f"run deploy {theirs.service} --image={image} --region={target.region} "
        f"--service-account={target.account('run')} --no-allow-unauthenticated"
    )
    gcloud.told(
        f"run services add-iam-policy-binding {theirs.service} --region={target.region} "
        f"--member={target.member} --role=roles/run.invoker"
    )
    theirs.declare(image={"reference": image})
    plan = json.loads(theirs.provision("plan", "--json"))
    stages = plan["services"][0]["stages"]
    changes = [(one["path"], one["after"]) for stage in stages for one in stage["changes"]]
    assert changes == [("labels.managed-by", "provision")]
    assert answer(gcloud, theirs) == f"hello from {theirs.service}"
