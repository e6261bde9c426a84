"""What a command speaks to: a target's address, and the audience that opens it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from provision.cli.context import Context
from provision.cli.options import DEFAULT_FILES
from provision.cli.target_context import TargetContext, open_targets
from provision.clients.targets import Resolved
from provision.errors import PermissionDeniedError, UsageError
from provision.targets import FORMS, TargetKind
from provision.tokens.audiences import (
    Audience,
    as_given,
    by_default,
    for_address,
    require_private_way,
)


@dataclass(frozen=True)
class Place:
    """Where targets are looked for: the options of that name.

    Args:
        file: specs that the user named.
        project: the ``--project`` flag.
        region: the ``--region`` flag.
        impersonate: the ``--impersonate-service-account`` flag.
    """

    file: Sequence[Path] | None = None
    project: str | None = None
    region: str | None = None
    impersonate: str | None = None

    def open(self, *texts: str, files: Sequence[Path] | None = None) -> TargetContext:
        """The context of a command over the targets that `texts` mean."""
        return open_targets(
            texts,
            files=files or self.file,
            project=self.project,
            region=self.region,
            impersonate=self.impersonate,
        )


@dataclass(frozen=True)
class Addressed:
    """What is spoken to.

    Args:
        context: whom we act as, and the clients.
        audience: what tokens for it are for.
        url: its address without a slash at its end; empty where only an audience was given.
        resolved: the target, where one was named.
        accepted: every audience that it accepts from service accounts; empty where not known.
    """

    context: Context
    audience: Audience
    url: str = ""
    resolved: Resolved | None = None
    accepted: tuple[str, ...] = ()


def address(text: str | None, audience: str | None, place: Place) -> Addressed:
    """What `text` means: a target, an address, or the only service of the spec.

    Args:
        text: as the user wrote it; None for the only service that the spec declares.
        audience: the ``--audience`` flag.
        place: where targets are looked for.

    Raises:
        UsageError: it is a job, which has no address; or nothing is named.
        NotFoundError: the target is not there.
    """
    if text is None and audience is None:
        text = _only(place)
    if text is None:
        return Addressed(place.open(), as_given(audience or ""))
    if "://" in text:
        require_private_way(text)
        wanted = as_given(audience) if audience is not None else for_address(text)
        return Addressed(place.open(), wanted, text)
    context = place.open(text)
    [target] = context.targets
    if target.kind is TargetKind.JOB:
        raise UsageError(
            f"{target} has no address: jobs are executed, not called.",
            hint=f"`provision execute {target.id}` runs it.",
        )
    try:
        return _of(context, context.lookup.resolve(target), audience)
    except PermissionDeniedError as error:
        # Whoever may call a service need not be allowed to read it.
        hint = f"{error.hint} Or give its address in the place of {text}: that needs no reading."
        raise PermissionDeniedError(str(error), hint=hint) from error


def _of(context: TargetContext, found: Resolved, audience: str | None) -> Addressed:
    urls, custom = found.urls, found.audiences
    given = None if audience is None else as_given(audience, urls, custom)
    wanted = given or by_default(urls, custom)
    url = urls[0].rstrip("/") if urls else ""
    accepted = (*(one.rstrip("/") for one in urls), *custom)
    return Addressed(context, wanted, url, found, accepted)


def _only(place: Place) -> str:
    if place.file or DEFAULT_FILES[0].exists():
        names = [str(spec.name) for spec in place.open(files=place.file or DEFAULT_FILES).specs]
        if len(names) == 1:
            return names[0]
        told = f"the spec declares {', '.join(names)}"
    else:
        told = f"there is no {DEFAULT_FILES[0]} here"
    raise UsageError(
        f"Whom the token is for is not said: {told}.",
        hint=f"Name a TARGET ({FORMS}), its address, or an --audience.",
    )
