"""References to images, by Docker's grammar."""

import re
from dataclasses import dataclass, replace

from provision.resources.names import InvalidNameError

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
