"""The first spec of a project: names made from the directory, a template filled in (no I/O)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from unicodedata import normalize

from provision.principals import Principal
from provision.resources import (
    ACCOUNT_ID,
    InvalidNameError,
    check_project_id,
    check_region,
    check_service_id,
)
from provision.spec.model import Kind

_MARKER = re.compile(r"__[A-Z]+__")
_LONGEST_SERVICE = 49
_LONGEST_BASE = 26
_FALLBACK = "app"


@dataclass(frozen=True)
class Starter:
    """What a first spec says.

    Args:
        service: the service's or job's id.
        project: None when it is not known yet; the line stays as a comment.
        region: likewise.
        ingress: one of the four words; a job has none.
        invokers: members; may be empty.
        repository: Artifact Registry repository.
        kind: what it declares.
    """

    service: str
    project: str | None
    region: str | None
    ingress: str
    invokers: Sequence[str] = ()
    repository: str = "services"
    kind: Kind = Kind.SERVICE

    def check(self) -> None:
        """Refuse what the spec would be refused for.

        Raises:
            InvalidNameError: a name or member is not possible, or would make the service public.
        """
        check_service_id(self.service)
        if self.project is not None:
            check_project_id(self.project)
        if self.region is not None:
            check_region(self.region)
        for member in self.invokers:
            if Principal.parse(member).is_public:
                raise InvalidNameError(
                    f"{member} makes it public; allowed only for a service with `public: true`, "
                    "written into the spec by hand"
                )

    def render(self, template: str) -> str:
        """The template with its ``__MARKERS__`` filled in.

        Raises:
            InvalidNameError: the template holds a marker that nothing fills.
        """
        filled = "\n".join(self._line(line) for line in template.split("\n"))
        left = _MARKER.search(filled)
        if left:
            raise InvalidNameError(f"the template's {left[0]} means nothing")
        return filled

    def _line(self, line: str) -> str:
        for marker, value in self._values().items():
            if marker in line and value is None:
                return f"# {line.replace(marker, '…')}   # or by flag, environment, gcloud config"
            line = line.replace(marker, value or "")
        return line.replace(": \n", ":\n")

    def _values(self) -> Mapping[str, str | None]:
        return {
            "__PROJECT__": self.project,
            "__REGION__": self.region,
            "__SERVICE__": self.service,
            "__REPOSITORY__": self.repository,
            "__INGRESS__": self.ingress,
            "__ACCOUNT__": account_id(self.service),
            "__INVOKERS__": _yaml_list(self.invokers),
        }


def service_id(directory: str) -> str:
    """A service id made from a directory's name: ``My Shop_2`` becomes ``my-shop-2``."""
    plain = normalize("NFKD", directory).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    name = words if words[:1].isalpha() else f"{_FALLBACK}-{words}".rstrip("-")
    return check_service_id(name[:_LONGEST_SERVICE].rstrip("-"))


def account_id(service: str) -> str:
    """An account id for a service, 6 to 30 characters whatever the service's name."""
    account = f"{service[:_LONGEST_BASE].rstrip('-')}-run"
    return account if ACCOUNT_ID.fullmatch(account) else f"{service}-service-run"


def _yaml_list(members: Sequence[str]) -> str:
    return "".join(f'\n  - "{member}"' for member in members) or "[]"
