"""What a command is about: a service, a job or a function, by any name a user would give. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from provision.errors import UsageError
from provision.resources import (
    FunctionName,
    JobName,
    Name,
    ServiceName,
    check_function_id,
    check_job_id,
    check_project_id,
    check_region,
    check_service_id,
)
from provision.spec import Setting, Spec


class TargetKind(StrEnum):
    """What can be invoked; the value is what stands before the slash in ``service/NAME``."""

    SERVICE = "service"
    JOB = "job"
    FUNCTION = "function"


FORMS = "a name in the spec, service/NAME, job/NAME, function/NAME, or a full resource name"
"""How a target may be written, for messages."""

_COLLECTIONS = {
    "services": TargetKind.SERVICE,
    "jobs": TargetKind.JOB,
    "functions": TargetKind.FUNCTION,
}
_PARSED: Mapping[TargetKind, Callable[[str], Name]] = {
    TargetKind.SERVICE: ServiceName.parse,
    TargetKind.JOB: JobName.parse,
    TargetKind.FUNCTION: FunctionName.parse,
}
_HOSTS: Mapping[str, tuple[str, ...]] = {
    "run.googleapis.com": ("services", "jobs"),
    "cloudfunctions.googleapis.com": ("functions",),
}


@dataclass(frozen=True)
class Target:
    """One thing that can be invoked.

    Args:
        kind: which sort.
        name: its full name.
        spec: what the user declares of it, where it came from a spec.
    """

    kind: TargetKind
    name: Name
    spec: Spec | None = None

    @property
    def id(self) -> str:
        """Its own name, without project and region."""
        return self.name.name.rpartition("/")[2]

    def __str__(self) -> str:
        """As messages name it: ``service orders``."""
        return f"{self.kind} {self.id}"


def parse_targets(
    texts: Iterable[str],
    specs: Sequence[Spec],
    project: Setting | None,
    region: Setting | None,
) -> tuple[Target, ...]:
    """The targets that `texts` mean, in their order, each once.

    Args:
        texts: as the user wrote them; see `FORMS`.
        specs: every service and job that the spec declares; names are looked up here first.
        project: where a text names none.
        region: likewise.

    Raises:
        UsageError: no such form, or no project or region can be told.
    """
    reader = _Reader(specs, project, region)
    return tuple({target.name: target for target in map(reader.read, texts)}.values())


@dataclass(frozen=True)
class _Reader:
    """What a name is completed from."""

    specs: Sequence[Spec]
    project: Setting | None
    region: Setting | None

    def read(self, text: str) -> Target:
        """The target that `text` means."""
        if "projects/" in text:
            kind, name = _full_name(text)
            return Target(kind, name, self._declared(name))
        word, slash, own = text.partition("/")
        if not slash:
            return self._named(text)
        try:
            kind = TargetKind(word.removesuffix("s"))
        except ValueError:
            raise UsageError(
                f"{text!r} is not a target: {word!r} is no kind of thing that is invoked.",
                hint=f"A target is {FORMS}.",
            ) from None
        matching = [spec for spec in self._named_so(own) if kind == TargetKind(spec.kind)]
        if len(matching) == 1:
            return Target(kind, matching[0].resource_name, matching[0])
        return Target(kind, self._placed(kind, own, text))

    def _named(self, text: str) -> Target:
        """A bare name, which only a spec can tell the kind of."""
        matching = self._named_so(text)
        if len(matching) == 1:
            return Target(TargetKind(matching[0].kind), matching[0].resource_name, matching[0])
        if matching:
            raise UsageError(
                f"{text!r} is declared in more than one place.",
                hint="Write its full resource name.",
            )
        names = [spec.name for spec in self.specs]
        close = get_close_matches(text, names, n=1)
        declared = f"the spec, which declares {', '.join(names)}" if names else "a spec"
        raise UsageError(
            f"{text!r} is not in {declared}.{f' Did you mean {close[0]}?' if close else ''}",
            hint=f"Without a spec write service/{text}, job/{text} or function/{text}.",
        )

    def _named_so(self, own: str) -> list[Spec]:
        return [spec for spec in self.specs if spec.name == own]

    def _declared(self, name: Name) -> Spec | None:
        return next((spec for spec in self.specs if spec.resource_name == name), None)

    def _placed(self, kind: TargetKind, own: str, text: str) -> Name:
        project = _given("project", self.project, text)
        region = _given("region", self.region, text)
        place = (check_project_id(project), check_region(region))
        if kind is TargetKind.SERVICE:
            return ServiceName(*place, check_service_id(own))
        if kind is TargetKind.JOB:
            return JobName(*place, check_job_id(own))
        return FunctionName(*place, check_function_id(own))


def _given(name: str, setting: Setting | None, text: str) -> str:
    if setting is None:
        raise UsageError(
            f"Looking for {text}: no {name} is given.",
            hint=f"Name it with --{name}, in the environment, in gcloud's configuration"
            " (gcloud config set …), or write the full resource name.",
        )
    return setting.value


def _full_name(text: str) -> tuple[TargetKind, Name]:
    """Read ``[//HOST/]projects/P/locations/R/COLLECTION/ID``."""
    bare, allowed = text, tuple(_COLLECTIONS)
    if text.startswith(("//", "https://")):
        host, _, rest = text.partition("//")[2].partition("/")
        bare, allowed = rest[rest.find("projects/") :], _HOSTS.get(host, ())
    parts = bare.split("/")
    collection = parts[4] if len(parts) == 6 else ""  # noqa: PLR2004 - three pairs
    if collection not in allowed:
        raise UsageError(
            f"{text!r} is not the name of a service, job or function.",
            hint="Full names read projects/PROJECT/locations/REGION/services/NAME, or jobs, or"
            " functions; //run.googleapis.com/ or //cloudfunctions.googleapis.com/ may go before.",
        )
    kind = _COLLECTIONS[collection]
    return kind, _PARSED[kind](bare)
