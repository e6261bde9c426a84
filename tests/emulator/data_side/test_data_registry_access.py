"""Who may do what in the emulator's registry, and how clients are told to sign in."""

import re
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from tests.emulator.data_side.conftest import DataSide, RegistryClient

RESOURCE = "projects/acme-prod/locations/asia-east1/repositories/services"
SCOPE = "repository:asia-east1/acme-prod/services/app:pull"


def _token(side: "DataSide", user: str, password: str) -> requests.Response:
    url = f"http://{side.host}/v2/token"
    return requests.get(url, auth=(user, password), params={"scope": SCOPE}, timeout=30)


def test_a_client_without_credentials_is_sent_to_the_token_endpoint(side: "DataSide") -> None:
    """The ping gets 401 and a Bearer challenge that names realm and service."""
    answer = requests.get(f"http://{side.host}/v2/", timeout=30)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer realm="http://{side.host}/v2/token",service="{side.host}"'
    )
    assert answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"


def test_the_challenge_for_a_pull_names_its_scope(client: "RegistryClient") -> None:
    """An anonymous pull is told which scope its token needs."""
    answer = requests.get(client.url("services/app", "manifests/latest"), timeout=30)
    assert answer.status_code == 401
    assert f'scope="{SCOPE}"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("user", ["oauth2accesstoken", "_dcgcloud_token"])
def test_an_access_token_buys_a_registry_token(
    side: "DataSide", client: "RegistryClient", user: str
) -> None:
    """Basic credentials with an access token get a token that opens what the member may do."""
    client.push_image("services/app", "latest")
    answer = _token(side, user, side.identities.access_token("user:developer@example.com"))
    headers = {"Authorization": f"Bearer {answer.json()['token']}"}
    pull = requests.get(client.url("services/app", "manifests/latest"), headers=headers, timeout=30)
    assert (answer.status_code, pull.status_code) == (200, 200)


@pytest.mark.parametrize(
    ("user", "password"), [("oauth2accesstoken", "made up"), ("somebody", "secret")]
)
def test_wrong_credentials_get_no_token(side: "DataSide", user: str, password: str) -> None:
    """A made-up access token or another user name is refused."""
    assert _token(side, user, password).status_code == 401


def test_an_expired_access_token_is_refused(side: "DataSide") -> None:
    """Neither as a password nor as a Bearer token."""
    expired = side.identities.access_token("user:developer@example.com", -1)
    assert _token(side, "oauth2accesstoken", expired).status_code == 401
    headers = {"Authorization": f"Bearer {expired}"}
    answer = requests.get(f"http://{side.host}/v2/", headers=headers, timeout=30)
    assert answer.status_code == 401


def test_an_anonymous_token_for_a_private_repository_is_refused(side: "DataSide") -> None:
    """Somebody anonymous is told so already at the token endpoint, in Google's words."""
    answer = requests.get(f"http://{side.host}/v2/token", params={"scope": SCOPE}, timeout=30)
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["message"] == (
        "Unauthenticated request. Unauthenticated requests do not have permission "
        '"artifactregistry.repositories.downloadArtifacts" '
        f'on resource "{RESOURCE}" (or it may not exist)'
    )


def test_everybody_pulls_from_a_public_repository(
    side: "DataSide", client: "RegistryClient"
) -> None:
    """Where allUsers may download, no credentials are needed."""
    client.push_image("services/app", "latest")
    side.grants.allow("allUsers", "artifactregistry.repositories.downloadArtifacts", RESOURCE)
    url = client.url("services/app", "manifests/latest")
    assert requests.get(url, timeout=30).status_code == 200
    assert requests.get(f"http://{side.host}/v2/token", params={"scope": SCOPE}, timeout=30).ok


def test_somebody_without_the_permission_is_denied_in_googles_words(
    client: "RegistryClient", other_client: "RegistryClient"
) -> None:
    """Pushing, pulling and deleting each name the permission that is missing."""
    digest, _ = client.push_image("services/app", "latest")
    for method, rest, verb in (
        ("POST", "blobs/uploads/", "uploadArtifacts"),
        ("GET", "manifests/latest", "downloadArtifacts"),
        ("GET", f"blobs/{digest}", "downloadArtifacts"),
        ("DELETE", "manifests/latest", "deleteArtifacts"),
    ):
        answer = other_client.call(method, "services/app", rest)
        error = answer.json()["errors"][0]
        assert (answer.status_code, error["code"]) == (403, "DENIED")
        assert error["message"] == (
            f'Permission "artifactregistry.repositories.{verb}" denied on resource '
            f'"{RESOURCE}" (or it may not exist)'
        )


def test_a_repository_that_is_not_there_is_unknown_only_to_those_who_may_know(
    side: "DataSide", client: "RegistryClient", other_client: "RegistryClient"
) -> None:
    """Who holds the permission learns that it is missing; who does not is denied."""
    name = "projects/acme-prod/locations/asia-east1/repositories/gone"
    upload = "artifactregistry.repositories.uploadArtifacts"
    side.grants.allow("user:developer@example.com", upload, name)
    answer = client.call("POST", "gone/app", "blobs/uploads/")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "NAME_UNKNOWN")
    assert other_client.call("POST", "gone/app", "blobs/uploads/").status_code == 403


def test_requests_are_recorded_with_who_asked_and_never_a_token(
    side: "DataSide", client: "RegistryClient", other_client: "RegistryClient"
) -> None:
    """The record tells method, repository, member, status and whether it would write."""
    other_client.call("POST", "services/app", "blobs/uploads/")
    client.call("HEAD", "services/app", "manifests/latest")
    records = side.recorder.all()
    told = [
        (one["method"], one["resource"], one["principal"], one["status"], one["write"])
        for one in records
    ]
    assert told == [
        ("registry/POST uploads", RESOURCE, "user:stranger@example.com", "403", True),
        ("registry/HEAD manifests", RESOURCE, "user:developer@example.com", "404", False),
    ]
    assert not re.search("ya29|Bearer", str(records))
