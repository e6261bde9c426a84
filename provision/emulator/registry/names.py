"""Image names: the emulator's own form and Google's, read into a repository and a package.

On the emulator's host a name is ``LOCATION/PROJECT/REPOSITORY/IMAGE…``; on a Google host the
location is in the host (``LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE…``) and on a Container
Registry host the repository is the host itself (``gcr.io/PROJECT/IMAGE…``).
"""

import re
from dataclasses import dataclass

from provision.emulator.registry.refusals import Refusal
from provision.emulator.seams import RepositoryKey

_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PKG_DEV = re.compile(r"([a-z0-9-]+)-docker\.pkg\.dev")
# https://cloud.google.com/artifact-registry/docs/transition/setup-gcr-repo
_GCR_LOCATIONS = {
    "gcr.io": "us",
    "us.gcr.io": "us",
    "eu.gcr.io": "europe",
    "asia.gcr.io": "asia",
}
_LONGEST_NAME = 255
_MISSING_IMAGE = (
    "Missing image name. Pushes should be of the form "
    "docker push HOST-NAME/PROJECT-ID/REPOSITORY/IMAGE"
)


@dataclass(frozen=True)
class ImageName:
    """A package in a repository; the package may hold slashes."""

    repository: RepositoryKey
    package: str

    @property
    def path(self) -> str:
        """As a path on the emulator's own host."""
        key = self.repository
        return f"{key.location}/{key.project}/{key.repository}/{self.package}"


@dataclass(frozen=True)
class ImageReference:
    """An image name with the tag or digest asked for; a digest wins over a tag."""

    name: ImageName
    target: str


def is_digest(text: str) -> bool:
    """Whether it is ``sha256:`` and 64 lower-case hex digits."""
    return _DIGEST.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Whether it can be a tag."""
    return _TAG.fullmatch(text) is not None


def parse_name(host: str, name: str) -> ImageName:
    """The package that a request to `host` means by `name`.

    Raises:
        Refusal: NAME_INVALID, in Artifact Registry's words where the image is missing
            (https://github.com/docker/build-push-action/issues/171).
    """
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise Refusal(400, "NAME_INVALID", "The image name is not a valid repository path.")
    parts = name.split("/")
    hostname = host.lower().partition(":")[0]
    if location := _GCR_LOCATIONS.get(hostname):
        return _image(location, parts[0], hostname, parts[1:])
    if match := _PKG_DEV.fullmatch(hostname):
        parts.insert(0, match.group(1))
    location, project, repository = (*parts[:3], "", "", "")[:3]
    return _image(location, project, repository, parts[3:])


def _image(location: str, project: str, repository: str, package: list[str]) -> ImageName:
    if not package:
        raise Refusal(400, "NAME_INVALID", _MISSING_IMAGE)
    return ImageName(RepositoryKey(project, location, repository), "/".join(package))


def parse_reference(reference: str, own_hosts: tuple[str, ...]) -> ImageReference | None:
    """What ``HOST/…/name[:tag][@digest]`` means; None when it is no image of this registry."""
    host, _, rest = reference.partition("/")
    if host not in own_hosts and host not in _GCR_LOCATIONS and not _PKG_DEV.fullmatch(host):
        return None
    tagged, at, digest = rest.partition("@")
    name, colon, tag = tagged.partition(":")
    target = digest if at else tag if colon else "latest"
    if not (is_digest(target) if at else is_tag(target)):
        return None
    try:
        return ImageReference(parse_name(host, name), target)
    except Refusal:
        return None
