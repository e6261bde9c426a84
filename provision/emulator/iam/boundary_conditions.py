"""Conditions of principal access boundary bindings: two attributes, few operators.

Source: the comments of ``google.iam.v3.PolicyBinding``. The words of refusals are assumed.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from provision.emulator.iam.cel.checker import CelTypeError, Declarations
from provision.emulator.iam.cel.evaluator import evaluate
from provision.emulator.iam.cel.functions import STANDARD
from provision.emulator.iam.cel.lexer import CelSyntaxError
from provision.emulator.iam.cel.syntax import Call, Listing, Literal, Name, Node, parse

MAX_LENGTH = 250
MAX_SUBEXPRESSIONS = 10
TYPES: Final = frozenset(
    f"iam.googleapis.com/{kind}"
    for kind in (
        *("WorkspaceIdentity", "WorkforcePoolIdentity", "WorkloadPoolIdentity"),
        *("ServiceAccount", "AgentPoolIdentity"),
    )
)
_TYPE, _SUBJECT = "principal.type", "principal.subject"
_KINDS: Final = {
    "user": "iam.googleapis.com/WorkspaceIdentity",
    "serviceAccount": "iam.googleapis.com/ServiceAccount",
}
_LOGIC: Final = ("_&&_", "_||_", "!_")
_OPERATORS: Final = {
    _TYPE: ("_==_", "_!=_", "@in"),
    _SUBJECT: ("_==_", "_!=_", "@in", "startsWith", "endsWith"),
}
_DECLARED: Final = Declarations(
    {_TYPE: "string", _SUBJECT: "string"},
    {name: STANDARD[name] for name in ("!_", "@in", "startsWith", "endsWith")},
)


def refusal(expression: str) -> str | None:
    """Why the expression of a binding is refused; None when it is well."""
    if len(expression) > MAX_LENGTH:
        return f"The condition expression must have at most {MAX_LENGTH} characters."
    try:
        _checked(expression)
    except CelSyntaxError as error:
        return str(error)
    return None


def holds(expression: str, member: str) -> bool | None:
    """Whether a binding concerns ``user:…`` or ``serviceAccount:…``; None when untold."""
    kind, _, subject = member.partition(":")
    try:
        tree = _checked(expression)
    except CelSyntaxError:
        return None
    value = evaluate(tree, {_TYPE: _KINDS.get(kind, ""), _SUBJECT: subject}, STANDARD)
    return value if isinstance(value, bool) else None


@lru_cache(maxsize=1024)
def _checked(expression: str) -> Node:
    """The tree of an expression that a binding may have. Raises `CelSyntaxError`."""
    kind, tree = _DECLARED.check(parse(expression))
    if kind != "bool":
        raise CelTypeError(f"expected type 'bool' but found '{kind}'")
    parts = list(_parts(tree))
    if not 1 <= len(parts) <= MAX_SUBEXPRESSIONS:
        raise CelTypeError(
            f"The condition has {len(parts)} subexpressions; 1 to {MAX_SUBEXPRESSIONS} are allowed."
        )
    for part in parts:
        _check_part(part)
    return tree


def _parts(tree: Node) -> Iterator[Node]:
    if isinstance(tree, Call) and tree.function in _LOGIC:
        for argument in tree.arguments:
            yield from _parts(argument)
    else:
        yield tree


def _check_part(part: Node) -> None:
    """One comparison of an attribute with texts that are written out."""
    if not isinstance(part, Call) or not isinstance(part.arguments[0], Name):
        raise CelTypeError("A subexpression must compare principal.type or principal.subject.")
    attribute, other = part.arguments[0].text, part.arguments[-1]
    if part.function not in _OPERATORS[attribute]:
        raise CelTypeError(f"Operator '{part.function}' is not supported for {attribute}.")
    texts = tuple(_texts(other))
    if attribute == _TYPE and not TYPES.issuperset(texts):
        raise CelTypeError(f"Unknown principal type in the condition: {', '.join(map(str, texts))}")


def _texts(value: Node) -> Iterator[Any]:
    items = value.items if isinstance(value, Listing) else (value,)
    for item in items:
        if not isinstance(item, Literal) or not isinstance(item.value, str):
            raise CelTypeError("An attribute can be compared with string constants only.")
        yield item.value
