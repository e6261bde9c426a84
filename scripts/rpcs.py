#!/usr/bin/env python3
"""The list of RPCs in docs/emulator.md: which the emulator offers, and which it knows by name."""

from collections import defaultdict

from provision.emulator.rpc.catalogue import methods
from provision.emulator.rpc.not_offered import NOT_OFFERED

BEGIN = "<!-- Made by scripts/docs.py from the RPCs that the emulator knows. Do not edit. -->"
END = "<!-- End of the list of RPCs. -->"


def with_rpcs(page: str) -> str:
    """The page with its list made anew. Raises `ValueError` when its markers are not there."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("docs/emulator.md has no markers for the list of RPCs")
    return f"{before}{BEGIN}\n\n{_table()}\n{END}{after}"


def _table() -> str:
    offered: dict[str, list[str]] = defaultdict(list)
    refused: dict[str, list[str]] = defaultdict(list)
    for method in methods():
        service, _, rpc = method.name.partition("/")
        (refused if method.name in NOT_OFFERED else offered)[service].append(rpc)
    lines = ["| service | offered | answers UNIMPLEMENTED |", "|---|---|---|"]
    for service in sorted({*offered, *refused}):
        cells = (", ".join(sorted(found[service])) or "none" for found in (offered, refused))
        lines.append(f"| `{service}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
