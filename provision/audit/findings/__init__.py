"""What an audit finds wrong: a catalogue of rules, and a report of what they find. Pure."""

from provision.audit.findings.catalogue import BY_NAME, CATALOGUE
from provision.audit.findings.report import Report, report
from provision.audit.findings.rule import Rule

__all__ = ["BY_NAME", "CATALOGUE", "Report", "Rule", "report"]
