"""An API that a project has disabled answers nothing about that project."""

import pytest
import requests
from google.api_core import exceptions

from tests.conftest import Clients, RunningEmulator

PARENT = "projects/demo-project/locations/asia-east1"


def told(emulator: RunningEmulator, verb: str, path: str, expected: int = 200) -> dict[str, object]:
    """What Service Usage answers the developer about the project's services."""
    answer = requests.request(
        verb,
        f"{emulator.http}/v1/projects/demo-project/services{path}",
        headers={"Authorization": f"Bearer {emulator.token()}"},
        timeout=30,
    )
    assert answer.status_code == expected, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_a_disabled_api_refuses_until_it_is_enabled(
    emulator: RunningEmulator, clients: Clients
) -> None:
    """In the words that every API has for it, with a reason, the service and the consumer."""
    assert not list(clients.services.list_services(parent=PARENT))
    begun = told(emulator, "POST", "/run.googleapis.com:disable")
    assert str(begun["name"]).startswith("operations/acat.p2-")
    with pytest.raises(
        exceptions.Forbidden, match="Cloud Run Admin API has not been used in project"
    ) as refused:
        clients.services.list_services(parent=PARENT)
    assert refused.value.reason == "SERVICE_DISABLED"
    number = clients.projects.get_project(name="projects/demo-project").name
    metadata = refused.value.metadata
    assert metadata is not None
    assert (metadata["service"], metadata["consumer"]) == ("run.googleapis.com", number)
    assert told(emulator, "GET", "/run.googleapis.com")["state"] == "DISABLED"
    told(emulator, "POST", "/run.googleapis.com:enable")
    assert not list(clients.services.list_services(parent=PARENT))


def test_other_projects_and_other_apis_go_on(
    emulator: RunningEmulator, grpc_clients: Clients
) -> None:
    """Each project has services of its own."""
    emulator.admin("POST", "/projects", projectId="other-project")
    told(emulator, "POST", "/run.googleapis.com:disable")
    other = PARENT.replace("demo-project", "other-project")
    assert not list(grpc_clients.services.list_services(parent=other))
    assert not list(grpc_clients.repositories.list_repositories(parent=PARENT))


def test_lists_tell_enabled_and_disabled_services_apart(emulator: RunningEmulator) -> None:
    """By the filter on their state; disabling again has nothing to do."""
    told(emulator, "POST", "/run.googleapis.com:disable")
    found = told(emulator, "GET", "?filter=state:DISABLED")["services"]
    assert isinstance(found, list)
    assert [one["config"]["name"] for one in found] == ["run.googleapis.com"]
    enabled = told(emulator, "GET", "?filter=state:ENABLED&pageSize=200")["services"]
    assert isinstance(enabled, list)
    assert "run.googleapis.com" not in [one["config"]["name"] for one in enabled]
    again = told(emulator, "POST", "/run.googleapis.com:disable")
    assert again["done"] is True


def test_disabling_needs_its_permission(emulator: RunningEmulator) -> None:
    """A viewer may not."""
    member = "user:ann@example.com"
    emulator.admin(
        "POST", "/grants", resource="projects/demo-project", member=member, role="roles/viewer"
    )
    answer = requests.post(
        f"{emulator.http}/v1/projects/demo-project/services/run.googleapis.com:disable",
        headers={"Authorization": f"Bearer {emulator.token(member)}"},
        timeout=30,
    )
    assert answer.status_code == 403
    assert answer.json()["error"]["message"].startswith("Permission denied to disable service")
