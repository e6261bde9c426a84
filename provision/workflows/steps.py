"""All steps of a source, those within others included, in the order in which they stand. Pure.

https://cloud.google.com/workflows/docs/reference/syntax/syntax-search
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from provision.spec.nodes import Path
from provision.workflows.document import Document


@dataclass(frozen=True)
class Step:
    """One step, or what stands in the place of one, as the call of a `try`.

    Args:
        routine: ``main`` or a subworkflow.
        name: the step's name; of what has none, that of the step around it.
        path: where its body is.
        body: what it does.
        named: whether the name is its own.
    """

    routine: str
    name: str
    path: Path
    body: Mapping[str, object]
    named: bool = True

    def __str__(self) -> str:
        """As logs of Workflows show it."""
        return f"{self.routine}.{self.name}"


def steps(document: Document) -> Iterator[Step]:
    """Every step; what has not the form of one is passed over."""
    for routine, body in document.routines.items():
        yield from _list(routine, body.get("steps"), document.places[routine])


def _list(routine: str, value: object, path: Path) -> Iterator[Step]:
    for index, one in enumerate(items(value)):
        if isinstance(one, Mapping) and len(one) == 1:
            ((name, body),) = one.items()
            yield from _step(routine, str(name), body, (*path, index, name), named=True)


def _step(routine: str, name: str, body: object, path: Path, *, named: bool) -> Iterator[Step]:
    """A step and all within it."""
    if isinstance(body, Sequence) and not isinstance(body, str):
        yield from _list(routine, body, path)
        return
    if not isinstance(body, Mapping):
        return
    yield Step(routine, name, path, body, named=named)
    yield from _list(routine, body.get("steps"), (*path, "steps"))
    for word in ("try", "except", "for"):
        if word in body:
            yield from _step(routine, name, body[word], (*path, word), named=False)
    for index, one in enumerate(items(body.get("switch"))):
        yield from _step(routine, name, one, (*path, "switch", index), named=False)
    parallel = body.get("parallel")
    if isinstance(parallel, Mapping):
        yield from _parallel(routine, name, parallel, (*path, "parallel"))


def _parallel(routine: str, name: str, body: Mapping[str, object], path: Path) -> Iterator[Step]:
    if "for" in body:
        yield from _step(routine, name, body["for"], (*path, "for"), named=False)
    for index, one in enumerate(items(body.get("branches"))):
        if isinstance(one, Mapping) and len(one) == 1:
            ((branch, within),) = one.items()
            place = (*path, "branches", index, branch)
            yield from _step(routine, str(branch), within, place, named=True)


def items(value: object) -> Sequence[object]:
    """`value` where it is a list; nothing otherwise."""
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()
