"""Push the image into its repository, which is created when missing."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from provision.clients.artifact_registry import Repository
from provision.clients.clock import Clock
from provision.clients.docker_engine import DockerEngine
from provision.errors import ConflictError, PermissionDeniedError, ProvisionError, PushError
from provision.image.destination import Destination, FoundImage, find_image
from provision.image.dockerfile import PLATFORM
from provision.image.inputs import InputsReader
from provision.plan import Change, Check, Claim, Evidence, Known, Unknown, Verdict
from provision.resources import ImageReference
from provision.stages import Progress

UPLOAD_PERMISSION = "artifactregistry.repositories.uploadArtifacts"
UPLOAD_ROLE = "roles/artifactregistry.writer"
"""The least predefined role with that permission: https://cloud.google.com/artifact-registry/docs/access-control."""


@dataclass(frozen=True)
class Pushed:
    """An image in its repository.

    Args:
        repository: the full resource name.
        image_name: its name within the repository; None while only the repository is there.
        tag: the tag of its inputs; None likewise.
        inputs: the hash of its inputs, as the image's own label says.
        platform: ``os/architecture``; None when the tag names nothing that Cloud Run can run.
        image_id: the engine's id of it; empty while it is not known.
        image: by digest; empty while it is not pushed.
        note: where it was found.
    """

    repository: str
    image_name: str | None = None
    tag: str | None = None
    inputs: str | None = None
    platform: str | None = None
    image_id: str = field(default="", compare=False)
    image: str = field(default="", compare=False)
    note: str = field(default="", compare=False)


@dataclass(frozen=True)
class Push:
    """The stage that pushes.

    Args:
        reader: tells the inputs, and so the tag.
        destination: where to.
        engine: has the image; needed only when there is something to push.
        progress: takes a line now and then.
        clock: for evidence.
    """

    reader: InputsReader
    destination: Destination
    engine: DockerEngine
    progress: Progress
    clock: Clock
    name: str = "push"

    @property
    def subject(self) -> str:
        """The image in its repository, in words."""
        image = self.reader.image
        return f"image {image.name} in repository {image.repository.repository}"

    def desired(self, known: Known) -> Pushed:
        """The image of the inputs, under their tag."""
        image, inputs = self.reader.image, self.reader.inputs
        return Pushed(
            repository=image.repository.name,
            image_name=image.name,
            tag=inputs.tag,
            inputs=inputs.hash,
            platform=PLATFORM,
            image_id=_or_empty(known.image_id),
            image=_or_empty(known.image),
        )

    def observe(self) -> Pushed | None:
        """What the tag names now; the bare repository when it names nothing."""
        repository = self.destination.find_repository()
        if repository is None:
            return None
        found = self.destination.find(repository, self.reader.inputs.tag)
        return self._state(found) if found else Pushed(self.reader.image.repository.name)

    def apply(self, change: Change[Pushed]) -> Pushed:
        """Create the repository where it is missing, and push what it does not have.

        Raises:
            PermissionDeniedError: the registry refuses; with what it takes.
            PushError: it did not arrive, or something else did.
        """
        repository = self.destination.find_repository() or self._create()
        found = self.destination.find(repository, self.reader.inputs.tag)
        if found is None or found.inputs != change.desired.inputs:
            found = self._upload(repository, change.desired, found)
        return self._state(found)

    def learn(self, known: Known, state: Pushed) -> Known:
        """The image by digest."""
        return replace(
            known,
            image_id=state.image_id or known.image_id,
            image=state.image or Unknown("push"),
        )

    def verify(self, state: Pushed) -> Iterable[Check]:
        """The image is in the registry under its digest and its tag, and can run on Cloud Run."""
        if not state.image:
            asked = f"GET manifest {state.repository}: {self.reader.inputs.tag}"
            summary = "the registry has the image"
            yield self._check(
                "image-in-registry", passed=False, summary=summary, evidence=((asked, "not there"),)
            )
            return
        reference = ImageReference.parse(state.image)
        tag = state.tag or self.reader.inputs.tag
        found = find_image(self.destination.registry, reference)
        tagged = self.destination.registry.find_manifest(reference.with_tag(tag))
        names = tagged.digest if tagged else "nothing"
        yield self._check(
            "image-in-registry",
            passed=found is not None and names == reference.digest,
            summary=f"the registry has it, and {tag} names it",
            evidence=(
                (f"GET manifest {reference}", found.manifest.media_type if found else "not there"),
                (f"GET manifest {reference.with_tag(tag)}", names),
            ),
        )
        platform = found.platform if found else ""
        yield self._check(
            "image-architecture",
            passed=platform == PLATFORM,
            summary=f"it is for {PLATFORM}",
            evidence=((f"GET configuration of {reference}", platform or f"none for {PLATFORM}"),),
        )

    def _check(
        self, name: str, *, passed: bool, summary: str, evidence: tuple[tuple[str, str], ...]
    ) -> Check:
        at = self.clock.stamp()
        return Check(
            name=name,
            claim=Claim.CONFIGURATION,
            verdict=Verdict.PASSED if passed else Verdict.FAILED,
            summary=summary if passed else f"not so: {summary}",
            evidence=tuple(Evidence(asked, answered, at) for asked, answered in evidence),
            hint="" if passed else "`provision up` pushes it again.",
        )

    def _create(self) -> Repository:
        try:
            name = self.reader.image.repository
            return self.destination.artifacts.create_repository(name, self.progress)
        except ConflictError:
            # Another run was quicker, which is just as well.
            there = self.destination.find_repository()
            if there is None:
                raise
            return there

    def _state(self, found: FoundImage) -> Pushed:
        image = self.reader.image
        return Pushed(
            repository=image.repository.name,
            image_name=image.name,
            tag=self.reader.inputs.tag,
            inputs=found.inputs or None,
            platform=found.platform or None,
            image_id=found.image_id,
            image=found.image,
            note=f"the registry has {found.image}",
        )

    def _upload(
        self, repository: Repository, desired: Pushed, there: FoundImage | None
    ) -> FoundImage:
        reference = self.destination.reference(repository).with_tag(self.reader.inputs.tag)
        if there and repository.immutable_tags:
            raise PushError(
                f"Pushing {reference}: the tag names an image of other inputs, {there.image}, and"
                f" the tags of repository {repository.name} are immutable.",
                hint="Look where that image came from, and delete the tag or name another"
                " repository: `gcloud artifacts docker tags delete`.",
            )
        if not desired.image_id or self.engine.find_image(desired.image_id) is None:
            raise PushError(
                f"Pushing {reference}: the Docker engine does not have the image.",
                hint="`provision build` builds it.",
            )
        self.engine.tag(desired.image_id, reference.name, reference.tag)
        try:
            self._send(reference, repository)
        finally:
            # This name served the push; the image keeps the one that it was built under.
            self.engine.untag(str(reference))
        return self._read_back(reference, desired)

    def _send(self, reference: ImageReference, repository: Repository) -> None:
        login = self.destination.registry.http.login(reference.host)
        try:
            self.engine.push(reference.name, reference.tag, login=login or {}, report=self.progress)
        except PushError as error:
            raise self._explained(error, repository) from error

    def _explained(self, error: PushError, repository: Repository) -> ProvisionError:
        said = str(error).lower()
        if not any(word in said for word in ("denied", "unauthorized", "403", "forbidden")):
            return error
        whom = self.destination.artifacts.member or "the identity in use"
        return PermissionDeniedError(
            str(error),
            hint=f"{whom} needs {UPLOAD_PERMISSION} on {repository.name};"
            f" the least role that has it is {UPLOAD_ROLE}.",
        )

    def _read_back(self, reference: ImageReference, desired: Pushed) -> FoundImage:
        """The digest is the registry's to tell; what it names has to be what was pushed."""
        found = find_image(self.destination.registry, reference)
        if found is None:
            raise PushError(
                f"Pushing {reference}: the engine says that it is done, and the registry has no"
                " such tag.",
                hint="Run the same command again.",
            )
        same = desired.image_id in {found.image_id, found.manifest.digest}
        if not same and found.inputs != desired.inputs:
            raise PushError(
                f"Pushing {reference}: the tag names {found.image}, which is not what was pushed.",
                hint="Somebody else pushed to the same tag. Run the same command again.",
            )
        return found


def _or_empty(value: str | Unknown) -> str:
    return "" if isinstance(value, Unknown) else value
