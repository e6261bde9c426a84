"""A source to a program: its routines, and what would keep it from being deployed."""

from collections.abc import Collection

from provision.emulator.language.checking import check_routine
from provision.emulator.language.faults import SourceError
from provision.emulator.language.library import FUNCTIONS, MODULES
from provision.emulator.language.program import Constant, Parameter, Program, Routine
from provision.emulator.language.sources import Mapping, Node, Scalar, Sequence, read
from provision.emulator.language.statements import Statements, is_variable, named_entry, only
from provision.emulator.language.templates import required, template

MAIN = "main"
PARSING = "main.yaml: parse error"
BUILDING = "failed to build"
"""How Google begins to say what is wrong; the first is seen, the second documented."""
_MOST_PARAMETERS = 10


def compile_source(text: str, connectors: Collection[str] = ()) -> Program:
    """The program that a source says.

    Args:
        text: YAML or JSON.
        connectors: the ones that may be called.

    Raises:
        SourceError: what Google would refuse to deploy, or this emulator has not.
    """
    known = frozenset(connectors)
    try:
        program = _Compiler(known).program(read(text))
    except SourceError as error:
        raise _prefixed(PARSING, error) from error
    try:
        for routine in program.routines.values():
            check_routine(routine, program.routines, known)
    except SourceError as error:
        raise _prefixed(BUILDING, error) from error
    return program


def _prefixed(prefix: str, error: SourceError) -> SourceError:
    return SourceError(f"{prefix}: {error.message}", error.line, error.column)


class _Compiler:
    """Puts the routines together."""

    def __init__(self, connectors: frozenset[str]) -> None:
        self._connectors = connectors
        self._called: set[str] = set()
        self._names: frozenset[str] = frozenset()

    def program(self, root: Node) -> Program:
        if isinstance(root, Sequence):
            root = Mapping(((Scalar("steps", root.line, root.column), root),), 1, 1)
            root = Mapping(((Scalar(MAIN, 1, 1), root),), 1, 1)
        if not isinstance(root, Mapping):
            raise SourceError("the source must be a map of workflows or a list of steps", 1, 1)
        if root.find(MAIN) is None:
            raise SourceError("the source has no main workflow", root.line, root.column)
        self._names = frozenset(str(key.value) for key, _ in root.entries)
        found = {str(key.value): self._routine(key, body) for key, body in root.entries}
        return Program(found, frozenset(self._called))

    def _routine(self, key: Scalar, body: Node) -> Routine:
        name = str(key.value)
        if not is_variable(name):
            raise SourceError(f"'{name}' is no name for a workflow", key.line, key.column)
        if name in MODULES or name in FUNCTIONS:
            raise SourceError(f"'{name}' is a name of the standard library", key.line, key.column)
        if not isinstance(body, Mapping):
            raise SourceError(f"{name} must be a map with 'steps'", key.line, key.column)
        only(body, ("params", "steps"), f"workflow {name}")
        parameters = _parameters(name, body.find("params"))
        steps = Statements(name, self._kind_of).block(required(body, "steps", name))
        return Routine(name, parameters, steps)

    def _kind_of(self, name: str) -> str:
        """The kind of step that calls a function; there may be none of that name."""
        if name in self._names:
            return "STEP_SUBWORKFLOW_CALL"
        if name in self._connectors:
            self._called.add(name)
            return "STEP_CONNECTOR_CALL"
        return "STEP_STD_LIB_CALL" if name in FUNCTIONS else "STEP_CALL"


def _parameters(name: str, node: Node | None) -> tuple[Parameter, ...]:
    if node is None:
        return ()
    if not isinstance(node, Sequence):
        raise SourceError(f"params of {name} must be a list", node.line, node.column)
    most = 1 if name == MAIN else _MOST_PARAMETERS
    if len(node.items) > most:
        raise SourceError(f"{name} takes at most {most} parameters", node.line, node.column)
    found = [_parameter(item) for item in node.items]
    for at, one in enumerate(found):
        where = node.items[at]
        if any(one.name == other.name for other in found[:at]):
            raise SourceError(f"duplicate parameter '{one.name}'", where.line, where.column)
        if one.default is None and at and found[at - 1].default is not None:
            raise SourceError(
                f"parameter '{one.name}' without a default follows one with it",
                where.line,
                where.column,
            )
    return tuple(found)


def _parameter(node: Node) -> Parameter:
    if isinstance(node, Scalar):
        return Parameter(_parameter_name(node))
    key, value = named_entry(node, "a parameter with a default")
    default = template(value)
    if not isinstance(default, Constant):
        raise SourceError("a default must be a value, no expression", value.line, value.column)
    return Parameter(_parameter_name(key), default)


def _parameter_name(node: Scalar) -> str:
    if not isinstance(node.value, str) or not is_variable(node.value):
        raise SourceError(f"'{node.value}' is no name for a parameter", node.line, node.column)
    return node.value
