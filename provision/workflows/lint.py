"""A source judged: its form, every call that it makes, and what is known of those called. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provision.spec.nodes import Path
from provision.workflows.about import COMPUTE, About, Access, Callee, May, Unread
from provision.workflows.call_rules import CALL_RULES, api, is_google, shut
from provision.workflows.document import Document
from provision.workflows.findings import Finding, Rule, Unknown
from provision.workflows.form import form
from provision.workflows.outgoing import Auth, JobStart, Request, calls

_APIS = ".googleapis.com"
_OVERRIDES = "roles/run.jobsExecutorWithOverrides"
_VIEWER = "roles/run.viewer"
_INVOKERS = frozenset({"roles/run.invoker", "roles/cloudfunctions.invoker"})
"""Roles that `provision grant` takes by itself."""
_UNWATCHED = ", or let the call end at once with `connector_params: {skip_polling: true}`"
_WATCH_V2 = (
    " for googleapis.run.v1.namespaces.jobs.run; that of v2 looks at operations, which asks for the"
    " role on the whole project"
)
Judged = Iterator[Finding | Unknown]


@dataclass(frozen=True)
class Report:
    """What was found.

    Args:
        findings: by their place in the file.
        unknown: what could not be judged.
        calls: everything that the workflow calls.
    """

    findings: tuple[Finding, ...]
    unknown: tuple[Unknown, ...]
    calls: tuple[Request | JobStart, ...]


def lint(
    document: Document,
    text: str,
    about: About,
    env: Mapping[str, str] | None = None,
    argument: object = None,
) -> Report:
    """Judge a source.

    Args:
        document: the source as it was read.
        text: the source as it was written.
        about: what is known of what it calls.
        env: what ``sys.get_env`` tells, as far as it is known.
        argument: that of one execution, where it is about one.
    """
    made = tuple(calls(document, env, argument))
    found: list[Finding | Unknown] = [*form(document, text)]
    judge = _Judge(document, about)
    for one in made:
        found += judge.request(one) if isinstance(one, Request) else judge.job(one)
    if about.account.endswith(COMPUTE) and made:
        found.append(_default_account(about))
    findings = sorted((one for one in found if isinstance(one, Finding)), key=lambda it: it.order)
    unknown = tuple(dict.fromkeys(one for one in found if isinstance(one, Unknown)))
    return Report(tuple(dict.fromkeys(findings)), unknown, made)


def _default_account(about: About) -> Finding:
    return Finding(
        Rule.DEFAULT_ACCOUNT,
        1,
        1,
        f"it runs as {about.account}, the default account of Compute Engine, which much else runs"
        " as and which may often do far more than call this",
        "Give the workflow an account of its own, with the invoker role and nothing else:"
        " `workflows:` in the spec makes one.",
    )


@dataclass(frozen=True)
class _Judge:
    """Judges one call after the other."""

    document: Document
    about: About

    def request(self, call: Request) -> Judged:
        """A call over HTTP."""
        if not call.host:
            if call.auth in (Auth.OIDC, Auth.NONE) and not call.url.whole:
                yield self._unsure(call, "where it goes", "the URL is only known when it runs")
            return
        if call.host.endswith(_APIS):
            if call.auth is Auth.OIDC:
                yield self._found(call, *api(call))
            return
        callee = self.about.at.get(call.url.start)
        served = isinstance(callee, Callee) or is_google(call.host)
        if not served and call.auth is not Auth.OIDC:
            return  # somebody else's API
        for rule in CALL_RULES:
            yield from (self._found(call, *found) for found in rule(call, callee))
        yield from self._about(call, callee)

    def job(self, call: JobStart) -> Judged:
        """An execution of a job."""
        key = (call.project, call.region, call.job)
        line, column = self.document.position(call.path)
        step = str(call.step)
        if not all(key):
            told = "the job's name is only known when it runs"
            yield Unknown(line, step, "which job it executes", told)
            return
        if key not in self.about.jobs:
            return
        job = self.about.jobs[key]
        if job is None:
            said = f"there is no job {call.job} in {call.region} of {call.project}"
            mend = "`gcloud run jobs list` shows what is there."
            yield Finding(Rule.NO_JOB, line, column, said, mend, step, f"job {call.job}")
            return
        if isinstance(job, Unread):
            yield Unknown(line, step, f"job {call.job}", job.why)
            return
        allowed = job.run.may is not May.NO
        executes = "roles/run.invoker" if not call.overrides else _OVERRIDES
        needs = [(job.run, Rule.NO_ROLE, "execute it", executes, "")]
        if call.overrides and allowed:
            rule = Rule.NO_OVERRIDES
            needs.append((job.overridden, rule, "execute it with overrides", executes, ""))
        if call.waits:
            other = _WATCH_V2 if call.is_v2 else _UNWATCHED
            needs.append((job.watched, Rule.CANNOT_WATCH, "watch its execution", _VIEWER, other))
        for access, rule, what, role, other in needs:
            if access.may is May.NO:
                said = f"{self.about.who} may not {what}: {job.name}"
                mend = f"{_grant(self.about, job.argument, role)}{other}."
                yield Finding(rule, line, column, said, mend, step, job.name)
            yield from self._if_unknown(access, line, step, f"whether it may {what}")

    def _about(self, call: Request, callee: Callee | Unread | None) -> Judged:
        """What only Google's services can tell."""
        line, _ = self.document.position(call.at["url"])
        if isinstance(callee, Unread):
            yield Unknown(line, str(call.step), f"what answers at {call.root}", callee.why)
        elif callee is not None:
            yield from (self._found(call, *found) for found in shut(call, callee, self.about))
            yield from self._role(call, callee)
        elif call.url.start in self.about.at:
            yield self._missing(call)

    def _missing(self, call: Request) -> Finding | Unknown:
        if is_google(call.host):
            where = f" in {self.about.project}" if self.about.project else ""
            said = f"no service or function{where} answers at {call.root}"
            mend = "`gcloud run services list` shows the addresses of what is there."
            return self._found(call, Rule.NO_SERVICE, "url", said, mend)
        why = f"{call.host} is not an address of a service of {self.about.project}"
        return self._unsure(call, "which service it reaches", why)

    def _role(self, call: Request, callee: Callee) -> Judged:
        if callee.is_open or call.auth is not Auth.OIDC:
            return
        if callee.access.may is May.NO:
            said = f"{self.about.who} may not call {callee.name}: no policy gives it {callee.role}"
            mend = f"{_grant(self.about, callee.argument, callee.role)}."
            yield self._found(call, Rule.NO_ROLE, "url", said, mend)
        line, _ = self.document.position(call.at["url"])
        what = f"whether it may call {callee.name}"
        yield from self._if_unknown(callee.access, line, str(call.step), what)

    @staticmethod
    def _if_unknown(access: Access, line: int, step: str, what: str) -> Judged:
        if access.may is May.UNKNOWN and access.why:
            yield Unknown(line, step, what, access.why)

    def _found(self, call: Request, rule: Rule, at: str, said: str, mend: str) -> Finding:
        line, column = self.document.position(_place(call, at))
        return Finding(rule, line, column, said, mend, str(call.step), call.root or call.host)

    def _unsure(self, call: Request, what: str, why: str) -> Unknown:
        line, _ = self.document.position(call.at["url"])
        return Unknown(line, str(call.step), what, why)


def _grant(about: About, argument: str, role: str) -> str:
    whose = about.member if about.account else "serviceAccount:ITS_EMAIL"
    named = "" if role in _INVOKERS else f" --role {role}"
    return f"`provision grant {whose} --on {argument}{named}` allows that"


def _place(call: Request, at: str) -> Path:
    """Where an argument of a call stands, or else what stands nearest to it."""
    return call.at.get(at) or call.at.get("auth") or call.at["url"]
