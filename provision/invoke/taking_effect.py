"""Whether a change of a policy is true in effect: by asking as the principal, else by waiting.

A service account that may be impersonated is asked as: a real request for a service or function,
``testIamPermissions`` for a job. Everybody is asked as by a request without a token. For anybody
else the policy is read back, and the time that IAM needs by its documentation has to pass since it
was changed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from provision.clients.clock import Clock
from provision.clients.id_tokens import IdTokens
from provision.clients.job_access import JobAccess
from provision.clients.outside import Answer, ask
from provision.clients.targets import Resolved
from provision.errors import ProvisionError
from provision.invoke.explain.standings import changed_at
from provision.policy import Policy
from provision.principals import canonical
from provision.proof.judge import Gate, Status, is_front_end_refusal
from provision.proof.revocations import DEFAULT_LIMIT
from provision.resources import JobName

_PAUSE = 2.0
"""Seconds between two looks."""
_IN_A_ROW = 2
"""Looks that have to agree: Google's front ends do not learn of a change all at once."""


ANYBODY = "allUsers"
"""Asked as by a request without a token."""


class By(StrEnum):
    """How it was told that a change is in effect."""

    ASKING = "asked as the principal"
    POLICY = "told by the policy, and by the time that IAM may need"


@dataclass(frozen=True)
class Awaited:
    """One thing that is to become true.

    Args:
        resolved: the target.
        member: who is to get in, or not to.
        admitted: whether to get in.
        paths: where it is asked, after the address; all have to answer alike.
        settled: whether a policy says so.
        written: when the policy was written, in seconds of the monotonic clock; None where nothing
            had to be written.
        until: when it ends by itself; None for never.
        unaskable: why asking would show nothing; empty where it may.
    """

    resolved: Resolved
    member: str
    admitted: bool
    settled: Callable[[Policy], bool] = field(repr=False)
    paths: tuple[str, ...] = ("",)
    written: float | None = None
    until: datetime | None = None
    unaskable: str = ""


@dataclass(frozen=True)
class Effect:
    """What came of waiting for one thing.

    Args:
        awaited: the thing.
        in_effect: whether it is true.
        by: how that was told.
        told: what was asked and answered, in a sentence.
        seconds: how long it took, since the waiting began.
    """

    awaited: Awaited
    in_effect: bool
    by: By
    told: str
    seconds: float


@dataclass(frozen=True)
class _Look:
    """One look.

    Args:
        so: whether it is so.
        told: what was asked and answered.
        final: looking again changes nothing.
        shows: whether asking shows anything at all; where not, the policy has to do.
    """

    so: bool
    told: str
    final: bool = False
    shows: bool = True


@dataclass
class _Watch:
    """One thing that is watched, and how."""

    awaited: Awaited
    by: By
    look: Callable[[], _Look]
    last: _Look = field(default_factory=lambda: _Look(so=False, told="not looked at yet"))
    agreed: int = 0


class TakingEffect:
    """Watches changes until they are true in effect.

    Args:
        tokens: mints ID tokens.
        jobs: asks what an account may do with a job.
        progress: told of each wait, counting down.
        limit: seconds to wait, for all of them together.
        clock: tells the time and waits.
    """

    def __init__(
        self,
        tokens: IdTokens,
        jobs: JobAccess,
        progress: Callable[[str], None],
        limit: float = DEFAULT_LIMIT,
        clock: Clock | None = None,
    ) -> None:
        self._tokens = tokens
        self._jobs = jobs
        self._progress = progress
        self._limit = limit
        self._clock = clock or Clock()

    def wait(self, awaited: Sequence[Awaited]) -> tuple[Effect, ...]:
        """Watch until all of `awaited` is true, or the time is up; in their order."""
        start = self._clock.monotonic()
        watches = [self._watch(one) for one in awaited]
        effects: dict[int, Effect] = {}
        while True:
            for index, watch in enumerate(watches):
                if index not in effects and self._is_over(watch):
                    effects[index] = self._effect(watch, start)
            left = start + self._limit - self._clock.monotonic()
            open_ = [watch for index, watch in enumerate(watches) if index not in effects]
            if not open_ or left <= 0:
                break
            self._progress(f"waiting for IAM to take effect for {_names(open_)}: {left:.0f} s left")
            self._clock.sleep(min(_PAUSE, left))
        return tuple(
            effects.get(index) or self._effect(watch, start) for index, watch in enumerate(watches)
        )

    def _is_over(self, watch: _Watch) -> bool:
        """Look once more; whether no other look is needed."""
        end = watch.awaited.until
        if end is not None and self._clock.now() >= end:
            told = f"it ended at {end:%Y-%m-%d %H:%M:%S} UTC, before that could be told"
            watch.last = _Look(so=False, told=told, final=True)
            return True
        look = watch.look()
        if not look.shows:
            watch.by, watch.look = By.POLICY, self._by_policy(watch.awaited, look.told)
            look = watch.look()
        watch.agreed = watch.agreed + 1 if look.so else 0
        watch.last = look
        return look.final or watch.agreed >= (_IN_A_ROW if watch.by is By.ASKING else 1)

    def _effect(self, watch: _Watch, start: float) -> Effect:
        passed = self._clock.monotonic() - start
        return Effect(watch.awaited, watch.last.so, watch.by, watch.last.told, passed)

    def _watch(self, awaited: Awaited) -> _Watch:
        if awaited.member == ANYBODY and not _shut(awaited.resolved):
            return _Watch(awaited, By.ASKING, lambda: _asked(awaited, None))
        account, why = self._speakable(awaited)
        if why:
            return _Watch(awaited, By.POLICY, self._by_policy(awaited, why))
        if isinstance(awaited.resolved.target.name, JobName):
            return _Watch(awaited, By.ASKING, self._by_job(awaited, account))
        return self._by_requests(awaited, account)

    def _speakable(self, awaited: Awaited) -> tuple[str, str]:
        """The account to speak as, empty for the caller itself; or why there is none."""
        if awaited.unaskable:
            return "", awaited.unaskable
        kind, _, email = canonical(awaited.member).partition(":")
        if canonical(awaited.member) == canonical(self._tokens.google.caller.member):
            return "", ""
        if kind != "serviceAccount" or "[" in email:
            return "", "nobody but a service account can be asked as"
        return email, ""

    def _by_requests(self, awaited: Awaited, account: str) -> _Watch:
        """Real requests, with a token that is minted once."""
        resolved = awaited.resolved
        why = _shut(resolved)
        if not why:
            try:
                token = self._tokens.mint(resolved.urls[0], account or None).token
            except ProvisionError as error:
                why = f"it cannot be asked as: {error}"
        if why:
            return _Watch(awaited, By.POLICY, self._by_policy(awaited, why))
        return _Watch(awaited, By.ASKING, lambda: _asked(awaited, token))

    def _by_job(self, awaited: Awaited, account: str) -> Callable[[], _Look]:
        name, permission = awaited.resolved.target.name, awaited.resolved.permission

        def look() -> _Look:
            if not isinstance(name, JobName):
                return _Look(so=False, told="it is no job", shows=False)
            try:
                held = permission in self._jobs.held(name, [permission], account)
            except ProvisionError as error:
                return _Look(so=False, told=f"it cannot be asked as: {error}", shows=False)
            words = "has" if held else "does not have"
            told = f"TestIamPermissions as {awaited.member}: {words} {permission}"
            return _Look(so=held is awaited.admitted, told=told)

        return look

    def _by_policy(self, awaited: Awaited, why: str) -> Callable[[], _Look]:
        """The policy read back once, and then the time that IAM's documentation allows."""
        began = self._clock.monotonic()
        policy = awaited.resolved.policies.get(awaited.resolved.resource)
        reason = f" ({why})" if why else ""
        if not awaited.settled(policy):
            gone = f"the policy does not say so any more: somebody changed it{reason}"
            return lambda: _Look(so=False, told=gone, final=True)
        since = awaited.written
        if since is None:
            since = began - _age(changed_at(policy.etag), self._clock.now())

        def look() -> _Look:
            age = self._clock.monotonic() - since
            over = age >= DEFAULT_LIMIT
            told = (
                f"the policy says so, changed {age:.0f} s ago; IAM may need"
                f" {DEFAULT_LIMIT:.0f} s and longer{reason}"
            )
            return _Look(so=over, told=told)

        return look


def _shut(resolved: Resolved) -> str:
    """Why no request can show anything; empty where one can."""
    if not resolved.urls:
        return "it has no address"
    iap = Gate.of(resolved.live).iap
    return "Identity-Aware Proxy stands before the invoker check" if iap else ""


def _asked(awaited: Awaited, token: str | None) -> _Look:
    """A request for every path; all have to be answered alike.

    Whoever is let in has to be let in where nobody is: what has no caller checked, as a path that
    Google answers by itself, shows nothing.
    """
    gate = Gate.of(awaited.resolved.live)
    told = ""
    for path in awaited.paths:
        url = awaited.resolved.urls[0] + path
        answer = ask(url, token)
        admits = _admits(answer, gate)
        told = f"GET {url} as {awaited.member}: {answer}"
        if admits is None:
            return _Look(so=False, told=f"{told}, which shows nothing", shows=False)
        if admits is not awaited.admitted:
            return _Look(so=False, told=told)
        if admits and token is not None and not is_front_end_refusal(nobody := ask(url)):
            beside = f"without a token: {nobody}, so this shows nothing of {awaited.member}"
            return _Look(so=False, told=f"{told}; {beside}", shows=False)
    return _Look(so=True, told=told)


def _age(changed: datetime | None, now: datetime) -> float:
    return max(0.0, (now - changed).total_seconds()) if changed is not None else 0.0


def _admits(answer: Answer, gate: Gate) -> bool | None:
    """Whether the front end let a request through; None when the answer does not tell.

    Ingress is looked at before the caller, and the application after: where the ingress keeps
    nobody out, only the application answers 404.
    """
    if not answer.status:
        return None
    if is_front_end_refusal(answer):
        return None if answer.status == Status.UNAUTHORIZED else False
    if answer.status == Status.NOT_FOUND and gate.shut_from_outside:
        return None
    return True


def _names(watches: Iterable[_Watch]) -> str:
    names = list(dict.fromkeys(watch.awaited.member for watch in watches))
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
