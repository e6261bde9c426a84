"""What is wrong with a spec, all of it at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from provision.errors import UsageError


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong.

    Args:
        file: as the user named it; ``<stdin>`` for ``-``.
        line: from 1; 0 when the file could not be read at all.
        column: from 1.
        field: dotted, as in ``image.build_args.VERSION``; empty for the whole document.
        message: what is wrong, and what is allowed.
    """

    file: str
    line: int
    column: int
    field: str
    message: str

    def __str__(self) -> str:
        """``FILE:LINE:COLUMN: FIELD: MESSAGE``, which editors turn into a link."""
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return (
            f"{where}: {self.field}: {self.message}" if self.field else f"{where}: {self.message}"
        )


class SpecError(UsageError):
    """The spec cannot be used as it stands.

    Args:
        problems: everything found, in the order of the files.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "\n".join(str(problem) for problem in self.problems),
            hint="See docs/spec.md, or `provision schema` for an editor.",
        )
