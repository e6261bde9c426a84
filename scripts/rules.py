#!/usr/bin/env python3
"""The table of rules in docs/findings.md: what an audit looks for, how bad it is, what mends it."""

from provision.audit.findings import CATALOGUE, Rule

BEGIN = "<!-- Made by scripts/docs.py from the catalogue of rules. Do not edit. -->"
END = "<!-- End of the rules. -->"


def with_rules(page: str) -> str:
    """The page with its rules made anew. Raises `ValueError` when its markers are not there."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("docs/findings.md has no markers for the rules")
    return f"{before}{BEGIN}\n\n{_table()}\n\n{_details()}\n{END}{after}"


def _table() -> str:
    lines = ["| rule | severity | what is so |", "|---|---|---|"]
    lines += [
        f"| [`{one.name}`](#{one.name}) | {_severity(one)} | {one.title} |" for one in _rules()
    ]
    return "\n".join(lines)


def _details() -> str:
    return "\n".join(
        f"### {one.name}\n\n{one.title}. {one.why}\n\n*To mend it:* {one.mend}\n"
        for one in CATALOGUE
    )


def _rules() -> list[Rule]:
    """The worst first, and else in the order of the catalogue."""
    return sorted(CATALOGUE, key=lambda one: one.severity.rank)


def _severity(rule: Rule) -> str:
    return f"{rule.severity}; {rule.varies}" if rule.varies else str(rule.severity)
