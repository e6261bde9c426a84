"""Where a target is asked, and which audience opens it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provision.clients.targets import Resolved
from provision.errors import NotFoundError, UsageError
from provision.targets import TargetKind
from provision.tokens.audiences import (
    Audience,
    as_given,
    by_default,
    for_address,
    origin,
    require_private_way,
)

_SCHEMES = ("http://", "https://")


@dataclass(frozen=True)
class Way:
    """Where to send requests, and for which audience.

    Args:
        name: what is called, as messages name it.
        base: the address, without a slash at its end.
        audience: what tokens are for.
        accepted: every audience that the target accepts.
        resolved: what was looked up; None where only an address is known.
        chosen: whether the audience is the user's choice.
    """

    name: str
    base: str
    audience: Audience
    accepted: tuple[str, ...]
    resolved: Resolved | None = None
    chosen: bool = False

    def whole(self, path: str) -> str:
        """The address of `path` at this target: nothing added but the first slash.

        Args:
            path: with its query, or a whole address of the same origin; empty for the target's
                own address.

        Raises:
            UsageError: the address is elsewhere: a token goes to nobody else.
        """
        if path.startswith(_SCHEMES):
            if origin(path) != origin(self.base):
                raise UsageError(
                    f"{origin(path)} is not {self.name}, which answers at {self.base}.",
                    hint="Give a path; a token for one service is sent to no other.",
                )
            return path
        return self.base + (path if not path or path[0] in "/?" else f"/{path}")


def way_to(resolved: Resolved, tag: str = "", audience: str = "") -> Way:
    """The way to a target that was looked up.

    Args:
        resolved: the target.
        tag: a traffic tag, whose address is asked with the service's own audience.
        audience: what the user asks for; empty for what is right.

    Raises:
        UsageError: it is a job, or has no such tag.
        NotFoundError: it has no address.
    """
    target = resolved.target
    if target.kind is TargetKind.JOB:
        raise UsageError(
            f"{target} has no address: jobs are executed, not called.",
            hint=f"`provision execute {target.id}` runs it.",
        )
    if not resolved.urls:
        raise NotFoundError(
            f"{target} has no address"
            + (": its default address is off." if resolved.live.get("defaultUriDisabled") else "."),
            hint="Name the address of its load balancer instead, with --audience.",
        )
    accepted = (*(for_address(url).value for url in resolved.urls), *resolved.audiences)
    wanted = (
        as_given(audience, resolved.urls, resolved.audiences)
        if audience
        else _without_note(by_default(resolved.urls, resolved.audiences))
    )
    base = _tagged(resolved, tag) if tag else resolved.urls[0]
    return Way(str(target), base.rstrip("/"), wanted, accepted, resolved, bool(audience))


def is_address(text: str) -> bool:
    """Whether a target is named by its address, and not by a name."""
    return text.startswith(_SCHEMES) and "/projects/" not in text


def way_by_address(url: str, tag: str = "", audience: str = "") -> Way:
    """The way to an address of which nothing else is known, as its target is written.

    Raises:
        UsageError: it is no address, or one where others could read a token.
    """
    if tag:
        raise UsageError("An address has no traffic tags.", hint="Name the tag's own address.")
    require_private_way(url)
    if "?" in url or "#" in url:
        raise UsageError("The target has a query.", hint="Give it with the path, after the target.")
    wanted = as_given(audience) if audience else for_address(url)
    return Way(
        origin(url), url.rstrip("/"), wanted, (for_address(url).value,), chosen=bool(audience)
    )


def _without_note(audience: Audience) -> Audience:
    """What is right by itself needs no word."""
    return Audience(audience.value)


def _tagged(resolved: Resolved, tag: str) -> str:
    found = tags(resolved.live)
    if tag not in found:
        there = f"its tags are {', '.join(sorted(found))}" if found else "nor any other"
        raise UsageError(
            f"{resolved.target} has no traffic tag {tag!r}; {there}.",
            hint="`gcloud run services update-traffic --set-tags TAG=REVISION` gives one.",
        )
    return found[tag]


def tags(live: Mapping[str, Any]) -> Mapping[str, str]:
    """The traffic tags of a service and their addresses."""
    return {
        one["tag"]: one["uri"]
        for one in live.get("trafficStatuses", ())
        if one.get("tag") and one.get("uri")
    }
