"""Types before values: what is undeclared or does not go together is refused, as Google does."""

from collections.abc import Mapping
from dataclasses import dataclass

from provision.emulator.iam.cel.functions import DYN, Functions, fits, type_of
from provision.emulator.iam.cel.lexer import CelSyntaxError
from provision.emulator.iam.cel.syntax import Call, Listing, Literal, Name, Node, Select
from provision.emulator.iam.cel.syntax import Mapping as Entries

_LOGIC = ("_&&_", "_||_")
_EQUALITY = ("_==_", "_!=_")


class CelTypeError(CelSyntaxError):
    """The expression can be read, but does not make sense."""


@dataclass(frozen=True)
class Declarations:
    """What expressions may speak of.

    Args:
        attributes: types by dotted name, as in ``request.time``.
        functions: by name; those of a namespace with it, as in ``resource.matchTag``.
    """

    attributes: Mapping[str, str]
    functions: Functions

    def check(self, tree: Node) -> tuple[str, Node]:
        """The type of an expression, and it with dotted names in one. Raises `CelTypeError`."""
        match tree:
            case Literal(value):
                return type_of(value), tree
            case Name() | Select():
                return self._reference(tree)
            case Listing(items):
                return "list", Listing(tuple(self.check(item)[1] for item in items))
            case Entries(items):
                return "map", Entries(tuple(self.check(item)[1] for item in items))
            case Call():
                return self._call(tree)

    def _reference(self, tree: Name | Select) -> tuple[str, Node]:
        dotted = _dotted(tree)
        if dotted in self.attributes and not (isinstance(tree, Select) and tree.test):
            return self.attributes[dotted], Name(dotted)
        if isinstance(tree, Name):
            raise _undeclared(tree.text)
        if dotted and not any(dotted.startswith(f"{known}.") for known in self.attributes):
            raise _undeclared(dotted)
        kind, operand = self.check(tree.operand)
        if not fits("map", kind):
            raise CelTypeError(f"type '{kind}' does not support field selection")
        return ("bool" if tree.test else DYN), Select(operand, tree.field, tree.test)

    def _call(self, tree: Call) -> tuple[str, Node]:
        function, arguments = tree.function, tree.arguments
        namespace = _dotted(arguments[0]) if tree.method else ""
        if f"{namespace}.{function}" in self.functions:
            function, arguments = f"{namespace}.{function}", arguments[1:]
        checked = [self.check(argument) for argument in arguments]
        kinds = tuple(kind for kind, _ in checked)
        result = self._result(function, kinds)
        return result, Call(function, tuple(argument for _, argument in checked), tree.method)

    def _result(self, function: str, kinds: tuple[str, ...]) -> str:
        if function in _LOGIC:
            if all(fits("bool", kind) for kind in kinds):
                return "bool"
        elif function in _EQUALITY:
            if fits(kinds[0], kinds[1]):
                return "bool"
        elif function == "_?_:_":
            if fits("bool", kinds[0]) and fits(kinds[1], kinds[2]):
                return kinds[1]
        elif function not in self.functions:
            raise _undeclared(function)
        for overload in self.functions.get(function, ()):
            if len(overload.parameters) == len(kinds) and all(
                map(fits, overload.parameters, kinds)
            ):
                return overload.result
        raise CelTypeError(
            f"found no matching overload for '{function}' applied to '({', '.join(kinds)})'"
        )


def _dotted(tree: Node) -> str:
    """``a.b.c`` of a chain of names; empty for anything else."""
    if isinstance(tree, Name):
        return tree.text
    if isinstance(tree, Select):
        before = _dotted(tree.operand)
        return f"{before}.{tree.field}" if before else ""
    return ""


def _undeclared(name: str) -> CelTypeError:
    return CelTypeError(f"undeclared reference to '{name}' (in container '')")
