"""The requests that connectors are: arguments laid into an address, a query and a body."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from provision.emulator.language.faults import type_fault, value_fault
from provision.emulator.language.surroundings import HttpRequest, OAuth2
from provision.emulator.language.values import Value
from provision.emulator.services.callers.workflows.connector_table import Connector

_PARAMETERS = "connector_params"
_REQUEST_SECONDS = 1800.0
_PLACE = re.compile(r"\{(\+?)(\w+)\}")
_ONE_OR_MORE = ("containerOverrides",)
"""Lists that may be given as their only entry (Google's own examples do)."""
_UPLOAD = "upload/"


@dataclass(frozen=True)
class Parameters:
    """How a call is waited for: ``connector_params``.

    Args:
        timeout: seconds until it has to be done.
        initial: seconds before the first look at how far it is.
        multiplier: how much longer each pause is than the one before.
        longest: seconds that a pause has at most.
        skip: whether nothing is waited for.
        scopes: of the access token.
    """

    timeout: float = 1800.0
    initial: float = 1.0
    multiplier: float = 1.25
    longest: float = 60.0
    skip: bool = False
    scopes: tuple[str, ...] = ()


def parameters(args: Mapping[str, Value]) -> Parameters:
    """How a call is to be waited for, by its arguments. Raises `Raised`."""
    given = args.get(_PARAMETERS) or {}
    policy = given.get("polling_policy") or {} if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(policy, dict):
        raise type_fault(f"{_PARAMETERS} and its polling_policy must be maps")
    usual = Parameters()
    return Parameters(
        timeout=_seconds(given, "timeout", usual.timeout),
        initial=_seconds(policy, "initial_delay", usual.initial),
        multiplier=_seconds(policy, "multiplier", usual.multiplier),
        longest=_seconds(policy, "max_delay", usual.longest),
        skip=given.get("skip_polling") is True,
        scopes=tuple(_text(one) for one in _each(given.get("scopes"))),
    )


def _seconds(given: Mapping[str, Value], name: str, usual: float) -> float:
    value = given.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise type_fault(f"{name} must be a number")
    if value < 0:
        raise value_fault(f"{name} must not be negative")
    return float(value)


def request(connector: Connector, args: Mapping[str, Value], how: Parameters) -> HttpRequest:
    """The request that a connector is. Raises `Raised`."""
    rest = {name: value for name, value in args.items() if name != _PARAMETERS}
    body = rest.pop("body", None) if connector.body else None
    if connector.waits == "workflow":
        body = {"argument": json.dumps(rest.pop("argument", None))}
    if connector.path.startswith(_UPLOAD):
        rest.setdefault("uploadType", "media")
    where = _filled(f"https://{connector.host}/{connector.path}", rest)
    pairs = [(name, _text(one)) for name, value in rest.items() for one in _each(value)]
    query = urlencode(pairs, quote_via=quote)
    headers, content = _content(connector, body)
    return HttpRequest(
        connector.verb,
        f"{where}?{query}" if query else where,
        headers=headers,
        body=content,
        auth=OAuth2(how.scopes),
        timeout=_REQUEST_SECONDS,
    )


def _content(connector: Connector, body: Value) -> tuple[tuple[tuple[str, str], ...], bytes | None]:
    """What is sent, and what kind it is."""
    if body is None and connector.verb != "POST":
        return (), None
    if isinstance(body, bytes):
        return (("Content-Type", "application/octet-stream"),), body
    if isinstance(body, str) and connector.path.startswith(_UPLOAD):
        return (("Content-Type", "text/plain"),), body.encode()
    sent = json.dumps({} if body is None else _listed(body), default=_unsendable)
    return (("Content-Type", "application/json"),), sent.encode()


def _unsendable(value: object) -> None:
    raise type_fault(f"a body cannot hold {type(value).__name__}")


def _listed(value: Value) -> Value:
    """A body in which each list is one."""
    if isinstance(value, list):
        return [_listed(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _entry(name, one) for name, one in value.items()}


def _entry(name: str, value: Value) -> Value:
    alone = name in _ONE_OR_MORE and isinstance(value, dict)
    return [_listed(value)] if alone else _listed(value)


def _filled(template: str, args: dict[str, Value]) -> str:
    """An address with its arguments, which are taken out of the rest. Raises `Raised`."""

    def fill(found: re.Match[str]) -> str:
        many, name = found.groups()
        value = args.pop(name, None)
        if not isinstance(value, str) or not value:
            raise type_fault(f"the connector wants an argument {name}, a text")
        # Names of objects are to be given encoded already (Google's own words), others are not.
        return value if name == "object" else quote(value, safe="/:@" if many else ":@")

    return _PLACE.sub(fill, template)


def _each(value: Value) -> list[Value]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
