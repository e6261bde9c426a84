"""What a user's machine does with a registry: builds images, and pushes them."""

import importlib.metadata
import io
import tarfile
from collections.abc import Callable, Mapping, Sequence

import docker

PROJECT, LOCATION = "acme-prod", "asia-east1"
DEVELOPER = "user:developer@example.com"


class Workshop:
    """Builds small images on the engine and pushes them, as a user's machine does.

    Args:
        engine: the engine.
        host: the registry to push to.
        token: makes a member's access token.
    """

    def __init__(self, engine: docker.DockerClient, host: str, token: Callable[[str], str]) -> None:
        self._engine, self._host, self._token = engine, host, token
        self._references: set[str] = set()

    def build(self, name: str, files: Mapping[str, bytes], packages: Sequence[str] = ()) -> str:
        """Build an image of `files` (a Dockerfile among them) and Python packages; push it.

        Returns:
            The reference it was pushed under.
        """
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for path, content in files.items():
                entry = tarfile.TarInfo(path)
                entry.size, entry.mode = len(content), 0o755
                archive.addfile(entry, io.BytesIO(content))
            for distribution in packages:
                _add_distribution(archive, distribution)
        buffer.seek(0)
        reference = f"{self._host}/{LOCATION}/{PROJECT}/services/{name}"
        self._engine.images.build(fileobj=buffer, custom_context=True, tag=reference, rm=True)
        self._references.add(reference)
        self.push(reference)
        return reference

    def python(self, name: str, source: str, packages: Sequence[str] = ()) -> str:
        """Build and push a Python program on the base image of the tests."""
        lines = ["FROM provision-base:dev", "COPY . /", "ENV PYTHONPATH=/packages"]
        lines.append('CMD ["python3", "-u", "/app.py"]')
        files = {"Dockerfile": "\n".join(lines).encode(), "app.py": source.encode()}
        return self.build(name, files, packages)

    def push(self, reference: str, member: str = DEVELOPER) -> list[str]:
        """Push, and return the errors that the engine's stream told of."""
        credentials = {"username": "oauth2accesstoken", "password": self._token(member)}
        events = self._engine.images.push(
            reference, auth_config=credentials, stream=True, decode=True
        )
        return [str(event["error"]) for event in events if "error" in event]

    def clean(self) -> None:
        """Take the names away again."""
        for reference in self._references:
            self._engine.images.remove(reference, force=True)


def _add_distribution(archive: tarfile.TarFile, name: str) -> None:
    for file in importlib.metadata.files(name) or ():
        if ".." not in file.parts and "__pycache__" not in file.parts:
            archive.add(str(file.locate()), f"packages/{file}")
