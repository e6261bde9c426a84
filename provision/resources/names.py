"""Names of projects and of what is in them, and what may stand in them."""

import re
from dataclasses import dataclass

from provision.errors import UsageError

PROJECT_ID = re.compile(r"(?:[a-z0-9.-]+\.[a-z]{2,}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")
SERVICE_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,47}[a-z0-9])?")
FUNCTION_ID = re.compile(r"[a-zA-Z](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?")
WORKFLOW_ID = re.compile(r"[a-zA-Z](?:[a-zA-Z0-9_-]{0,62}[a-zA-Z0-9])?")
REGION = re.compile(r"[a-z]+(?:-[a-z]+)+[0-9]+")
REPOSITORY_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
ACCOUNT_ID = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_PROJECT_NUMBER = re.compile(r"[0-9]{1,20}")

GCR_LOCATIONS = {"gcr.io": "us", "us.gcr.io": "us", "eu.gcr.io": "europe", "asia.gcr.io": "asia"}
"""Artifact Registry locations of the gcr.io repositories, which are named after their host.

https://cloud.google.com/artifact-registry/docs/transition/setup-gcr-repo
"""


class InvalidNameError(UsageError, ValueError):
    """A name that Google would refuse; the message says what is allowed."""


def check_project_id(value: str) -> str:
    """`value`, when it is a project id (`example.com:id` included)."""
    return checked(
        PROJECT_ID,
        value,
        "project id",
        "6 to 30 lower-case letters, digits and hyphens, beginning with a letter",
    )


def check_service_id(value: str) -> str:
    """`value`, when Cloud Run accepts it for a service.

    https://cloud.google.com/run/docs/configuring/services#naming (49 characters at most).
    """
    return checked(
        SERVICE_ID,
        value,
        "service name",
        "1 to 49 lower-case letters, digits and hyphens, beginning with a letter and not ending "
        "with a hyphen",
    )


def check_job_id(value: str) -> str:
    """`value`, when Cloud Run accepts it for a job.

    https://cloud.google.com/run/docs/create-jobs (49 characters or fewer).
    """
    return checked(
        SERVICE_ID,
        value,
        "job name",
        "1 to 49 lower-case letters, digits and hyphens, beginning with a letter and not ending "
        "with a hyphen",
    )


def check_function_id(value: str) -> str:
    """`value`, when Cloud Functions accepts it: first-generation names may have capitals and _.

    https://cloud.google.com/functions/docs/deploy (63 characters at most).
    """
    return checked(
        FUNCTION_ID,
        value,
        "function name",
        "1 to 63 letters, digits, underscores and hyphens, beginning with a letter and ending with "
        "a letter or digit",
    )


def check_workflow_id(value: str) -> str:
    """`value`, when Workflows accepts it.

    https://cloud.google.com/workflows/docs/reference/rest/v1/projects.locations.workflows/create
    (64 characters at most).
    """
    return checked(
        WORKFLOW_ID,
        value,
        "workflow name",
        "1 to 64 letters, digits, underscores and hyphens, beginning with a letter and ending with "
        "a letter or digit",
    )


def check_region(value: str) -> str:
    """`value`, when it has the form of a region: a zone is refused."""
    return checked(REGION, value, "region", "a region such as asia-east1")


def check_account_id(value: str) -> str:
    """`value`, when it can be the id of a new service account (6 to 30 characters)."""
    return checked(
        ACCOUNT_ID,
        value,
        "service account id",
        "6 to 30 lower-case letters, digits and hyphens, beginning with a letter, or a full e-mail",
    )


def checked(pattern: re.Pattern[str], value: str, what: str, allowed: str) -> str:
    """`value`, when `pattern` allows it; `what` and `allowed` make the message."""
    if not pattern.fullmatch(value):
        raise InvalidNameError(f"{value!r} is not a {what}; allowed: {allowed}")
    return value


def segments(name: str, *kinds: str) -> list[str]:
    """The ids in a resource name made of `kinds`, as in ``projects/ID/locations/ID``."""
    parts = name.split("/")
    if parts[::2] != list(kinds) or len(parts) != 2 * len(kinds) or not all(parts):
        form = "/".join(f"{kind}/…" for kind in kinds)
        raise InvalidNameError(f"{name!r} is not a resource name; allowed: {form}")
    if not (PROJECT_ID.fullmatch(parts[1]) or _PROJECT_NUMBER.fullmatch(parts[1])):
        check_project_id(parts[1])
    return parts[1::2]


@dataclass(frozen=True)
class ProjectName:
    """A project, by id; by number only where a server answered so."""

    project: str

    @classmethod
    def parse(cls, name: str) -> "ProjectName":
        """Read ``projects/PROJECT``."""
        return cls(*segments(name, "projects"))

    @property
    def name(self) -> str:
        """``projects/PROJECT``."""
        return f"projects/{self.project}"

    @property
    def account_domain(self) -> str:
        """The domain of the project's own service accounts."""
        domain, colon, project = self.project.rpartition(":")
        own = f"{project}.{domain}" if colon else project
        return f"{own}.iam.gserviceaccount.com"

    def __str__(self) -> str:
        """The resource name."""
        return self.name


@dataclass(frozen=True)
class _Invocable:
    """Something that can be invoked, in a region of a project."""

    project: str
    region: str

    @property
    def parent(self) -> str:
        """``projects/PROJECT/locations/REGION``."""
        return f"projects/{self.project}/locations/{self.region}"

    @property
    def name(self) -> str:
        """The full resource name."""
        raise NotImplementedError

    def __str__(self) -> str:
        """The resource name."""
        return self.name


@dataclass(frozen=True)
class ServiceName(_Invocable):
    """A Cloud Run service."""

    service: str

    @classmethod
    def parse(cls, name: str) -> "ServiceName":
        """Read ``projects/PROJECT/locations/REGION/services/SERVICE``."""
        project, region, own = segments(name, "projects", "locations", "services")
        return cls(project, check_region(region), check_service_id(own))

    @property
    def name(self) -> str:
        """The full resource name."""
        return f"{self.parent}/services/{self.service}"


@dataclass(frozen=True)
class JobName(_Invocable):
    """A Cloud Run job."""

    job: str

    @classmethod
    def parse(cls, name: str) -> "JobName":
        """Read ``projects/PROJECT/locations/REGION/jobs/JOB``."""
        project, region, own = segments(name, "projects", "locations", "jobs")
        return cls(project, check_region(region), check_job_id(own))

    @property
    def name(self) -> str:
        """The full resource name."""
        return f"{self.parent}/jobs/{self.job}"


@dataclass(frozen=True)
class FunctionName(_Invocable):
    """A function, of either generation."""

    function: str

    @classmethod
    def parse(cls, name: str) -> "FunctionName":
        """Read ``projects/PROJECT/locations/REGION/functions/FUNCTION``."""
        project, region, own = segments(name, "projects", "locations", "functions")
        return cls(project, check_region(region), check_function_id(own))

    @property
    def name(self) -> str:
        """The full resource name."""
        return f"{self.parent}/functions/{self.function}"

    @property
    def url(self) -> str:
        """Its address at cloudfunctions.net, which both generations have.

        https://cloud.google.com/functions/docs/calling/http
        """
        return f"https://{self.region}-{self.project}.cloudfunctions.net/{self.function}"


@dataclass(frozen=True)
class WorkflowName(_Invocable):
    """A workflow of Workflows."""

    workflow: str

    @classmethod
    def parse(cls, name: str) -> "WorkflowName":
        """Read ``projects/PROJECT/locations/REGION/workflows/WORKFLOW``."""
        project, region, own = segments(name, "projects", "locations", "workflows")
        return cls(project, check_region(region), check_workflow_id(own))

    @property
    def name(self) -> str:
        """The full resource name."""
        return f"{self.parent}/workflows/{self.workflow}"


Name = ServiceName | JobName | FunctionName
"""What can be invoked."""


@dataclass(frozen=True)
class RepositoryName:
    """An Artifact Registry repository, gcr.io repositories included."""

    project: str
    location: str
    repository: str

    @classmethod
    def parse(cls, name: str) -> "RepositoryName":
        """Read ``projects/PROJECT/locations/LOCATION/repositories/REPOSITORY``."""
        parts = segments(name, "projects", "locations", "repositories")
        return cls.of(parts[2], project=parts[0], location=parts[1])

    @classmethod
    def of(cls, repository: str, *, project: str, location: str) -> "RepositoryName":
        """The repository meant by an id; a gcr.io host brings its own location."""
        if repository not in GCR_LOCATIONS:
            allowed = (
                "1 to 63 lower-case letters, digits and hyphens, beginning with a letter, one of "
                f"{', '.join(GCR_LOCATIONS)}, or projects/…/locations/…/repositories/…"
            )
            checked(REPOSITORY_ID, repository, "repository", allowed)
        return cls(project, GCR_LOCATIONS.get(repository, location), repository)

    @property
    def parent(self) -> str:
        """``projects/PROJECT/locations/LOCATION``."""
        return f"projects/{self.project}/locations/{self.location}"

    @property
    def name(self) -> str:
        """The full resource name."""
        return f"{self.parent}/repositories/{self.repository}"

    @property
    def is_gcr(self) -> bool:
        """Whether its images go by a gcr.io host."""
        return self.repository in GCR_LOCATIONS

    @property
    def image_base(self) -> str:
        """Where Google serves its images; the repository's own ``registryUri`` goes first.

        The colon of an organisation's domain-scoped project becomes a slash in image names.
        """
        project = self.project.replace(":", "/")
        if self.is_gcr:
            return f"{self.repository}/{project}"
        return f"{self.location}-docker.pkg.dev/{project}/{self.repository}"

    def __str__(self) -> str:
        """The resource name."""
        return self.name
