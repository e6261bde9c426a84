"""What an audit answers, as CSV for spreadsheets: no cell of which is a formula."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from provision.audit.answers import Answer, Finding, Reach
from provision.cli.audit_answers import best, how
from provision.cli.views.audit_json import slug
from provision.cli.views.audit_words import Names, condition_of, placed
from provision.snapshot.records import Target

_FORMULA = ("=", "+", "-", "@")
"""What spreadsheets take a cell for a formula by (OWASP, "CSV Injection")."""

ANSWER = (
    "principal",
    "verdict",
    "how",
    "kind",
    "target",
    "region",
    "project",
    "reach",
    "way",
    "token",
    "path",
    "condition",
    "reasons",
    "could_grant",
    "resource",
)
FINDING = (
    "severity",
    "rule",
    "claim",
    "reason",
    "resource",
    "principal",
    "targets",
    "mend",
    "accepted",
    "in_baseline",
    "id",
)


def answers(
    rows: Iterable[Answer],
    targets: Mapping[str, Target],
    reach: Mapping[str, Reach],
    names: Names,
) -> str:
    """One row for each principal and target.

    Args:
        rows: the answers.
        targets: by full name, those that are answered about.
        reach: of those.
        names: short names, for the path.
    """
    return table(ANSWER, (_answer(one, targets[one.target], reach, names) for one in rows))


def _answer(one: Answer, target: Target, reach: Mapping[str, Reach], names: Names) -> Sequence[str]:
    path, kind = best(one), how(one)
    project, region = placed(one.target)
    return (
        one.principal,
        slug(one.verdict),
        slug(kind) if kind else "",
        target.kind.value,
        one.target.rpartition("/")[2],
        region,
        project,
        slug(reach[one.target]) if one.target in reach else "",
        slug(path.way) if path else "",
        slug(path.token) if path else "",
        names.line(path, one.target) if path else "",
        condition_of(path) if path else "",
        "; ".join((*one.reasons, *(block.reason for block in one.blocks))),
        "yes" if one.could_grant else "no",
        one.target,
    )


def findings(rows: Iterable[Finding], known: Iterable[str] = ()) -> str:
    """One row for each finding."""
    return table(FINDING, (_finding(one, frozenset(known)) for one in rows))


def _finding(one: Finding, known: frozenset[str]) -> Sequence[str]:
    return (
        one.severity.value,
        one.rule,
        one.claim,
        one.reason,
        one.resource,
        one.principal,
        " ".join(one.targets),
        "; ".join(one.mend),
        one.accepted,
        "yes" if one.id in known else "no",
        one.id,
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows under their head, as RFC 4180 has it, with line feeds."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return out.getvalue()


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet runs, and without control characters, which are shown."""
    shown = "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in cell
    )
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
