"""What `destroy` takes away of a service or job, and of what was made for it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provision.clients.artifact_registry import ArtifactRegistry, Repository
from provision.clients.cloud_run import CloudRun
from provision.clients.cloud_run_jobs import CloudRunJobs
from provision.clients.iam import Iam
from provision.clients.policies import PolicyClient
from provision.destroy.removal import NOT_OURS, Removal
from provision.resources import JobName, RepositoryName, ServiceAccountName, ServiceName
from provision.run.resource_json import MARK
from provision.spec import BuiltImage, JobSpec, Kind, ServiceSpec, Spec
from provision.stages import Progress

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Destroy:
    """Looks for what is ours and goes.

    Args:
        run: Cloud Run's services.
        jobs: its jobs.
        iam: service accounts.
        artifacts: repositories.
        policies: the policies of services and of jobs, to show what goes with one.
        progress: told what is being waited for.
    """

    run: CloudRun
    jobs: CloudRunJobs
    iam: Iam
    artifacts: ArtifactRegistry
    policies: Mapping[Kind, PolicyClient]
    progress: Progress

    def deployed(self, spec: Spec) -> Removal | None:
        """The service or job, if there is one; reads only."""
        live = self._find(spec)
        if live is None:
            return None
        name = spec.resource_name.name
        subject = f"{spec} in {spec.region.value}"
        if live.get("labels", {}).get(MARK[0]) != MARK[1]:
            unmarked = f"it carries no label {MARK[0]}={MARK[1]}, so it is not ours"
            return Removal(subject, name, reason=unmarked)
        bindings = self.policies[spec.kind].get(name).bindings
        details = tuple(f"{member} as {one.role}" for one in bindings for member in one.members)
        executions = int(live.get("executionCount", 0))
        if executions:
            details += (f"its {executions} execution(s), and what they tell of their tasks",)
        etag = str(live.get("etag", ""))
        return Removal(subject, name, lambda: self._delete(spec, etag), details)

    def _find(self, spec: Spec) -> Json | None:
        if isinstance(spec, JobSpec):
            return self.jobs.find(spec.job_name)
        return self.run.find_service(spec.service_name) if isinstance(spec, ServiceSpec) else None

    def _delete(self, spec: Spec, etag: str) -> None:
        if isinstance(spec, JobSpec):
            self.jobs.delete(spec.job_name, etag, self.progress)
        elif isinstance(spec, ServiceSpec):
            self.run.delete(spec.service_name, etag, self.progress)

    def the_rest(
        self,
        spec: Spec,
        going: Sequence[ServiceName | JobName],
        images: Sequence[str],
        callers: Mapping[str, str],
    ) -> Iterator[Removal]:
        """Accounts and repository, where they are ours and nothing that stays uses them.

        Other products than Cloud Run, and what `callers` tells of, are not looked at; an account
        that is deleted can be undeleted for 30 days.

        Args:
            spec: the service or job they were made for.
            going: the services and jobs that are taken away now.
            images: names of images that the specs at hand declare, and that may go.
            callers: what stays of what calls, and the e-mail of its account.
        """
        project = spec.project.value
        here = [name for name in going if name.project == project]
        services = [name for name in here if isinstance(name, ServiceName)]
        jobs = [name for name in here if isinstance(name, JobName)]
        staying = [
            *(it for it in self.run.services_everywhere(project) if not _is_among(it, services)),
            *(it for it in self.jobs.jobs_everywhere(project) if not _is_among(it, jobs)),
        ]
        pods = {_name(one): _pod(one).get("serviceAccountName", "") for one in staying}
        users = {**pods, **callers}
        accounts = [spec.service_account, *(caller.account for caller in spec.all_callers)]
        for account in dict.fromkeys(accounts):
            yield from self._account(account, users)
        if isinstance(spec.image, BuiltImage):
            yield from self._repository(spec.image.repository, staying, images)

    def _account(self, name: ServiceAccountName, users: Mapping[str, str]) -> Iterator[Removal]:
        account = self.iam.find_account(name)
        if account is None:
            return
        subject = f"service account {name.email}"
        using = [user for user, email in users.items() if email == name.email]
        if not account.is_ours:
            yield Removal(subject, name.name, reason=NOT_OURS)
        elif using:
            yield Removal(subject, name.name, reason=f"there runs as it: {', '.join(using)}")
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
            yield Removal(subject, name.name, reason=NOT_OURS)
        elif users:
            why = f"there runs an image from it: {', '.join(users)}"
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


def _pod(resource: Json) -> Json:
    """The container part of a service or job in Cloud Run's v1 form."""
    template: Json = resource.get("spec", {}).get("template", {}).get("spec", {})
    pod: Json = template.get("template", {}).get("spec", template)
    return pod


def _images(resource: Json) -> list[str]:
    return [str(container.get("image", "")) for container in _pod(resource).get("containers", [])]


def _name(resource: Json) -> str:
    return str(resource.get("metadata", {}).get("name"))


def _is_among(resource: Json, names: Sequence[ServiceName | JobName]) -> bool:
    """Whether one in Cloud Run's v1 form is among `names`, all of the same kind and project."""
    region = resource.get("metadata", {}).get("labels", {}).get("cloud.googleapis.com/location")
    own = _name(resource)
    return any(one.name.endswith(f"/{own}") and one.region == region for one in names)
