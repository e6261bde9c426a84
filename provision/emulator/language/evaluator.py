"""Expressions and templates to values."""

from collections.abc import Awaitable, Callable, Collection
from typing import TypeAlias

from provision.emulator.language import operators
from provision.emulator.language.checking import dotted
from provision.emulator.language.faults import type_fault
from provision.emulator.language.frames import Scope
from provision.emulator.language.library import CONSTANTS, FUNCTIONS
from provision.emulator.language.program import Computed, Constant, Entries, Items, Template
from provision.emulator.language.syntax import (
    Binary,
    Call,
    Field,
    Index,
    Listing,
    Literal,
    Name,
    Table,
    Tree,
    Unary,
)
from provision.emulator.language.values import Function, Value, spoken_type

Caller: TypeAlias = Callable[[str, list[Value]], Awaitable[Value]]


class Evaluator:
    """Works out values in one scope.

    Args:
        scope: the variables.
        routines: the names of subworkflows.
        call: calls a function or subworkflow with arguments in order.
    """

    def __init__(self, scope: Scope, routines: Collection[str], call: Caller) -> None:
        self._scope = scope
        self._routines = routines
        self._call = call

    async def value(self, template: Template) -> Value:
        """What a template stands for now. Raises `Raised`."""
        if isinstance(template, Constant):
            return template.value
        if isinstance(template, Computed):
            return await self.tree(template.tree)
        if isinstance(template, Items):
            return [await self.value(item) for item in template.items]
        return await self._entries(template)

    async def _entries(self, template: Entries) -> Value:
        found: dict[str, Value] = {}
        for key, value in template.entries:
            found[_key(await self.value(key))] = await self.value(value)
        return found

    async def tree(self, tree: Tree) -> Value:
        """What an expression results in. Raises `Raised`."""
        if isinstance(tree, Literal):
            return tree.value
        if isinstance(tree, Name):
            return self._name(tree.text)
        if isinstance(tree, Field | Index):
            return await self._part(tree)
        if isinstance(tree, Unary | Binary):
            return await self._operation(tree)
        if isinstance(tree, Call):
            return await self._function(tree)
        return await self._written(tree)

    async def _written(self, tree: Listing | Table) -> Value:
        if isinstance(tree, Listing):
            return [await self.tree(item) for item in tree.items]
        return {_key(await self.tree(key)): await self.tree(value) for key, value in tree.entries}

    def _name(self, name: str) -> Value:
        if not self._scope.has(name) and (name in self._routines or name in FUNCTIONS):
            return Function(name)
        return self._scope.get(name)

    async def _part(self, tree: Field | Index) -> Value:
        name = dotted(tree)
        if name is not None and not self._scope.has(name.partition(".")[0]):
            if name in CONSTANTS:
                return CONSTANTS[name]
            if name in FUNCTIONS:
                return Function(name)
        of = await self.tree(tree.operand)
        if isinstance(tree, Field):
            return operators.field(of, tree.name)
        return operators.item(of, await self.tree(tree.index))

    async def _operation(self, tree: Unary | Binary) -> Value:
        if isinstance(tree, Unary):
            value = await self.tree(tree.operand)
            return operators.negative(value) if tree.operator == "-" else not _truth(value, "not")
        left = await self.tree(tree.left)
        if tree.operator in ("and", "or"):
            first = _truth(left, tree.operator)
            if first is (tree.operator == "or"):
                return first
            return _truth(await self.tree(tree.right), tree.operator)
        return operators.binary(tree.operator, left, await self.tree(tree.right))

    async def _function(self, tree: Call) -> Value:
        arguments = [await self.tree(argument) for argument in tree.arguments]
        return await self._call(tree.function, arguments)


def _truth(value: Value, sign: str) -> bool:
    return operators.truth(value, sign)


def _key(value: Value) -> str:
    if not isinstance(value, str):
        raise type_fault(f"a key must be a string; got: {spoken_type(value)}")
    return value
