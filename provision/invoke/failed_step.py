"""Why a step of a workflow failed: explained as a call of one's own is, and by the source."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from provision.clients.outside import Answer
from provision.errors import ProvisionError
from provision.invoke.callees import Callees
from provision.invoke.explain import Asked, Credential, Explanation, Known, explain
from provision.invoke.explain.facts import Finding as Reason
from provision.workflows.document import Document, parse
from provision.workflows.execution import Failure, Frame
from provision.workflows.findings import Finding, Rule
from provision.workflows.lint import lint
from provision.workflows.outgoing import Auth, JobStart, Request, calls
from provision.workflows.raised import DECODE, Raised, advice, innermost, raised
from provision.workflows.reading import SourceError

_SOME = "service/NAME"
"""What a command line names where it is not known what was called."""
_ISSUER = "https://accounts.google.com"
_DENIED, _NOT_FOUND = 403, 404
_CREDENTIALS = {Auth.OIDC: Credential.ID, Auth.OAUTH2: Credential.ACCESS}
_GATE = frozenset(
    {Rule.CUSTOM_DOMAIN, Rule.ANOTHER_PROJECT, Rule.NO_SERVICE, Rule.ADDRESS_OFF, Rule.NO_JOB}
)
_SAME: Mapping[Reason, frozenset[Rule]] = {
    Reason.WRONG_AUDIENCE: frozenset({Rule.AUDIENCE}),
    Reason.UNVERIFIED: frozenset({Rule.AUDIENCE, Rule.AUTH_OAUTH2}),
    Reason.WRONG_KIND: frozenset({Rule.AUTH_OAUTH2}),
    Reason.ANONYMOUS: frozenset({Rule.AUTH_MISSING}),
    Reason.INGRESS: _GATE,
    Reason.NO_ADDRESS: _GATE,
    Reason.ADDRESS_OFF: _GATE,
}
"""Which findings in the source say what to do about an answer that is explained so."""
_IN_TURN = {
    rule: place
    for place, rule in enumerate((Rule.NO_JOB, Rule.NO_ROLE, Rule.NO_OVERRIDES, Rule.CANNOT_WATCH))
}
"""What Cloud Run asks of whoever executes a job, and in which order."""
_NEXT: Mapping[Reason, str] = {
    Reason.WRONG_AUDIENCE: "Write the service's root URL as `audience`, exactly and without a path"
    " or a slash at the end.",
    Reason.WRONG_KIND: "Write `type: OIDC` in `auth`, with the root URL as `audience`.",
    Reason.ANONYMOUS: "Write `auth: {type: OIDC, audience: …}`, with the root URL as audience.",
    Reason.UNVERIFIED: "Look whether the account of the workflow is enabled and not deleted.",
    Reason.INGRESS: "From inside is what runs in the service's own project and calls its run.app"
    " address: look whether this does both.",
}
"""What to do in a workflow, where a caller on the command line is told otherwise."""


@dataclass(frozen=True)
class Told:
    """Why an execution failed.

    Args:
        raised: what nobody caught.
        frame: where; None where that is not told.
        url: where the failing call went, as far as it is known.
        explanation: why it was answered so; None where nothing can be said beyond the error.
        next: what to do, where there is no explanation.
    """

    raised: Raised
    frame: Frame | None = None
    url: str = ""
    explanation: Explanation | None = None
    next: str = ""


@dataclass(frozen=True)
class FailedStep:
    """Explains failures of one workflow.

    Args:
        callees: looks up what it calls.
        source: its source; empty where it could not be read.
        env: what ``sys.get_env`` tells in it, as far as it is known.
        argument: of the execution.
    """

    callees: Callees
    source: str
    env: Mapping[str, str]
    argument: object = None

    def told(self, failure: Failure) -> Told:
        """Why the execution failed."""
        error, frame = raised(failure), innermost(failure)
        plain = Told(error, frame, next=advice(error))
        document = self._document()
        call = self._call(document, failure) if document else None
        if document is None or call is None:
            unseen = self._unseen(error) if error.code else None
            return replace(plain, explanation=unseen, next=plain.next or self._decode(error, frame))
        own = self._findings(document, call)
        if isinstance(call, JobStart):
            return replace(plain, explanation=_of_job(error, own))
        if not error.code:
            return replace(plain, url=call.root or call.host)
        explanation = self._explained(error, call, own)
        return replace(plain, url=call.root or call.host, explanation=explanation, next="")

    def _document(self) -> Document | None:
        try:
            return parse(self.source) if self.source else None
        except SourceError:
            return None

    def _call(self, document: Document, failure: Failure) -> Request | JobStart | None:
        """The call that failed: the innermost step of the trace that makes one."""
        made = tuple(calls(document, self.env, self.argument))
        for frame in failure.trace:
            found = [
                one
                for one in made
                if (one.step.routine, one.step.name) == (frame.routine, frame.step)
            ]
            if found:
                return min(found, key=lambda one: abs(_line(document, one) - frame.line))
        return None

    def _findings(self, document: Document, call: Request | JobStart) -> tuple[Finding, ...]:
        about = self.callees.about((call,))
        report = lint(document, self.source, about, self.env, self.argument)
        return tuple(one for one in report.findings if one.step == str(call.step))

    def _explained(
        self, error: Raised, call: Request, own: tuple[Finding, ...]
    ) -> Explanation | None:
        known = Known(
            call.root or "what it calls", _SOME, audiences=(call.root,) if call.root else ()
        )
        asked = _asked(call, self.callees.account)
        try:
            resolved = self.callees.find(call)
            if resolved is not None:
                known = self.callees.known(resolved, asked.member)
        except ProvisionError as problem:
            known = replace(known, unread=(str(problem),))
        answer = Answer(error.code, error.body, error.headers)
        found = explain(asked, answer, known, self.callees.clock.now())
        return None if found is None else _in_a_workflow(found, own)

    def _unseen(self, error: Raised) -> Explanation | None:
        """What an answer alone shows, of a call that cannot be told from the source."""
        asked = Asked("POST", "", Credential.ID)
        known = Known("the service that it calls", _SOME, unread=("what the workflow calls",))
        answer = Answer(error.code, error.body, error.headers)
        found = explain(asked, answer, known, self.callees.clock.now())
        return None if found is None else _in_a_workflow(found, ())

    def _decode(self, error: Raised, frame: Frame | None) -> str:
        """What to do about a look into an answer that was text."""
        lines = self.source.splitlines()
        at = lines[frame.line - 1] if frame and 0 < frame.line <= len(lines) else ""
        looked = ".body." in at or ".body[" in at
        return DECODE if looked and {"TypeError", "KeyError"} & {*error.tags} else ""


def _line(document: Document, call: Request | JobStart) -> int:
    return document.position((*call.step.path, "call"), of_key=True)[0]


def _asked(call: Request, account: str) -> Asked:
    """The request as it went out, by what the source says."""
    credential = _CREDENTIALS.get(call.auth, Credential.NOTHING)
    if call.auth in (Auth.BY_HAND, Auth.UNKNOWN):
        credential = Credential.OTHER
    member = f"serviceAccount:{account}" if account and credential is not Credential.NOTHING else ""
    claims: dict[str, object] = {}
    if call.auth is Auth.OIDC:
        named = call.audience
        told = call.url if named is None else named
        claims = {"iss": _ISSUER, "email": account or "its account"}
        # One that is only known when it runs is taken for right: the source shows no other.
        claims["aud"] = told.start if told.whole else call.root if named else told.start
    header = "Authorization" if credential is not Credential.NOTHING else ""
    return Asked(call.method or "POST", call.url.start, credential, member, header, claims)


def _in_a_workflow(found: Explanation, own: tuple[Finding, ...]) -> Explanation:
    """An explanation with what to do in the source in the place of what to type."""
    for finding in own:
        if finding.rule in _SAME.get(found.finding, ()):
            evidence = (*found.evidence, ("source", f"line {finding.line}, {finding.rule}"))
            return replace(found, evidence=evidence, next=finding.mend)
    return replace(found, next=_NEXT.get(found.finding, found.next))


def _of_job(error: Raised, own: tuple[Finding, ...]) -> Explanation | None:
    """Why a job was not executed, or not watched."""
    if error.code not in (_DENIED, _NOT_FOUND):
        return None
    for finding in sorted(own, key=lambda one: _IN_TURN.get(one.rule, len(_IN_TURN))):
        if finding.rule in _IN_TURN:
            evidence = (("source", f"line {finding.line}"), ("answer", error.message))
            reason = Reason.NO_ADDRESS if finding.rule is Rule.NO_JOB else Reason.NO_ROLE
            return Explanation(reason, finding.message, evidence, finding.mend)
    if error.code == _DENIED:
        said = "the account of the workflow was refused, and may do it now"
        return Explanation(
            Reason.NOT_SPREAD,
            said,
            (("answer", error.message),),
            "IAM needs minutes to spread a change: execute it again.",
            certain=False,
        )
    return None
