"""The names of Google's resources and of images: parsed, checked, and written back (no I/O).

Every class has `parse`, which raises `InvalidNameError`, and a `name` property that `parse` reads
back unchanged. Server answers may carry a project number where we wrote the id; both are accepted.
"""

import re
from dataclasses import dataclass, replace

from provision.errors import UsageError

PROJECT_ID = re.compile(r"(?:[a-z0-9.-]+\.[a-z]{2,}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")
SERVICE_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,47}[a-z0-9])?")
REGION = re.compile(r"[a-z]+(?:-[a-z]+)+[0-9]+")
REPOSITORY_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
ACCOUNT_ID = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_PROJECT_NUMBER = re.compile(r"[0-9]{1,20}")
_DEFAULT_COMPUTE = re.compile(r"[0-9]+-compute@developer\.gserviceaccount\.com")
_OWN_ACCOUNT = re.compile(r"[a-z0-9-]+@(?P<domain>[a-z0-9.-]+)\.iam\.gserviceaccount\.com")

GCR_LOCATIONS = {"gcr.io": "us", "us.gcr.io": "us", "eu.gcr.io": "europe", "asia.gcr.io": "asia"}
"""Artifact Registry locations of the gcr.io repositories, which are named after their host.

https://cloud.google.com/artifact-registry/docs/transition/setup-gcr-repo
"""


class InvalidNameError(UsageError, ValueError):
    """A name that Google would refuse; the message says what is allowed."""


def check_project_id(value: str) -> str:
    """`value`, when it is a project id (`example.com:id` included)."""
    return _checked(
        PROJECT_ID,
        value,
        "project id",
        "6 to 30 lower-case letters, digits and hyphens, beginning with a letter",
    )


def check_service_id(value: str) -> str:
    """`value`, when Cloud Run accepts it for a service.

    https://cloud.google.com/run/docs/configuring/services#naming (49 characters at most).
    """
    return _checked(
        SERVICE_ID,
        value,
        "service name",
        "1 to 49 lower-case letters, digits and hyphens, beginning with a letter and not ending "
        "with a hyphen",
    )


def check_region(value: str) -> str:
    """`value`, when it has the form of a region: a zone is refused."""
    return _checked(REGION, value, "region", "a region such as asia-east1")


def check_account_id(value: str) -> str:
    """`value`, when it can be the id of a new service account (6 to 30 characters)."""
    return _checked(
        ACCOUNT_ID,
        value,
        "service account id",
        "6 to 30 lower-case letters, digits and hyphens, beginning with a letter, or a full e-mail",
    )


def _checked(pattern: re.Pattern[str], value: str, what: str, allowed: str) -> str:
    if not pattern.fullmatch(value):
        raise InvalidNameError(f"{value!r} is not a {what}; allowed: {allowed}")
    return value


def _segments(name: str, *kinds: str) -> list[str]:
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
        return cls(*_segments(name, "projects"))

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
class ServiceName:
    """A Cloud Run service."""

    project: str
    region: str
    service: str

    @classmethod
    def parse(cls, name: str) -> "ServiceName":
        """Read ``projects/PROJECT/locations/REGION/services/SERVICE``."""
        project, region, service = _segments(name, "projects", "locations", "services")
        return cls(project, check_region(region), check_service_id(service))

    @property
    def parent(self) -> str:
        """``projects/PROJECT/locations/REGION``."""
        return f"projects/{self.project}/locations/{self.region}"

    @property
    def name(self) -> str:
        """The full resource name."""
        return f"{self.parent}/services/{self.service}"

    def __str__(self) -> str:
        """The resource name."""
        return self.name


@dataclass(frozen=True)
class RepositoryName:
    """An Artifact Registry repository, gcr.io repositories included."""

    project: str
    location: str
    repository: str

    @classmethod
    def parse(cls, name: str) -> "RepositoryName":
        """Read ``projects/PROJECT/locations/LOCATION/repositories/REPOSITORY``."""
        parts = _segments(name, "projects", "locations", "repositories")
        return cls.of(parts[2], project=parts[0], location=parts[1])

    @classmethod
    def of(cls, repository: str, *, project: str, location: str) -> "RepositoryName":
        """The repository meant by an id; a gcr.io host brings its own location."""
        if repository not in GCR_LOCATIONS:
            allowed = (
                "1 to 63 lower-case letters, digits and hyphens, beginning with a letter, one of "
                f"{', '.join(GCR_LOCATIONS)}, or projects/…/locations/…/repositories/…"
            )
            _checked(REPOSITORY_ID, repository, "repository", allowed)
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


@dataclass(frozen=True)
class ServiceAccountName:
    """A service account: its project and e-mail."""

    project: str
    email: str

    @classmethod
    def parse(cls, name: str) -> "ServiceAccountName":
        """Read ``projects/PROJECT/serviceAccounts/EMAIL``; PROJECT may be ``-``."""
        project, email = _segments(
            name.replace("projects/-/", "projects/0/", 1), "projects", "serviceAccounts"
        )
        named = cls.of(email, project="-" if project == "0" else project)
        return named if project == "0" else cls(project, named.email)

    @classmethod
    def of(cls, account: str, *, project: str) -> "ServiceAccountName":
        """The account meant by a short id (in `project`) or a full e-mail.

        Raises:
            InvalidNameError: neither an id nor an e-mail of a service account.
        """
        if "@" not in account:
            domain = ProjectName(project).account_domain
            return cls(project, f"{check_account_id(account)}@{domain}")
        email = account.lower()
        if not email.endswith("gserviceaccount.com") or email.count("@") != 1:
            raise InvalidNameError(
                f"{account!r} is not a service account; allowed: a short id such as orders-run, "
                "or a full e-mail ending in gserviceaccount.com"
            )
        own = _OWN_ACCOUNT.fullmatch(email)
        if own is None or email.endswith(f"@{ProjectName(project).account_domain}"):
            return cls(project, email)
        owner, _, domain = own["domain"].partition(".")
        return cls(f"{domain}:{owner}" if domain else owner, email)

    @property
    def name(self) -> str:
        """The full resource name."""
        return f"projects/{self.project}/serviceAccounts/{self.email}"

    @property
    def account_id(self) -> str:
        """The part before the ``@``."""
        return self.email.partition("@")[0]

    @property
    def member(self) -> str:
        """As a policy names it."""
        return f"serviceAccount:{self.email}"

    @property
    def is_default_compute(self) -> bool:
        """Whether it is a project's Compute Engine default account."""
        return _DEFAULT_COMPUTE.fullmatch(self.email) is not None

    @property
    def is_user_managed(self) -> bool:
        """Whether it is one that a project's owner creates, not one that Google provides."""
        return self.email.endswith(f"@{ProjectName(self.project).account_domain}")

    def __str__(self) -> str:
        """The resource name."""
        return self.name


_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[\w][\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_DOCKER_HUB = "docker.io"
_PATH_LIMIT = 255


@dataclass(frozen=True)
class ImageReference:
    """An image by Docker's grammar, with the host written out.

    https://pkg.go.dev/github.com/distribution/reference: ``nginx`` means
    ``docker.io/library/nginx``. A tag is never made up: without tag and digest both are empty.

    Args:
        host: the registry, with its port if there is one.
        path: the image's path at that host.
        tag: empty when there is none.
        digest: ``sha256:…``, or empty.
    """

    host: str
    path: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> "ImageReference":
        """Read ``[HOST/]PATH[:TAG][@sha256:…]``."""
        rest, at, digest = text.partition("@")
        first, slash, remainder = rest.partition("/")
        if slash and _is_host(first):
            host, named = first, remainder
        else:
            host, named = _DOCKER_HUB, rest
        path, colon, tag = named.partition(":")
        if host in {_DOCKER_HUB, "index.docker.io"}:
            host = _DOCKER_HUB
            path = path if "/" in path else f"library/{path}"
        wrong = _image_problem(
            host, path, tag=tag if colon else None, digest=digest if at else None
        )
        if wrong:
            raise InvalidNameError(
                f"{text!r} is not an image: {wrong}; allowed: HOST/…/image[:tag][@sha256:…]"
            )
        return cls(host, path, tag, digest)

    @property
    def name(self) -> str:
        """Host and path, without tag and digest."""
        return f"{self.host}/{self.path}"

    def with_tag(self, tag: str) -> "ImageReference":
        """The same image by `tag` alone."""
        return ImageReference.parse(f"{replace(self, tag='', digest='')}:{tag}")

    def with_digest(self, digest: str) -> "ImageReference":
        """The same image by `digest` alone."""
        return ImageReference.parse(f"{replace(self, tag='', digest='')}@{digest}")

    def __str__(self) -> str:
        """As engines and Cloud Run take it."""
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.name}{tag}{f'@{self.digest}' if self.digest else ''}"


def _is_host(text: str) -> bool:
    return "." in text or ":" in text or text == "localhost" or text != text.lower()


def _image_problem(host: str, path: str, *, tag: str | None, digest: str | None) -> str:
    if not _HOST.fullmatch(host):
        return f"{host!r} is not a registry host"
    if not _PATH.fullmatch(path) or len(path) > _PATH_LIMIT:
        return f"its path {path!r} must be lower-case letters, digits, and . _ - within, in parts"
    if tag is not None and not _TAG.fullmatch(tag):
        return f"{tag!r} is not a tag"
    if digest is not None and not _DIGEST.fullmatch(digest):
        return f"{digest!r} is not a sha256 digest"
    return ""
