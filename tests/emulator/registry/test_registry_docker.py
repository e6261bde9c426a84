"""A Docker engine pushes to the emulator's registry and pulls from it."""

import io
import os
import tarfile
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import docker
import pytest
from docker.errors import APIError, ImageNotFound, NotFound

from tests.emulator.registry.conftest import PREFIX

if TYPE_CHECKING:
    from tests.conftest import RunningEmulator

pytestmark = pytest.mark.engine
LAYERS = 12


class Engine:
    """A Docker engine, and the emulator it pushes to.

    Args:
        emulator: whose registry.
    """

    def __init__(self, emulator: "RunningEmulator") -> None:
        self.client = docker.from_env(timeout=120)
        self.host = str(emulator.about["registry"])
        self.name = f"{self.host}/{PREFIX}/one/docker-{uuid.uuid4().hex[:8]}"
        self._token = emulator.token

    def credentials(self, member: str = "user:developer@example.com") -> dict[str, str]:
        """An access token of a member, as Google's credential helper gives it."""
        return {"username": "_dcgcloud_token", "password": self._token(member)}

    def build(self, tag: str) -> Any:  # noqa: ANN401 - docker.models.images.Image
        """An image of twelve layers, each with a file of noise."""
        buffer = io.BytesIO()
        lines = ["FROM scratch", *(f"COPY {number} /{number}" for number in range(LAYERS))]
        files = {str(number): os.urandom(1 << 20) for number in range(LAYERS)}
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for path, content in {"Dockerfile": "\n".join(lines).encode(), **files}.items():
                entry = tarfile.TarInfo(path)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        buffer.seek(0)
        name = f"{self.name}:{tag}"
        return self.client.images.build(fileobj=buffer, custom_context=True, tag=name, rm=True)[0]

    def push(self, tag: str, member: str = "user:developer@example.com") -> list[dict[str, Any]]:
        """Push; the events that the engine told."""
        return list(
            self.client.images.push(
                self.name, tag, auth_config=self.credentials(member), stream=True, decode=True
            )
        )

    def forget(self) -> None:
        """Remove the images from the engine."""
        for image in self.client.images.list(self.name):
            self.client.images.remove(str(image.id), force=True)


@pytest.fixture
def engine(judged_emulator: "RunningEmulator") -> Iterator[Engine]:
    """The engine that the environment names; what was made on it is removed."""
    found = Engine(judged_emulator)
    yield found
    found.forget()
    found.client.close()


def test_an_image_of_many_layers_is_pushed_and_pulled(engine: Engine) -> None:
    """By tag and by digest; it comes back as the same image, and is not pushed twice."""
    built = engine.build("v1")
    events = engine.push("v1")
    assert [event for event in events if "error" in event] == []
    digest = next(event["aux"]["Digest"] for event in events if "aux" in event)
    engine.forget()
    with pytest.raises(ImageNotFound):
        engine.client.images.get(built.id)
    credentials = engine.credentials()
    pulled = engine.client.images.pull(f"{engine.name}:v1", auth_config=credentials)
    assert pulled.id == built.id
    engine.forget()
    pulled = engine.client.images.pull(f"{engine.name}@{digest}", auth_config=credentials)
    assert pulled.id == built.id
    pulled.tag(engine.name, "v2")
    again = [event.get("status") for event in engine.push("v2")]
    assert again.count("Layer already exists") == LAYERS


def test_a_push_without_permission_is_denied_in_googles_words(engine: Engine) -> None:
    """Docker shows the permission and the repository."""
    engine.build("v1")
    (error,) = [
        one["error"] for one in engine.push("v1", "user:nobody@example.com") if "error" in one
    ]
    assert error.startswith('denied: Permission "artifactregistry.repositories.uploadArtifacts"')


def test_what_is_not_there_is_not_pulled(engine: Engine) -> None:
    """Docker says that the manifest is unknown."""
    with pytest.raises(NotFound, match="manifest unknown"):
        engine.client.images.pull(f"{engine.name}:none", auth_config=engine.credentials())


def test_docker_login_takes_an_access_token_and_nothing_else(engine: Engine) -> None:
    """A made-up password is unauthorized."""
    told = engine.client.login(**engine.credentials(), registry=engine.host, reauth=True)
    assert told["Status"] == "Login Succeeded"
    with pytest.raises(APIError, match="unauthorized"):
        engine.client.login(
            username="oauth2accesstoken", password="made up", registry=engine.host, reauth=True
        )
