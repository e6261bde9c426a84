"""A file of known findings: with it only new ones count. Reads files.

It is JSON: ids, each with its claim for whoever reads a change of the file. A report as ``--json``
prints it will do as well.
"""

import json
from pathlib import Path
from typing import Any

from provision.audit.findings.report import Report
from provision.errors import UsageError

VERSION = 1
_HINT = "`provision audit check --baseline FILE --update-baseline` writes one."


def dump(report: Report) -> str:
    """The baseline of a report: all that is found and nobody accepted.

    Returns:
        Text that is the same for equal reports, to be kept with the code.
    """
    known = {one.id: one.claim for one in report.findings if not one.accepted}
    told = {"baseline": VERSION, "findings": dict(sorted(known.items()))}
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def load(path: Path) -> frozenset[str]:
    """Ids of the findings that a baseline knows.

    Raises:
        UsageError: it is not there, or no baseline.
    """
    try:
        told = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"Reading {path}: {error.strerror}.", hint=_HINT) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"Reading {path}: it is no baseline.", hint=_HINT) from error
    found = told.get("findings") if isinstance(told, dict) else None
    version = told.get("baseline", VERSION) if isinstance(told, dict) else VERSION
    if version != VERSION:
        raise UsageError(
            f"Reading {path}: it is baseline {version}; this program knows {VERSION}.",
            hint="Update provision.",
        )
    if not isinstance(found, dict | list):
        raise UsageError(f"Reading {path}: it is no baseline.", hint=_HINT)
    return frozenset(_ids(found))


def _ids(found: dict[str, Any] | list[Any]) -> list[str]:
    if isinstance(found, dict):
        return list(found)
    return [str(one["id"]) for one in found if isinstance(one, dict) and "id" in one]
