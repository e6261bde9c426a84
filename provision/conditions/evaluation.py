"""What a condition comes to for a request of which not everything is known. Pure.

Three answers: it grants, it does not, or it is not known, and why. An answer that is given is never
contradicted by what was not known. Nothing is skipped, so faults are found wherever they stand.
"""

from dataclasses import dataclass, field

from provision.conditions import truth
from provision.conditions.asking import QUESTIONS
from provision.conditions.attributes import UNEQUAL_WHEN_ABSENT
from provision.conditions.functions import TIME, Overload, entry, equal, equal_between, overloads
from provision.conditions.request import Context, Request, context_of
from provision.conditions.syntax import (
    Call,
    Entries,
    Has,
    Items,
    Literal,
    Name,
    Node,
    Select,
    parse,
    qualified,
)
from provision.conditions.tokens import ConditionSyntaxError, Unread
from provision.conditions.truth import ANY, BREAKS, FAILS, HOLDS, NEVER, Truth
from provision.conditions.values import (
    Absent,
    Failed,
    Map,
    Range,
    Type,
    Unknown,
    Value,
    shown,
    type_of,
)


def evaluate(expression: str, request: Request) -> Truth:
    """What an expression comes to; a text that is no expression is not known.

    Google keeps no condition that it cannot read, so one that we cannot read is our own gap.
    """
    try:
        tree = parse(expression)
    except ConditionSyntaxError as error:
        return Truth(ANY, f"it cannot be read here: {error}", frozenset({"syntax"}))
    return Evaluation(context_of(request)).truth(tree)


@dataclass(slots=True)
class Evaluation:
    """One walk over a tree.

    Args:
        context: what is known of the request.
        faults: what the checker of the language refuses, filled on the way: for `problems`.
        unreadable: times that are none, likewise.
    """

    context: Context
    faults: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    def truth(self, node: Node) -> Truth:
        """What a part of a condition comes to."""
        return self._as_truth(node, self.value(node))

    def _as_truth(self, node: Node, found: Value | Truth) -> Truth:
        match found:
            case Truth():
                return found
            case bool():
                return _told(node, found)
            case Failed(why):
                return Truth(BREAKS, why)
            case Unknown(Type.BOOL | Type.ANY, why, names):
                return Truth(ANY, why, names)
            case Absent(Type.BOOL | Type.ANY, name, why):
                return Truth(NEVER, why, frozenset({name}))
        self.faults.append(f"{shown(node.text)} is no condition but a {type_of(found)}")
        return Truth(BREAKS, self.faults[-1])

    def value(self, node: Node) -> Value | Truth:  # noqa: PLR0911 - one a form
        """What a part of an expression comes to; `Truth` for what logic, not a function, made."""
        match node.form:
            case Literal(Unread(what)):
                return Unknown(Type.ANY, f"{what} is not evaluated here", frozenset({what}))
            case Literal(value):
                return value
            case Name() | Select():
                return self._named(node)
            case Has(operand, field_name):
                return self._has(self._plain(operand), field_name)
            case Items(items):
                return self._made([self._plain(item) for item in items], Type.LIST)
            case Entries(entries):
                parts = [self._plain(part) for one in entries for part in one]
                return self._made(parts, Type.MAP)
            case Call(function, target, arguments) as call:
                if target is None:
                    return self._operator(node, function, arguments)
                return self._method(node, target, call)

    def _plain(self, node: Node) -> Value:
        """A part as an argument of a function: a truth that is open is a bool not known."""
        found = self.value(node)
        if isinstance(found, Absent) and found.type is Type.BOOL:
            found = self._as_truth(node, found)  # `a.startsWith(b) == false` is a negation
        if not isinstance(found, Truth):
            return found
        if found.possible in (HOLDS, FAILS):
            return found.possible is HOLDS
        if found.possible is BREAKS:
            return Failed(found.why)
        return Unknown(Type.BOOL, found.why, found.undecided)

    def _named(self, node: Node) -> Value:
        name = qualified(node)
        if name is not None and name in self.context.attributes:
            return self.context.attributes[name]
        if name is None and isinstance(node.form, Select):
            operand = self._plain(node.form.operand)
            if isinstance(operand, Map):
                found = entry(operand, node.form.field)
                return found[0] if found else Failed(f"{shown(node.text)} is not there")
            if isinstance(operand, Failed | Unknown | Absent):
                return operand
        return self._undeclared(node.text)

    def _undeclared(self, text: str) -> Unknown:
        name = shown(text)
        self.faults.append(f"IAM documents no {name}")
        return Unknown(Type.ANY, f"{name} is not known here", frozenset({name}))

    def _has(self, operand: Value, name: str) -> Value:
        if isinstance(operand, Map):
            return entry(operand, name) is not None
        if isinstance(operand, Failed | Absent):
            return operand
        return self._undeclared(f"has() of .{name}")

    def _made(self, parts: list[Value], kind: Type) -> Value:
        """A list or map; when not all of it is known, nothing of it is."""
        for part in parts:
            if isinstance(part, Failed):
                return part
        for part in parts:
            if isinstance(part, Absent):
                return Absent(kind, part.name, part.why, made=True)
            if isinstance(part, Unknown):
                return Unknown(kind, part.why, part.names)
            if isinstance(part, Range):
                return Unknown(kind, "it depends on the time", TIME)
        if kind is Type.LIST:
            return tuple(parts)
        return Map(tuple(zip(parts[::2], parts[1::2], strict=True)))

    def _operator(self, node: Node, sign: str, arguments: tuple[Node, ...]) -> Value | Truth:  # noqa: PLR0911 - one an operator
        match sign, arguments:
            case "&&", (left, right):
                return truth.both(self.truth(left), self.truth(right))
            case "||", (left, right):
                return truth.either(self.truth(left), self.truth(right))
            case "!", (operand,):
                return truth.opposite(self.truth(operand))
            case "?:", (condition, then, otherwise):
                return self._choice(condition, then, otherwise)
            case "==" | "!=", (left, right):
                return self._equality(node, sign, self._plain(left), self._plain(right))
            case "[]", (operand, index):
                return self._at(node, self._plain(operand), self._plain(index))
        plain = [self._plain(argument) for argument in arguments]
        return self._applied(node, sign, overloads(sign), plain)

    def _choice(self, condition: Node, then: Node, otherwise: Node) -> Value | Truth:
        asked = self.truth(condition)
        branches = [self.value(then), self.value(otherwise)]
        kinds = {_kind(one) for one in branches} - {Type.ANY}
        if len(kinds) > 1:
            self.faults.append(f"?: does not take ({', '.join(map(_kind, branches))})")
        if Type.BOOL in kinds:
            parts = zip((then, otherwise), branches, strict=True)
            return truth.chosen(asked, *(self._as_truth(*part) for part in parts))
        if asked.possible is HOLDS:
            return branches[0]
        if asked.possible is FAILS:
            return branches[1]
        if asked.possible is BREAKS:
            return Failed(asked.why)
        return Unknown(kinds.pop() if len(kinds) == 1 else Type.ANY, asked.why, asked.undecided)

    def _at(self, node: Node, operand: Value, index: Value) -> Value:
        for part in (operand, index):
            if isinstance(part, Failed | Unknown | Absent):
                return part
        if isinstance(operand, Map):
            found = entry(operand, index)
            return found[0] if found else Failed(f"{shown(node.text)} is not there")
        if isinstance(operand, tuple) and type(index) is int:
            return operand[index] if 0 <= index < len(operand) else Failed(f"no {shown(node.text)}")
        return self._mismatch("[]", (operand, index))

    def _mismatch(self, name: str, arguments: tuple[Value, ...]) -> Failed:
        kinds = ", ".join(type_of(one) for one in arguments)
        why = f"{name} does not take ({kinds})"
        self.faults.append(why)
        return Failed(why)

    def _equality(self, node: Node, sign: str, left: Value, right: Value) -> Value | Truth:
        kinds = {type_of(left), type_of(right)} - {Type.ANY}
        if len(kinds) > 1:
            return self._mismatch(sign, (left, right))
        for part in (left, right):
            if isinstance(part, Failed):
                return part
        if isinstance(left, Absent) or isinstance(right, Absent):
            return _absent_equality(sign, left, right)
        for part in (left, right):
            if isinstance(part, Unknown):
                return Unknown(Type.BOOL, part.why, part.names)
        ranged = isinstance(left, Range) or isinstance(right, Range)
        same = equal_between(left, right) if ranged else equal(left, right)
        if isinstance(same, Unknown):
            return same
        return _told(node, same is (sign == "=="))

    def _method(self, node: Node, target: Node, form: Call) -> Value | Truth:
        name = f"{qualified(target)}.{form.function}"
        arguments = [self._plain(argument) for argument in form.arguments]
        if name in QUESTIONS:
            return self._applied(node, name, (QUESTIONS[name],), arguments, self.context)
        known = overloads(form.function)
        return self._applied(node, form.function, known, [self._plain(target), *arguments])

    def _applied(
        self,
        node: Node,
        name: str,
        known: tuple[Overload, ...],
        arguments: list[Value],
        *before: Context,
    ) -> Value | Truth:
        """A function with its arguments, and `before` them what is known of the request."""
        if not known:
            return self._undeclared(f"{name}()")
        kinds = tuple(type_of(one) for one in arguments)
        fitting = [one for one in known if one.takes(kinds)]
        if not fitting:
            return self._mismatch(name, tuple(arguments))
        results = {one.result for one in fitting}
        result = results.pop() if len(results) == 1 else Type.ANY
        unsaid = _unsaid(arguments, result)
        if unsaid is not None:
            return unsaid
        apply = fitting[0].apply
        if any(isinstance(one, Range) for one in arguments):
            if fitting[0].between is None:
                return Unknown(result, "it depends on the time", TIME)
            apply = fitting[0].between
        found: Value = apply(*before, *arguments)
        if isinstance(found, Failed) and name in ("timestamp", "date", "duration"):
            self.unreadable.append(found.why)
        return _told(node, found) if isinstance(found, bool) else found


def _kind(value: Value | Truth) -> Type:
    return Type.BOOL if isinstance(value, Truth) else type_of(value)


def _told(node: Node, holds: bool) -> Truth:  # noqa: FBT001 - the answer itself
    said = str(holds).lower()
    why = f"it says {said}" if node.text == said else f"{shown(node.text)} is {said}"
    return Truth(HOLDS if holds else FAILS, why)


def _unsaid(arguments: list[Value], result: Type) -> Value | None:
    """What a function says of arguments of which one is not there; None when all are."""
    for kind in (Failed, Absent, Unknown):
        for one in arguments:
            if isinstance(one, kind):
                match one:
                    case Failed():
                        return one
                    case Absent(_, name, why):
                        return Absent(result, name, why, made=True)
                    case Unknown(_, why, names):
                        return Unknown(result, why, names)
    return None


def _absent_equality(sign: str, left: Value, right: Value) -> Truth:
    """An attribute that the target does not have equals nothing; what differs is told of two."""
    absent, other = (left, right) if isinstance(left, Absent) else (right, left)
    assert isinstance(absent, Absent)  # noqa: S101 - by the caller
    if sign == "==":
        return Truth(NEVER, absent.why, frozenset({absent.name}))
    if absent.name in UNEQUAL_WHEN_ABSENT and not absent.made and isinstance(other, str) and other:
        return Truth(HOLDS, absent.why)
    return Truth(ANY, absent.why, frozenset({absent.name}))
