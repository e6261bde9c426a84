"""Services that the tests of `gcloud run` deploy, and how they look at them."""

from dataclasses import dataclass
from typing import Any

from google.cloud import artifactregistry_v1, run_v2

from tests.conftest import DEVELOPER, Clients, ImagePusher, RunningEmulator
from tests.e2e.gcloud.conftest import Gcloud

REGION = "asia-east1"
ANN = "user:ann@example.com"


@dataclass(frozen=True)
class RunServices:
    """`gcloud run` on an emulator without an engine.

    Args:
        gcloud: the real gcloud.
        emulator: where it goes.
        v2: Google's own clients of v2, for a second look.
        image: what is deployed.
    """

    gcloud: Gcloud
    emulator: RunningEmulator
    v2: Clients
    image: str

    def deploy(self, name: str, *options: str) -> str:
        """Deploy by gcloud; what it told."""
        line = f"run deploy {name} --image={self.image} --region={REGION}"
        return self.gcloud.told(line, *options)

    def create(self, name: str) -> None:
        """Create a private service by Google's own client."""
        template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=self.image)])
        parent, _, service = self.full_name(name).rpartition("/services/")
        self.v2.services.create_service(
            parent=parent, service_id=service, service=run_v2.Service(template=template)
        ).result(timeout=30)

    def full_name(self, name: str) -> str:
        """The service's v2 name."""
        return f"projects/{self.emulator.project}/locations/{REGION}/services/{name}"

    def get(self, name: str) -> Any:  # noqa: ANN401 - a v2 Service
        """The service as v2 shows it."""
        return self.v2.services.get_service(name=self.full_name(name))

    def described(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """What `gcloud run services describe` prints."""
        return self.gcloud.json(f"run services describe {name} --region={REGION}")

    def policy(self, name: str) -> dict[str, list[str]]:
        """The members by role, as `gcloud run services get-iam-policy` prints them."""
        line = f"run services get-iam-policy {name} --region={REGION}"
        bindings = self.gcloud.json(line).get("bindings", [])
        return {one["role"]: sorted(one["members"]) for one in bindings}

    def bind(self, name: str, role: str, *members: str) -> None:
        """Bind members by the emulator's back door."""
        for member in members:
            self.emulator.admin(
                "POST", "/grants", resource=self.full_name(name), member=member, role=role
            )

    def forget(self) -> None:
        """Begin a new record of what is asked."""
        self.emulator.admin("DELETE", "/requests")

    def asked(self) -> list[str]:
        """The calls of Cloud Run since, as ``Services/GetService``."""
        return [
            one["method"].rpartition(".")[2]
            for one in self.emulator.requests()
            if one["method"].startswith("google.cloud.run.v1.")
        ]


def open_run_services(gcloud: Gcloud, emulator: RunningEmulator) -> RunServices:
    """`gcloud run` on an emulator, with an image that is pushed there."""
    v2 = Clients(emulator, "grpc", DEVELOPER)
    v2.repositories.create_repository(
        parent=f"projects/{emulator.project}/locations/{REGION}",
        repository_id="run",
        repository=artifactregistry_v1.Repository(format_="DOCKER"),
    ).result(timeout=30)
    image = ImagePusher(emulator).push(f"{REGION}/{emulator.project}/run/hello", "v1")
    return RunServices(gcloud, emulator, v2, image)
