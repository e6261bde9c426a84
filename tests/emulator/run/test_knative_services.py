"""Services of Cloud Run v1: what is shown, and that it is the same service as in v2."""

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from google.cloud import run_v2

from tests.emulator.run.conftest import LOCATION, NAMESPACE, REGION, KnativeApi, knative_service

if TYPE_CHECKING:
    from tests.conftest import Clients, RunningEmulator

ORDERS = f"projects/demo-project/locations/{REGION}/services/orders"
UNKNOWN = "run.googleapis.com/something-new"


def version(service: dict[str, Any]) -> int:
    """A resourceVersion's microseconds."""
    text = service["metadata"]["resourceVersion"]
    return int.from_bytes(base64.b64decode(text + "="), "big")


def states(service: dict[str, Any]) -> list[tuple[str, str]]:
    """Types and statuses of the conditions."""
    return [(one["type"], one["status"]) for one in service["status"]["conditions"]]


def test_a_new_service_is_unknown_first_and_ready_then(v1: KnativeApi, pushed_image: str) -> None:
    """Nothing of the roll-out is there in the first answer; the version moves with the status."""
    first = v1.ok("POST", f"{NAMESPACE}/services", knative_service(pushed_image))
    assert set(first["status"]) == {"conditions"}
    assert states(first) == [
        ("Ready", "Unknown"),
        ("ConfigurationsReady", "Unknown"),
        ("RoutesReady", "Unknown"),
    ]
    ready = v1.wait(first)
    assert states(ready) == [
        ("Ready", "True"),
        ("ConfigurationsReady", "True"),
        ("RoutesReady", "True"),
    ]
    assert version(ready) > version(first)
    revision = ready["status"]["latestReadyRevisionName"]
    assert revision == ready["status"]["latestCreatedRevisionName"]
    assert ready["status"]["traffic"] == [
        {"revisionName": revision, "percent": 100, "latestRevision": True}
    ]
    assert ready["status"]["url"] == ready["status"]["address"]["url"]
    assert (ready["metadata"]["generation"], ready["status"]["observedGeneration"]) == (1, 1)


def test_both_paths_and_both_hosts_show_the_same(v1: KnativeApi, pushed_image: str) -> None:
    """By namespace on the regional host, by project and location on either."""
    v1.create(knative_service(pushed_image))
    there = v1.get("orders")
    number = there["metadata"]["namespace"]
    worldwide = replace(v1, host="run.googleapis.com")
    assert number.isdigit()
    assert v1.ok("GET", f"{NAMESPACE.replace('demo-project', number)}/services/orders") == there
    assert worldwide.ok("GET", f"{LOCATION}/services/orders") == there
    for place in ("-", REGION):
        listed = worldwide.ok("GET", f"/v1/projects/demo-project/locations/{place}/services")
        assert listed["items"] == [there]


ELABORATE = run_v2.Service(
    labels={"team": "orders"},
    annotations={"example.com/ticket": "42"},
    description="takes orders",
    client="console",
    client_version="1",
    ingress="INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
    launch_stage="BETA",
    invoker_iam_disabled=True,
    default_uri_disabled=True,
    custom_audiences=["https://a.example.com", "https://b.example.com"],
    scaling={"min_instance_count": 1, "max_instance_count": 7},
    binary_authorization={"use_default": True},
    template=run_v2.RevisionTemplate(
        labels={"tier": "front"},
        annotations={"example.com/run": "1"},
        scaling={"min_instance_count": 1, "max_instance_count": 4},
        vpc_access={
            "egress": "ALL_TRAFFIC",
            "network_interfaces": [
                {"network": "default", "subnetwork": "default", "tags": ["a", "b"]}
            ],
        },
        timeout="17s",
        execution_environment="EXECUTION_ENVIRONMENT_GEN2",
        max_instance_request_concurrency=5,
        session_affinity=True,
        volumes=[
            {"name": "sql", "cloud_sql_instance": {"instances": ["p:r:one", "p:r:two"]}},
            {"name": "scratch", "empty_dir": {"medium": "MEMORY", "size_limit": "64Mi"}},
            {"name": "files", "gcs": {"bucket": "files", "mount_options": ["uid=1000"]}},
            {"name": "shared", "nfs": {"server": "10.0.0.2", "path": "/x", "read_only": True}},
            {
                "name": "keys",
                "secret": {
                    "secret": "key",
                    "items": [{"version": "3", "path": "k", "mode": 256}],
                    "default_mode": 292,
                },
            },
        ],
        containers=[
            {
                "name": "main",
                "image": "IMAGE",
                "command": ["serve"],
                "args": ["--now"],
                "env": [
                    {"name": "PLAIN", "value": "1"},
                    {
                        "name": "SECRET",
                        "value_source": {"secret_key_ref": {"secret": "s", "version": "latest"}},
                    },
                ],
                "resources": {
                    "limits": {"cpu": "2", "memory": "1Gi"},
                    "cpu_idle": False,
                    "startup_cpu_boost": True,
                },
                "ports": [{"name": "h2c", "container_port": 9000}],
                "volume_mounts": [
                    {"name": "sql", "mount_path": "/sql"},
                    {"name": "scratch", "mount_path": "/scratch"},
                    {"name": "files", "mount_path": "/files", "sub_path": "a"},
                    {"name": "shared", "mount_path": "/shared"},
                    {"name": "keys", "mount_path": "/keys"},
                ],
                "working_dir": "/app",
                "startup_probe": {"http_get": {"path": "/up"}, "period_seconds": 3},
                "liveness_probe": {"grpc": {"service": "health"}, "timeout_seconds": 2},
                "depends_on": ["side"],
            },
            {"name": "side", "image": "IMAGE", "resources": {"cpu_idle": False}},
        ],
    ),
)


@pytest.fixture
def elaborate(grpc_clients: "Clients", pushed_image: str) -> run_v2.Service:
    """A service with something in nearly every field, made by v2."""
    wanted = run_v2.Service(ELABORATE)
    for container in wanted.template.containers:
        container.image = pushed_image
    made: run_v2.Service = grpc_clients.services.create_service(
        parent=f"projects/demo-project/locations/{REGION}", service_id="orders", service=wanted
    ).result(timeout=30)
    return made


def test_what_v1_shows_and_takes_back_loses_nothing_of_v2(
    v1: KnativeApi, grpc_clients: "Clients", elaborate: run_v2.Service
) -> None:
    """A PUT of what was read changes no field, makes no revision and no generation."""
    v1.replace(v1.get("orders"))
    after = grpc_clients.services.get_service(name=ORDERS)
    for moved in ("update_time", "etag", "terminal_condition", "conditions"):
        for service in (elaborate, after):
            service._pb.ClearField(moved)
    assert after == elaborate


def test_fields_of_v2_are_annotations_of_v1(v1: KnativeApi, elaborate: run_v2.Service) -> None:
    """Names and texts as gcloud writes them."""
    del elaborate
    service = v1.get("orders")
    about = service["metadata"]["annotations"]
    run = "run.googleapis.com"
    assert service["metadata"]["labels"] == {
        "team": "orders",
        "cloud.googleapis.com/location": REGION,
    }
    assert {key: about[key] for key in about if key.startswith("example.com/")} == {
        "example.com/ticket": "42"
    }
    expected = {
        "client-name": "console",
        "client-version": "1",
        "description": "takes orders",
        "ingress": "internal-and-cloud-load-balancing",
        "ingress-status": "internal-and-cloud-load-balancing",
        "launch-stage": "BETA",
        "invoker-iam-disabled": "true",
        "default-url-disabled": "true",
        "custom-audiences": '["https://a.example.com","https://b.example.com"]',
        "minScale": "1",
        "maxScale": "7",
        "binary-authorization": "default",
    }
    assert {key: about[f"{run}/{key}"] for key in expected} == expected
    assert "url" not in service["status"]
    template = service["spec"]["template"]
    assert template["metadata"] == {
        "labels": {"tier": "front"},
        "annotations": {
            "example.com/run": "1",
            "autoscaling.knative.dev/minScale": "1",
            "autoscaling.knative.dev/maxScale": "4",
            f"{run}/vpc-access-egress": "all-traffic",
            f"{run}/network-interfaces": '[{"network":"default","subnetwork":"default",'
            '"tags":["a","b"]}]',
            f"{run}/execution-environment": "gen2",
            f"{run}/sessionAffinity": "true",
            f"{run}/cpu-throttling": "false",
            f"{run}/startup-cpu-boost": "true",
            f"{run}/cloudsql-instances": "p:r:one,p:r:two",
            f"{run}/container-dependencies": '{"main":["side"]}',
        },
    }


def test_specs_of_v1_have_kubernetes_names(v1: KnativeApi, elaborate: run_v2.Service) -> None:
    """Secrets by name and key, memory volumes by medium, buckets as CSI; databases not at all."""
    del elaborate
    spec = v1.get("orders")["spec"]["template"]["spec"]
    assert (spec["containerConcurrency"], spec["timeoutSeconds"]) == (5, 17)
    main = spec["containers"][0]
    assert main["env"] == [
        {"name": "PLAIN", "value": "1"},
        {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "s", "key": "latest"}}},
    ]
    assert main["resources"] == {"limits": {"cpu": "2", "memory": "1Gi"}}
    assert "sql" not in {one["name"] for one in main["volumeMounts"]}
    assert spec["volumes"] == [
        {"name": "scratch", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
        {
            "name": "files",
            "csi": {
                "driver": "gcsfuse.run.googleapis.com",
                "volumeAttributes": {"bucketName": "files", "mountOptions": "uid=1000"},
            },
        },
        {"name": "shared", "nfs": {"server": "10.0.0.2", "path": "/x", "readOnly": True}},
        {
            "name": "keys",
            "secret": {
                "secretName": "key",
                "items": [{"key": "3", "path": "k", "mode": 256}],
                "defaultMode": 292,
            },
        },
    ]


def test_annotations_that_v2_has_no_field_for_outlive_its_updates(
    v1: KnativeApi, grpc_clients: "Clients", pushed_image: str
) -> None:
    """They are kept, are not shown by v2, and one on the template makes a revision."""
    body = knative_service(pushed_image)
    body["metadata"]["annotations"] = {UNKNOWN: "a"}
    body["spec"]["template"]["metadata"] = {"annotations": {UNKNOWN: "b"}}
    v1.create(body)
    changed = run_v2.Service(name=ORDERS, description="by v2")
    after = grpc_clients.services.update_service(
        service=changed, update_mask={"paths": ["description"]}
    ).result(timeout=30)
    assert not after.annotations
    assert not after.template.annotations
    service = v1.get("orders")
    assert service["metadata"]["annotations"][UNKNOWN] == "a"
    assert service["metadata"]["annotations"]["run.googleapis.com/description"] == "by v2"
    assert service["spec"]["template"]["metadata"]["annotations"] == {UNKNOWN: "b"}
    service["spec"]["template"]["metadata"]["annotations"][UNKNOWN] = "c"
    assert v1.replace(service)["status"]["latestReadyRevisionName"].startswith("orders-00002-")
    revisions = v1.ok("GET", f"{NAMESPACE}/revisions")["items"]
    assert [one["metadata"]["annotations"][UNKNOWN] for one in revisions] == ["c", "b"]


def test_an_annotation_that_is_left_out_is_taken_away(
    v1: KnativeApi, grpc_clients: "Clients", elaborate: run_v2.Service
) -> None:
    """A replacement is whole: what v1 could have said and did not is back at its default."""
    del elaborate
    service = v1.get("orders")
    about = service["metadata"]["annotations"]
    for key in ("invoker-iam-disabled", "description", "custom-audiences", "ingress"):
        del about[f"run.googleapis.com/{key}"]
    v1.replace(service)
    after = grpc_clients.services.get_service(name=ORDERS)
    assert after.invoker_iam_disabled is False
    assert (after.description, list(after.custom_audiences)) == ("", [])
    assert after.ingress == run_v2.IngressTraffic.INGRESS_TRAFFIC_ALL


def test_a_dry_run_shows_what_would_be_and_keeps_nothing(v1: KnativeApi, pushed_image: str) -> None:
    """Created, replaced and deleted, none of them for good."""
    path = f"{NAMESPACE}/services"
    body = knative_service(pushed_image)
    shown = v1.ok("POST", path, body, dryRun="all")
    assert shown["spec"]["template"]["spec"]["timeoutSeconds"] == 300
    assert v1.call("GET", f"{path}/orders").status_code == 404
    v1.create(body)
    before = v1.get("orders")
    body["spec"]["template"]["spec"]["timeoutSeconds"] = 17
    shown = v1.ok("PUT", f"{path}/orders", body, dryRun="all")
    assert shown["spec"]["template"]["spec"]["timeoutSeconds"] == 17
    v1.ok("DELETE", f"{path}/orders", dryRun="all")
    assert v1.get("orders") == before


def test_a_deletion_answers_a_status_and_ends_in_not_found(
    v1: KnativeApi, pushed_image: str
) -> None:
    """Until then the service has a deletion timestamp."""
    uid = v1.create(knative_service(pushed_image))["metadata"]["uid"]
    v1.emulator.admin("POST", "/settings", operationDelay=1)
    status = v1.ok("DELETE", f"{NAMESPACE}/services/orders")
    assert status["status"] == "Success"
    assert status["details"]["uid"] == uid
    going = v1.get("orders")
    assert going["metadata"]["deletionTimestamp"]
    operation = v1.ok("GET", f"{LOCATION}/operations")["operations"]
    pending = next(one for one in operation if not one.get("done"))["name"]
    assert v1.ok("POST", f"/v1/{pending}:wait", {"timeout": "30s"})["done"] is True
    assert v1.call("GET", f"{NAMESPACE}/services/orders").status_code == 404


def test_notes_survive_a_restart(
    start_emulator: Any,  # noqa: ANN401 - a fixture's function
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """What only v1 knows is kept with --data like everything else."""
    data = str(tmp_path_factory.mktemp("data"))
    options = ("--engine", "none", "--operation-delay", "0.05", "--data", data)
    before: RunningEmulator = start_emulator(*options)
    body = knative_service(f"{REGION}-docker.pkg.dev/demo-project/none/app:v1")
    body["metadata"]["annotations"] = {UNKNOWN: "a"}
    api = KnativeApi(before)
    api.ok("POST", f"{NAMESPACE}/services", body)
    before.stop()
    again = KnativeApi(start_emulator(*options))
    assert again.get("orders")["metadata"]["annotations"][UNKNOWN] == "a"
