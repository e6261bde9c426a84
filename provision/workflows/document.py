"""A workflow's source as it was written: YAML or JSON, with the place of everything. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import yaml

from provision.spec import nodes
from provision.spec.nodes import Path, Position
from provision.workflows.reading import Reader, SourceError

MAIN = "main"


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
    try:
        reader = Reader(text)
        tree = reader.read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = f"not YAML: {error.problem or error.context}"
        raise SourceError(said, hint=_QUOTE, position=at) from error
    except yaml.YAMLError as error:
        raise SourceError("it has a character that YAML does not allow") from error
    twice = tuple(
        Remark(at, f"`{key}` is there already: this one is lost") for at, key in reader.twice
    )
    return _document(tree, twice)


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
