"""A workflow's source as it was written: YAML or JSON, with the place of everything. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import yaml

from provision.errors import UsageError
from provision.spec import nodes
from provision.spec.nodes import Path, Position

MAIN = "main"


class SourceError(UsageError):
    """What was given is no source of a workflow at all.

    Args:
        message: what it is instead.
        hint: what to do; empty when there is nothing to add.
        position: line and column, from 1.
    """

    def __init__(self, message: str, *, hint: str = "", position: Position = (1, 1)) -> None:
        super().__init__(message, hint=hint)
        self.position = position


@dataclass(frozen=True)
class Remark:
    """Something that the file's own form shows.

    Args:
        position: line and column, from 1.
        text: what it is.
    """

    position: Position
    text: str


@dataclass(frozen=True)
class Document:
    """A source.

    Args:
        routines: ``main`` and the subworkflows: each a mapping with `steps` and perhaps `params`.
        remarks: what YAML itself makes of the file and its author hardly meant.
        tree: where everything stands.
        places: where the steps of each routine are.
    """

    routines: Mapping[str, Mapping[str, object]]
    remarks: tuple[Remark, ...]
    tree: nodes.Document = field(repr=False)
    places: Mapping[str, Path]

    def position(self, path: Path, *, of_key: bool = False) -> Position:
        """Line and column of what is at `path`, or of the nearest thing around it."""
        return self.tree.position(path, of_key=of_key)


def parse(text: str) -> Document:
    """Read a source.

    Args:
        text: YAML, or JSON, which is YAML as well.

    Raises:
        SourceError: it is neither, or has nothing that could be executed.
    """
    remarks: list[Remark] = []

    def report(position: Position, _: Path, message: str) -> None:
        remarks.append(Remark(position, message))

    try:
        documents = list(nodes.read_documents(text, report))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise SourceError(
            f"not YAML: {error.problem or error.context}", hint=_QUOTE, position=at
        ) from error
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise SourceError(f"cannot be read: {' '.join(str(error).split())}") from error
    if len(documents) != 1:
        raise SourceError(f"a file has one workflow, and this one has {len(documents)}")
    return _document(documents[0], tuple(remarks))


_QUOTE = "An expression with `: ` or ` #` in it is put in single quotes: '${…}'."


def _document(tree: nodes.Document, remarks: tuple[Remark, ...]) -> Document:
    value = tree.value
    if isinstance(value, Sequence) and not isinstance(value, str):
        return Document({MAIN: {"steps": value}}, remarks, tree, {MAIN: ()})
    if not isinstance(value, Mapping):
        raise SourceError("a workflow is a list of steps, or `main` and subworkflows with theirs")
    routines: dict[str, Mapping[str, object]] = {}
    places: dict[str, Path] = {}
    for name, body in value.items():
        if isinstance(body, Mapping):
            routines[name] = body
            places[name] = (name, "steps")
        elif isinstance(body, Sequence) and not isinstance(body, str):
            routines[name] = {"steps": body}
            places[name] = (name,)
    if not routines:
        raise SourceError("a workflow is a list of steps, or `main` and subworkflows with theirs")
    return Document(routines, remarks, tree, places)
