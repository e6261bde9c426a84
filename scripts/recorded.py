#!/usr/bin/env python3
"""The lists in docs/emulator.md: which recordings are replayed, and in what the answers differ.

Made from the list of differences and the summary that tests/golden keep; the recordings themselves
need not be at hand.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

GOLDEN = Path(__file__).parent.parent / "tests" / "golden"
BEGIN = "<!-- Made by scripts/docs.py from tests/golden. Do not edit. -->"
END = "<!-- End of what scripts/docs.py makes. -->"


def with_lists(page: str) -> str:
    """The page with its lists made anew. Raises `ValueError` when it has no place for them."""
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise ValueError("docs/emulator.md has no place for the lists of recordings")
    before, _, rest = page.partition(BEGIN)
    return before + "\n".join([BEGIN, "", *_lists(), "", END]) + rest.partition(END)[2]


def _lists() -> Iterator[str]:
    summary = json.loads((GOLDEN / "summary.json").read_text(encoding="utf-8"))
    listed = yaml.safe_load((GOLDEN / "differences.yaml").read_text(encoding="utf-8"))
    replayed = {name: told for name, told in summary.items() if told["replayed"]}
    steps = sum(told["replayed"] for told in replayed.values())
    yield f"{len(replayed)} recordings are replayed, {steps} answers compared."
    yield ""
    yield "In these values the answers differ:"
    yield ""
    yield from _table(("where", "field", "reason"), map(_row, listed["values"]))
    yield ""
    yield "Where recordings disagree on whether a field is there, the emulator follows one of them:"
    yield ""
    head = ("where", "field", "here", "as in", "reason")
    yield from _table(head, map(_contradiction, listed["contradictions"]))
    yield ""
    yield from _table(("replayed", "date", "answers"), map(_replayed, replayed.items()))
    yield ""
    reasons = ((_short(name), "; ".join(told["not"])) for name, told in summary.items())
    yield from _table(
        ("not replayed, in whole or in part", "why"), filter(lambda it: it[1], reasons)
    )


def _row(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return _where(entry), _field(entry["path"]), entry["reason"]


def _contradiction(entry: Mapping[str, Any]) -> tuple[str, ...]:
    here = "there" if entry["kind"] == "extra" else "absent"
    return _where(entry), _field(entry["path"]), here, _short(entry["shown_by"]), entry["reason"]


def _replayed(item: tuple[str, Mapping[str, Any]]) -> tuple[str, ...]:
    name, told = item
    return _short(name), told["date"], f"{told['replayed']} of {told['steps']}"


def _where(entry: Mapping[str, Any]) -> str:
    names = ", ".join(map(_short, entry["recordings"]))
    return names if entry["steps"] == "*" else f"{names}: `{entry['steps']}`"


def _field(path: str) -> str:
    """A field's path as it is read, not as a regular expression."""
    plain = re.sub(r"\(([^)]*)\)\?", lambda found: f"[{found.group(1)}]", path).replace("\\", "")
    return f"`{plain}`".replace("|", r"\|")


def _short(name: str) -> str:
    """A recording's name by its subject, as in ``run/runservicebasic``; globs stay."""
    folder, _, file = name.removeprefix("kcc/").rpartition("/")
    if "*" in name:
        return f"`{folder}/{file}`"
    stem = re.sub(r"__(http|vcr)\w*__\d.*", "", file)
    return f"`{folder}/{stem.partition('_testdata_')[2] or stem.rpartition('_')[2] or stem}`"


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    for cells in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(cells)} |"
