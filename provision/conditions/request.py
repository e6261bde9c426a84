"""What is known of a request that a condition is asked about. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from provision.conditions.attributes import ATTRIBUTES, missing
from provision.conditions.times import instant_of
from provision.conditions.values import Absent, Type, Unknown, Value


class Tag(NamedTuple):
    """A tag on a resource, bound or inherited, by its names and by its ids.

    Args:
        key: namespaced name of the key, as ``123456789012/env``.
        value: short name of the value, as ``prod``.
        key_id: as ``tagKeys/123``.
        value_id: as ``tagValues/456``.
    """

    key: str
    value: str
    key_id: str = ""
    value_id: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What is known of a request; None is what is not known.

    Args:
        time: when, with a time zone.
        path: of the URL, without the query.
        host: of the URL.
        tags: all of the resource's.
        kind: of the target: ``service``, ``job``, ``function`` (first generation), or ``project``
            for what Resource Manager keeps.
        resource: name, type and service of the resource, where its kind knows them: by the names
            ``resource.name``, ``resource.type``, ``resource.service``.
        changed_roles: roles whose members the request changes; an invocation changes none.
        more_tags: why there may be tags of other keys than those in `tags`; empty: there are none.
    """

    time: datetime | None = None
    path: str | None = None
    host: str | None = None
    tags: frozenset[Tag] | None = None
    kind: str = "service"
    resource: Mapping[str, str] = field(default_factory=dict)
    changed_roles: tuple[str, ...] | None = ()
    more_tags: str = ""


class Context(NamedTuple):
    """A request as an evaluation sees it: every documented attribute with what is known of it."""

    attributes: Mapping[str, Value]
    tags: frozenset[Tag] | None
    changed_roles: tuple[str, ...] | None
    more_tags: str = ""


def context_of(request: Request) -> Context:
    """What an evaluation may know of a request."""
    known: dict[str, Value] = dict(request.resource)
    if request.time is not None:
        known["request.time"] = instant_of(request.time)
    if request.path is not None:
        known["request.path"] = request.path
    if request.host is not None:
        known["request.host"] = request.host
    untold = _untold(request.kind)
    told = {name: one for name, one in known.items() if isinstance(untold.get(name), Unknown)}
    return Context(
        {**untold, **told},
        request.tags,
        request.changed_roles,
        request.more_tags,
    )


@lru_cache(maxsize=64)
def _untold(kind: str) -> Mapping[str, Value]:
    """Every attribute, where nothing is known but the kind of the target."""
    return {
        name: not_told(attribute.type, name)
        if attribute.had_by(kind)
        else Absent(attribute.type, name, missing(name, kind))
        for name, attribute in ATTRIBUTES.items()
    }


def not_told(kind: Type, name: str) -> Unknown:
    """An attribute of which nothing is known."""
    return Unknown(kind, f"it depends on {name}", frozenset({name}))
