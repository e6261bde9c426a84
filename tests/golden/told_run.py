"""Recorded single answers of Cloud Run and Artifact Registry, and the worlds they need."""

import time
from typing import Any

from tests.conftest import ImagePusher
from tests.golden.worlds import Asked, Making, World

_RUN = "run.googleapis.com"
_REGISTRY = "artifactregistry.googleapis.com/v1/projects/cloud-custodian/locations/us-central1"
_REPOSITORIES = "get-v1-projects-cloud-custodian-locations-us-central1-repositories"
_NAMESPACE = "cloud-custodian"
_CONSOLE = {"run.googleapis.com/client-name": "cloud-console"}
_PATIENCE_SECONDS = 30
_HELLO = "us-docker.pkg.dev/cloudrun/container/hello"


def _repositories(making: Making) -> None:
    for one in making.recorded()["repositories"]:
        name = one["name"].rpartition("/")[2]
        body = {key: one[key] for key in ("format", "description", "labels") if key in one}
        path = f"/v1/projects/{making.emulator.project}/locations/us-central1/repositories"
        making.send(f"POST {path}?repositoryId={name}", body)
        if "sizeBytes" in one:
            image = f"us-central1/{making.emulator.project}/{name}/app"
            ImagePusher(making.emulator).push(image, "latest")


def _service(making: Making) -> None:
    template = {
        "metadata": {
            "name": "hello-00001-tiv",
            "annotations": {**_CONSOLE, "autoscaling.knative.dev/maxScale": "5"},
        },
        "spec": {"containers": [{"image": _HELLO}]},
    }
    _make(making, "serving.knative.dev", "Service", "hello", {"template": template})


def _revision(making: Making) -> None:
    template = {
        "metadata": {"annotations": {**_CONSOLE, "autoscaling.knative.dev/maxScale": "1"}},
        "spec": {"containers": [{"name": "hello-1", "image": _HELLO}]},
    }
    _make(making, "serving.knative.dev", "Service", "hello", {"template": template})


def _job(making: Making) -> None:
    image = "us-docker.pkg.dev/cloudrun/container/job:latest"
    annotations = {**_CONSOLE, "client.knative.dev/user-image": image}
    task = {"spec": {"containers": [{"image": image}]}}
    spec = {
        "template": {"metadata": {"annotations": annotations}, "spec": {"template": task}},
    }
    _make(making, "run.googleapis.com", "Job", "job", spec, annotations)


def _make(  # noqa: PLR0913, PLR0917 - one parameter a part of the resource
    making: Making,
    group: str,
    kind: str,
    name: str,
    spec: object,
    annotations: dict[str, str] | None = None,
) -> None:
    project = making.emulator.project
    body = {
        "apiVersion": f"{group}/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": project, "annotations": annotations or _CONSOLE},
        "spec": spec,
    }
    path = f"/apis/{group}/v1/namespaces/{project}/{kind.lower()}s"
    host = "http://us-central1-run.googleapis.com"
    made = making.send(f"POST {host}{path}", body)
    end = time.monotonic() + _PATIENCE_SECONDS
    while not _is_ready(made):
        assert time.monotonic() < end, f"{kind} {name} is not ready: {made['status']}"
        made = making.send(f"GET {host}{path}/{name}")


def _is_ready(resource: dict[str, Any]) -> bool:
    conditions = resource["status"].get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


WORLDS = (
    World(
        "c7n/artifact-repository-label",
        (
            Asked(f"{_REPOSITORIES}_1.json", f"GET {_REGISTRY}/repositories"),
            Asked(
                "patch-v1-projects-cloud-custodian-locations-us-central1-repositories"
                "-c7n-artifact-repo_1.json",
                f"PATCH {_REGISTRY}/repositories/c7n-artifact-repo?updateMask=labels",
                {"labels": {"env": "production", "goog-terraform-provisioned": "true"}},
            ),
            Asked(
                f"{_REPOSITORIES}-c7n-artifact-repo_1.json",
                f"GET {_REGISTRY}/repositories/c7n-artifact-repo",
            ),
        ),
        {"stacklet-test-policies": "cloud-custodian"},
        _repositories,
    ),
    World(
        "c7n/artifactregistry-repositories-query",
        (Asked(f"{_REPOSITORIES}_1.json", f"GET {_REGISTRY}/repositories"),),
        prepare=_repositories,
    ),
    World(
        "c7n/gcp-cloud-run-service",
        (
            Asked(
                "get-v1-projects-cloud-custodian-locations---services_1.json",
                f"GET {_RUN}/v1/projects/{_NAMESPACE}/locations/-/services",
            ),
        ),
        {"1098479648729": "{number}"},
        _service,
    ),
    World(
        "c7n/gcp-cloud-run-revision",
        (
            Asked(
                "get-apis-serving.knative.dev-v1-namespaces-cloud-custodian-revisions_1.json",
                f"GET {_RUN}/apis/serving.knative.dev/v1/namespaces/{_NAMESPACE}/revisions",
            ),
        ),
        {"443732426401": "{number}", "gcp-lab-custodian": "cloud-custodian"},
        _revision,
    ),
    World(
        "c7n/gcp-cloud-run-job",
        (
            Asked(
                "get-apis-run.googleapis.com-v1-namespaces-cloud-custodian-jobs_1.json",
                f"GET {_RUN}/apis/run.googleapis.com/v1/namespaces/{_NAMESPACE}/jobs",
            ),
        ),
        {"1098479648729": "{number}"},
        _job,
    ),
)
