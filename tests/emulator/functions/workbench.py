"""Sources of functions, their uploads, and functions that are made of them."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import requests
from google.cloud import functions_v1, functions_v2
from google.iam.v1 import policy_pb2

from tests.conftest import Clients

PROJECT = "projects/demo-project"
LOCATION = f"{PROJECT}/locations/us-central1"
HELLO = f"{LOCATION}/functions/hello"
OLD = f"{LOCATION}/functions/Old_one"
SERVICE = f"{LOCATION}/services/hello"
ZIP = {"Content-Type": "application/zip"}
RANGED = {**ZIP, "x-goog-content-length-range": "0,104857600"}
MAIN = """
def hello(request):
    seen = request.path, request.headers.get("Authorization", ""), request.get_data(as_text=True)
    return "|".join(seen)
"""


def archive(files: Mapping[str, str]) -> bytes:
    """A zip of the files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        for path, content in files.items():
            packed.writestr(path, content)
    return made.getvalue()


def v2(clients: Clients) -> functions_v2.FunctionServiceClient:
    """The client of v2."""
    return clients.make(functions_v2.FunctionServiceClient)


def v1(clients: Clients) -> functions_v1.CloudFunctionsServiceClient:
    """The client of v1."""
    return clients.make(functions_v1.CloudFunctionsServiceClient)


def upload(clients: Clients, files: Mapping[str, str] | None = None) -> functions_v2.StorageSource:
    """Upload a source for a function of the second generation."""
    made = v2(clients).generate_upload_url({"parent": LOCATION})
    content = archive({"main.py": MAIN} if files is None else files)
    answer = requests.put(made.upload_url, data=content, headers=ZIP, timeout=30)
    assert answer.status_code == 200, answer.text
    source: functions_v2.StorageSource = made.storage_source
    return source


def upload_first(clients: Clients, files: Mapping[str, str] | None = None) -> str:
    """Upload a source for a function of the first generation; its address."""
    url = v1(clients).generate_upload_url({"parent": LOCATION}).upload_url
    content = archive({"main.py": MAIN} if files is None else files)
    answer = requests.put(url, data=content, headers=RANGED, timeout=30)
    assert answer.status_code == 200, answer.text
    return str(url)


def function(clients: Clients, files: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A function of the second generation, its source uploaded, as it is sent."""
    source = {"storage_source": upload(clients, files)}
    build = {"runtime": "python311", "entry_point": "hello", "source": source}
    return {"build_config": build, "service_config": {}}


def first_function(
    clients: Clients, files: Mapping[str, str] | None = None, name: str = OLD
) -> dict[str, Any]:
    """A function of the first generation, its source uploaded, as it is sent."""
    return {
        "name": name,
        "runtime": "python311",
        "entry_point": "hello",
        "https_trigger": {},
        "source_upload_url": upload_first(clients, files),
    }


def create(clients: Clients, sent: dict[str, Any], name: str = "hello") -> Any:  # noqa: ANN401 - an operation of google.api_core
    """Create a function of the second generation; the operation."""
    request = {"parent": LOCATION, "function_id": name, "function": sent}
    return v2(clients).create_function(request)


def create_first(clients: Clients, sent: dict[str, Any]) -> Any:  # noqa: ANN401 - an operation of google.api_core
    """Create a function of the first generation; the operation."""
    return v1(clients).create_function({"location": LOCATION, "function": sent})


def update(clients: Clients, sent: dict[str, Any], *paths: str) -> functions_v2.Function:
    """Update a function of the second generation, and wait."""
    request = {"function": sent, "update_mask": {"paths": paths}}
    made: functions_v2.Function = v2(clients).update_function(request).result(timeout=120)
    return made


def deploy(clients: Clients) -> functions_v2.Function:
    """Deploy `hello` in the second generation."""
    sent = function(clients)
    going = create(clients, sent)
    made: functions_v2.Function = going.result(timeout=120)
    return made


def deploy_first(clients: Clients, name: str = OLD) -> functions_v1.CloudFunction:
    """Deploy `Old_one` in the first generation."""
    sent = first_function(clients, name=name)
    going = create_first(clients, sent)
    made: functions_v1.CloudFunction = going.result(timeout=120)
    return made


def bind(client: Any, resource: str, role: str, *members: str) -> None:  # noqa: ANN401 - any client with policies
    """Bind members to a role on a resource that has no other bindings."""
    policy = policy_pb2.Policy()
    policy.bindings.add(role=role, members=members)
    client.set_iam_policy(request={"resource": resource, "policy": policy})


def account(clients: Clients, name: str) -> str:
    """A new service account that the developer may speak as; its address."""
    made = clients.iam.create_service_account(request={"name": PROJECT, "account_id": name})
    return str(made.email)


def id_token(clients: Clients, email: str, audience: str) -> str:
    """An ID token of a service account."""
    made = clients.credentials.generate_id_token(
        name=f"projects/-/serviceAccounts/{email}", audience=audience, include_email=True
    )
    return str(made.token)


def status(url: str, token: str = "") -> int:
    """How an address answers."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(url, headers=headers, timeout=30).status_code
