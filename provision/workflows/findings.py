"""What `lint` finds in a source: the rules by their ids, and a finding with its place. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """What can be wrong; the values are stable and stand in JSON."""

    YAML = "yaml"
    NO_MAIN = "no-main"
    FORM = "form"
    UNKNOWN_KEY = "unknown-key"
    UNKNOWN_STEP = "unknown-step"
    UNKNOWN_ROUTINE = "unknown-subworkflow"
    DUPLICATE_STEP = "duplicate-step"
    TOO_LONG = "too-long"
    EAGER_IF = "if-works-out-both"
    AUTH_MISSING = "auth-missing"
    AUTH_OAUTH2 = "auth-oauth2"
    AUTH_OIDC = "auth-oidc"
    AUTH_BY_HAND = "auth-by-hand"
    AUDIENCE = "audience-not-root"
    NOT_HTTPS = "not-https"
    RESERVED_PATH = "reserved-path"
    CUSTOM_DOMAIN = "custom-domain-internal"
    ANOTHER_PROJECT = "another-project-internal"
    ADDRESS_OFF = "address-off"
    NO_SERVICE = "no-such-service"
    NO_JOB = "no-such-job"
    NO_ROLE = "account-without-role"
    NO_OVERRIDES = "account-without-overrides"
    CANNOT_WATCH = "account-cannot-watch"
    DEFAULT_ACCOUNT = "default-account"


RULES: dict[Rule, str] = {
    Rule.YAML: "the file is neither YAML nor JSON, or says a thing twice",
    Rule.NO_MAIN: "there are subworkflows and no `main`",
    Rule.FORM: "something has not the form that the language wants",
    Rule.UNKNOWN_KEY: "a step has a key that the language does not know",
    Rule.UNKNOWN_STEP: "`next` names a step that is not there",
    Rule.UNKNOWN_ROUTINE: "`call` names a subworkflow that is not there",
    Rule.DUPLICATE_STEP: "two steps of one list have the same name",
    Rule.TOO_LONG: "the source or an expression is longer than Workflows takes",
    Rule.EAGER_IF: "`if` looks into a map for a key that it has just asked for",
    Rule.AUTH_MISSING: "a private service or function is called without `auth`",
    Rule.AUTH_OAUTH2: "a service or function is given an access token, and takes ID tokens only",
    Rule.AUTH_OIDC: "a Google API is given an ID token, and takes access tokens only",
    Rule.AUTH_BY_HAND: "a token is put into a header by hand",
    Rule.AUDIENCE: "the token is for another audience than the target's root URL",
    Rule.NOT_HTTPS: "a token would cross the network for everybody to read",
    Rule.RESERVED_PATH: "the path is one that Google keeps for itself",
    Rule.CUSTOM_DOMAIN: "a service with internal ingress is called by another name than run.app",
    Rule.ANOTHER_PROJECT: "a service with internal ingress is called from another project",
    Rule.ADDRESS_OFF: "the address of the service is off",
    Rule.NO_SERVICE: "no service or function answers at the address",
    Rule.NO_JOB: "the job is not there",
    Rule.NO_ROLE: "the workflow's account may not call it",
    Rule.NO_OVERRIDES: "the account may execute the job, but not with overrides",
    Rule.CANNOT_WATCH: "the account may start the job, but not watch its execution",
    Rule.DEFAULT_ACCOUNT: "the workflow runs as the default account of Compute Engine",
}
"""Every rule in a sentence."""


@dataclass(frozen=True)
class Finding:
    """Something to change.

    Args:
        rule: which rule.
        line: from 1.
        column: from 1.
        message: what is wrong, as a sentence without its full stop.
        mend: what to write or do instead.
        step: the step, ``main.call_it``; empty for what is in none.
        target: what is called, as far as it is known.
    """

    rule: Rule
    line: int
    column: int
    message: str
    mend: str = ""
    step: str = ""
    target: str = ""

    @property
    def order(self) -> tuple[int, int, str]:
        """By place."""
        return (self.line, self.column, self.rule)


@dataclass(frozen=True)
class Unknown:
    """Something that could not be judged.

    Args:
        line: from 1.
        step: the step; empty for what is in none.
        what: what is not known.
        why: what stood in the way.
    """

    line: int
    step: str
    what: str
    why: str
