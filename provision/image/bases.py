"""Base images, resolved to what they are now."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from provision.clients.docker_engine import DockerEngine
from provision.clients.registry import Registry
from provision.errors import BuildError, EngineError, PermissionDeniedError, UnavailableError
from provision.image.dockerfile import PLATFORM, Base
from provision.resources import ImageReference


@dataclass(frozen=True)
class ResolvedBase:
    """A base image and what it is now.

    Args:
        base: as the Dockerfile names it.
        digest: of its manifest or index; the engine's id of an image that no registry has.
        local: only the engine has it, or only the engine could be asked.
    """

    base: Base
    digest: str
    local: bool = False


@dataclass(frozen=True)
class Bases:
    """Resolves base images, and brings them to the engine.

    The image's registry is asked first, so that a base means the same on every machine. It is
    asked without the engine's help, then with it and so with the user's own logins. Only where no
    registry answers does the engine's own copy count.

    Args:
        registry: to ask.
        engine: may be missing, as long as registries answer.
        report: takes a line when something is pulled.
    """

    registry: Registry
    engine: DockerEngine
    report: Callable[[str], None]

    def resolve(self, base: Base) -> ResolvedBase:
        """What a base image is now.

        Raises:
            BuildError: it is nowhere to be found, or not there for linux/amd64.
            InvalidNameError: it is not an image's name.
        """
        reference = ImageReference.parse(base.image)
        if reference.digest:
            return ResolvedBase(base, reference.digest)
        problems: list[str] = []
        looks = (
            (self._ask_registry, f"{reference.host} does not have it."),
            (self._ask_engine, "The Docker engine does not have it."),
        )
        for look, nothing in looks:
            try:
                found = look(base, reference)
            except (PermissionDeniedError, UnavailableError, EngineError) as error:
                problems.append(str(error))
            else:
                if found:
                    return found
                problems.append(nothing)
        raise BuildError(
            f"Looking for the base image {base.image}: {' '.join(problems)}",
            hint="Check its name, log in to its registry (`docker login`), or build it here first.",
        )

    def bring(self, bases: Iterable[ResolvedBase]) -> None:
        """Make the engine's copies the ones that were resolved, and so the ones that are hashed.

        Raises:
            EngineError: one cannot be pulled, or there is no engine.
        """
        for resolved in bases:
            if not resolved.local and resolved.base.platform == PLATFORM:
                self._bring(resolved)

    def _bring(self, resolved: ResolvedBase) -> None:
        name, digest = resolved.base.image, resolved.digest
        here = self.engine.find_image(name)
        if here and here.platform == PLATFORM and _is_copy(here.repository_digests, digest):
            return
        reference = ImageReference.parse(name)
        self.report(f"pulling the base image {reference.name}@{digest}")
        login = self.registry.http.login(reference.host)
        self.engine.pull(reference.name, digest, platform=PLATFORM, login=login, report=self.report)
        if not reference.digest:
            self.engine.tag(f"{reference.name}@{digest}", reference.name, reference.tag or "latest")

    def _ask_registry(self, base: Base, reference: ImageReference) -> ResolvedBase | None:
        manifest = self.registry.find_manifest(reference)
        if manifest is None:
            return None
        if base.platform == PLATFORM:
            _check_platform(base, self.registry.platforms(manifest))
        return ResolvedBase(base, manifest.digest)

    def _ask_engine(self, base: Base, reference: ImageReference) -> ResolvedBase | None:
        told = self.engine.find_distribution(base.image)
        if told:
            _check_platform(base, told.platforms)
            return ResolvedBase(base, told.digest)
        here = self.engine.find_image(base.image)
        if here is None:
            return None
        _check_platform(base, (here.platform,))
        copies = [item.partition("@") for item in here.repository_digests]
        pulled = [
            digest
            for name, _, digest in copies
            if ImageReference.parse(name).name == reference.name
        ]
        return ResolvedBase(base, pulled[0] if pulled else here.id, local=True)


def _is_copy(repository_digests: Iterable[str], digest: str) -> bool:
    return any(item.endswith(f"@{digest}") for item in repository_digests)


def _check_platform(base: Base, platforms: tuple[str, ...]) -> None:
    if base.platform == PLATFORM and platforms and PLATFORM not in platforms:
        raise BuildError(
            f"The base image {base.image} is there for {', '.join(platforms)}, not for {PLATFORM},"
            " which is all that Cloud Run runs.",
            hint=f"Choose a base that is there for {PLATFORM}; `docker buildx imagetools inspect"
            f" {base.image}` shows what a base is there for.",
        )
