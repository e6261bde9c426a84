"""`--scope`: the project, folder or organisation that an audit is about."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

import msgspec

from provision.audit.answers import Finding
from provision.errors import UsageError
from provision.snapshot import Snapshot

_FORM = re.compile(r"(project|folder|organization)s?/([^/\s]+)")
_NUMBER = re.compile(r"[0-9]+")
_PROJECT = re.compile(
    r"[a-z][a-z0-9-]{4,28}[a-z0-9]|(?:[a-z0-9.-]+:)[a-z][a-z0-9-]{4,28}[a-z0-9]|[0-9]+"
)
_SHOWN = "Write project, project/ID, folder/NUMBER or organization/NUMBER."
_ROOT = "//cloudresourcemanager.googleapis.com/"


def parse_scope(text: str, project: Callable[[], str]) -> str:
    """The scope that `text` means: ``projects/ID``, ``folders/NUMBER`` or ``organizations/NUMBER``.

    Args:
        text: as the user wrote it; ``project`` alone is the one that is set.
        project: tells the project that is set, when it is needed.

    Raises:
        UsageError: it is none of the forms.
    """
    if text == "project":
        return f"projects/{project()}"
    found = _FORM.fullmatch(text.removeprefix(_ROOT))
    if found is None:
        raise UsageError(f"--scope {text!r} is no scope.", hint=_SHOWN)
    kind, name = found.groups()
    if kind == "project" and not _PROJECT.fullmatch(name):
        raise UsageError(f"--scope {text!r}: {name!r} is no project's id.", hint=_SHOWN)
    if kind != "project" and not _NUMBER.fullmatch(name):
        raise UsageError(
            f"--scope {text!r}: a {kind} goes by its number.",
            hint="`gcloud organizations list` and `gcloud resource-manager folders list` show it.",
        )
    return f"{kind}s/{name}"


def narrowed(snapshot: Snapshot, scope: str) -> Snapshot:
    """The snapshot with the targets beneath `scope` alone; what decides about them stays.

    Raises:
        UsageError: the snapshot does not hold that scope.
    """
    scope = _named(snapshot, scope)
    if scope == snapshot.header.scope:
        return snapshot
    parents = {one.name: one.parent or "" for one in snapshot.containers}
    if scope not in parents or not _beneath(scope, snapshot.header.scope, parents):
        raise UsageError(
            f"The snapshot is of {snapshot.header.scope}; {scope} is not in it.",
            hint="Leave --scope out, or read it: `provision audit snapshot --scope"
            f" {scope} -o FILE`.",
        )
    inside = {name for name in parents if _beneath(name, scope, parents)}
    header = msgspec.structs.replace(snapshot.header, scope=scope)
    kept = [one for one in snapshot.targets if container_of(one.name) in inside]
    return replace(snapshot, header=header, targets=kept)


def concerning(findings: Iterable[Finding], snapshot: Snapshot) -> tuple[Finding, ...]:
    """The findings about targets of the snapshot's scope, or what stands in it or above it.

    A narrowed snapshot still holds the policies of other projects, for they may lead into it.
    """
    scope = snapshot.header.scope
    parents = {one.name: one.parent or "" for one in snapshot.containers}
    near = {name for name in parents if _beneath(name, scope, parents)}
    near |= {name for name in parents if _beneath(scope, name, parents)}

    def concerns(one: Finding) -> bool:
        container = one.resource if one.resource in parents else container_of(one.resource)
        return bool(one.targets) or not container or container in near

    return tuple(one for one in findings if concerns(one))


def container_of(name: str) -> str:
    """The project in a full resource name, as ``projects/ID``; empty where there is none."""
    parts = name.split("/")
    if "projects" not in parts[:-1]:
        return ""
    return f"projects/{parts[parts.index('projects') + 1]}"


def _beneath(name: str, top: str, parents: dict[str, str]) -> bool:
    seen = set()
    while name and name not in seen:
        if name == top:
            return True
        seen.add(name)
        name = parents.get(name, "")
    return False


def _named(snapshot: Snapshot, scope: str) -> str:
    """`scope` by the project's id, where it was given by its number."""
    number = scope.removeprefix("projects/")
    return next(
        (one.name for one in snapshot.containers if one.number and one.number == number), scope
    )
