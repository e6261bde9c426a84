"""Recorded single answers of one project that runs a service, and the world they need."""

from tests.golden.worlds import FOLDER, Asked, Making, World

_PROJECT = "gcpdiag-cloudrun1-aaaa"
_MANAGER = "cloudresourcemanager.googleapis.com"


def _service(making: Making) -> None:
    making.grant(FOLDER, "roles/owner")
    container = {"image": "us-docker.pkg.dev/cloudrun/container/hello"}
    path = f"/v2/projects/{making.emulator.project}/locations/us-central1/services"
    template = {"containers": [container], "scaling": {"maxInstanceCount": 100}}
    making.send(f"POST {path}?serviceId=cloudrun1", {"template": template})


def _policy(making: Making) -> None:
    making.grant(FOLDER, "roles/owner")
    policy = {"bindings": making.recorded()["bindings"]}
    making.send(f"POST /v3/projects/{making.emulator.project}:setIamPolicy", {"policy": policy})


def _project(making: Making) -> None:
    making.grant(FOLDER, "roles/owner")
    path = f"/v3/projects/{making.emulator.project}"
    name = {"displayName": making.recorded()["displayName"], "labels": {"gcpdiag": "test"}}
    making.send(f"PATCH {path}?updateMask=displayName,labels", name)


def _repository_policy(making: Making) -> None:
    project = making.emulator.project
    making.send(f"POST /v1/projects/{project}/serviceAccounts", {"accountId": "gcb-custom2"})
    path = f"/v1/projects/{project}/locations/us-central1/repositories"
    making.send(f"POST {path}?repositoryId=repository1", {"format": "DOCKER"})
    policy = {"bindings": making.recorded()["bindings"]}
    making.send(f"POST {path}/repository1:setIamPolicy", {"policy": policy})


_NAMES = {_PROJECT: "cloud-custodian", "gcpdiag-gcb1-aaaa": "cloud-custodian"}
_NAMES |= {"123400010": "{number}", "folders/373737373737": FOLDER}

WORLDS = (
    World(
        "gcpdiag/cloudrun1",
        (
            Asked(
                "cloudrun_services.json",
                f"GET run.googleapis.com/v2/projects/{_PROJECT}/locations/us-central1/services",
            ),
        ),
        _NAMES,
        _service,
    ),
    World(
        "gcpdiag/cloudrun1",
        (Asked("iam-policy.json", f"POST {_MANAGER}/v3/projects/{_PROJECT}:getIamPolicy", {}),),
        _NAMES,
        _policy,
    ),
    World(
        "gcpdiag/cloudrun1",
        (Asked("project.json", f"GET {_MANAGER}/v3/projects/{_PROJECT}"),),
        _NAMES,
        _project,
    ),
    World(
        "gcpdiag/cloudrun1",
        (
            Asked(
                "iam-service-accounts.json",
                f"GET iam.googleapis.com/v1/projects/{_PROJECT}/serviceAccounts",
            ),
        ),
        _NAMES,
    ),
    World(
        "gcpdiag/cloudrun1",
        (Asked("locations.json", f"GET run.googleapis.com/v1/projects/{_PROJECT}/locations"),),
        _NAMES,
    ),
    World(
        "gcpdiag/gcb1",
        (
            Asked(
                "artifact-registry-policy.json",
                "GET artifactregistry.googleapis.com/v1/projects/gcpdiag-gcb1-aaaa/locations"
                "/us-central1/repositories/repository1:getIamPolicy",
            ),
        ),
        _NAMES,
        _repository_policy,
    ),
)
