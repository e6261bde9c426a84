"""What outlives a run of the emulator, and what must not."""

import hashlib
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import pytest
import requests

from provision.emulator.runtime import EngineUnavailableError, open_runtime
from provision.emulator.seams import StartError
from tests.emulator.data_side.conftest import DataSide, RegistryClient, opened
from tests.emulator.data_side.workshop import Workshop

if TYPE_CHECKING:
    from provision.emulator.seams import RevisionToRun

SLEEPER = """
import http.server, os
http.server.HTTPServer(("", int(os.environ["PORT"])), http.server.SimpleHTTPRequestHandler
                       ).serve_forever()
"""


def test_images_survive_a_restart(tmp_path: Path) -> None:
    """Tags, manifests and blobs are there again, an unfinished upload goes on."""
    with opened(DataSide(tmp_path, "none", "first")) as side:
        side.repository()
        client = RegistryClient(side)
        digest, content = client.push_image("services/app", "v1")
        upload = client.call("POST", "services/app", "blobs/uploads/").headers["Location"]
        client.session.patch(f"http://{side.host}{upload}", data=b"half and ")
    with opened(DataSide(tmp_path, "none", "second")) as side:
        side.repository()
        client = RegistryClient(side)
        assert client.call("GET", "services/app", "manifests/v1").content == content
        image = side.find("{host}/asia-east1/acme-prod/services/app@" + digest)
        assert image is not None
        assert (image.tags, image.platforms) == (("v1",), ("linux/amd64",))
        whole = client.digest_of(b"half and half")
        url = f"http://{side.host}{upload}?digest={whole}"
        assert client.session.put(url, data=b"half").status_code == 201


def test_a_large_layer_takes_no_memory(side: DataSide, client: RegistryClient) -> None:
    """A layer goes to disk and comes back in pieces, however large it is."""
    piece, count = b"\0" * (1 << 20), 96

    def pieces() -> Iterator[bytes]:
        for _ in range(count):
            yield piece

    location = client.call("POST", "services/app", "blobs/uploads/").headers["Location"]
    digest = _digest_of_zeros(count)
    tracemalloc.start()
    client.session.patch(f"http://{side.host}{location}", data=pieces())
    finished = client.session.put(f"http://{side.host}{location}?digest={digest}")
    with client.call("GET", "services/app", f"blobs/{digest}", stream=True) as answer:
        received = sum(len(part) for part in answer.iter_content(1 << 16))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert finished.status_code == 201
    assert received == count << 20
    assert peak < 24 << 20


def _digest_of_zeros(megabytes: int) -> str:
    value = hashlib.sha256()
    for _ in range(megabytes):
        value.update(b"\0" * (1 << 20))
    return f"sha256:{value.hexdigest()}"


def test_without_an_engine_revisions_start_and_nothing_runs(
    side: DataSide, client: RegistryClient
) -> None:
    """The placeholder succeeds, has no address, no callers and no network."""
    client.push_image("services/app", "v1")
    revision = side.revision_of("orders", "{host}/asia-east1/acme-prod/services/app:v1")
    side.run(side.runtime.start(revision))
    assert side.run(side.runtime.address(revision.service, revision.revision)) is None
    assert side.runtime.caller("127.0.0.1") is None
    assert side.runtime.gateway is None
    side.run(side.runtime.stop(revision.service, revision.revision))


def test_an_engine_asked_for_by_address_has_to_be_there(side: DataSide, tmp_path: Path) -> None:
    """A named engine that does not answer is an error, not a placeholder."""
    address = f"unix://{tmp_path}/nobody.sock"
    opening = open_runtime(address, "nobody", side.identities, side.registry.images)
    with pytest.raises(EngineUnavailableError, match="cannot be used"):
        side.run(opening)


def _running(workshop: Workshop, side: DataSide, service: str) -> "RevisionToRun":
    revision = side.revision_of(service, workshop.python("sleeper", SLEEPER))
    side.run(side.runtime.start(revision))
    return revision


@pytest.mark.engine
def test_leftovers_of_a_killed_emulator_are_removed(
    engine_side: DataSide, engine: docker.DockerClient, workshop: Workshop, tmp_path: Path
) -> None:
    """Another run under the same name removes its containers and network, and nobody else's."""
    kept = _running(workshop, engine_side, "kept")
    label = f"test-killed-{tmp_path.name}"
    for number in ("left", "over"):
        engine.containers.create(
            "provision-base:dev", name=f"{label}-{number}", labels={"provision.emulator": label}
        )
    network = engine.networks.create(label, labels={"provision.emulator": label})
    with opened(DataSide(tmp_path / "registry", "auto", label)) as side:
        ours = f"provision.emulator={label}"
        assert engine.containers.list(all=True, filters={"label": ours}) == []
        (own,) = engine.networks.list(filters={"label": ours})
        assert own.id != network.id
        assert side.runtime.gateway is not None
    assert engine.networks.list(filters={"label": ours}) == []
    assert engine_side.run(engine_side.runtime.address(kept.service, kept.revision)) is not None
    label = f"provision.service={kept.service.name}"
    assert len(engine.containers.list(filters={"label": label})) == 1


@pytest.mark.engine
def test_closing_removes_containers_network_and_pulled_images(
    engine: docker.DockerClient, tmp_path: Path
) -> None:
    """The engine is left as it was found."""
    label = f"test-closing-{tmp_path.name}"
    with opened(DataSide(tmp_path / "registry", "auto", label)) as side:
        side.repository()
        shop = Workshop(engine, side.host, side.identities.access_token)
        _running(shop, side, "orders")
        shop.clean()
        ours = f"provision.emulator={label}"
        assert len(engine.containers.list(filters={"label": ours})) == 1
    assert engine.containers.list(all=True, filters={"label": ours}) == []
    assert engine.networks.list(filters={"label": ours}) == []
    assert side.host not in json.dumps([image.attrs for image in engine.images.list(all=True)])


@pytest.mark.engine
def test_a_container_removed_behind_our_back_is_told_of(
    engine_side: DataSide, engine: docker.DockerClient, workshop: Workshop
) -> None:
    """Its address answers 503, and stopping the revision still succeeds."""
    revision = _running(workshop, engine_side, "gone")
    _, url, _ = engine_side.open_service("gone", invoker_iam_disabled=True)
    assert requests.get(url, timeout=30).status_code == 200
    label = f"provision.service={revision.service.name}"
    (container,) = engine.containers.list(filters={"label": label})
    container.remove(force=True)
    assert requests.get(url, timeout=60).status_code == 503
    engine_side.run(engine_side.runtime.stop(revision.service, revision.revision))


@pytest.mark.engine
def test_an_image_deleted_from_the_registry_does_not_start(
    engine_side: DataSide, workshop: Workshop
) -> None:
    """Even when the engine still has it."""
    revision = _running(workshop, engine_side, "deleted")
    client = RegistryClient(engine_side)
    assert client.call("DELETE", "services/sleeper", "manifests/latest").status_code == 202
    digest = revision.image.digest
    assert client.call("DELETE", "services/sleeper", f"manifests/{digest}").status_code == 202
    with pytest.raises(StartError, match="not found") as caught:
        engine_side.run(engine_side.runtime.start(revision))
    assert caught.value.reason == "CONTAINER_MISSING"
