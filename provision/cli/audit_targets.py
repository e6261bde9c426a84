"""Which target of a snapshot a text means, in any form that a user would give."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import urlsplit

from provision.cli.audit_place import Place
from provision.errors import NotFoundError, NotProvenError, ProvisionError, UsageError
from provision.snapshot import Snapshot
from provision.snapshot.records import Kind, Part, Target

FORMS = (
    "A target is a name in the spec, service/NAME, job/NAME, function/NAME, instance/NAME, the"
    " address of a service, or a full resource name."
)
_TAGGED = re.compile(r"^[a-z0-9-]+---")
_COLLECTIONS = frozenset(f"{kind}s" for kind in Kind)
_AT_MOST = 5
"""Names that a message lists."""


def find_target(text: str, snapshot: Snapshot, place: Place) -> Target:
    """The target that `text` means.

    Raises:
        UsageError: it is no form of a target, or more than one is called so.
        NotFoundError: there is none.
        NotProvenError: there is none, and not everything could be read.
    """
    found = _Search(snapshot, place).find(text)
    own = {one.service for one in found if one.service}
    # A function of the second generation and its service are one thing.
    found = [one for one in found if one.name not in own]
    if len(found) > 1:
        found = _preferred(found, place) or found
    if len(found) > 1:
        raise UsageError(
            f"{text!r} is {len(found)} targets: {_listed(found)}.",
            hint="Give --region or --project, or the full resource name.",
        )
    if not found:
        raise _missing(text, snapshot)
    return found[0]


def names_told(text: str, place: Place) -> tuple[str, ...]:
    """The full name that `text` tells before anything is read, with what is set; else none."""
    if "projects/" in text:
        tail = text[text.index("projects/") :].rstrip("/")
        return _full(tail) if tail.count("/") == 5 else ()  # noqa: PLR2004 - three pairs
    word, slash, own = text.partition("/")
    declared = [str(one.resource_name.name) for one in place.specs if one.name == (own or word)]
    if len(declared) == 1:
        return _full(declared[0])
    region = place.region_that_is_set()
    collection = f"{word.removesuffix('s')}s"
    if not slash or "://" in text or not region or collection not in _COLLECTIONS:
        return ()
    return _full(f"projects/{place.project_that_is_set()}/locations/{region}/{collection}/{own}")


def _full(tail: str) -> tuple[str, ...]:
    collection = tail.split("/")[4]
    host = "cloudfunctions" if collection == "functions" else "run"
    return (f"//{host}.googleapis.com/{tail}",) if collection in _COLLECTIONS else ()


@dataclass(frozen=True)
class _Search:
    snapshot: Snapshot
    place: Place

    def find(self, text: str) -> list[Target]:
        """All targets that `text` may mean."""
        if re.match(r"https?://", text) and "googleapis.com/" not in text:
            return self._by_address(text)
        if "projects/" in text:
            return self._by_full_name(text)
        word, slash, own = text.partition("/")
        if not slash:
            return self._by_spec(text) or self._by_name(text, tuple(Kind))
        try:
            kind = Kind(word.removesuffix("s"))
        except ValueError:
            raise UsageError(f"{text!r} is not a target.", hint=FORMS) from None
        declared = [one for one in self._by_spec(own) if one.kind is kind]
        return declared or self._by_name(own, (kind,))

    def _by_full_name(self, text: str) -> list[Target]:
        wanted = text[text.index("projects/") :].rstrip("/").split("/")
        if len(wanted) < 6 or wanted[2] != "locations":  # noqa: PLR2004 - three pairs
            raise UsageError(
                f"{text!r} is not the name of a target.",
                hint="Full names read projects/PROJECT/locations/REGION/services/NAME, or jobs,"
                " functions or instances; //run.googleapis.com/ may go before.",
            )
        if wanted[4] == "workerPools":
            raise UsageError(f"{text!r} is a worker pool: nobody can invoke one.")
        numbers = {one.number: one.name for one in self.snapshot.containers if one.number}
        project = numbers.get(wanted[1], f"projects/{wanted[1]}")
        tail = "/".join((project, *wanted[2:6]))
        return [
            one
            for one in self.snapshot.targets
            if one.name.partition("/projects/")[2] == tail.removeprefix("projects/")
        ]

    def _by_address(self, text: str) -> list[Target]:
        host, path = _address(text)
        found = [
            one
            for one in self.snapshot.targets
            for url in (*one.urls, *one.audiences)
            if _matches(url, host, path)
        ]
        return list({one.name: one for one in found}.values())

    def _by_spec(self, name: str) -> list[Target]:
        names = {str(spec.resource_name.name) for spec in self.place.specs if spec.name == name}
        return [one for one in self.snapshot.targets if _bare(one.name) in names]

    def _by_name(self, name: str, kinds: Sequence[Kind]) -> list[Target]:
        return [
            one
            for one in self.snapshot.targets
            if one.kind in kinds and one.name.endswith(f"/{name}") and self._here(one)
        ]

    def _here(self, one: Target) -> bool:
        """Whether it is in the project and region of the flags, where there are such."""
        parts = _bare(one.name).split("/")
        wanted = (self.place.project, self.place.region)
        return all(not want or want == has for want, has in zip(wanted, parts[1::2], strict=False))


def _preferred(found: Sequence[Target], place: Place) -> list[Target]:
    """Those of the region that is set, in the environment or gcloud's configuration."""
    region = place.region_that_is_set()
    return [one for one in found if region and f"/locations/{region}/" in one.name]


def _bare(name: str) -> str:
    return f"projects/{name.partition('/projects/')[2]}"


def _address(text: str) -> tuple[str, str]:
    parts = urlsplit(text)
    host = _TAGGED.sub("", (parts.hostname or "").lower())
    return (f"{host}:{parts.port}" if parts.port else host), parts.path


def _matches(url: str, host: str, path: str) -> bool:
    """Whether a request to that address goes to `url`; functions share a host."""
    its_host, its_path = _address(url)
    if not its_host or its_host != host:
        return False
    return its_path in {"", "/"} or path == its_path or path.startswith(f"{its_path.rstrip('/')}/")


def _missing(text: str, snapshot: Snapshot) -> ProvisionError:
    unread = [one for one in snapshot.unread if one.part in {Part.TARGETS, Part.CHILDREN}]
    scope = snapshot.header.scope
    if unread:
        first = unread[0]
        what = f"{first.part} of {first.of}"
        return NotProvenError(
            f"{text} was not found in {scope}, where not everything could be read: {what}"
            f" ({first.why}).",
            hint="`provision audit report` lists what could not be read.",
        )
    own = text.rpartition("/")[2]
    elsewhere = [
        one
        for one in snapshot.targets
        if text in {own, _short(one)} and one.name.endswith(f"/{own}")
    ]
    if elsewhere:
        return NotFoundError(
            f"{text} is not where the options say; there is {_listed(elsewhere)}.",
            hint="Give its --region or --project, or the full resource name.",
        )
    names = {one.name.rpartition("/")[2]: one for one in snapshot.targets}
    close = get_close_matches(own, names, n=1)
    meant = f" Did you mean {_short(names[close[0]])}?" if close else ""
    return NotFoundError(
        f"{text} is not in {scope}, which has {_count(len(snapshot.targets))}.{meant}",
        hint="`provision audit report` lists all targets." if not close else FORMS,
    )


def _count(number: int) -> str:
    return "1 target" if number == 1 else f"{number:,} targets"


def _short(target: Target) -> str:
    return f"{target.kind}/{target.name.rpartition('/')[2]}"


def _listed(found: Iterable[Target]) -> str:
    names = sorted(_bare(one.name) for one in found)
    more = f" and {len(names) - _AT_MOST:,} more" if len(names) > _AT_MOST else ""
    return f"{', '.join(names[:_AT_MOST])}{more}"
