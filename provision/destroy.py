"""What `destroy` takes away, and what it leaves and why."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provision.clients.artifact_registry import ArtifactRegistry, Repository
from provision.clients.cloud_run import CloudRun
from provision.clients.iam import Iam
from provision.clients.policies import PolicyClient
from provision.resources import RepositoryName, ServiceName
from provision.service_fields import MARK
from provision.spec import BuiltImage, Spec
from provision.stages import Progress

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Removal:
    """One thing, and whether it goes.

    Args:
        subject: in words.
        resource: the full resource name.
        remove: takes it away; None when it stays.
        details: what goes with it.
        reason: why it stays.
    """

    subject: str
    resource: str
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

    def service(self, spec: Spec) -> Removal | None:
        """The service, if there is one; reads only."""
        name = spec.service_name
        live = self.run.find_service(name)
        if live is None:
            return None
        subject = f"service {name.service} in {name.region}"
        if live.get("labels", {}).get(MARK[0]) != MARK[1]:
            unmarked = f"it carries no label {MARK[0]}={MARK[1]}, so it is not ours"
            return Removal(subject, name.name, reason=unmarked)
        bindings = self.policies.get(name.name).bindings
        details = tuple(f"{member} as {one.role}" for one in bindings for member in one.members)
        etag = str(live.get("etag", ""))
        return Removal(
            subject, name.name, lambda: self.run.delete(name, etag, self.progress), details
        )

    def the_rest(
        self, spec: Spec, going: Sequence[ServiceName], images: Sequence[str]
    ) -> Iterator[Removal]:
        """Account and repository, where they are ours and nothing that stays uses them.

        Jobs and other products are not looked at; an account that is deleted can be undeleted for
        30 days.

        Args:
            spec: the service they were made for.
            going: the services that are taken away now.
            images: names of images that the specs at hand declare, and that may go.
        """
        listed = self.run.services_everywhere(spec.project.value)
        here = [name for name in going if name.project == spec.project.value]
        staying = [service for service in listed if not _is_among(service, here)]
        yield from self._account(spec, staying)
        if isinstance(spec.image, BuiltImage):
            yield from self._repository(spec.image.repository, staying, images)

    def _account(self, spec: Spec, staying: Sequence[Json]) -> Iterator[Removal]:
        name = spec.service_account
        account = self.iam.find_account(name)
        if account is None:
            return
        subject = f"service account {name.email}"
        users = [_name(one) for one in staying if _pod(one).get("serviceAccountName") == name.email]
        if not account.is_ours:
            yield Removal(subject, name.name, reason="it was not made by provision")
        elif users:
            yield Removal(subject, name.name, reason=f"services run as it: {', '.join(users)}")
        else:
            yield Removal(subject, name.name, lambda: self.iam.delete_account(name))

    def _repository(
        self, name: RepositoryName, staying: Sequence[Json], images: Sequence[str]
    ) -> Iterator[Removal]:
        repository = self.artifacts.find_repository(name)
        if repository is None:
            return
        subject = f"repository {name.repository} in {name.location}"
        bases = _bases(name, repository)
        users = [_name(one) for one in staying if any(i.startswith(bases) for i in _images(one))]
        held = tuple(image.uri for image in self.artifacts.list_images(name))
        own = tuple(f"{base}{image}@" for base in bases for image in images)
        foreign = [uri for uri in held if not uri.startswith(own)]
        if not repository.is_ours:
            yield Removal(subject, name.name, reason="it was not made by provision")
        elif users:
            why = f"services run images from it: {', '.join(users)}"
            yield Removal(subject, name.name, reason=why)
        elif foreign:
            why = f"it holds other images too, such as {foreign[0]}"
            yield Removal(subject, name.name, reason=why)
        else:
            yield Removal(
                subject,
                name.name,
                lambda: self.artifacts.delete_repository(name, self.progress),
                held,
            )


def _bases(name: RepositoryName, repository: Repository) -> tuple[str, ...]:
    """Every way in which an image in the repository may be spelled, up to its own name."""
    project = name.project.replace(":", "/")
    package = f"{name.location}-docker.pkg.dev/{project}/{name.repository}"
    spelled = dict.fromkeys((repository.registry_uri, name.image_base, package))
    return tuple(f"{base}/" for base in spelled if base)


def _pod(service: Json) -> Json:
    """The container part of a service in Cloud Run's v1 form."""
    pod: Json = service.get("spec", {}).get("template", {}).get("spec", {})
    return pod


def _images(service: Json) -> list[str]:
    return [str(container.get("image", "")) for container in _pod(service).get("containers", [])]


def _name(service: Json) -> str:
    return str(service.get("metadata", {}).get("name"))


def _is_among(service: Json, names: Sequence[ServiceName]) -> bool:
    """Whether a service in Cloud Run's v1 form is one of `names`, all of the same project."""
    region = service.get("metadata", {}).get("labels", {}).get("cloud.googleapis.com/location")
    return any(one.service == _name(service) and one.region == region for one in names)
