"""What is asked of the engine: build, look, pull, tag and push."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

from provision.clients.docker_engine.connection import Connection, Event, engine_calls
from provision.clients.docker_engine.transcript import (
    BuildTranscript,
    CacheLostError,
    TransferTotals,
    said,
)
from provision.errors import EngineError, ProvisionError, PushError, UnavailableError

_BUILD_ATTEMPTS = 3
_NOT_REACHED = ("dial tcp", "no such host", "i/o timeout", "TLS handshake timeout")
"""What the engine says when it did not get as far as the registry."""

Report = Callable[[str], None]


@dataclass(frozen=True)
class EngineImage:
    """An image in the engine.

    Args:
        id: ``sha256:…``; the digest of the configuration or, in newer stores, of the manifest.
        platform: ``os/architecture``.
        labels: of the image.
        repository_digests: ``name@sha256:…`` for everywhere it was pulled from or pushed to.
    """

    id: str
    platform: str
    labels: Mapping[str, str]
    repository_digests: tuple[str, ...]


@dataclass(frozen=True)
class Distribution:
    """What a registry told the engine of an image: its digest and its platforms."""

    digest: str
    platforms: tuple[str, ...]


@dataclass(frozen=True)
class BuildRequest:
    """What to build.

    Args:
        archive: the context as a tar archive.
        dockerfile: path of the Dockerfile within it.
        target: stage to stop at; empty for the last.
        build_args: secret as far as we know, and so never shown.
        platform: as in ``linux/amd64``.
        labels: set on the image.
        tag: a name for it in the engine.
    """

    archive: IO[bytes] = field(repr=False)
    dockerfile: str
    target: str
    build_args: Mapping[str, str] = field(repr=False)
    platform: str
    labels: Mapping[str, str]
    tag: str


@dataclass(frozen=True)
class DockerEngine:
    """The engine that builds and pushes.

    Args:
        connection: the way to it.
    """

    connection: Connection

    def find_image(self, name: str) -> EngineImage | None:
        """The image of that name or id, or None when the engine does not have it."""
        from docker.errors import NotFound

        with engine_calls(f"Looking for {name} in the engine"):
            try:
                return _image(self.connection.api.inspect_image(name))  # type: ignore[no-untyped-call]
            except NotFound:
                return None

    def find_distribution(self, name: str) -> Distribution | None:
        """What the registry says of it, asked with the engine's own logins; None for nothing."""
        from docker.errors import APIError

        with engine_calls(f"Looking for {name} in its registry"):
            try:
                told = self.connection.api.inspect_distribution(name)  # type: ignore[no-untyped-call]
            except APIError:
                return None
        platforms = [
            f"{item.get('os')}/{item.get('architecture')}" for item in told.get("Platforms") or []
        ]
        return Distribution(str(told["Descriptor"]["digest"]), tuple(platforms))

    def pull(
        self,
        name: str,
        digest: str,
        *,
        platform: str,
        login: Mapping[str, str] | None,
        report: Report,
    ) -> None:
        """Bring an image here by digest.

        Raises:
            EngineError: it cannot be pulled, with the registry's words.
        """
        doing = f"Pulling {name}@{digest}"
        totals = TransferTotals("pulling", report)
        auth = dict(login) if login else None
        arguments = {"repository": name, "tag": digest, "platform": platform, "auth_config": auth}
        with self._stream(doing, "pull", stream=True, **arguments) as events:
            for event in events:
                if "error" in event:
                    raise EngineError(f"{doing}: {said(event)}")
                totals.take(event)

    def tag(self, image: str, name: str, tag: str) -> None:
        """Give an image a name."""
        with engine_calls(f"Naming the image {name}:{tag}"):
            self.connection.api.tag(image, name, tag)

    def untag(self, name: str) -> None:
        """Take a name away again; nothing happens when it is not there."""
        from docker.errors import NotFound

        with engine_calls(f"Taking the name {name} away"):
            try:
                self.connection.api.remove_image(name, noprune=True)
            except NotFound:
                return

    def build(self, request: BuildRequest, report: Report) -> str:
        """Build an image; its id.

        Whatever ends this early, Ctrl-C included, closes the connection, and with it the engine
        stops the build and removes its containers.

        Raises:
            BuildError: a step failed; with its last lines of output.
            EngineError: the engine broke off.
        """
        for _ in range(_BUILD_ATTEMPTS - 1):
            try:
                return self._build(request, report)
            except CacheLostError:
                report("another program removed images that the engine looked at: building again")
                request.archive.seek(0)
        return self._build(request, report)

    def _build(self, request: BuildRequest, report: Report) -> str:
        transcript = BuildTranscript(report)
        with self._stream(
            "Building the image",
            "build",
            fileobj=request.archive,
            custom_context=True,
            dockerfile=request.dockerfile,
            target=request.target or None,
            buildargs=dict(request.build_args),
            platform=request.platform,
            labels=dict(request.labels),
            tag=request.tag,
            rm=True,
            forcerm=True,
        ) as events:
            for event in events:
                transcript.take(event)
        return transcript.image_id()

    def push(self, name: str, tag: str, *, login: Mapping[str, str], report: Report) -> None:
        """Push ``name:tag``; every event is read, as the engine reports refusals among them.

        Args:
            name: with the registry's host.
            tag: which one.
            login: ``username`` and ``password``, for this push only; secret.
            report: takes a line now and then.

        Raises:
            PushError: in the words of the registry.
            UnavailableError: the engine cannot reach the registry.
            EngineError: the engine broke off.
        """
        totals = TransferTotals("pushing", report)
        arguments = {"repository": name, "tag": tag, "auth_config": dict(login)}
        with self._stream("Pushing the image", "push", stream=True, **arguments) as events:
            for event in events:
                if "error" in event or "errorDetail" in event:
                    raise _push_error(f"Pushing {name}:{tag}: {said(event)}")
                totals.take(event)
        report(f"pushed: {totals}")

    @contextmanager
    def _stream(
        self,
        doing: str,
        method: str,
        **arguments: Any,  # noqa: ANN401 - they are those of docker-py's methods
    ) -> Iterator[Iterator[Event]]:
        """The events of a long answer, each one decoded."""
        with engine_calls(doing), self.connection.streaming() as client:
            yield getattr(client, method)(decode=True, **arguments)


def _push_error(message: str) -> ProvisionError:
    if any(words in message for words in _NOT_REACHED):
        return UnavailableError(
            message,
            hint="The registry is looked for from where the Docker engine runs: check the network"
            " and the proxy there, and run the same command again.",
        )
    return PushError(message)


def _image(told: Mapping[str, Any]) -> EngineImage:
    return EngineImage(
        id=str(told["Id"]),
        platform=f"{told.get('Os')}/{told.get('Architecture')}",
        labels=(told.get("Config") or {}).get("Labels") or {},
        repository_digests=tuple(told.get("RepoDigests") or ()),
    )
