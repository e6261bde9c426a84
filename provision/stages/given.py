"""An image that somebody else built: resolved to its digest, and neither built nor pushed."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from provision.clients.clock import Clock
from provision.clients.registry import Registry
from provision.errors import BuildError, NotFoundError
from provision.image.destination import FoundImage, find_image
from provision.image.dockerfile import PLATFORM
from provision.plan import Change, Check, Claim, Evidence, Known, Unknown, Verdict
from provision.spec import GivenImage


@dataclass(frozen=True)
class Resolved:
    """A given image.

    Args:
        reference: as the spec names it.
        platform: ``linux/amd64``.
        image_id: the engine's id of it.
        image: by digest.
        note: why there is nothing to do.
    """

    reference: str
    platform: str
    image_id: str = field(default="", compare=False)
    image: str = field(default="", compare=False)
    note: str = field(default="", compare=False)


@dataclass(frozen=True)
class Given:
    """Stands where `build` and `push` would stand, and has nothing to do but to look.

    Args:
        given: what the spec says.
        registry: to ask.
        clock: for evidence.
        name: ``build`` or ``push``.
    """

    given: GivenImage
    registry: Registry
    clock: Clock
    name: str

    @property
    def subject(self) -> str:
        """The image, in words."""
        return f"image {self.given.reference}"

    def desired(self, known: Known) -> Resolved:  # noqa: ARG002 - nothing before it matters
        """The image, for linux/amd64."""
        return Resolved(str(self.given.reference), PLATFORM)

    def observe(self) -> Resolved:
        """What the reference names now.

        Raises:
            NotFoundError: nothing.
            BuildError: an image that Cloud Run cannot run.
        """
        found = self._get()
        return Resolved(
            reference=str(self.given.reference),
            platform=found.platform,
            image_id=found.image_id,
            image=found.image,
            note="the spec names a finished image",
        )

    def apply(self, change: Change[Resolved]) -> Resolved:
        """Never asked: what was observed is what is desired, or observing failed."""
        raise BuildError(f"There is nothing to {self.name}: the spec names {change.subject}.")

    def learn(self, known: Known, state: Resolved) -> Known:
        """The image by digest."""
        return replace(
            known,
            image_id=state.image_id or Unknown("build"),
            image=state.image or Unknown("push"),
        )

    def verify(self, state: Resolved) -> Iterable[Check]:
        """It is there and can run on Cloud Run; told once, in the place of `push`."""
        if self.name != "push":
            return
        found = self._get()
        yield Check(
            name="image-in-registry",
            claim=Claim.CONFIGURATION,
            verdict=Verdict.PASSED if found.image == state.image else Verdict.FAILED,
            summary="the registry has it",
            evidence=(self._evidence(f"GET manifest {self.given.reference}", found.image),),
        )
        yield Check(
            name="image-architecture",
            claim=Claim.CONFIGURATION,
            verdict=Verdict.PASSED if found.platform == PLATFORM else Verdict.FAILED,
            summary=f"it is for {PLATFORM}",
            evidence=(self._evidence(f"GET configuration of {found.image}", found.platform),),
        )

    def _evidence(self, asked: str, answered: str) -> Evidence:
        return Evidence(asked, answered, self.clock.stamp())

    def _get(self) -> FoundImage:
        reference = self.given.reference
        found = find_image(self.registry, reference)
        if found is None:
            raise NotFoundError(
                f"There is no image {reference} at {reference.host}.",
                hint="Check `image.reference`: its path, and its tag or digest.",
            )
        if found.configuration is None:
            there = ", ".join(self.registry.platforms(found.manifest)) or "no platform at all"
            raise BuildError(
                f"The image {reference} is there for {there}, not for {PLATFORM}, which is all"
                " that Cloud Run runs.",
                hint=f"Have it built for {PLATFORM} as well: `docker build --platform {PLATFORM}`.",
            )
        return found
