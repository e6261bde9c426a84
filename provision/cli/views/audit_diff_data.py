"""The difference of two snapshots, for programs and spreadsheets."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from provision.cli.audit_answers import Basis
from provision.cli.views import audit_csv, audit_json
from provision.cli.views.audit_words import placed
from provision.errors import ExitCode

if TYPE_CHECKING:
    from provision.audit.diff import Change, Diff, Moved, TargetDiff

_COLUMNS = (
    "change",
    "principal",
    "members",
    "before",
    "after",
    "target",
    "region",
    "project",
    "by",
    "resource",
)


def document(found: "Diff", bases: Sequence[Basis], code: ExitCode) -> dict[str, Any]:
    """The whole result of `diff`."""
    before, after = (audit_json.read(basis) for basis in bases)
    return {
        "changes": [_change(one) for one in found.changes],
        "targets": [
            {
                "target": one.target,
                "gained": [_moved(each) for each in one.gained],
                "lost": [_moved(each) for each in one.lost],
            }
            for one in found.targets
        ],
        "before": before,
        "after": after,
        "error": None,
        "exit_code": int(code),
    }


def _change(one: "Change") -> dict[str, Any]:
    return {
        "kind": audit_json.slug(one.kind),
        "words": one.words,
        "resource": one.resource,
        "principal": one.principal or None,
        "gained": one.gained,
        "lost": one.lost,
    }


def _moved(one: "Moved") -> dict[str, Any]:
    return {
        "principal": one.principal,
        "members": one.members,
        "before": audit_json.slug(one.before),
        "after": audit_json.slug(one.after),
        "by": list(one.by),
    }


def table(found: "Diff") -> str:
    """One row for each principal and target that differs."""
    return audit_csv.table(_COLUMNS, _rows(found))


def _rows(found: "Diff") -> Iterator[Sequence[str]]:
    for target in found.targets:
        for word, moves in (("gained", target.gained), ("lost", target.lost)):
            for one in moves:
                yield _row(word, one, target)


def _row(word: str, one: "Moved", target: "TargetDiff") -> Sequence[str]:
    project, region = placed(target.target)
    return (
        word,
        one.principal,
        str(one.members),
        audit_json.slug(one.before),
        audit_json.slug(one.after),
        target.target.rpartition("/")[2],
        region,
        project,
        "; ".join(one.by),
        target.target,
    )
