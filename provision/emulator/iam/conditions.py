"""Conditions of IAM: which attributes there are, which texts are refused, and when one holds.

Three-valued: what cannot be told is None, which neither grants nor keeps a deny rule from applying.
Source: the condition attribute reference of IAM's documentation. Words of refusals for what is
undeclared were reported for Cloud Storage; the others are CEL's own.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from provision.emulator.iam.cel.checker import CelTypeError, Declarations
from provision.emulator.iam.cel.evaluator import evaluate
from provision.emulator.iam.cel.functions import DYN, STANDARD, Functions, Overload, equal
from provision.emulator.iam.cel.lexer import CelSyntaxError, tokens
from provision.emulator.iam.cel.syntax import Node, parse
from provision.emulator.iam.cel.values import Timestamp, Unknown
from provision.emulator.seams import TagPair

MAX_TITLE = 100
MAX_DESCRIPTION = 256
MAX_LOGICAL_OPERATORS = 12
MODIFIED_ROLES = "iam.googleapis.com/modifiedGrantsByRole"
_ATTRIBUTES: Final = {
    "request.time": "timestamp",
    "request.path": "string",
    "request.host": "string",
    "request.auth.access_levels": "list",
    "resource.name": "string",
    "resource.type": "string",
    "resource.service": "string",
    "destination.ip": "string",
    "destination.port": "int",
}
# "resource.type != X" is true also where there is no type to compare with (documented).
_ABSENT: Final = {"resource.type": Unknown(unequal=True), "resource.service": Unknown(unequal=True)}


@dataclass(frozen=True)
class Context:
    """What is known at the moment of a check; what is None is not available.

    Args:
        time: ``request.time``.
        path: ``request.path``.
        host: ``request.host``.
        modified_roles: roles whose grants a SetIamPolicy would change.
        resource: ``name``, ``type`` and ``service`` of the resource, for services that tell them.
        tags: in effect on the resource.
    """

    time: dt.datetime
    path: str | None = None
    host: str | None = None
    modified_roles: frozenset[str] | None = None
    resource: tuple[str, str, str] | None = None
    tags: Sequence[TagPair] = field(default=())

    def attributes(self) -> dict[str, Any]:
        """Values by dotted name."""
        found: dict[str, Any] = {**_ABSENT, "request.time": Timestamp.of(self.time)}
        if self.path is not None:
            found["request.path"] = self.path
        if self.host is not None:
            found["request.host"] = self.host
        if self.resource is not None:
            names = ("resource.name", "resource.type", "resource.service")
            found |= dict(zip(names, self.resource, strict=True))
        return found

    def functions(self) -> Functions:
        """Functions that ask about this one check, and all others."""
        return {**STANDARD, **_bound(self)}

    def attribute(self, name: str, default: object) -> Any:  # noqa: ANN401 - any value
        """``api.getAttribute``: the default stands for what a request does not have."""
        if name == MODIFIED_ROLES and self.modified_roles is not None:
            return tuple(sorted(self.modified_roles))
        return default


def _has_only(items: tuple[Any, ...], allowed: tuple[Any, ...]) -> bool:
    return all(any(equal(item, one) for one in allowed) for item in items)


def _bound(context: Context) -> dict[str, Sequence[Overload]]:
    """The functions of IAM's own, asked in a context."""

    def tagged(**wanted: str) -> bool:
        return any(
            all(getattr(tag, name) == value for name, value in wanted.items())
            for tag in context.tags
        )

    two, one = ("string", "string"), ("string",)
    return {
        "resource.matchTag": (Overload(two, "bool", lambda k, v: tagged(key=k, value=v)),),
        "resource.matchTagId": (Overload(two, "bool", lambda k, v: tagged(key_id=k, value_id=v)),),
        "resource.hasTagKey": (Overload(one, "bool", lambda k: tagged(key=k)),),
        "resource.hasTagKeyId": (Overload(one, "bool", lambda k: tagged(key_id=k)),),
        "api.getAttribute": (Overload(("string", DYN), DYN, context.attribute),),
        "hasOnly": (Overload(("list", "list"), "bool", _has_only),),
    }


_OWN: Final = _bound(Context(dt.datetime.fromtimestamp(0, dt.UTC)))
_TAG_FUNCTIONS: Final = {name: found for name, found in _OWN.items() if "Tag" in name}
_ALLOW: Final = Declarations(_ATTRIBUTES, {**STANDARD, **_OWN})
_DENY: Final = Declarations({}, {**_TAG_FUNCTIONS, "!_": STANDARD["!_"]})


@lru_cache(maxsize=4096)
def _checked(expression: str, *, deny: bool) -> Node:
    """The tree of an expression that makes sense. Raises `CelSyntaxError`."""
    kind, tree = (_DENY if deny else _ALLOW).check(parse(expression))
    if kind not in ("bool", DYN):
        raise CelTypeError(f"expected type 'bool' but found '{kind}'")
    return tree


def refusal(condition: Any, *, deny: bool = False) -> str | None:  # noqa: ANN401 - a google.type.Expr
    """Why a condition is refused; None when it is well.

    Args:
        condition: the ``google.type.Expr``.
        deny: whether it is one of a deny rule, which knows tags alone and needs no title.
    """
    if not condition.expression:
        return "The condition must have an expression."
    if not condition.title and not deny:
        return "The condition must have a title."
    for name, most in (("title", MAX_TITLE), ("description", MAX_DESCRIPTION)):
        if len(getattr(condition, name)) > most:
            return f"The {name} of a condition must have at most {most} characters."
    return _expression_refusal(condition.expression, deny=deny)


def _expression_refusal(expression: str, *, deny: bool) -> str | None:
    try:
        _checked(expression, deny=deny)
    except CelSyntaxError as error:
        return str(error)
    operators = sum(
        token.kind == "operator" and token.text in ("&&", "||", "!") for token in tokens(expression)
    )
    if operators > MAX_LOGICAL_OPERATORS:
        return (
            f"The condition has {operators} logical operators; at most {MAX_LOGICAL_OPERATORS} "
            "are allowed."
        )
    return None


def holds(expression: str, context: Context, *, deny: bool = False) -> bool | None:
    """Whether a condition is true; None when it cannot be told."""
    try:
        tree = _checked(expression, deny=deny)
    except CelSyntaxError:
        return None
    value = evaluate(tree, context.attributes(), context.functions())
    return value if isinstance(value, bool) else None
