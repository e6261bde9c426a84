"""`gcloud run` as it comes, on Cloud Run v1 of the emulator: every command does what it says."""

from typing import TYPE_CHECKING

import pytest
import yaml
from google.cloud import run_v2

from tests.e2e.gcloud.conftest import as_member
from tests.e2e.gcloud.run_service import ANN, REGION, RunServices

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.gcloud.conftest import Gcloud


def test_a_new_service_is_deployed_without_touching_its_policy(run: RunServices) -> None:
    """Gcloud asks for the service, creates it and waits; v2 shows what it sent."""
    run.forget()
    told = run.deploy("fresh", "--no-allow-unauthenticated", "--ingress=internal")
    assert "has been deployed and is serving" in " ".join(told.split())
    assert run.asked()[:2] == ["Services/GetService", "Services/CreateService"]
    assert not [method for method in run.asked() if "IamPolicy" in method]
    service = run.get("fresh")
    assert service.ingress == run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY
    assert (service.client, bool(service.client_version)) == ("gcloud", True)
    assert service.template.containers[0].resources.startup_cpu_boost is True
    described = run.described("fresh")
    assert described["metadata"]["namespace"].isdigit()
    assert described["metadata"]["annotations"]["run.googleapis.com/ingress-status"] == "internal"


def test_options_of_a_deployment_arrive_and_stay(run: RunServices) -> None:
    """Variables, limits, scaling, timeout, labels and audiences; a second deployment keeps them."""
    run.deploy(
        "options",
        "--no-allow-unauthenticated",
        "--set-env-vars=A=1,B=2",
        "--cpu=2",
        "--memory=1Gi",
        "--concurrency=5",
        "--timeout=17",
        "--max-instances=3",
        "--min-instances=1",
        "--no-cpu-throttling",
        "--session-affinity",
        "--execution-environment=gen2",
        "--labels=team=orders",
        "--description=takes orders",
        '--add-custom-audiences=https://orders.example.com"',
        "--port=9000",
        "--args=--verbose,--now",
    )
    run.deploy("options", "--no-allow-unauthenticated")
    service = run.get("options")
    template, container = service.template, service.template.containers[0]
    assert {one.name: one.value for one in container.env} == {"A": "1", "B": "2"}
    assert dict(container.resources.limits) == {"cpu": "2", "memory": "1Gi"}
    assert container.resources.cpu_idle is False
    assert container.ports[0].container_port == 9000
    assert list(container.args) == ["--verbose", "--now"]
    assert template.max_instance_request_concurrency == 5
    assert template.timeout.seconds == 17
    assert (template.scaling.min_instance_count, template.scaling.max_instance_count) == (1, 3)
    assert template.session_affinity is True
    gen2 = run_v2.ExecutionEnvironment.EXECUTION_ENVIRONMENT_GEN2
    assert template.execution_environment == gen2
    assert dict(service.labels) == {"team": "orders"}
    assert service.description == "takes orders"
    assert list(service.custom_audiences) == ['https://orders.example.com"']


def test_a_public_service_is_closed_by_a_later_deployment(run: RunServices) -> None:
    """``--allow-unauthenticated`` binds allUsers, ``--no-allow-unauthenticated`` takes it away."""
    run.deploy("public", "--allow-unauthenticated")
    assert run.policy("public") == {"roles/run.invoker": ["allUsers"]}
    run.forget()
    run.deploy("public", "--no-allow-unauthenticated")
    assert run.policy("public") == {}
    assert "Services/ReplaceService" in run.asked()
    assert "Services/SetIamPolicy" in run.asked()


def test_an_image_that_is_not_there_fails_with_the_revision_s_words(run: RunServices) -> None:
    """Gcloud ends with exit code 1 and the condition's message; the service is listed as failed."""
    missing = run.image.partition("@")[0].replace("hello", "nothing")
    line = f"run deploy failing --image={missing}:v1 --region={REGION} --no-allow-unauthenticated"
    refusal = run.gcloud.refused(line)
    assert "Image" in refusal
    assert "not found" in refusal
    ready = run.described("failing")["status"]["conditions"][0]
    assert (ready["type"], ready["status"]) == ("Ready", "False")


def test_a_bad_name_is_refused_in_google_s_words(run: RunServices) -> None:
    """The violation names metadata.name."""
    refusal = run.gcloud.refused(
        f"run deploy bad_name --image={run.image} --region={REGION} --no-allow-unauthenticated"
    )
    assert "lowercase" in refusal


def test_services_are_listed_everywhere_and_in_one_region(run: RunServices) -> None:
    """Without a region the global host is asked for all of them."""
    run.deploy("listed", "--no-allow-unauthenticated")
    everywhere = run.gcloud.json("run services list")
    here = run.gcloud.json(f"run services list --region={REGION}")
    for found in (everywhere, here):
        assert "listed" in {one["metadata"]["name"] for one in found}
    assert run.gcloud.json("run services list --region=us-central1") == []


def test_a_service_that_is_not_there_cannot_be_described(run: RunServices) -> None:
    """A 404 is gcloud's own sentence."""
    refusal = run.gcloud.refused(f"run services describe nothing --region={REGION}")
    assert "Cannot find service [nothing]" in refusal


def test_regions_are_listed(run: RunServices) -> None:
    """From the global host, with their places."""
    found = {one["locationId"]: one["displayName"] for one in run.gcloud.json("run regions list")}
    assert found[REGION] == "Taiwan"
    assert len(found) > 20


def test_revisions_of_a_service_are_listed(run: RunServices) -> None:
    """The one that serves is active, the one before is not; without a service all are listed."""
    run.deploy("revised", "--no-allow-unauthenticated")
    run.deploy("revised", "--no-allow-unauthenticated", "--set-env-vars=A=1")
    run.deploy("other", "--no-allow-unauthenticated")
    line = f"run revisions list --service=revised --region={REGION}"
    found = run.gcloud.json(line)
    assert [one["metadata"]["name"][:13] for one in found] == ["revised-00002", "revised-00001"]
    active = {
        one["metadata"]["name"][:13]: condition["status"]
        for one in found
        for condition in one["status"]["conditions"]
        if condition["type"] == "Active"
    }
    assert active == {"revised-00002": "True", "revised-00001": "False"}
    assert "@sha256:" in found[0]["status"]["imageDigest"]
    services = {
        one["metadata"]["labels"]["serving.knative.dev/service"]
        for one in run.gcloud.json(f"run revisions list --region={REGION}")
    }
    assert {"revised", "other"} <= services


def test_members_are_bound_and_unbound(run: RunServices) -> None:
    """The policy read back has what was added, and is empty after its removal."""
    run.deploy("bound", "--no-allow-unauthenticated")
    options = f"bound --region={REGION} --member={ANN} --role=roles/run.invoker"
    run.gcloud(f"run services add-iam-policy-binding {options}")
    assert run.policy("bound") == {"roles/run.invoker": [ANN]}
    run.gcloud(f"run services remove-iam-policy-binding {options}")
    assert run.policy("bound") == {}


def test_a_service_is_replaced_by_its_own_description(run: RunServices, tmp_path: "Path") -> None:
    """What ``describe`` exports is taken back, a dry run changes nothing, an edit arrives."""
    run.deploy("replaced", "--no-allow-unauthenticated", "--ingress=internal")
    exported = run.gcloud(f"run services describe replaced --region={REGION} --format=export")
    wanted = yaml.safe_load(exported)
    wanted["spec"]["template"]["metadata"].pop("name", None)
    wanted["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "A", "value": "1"}]
    file = tmp_path / "service.yaml"
    file.write_text(yaml.safe_dump(wanted))
    run.gcloud(f"run services replace {file} --region={REGION} --dry-run")
    assert not run.get("replaced").template.containers[0].env
    run.gcloud(f"run services replace {file} --region={REGION}")
    service = run.get("replaced")
    assert [(one.name, one.value) for one in service.template.containers[0].env] == [("A", "1")]
    assert service.ingress == run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY


def test_a_service_is_made_by_replace(run: RunServices, tmp_path: "Path") -> None:
    """A file of a service that is not there yet creates it."""
    file = tmp_path / "service.yaml"
    container = {"image": run.image}
    wanted = {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": "from-file"},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }
    file.write_text(yaml.safe_dump(wanted))
    run.gcloud(f"run services replace {file} --region={REGION}")
    assert run.get("from-file").template.containers[0].image == run.image


def test_traffic_is_moved_and_tagged(run: RunServices) -> None:
    """Shares and tags of revisions, and back to the latest."""
    run.deploy("moved", "--no-allow-unauthenticated")
    first = run.get("moved").latest_ready_revision.rpartition("/")[2]
    run.deploy("moved", "--no-allow-unauthenticated")
    line = f"run services update-traffic moved --region={REGION}"
    run.gcloud(f"{line} --to-revisions={first}=30,LATEST=70 --set-tags=old={first}")
    shares = {(one.revision, one.percent, one.tag) for one in run.get("moved").traffic}
    assert {(name, percent) for name, percent, _ in shares if percent} == {(first, 30), ("", 70)}
    assert (first, "old") in {(name, tag) for name, _, tag in shares}
    run.gcloud(f"{line} --to-latest --clear-tags")
    assert [(one.revision, one.percent) for one in run.get("moved").traffic] == [("", 100)]


def test_a_deleted_service_is_gone(run: RunServices) -> None:
    """Gcloud waits until it is, and its revisions and policy go with it."""
    run.deploy("deleted", "--no-allow-unauthenticated")
    run.gcloud(f"run services delete deleted --region={REGION}")
    assert "Cannot find service" in run.gcloud.refused(
        f"run services describe deleted --region={REGION}"
    )
    listed = run.gcloud.json(f"run revisions list --service=deleted --region={REGION}")
    assert listed == []


@pytest.mark.parametrize(
    ("command", "permission"),
    [
        ("run services describe guarded", "run.services.get"),
        ("run services list", "run.services.list"),
        ("run services delete guarded", "run.services.delete"),
        ("run services get-iam-policy guarded", "run.services.getIamPolicy"),
    ],
)
def test_a_stranger_is_refused(
    run: RunServices, tmp_path: "Path", command: str, permission: str
) -> None:
    """Exit code 1, and the permission that is missing by its name."""
    stranger = as_member(run.gcloud, run.emulator, "user:stranger@example.com", tmp_path)
    refusal = stranger.refused(f"{command} --region={REGION}")
    assert permission in refusal


def test_endpoint_overrides_reach_the_same_services(
    run: RunServices, override_gcloud: "Gcloud"
) -> None:
    """Regional hosts are understood over plain HTTP too."""
    run.deploy("overridden", "--no-allow-unauthenticated")
    found = override_gcloud.json(f"run services describe overridden --region={REGION}")
    assert found["metadata"]["name"] == "overridden"
