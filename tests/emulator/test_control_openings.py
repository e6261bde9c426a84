"""Ways to open a service, and what they take."""

from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import requests
from google.api_core.exceptions import PermissionDenied
from google.cloud import run_v2

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Clients, RunningEmulator

DEPLOYER = "user:deployer@example.com"
PROJECT = "projects/demo-project"


def test_switching_the_invoker_check_off_takes_the_right_to_write_policies(
    emulator: "RunningEmulator", clients_of: "Callable[[str], Clients]", pushed_image: str
) -> None:
    """For a new service as for an existing one: it is as open as a policy with allUsers."""
    for role in ("roles/run.developer", "roles/iam.serviceAccountUser"):
        emulator.admin("POST", "/grants", resource=PROJECT, role=role, member=DEPLOYER)
    reader = "roles/artifactregistry.reader"
    emulator.admin("POST", "/grants", resource=PROJECT, role=reader, member=DEPLOYER)
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=pushed_image)])
    service = run_v2.Service(template=template, invoker_iam_disabled=True)
    services = clients_of(DEPLOYER).services
    request = {"parent": f"{PROJECT}/locations/asia-east1", "service_id": "open"}
    with pytest.raises(PermissionDenied, match=r"run\.services\.setIamPolicy"):
        services.create_service(request={**request, "service": service})
    service.invoker_iam_disabled = False
    services.create_service(request={**request, "service": service}).result(timeout=30)


def test_a_request_that_is_about_no_path_reaches_nothing(
    grpc_clients: "Clients", pushed_image: str
) -> None:
    """``OPTIONS *`` is answered like any other address that is not there."""
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=pushed_image)])
    service = run_v2.Service(template=template, invoker_iam_disabled=True)
    request = {"parent": f"{PROJECT}/locations/asia-east1", "service_id": "open"}
    made = grpc_clients.services.create_service(request={**request, "service": service})
    url = made.result(timeout=30).uri
    assert requests.get(url, timeout=10).status_code == 200
    connection = HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request("OPTIONS", "*")
    answer = connection.getresponse()
    connection.close()
    assert answer.status == 404
