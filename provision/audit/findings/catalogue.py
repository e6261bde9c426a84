"""Every rule there is, theme by theme. Pure."""

from provision.audit.answers import Severity
from provision.audit.findings import (
    acceptances,
    accounts,
    basic,
    broad,
    conditions,
    denied,
    gates,
    power,
    principals,
    public,
    unread,
)
from provision.audit.findings.rule import Rule

CATALOGUE: tuple[Rule, ...] = (
    *public.RULES,
    *gates.RULES,
    *broad.RULES,
    *principals.RULES,
    *accounts.RULES,
    *basic.RULES,
    *conditions.RULES,
    *denied.RULES,
    *power.RULES,
    *unread.RULES,
    *acceptances.RULES,
)
"""In the order in which the page shows them."""

BY_NAME = {rule.name: rule for rule in CATALOGUE}
"""The same, by name."""

SEVERITIES: dict[str, Severity] = {rule.name: rule.severity for rule in CATALOGUE}
"""What each is by default."""
