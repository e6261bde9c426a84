"""The registry under Google's own host names, which come in the Host header."""

from typing import TYPE_CHECKING

import pytest

from tests.emulator.registry.conftest import LOCATION, PROJECT
from tests.emulator.registry.talk import MANIFEST, Peer

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator


@pytest.fixture
def at_google(judged_emulator: "RunningEmulator") -> Peer:
    """The registry as ``asia-east1-docker.pkg.dev``, where names begin with the project."""
    headers = {
        "Authorization": f"Bearer {judged_emulator.token()}",
        "Host": f"{LOCATION}-docker.pkg.dev",
    }
    return Peer(str(judged_emulator.about["registry"]), PROJECT, headers)


def test_an_image_has_one_content_under_both_names(at_google: Peer, subject: Peer) -> None:
    """What is pushed to Google's host is pulled from the emulator's own."""
    content = at_google.manifest("hosts", "1")
    pushed = at_google.put("hosts", "v1", content)
    assert pushed.status == 201
    assert pushed.location.startswith(f"/v2/{PROJECT}/one/hosts/manifests/")
    assert subject.image("GET", "hosts", "manifests/v1", Accept=MANIFEST).body == content


def test_an_upload_stays_on_the_host_it_began_on(at_google: Peer) -> None:
    """Its address has the name as that host has it."""
    location = at_google.begin("hosts").location
    assert location.startswith(f"/v2/{PROJECT}/one/hosts/blobs/uploads/")
    assert at_google.finish(location, b"by host", b"by host").status == 201


def test_the_challenge_leads_to_google_over_tls(judged_emulator: "RunningEmulator") -> None:
    """Clients that believe to talk to Google are sent on to Google's name."""
    host = f"{LOCATION}-docker.pkg.dev"
    peer = Peer(str(judged_emulator.about["registry"]), PROJECT, {"Host": host})
    answer = peer.call("GET", f"/v2/{PROJECT}/one/hosts/manifests/v1")
    assert answer.status == 401
    challenge = {name.lower(): value for name, value in answer.headers.items()}["www-authenticate"]
    assert challenge.startswith(f'Bearer realm="https://{host}/v2/token",service="{host}"')


@pytest.mark.parametrize("host", ["us-central1-docker.pkg.dev", "gcr.io"])
def test_a_repository_of_another_location_is_not_there(
    judged_emulator: "RunningEmulator", host: str
) -> None:
    """The host is part of the repository's name."""
    headers = {"Authorization": f"Bearer {judged_emulator.token()}", "Host": host}
    peer = Peer(str(judged_emulator.about["registry"]), PROJECT, headers)
    assert peer.image("GET", "hosts", "manifests/v1").outcome == "404 NAME_UNKNOWN"


@pytest.mark.parametrize("at_google", [False, True])
def test_addresses_are_told_in_the_names_of_whoever_asks(
    judged_emulator: "RunningEmulator", subject: Peer, at_google: bool
) -> None:
    """Under Google's name of the API images are at Google's name of the registry."""
    subject.put("told", "v1", subject.manifest("told", "1"))
    host = "artifactregistry.googleapis.com" if at_google else subject.host
    headers = {"Authorization": f"Bearer {judged_emulator.token()}", "Host": host}
    api = Peer(subject.host, PROJECT, headers)
    name = f"/v1/projects/{PROJECT}/locations/{LOCATION}/repositories/one"
    own = f"{subject.host}/{LOCATION}/{PROJECT}/one"
    expected = f"{LOCATION}-docker.pkg.dev/{PROJECT}/one" if at_google else own
    assert api.call("GET", name).json["registryUri"] == expected
    images = api.call("GET", f"{name}/dockerImages").json["dockerImages"]
    assert {image["uri"].startswith(f"{expected}/") for image in images} == {True}
