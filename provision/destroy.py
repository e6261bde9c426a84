"""What `destroy` takes away, and what it leaves and why."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from provision.clients.artifact_registry import ArtifactRegistry
from provision.clients.cloud_run import CloudRun
from provision.clients.iam import Iam
from provision.clients.policies import PolicyClient
from provision.service_fields import MARK
from provision.spec import BuiltImage, Spec
from provision.stages import Progress


@dataclass(frozen=True)
class Removal:
    """One thing, and whether it goes.

    Args:
        subject: in words.
        remove: takes it away; None when it stays.
        details: what goes with it.
        reason: why it stays.
    """

    subject: str
    remove: Callable[[], None] | None = None
    details: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Destroy:
    """Looks for what is ours and goes.

    Args:
        run: Cloud Run.
        iam: service accounts.
        artifacts: repositories.
        policies: the policies of services, to show what goes with one.
        progress: told what is being waited for.
    """

    run: CloudRun
    iam: Iam
    artifacts: ArtifactRegistry
    policies: PolicyClient
    progress: Progress

    def plan(self, spec: Spec, *, everything: bool) -> tuple[Removal, ...]:
        """What would go, in the order in which it goes; reads only.

        Args:
            spec: the service.
            everything: the account and the repository too, where they are ours and unused.
        """
        return tuple(self._removals(spec, everything=everything))

    def _removals(self, spec: Spec, *, everything: bool) -> Iterator[Removal]:
        yield from self._service(spec)
        if everything:
            yield from self._account(spec)
            yield from self._repository(spec)

    def _service(self, spec: Spec) -> Iterator[Removal]:
        name = spec.service_name
        live = self.run.find_service(name)
        if live is None:
            return
        subject = f"service {name.service} in {name.region}"
        if live.get("labels", {}).get(MARK[0]) != MARK[1]:
            yield Removal(
                subject, reason=f"it carries no label {MARK[0]}={MARK[1]}, so it is not ours"
            )
            return
        bindings = self.policies.get(name.name).bindings
        details = tuple(f"{member} as {one.role}" for one in bindings for member in one.members)
        etag = str(live.get("etag", ""))
        yield Removal(subject, lambda: self.run.delete(name, etag, self.progress), details)

    def _account(self, spec: Spec) -> Iterator[Removal]:
        name = spec.service_account
        account = self.iam.find_account(name)
        if account is None:
            return
        subject = f"service account {name.email}"
        if not account.is_ours:
            yield Removal(subject, reason="it was not made by provision")
            return
        users = [
            service["metadata"]["name"]
            for service in self.run.services_everywhere(spec.project.value)
            if _account_of(service) == name.email and not _is(service, spec)
        ]
        if users:
            yield Removal(subject, reason=f"other services run as it: {', '.join(users)}")
            return
        yield Removal(subject, lambda: self.iam.delete_account(name))

    def _repository(self, spec: Spec) -> Iterator[Removal]:
        if not isinstance(spec.image, BuiltImage):
            return
        name = spec.image.repository
        repository = self.artifacts.find_repository(name)
        if repository is None:
            return
        subject = f"repository {name.repository} in {name.location}"
        if not repository.is_ours:
            yield Removal(subject, reason="it was not made by provision")
            return
        own = f"/{spec.image.name}@"
        images = [image.uri for image in self.artifacts.list_images(name)]
        foreign = [uri for uri in images if own not in uri]
        if foreign:
            yield Removal(subject, reason=f"it holds other images too, such as {foreign[0]}")
            return
        details = tuple(images)
        yield Removal(
            subject, lambda: self.artifacts.delete_repository(name, self.progress), details
        )


def _account_of(service: object) -> str:
    """The account that a service in Cloud Run's v1 form runs as."""
    at = service
    for key in ("spec", "template", "spec", "serviceAccountName"):
        at = at.get(key, {}) if isinstance(at, dict) else {}
    return at if isinstance(at, str) else ""


def _is(service: object, spec: Spec) -> bool:
    """Whether a service in Cloud Run's v1 form is the one that `spec` declares."""
    metadata = service.get("metadata", {}) if isinstance(service, dict) else {}
    region = metadata.get("labels", {}).get("cloud.googleapis.com/location")
    return bool(metadata.get("name") == spec.service and region == spec.region.value)
