"""Cloud Run v1 over plain HTTP, on the regional host and on the global one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator

REGION = "asia-east1"
NAMESPACE = "/apis/serving.knative.dev/v1/namespaces/demo-project"
LOCATION = f"/v1/projects/demo-project/locations/{REGION}"


@dataclass(frozen=True)
class KnativeApi:
    """Plain HTTP with a member's token.

    Args:
        emulator: where it goes.
        member: who asks.
        host: the host that is asked for.
    """

    emulator: "RunningEmulator"
    member: str = "user:developer@example.com"
    host: str = f"{REGION}-run.googleapis.com"

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        **query: str,
    ) -> requests.Response:
        """One request."""
        return requests.request(
            method,
            f"{self.emulator.http}{path}",
            params=query,
            json=body,
            headers={
                "Authorization": f"Bearer {self.emulator.token(self.member)}",
                "Host": self.host,
            },
            timeout=30,
        )

    def ok(self, method: str, path: str, body: object = None, **query: str) -> Any:  # noqa: ANN401 - JSON
        """The answer of a request that works."""
        answer = self.call(method, path, body, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def error(self, method: str, path: str, body: object = None, **query: str) -> Any:  # noqa: ANN401 - JSON
        """The error of a request that is refused."""
        answer = self.call(method, path, body, **query)
        assert answer.status_code >= 400, answer.text
        return answer.json()["error"]

    def wait(self, service: dict[str, Any]) -> dict[str, Any]:
        """The service once its operation is done, as gcloud waits for it."""
        operation = service["metadata"]["annotations"]["run.googleapis.com/operation-id"]
        done = self.ok("POST", f"{LOCATION}/operations/{operation}:wait", {"timeout": "30s"})
        assert done["done"] is True
        found: dict[str, Any] = done["response"]
        assert found.pop("@type") == "type.googleapis.com/google.cloud.run.v1.Service"
        return found

    def create(self, service: dict[str, Any]) -> dict[str, Any]:
        """A new service, once it is ready."""
        return self.wait(self.ok("POST", f"{NAMESPACE}/services", service))

    def replace(self, service: dict[str, Any]) -> dict[str, Any]:
        """A service brought to what is given, once that is done."""
        path = f"{NAMESPACE}/services/{service['metadata']['name']}"
        return self.wait(self.ok("PUT", path, service))

    def get(self, name: str) -> dict[str, Any]:
        """A service."""
        found: dict[str, Any] = self.ok("GET", f"{NAMESPACE}/services/{name}")
        return found


def knative_service(image: str, name: str = "orders", **spec: object) -> dict[str, Any]:
    """A service of one container, as little as is needed."""
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "demo-project"},
        "spec": {"template": {"spec": {"containers": [{"image": image}], **spec}}},
    }


@pytest.fixture
def v1(emulator: "RunningEmulator") -> KnativeApi:
    """Cloud Run v1 on the regional host, as the developer."""
    return KnativeApi(emulator)
