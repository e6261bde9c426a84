"""Build the image, unless one of the same inputs was built already, by anyone."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from provision.clients.clock import Clock
from provision.clients.docker_engine import BuildRequest, DockerEngine
from provision.errors import BuildError, EngineError
from provision.image.destination import Destination
from provision.image.dockerfile import PLATFORM
from provision.image.inputs import LABEL, InputsReader
from provision.plan import Change, Check, Claim, Evidence, Known, Unknown, Verdict
from provision.stages import Progress


@dataclass(frozen=True)
class Built:
    """An image of certain inputs.

    Args:
        inputs: the hash of all that goes into it.
        platform: ``os/architecture`` of the result.
        image_id: the engine's id of it; empty while there is none.
        image: where the registry has it, by digest; empty when it does not.
        note: where it was found.
    """

    inputs: str
    platform: str
    image_id: str = field(default="", compare=False)
    image: str = field(default="", compare=False)
    note: str = field(default="", compare=False)


@dataclass(frozen=True)
class Build:
    """The stage that builds.

    Args:
        reader: reads what goes into the image.
        destination: where an image of the same inputs may be already.
        engine: builds; needed only when there is something to build.
        progress: takes the lines of the build.
        clock: for evidence.
    """

    reader: InputsReader
    destination: Destination
    engine: DockerEngine
    progress: Progress
    clock: Clock
    name: str = "build"

    @property
    def subject(self) -> str:
        """The image, in words."""
        return f"image {self.reader.image.name} from {self.reader.image.dockerfile.name}"

    def desired(self, known: Known) -> Built:  # noqa: ARG002 - the first stage knows nothing yet
        """An image of the inputs as they are."""
        return Built(self.reader.inputs.hash, PLATFORM)

    def observe(self) -> Built | None:
        """An image of these inputs: in the registry, else in the engine."""
        return self._in_registry() or self._in_engine()

    def apply(self, change: Change[Built]) -> Built:
        """Build it.

        Raises:
            BuildError: a step failed, or the result cannot run on Cloud Run.
            EngineError: there is no engine, or it broke off.
            PlanOutdatedError: files changed since the plan.
        """
        inputs = self.reader.inputs
        self.reader.bases.bring(inputs.bases)
        archive = self.reader.pack()
        with archive.file:
            request = BuildRequest(
                archive=archive.file,
                dockerfile=archive.dockerfile,
                target=self.reader.image.target,
                build_args=self.reader.image.build_args,
                platform=PLATFORM,
                labels={LABEL: inputs.hash},
                tag=self.reader.local_name,
            )
            image_id = self.engine.build(request, self.progress)
        self._check(image_id)
        return replace(change.desired, image_id=image_id, note="built now")

    def learn(self, known: Known, state: Built) -> Known:
        """The image's id, and where the registry has it."""
        return replace(
            known,
            image_id=state.image_id or Unknown("build"),
            image=state.image or Unknown("push"),
        )

    def verify(self, state: Built) -> Iterable[Check]:
        """An image of the inputs as they are now is there."""
        found = self.observe()
        passed = found is not None and found.inputs == state.inputs
        answered = f"{found.image_id}, {found.note}" if found else "there is none"
        yield Check(
            name="image-built-from-inputs",
            claim=Claim.CONFIGURATION,
            verdict=Verdict.PASSED if passed else Verdict.FAILED,
            summary="the image is built from the sources as they are"
            if passed
            else "no image is built from the sources as they are",
            evidence=(
                Evidence(
                    f"image with the label {LABEL}={state.inputs}", answered, self.clock.stamp()
                ),
            ),
            hint="" if passed else "`provision build` builds it.",
        )

    def _in_registry(self) -> Built | None:
        inputs = self.reader.inputs
        found = self.destination.find(self.destination.find_repository(), inputs.tag)
        if found is None or found.inputs != inputs.hash:
            return None
        return Built(
            inputs.hash,
            found.platform,
            found.image_id,
            found.image,
            f"the registry has {found.image}",
        )

    def _in_engine(self) -> Built | None:
        inputs = self.reader.inputs
        try:
            # By name and label: whoever builds on top of our image inherits the label alone.
            found = self.engine.find_image(self.reader.local_name)
        except EngineError:
            # Without an engine there is nothing built here; only building needs one, and says so.
            return None
        if found is None or found.platform != PLATFORM or found.labels.get(LABEL) != inputs.hash:
            return None
        return Built(inputs.hash, found.platform, found.id, "", f"the engine has {found.id}")

    def _check(self, image_id: str) -> None:
        """Look at the result; the engine is free to build something else than was asked."""
        image = self.engine.find_image(image_id)
        if image is None:
            raise BuildError(f"The engine built {image_id} and does not have it any more.")
        if image.platform != PLATFORM:
            self.engine.untag(self.reader.local_name)
            raise BuildError(
                f"The image is for {image.platform}, and Cloud Run runs {PLATFORM} only: its base"
                " image is of that architecture.",
                hint=f"Choose a base that is there for {PLATFORM}, and take a --platform of another"
                " architecture out of the Dockerfile's last FROM.",
            )
