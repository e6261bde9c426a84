"""What the control side says of a target, gathered for an explanation; reads only."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from provision.clients.iam import Iam
from provision.clients.resource_manager import MAX_DEPTH, ResourceManager
from provision.clients.targets import Resolved
from provision.conditions import Request
from provision.errors import PermissionDeniedError, ProvisionError
from provision.invoke.addressing import Way
from provision.invoke.explain import Asked, Known, Standing
from provision.invoke.explain.standings import Place, changed_at
from provision.policy import Policy
from provision.proof.judge import Gate
from provision.targets import TargetKind


@dataclass(frozen=True)
class Circumstances:
    """Looks at what may have decided over a request.

    Args:
        iam: tells which roles carry the permission.
        resources: what stands above the target.
        progress: told what is being looked at.
    """

    iam: Iam
    resources: ResourceManager
    progress: Callable[[str], None]

    def of(
        self, way: Way, resolved: Resolved, asked: Asked, now: datetime, *, policies: bool
    ) -> Known:
        """What is known of the way that `asked` went.

        Args:
            way: where it went.
            resolved: what stands there.
            asked: the request.
            now: when.
            policies: whether they are wanted, which takes a few calls.
        """
        read = self._read(resolved, asked, now) if policies else _Read()
        return Known(
            name=way.name,
            argument=f"{resolved.target.kind}/{resolved.target.id}",
            gate=_gate(resolved),
            audiences=way.accepted,
            permission=resolved.permission,
            role=resolved.role,
            unchecked=bool(resolved.live.get("invokerIamDisabled", False)),
            standings=read.standings,
            changed_at=read.changed_at,
            unread=read.unread,
            limits=_limits(resolved.live),
        )

    def _read(self, resolved: Resolved, asked: Asked, now: datetime) -> "_Read":
        """Every policy from the target up to the organisation, as far as they can be read."""
        standings: list[Standing] = []
        unread: list[str] = []
        changed: datetime | None = None
        for place in self._places(resolved, _request(resolved, asked, now)):
            if isinstance(place, str):
                unread.append(place)
                continue
            changed = changed or changed_at(place.policy.etag)
            standings += place.standings(asked.member) if asked.member else ()
        own_unread = bool(unread) and unread[0].startswith(str(resolved.target))
        known = None if own_unread and not standings else tuple(standings)
        return _Read(known, changed, tuple(unread))

    def _places(self, resolved: Resolved, request: Request) -> Iterator[Place | str]:
        """The policies that count, the target's own first; in words where one is not readable."""
        carries = self.iam.carrying(resolved.permission)
        where = str(resolved.target)

        def read(where: str, policy: Callable[[], Policy]) -> Place | str:
            self.progress(f"reading the policy of {where}")
            try:
                return Place(where, policy(), carries, request)
            except ProvisionError as error:
                return f"{where}: {_short(error)}"

        yield read(where, lambda: resolved.policies.get(resolved.resource))
        resource = f"projects/{resolved.target.name.project}"
        for _ in range(MAX_DEPTH):
            where = resource.replace("s/", " ", 1)
            yield read(where, lambda here=resource: self.resources.policy(here))  # type: ignore[misc]
            try:
                resource = self.resources.parent(resource)
            except ProvisionError as error:
                yield f"above {where}: {_short(error)}"
                return
            if not resource:
                return


def by_address(way: Way) -> Known:
    """What is known where a target was named by its address alone."""
    unread = f"{way.base} is an address: name the service to have its policy read"
    return Known(way.name, way.base, audiences=way.accepted, unread=(unread,))


@dataclass(frozen=True)
class _Read:
    """What policies say."""

    standings: tuple[Standing, ...] | None = None
    changed_at: datetime | None = None
    unread: tuple[str, ...] = ()


def _gate(resolved: Resolved) -> Gate:
    """The way in; functions of the first generation have a field and words of their own for it."""
    if not resolved.is_first_generation:
        return Gate.of(resolved.live)
    settings = resolved.live.get("ingressSettings", "")
    return Gate("" if settings == "ALLOW_ALL" else settings, default_url_disabled=False, iap=False)


def _request(resolved: Resolved, asked: Asked, now: datetime) -> Request:
    """The request as conditions see it."""
    first = resolved.is_first_generation
    return Request(
        time=now,
        path=asked.path,
        host=urlsplit(asked.url).hostname or "",
        kind=TargetKind.FUNCTION if first else TargetKind.SERVICE,
    )


def _short(error: ProvisionError) -> str:
    return "not permitted" if isinstance(error, PermissionDeniedError) else str(error)


def _limits(live: Mapping[str, Any]) -> Mapping[str, str]:
    """What bounds requests to a service, in words."""
    template = live.get("template", {})
    most = {**template.get("scaling", {}), **live.get("scaling", {})}.get("maxInstanceCount")
    at_once = template.get("maxInstanceRequestConcurrency")
    ready = live.get("terminalCondition", {})
    told = {
        "timeout": template.get("timeout", ""),
        "instances": ", ".join(
            text
            for text, value in ((f"at most {most}", most), (f"{at_once} requests each", at_once))
            if value
        ),
        "ready": " ".join(
            filter(None, (ready.get("state", ""), ready.get("reason", ""), ready.get("message")))
        ),
    }
    return {name: text for name, text in told.items() if text}
