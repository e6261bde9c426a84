"""From what a user names to where it is asked: shared by `call` and `proxy`."""

from collections.abc import Sequence
from pathlib import Path

from provision.cli.calling import watched
from provision.cli.target_context import TargetContext, open_targets
from provision.cli.views.call_text import show_note
from provision.errors import PermissionDeniedError
from provision.invoke.addressing import Way, is_address, way_by_address, way_to


def open_way_context(
    target: str,
    files: Sequence[Path] | None,
    project: str | None,
    region: str | None,
    impersonate: str | None,
) -> TargetContext:
    """The context of a command over one target, which an address is not looked up for."""
    texts = () if is_address(target) else (target,)
    return open_targets(texts, files=files, project=project, region=region, impersonate=impersonate)


def find_way(context: TargetContext, target: str, tag: str, audience: str, *, tell: bool) -> Way:
    """Where `target` is asked, and for which audience.

    Raises:
        NotFoundError: there is none, or it has no address.
        PermissionDeniedError: the caller may not look it up.
    """
    if is_address(target):
        return way_by_address(target, tag, audience)
    try:
        with watched() as progress:
            progress(f"looking for {target}")
            (resolved,) = context.resolved()
    except PermissionDeniedError as error:
        raise PermissionDeniedError(
            str(error),
            hint=f"{error.hint} Whoever may call it and not look it up names its address instead:"
            " https://….run.app in the place of the target.",
        ) from error
    if resolved.said and tell:
        show_note(resolved.said)
    return way_to(resolved, tag, audience)
