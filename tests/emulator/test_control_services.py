"""Cloud Run services of the emulator, through Google's own clients."""

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import run_v2

from tests.conftest import Clients

PARENT = "projects/demo-project/locations/asia-east1"
ORDERS = f"{PARENT}/services/orders"


def service_of(image: str, **fields: Any) -> run_v2.Service:  # noqa: ANN401 - fields of a message
    """A service of one bare container."""
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=image)])
    return run_v2.Service(template=template, **fields)


def test_a_new_service_is_pending_first_and_ready_later(
    clients: Clients, pushed_image: str
) -> None:
    """The operation starts with what is known then, and ends with the whole service."""
    operation = clients.services.create_service(
        parent=PARENT, service_id="orders", service=service_of(pushed_image)
    )
    assert not operation.operation.done
    first = operation.metadata
    assert first.generation == 1
    assert first.reconciling
    assert first.terminal_condition.type_ == ""
    assert first.terminal_condition.state.name == "CONDITION_PENDING"
    assert not first.conditions
    assert first.observed_generation == 0
    assert first.ingress.name == "INGRESS_TRAFFIC_UNSPECIFIED"
    assert first.latest_created_revision == ""
    assert first.uri == ""
    assert len(first.urls) == 1
    done = operation.result(timeout=30)
    assert done.observed_generation == 1
    assert not done.reconciling
    assert done.terminal_condition.type_ == "Ready"
    assert [one.type_ for one in done.conditions] == ["RoutesReady", "ConfigurationsReady"]
    assert done.latest_ready_revision == done.latest_created_revision
    assert done.latest_ready_revision.startswith(f"{ORDERS}/revisions/orders-00001-")
    assert done.ingress.name == "INGRESS_TRAFFIC_ALL"
    assert done.traffic_statuses[0].percent == 100
    assert [done.urls[0], done.uri] == list(done.urls)


def test_defaults_are_filled_in(clients: Clients, pushed_image: str) -> None:
    """A bare container gets what Cloud Run gives it."""
    created = clients.services.create_service(
        parent=PARENT, service_id="orders", service=service_of(pushed_image)
    ).result(timeout=30)
    container = created.template.containers[0]
    assert dict(container.resources.limits) == {"cpu": "1000m", "memory": "512Mi"}
    assert container.resources.cpu_idle
    assert container.ports[0].container_port == 8080
    assert container.startup_probe.timeout_seconds == 240
    assert created.template.max_instance_request_concurrency == 80
    assert created.template.timeout.seconds == 300
    assert created.template.service_account.endswith("-compute@developer.gserviceaccount.com")
    assert created.template.execution_environment.name == "EXECUTION_ENVIRONMENT_UNSPECIFIED"


def test_a_missing_service_is_told_in_google_s_words(clients: Clients) -> None:
    """Not found names the service, its region and its project."""
    with pytest.raises(exceptions.NotFound) as caught:
        clients.services.get_service(name=ORDERS)
    assert caught.value.message.endswith(
        "Resource 'orders' of kind 'SERVICE' in region 'asia-east1' in project 'demo-project' "
        "does not exist."
    )
